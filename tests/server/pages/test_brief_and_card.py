"""The sponsor's brief and the system card of the story: what is known, how it is known, and what is missing."""

from __future__ import annotations

import re

import pytest
from tests.server.cast import open_here
from tests.server.pages.story import MATCHING, SEARCH, TRIAGE

from pilotage.reports.documents.model import Bullets, Facts, Headlines, Note, Table
from pilotage.reports.documents.page import page_of
from pilotage.reports.documents.typesetting import typesetter
from pilotage.workflow.documents import document_of

EVERY = (TRIAGE, MATCHING, SEARCH)


@pytest.fixture(scope="module")
def workspace(told):
    """The story's workspace, open in this process to be read."""
    opened = open_here(told, demonstration=True)
    yield opened
    opened.close()


@pytest.fixture
def made(workspace):
    """A document of a workload."""
    return lambda slug, name: document_of(workspace, workspace.desk.judge(slug), name)


def brings(document) -> dict[str, tuple[str, ...]]:
    """The brief's table of what it brings, by the first column."""
    table = next(one for one in document.blocks if isinstance(one, Table))
    return {row[0]: row[1:] for row in table.rows}


@pytest.mark.parametrize("slug", EVERY)
def test_the_brief_is_one_page_and_the_same_each_time(made, slug):
    """Whatever a workload has on record, its brief is exactly one page, and the same to the byte."""
    pdf = typesetter().pdf(made(slug, "sponsors-brief"))
    assert re.findall(rb"/Type/Pages/Count (\d+)", pdf) == [b"1"]
    assert pdf == typesetter().pdf(made(slug, "sponsors-brief"))


def test_each_figure_says_how_it_is_known(made, workspace):
    """Errors prevented are measured, money is estimated with its range, and time, which nothing measures, is missing
    with what would have to be promised.
    """
    document = made(TRIAGE, "sponsors-brief")
    found = brings(document)
    assert found["Money saved"][2] == "estimated"
    assert " to " in found["Money saved"][1]
    assert found["Errors prevented"][2] == "measured"
    answer = workspace.desk.judge(TRIAGE).measurements.answer
    assert f"{answer.estimate.value * 100:.3g}" in found["Errors prevented"][0]
    assert found["Time saved"][0] == "\u2013"
    assert found["Time saved"][2] == "missing"
    assert any(
        "each month of not moving" in one.label for b in document.blocks if isinstance(b, Headlines) for one in b.items
    )


def test_a_brief_invents_nothing(made):
    """Of a workload that has neither charter nor estimate every figure is missing and says what is; nothing is zero."""
    document = made(SEARCH, "sponsors-brief")
    assert {row[2] for row in brings(document).values()} == {"missing"}
    notes = [one.text for one in document.blocks if isinstance(one, Note)]
    assert "No money is committed yet." in notes
    assert any(one.startswith("What it costs is not known") for one in notes)
    assert not any(isinstance(one, Headlines) for one in document.blocks)


def test_the_card_names_release_data_people_and_reviews(made, workspace):
    """The digest of what runs, fields, processors and retention as cleared, when to override, each review with its
    state and end, who answers, and the risk class as answered.
    """
    workload = workspace.desk.load(TRIAGE)
    page = page_of(made(TRIAGE, "system-card"))
    assert workload.release.digest in page
    clearance = workload.clearances["privacy"]
    for said in (*clearance.fields, *clearance.processors, f"{clearance.retention_days} days"):
        assert said.replace("'", "&#39;") in page
    assert "When the ticket names another team." in page
    assert page.count(">approved<") == 6
    assert "Minimal risk" in page
    assert "claims no conformity" in page
    measures = page[page.index("MEASURE") :]
    assert measures.index("2.3") < measures.index("2.10"), "numbers count as numbers"
    assert "French tickets are few" in page


def test_a_card_of_nothing_says_what_is_missing(made):
    """Without release, clearance, target or training the card says so in each place."""
    document = made(SEARCH, "system-card")
    notes = " ".join(one.text for one in document.blocks if isinstance(one, Note))
    for lack in ("No release is registered", "has cleared any data", "not been measured yet", "when to override"):
        assert lack in notes
    (roles,) = [one for one in document.blocks if isinstance(one, Facts) and one.rows[0][0] == "Owner"]
    assert "nobody accepted it" in {value for _, value in roles.rows}


def test_no_text_of_a_card_is_empty(made):
    """Every row and every line of brief and card has something in it."""
    for slug in EVERY:
        for name in ("system-card", "sponsors-brief"):
            blocks = made(slug, name).blocks
            lines = [line for one in blocks if isinstance(one, Bullets) for line in one.items]
            values = [value for one in blocks if isinstance(one, Facts) for _, value in one.rows]
            assert all(text.strip() for text in (*lines, *values))
