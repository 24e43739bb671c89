"""Drift on the record: what stands out, since when, and who explained it; and what the gate makes of it."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import Story

from pilotage.record.areas.drifting import ChooseReference, DriftSeen, ExplainDrift

STEADY = DriftSeen(status="steady", judged=9)
ALARM = DriftSeen(status="alert", judged=9, alarms=("input.words",))


@pytest.fixture
def story() -> Story:
    """A workload that serves."""
    return Story().begin_service()


def explanation(field: str = "input.words") -> ExplainDrift:
    """Why a field moved."""
    return ExplainDrift(field=field, explanation="The new form asks for more words.")


def judged(story: Story) -> tuple[str, str]:
    """What the gate says of drift."""
    verdict = story.verdict("operate.drift")
    return verdict.verdict, verdict.reason


def test_nothing_seen_is_pending(story):
    """Before the watch looked, and where it could tell nothing, nobody can say."""
    assert judged(story)[0] == "pending"
    story.record(DriftSeen(status="not_estimable", judged=0, why="There is no reference yet."))
    assert judged(story) == ("pending", "There is no reference yet.")


def test_steady_traffic_meets_it_for_two_weeks(story):
    """Held against the reference, and nothing stands out: met, until that was too long ago."""
    story.record(STEADY)
    assert judged(story)[0] == "met"
    story.wait(days=15)
    assert judged(story)[0] == "pending"


def test_an_alarm_has_to_be_explained(story):
    """A field that moved and stayed moved keeps it unmet until somebody says why, who is named."""
    story.record(ALARM)
    verdict, reason = judged(story)
    assert verdict == "unmet"
    assert "input.words" in reason
    story.does("eva", explanation())
    verdict = story.verdict("operate.drift")
    assert verdict.verdict == "met"
    assert ("input.words explained by", "eva") in [(one.figure, one.value) for one in verdict.evidence]
    story.record(structs.replace(ALARM, alarms=("input.words", "output")))
    assert "output" in judged(story)[1]


def test_what_came_back_and_moves_again_is_explained_again(story):
    """An explanation counts for one stretch; a week in which nothing could be told does not end it."""
    story.record(ALARM)
    story.does("eva", explanation())
    story.record(DriftSeen(status="not_estimable", judged=0, why="Too few calls."))
    story.record(ALARM)
    assert judged(story)[0] == "met"
    story.record(STEADY)
    story.record(ALARM)
    assert judged(story)[0] == "unmet"


def test_only_what_stands_out_is_explained(story):
    """There is nothing to explain about a field that the watch did not see move; the refusal lists those it did."""
    assert "none does" in story.refusal("eva", explanation())["not-drifted"].message
    story.record(ALARM)
    assert "input.words" in story.refusal("eva", explanation("output"))["not-drifted"].message


def test_a_reference_is_chosen_by_name_and_with_the_reason(story):
    """It stands with who chose it until a later one; the same twice changes nothing, and what stands out stays."""
    story.record(ALARM)
    chosen = ChooseReference(of="traffic", since=story.now.date(), reason="The new form was accepted.")
    story.does("oli", chosen)
    standing = story.standing.drifting.references["traffic"]
    assert (standing.fact.since, standing.stamp.by) == (story.now.date(), "oli")
    assert judged(story)[0] == "unmet"
    assert set(story.refusal("oli", chosen)) == {"no-change"}
    story.does("ann", structs.replace(chosen, since=story.now.date() + dt.timedelta(days=5)))
    assert story.standing.drifting.references["traffic"].stamp.by == "ann"


@pytest.mark.parametrize("days", [-4000, 29])
def test_a_window_that_cannot_come_about_is_refused(story, days):
    """Before the workload was proposed, or further off than anybody waits."""
    chosen = ChooseReference(of="candidate", since=story.now.date() + dt.timedelta(days=days), reason="A new normal.")
    assert set(story.refusal("eva", chosen)) == {"no-such-window"}


def test_without_a_release_there_is_nothing_that_the_candidate_does():
    """Then only the traffic can be compared."""
    story = Story().propose()
    chosen = ChooseReference(of="candidate", since=story.now.date(), reason="A new normal.")
    assert set(story.refusal("ann", chosen)) == {"no-release"}
