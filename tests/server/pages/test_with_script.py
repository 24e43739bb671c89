"""What scripts add: pages that stay up to date, the reader's zone and theme, the keyboard. For charts see beside."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import expect
from tests.server.pages.conftest import SESSION
from tests.server.pages.story import PASSWORD

pytestmark = pytest.mark.browser


class Colleague:
    """Somebody else, who gives commands through the interface."""

    def __init__(self, url, username):
        self._http = httpx.Client(base_url=url)
        answer = self._http.post("/api/v1/sign-in", json={"username": username, "password": PASSWORD})
        self._headers = {"X-CSRF-Token": answer.json()["csrf"], "Pilotage-Credential": PASSWORD}

    def does(self, name, fields, slug="ticket-triage"):
        """Give a command."""
        answer = self._http.post(f"/api/v1/workloads/{slug}/commands/{name}", json=fields, headers=self._headers)
        assert answer.status_code == 201, answer.text

    def leave(self):
        """Close the connection."""
        self._http.close()


@pytest.fixture(scope="module")
def emil(changed):
    """The operator, at another desk."""
    colleague = Colleague(changed.url, "emil")
    yield colleague
    colleague.leave()


def wait_for(page, expression):
    """Wait until a script's expression holds. The page's own policy forbids the browser to evaluate text by itself."""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"never held: {expression}")


def alive(page):
    """A page whose stream of changes is open."""
    expect(page.locator("[data-live-state]")).to_be_visible()
    return page


def test_a_page_follows_what_others_do(changed, opening, emil):
    """A colleague's comment appears by itself, without losing the place, the open parts or the focus."""
    page = alive(opening(changed, "nadia").goto("/w/ticket-triage"))
    page.get_by_text("further reason why it is not more").click()
    gates = page.locator("#gate-harden")
    gates.locator("summary").first.click()
    gates.scroll_into_view_if_needed()
    place = page.evaluate("scrollY")
    page.locator("#gate-harden summary").first.focus()
    emil.does("comment", {"comment": "The French queue is longer than usual today."})
    expect(page.locator("[data-live-id=activity]")).to_contain_text("The French queue is longer", timeout=5000)
    expect(gates).to_have_attribute("open", "")
    assert abs(page.evaluate("scrollY") - place) < 2
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_what_is_being_typed_is_left_alone(changed, opening, emil):
    """An update around a form does not touch what stands in it."""
    page = alive(opening(changed, "nadia").goto("/w/ticket-triage"))
    box = page.get_by_label("Say something, on the record")
    box.fill("I was just about to write that")
    emil.does("comment", {"comment": "It is the end of the month."})
    expect(page.locator("[data-live-id=activity]")).to_contain_text("It is the end of the month.", timeout=5000)
    expect(box).to_have_value("I was just about to write that")
    expect(box).to_be_focused()


def test_a_kill_elsewhere_is_seen_here(changed, opening, emil):
    """A colleague's kill reaches every open page: exposure, banner and board."""
    nadia = opening(changed, "nadia")
    page = alive(nadia.goto("/w/invoice-matching"))
    board = alive(opening(changed, "ruth").goto("/"))
    emil.does("kill", {"reason": "Wrong matches since noon."}, slug="invoice-matching")
    expect(page.locator("[data-live-id=killed]")).to_contain_text("Wrong matches since noon.", timeout=5000)
    expect(page.locator("[data-live-id=exposure]")).to_contain_text("None")
    expect(page.locator("[data-live-id=title]")).to_contain_text("killed")
    expect(board.locator("section:has(#place-killed)")).to_contain_text("Invoice matching", timeout=5000)


def test_killing_asks_once_more(changed, opening):
    """With a script the switch asks whether one is sure; saying no does nothing."""
    page = opening(changed, "nadia").goto("/w/ticket-triage")
    page.get_by_text("Kill switch").click()
    page.get_by_label("Why?").fill("Only trying.")
    page.get_by_role("button", name="Switch the candidate off").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Switch the candidate of Ticket triage off everywhere, now?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/w/ticket-triage$"))
    page.get_by_role("button", name="Switch the candidate off").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.locator("[data-live-id=killed]")).to_contain_text("Only trying.")


def test_times_show_in_the_readers_zone(served, opening):
    """The reader sees their own zone, and UTC on hover."""
    page = opening(served, "ruth", timezone_id="America/New_York").goto("/ledger/24")
    time = page.locator("dl time").first
    expect(time).to_have_text(re.compile(r"5 Jan 2026, 03:00:00 (GMT-5|EST)"))
    expect(time).to_have_attribute("title", "5 Jan 2026, 08:00:00 UTC")


def test_the_theme_is_chosen_and_kept(served, opening):
    """A press changes light to dark, charts too, and the next page remembers."""
    opened = opening(served, "ruth", color_scheme="light")
    page = opened.goto("/w/ticket-triage")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Theme").click()
    assert page.evaluate(ground) != light
    sources = "[...document.querySelectorAll('.chart source')].filter((one) => one.media !== 'not all')"
    wait_for(page, f"{sources}.every((one) => one.dataset.scheme === 'dark')")
    page = opened.goto("/")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_keyboard_reaches_everything(served, opening):
    """Keys move between rows and pages, open help, and can be switched off."""
    page = opening(served, "ruth").goto("/w/ticket-triage/calls")
    page.keyboard.press("/")
    expect(page.get_by_label("Text", exact=True)).to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_label("Text", exact=True)).to_have_value("j")
    page.locator("h2").first.click()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("tr.chosen")).to_have_count(1)
    call = page.locator("tr.chosen th a").get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{call}")
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_url("**/w/ticket-triage/evidence")
    page.keyboard.press("?")
    help_box = page.get_by_role("dialog", name="Keyboard")
    expect(help_box).to_contain_text("Evidence")
    help_box.get_by_label("Single keys are on").uncheck()
    help_box.get_by_role("button", name="Close").click()
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/evidence$"))


def test_the_charter_shows_while_it_is_written(changed, opening):
    """The page and its measured length follow the typing, and say from where on it no longer fits."""
    page = opening(changed, "nadia").goto("/w/ticket-triage/charter/edit")
    page.get_by_label("Purpose").fill("Nothing but this sentence.")
    expect(page.locator("[data-preview=charter-purpose]")).to_have_text("Nothing but this sentence.")
    meter = page.locator("[data-fit]")
    expect(meter).to_contain_text("fits on one page")
    page.get_by_label("Purpose").fill("x" * 2000)
    page.get_by_label("Value when it works").fill("yes " * 500)
    page.get_by_label("Risks").fill("\n".join(["A risk that is known."] * 60))
    expect(meter).to_contain_text("too long for one page")
    expect(meter).to_contain_text("is past the page")


def test_a_command_can_be_copied(plain, opening):
    """The button beside a command puts it on the clipboard."""
    opened = opening(plain, "ada", password=plain.ada.password, permissions=["clipboard-read", "clipboard-write"])
    page = opened.goto("/")
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "pilotage init ticket-triage"


def test_the_session_cookie_is_out_of_a_scripts_reach(served, opening):
    """No script of a page can read the session, and other sites cannot send it along."""
    page = opening(served).goto("/sign-in")
    page.get_by_label("User name").fill("ruth")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{served.url}/")
    (cookie,) = [one for one in page.context.cookies() if one["name"] == SESSION]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert page.evaluate("document.cookie") == ""
