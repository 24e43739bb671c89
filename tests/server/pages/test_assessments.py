"""The organisation's pages: where it stands, what the next level needs, and forms that keep what was typed."""

from __future__ import annotations

import csv
import io
import re

import httpx
import pytest
from tests.server.pages.assessed import MATURITY, READINESS, questions
from tests.server.pages.conftest import SESSION, session_of
from tests.server.pages.test_reading_pages import text_of
from tests.server.served import serving

BASE = f"/assessments/{READINESS}"


@pytest.fixture
def writing(changed):
    """Readers of a copy of the story, who may write into it."""
    made = []

    def writer(username):
        cookies = {SESSION: session_of(changed.url, username)}
        made.append(httpx.Client(base_url=changed.url, cookies=cookies, timeout=30.0))
        return made[-1]

    yield writer
    for one in made:
        one.close()


def sent(client, path, **fields):
    """Fill a form in and send it."""
    page = client.get(path)
    assert page.status_code == 200, page.text[:500]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    return client.post(path.partition("?")[0], data=hidden | fields)


def test_both_assessments_stand_side_by_side(reading):
    """Scores, how long ago, the weakest side and what comes next; the page about histories is another one."""
    page = text_of(reading("nadia").page("/assessments"))
    assert "Organisation readiness" in page
    assert "LLM-operations maturity" in page
    assert "Go on with round 3" in page
    assert "no round was concluded" in page
    assert "that is about one history, this is about the organisation" in page
    assert 'aria-current="page">Organisation<' in reading("nadia").page("/assessments")


def test_the_page_says_where_one_stands_and_what_the_next_level_needs(reading):
    """By the round that stands, each dimension with its score, the one before, and the next steps of its lowest."""
    page = text_of(reading("nadia").page(BASE))
    assert "by round 2, which stands" in page
    assert "2.7 1.3 before" in page
    assert "Write the day into every charter, and let a pilot wind down that passes it." in page
    assert "Round 3: 3 of 14 questions answered" in page
    assert "Rounds that stand" in page
    assert "concluded by Jonas Weber" in page
    answered = re.search(r"answered by ([A-Z][^;]*?) 2\.4", page)
    assert answered
    assert {one.strip() for one in answered[1].split(",")} == {"Nadia Rahman", "Priya Nair", "Ines Duarte"}


def test_a_proposal_is_marked_and_says_what_it_rests_on(reading):
    """What the workloads show stands beside a question, with each verdict, and can be taken over into the form."""
    page = reading("nadia").page(BASE)
    assert "<strong>On record: level 4.</strong>" in page
    assert "2 of 2 workloads that came so far meet select.owner and harden.ownership." in page
    assert "What it rests on: 3 verdicts" in page
    form = reading("nadia").page(
        f"{BASE}/answer/one-owner?level=4&evidence=ticket-triage%2Fselect.owner%0Ainvoice-matching%2Fselect.owner"
    )
    assert re.search(r'<option value="4" selected>4: Every workload has one', form)
    assert "ticket-triage/select.owner\ninvoice-matching/select.owner" in form


def test_intake_shows_the_readiness_before_anything_is_chosen(reading):
    """The last score with its weakest side, and where to read more."""
    page = reading("nadia").page("/candidates")
    assert f'href="{BASE}"' in page
    assert "2.4 of 5" in text_of(page)
    assert "weakest: Data, 2.0" in text_of(page)


def test_rounds_can_be_taken_away(reading):
    """Every round with overall, dimensions and levels as a table; the scores as a chart and its data."""
    reader = reading("nadia")
    rows = list(csv.DictReader(io.StringIO(reader.page(f"{BASE}/rounds.csv").lstrip("\ufeff"))))
    assert len(rows) == 2 * (1 + 6 + 14)
    assert [row["score or level"][:4] for row in rows if row["what"] == "overall"] == ["2.13", "2.41"]
    drawn = reader.page(f"{BASE}/charts/scores.csv")
    assert "Overall" in drawn
    assert reader.get(f"{BASE}/charts/scores.svg").headers["content-type"].startswith("image/svg")
    assert reader.get(f"/assessments/{MATURITY}/charts/scores.svg").status_code == 404
    assert reader.get(f"{BASE}/charts/planets.svg").status_code == 404


def test_what_is_not_asked_is_a_page_that_says_so(reading):
    """Assessments and questions that do not exist are not there."""
    assert reading("nadia").get("/assessments/astrology").status_code == 404
    assert reading("nadia").get(f"{BASE}/answer/astrology").status_code == 404


def test_a_reader_is_offered_nothing_to_change(reading):
    """A viewer sees all of it, and no form to fill in."""
    page = reading("ruth").page(BASE)
    assert "/answer/" not in page
    assert "/conclude" not in page


