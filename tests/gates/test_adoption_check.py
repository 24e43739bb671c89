"""Adoption is judged against a plan that stood before, on enough of what people did, and never on the lack of it."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import Story, measured_well

from pilotage.evidence.measurements import AdoptionSeen, Estimate, Estimated, NotEstimable
from pilotage.gates.stall import stalls
from pilotage.record import commands as c
from pilotage.record.areas.adopting import RecordAdoptionPlan, counts_from
from pilotage.record.facts import Advanced, ExposureSet

PLAN = RecordAdoptionPlan(
    use_at_least=0.6,
    accepted_at_least=0.5,
    overridden_at_most=0.3,
    from_percent=25.0,
    after_days=7,
    actions_at_least=100,
    basis="The lead of the first line.",
)


def rate(value: float, width: float = 0.02) -> Estimate:
    """A share of so many answers."""
    return Estimate(
        value=value, low=value - width, high=value + width, calls=900, units=80, method="Wilson, clustered", level=0.9
    )


def seen(now: dt.datetime, **changes: object) -> AdoptionSeen:
    """Everything a little better than planned."""
    good: dict[str, Estimated] = {"use": rate(0.7), "accepted": rate(0.6), "overridden": rate(0.2)}
    until = now - dt.timedelta(days=3)
    counts = {"calls": 2000, "units": 80, "actions": 900}
    sums: dict[str, dict[str, float]] = {}
    found = AdoptionSeen(
        since=until - dt.timedelta(days=20), until=until, release="r1", sources=("real",), sums=sums, **counts, **good
    )
    return structs.replace(found, **changes)


@pytest.fixture
def story() -> Story:
    """A roll-out that has its plan and just began at 5 %."""
    story = Story().begin_rollout().attest_all("deploy")
    story.does("ann", PLAN)
    for one in story.verdicts().values():
        if one.phase == "deploy" and not one.passes and one.id != "deploy.adoption":
            story.waive(one.id)
    story.does("oli", c.Expose(mode="live", percent=5, reason="The first step."))
    return story


def reach(story: Story, days: int = 20) -> None:
    """The share of the plan is reached, and some days pass."""
    story.record(ExposureSet(mode="live", percent=25.0, cohorts=(), reason="The second step."), "oli")
    story.wait(days=days)


def judged(story: Story, **changes: object):
    """The verdict once this was measured."""
    story.measurements = measured_well(story.now, adoption=seen(story.now, **changes))
    return story.verdict("deploy.adoption")


def test_adoption_as_planned_is_met_and_measured(story):
    """Every rate shown beyond its plan: met, measured, with window, figures, method and the digest of the sums, and it
    grows old from the last call that counted.
    """
    reach(story)
    found = judged(story)
    assert (found.verdict, found.kind) == ("met", "measured")
    figures = {one.figure: one for one in found.evidence}
    assert figures["units that use it"].value == pytest.approx(0.7)
    assert figures["answers overridden"].n == 900
    assert figures["method"].value == "Wilson, clustered"
    assert len(str(figures["sums, SHA-256"].value)) == 64
    assert figures["adoption plan recorded by"].ledger is not None
    assert found.valid_until == story.now - dt.timedelta(days=3) + dt.timedelta(days=30)


def test_without_a_plan_it_waits():
    """Good figures without a plan meet nothing."""
    story = Story().begin_rollout()
    story.measurements = measured_well(story.now, adoption=seen(story.now))
    found = story.verdict("deploy.adoption")
    assert found.verdict == "pending"
    assert "no adoption plan" in found.reason


def test_before_the_share_it_waits(story):
    """Until the share of the plan is exposed, nothing is judged; and once exposure was taken back, no more."""
    assert "25 % of the traffic" in judged(story).reason
    reach(story)
    assert judged(story).verdict == "met"
    story.does("oli", c.Expose(mode="shadow", reason="Taken back."))
    assert judged(story).verdict == "pending"


def test_too_few_answers_wait_and_say_so(story):
    """It says how many of how many there are, and since when they count."""
    reach(story)
    found = judged(story, actions=99)
    assert found.verdict == "pending"
    assert "99 of 100 answers" in found.reason


def test_nothing_measured_waits(story):
    """No measurement at all is no pass."""
    reach(story)
    story.measurements = measured_well(story.now)
    assert story.verdict("deploy.adoption").verdict == "pending"
    story.measurements = None
    assert story.verdict("deploy.adoption").verdict == "pending"


@pytest.mark.parametrize(
    ("changes", "verdict", "named"),
    [
        ({"use": rate(0.4)}, "unmet", "Not as planned: units that use it."),
        ({"accepted": rate(0.4)}, "unmet", "Not as planned: answers taken as they are."),
        ({"overridden": rate(0.4)}, "unmet", "Not as planned: answers overridden."),
        ({"use": rate(0.61)}, "pending", "Not shown to be as planned yet: units that use it."),
        ({"accepted": NotEstimable(reason="Of too few.")}, "pending", "Of too few."),
        ({"overridden": rate(0.29)}, "pending", "Not shown to be as planned yet: answers overridden."),
    ],
)
def test_each_rate_decides(story, changes, verdict, named):
    """One rate that is shown to miss its plan makes it unmet; one that is open keeps it pending."""
    reach(story)
    found = judged(story, **changes)
    assert found.verdict == verdict
    assert named in found.reason


def test_calls_count_from_when_people_had_learned_and_the_plan_stood(story):
    """From the share plus the days to learn on; a plan written anew counts from itself on, so that none is fitted."""
    assert counts_from(story.standing) is None
    reach(story, days=20)
    reached = story.standing.exposures[-1].stamp.at
    assert counts_from(story.standing) == reached + dt.timedelta(days=7)
    story.does("ann", structs.replace(PLAN, use_at_least=0.3))
    assert counts_from(story.standing) == story.now


def radar(story: Story) -> dict[str, str]:
    """The reasons to stall that are present, with why."""
    found = stalls(story.playbook, story.standing, story.verdicts(), story.measurements, story.now)
    return {one.id: one.reason for one in found}


def test_low_adoption_is_on_the_radar(story):
    """Adoption that is shown to miss its plan means that the organisation is not ready; open adoption does not."""
    reach(story)
    judged(story, use=rate(0.4))
    assert "Units that use it: 40.0%" in radar(story)["organisation-not-ready"]
    judged(story, use=rate(0.6))
    assert "Units that use it" not in radar(story).get("organisation-not-ready", "")


def test_low_adoption_is_on_the_radar_after_the_gate_passed(story):
    """The verdict of the gate is frozen for its days; what people do since is not."""
    reach(story)
    judged(story)
    verdicts = {name: one.verdict for name, one in story.verdicts().items() if one.phase == "deploy"}
    story.record(Advanced(from_phase="deploy", to_phase="operate", verdicts=verdicts, digest="ab" * 32), "ann")
    assert judged(story, use=rate(0.4)).verdict == "met"
    assert "Low adoption" in radar(story)["organisation-not-ready"]
