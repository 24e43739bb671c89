"""Everything that matters can be done with scripts switched off, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.server.pages.story import PASSWORD

pytestmark = pytest.mark.browser

REFUSED = ("the server responded with a status of 4",)


@pytest.fixture
def window(changed, opening):
    """Opens a browser without scripts for somebody who is signed in."""

    def open_for(username=None):
        opened = opening(changed, username, java_script_enabled=False)
        opened.complaints.expected = REFUSED
        return opened

    return open_for


def press(page, name):
    """Press a button by its words."""
    page.get_by_role("button", name=name, exact=True).click()


def test_signing_in_and_out(window):
    """A wrong password keeps the name and says so; the right one leads to where one wanted to go; and out again."""
    page = window().goto("/w/ticket-triage/charter")
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))
    page.get_by_label("User name").fill("ruth")
    page.get_by_label("Password").fill("something else")
    press(page, "Sign in")
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    expect(page.get_by_label("User name")).to_have_value("ruth")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    expect(page).to_have_url(re.compile(r"/w/ticket-triage/charter$"))
    page.get_by_role("link", name="Ruth Klein").click()
    press(page, "Sign out")
    expect(page).to_have_url(re.compile(r"/sign-in$"))


def test_the_kill_switch_takes_a_reason_and_shows_its_effect(window):
    """One click and a reason: the exposure is none, the page says so, who did it and where it is recorded."""
    page = window("emil").goto("/w/invoice-matching/evidence")
    page.get_by_text("Kill switch").click()
    expect(page.get_by_text("Exposure falls from")).to_contain_text("from shadow to none")
    page.get_by_label("Why?").fill("The match rate fell on Monday.")
    press(page, "Switch the candidate off")
    expect(page).to_have_url(re.compile(r"/w/invoice-matching\?recorded=\d+$"))
    expect(page.get_by_role("status").first).to_contain_text("Exposure is now none: the candidate is off.")
    expect(page.locator("[data-live-id=killed]")).to_contain_text("Killed by Emil Larsen")
    expect(page.get_by_text("Kill switch")).to_have_count(0)
    page.get_by_role("status").first.get_by_role("link").click()
    expect(page.get_by_text("The match rate fell on Monday.")).to_be_visible()


def test_a_kill_is_lifted_by_whoever_answers_for_it(window):
    """The owner lifts it with a reason; nobody is exposed by that."""
    page = window("tariq").goto("/w/invoice-matching")
    page.get_by_role("link", name="Lift the kill").click()
    page.get_by_label("Reason").fill("A late delivery of orders; repaired.")
    press(page, "Revive")
    expect(page.get_by_role("status").first).to_contain_text("Exposure is now none")
    expect(page.get_by_text("Kill switch")).to_be_visible()


def test_a_form_that_is_refused_keeps_what_was_typed(window):
    """Above the ceiling: every reason is named, the fields keep their values, and nothing was written."""
    page = window("emil").goto("/w/ticket-triage/do/expose")
    page.get_by_label("Mode").select_option("live")
    page.get_by_label("Percentage of units").fill("50")
    page.get_by_label("Reason").fill("It looks good.")
    press(page, "Expose")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Nothing was written.")
    expect(alert).to_contain_text("live 50 % is above the ceiling, which is live 5 %.")
    expect(alert).to_contain_text("The roll-out stands at its 5 % stage.")
    expect(page.get_by_label("Percentage of units")).to_have_value("50")
    expect(page.get_by_label("Reason")).to_have_value("It looks good.")
    expect(page.get_by_label("Mode")).to_have_value("live")
    expect(page.get_by_label("Mode")).to_have_attribute("aria-invalid", "true")


def test_mistakes_are_named_beside_their_fields(window):
    """What does not fit is named in a list that leads to the fields, and beside each of them."""
    page = window("nadia").goto("/w/ticket-triage/do/waive?criterion=deploy.stages")
    expect(page.get_by_label("Criterion")).to_have_value("deploy.stages")
    page.get_by_label("Reason").fill("Too short for a waiver")
    page.get_by_label("Until").fill("2030-01-01")
    page.get_by_label("Your password").fill(PASSWORD)
    press(page, "Waive")
    expect(page.get_by_role("alert").get_by_role("link", name="Until")).to_have_attribute("href", "#expires-on")
    expect(page.locator("#expires-on-wrong")).to_contain_text("a waiver lasts 30 days at most")
    expect(page.get_by_label("Until")).to_have_value("2030-01-01")
    expect(page.get_by_label("Your password")).to_have_value("")


def test_a_signature_asks_for_the_password_again(window):
    """Without the right password nothing is signed, whoever is signed in."""
    page = window("nadia").goto("/w/ticket-triage/do/attest?criterion=deploy.next-iteration")
    page.get_by_label("Statement").fill("The next iteration is scoped from the first week's feedback.")
    page.get_by_label("Your password").fill("not the password")
    press(page, "Attest")
    expect(page.get_by_role("alert")).to_contain_text("The password is wrong; nothing was signed.")
    expect(page.get_by_label("Statement")).to_have_value("The next iteration is scoped from the first week's feedback.")
    page.get_by_label("Your password").fill(PASSWORD)
    press(page, "Attest")
    expect(page.get_by_role("status").first).to_contain_text("Recorded as ledger entry")


def test_a_problem_is_proposed_and_staffed(window):
    """From nothing to a workload with an owner, by forms alone."""
    page = window("ines").goto("/")
    page.get_by_role("link", name="Propose a problem").click()
    page.get_by_label("Short name").fill("ticket-triage")
    page.get_by_label("Title").fill("Shift plans")
    page.get_by_label("What is the problem?").fill("Swaps are agreed by phone and half of them are lost.")
    page.get_by_label("Who or what does the work today?").fill("The shift leads")
    press(page, "Propose")
    expect(page.locator("#slug-wrong")).to_contain_text("ticket-triage exists already; choose another short name.")
    expect(page.get_by_label("Title")).to_have_value("Shift plans")
    page.get_by_label("Short name").fill("shift-plans")
    press(page, "Propose")
    expect(page).to_have_url(re.compile(r"/w/shift-plans\?recorded="))
    page.get_by_role("link", name="Assign").click()
    page.get_by_label("Role").select_option("owner")
    page.get_by_label("Person").select_option(label="Ines Duarte")
    press(page, "Assign")
    expect(page.get_by_text("Owner Ines Duarte", exact=True)).to_be_visible()


def test_six_questions_put_a_problem_into_its_lane(window):
    """The Plan page asks; the strictest answer is the lane, shown with what decided it."""
    page = window("ines").goto("/propose")
    page.get_by_label("Short name").fill("room-labels")
    page.get_by_label("Title").fill("Room labels")
    page.get_by_label("What is the problem?").fill("Labels of meeting rooms are typed anew for each meeting.")
    page.get_by_label("Who or what does the work today?").fill("The front desk")
    press(page, "Propose")
    page.get_by_role("link", name="Plan", exact=True).click()
    expect(page.get_by_text("Nobody has answered; it is in the standard lane until then.")).to_be_visible()
    page.get_by_role("link", name="Classify the risk").click()
    for question in ("affected", "harm", "undoing", "rights", "sensitivity", "reach"):
        page.locator(f"[name='{question}']").select_option("low")
    press(page, "Classify risk")
    expect(page.get_by_role("heading", name="Risk: the low lane")).to_be_visible()
    page.get_by_role("link", name="Classify anew").click()
    expect(page.get_by_label("What is the worst that a wrong answer does?")).to_have_value("low")
    page.get_by_label("What is the worst that a wrong answer does?").select_option("high")
    press(page, "Classify risk")
    expect(page.get_by_role("heading", name="Risk: the high lane")).to_be_visible()
    expect(page.get_by_role("row", name="Worst outcome")).to_contain_text("high, decides")


CHARTER = {
    "charter.purpose": "Write the summary of each call, so that agents go on with the next one.",
    "charter.value": "Ten minutes an hour for customers instead of notes.",
    "team": "Ines Duarte (owner), Priya Nair (engineering)",
    "charter.risks": "Dialects are heard badly.\nPeople stop reading what they sign.",
    "charter.starts_on": "2026-04-06",
    "charter.decision_on": "2026-05-18",
}
TARGET = {
    "baseline": "0.6",
    "floor": "0",
    "target": "0.05",
    "expected": "0.12",
    "calls_per_week": "2000",
    "deviation": "0.6",
}


def fill_charter(page) -> None:
    """Fill the charter in, with one mistake: expected is no better than the target."""
    for name, text in CHARTER.items():
        page.locator(f"[name='{name}']").fill(text)
    page.locator("[name='charter.metrics[0].id']").fill("usable")
    page.locator("[name='charter.metrics[0].title']").fill("Usable summaries")
    page.locator("[name='charter.metrics[0].unit']").fill("share")
    page.locator("[name='charter.metrics[0].direction']").select_option("higher")
    page.locator("[name='charter.metrics[0].kind']").select_option("proportion")
    page.locator("[name='charter.metrics[0].source.type']").select_option("label_match")
    page.locator("[name='charter.target.metric']").fill("usable")
    page.locator("[name='charter.target.form']").select_option("difference")
    for name, value in (TARGET | {"expected": "0.05"}).items():
        page.locator(f"[name='charter.target.{name}']").fill(value)


def test_a_charter_is_written_previewed_saved_and_signed(window):
    """Mistakes keep everything; the preview saves nothing; an immaterial edit keeps the signature and says what it
    changed; a material one ends it, and whoever signs again is shown what changed since.
    """
    page = window("ines").goto("/w/call-summaries/do/assign")
    page.get_by_label("Role").select_option("owner")
    page.get_by_label("Person").select_option(label="Ines Duarte")
    press(page, "Assign")
    page.get_by_role("link", name="Charter", exact=True).click()
    page.get_by_role("link", name="Write the charter").click()
    fill_charter(page)
    press(page, "Save as version 1")
    expect(page.get_by_role("alert")).to_contain_text("each is better than the one before")
    expect(page.get_by_role("alert").get_by_role("link", name="Target")).to_be_visible()
    expect(page.get_by_label("Purpose")).to_have_value(CHARTER["charter.purpose"])
    page.locator("[name='charter.target.expected']").fill(TARGET["expected"])
    press(page, "Look at it first")
    expect(page.get_by_text("Nothing is saved yet.")).to_be_visible()
    expect(page.locator("[data-sheet]")).to_contain_text("+12\u00a0points")
    press(page, "Save as version 1")
    expect(page).to_have_url(re.compile(r"/w/call-summaries/charter\?recorded="))
    expect(page.get_by_role("heading", name="Version 1", exact=True)).to_be_visible()
    page.get_by_label("Your password").fill(PASSWORD)
    press(page, "Sign version 1")
    expect(page.locator("[data-live-id=signatures]")).to_contain_text("Ines Duarte as owner")
    page.get_by_role("link", name="Revise").click()
    expect(page.get_by_text("Editing anything but risks and team voids this signature")).to_be_visible()
    page.get_by_label("Team").fill("Ines Duarte (owner), Priya Nair, Emil Larsen")
    press(page, "Look at it first")
    expect(page.get_by_text("This edit keeps the signature")).to_be_visible()
    press(page, "Save as version 2")
    signatures = page.locator("[data-live-id=signatures]")
    expect(signatures).to_contain_text("Ines Duarte as owner, on version 1")
    expect(signatures).to_contain_text("Changed since, without effect on what was signed: team")
    expect(page.locator("#version-2").locator("ins")).to_contain_text("Larsen")
    expect(page.locator("#version-1 summary")).not_to_contain_text("void since")
    page.get_by_role("link", name="Revise").click()
    page.locator("[name='charter.target.target']").fill("0.11")
    press(page, "Look at it first")
    expect(page.get_by_text("Saving this voids the signature")).to_be_visible()
    press(page, "Save as version 3")
    expect(signatures).to_contain_text("Nobody has signed this version.")
    expect(page.locator("#version-1 summary")).to_contain_text("void since")
    for place in ("/w/call-summaries/charter", "/w/call-summaries/do/sign?subject=charter"):
        page.goto(page.url.partition("/w/")[0] + place)
        expect(page.get_by_role("heading", name="Changed since you signed version 1")).to_be_visible()
        expect(page.locator("dl", has_text="target: target").first).to_contain_text("0.11")


def test_two_people_who_write_at_once_lose_nothing(window):
    """The second one is shown what the first saved, keeps what was typed, and saves knowingly."""
    first, second = window("nadia"), window("priya")
    for opened in (first, second):
        opened.goto("/w/ticket-triage/charter/edit")
    first.page.get_by_label("Known risks").fill("French tickets are few.\nThe queue may grow.")
    press(first.page, "Save as version 3")
    expect(first.page.get_by_role("heading", name="Version 3", exact=True)).to_be_visible()
    second.page.get_by_label("Team").fill("Nadia Rahman, Priya Nair, Emil Larsen, Ruth Klein")
    press(second.page, "Save as version 3")
    page = second.page
    expect(page.get_by_text("Somebody saved version 3 while you wrote.")).to_be_visible()
    conflict = page.locator(".note.warn").filter(has_text="Somebody saved")
    expect(conflict.locator("del").first).to_be_visible()
    expect(conflict).to_contain_text("The queue may grow.")
    expect(page.get_by_label("Team")).to_have_value("Nadia Rahman, Priya Nair, Emil Larsen, Ruth Klein")
    page.get_by_label("Known risks").fill("French tickets are few.\nThe queue may grow.")
    press(page, "Save as version 4")
    expect(page.locator("#version-4 ins")).to_contain_text("Klein")


def test_a_password_is_changed_by_its_owner(window):
    """The present password is asked for; the new one works at once, and the old one no more."""
    page = window("bilal").goto("/me")
    page.get_by_label("Present password").fill("not the password")
    page.get_by_label("New password").fill("another long password")
    press(page, "Change the password")
    expect(page.locator("#wrong-credential")).to_contain_text("wrong")
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password").fill("short")
    press(page, "Change the password")
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password").fill("another long password")
    press(page, "Change the password")
    expect(page.get_by_role("status").first).to_contain_text("The password is set.")
    press(page, "Sign out")
    page.get_by_label("User name").fill("bilal")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    expect(page.get_by_role("alert")).to_be_visible()
