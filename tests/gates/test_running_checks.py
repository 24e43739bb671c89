"""What runs has to bring what was promised and cost what was estimated, measured while it serves."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import Story, measured_well

from pilotage.evidence.measurements import Estimate, LeftOut, NotEstimable, QuarterBenefit, Traffic


def figure(value: float, width: float = 0.01) -> Estimate:
    """An estimate of so many calls."""
    return Estimate(value=value, low=value - width, high=value + width, calls=4000, units=900, method="between arms")


def quarter(value: float | None, width: float = 0.01, **changes: object) -> QuarterBenefit:
    """What the candidate brought in a whole quarter; None: nobody can tell."""
    seen = NotEstimable(reason="No label came.") if value is None else figure(value, width)
    whole = QuarterBenefit(
        quarter="2026-Q2",
        first=dt.date(2026, 4, 1),
        until=dt.date(2026, 7, 1),
        complete=True,
        months=("2026-04", "2026-05", "2026-06"),
        concurrent=True,
        held_back=0.05,
        incumbent=figure(0.7),
        candidate=figure(0.8),
        comparison=seen,
        sums={},
    )
    return structs.replace(whole, **changes)


def running(value: float | None, width: float = 0.01, **changes: object) -> QuarterBenefit:
    """The quarter after that, as far as it has come."""
    so_far = {"quarter": "2026-Q3", "first": dt.date(2026, 7, 1), "until": dt.date(2026, 10, 1), "complete": False}
    return quarter(value, width, **(so_far | {"months": ("2026-07",)} | changes))


@pytest.fixture
def story() -> Story:
    """A workload that serves."""
    return Story().begin_service()


def judged(story: Story, criterion: str, **measured) -> tuple[str, str]:
    """Verdict and reason once this was measured."""
    story.measurements = measured_well(story.now, **measured)
    verdict = story.verdict(criterion)
    return verdict.verdict, verdict.reason


def test_a_quarter_as_promised_is_met(story):
    """Above the floor and not shown to miss the target: met, with the quarter, the promise, who works without it, and
    the digest of its sums; it grows old from the quarter's end on.
    """
    promise = story.standing.charter.target.target
    verdict, reason = judged(story, "operate.value", quarters=(quarter(promise + 0.02, 0.001),))
    assert verdict == "met"
    assert "in 2026-Q2: " in reason
    assert "promised" in reason
    assert "Without the candidate: The rules route the ticket, as today." in reason
    found = story.verdict("operate.value")
    assert found.valid_until == dt.datetime(2026, 7, 1, tzinfo=dt.UTC) + dt.timedelta(days=100)
    assert {"2026-Q2, sums, SHA-256", "2026-Q2, method"} <= {one.figure for one in found.evidence}


def test_a_quarter_short_of_the_promise_is_unmet(story):
    """When even the best end of the interval misses the target, it falls short."""
    promise = story.standing.charter.target.target
    verdict, reason = judged(story, "operate.value", quarters=(quarter(promise - 0.2, 0.001),))
    assert verdict == "unmet"
    assert "falls short" in reason


def test_a_running_quarter_that_falls_short_counts_at_once(story):
    """Nobody has to wait for its end; but one that does well so far does not make up for the whole one before."""
    promise = story.standing.charter.target.target
    good, bad = promise + 0.02, promise - 0.2
    verdict, reason = judged(story, "operate.value", quarters=(quarter(good, 0.001), running(bad, 0.001)))
    assert (verdict, "2026-Q3 so far" in reason) == ("unmet", True)
    assert judged(story, "operate.value", quarters=(quarter(bad, 0.001), running(good, 0.001)))[0] == "unmet"
    assert judged(story, "operate.value", quarters=(quarter(good, 0.001), running(None)))[0] == "met"


def test_a_quarter_that_is_over_without_a_figure_is_unmet(story):
    """Each quarter has to be measured: one that is over and was not is no open question."""
    promise = story.standing.charter.target.target
    verdict, reason = judged(story, "operate.value", quarters=(quarter(None), running(promise + 0.02, 0.001)))
    assert verdict == "unmet"
    assert "2026-Q2 is over and was not measured: No label came." in reason


def test_a_part_of_a_quarter_does_not_keep_the_promise(story):
    """A figure that is without a month's stage is not met, however good it is, and says what is left out and why; one
    that falls short is unmet all the same.
    """
    promise = story.standing.charter.target.target
    without = (LeftOut(stage="2026-04 live-5/1", reason="All 3 calls belong to one unit."),)

    def part(value: float) -> QuarterBenefit:
        return quarter(value, comparison=structs.replace(figure(value, 0.001), left_out=without))

    verdict, reason = judged(story, "operate.value", quarters=(part(promise + 0.02),))
    assert verdict == "pending"
    assert "a part of 2026-Q2: 2026-04 live-5/1 is left out (All 3 calls belong to one unit)" in reason
    assert "2026-Q2, left out" in {one.figure for one in story.verdict("operate.value").evidence}
    assert judged(story, "operate.value", quarters=(part(promise - 0.2),))[0] == "unmet"


def test_a_running_quarter_is_judged_by_an_interval_for_all_looks(story):
    """An interval that would show a whole quarter to fall short does not show a running one to, since that is looked at
    all the time: the interval is half as wide again, or more, and the sentence says so.
    """
    promise = story.standing.charter.target.target
    near = promise - 0.011
    assert judged(story, "operate.value", quarters=(quarter(near),))[0] == "unmet"
    verdict, reason = judged(story, "operate.value", quarters=(running(near),))
    assert verdict != "unmet"
    assert "at all looks together" in reason
    assert judged(story, "operate.value", quarters=(running(promise - 0.03),))[0] == "unmet"


def test_before_the_first_whole_quarter_the_running_one_is_judged(story):
    """A quarter of which only the last days were live waits for the next; until then there is what there is."""
    promise = story.standing.charter.target.target
    late = quarter(promise - 0.2, 0.001, first=dt.date(2026, 6, 20))
    assert judged(story, "operate.value", quarters=(late, running(promise + 0.02, 0.001)))[0] == "met"
    verdict, reason = judged(story, "operate.value", quarters=(late, running(None)))
    assert (verdict, "No quarter has a figure yet." in reason) == ("pending", True)


def test_a_benefit_that_nobody_can_tell_is_pending(story):
    """An interval that holds floor and target, and no live call: pending."""
    promise = story.standing.charter.target.target
    assert judged(story, "operate.value", quarters=(quarter(promise, 0.9),))[0] == "pending"
    assert judged(story, "operate.value")[0] == "pending"


def test_a_benefit_without_a_holdback_says_so(story):
    """Against the frozen baseline it counts, and says that it is not concurrent."""
    promise = story.standing.charter.target.target
    alone = quarter(promise + 0.02, 0.001, concurrent=False, held_back=None)
    found = judged(story, "operate.value", quarters=(alone,))
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
    verdict, reason = judged(story, "operate.cost", spent=NotEstimable(reason="No cost was reported."))
    assert (verdict, reason.startswith("No cost was reported.")) == ("pending", True)
    assert "no week of calls" in judged(story, "operate.cost", spent=figure(0.02))[1]
    assert "too few calls" in judged(story, "operate.cost", spent=figure(0.031, 0.01), traffic=pace(8000))[1]


def test_an_estimate_that_names_no_call_is_none(story):
    """Without an estimated cost of a call there is nothing to hold the measured one against."""
    costing = story.standing.costing
    lines = {name: one for name, one in costing.lines.items() if one.fact.per != "call"}
    story.workload = structs.replace(story.standing, costing=structs.replace(costing, lines=lines))
    assert "no estimate of what a call costs" in judged(story, "operate.cost", spent=figure(0.02))[1]
