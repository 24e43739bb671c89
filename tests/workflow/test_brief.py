"""The sponsor's brief stays on one page whatever is on record, and says what it left out."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.record.costs import case
from tests.record.stories import Story
from tests.reports.chart_samples import FAN

from pilotage.evidence.cost import Range
from pilotage.reports.documents.brief import ROOMS, SHORTENED, BriefTold, brief_document, cut
from pilotage.reports.documents.imprints import imprint
from pilotage.reports.documents.model import Bullets, Document, Facts, Paragraph, Picture
from pilotage.reports.documents.typesetting import typesetter
from pilotage.reports.documents.wording import day
from pilotage.workflow.brief_document import fitted

DAY = dt.date(2026, 5, 4)
LONG = "Read what the third review says of the provider's terms and say whether the money is worth that risk. " * 12


class Told:
    """Names as they are."""

    def name(self, person: str) -> str:
        """A person's name."""
        return person

    def named(self, text: str) -> str:
        """A text with names."""
        return text


@pytest.fixture(scope="module")
def told() -> BriefTold:
    """A brief of common length, with a picture."""
    workload = Story().begin_evaluation().estimate().fund().standing
    span = Range(median=90_000.0, low=40_000.0, high=140_000.0)
    return BriefTold(
        workload=workload,
        state="Whether the target is kept is not known yet.",
        answer=None,
        gains=(),
        production=case(),
        production_reason="",
        cost=span,
        net=span,
        waiting=span,
        payback=FAN,
        looks=None,
        plan=(("Pilot begins", DAY), ("Decide by", DAY + dt.timedelta(days=50)), ("Money ends", None)),
        prepares=(("training", DAY), ("workflow", DAY)),
        needs=("Read and sign version 2 of the charter, or say what is missing.",),
        named=Told(),
        imprint=imprint(workload),
    )


def of_kind(document: Document, kind: type) -> list:
    """The blocks of a kind."""
    return [block for block in document.blocks if isinstance(block, kind)]


def shortened(document: Document) -> str:
    """What the last line says was left out; empty where nothing was."""
    found = [one.text for one in of_kind(document, Paragraph) if one.text.startswith(SHORTENED)]
    return found[0] if found else ""


def test_what_fits_is_said_in_full(told):
    """A brief of common length has every stream, its picture, and no word about shortening."""
    document = fitted(told)
    assert document == brief_document(told)
    assert typesetter().fit(document).pages == 1
    assert of_kind(document, Picture)
    assert "People prepared: workflow" in dict(of_kind(document, Facts)[0].rows)
    assert shortened(document) == ""


def test_many_streams_become_one_line_before_anything_else_goes(told):
    """Forty streams of a team's own playbook take one line with the last of their days; the picture stays."""
    many = tuple((f"stream number {number}", DAY + dt.timedelta(days=number)) for number in range(40))
    assert typesetter().fit(brief_document(structs.replace(told, prepares=many))).pages > 1
    document = fitted(structs.replace(told, prepares=many))
    assert typesetter().fit(document).pages == 1
    assert dict(of_kind(document, Facts)[0].rows)["People prepared: the last of 40"] == day(DAY + dt.timedelta(days=39))
    assert of_kind(document, Picture)
    assert "the days of 40 change streams" in shortened(document)


def test_a_long_record_is_shortened_to_one_page_and_says_so(told):
    """Whatever people wrote and however much waits, it is one page; what waits beyond it is counted, and the last line
    says what was left out.
    """
    record = structs.replace(
        told, state=LONG, production=None, production_reason=LONG, needs=tuple(f"{n}: {LONG}" for n in range(30))
    )
    document = fitted(record)
    assert typesetter().fit(document).pages == 1
    assert "texts beyond" in shortened(document)
    (waits,) = of_kind(document, Bullets)
    assert waits.items[0].endswith("…")
    assert waits.items[-1].endswith("more on the Workload page.")


@settings(max_examples=15, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6000),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_the_shortest_form_always_fits(told, text, needs, streams):
    """No text and no number of things makes the last form of the rule longer than a page."""
    record = structs.replace(
        told,
        state=text,
        production=None,
        production_reason=text,
        needs=tuple(text for _ in range(needs)),
        prepares=tuple((text[:120], DAY) for _ in range(streams)),
    )
    assert typesetter().fit(brief_document(record, ROOMS[-1])).pages == 1


@given(st.text(max_size=300), st.integers(2, 200))
def test_a_cut_text_is_no_longer_than_asked_and_marked(text, characters):
    """What fits is left alone; what does not ends in an ellipsis and is a beginning of the text."""
    found = cut(text, characters)
    assert len(found) <= characters
    assert (found == text) == (len(text) <= characters) or text.endswith("…")
    assert text.startswith(found.removesuffix("…").rstrip())
