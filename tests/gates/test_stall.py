from __future__ import annotations

import pytest
from tests.record.stories import Story, measured_well

from pilotage.gates.stall import REASONS, stalls
from pilotage.playbook.loading import load, shipped
from pilotage.record import commands as c


def present(story: Story) -> dict[str, str]:
    """The reasons present now, with why."""
    return {s.id: s.reason for s in stalls(story.playbook, story.standing, story.verdicts())}


def test_the_radar_knows_the_reasons_of_the_method():
    """All eleven reasons are watched, and each looks at criteria that exist."""
    assert [reason.id for reason in REASONS] == [
        "no-production-path",
        "no-production-owner",
        "governance-not-engaged",
        "architecture-not-ready",
        "business-case-thin",
        "change-plan-absent",
        "wrong-problem",
        "vague-success",
        "production-ignored",
        "transition-unowned",
        "organisation-not-ready",
    ]
    for cadence in shipped():
        known = {criterion.id for phase in load(cadence).phases for criterion in phase.criteria}
        for reason in REASONS:
            assert set(reason.criteria) <= known, reason.id


def test_a_new_workload_stalls_where_nobody_has_done_anything():
    """Right after the proposal: no way into production, the wrong problem perhaps, and nothing to measure by."""
    story = Story().propose()
    assert set(present(story)) == {"no-production-path", "wrong-problem", "vague-success"}


def test_what_is_due_later_does_not_stall_yet():
    """A reason that counts from hardening on is silent in the pilot, open though its criterion is."""
    story = Story().begin_pilot()
    assert story.verdict("harden.handoff").verdict == "unmet"
    assert "transition-unowned" not in present(story)
    assert "governance-not-engaged" in present(story)


@pytest.mark.parametrize(
    ("chapter", "reason", "criterion"),
    [
        ("begin_pilot", "governance-not-engaged", "pilot.clearance"),
        ("begin_evaluation", "business-case-thin", "evaluate.production-cost"),
        ("begin_hardening", "no-production-owner", "harden.ownership"),
        ("begin_hardening", "architecture-not-ready", "harden.rebuild"),
        ("begin_hardening", "change-plan-absent", "harden.change-plan"),
        ("begin_hardening", "transition-unowned", "harden.handoff"),
        ("begin_rollout", "organisation-not-ready", "deploy.adoption"),
    ],
)
def test_a_reason_is_present_until_its_criterion_holds(chapter, reason, criterion):
    """Each reason names the criterion that is open, since when, and what clears it."""
    story = Story()
    getattr(story, chapter)()
    found = next(s for s in stalls(story.playbook, story.standing, story.verdicts()) if s.id == reason)
    assert found.reason.startswith(f"{criterion} is ")
    assert found.since == story.standing.entered[story.standing.phase]
    assert found.clear.action
    assert found.clear.by


def test_a_reason_is_gone_once_its_criteria_hold():
    """After the handoff was accepted and the costs are known, those reasons are silent."""
    story = Story().begin_hardening()
    assert "transition-unowned" in present(story)
    story.attest_all("harden")
    assert "transition-unowned" not in present(story)
    assert "business-case-thin" not in present(story)


def test_a_pilot_without_records_ignores_production():
    """A pilot whose calls leave too little behind is laptop code, until they do."""
    story = Story().begin_pilot()
    story.measurements = None
    assert "production-ignored" in present(story)
    story.measurements = measured_well(story.now)
    assert "production-ignored" not in present(story)


def test_a_baseline_is_missed_from_the_pilot_on():
    """Before the pilot nobody could have measured; from then on success without a baseline is vague."""
    story = Story().propose().write_charter()
    assert "vague-success" not in present(story)
    story = Story().begin_pilot()
    story.measurements = measured_well(story.now, baseline=())
    assert present(story)["vague-success"].startswith("pilot.baseline is pending")


def test_what_was_killed_does_not_stall():
    """A killed workload has ended; nothing is expected of it."""
    story = Story().begin_pilot()
    story.does("eva", c.Kill(reason="It leaks names."))
    assert present(story) == {}
