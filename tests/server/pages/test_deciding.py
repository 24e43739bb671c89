"""The tab Decision: verdicts, what is not known, recipients with their receipts, and the one button."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import shutil

import httpx
from tests.server.cast import open_here
from tests.server.pages.conftest import SESSION, session_of
from tests.server.pages.story import TRIAGE
from tests.server.served import Served, serving

from pilotage.record import commands as c
from pilotage.record.context import Actor
from pilotage.workflow.frozen_waivers import frozen_waivers

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


def test_a_frozen_verdict_shows_the_waiver_that_it_rested_on(told, tmp_path):
    """Reason, signers and end stand beside each verdict that was set aside: on the page, where it is signed, and in
    the evidence; a longer waiver that is asked for later changes nothing of it.
    """
    shutil.copytree(told, tmp_path / "home")
    workspace = open_here(tmp_path / "home", demonstration=True)
    workload = workspace.desk.load(TRIAGE)
    owner = Actor(person=workload.owner, roles=frozenset({"owner"}))
    then = workload.standing_waivers["harden.resilience"]
    for command in (
        c.GoBack(to_phase="evaluate", reason="Another look."),
        c.Decide(outcome="no_go", reasons="The drills were never held."),
        c.Waive(
            criterion="harden.resilience",
            reason="They are held after the summer instead.",
            expires_on=then.expires_on - dt.timedelta(days=1),
        ),
    ):
        workspace.desk.issue(owner, TRIAGE, command)
    workload = workspace.desk.load(TRIAGE)
    decision = workload.decisions[-1]
    found = frozen_waivers(workspace, workload, decision)
    workspace.close()
    assert decision.verdicts["harden.resilience"] == "waived"
    assert set(found) == {name for name, verdict in decision.verdicts.items() if verdict == "waived"}
    note = found["harden.resilience"]
    assert (note.reason, note.expires_on, note.position) == (then.reason, then.expires_on, then.stamp.position)
    assert len(note.signers) == 2
    with serving(tmp_path / "home", demonstration=True) as server, client(server, "jonas") as sponsor:
        listed = sponsor.get(f"/api/v1/workloads/{TRIAGE}/evidence/answer").json()["decisions"][0]
        assert listed["waivers"]["harden.resilience"]["reason"] == then.reason
        for path in (f"{AT}/decision", f"{AT}/do/sign?subject=decision", f"{AT}/evidence"):
            frozen = sponsor.get(path).text.split("harden.resilience", 1)[1]
            page = re.sub(r"<[^>]+>|\s+", " ", frozen)
            assert then.reason in page, path
            assert re.search(r"until [^,]+, signed by +Nadia Rahman +and +Jonas Weber", page), path


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
