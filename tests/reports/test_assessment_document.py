"""The report of an assessment as a document: everything that its page says, and where it comes from."""

from __future__ import annotations

import datetime as dt

import pytest

from pilotage.reports.assessment import view_of
from pilotage.reports.documents.assessment import assessment_document
from pilotage.reports.documents.model import Picture, Table
from pilotage.reports.documents.page import page_of
from pilotage.storage.history import Columns
from pilotage.workflow.assessing import Question, assess_file, draft

AT = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
HEAD = "time,language,incumbent,candidate,label"


def report(tmp_path, rows, **asked):
    """The document of a history of these rows."""
    path = tmp_path / "history.csv"
    path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    found = assess_file(path, Question(columns=Columns(by=("language",)), **asked))
    view = view_of(found, "history.csv", draft=draft("history.csv", found, today=AT.date()), today=AT.date())
    return assessment_document(found, view, AT)


@pytest.fixture
def rows():
    """Forty days in two languages; the candidate is right a little more often."""
    start = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    return [
        f"{(start + dt.timedelta(minutes=30 * n)).isoformat()},{'de' if n % 2 else 'fr'},{'a' if n % 3 else 'b'},"
        f"{'a' if n % 5 else 'b'},a"
        for n in range(1920)
    ]


def test_it_says_all_that_the_page_says(tmp_path, rows):
    """Mark, verdict, figures, cautions, segments and chances with their pictures, and the draft."""
    made = report(tmp_path, rows)
    assert [type(block.data).__name__ for block in made.blocks if isinstance(block, Picture)] == [
        "ForestData",
        "ChanceData",
    ]
    segments, chances = (block for block in made.blocks if isinstance(block, Table))
    assert {row[0] for row in segments.rows} == {"de", "fr"}
    assert len(chances.rows) > 2
    page = page_of(made)
    for said in ("it counts for no gate", "In this history the candidate was better", "How far this can be trusted"):
        assert said in page
    assert "purpose:" in page


def test_its_footer_names_the_file_and_no_ledger(tmp_path, rows):
    """There is no position that it was made at; the same history at the same time gives the same digest."""
    made = report(tmp_path, rows)
    page = page_of(made)
    assert "history.csv · from a file, no ledger · made on 2 Mar 2026, 09:00 UTC" in page
    assert "ledger position" not in page
    assert report(tmp_path, rows).digest == made.digest


def test_a_history_that_tells_nothing_is_a_document_all_the_same(tmp_path):
    """What cannot be estimated is said with its reason, and nothing is drawn."""
    made = report(tmp_path, [",de,a,a,"])
    assert not [block for block in made.blocks if isinstance(block, Picture)]
    assert "Nothing can be compared" in page_of(made)
