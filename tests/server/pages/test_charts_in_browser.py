"""Charts in a real browser: drawn again from the picture's own specification, under the pages' strict policy."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect
from tests.server.pages.test_accessibility import CONTRAST, NARROW, RULES, violations

from pilotage.reports.charts import bundle

pytestmark = pytest.mark.browser

EVIDENCE = "/w/ticket-triage/evidence"


PLACES = ((EVIDENCE, "target"), (f"{EVIDENCE}/segments", "segment-forest"), (f"{EVIDENCE}/drift", "drift-by-field"))
NAMES = ("target", "paired-differences", "segment-forest", "drift-by-field")


@pytest.fixture(scope="module", autouse=True)
def script(reading):
    """The script is there, as after any make target; the pictures have been drawn once, which starts the drawing."""
    for name in NAMES:
        assert reading("ruth").get(f"/w/ticket-triage/charts/{name}.svg", timeout=60).status_code == 200
    return bundle.build()


def interactive(page, name="target"):
    """A chart of the page, when it has been drawn so that it answers to the pointer."""
    figure = page.locator(f'.chart[data-chart*="/charts/{name}.json"]').first
    figure.scroll_into_view_if_needed()
    expect(figure.locator(".interactive svg")).to_be_visible(timeout=20_000)
    return figure


def ink(figure):
    """The texts of a drawing, in the order drawn."""
    return figure.evaluate(
        "figure => [...figure.querySelectorAll('.interactive svg text')].map((one) => one.textContent)"
    )


def test_the_chart_on_the_page_is_the_picture(served, opening, reading):
    """What is drawn in the page says word for word what the SVG of the same address says, and replaces it."""
    opened = opening(served, "ruth")
    figure = interactive(opened.goto(EVIDENCE))
    expect(figure.locator("picture")).to_be_hidden()
    svg = reading("ruth").get("/w/ticket-triage/charts/target.svg").text
    opened.page.set_content(svg)
    drawn = opened.page.evaluate("[...document.querySelectorAll('svg text')].map((one) => one.textContent)")
    figure = interactive(opened.goto(EVIDENCE))
    assert ink(figure) == drawn


def test_no_policy_is_broken_and_nothing_is_fetched_elsewhere(served, opening):
    """With every chart drawn there is no violation of the policy, which allows neither eval nor inline script."""
    opened = opening(served, "ruth")
    policy = httpx.get(f"{served.url}/sign-in").headers["content-security-policy"]
    assert "unsafe" not in policy
    opened.page.add_init_script(
        "window.violated = []; addEventListener('securitypolicyviolation', (e) => violated.push(e.violatedDirective))"
    )
    page = opened.goto(EVIDENCE)
    for fold in page.locator("details[id^=daily-]").all():
        fold.locator("summary").click()
    figures = page.locator(".chart")
    for place in range(figures.count()):
        figures.nth(place).scroll_into_view_if_needed()
        expect(figures.nth(place).locator(".interactive svg")).to_be_visible(timeout=20_000)
    assert figures.count() >= 5
    assert page.evaluate("violated") == []
    page.evaluate("setTimeout('made of text')")
    page.wait_for_timeout(100)
    assert page.evaluate("violated") == ["script-src"], "what runs text as code is refused, and would have been seen"
    opened.complaints.expected = ("Content Security Policy", "script-src")


def test_pointing_reads_the_figures(served, opening):
    """The day under the pointer shows its figures with their unit, and the pointer leaving takes them away."""
    page = opening(served, "ruth").goto("/w/ticket-triage")
    figure = interactive(page)
    box = figure.locator(".interactive").bounding_box()
    for share in (0.5, 0.51):
        page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
    tooltip = page.locator("#vg-tooltip-element.visible")
    expect(tooltip).to_contain_text("Feb 2026")
    expect(tooltip).to_contain_text("points")
    expect(tooltip).to_contain_text("calls")
    page.mouse.move(2, 2)
    expect(page.locator("#vg-tooltip-element.visible")).to_have_count(0)


def test_charts_follow_theme_and_width(served, opening):
    """A change of theme or width draws the chart anew, in that theme's colours and the narrow picture's shape."""
    page = opening(served, "ruth", color_scheme="light").goto("/w/ticket-triage")
    figure = interactive(page)
    colour = "figure => figure.querySelector('.interactive svg text').getAttribute('fill')"
    light = figure.evaluate(colour)
    page.get_by_role("button", name="Theme").click()
    expect(figure.locator(f'.interactive svg text[fill="{light}"]')).to_have_count(0)
    page.set_viewport_size(NARROW)
    expect(figure.locator('.interactive svg[viewBox="0 0 400 300"]')).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_drawn_charts_can_be_used_by_everybody(served, opening):
    """Drawn charts have a name, sufficient contrast in both themes, and their figures within reach of the keyboard."""
    opened = opening(served, "ruth", color_scheme="light")
    for path, name in PLACES:
        page = opened.goto(path)
        figure = interactive(page, name)
        expect(figure.get_by_role("img")).to_have_accessible_name(figure.locator("img").get_attribute("alt"))
        figure.get_by_role("link", name="CSV").focus()
        expect(figure.get_by_role("link", name="CSV")).to_be_focused()
        assert violations(page, RULES) == ""
        page.emulate_media(color_scheme="dark")
        assert violations(page, CONTRAST) == ""
        page.emulate_media(color_scheme="light")


def test_without_scripts_the_picture_stays(served, opening):
    """A reader whose browser runs no scripts sees the picture, with its links."""
    page = opening(served, "ruth", java_script_enabled=False).goto("/w/ticket-triage")
    expect(page.locator(".chart img")).to_be_visible()
    expect(page.locator(".chart").get_by_role("link", name="SVG")).to_be_visible()
    expect(page.locator(".chart .interactive")).to_have_count(0)


def test_the_script_is_loaded_only_where_a_chart_is(served, opening):
    """A page without a chart never asks for the script; one with a chart asks once it comes into view."""
    opened = opening(served, "ruth")
    asked = []
    opened.page.on("request", lambda request: asked.append(request.url) if "/charting/" in request.url else None)
    opened.goto("/ledger").wait_for_timeout(300)
    assert asked == []
    interactive(opened.goto("/w/ticket-triage"))
    assert len(asked) == 1


def test_a_script_that_fails_leaves_the_picture(served, opening):
    """When the script cannot be had, the page keeps the picture and says so only to who looks for it."""
    opened = opening(served, "ruth")
    opened.page.route("**/charting/**", lambda route: route.abort())
    opened.complaints.expected = ("net::ERR_FAILED",)
    page = opened.goto("/w/ticket-triage")
    page.locator(".chart").scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    expect(page.locator(".chart img")).to_be_visible()
    expect(page.locator(".chart .interactive")).to_have_count(0)


def test_a_page_brought_up_to_date_keeps_its_chart(served, opening):
    """Looking again keeps the drawn chart while its data are the same, and draws it anew when they are not."""
    page = opening(served, "ruth").goto("/w/ticket-triage")
    figure = interactive(page)
    figure.evaluate("figure => { figure.querySelector('.interactive').dataset.kept = 'yes'; }")
    look_again(page)
    expect(figure.locator(".interactive[data-kept=yes]")).to_be_visible()
    figure.evaluate("figure => { figure.dataset.chart = figure.dataset.chart.replace(/v=.*/, 'v=older'); }")
    look_again(page)
    expect(page.locator(".interactive[data-kept=yes]")).to_have_count(0)
    interactive(page)


def look_again(page):
    """Come back to the page as the back button does; it has been brought up to date once its title is right again."""
    title = page.title()
    page.evaluate("document.title = 'as it was'")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page).to_have_title(title)
