"""The tab Decision: verdicts, what is not known, recipients with their receipts, and the one button."""

from __future__ import annotations

import csv
import io
import re

import httpx
from tests.server.pages.conftest import SESSION, session_of
from tests.server.pages.story import TRIAGE
from tests.server.served import Served

AT = f"/w/{TRIAGE}"


def client(served: Served, username: str) -> httpx.Client:
    """Somebody who is signed in."""
    return httpx.Client(base_url=served.url, cookies={SESSION: session_of(served.url, username)}, timeout=60.0)


def test_a_decision_shows_what_it_rests_on_and_whom_it_reached(reading):
    """Outcome, both signatures, the frozen verdicts, dissent, and each recipient's receipt."""
    page = reading("nadia").page(f"{AT}/decision")
    for part in ("I decide go on the verdicts frozen here.", "I agree to go.", "Priya: French tickets need more data."):
        assert part in page
    assert "The verdicts frozen with it" in page
    assert "it reached all 5 whom it concerns" in page
    rows = list(csv.DictReader(io.StringIO(reading("nadia").page(f"{AT}/recipients.csv"))))
    assert [row["state"] for row in rows].count("received") == 5
    assert all(row["received_at"] for row in rows if row["state"] == "received")


def test_before_a_decision_the_page_says_what_is_open(reading):
    """The verdicts as they would be frozen now, and every open criterion among what is not known."""
    page = reading("nadia").page("/w/contract-search/decision")
    assert "The verdicts as they would be frozen now" in page
    assert "What is not known" in page
    assert "Nothing was measured" in page or "No call has been recorded" in page
    assert "/do/send_decision" not in page


def test_a_recipient_confirms_with_one_button(changed):
    """Named and sent the decision, somebody sees one button; pressed, the receipt is on record and the button gone."""
    with client(changed, "nadia") as owner, client(changed, "priya") as priya:
        assert "I have received it" not in priya.get(f"{AT}/decision").text
        form = owner.get(f"{AT}/do/send_decision").text
        sent = {name: re.search(rf'name="{name}" value="([^"]*)"', form).group(1) for name in ("csrf", "digest")}
        answer = owner.post(f"{AT}/do/send_decision", data={**sent, "message": ""})
        assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, f"{AT}/decision")
        page = priya.get(f"{AT}/decision").text
        assert "I have received it" in page
        csrf = re.search(r'name="csrf" value="([^"]*)"', page).group(1)
        answer = priya.post(f"{AT}/do/confirm_receipt", data={"csrf": csrf, "digest": sent["digest"]})
        assert answer.status_code == 303
        assert "I have received it" not in priya.get(f"{AT}/decision").text
        again = priya.post(f"{AT}/do/confirm_receipt", data={"csrf": csrf, "digest": sent["digest"]})
        assert "already" in again.text


def test_dissent_is_on_the_page_for_good(changed):
    """A stakeholder who did not sign disagrees; the page shows who and why."""
    with client(changed, "emil") as emil:
        form = emil.get(f"{AT}/do/dissent").text
        sent = {name: re.search(rf'name="{name}" value="([^"]*)"', form).group(1) for name in ("csrf", "digest")}
        assert emil.post(f"{AT}/do/dissent", data={**sent, "reason": ""}).status_code == 422
        assert emil.post(f"{AT}/do/dissent", data={**sent, "reason": "Two more weeks of nights."}).status_code == 303
        assert "Two more weeks of nights." in emil.get(f"{AT}/decision").text
