"""Every page in a real browser: WCAG 2.2 AA by axe in light, dark and on a narrow screen, and no complaint at all."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from pilotage.record.commands import COMMANDS
from pilotage.server.pages.giving import OWN_PAGES

pytestmark = pytest.mark.browser

NARROW = {"width": 360, "height": 800}
WIDE = {"width": 1280, "height": 900}
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}
# The colours of a form are those of the forms that are checked in full.
FORM_RULES = {**RULES, "rules": {"color-contrast": {"enabled": False}}}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
# What depends on the width; the rest does not change with it.
LAYOUT = {
    "runOnly": {"type": "rule", "values": ["target-size", "scrollable-region-focusable", "label", "button-name"]},
    "resultTypes": ["violations"],
}
PAGES = (
    "/",
    "/?text=nothing-fits",
    "/propose",
    "/inbox",
    "/candidates",
    "/candidates?only=open",
    "/w/call-summaries/do/score",
    "/me",
    "/permissions",
    "/ledger",
    "/ledger/24",
    "/ledger/verification",
    "/w/ticket-triage",
    "/w/invoice-matching",
    "/w/call-summaries",
    "/w/contract-search",
    "/w/ticket-triage/charter",
    "/w/ticket-triage/plan",
    "/w/ticket-triage/data",
    "/w/contract-search/data",
    "/w/ticket-triage/architecture",
    "/w/contract-search/architecture",
    "/w/ticket-triage/decision",
    "/w/ticket-triage/feedback",
    "/w/ticket-triage/feedback/blind",
    "/w/contract-search/feedback",
    "/w/contract-search/decision",
    "/w/ticket-triage/operating",
    "/w/ticket-triage/operating/playbook",
    "/w/contract-search/operating",
    "/w/ticket-triage/change",
    "/w/ticket-triage/outside",
    "/w/call-summaries/outside",
    "/w/ticket-triage/do/record_outside_result?criterion=harden.observability",
    "/w/contract-search/change",
    "/w/contract-search/plan",
    "/w/ticket-triage/charter/edit",
    "/w/ticket-triage/documents",
    "/w/call-summaries/documents",
    "/w/call-summaries/charter",
    "/w/ticket-triage/evidence",
    "/w/ticket-triage/evidence/attempts",
    "/w/ticket-triage/evidence/value",
    "/w/ticket-triage/evidence/segments",
    "/w/ticket-triage/evidence/cost",
    "/w/ticket-triage/evidence/cost?likely=much&running_usd_a_year=-3",
    "/w/call-summaries/evidence",
    "/w/contract-search/evidence/cost",
    "/w/ticket-triage/calls",
    "/w/call-summaries/calls",
    "/w/ticket-triage/reviews",
    "/w/ticket-triage/reviews/privacy",
    "/w/call-summaries/reviews",
    "/w/ticket-triage/do/conclude_review?review=privacy",
    "/assessments",
    "/assessments/organisation-readiness",
    "/assessments/llm-operations-maturity",
    "/assessments/organisation-readiness/answer/one-owner",
    "/assessments/organisation-readiness/conclude",
    "/w/ticket-triage/do/answer_question?question=data-used",
)
FORMS = sorted(set(COMMANDS) - OWN_PAGES)


def violations(page, rules) -> str:
    """What axe found, in words."""
    found = Axe().run(page, options=rules)
    return found.generate_report() if found.violations_count else ""


def check(page) -> None:
    """A page has no violation in either theme or width, and nothing is cut off on a narrow screen.

    What folds hide is looked at too; its colours are those of what is open.
    """
    page.emulate_media(color_scheme="dark")
    assert violations(page, CONTRAST) == ""
    page.emulate_media(color_scheme="light")
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    assert violations(page, RULES) == ""
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert violations(page, LAYOUT) == ""
    page.set_viewport_size(WIDE)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_can_be_used_by_everybody(path, served, opening):
    """No page has a violation of WCAG 2.2 AA that axe can find, in light, in dark, or 360 pixels wide."""
    check(opening(served, "nadia").goto(path))


def test_every_command_has_a_form_that_everybody_can_use(served, opening):
    """The form of every command passes the same checks."""
    opened = opening(served, "nadia")
    for name in FORMS:
        page = opened.goto(f"/w/ticket-triage/do/{name}")
        assert page.locator("form[action$='/do/" + name + "']").count() >= 1
        assert violations(page, FORM_RULES) == "", name


def test_a_call_in_full_can_be_used_by_everybody(served, opening):
    """The page of one call passes the same checks."""
    opened = opening(served, "nadia")
    page = opened.goto("/w/ticket-triage/calls?stage=live-5/1&arm=candidate")
    page.locator("tbody a").first.click()
    page.wait_for_url("**/calls/*")
    check(page)


def test_refusals_and_errors_can_be_used_by_everybody(served, opening):
    """The pages that say no pass the same checks: nothing here, not allowed, and a form with mistakes."""
    opened = opening(served, "nadia")
    opened.complaints.expected = ("the server responded with a status of 4",)
    check(opened.goto("/w/nobody"))
    check(opened.goto("/w/ticket-triage/calls?arm=nobody"))
    page = opened.goto("/w/ticket-triage/do/waive")
    page.eval_on_selector("form[action$='/do/waive']", "form => form.noValidate = true")
    page.get_by_role("button", name="Waive", exact=True).click()
    assert page.get_by_text("Nothing was written.").is_visible()
    check(page)


def test_signing_in_can_be_done_by_everybody(served, opening):
    """The page for signing in passes the same checks, also after a wrong password."""
    opened = opening(served)
    opened.complaints.expected = ("the server responded with a status of 401",)
    page = opened.goto("/sign-in")
    check(page)
    page.get_by_label("User name").fill("nobody")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_role("alert").is_visible()
    check(page)


def test_an_empty_workspace_can_be_used_by_everybody(plain, opening):
    """The first page of a new installation passes the same checks."""
    opened = opening(plain, "ada", password=plain.ada.password)
    check(opened.goto("/"))
    check(opened.goto("/ledger"))
