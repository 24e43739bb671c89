"""The architecture: areas answered beside the pilot, gaps listed, the work marked and done, and who is asked next."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.record.stories import Story

from pilotage.playbook.loading import load
from pilotage.record.areas.architecture import CloseGap, DesignArea, FinishArea, ListGap

AREAS = [area.id for area in load("standard").areas]
DESIGN = DesignArea(
    area="scale",
    pilot="One process.",
    production="Three behind the gateway.",
    fate="rebuild",
    decision="decided",
    owner="eva",
)
GAP = ListGap(
    gap="no-load-test", what="Nobody loaded it.", area="scale", effort="a week of one", owner="eva", blocking=True
)
FINISH = FinishArea(area="scale", done="Three processes run behind the gateway since Monday.")
CLOSE = CloseGap(gap="no-load-test", how="Loaded with twice the volume.")


def designed(**changes: str) -> Story:
    """A proposed workload whose areas are all kept as they are, except for what is changed about scale."""
    story = Story().propose()
    for area in AREAS:
        kept = structs.replace(DESIGN, area=area, fate="keep")
        story.does("eva", structs.replace(kept, **changes) if area == "scale" else kept)
    return story


def test_each_area_has_to_be_worked_on():
    """Production's design is unmet until every area has a decision in progress, and names those that have none."""
    story = Story().propose()
    nothing = story.verdict("pilot.production-design")
    assert nothing.verdict == "unmet"
    assert "resilience, observability" in nothing.reason
    for area in AREAS:
        decision = "open" if area == "audit" else "in_progress"
        story.does("eva", structs.replace(DESIGN, area=area, decision=decision, fate="undecided", owner="oli"))
    waits = story.verdict("pilot.production-design")
    assert (waits.verdict, waits.next.by) == ("unmet", "oli")
    assert "for audit: 6 of 7" in waits.reason
    story.does("eva", structs.replace(DESIGN, area="audit", decision="in_progress", fate="undecided"))
    met = story.verdict("pilot.production-design")
    assert met.verdict == "met"
    assert met.evidence[0].value == "undecided, in progress"


def test_no_gap_is_not_the_same_as_nothing_listed():
    """An area with neither a gap nor a decision to keep it is unmet; without any gap, everything has to be kept."""
    assert Story().propose().verdict("evaluate.gaps").verdict == "unmet"
    assert designed().verdict("evaluate.gaps").reason == "Nothing is lacking: every area is kept as it is."
    story = designed(fate="rebuild")
    silent = story.verdict("evaluate.gaps")
    assert (silent.verdict, silent.next.by) == ("unmet", "eva")
    assert "for scale" in silent.reason
    story.does("eva", GAP)
    listed = story.verdict("evaluate.gaps")
    assert listed.verdict == "met"
    assert listed.reason == "1 listed, each with effort and owner; 1 of those that are open blocks going live."
    assert listed.evidence[0].value == "open, blocking"


def test_the_rebuild_is_done_when_the_marked_work_is_and_nothing_blocks():
    """Undecided areas, unfinished work and blocking gaps are named in turn, each with who has to act."""
    story = designed(decision="in_progress")
    assert "not decided whether scale" in story.verdict("harden.rebuild").reason
    story.does("eva", structs.replace(DESIGN, owner="oli"))
    unfinished = story.verdict("harden.rebuild")
    assert (unfinished.reason, unfinished.next.by) == ("Not done yet: rebuild scale.", "oli")
    story.does("oli", FINISH)
    assert story.verdict("harden.rebuild").verdict == "met"
    story.does("eva", GAP)
    blocked = story.verdict("harden.rebuild")
    assert (blocked.reason, blocked.next.by) == ("Blocking and open: no-load-test.", "eva")
    story.does("eva", CLOSE)
    assert story.verdict("harden.rebuild").verdict == "met"


def test_a_gap_that_does_not_block_stays_open():
    """The rebuild does not wait for a gap that may stay open; the verdict counts it."""
    story = designed()
    story.does("eva", structs.replace(GAP, blocking=False))
    assert "gaps that do not block: 1." in story.verdict("harden.rebuild").reason


def test_a_change_of_plan_undoes_what_was_done():
    """What was marked as done counts for the plan it was done on: a later change asks for it again."""
    story = designed(fate="rebuild")
    story.does("eva", FINISH)
    story.does("eva", structs.replace(DESIGN, production="Five behind the gateway."))
    assert story.standing.architecture.finished("scale") is None
    assert story.verdict("harden.rebuild").verdict == "unmet"


def test_a_gap_listed_anew_is_open_again():
    """Listing a closed gap with other words opens it; its first closing stays in the ledger."""
    story = designed()
    story.does("eva", GAP)
    story.does("eva", CLOSE)
    assert story.standing.architecture.open_gaps == ()
    story.does("eva", structs.replace(GAP, what="It was loaded with the wrong mix."))
    assert [gap.fact.gap for gap in story.standing.architecture.open_gaps] == ["no-load-test"]


@pytest.mark.parametrize("command", [DESIGN, GAP])
def test_everything_wrong_is_said_at_once(command):
    """An unknown area and an unknown owner are refused together."""
    found = Story().propose().refusal("eva", structs.replace(command, area="colour", owner="nobody-here"))
    assert set(found) == {"unknown-area", "unknown-person"}
    assert "resilience" in found["unknown-area"].message


def test_a_decision_says_what_becomes_of_the_part():
    """An area cannot be decided and undecided at once."""
    found = Story().propose().refusal("eva", structs.replace(DESIGN, fate="undecided"))
    assert found["decided-without-fate"].field == "fate"


def test_only_decided_work_can_be_finished():
    """Nothing is done where nothing was decided, where the part is kept, or twice."""
    story = Story().propose()
    assert set(story.refusal("eva", FINISH)) == {"not-decided"}
    assert set(story.refusal("eva", structs.replace(FINISH, area="colour"))) == {"unknown-area"}
    assert set(designed().refusal("eva", FINISH)) == {"nothing-to-do"}
    story = designed(fate="replace")
    story.does("eva", FINISH)
    assert set(story.refusal("eva", FINISH)) == {"already-done"}


def test_only_an_open_gap_can_be_closed():
    """A gap that nobody listed, or that is closed, cannot be closed."""
    story = Story().propose()
    assert set(story.refusal("eva", CLOSE)) == {"unknown-gap"}
    story.does("eva", GAP)
    story.does("oli", CLOSE)
    assert set(story.refusal("eva", CLOSE)) == {"already-closed"}


def test_what_waits_for_a_person():
    """The owner of an area decides and finishes it, the owner of a gap closes it; nobody else is asked."""
    story = designed(decision="in_progress")
    story.does("eva", GAP)
    asked = story.standing.architecture.waiting_for("eva")
    assert asked == ("Decide what becomes of scale.", "Close the gap no-load-test.")
    story.does("eva", DESIGN)
    assert "Finish to rebuild scale, and mark it as done." in story.standing.architecture.waiting_for("eva")
    assert story.standing.architecture.waiting_for("ann") == ()
