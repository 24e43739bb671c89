"""The tab Feedback: what users say, replies, the backlog; and pairs that are judged without knowing whose they are."""

from __future__ import annotations

import csv
import io
import re

import httpx
from tests.server.pages.conftest import SESSION, session_of
from tests.server.pages.story import TRIAGE
from tests.server.served import Served

from pilotage.server.pages.feedback import fields_of

AT = f"/w/{TRIAGE}"


def client(served: Served, username: str) -> httpx.Client:
    """Somebody who is signed in."""
    return httpx.Client(base_url=served.url, cookies={SESSION: session_of(served.url, username)}, timeout=60.0)


def hidden(page: str, name: str) -> str:
    """What a form carries along unseen."""
    return re.search(rf'name="{name}" value="([^"]*)"', page).group(1)


def test_the_page_shows_what_users_say_beside_what_they_did(reading):
    """Talks, blind reviews and the figures of the channel stand on one page; the table has every call."""
    page = reading("emil").page(f"{AT}/feedback")
    for part in ("First line, early shift", "I look at it before I read the ticket.", "Of 20 pairs"):
        assert part in page
    rows = list(csv.DictReader(io.StringIO(reading("emil").page(f"{AT}/feedback.csv"))))
    assert "would have helped" in {row["comment"] for row in rows}
    assert "Read in the weekly round; thank you." in {row["reply"] for row in rows}
    found = reading("emil").get(f"/api/v1/workloads/{TRIAGE}/feedback").json()
    assert (len(found["interviews"]), found["blind"]["pairs"]) == (5, 20)


def test_an_empty_page_teaches_the_next_step(reading):
    """Where nothing is on record it says what to do, and offers nothing to a reader."""
    page = reading("ruth").page("/w/contract-search/feedback")
    assert "Nobody has said yet where users speak" in page
    assert "/do/open_channel" not in page


def test_a_pair_is_judged_without_knowing_whose_answer_is_whose(changed):
    """Neither page nor interface names call or arm; a judgement brings the next pair, and none is judged twice."""
    with client(changed, "emil") as emil:
        page = emil.get(f"{AT}/feedback/blind").text
        assert "<dt>subject</dt>" in page
        pair = emil.get(f"/api/v1/workloads/{TRIAGE}/blind-pair").json()
        assert set(pair) == {"workload", "pair", "input", "first", "second", "left", "reason"}
        assert hidden(page, "pair") == pair["pair"]
        shown = page.partition("Which answer is better?")[2].partition("</form>")[0]
        assert f"{AT}/calls/" not in shown
        sent = {"csrf": hidden(page, "csrf"), "pair": pair["pair"], "better": "first", "reason": "It names the team."}
        answer = emil.post(f"{AT}/do/judge_pair", data=sent)
        assert answer.headers["location"].startswith(f"{AT}/feedback/blind")
        assert emil.get(f"/api/v1/workloads/{TRIAGE}/blind-pair").json()["pair"] != pair["pair"]
        assert "was not put before you" in emil.post(f"{AT}/do/judge_pair", data=sent).text


def test_a_word_that_waits_is_answered_from_the_list(changed):
    """The link of a waiting call fills the form in; once sent, the reply stands beside the word."""
    with client(changed, "emil") as emil:
        page = emil.get(f"{AT}/feedback").text
        call = re.search(r"/do/answer_feedback\?calls=([0-9a-f]{32})", page).group(1)
        form = emil.get(f"{AT}/do/answer_feedback?calls={call}").text
        assert call in form
        sent = {"csrf": hidden(form, "csrf"), "calls": call, "reply": "Refunds go to billing from Thursday on."}
        assert emil.post(f"{AT}/do/answer_feedback", data=sent).status_code == 303
        said = emil.get(f"/api/v1/workloads/{TRIAGE}/feedback").json()["said"]
        assert next(one for one in said if one["call"] == call)["reply"] == sent["reply"]


def test_the_adoption_plan_stands_beside_what_is_seen(changed):
    """Plan and rates are on the page; the form starts from what stands, a rate that no sample can show is refused with
    every problem at once, and a new plan is shown with its place in the ledger.
    """
    with client(changed, "nadia") as nadia:
        page = nadia.get(f"{AT}/feedback").text
        assert "Do people use it?" in page
        assert "at least" in page
        form = nadia.get(f"{AT}/do/record_adoption_plan").text
        assert 'value="0.6"' in form
        sent = {name: hidden(form, name) for name in ("csrf", "base")}
        wrong = sent | {"use_at_least": "1.5", "accepted_at_least": "0", "overridden_at_most": "0.3"}
        refused = nadia.post(f"{AT}/do/record_adoption_plan", data=wrong)
        assert refused.status_code == 422
        assert set(re.findall(r'class="wrong" id="([\w-]+?)-wrong', refused.text)) == {
            "use-at-least",
            "accepted-at-least",
            "basis",
        }
        right = sent | {
            "use_at_least": "0.65",
            "accepted_at_least": "0.55",
            "overridden_at_most": "0.3",
            "from_percent": "5",
            "after_days": "7",
            "actions_at_least": "120",
            "basis": "As the lead of the first line has it.",
        }
        answer = nadia.post(f"{AT}/do/record_adoption_plan", data=right)
        assert answer.headers["location"].startswith(f"{AT}/feedback")
        assert "As the lead of the first line has it." in nadia.get(f"{AT}/feedback").text
        found = nadia.get(f"/api/v1/workloads/{TRIAGE}/evidence/adoption").json()
        assert found["plan"]["fact"]["use_at_least"] == 0.65
        assert {rate["status"] for rate in found["rates"]} == {"open"}


def test_an_input_is_shown_by_its_fields_where_it_has_some():
    """Named fields stand beside their values, a nested one as JSON; anything else stays as it was recorded."""
    assert fields_of('{"subject":"Late","tags":["a"],"age":3}') == {"subject": "Late", "tags": '["a"]', "age": "3"}
    assert fields_of("Where is my parcel?") == fields_of('["a"]') == fields_of("") == {}