def test_an_entry_about_the_organisation_leads_to_it(reading):
    """The ledger names the organisation in place of a workload, and finds its entries."""
    page = reading("nadia").page("/ledger?workload=%40organisation&kind=assessment_concluded")
    assert "the organisation" in page
    assert "concluded round 2 of organisation-readiness with 2.4 of 5" in page
    position = re.findall(r'href="/ledger/(\d+)"', page)[0]
    entry = reading("nadia").page(f"/ledger/{position}")
    assert '<a href="/assessments">the organisation</a>' in entry
    assert "/w/@organisation" not in entry


def test_a_round_is_answered_and_concluded_by_forms(writing):
    """Each form writes what it says; a refusal keeps what was typed and names every mistake; the round then stands."""
    nadia, jonas = writing("nadia"), writing("jonas")
    base = f"/assessments/{MATURITY}"
    wrong = sent(nadia, f"{base}/answer/rollback", level="4", statement="It was tried in May.")
    assert wrong.status_code == 422
    assert "name what shows it" in wrong.text
    assert "It was tried in May." in wrong.text
    unfilled = sent(nadia, f"{base}/answer/rollback")
    assert "Choose one." in unfilled.text
    assert "Fill this in." in unfilled.text
    early = sent(jonas, f"{base}/conclude", statement="Not yet.")
    assert early.status_code == 422
    assert "Not answered in this round yet" in early.text
    for question in questions(MATURITY):
        done = sent(nadia, f"{base}/answer/{question.id}", level="3", statement="As we talked over.")
        assert done.status_code == 303, done.text[:800]
        assert done.headers["location"].endswith(f"#{question.id}")
    before = jonas.get(f"{base}/conclude").text
    assert "What it comes to: 3.0 of 5" in text_of(before)
    engineer = writing("priya")
    assert f'href="{base}/conclude"' not in engineer.get(base).text
    refused = sent(engineer, f"{base}/conclude", statement="I conclude it.")
    assert refused.status_code == 403
    closed = sent(jonas, f"{base}/conclude", statement="We run it well enough for one workload.")
    assert closed.status_code == 303
    page = text_of(jonas.get(closed.headers["location"]).text)
    assert "Written: ledger" in page
    assert "We run it well enough for one workload." in page
    assert "by round 1, which stands" in page


def test_whoever_was_overtaken_keeps_what_they_typed(writing):
    """Two forms opened at once: the second is told who was first, and saves on top of that on the next try."""
    nadia, priya = writing("nadia"), writing("priya")
    path = f"{BASE}/answer/skills"
    stale = priya.get(path)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', stale.text))
    assert sent(nadia, path, level="2", statement="Two of us can build it.").status_code == 303
    late = priya.post(path, data=hidden | {"level": "3", "statement": "One team has done it."})
    assert late.status_code == 422
    assert "One team has done it." in late.text
    assert "Two of us can build it." in late.text
    again = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', late.text))
    assert priya.post(path, data=again | {"level": "3", "statement": "One team has done it."}).status_code == 303


def test_two_people_who_conclude_at_once_are_not_both_right(writing):
    """A conclusion on answers that somebody replaced meanwhile is refused, and says so."""
    jonas, nadia = writing("jonas"), writing("nadia")
    for question in questions(READINESS):
        sent(nadia, f"{BASE}/answer/{question.id}", level="1", statement="As it is this week.")
    opened = jonas.get(f"{BASE}/conclude")
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', opened.text))
    assert sent(nadia, f"{BASE}/answer/skills", level="2", statement="One more has learned it.").status_code == 303
    late = jonas.post(f"{BASE}/conclude", data=hidden | {"statement": "It stands."})
    assert late.status_code == 422
    assert "read it again, and conclude on what stands then" in late.text
    assert "It stands." in late.text


@pytest.fixture
def unassessed(tmp_path):
    """A server on a workspace of its own, since a problem is proposed there."""
    with serving(tmp_path / "home") as server:
        yield server


def test_whoever_chooses_is_told_that_readiness_is_missing(unassessed):
    """On the forms by which a problem is scored and chosen, where nobody ever assessed the organisation."""
    headers = {"Authorization": f"Bearer {unassessed.ada.token}"}
    with httpx.Client(base_url=unassessed.url, headers=headers, timeout=30.0) as client:
        proposal = {"title": "Ticket triage", "problem": "Tickets wait for hours.", "incumbent": "people"}
        made = client.post("/api/v1/workloads/ready-or-not/commands/propose", json=proposal)
        assert made.status_code == 201, made.text
        for name in ("score", "choose"):
            assert "It was never assessed. Do it before you choose" in client.get(f"/w/ready-or-not/do/{name}").text
        assert "It was never assessed" not in client.get("/w/ready-or-not/do/comment").text
        assert "It was never assessed. Do it before you choose" in client.get("/candidates").text
