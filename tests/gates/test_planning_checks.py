"""The checks of the plan: each asks for its part, and a doubtful problem needs an answer in writing."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.record.given import GIVEN
from tests.record.stories import Story

PATH, PLACE, SOURCE, SUITED = (command for _, command in GIVEN["select"][:4])
PARTS = {
    "select.production-path": PATH,
    "select.integration": PLACE,
    "select.build-or-buy": SOURCE,
    "select.suitability": SUITED,
}


@pytest.mark.parametrize("criterion", PARTS)
def test_a_part_of_the_plan_is_met_once_it_is_written(criterion):
    """Nothing written is unmet, with who writes it next; what is written is met, with the entry as evidence."""
    story = Story().propose()
    before = story.verdict(criterion)
    assert before.verdict == "unmet"
    assert before.next.action
    story.does("ann", PARTS[criterion])
    after = story.verdict(criterion)
    assert after.verdict == "met"
    assert after.evidence[0].ledger == story.standing.position


def test_a_production_owner_is_somebody():
    """A plan that names an unknown operator is refused."""
    found = Story().propose().refusal("ann", structs.replace(PATH, production_owner="nobody-here"))
    assert found["unknown-person"].field == "production_owner"


def test_work_that_lacks_too_much_does_not_suit():
    """With more questions answered no than the playbook allows it is the wrong problem, whatever is said about it."""
    story = Story().propose()
    words = "We will live with it."
    story.does("ann", structs.replace(SUITED, high_volume=False, measurable=False, champion="", warnings_met_by=words))
    verdict = story.verdict("select.suitability")
    assert verdict.verdict == "unmet"
    assert "it cannot be measured" in verdict.reason


@pytest.mark.parametrize("doubt", [{"needs_perfection": True}, {"regulated": True}, {"structured": False}])
def test_a_doubt_needs_an_answer(doubt):
    """A warning or a no is unmet until somebody wrote how it is lived with; then the answer stands in the verdict."""
    story = Story().propose()
    story.does("ann", structs.replace(SUITED, **doubt))
    assert story.verdict("select.suitability").verdict == "unmet"
    story.does("ann", structs.replace(SUITED, **doubt, warnings_met_by="A person reads each answer."))
    verdict = story.verdict("select.suitability")
    assert (verdict.verdict, "A person reads each answer." in verdict.reason) == ("met", True)
