"""The sections of the evidence are listed once, and whole."""

from __future__ import annotations

import msgspec
import pytest

from pilotage.workflow.sections import LISTED, SECTIONS


def test_no_section_hides_another():
    """Each id names one section."""
    assert len(SECTIONS) == len(LISTED)


@pytest.mark.parametrize("section", LISTED, ids=lambda section: section.id)
def test_a_section_says_what_it_answers(section):
    """It has a title, a whole question, the page that shows it, and a described type."""
    assert section.title
    assert section.question.endswith("?")
    assert section.page.split("/")[1] in {"evidence", "feedback"}
    assert msgspec.json.schema(section.of)["$defs"][section.of.__name__]["description"]
