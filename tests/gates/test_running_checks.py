"""What runs has to bring what was promised and cost what was estimated, measured while it serves."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import Story, measured_well

from pilotage.evidence.measurements import Estimate, LiveBenefit, NotEstimable, Traffic


def figure(value: float, width: float = 0.01) -> Estimate:
    """An estimate of so many calls."""
    return Estimate(value=value, low=value - width, high=value + width, calls=4000, units=900, method="between arms")


def benefit(value: float, width: float = 0.01, *, concurrent: bool = True) -> LiveBenefit:
    """What the candidate brings at the last step."""
    seen = figure(value, width)
    return LiveBenefit(
        stage="live-95/1", concurrent=concurrent, incumbent=figure(0.7), candidate=figure(0.8), comparison=seen
    )


@pytest.fixture
def story() -> Story:
    """A workload that serves."""
    return Story().begin_service()


def judged(story: Story, criterion: str, **measured) -> tuple[str, str]:
    """Verdict and reason once this was measured."""
    story.measurements = measured_well(story.now, **measured)
    verdict = story.verdict(criterion)
    return verdict.verdict, verdict.reason


def test_a_benefit_as_promised_is_met(story):
    """Above the floor and not shown to miss the target: met, with the figure, the promise and who works without it."""
    target = story.standing.charter.target
    verdict, reason = judged(story, "operate.value", benefit=benefit(target.target + 0.02, 0.001))
    assert verdict == "met"
    assert "promised" in reason
    assert "Without the candidate: The rules route the ticket, as today." in reason


def test_a_benefit_short_of_the_promise_is_unmet(story):
    """When even the best end of the interval misses the target, it falls short."""
    target = story.standing.charter.target
    verdict, reason = judged(story, "operate.value", benefit=benefit(target.target - 0.2, 0.001))
    assert verdict == "unmet"
    assert "falls short" in reason


def test_a_benefit_that_nobody_can_tell_is_pending(story):
    """An interval that holds floor and target, a figure that cannot be had and no live call: pending."""
    target = story.standing.charter.target
    assert judged(story, "operate.value", benefit=benefit(target.target, 0.9))[0] == "pending"
    assert judged(story, "operate.value", benefit=NotEstimable(reason="Nothing served."))[1] == "Nothing served."
    assert judged(story, "operate.value")[0] == "pending"


def test_a_benefit_without_a_holdback_says_so(story):
    """Against the frozen baseline it counts, and says that it is not concurrent."""
    target = story.standing.charter.target
    found = judged(story, "operate.value", benefit=benefit(target.target + 0.02, 0.001, concurrent=False))
    assert found[0] == "met"
    assert "not concurrent" in found[1]


def pace(calls: int) -> Traffic:
    """So many calls within four weeks."""
    first = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    return Traffic(calls=calls, counted=calls, first_call_at=first, last_call_at=first + dt.timedelta(days=28))


def test_costs_within_the_estimate_are_met(story):
    """The measured cost of a call and the present pace, within what was estimated: met, with the sum of a month."""
    verdict, reason = judged(story, "operate.cost", spent=figure(0.02, 0.001), traffic=pace(8000))
    assert verdict == "met"
    assert "USD a month" in reason


def test_costs_beyond_the_estimate_are_unmet(story):
    """A call that surely costs more, or more calls than were estimated, are named."""
    assert "a call costs more" in judged(story, "operate.cost", spent=figure(0.08, 0.001), traffic=pace(8000))[1]
    verdict, reason = judged(story, "operate.cost", spent=figure(0.02, 0.001), traffic=pace(60_000))
    assert verdict == "unmet"
    assert "more calls than 700,000" in reason


def test_costs_that_nobody_can_tell_are_pending(story):
    """No report, no pace, no estimate, or too few calls to tell: pending."""
    assert judged(story, "operate.cost", spent=None)[0] == "pending"
    assert (
        judged(story, "operate.cost", spent=NotEstimable(reason="No cost was reported."))[1] == "No cost was reported."
    )
    assert "no week of calls" in judged(story, "operate.cost", spent=figure(0.02))[1]
    assert "too few calls" in judged(story, "operate.cost", spent=figure(0.031, 0.01), traffic=pace(8000))[1]


def test_an_estimate_that_names_no_call_is_none(story):
    """Without an estimated cost of a call there is nothing to hold the measured one against."""
    costing = story.standing.costing
    lines = {name: one for name, one in costing.lines.items() if one.fact.per != "call"}
    story.workload = structs.replace(story.standing, costing=structs.replace(costing, lines=lines))
    assert "no estimate of what a call costs" in judged(story, "operate.cost", spent=figure(0.02))[1]
