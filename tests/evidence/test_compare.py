from __future__ import annotations

import numpy as np
import pytest
from msgspec import structs
from tests.evidence.simulated import money, paired_calls, right, totals

from pilotage.evidence.compare import (
    arm,
    live_difference,
    live_improvement,
    paired_difference,
    paired_improvement,
)
from pilotage.evidence.intervals import tango
from pilotage.evidence.measurements import Estimate, LeftOut, NotEstimable
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals

COMPARISONS = (paired_difference, paired_improvement)


def stage(y, z, name="live/5/1", **fields):
    """A live stage: the candidate's values and the incumbent's, one call per unit."""
    return StageTotals(stage=name, candidate=totals(y, **fields), incumbent=totals(z, **fields))


def test_nothing_gives_no_figure():
    """Without calls, or with calls of a single unit, there is no estimate but the reason."""
    for estimate in (arm, *COMPARISONS):
        assert isinstance(estimate(right(), Totals()), NotEstimable)
        one_unit = estimate(right(), totals([1, 0, 1], [0, 0, 1], units=[7, 7, 7]))
        assert isinstance(one_unit, NotEstimable)
        assert "one unit" in one_unit.reason
        assert one_unit.calls == 3


def test_one_call_per_unit_gets_tangos_interval():
    """Paired shares with one call per unit are compared by Tango's test exactly."""
    y = np.repeat([1, 1, 0, 0], [4, 9, 3, 16])
    z = np.repeat([1, 0, 1, 0], [4, 9, 3, 16])
    found = paired_difference(right(shift=0.4), totals(y, z, shift=0.4))
    assert isinstance(found, Estimate)
    assert found.method == "Tango"
    assert (found.low, found.high) == pytest.approx(tango(9, 3, 32), abs=1e-9)
    assert found.value == pytest.approx(6 / 32)
    assert (found.calls, found.units) == (32, 32)


def test_lower_is_better_turns_the_difference_round():
    """A candidate that errs less is better by a positive difference."""
    y, z = [0] * 30 + [1] * 2, [0] * 20 + [1] * 12
    higher = paired_difference(right(), totals(y, z))
    lower = paired_difference(right(direction="lower"), totals(y, z))
    assert isinstance(higher, Estimate)
    assert isinstance(lower, Estimate)
    assert lower.value == pytest.approx(10 / 32)
    assert (lower.value, lower.low, lower.high) == pytest.approx((-higher.value, -higher.high, -higher.low))


def test_calls_that_cluster_widen_the_interval():
    """A hundred units that repeat the same call twenty times tell as much as a hundred calls, not two thousand."""
    y, z = paired_calls(np.random.default_rng(1), 100, 0.6, 0.1)
    single = paired_difference(right(), totals(y, z))
    repeated = paired_difference(
        right(), totals(np.repeat(y, 20), np.repeat(z, 20), units=np.repeat(np.arange(100), 20))
    )
    assert isinstance(single, Estimate)
    assert isinstance(repeated, Estimate)
    assert repeated.value == pytest.approx(single.value)
    assert repeated.high - repeated.low >= single.high - single.low
    assert repeated.high - repeated.low < 1.1 * (single.high - single.low)
    for values in (y, z):
        once, often = (
            arm(right(), totals(values)),
            arm(right(), totals(np.repeat(values, 20), units=np.repeat(np.arange(100), 20))),
        )
        assert isinstance(once, Estimate)
        assert isinstance(often, Estimate)
        assert often.high - often.low >= once.high - once.low


def test_two_large_units_do_not_look_like_thousands_of_calls():
    """However many calls two units have, their agreement is luck: the interval says so."""
    values = np.tile([1, 0], 1000)
    found = arm(right(), totals(values, units=np.repeat([1, 2], 1000)))
    assert isinstance(found, Estimate)
    assert found.high - found.low > 0.7


def test_no_error_seen_is_not_no_error():
    """With none in 800 units the upper limit is the score limit for 800, however many calls they made."""
    found = arm(right(direction="lower"), totals(np.zeros(8000), units=np.repeat(np.arange(800), 10)))
    assert isinstance(found, Estimate)
    assert found.value == 0.0
    assert found.high == pytest.approx(3.8415 / (800 + 3.8415), rel=1e-4)


def test_equal_values_leave_room_for_what_was_not_seen():
    """A cost that never varied may still vary: the interval reaches as far as the unseen share of units could pull."""
    found = arm(money(), totals(np.full(100, 2.0)))
    assert isinstance(found, Estimate)
    assert "no spread" in found.method
    assert found.low == pytest.approx(2.0 - 0.037 * 2.0, abs=1e-3)
    assert found.high == pytest.approx(2.0 + 0.037 * 98.0, abs=1e-2)


def test_a_paired_mean_is_refused_while_too_skewed():
    """Below 355 skewness^2 units the mean of differences has no trustworthy interval, and the reason says how many."""
    rng = np.random.default_rng(5)
    z = np.full(500, 1.0)
    y = np.where(rng.random(500) < 0.01, 90.0, 1.0)
    found = paired_difference(money(), totals(y, z))
    assert isinstance(found, NotEstimable)
    assert "too skewed" in found.reason
    even = paired_difference(money(), totals(rng.normal(10, 2, 500), rng.normal(12, 2, 500)))
    assert isinstance(even, Estimate)
    assert even.value == pytest.approx(2.0, abs=0.4)


def test_an_improvement_is_a_share_of_the_incumbents_mean():
    """A candidate that costs 8 where the incumbent costs 10 is 20 % better, with an interval around it."""
    rng = np.random.default_rng(6)
    z = rng.normal(10, 2, 2000)
    found = paired_improvement(money(shift=9.0), totals(0.8 * z + rng.normal(0, 1, 2000), z, shift=9.0))
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.2, abs=0.01)
    assert 0.18 < found.low < found.value < found.high < 0.22


def test_an_improvement_of_higher_is_better_is_a_gain():
    """Nine right where the incumbent has six right is 50 % better."""
    y, z = np.tile([1, 1, 1, 0], 300), np.tile([1, 1, 0, 0], 300)
    found = paired_improvement(right(), totals(y, z))
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.5)
    assert found.low < 0.5 < found.high


def test_a_share_of_nothing_is_refused():
    """Where the incumbent's mean may be zero, an improvement by a share of it means nothing."""
    rng = np.random.default_rng(8)
    found = paired_improvement(money(lo=-100.0), totals(rng.normal(0, 1, 500), rng.normal(0, 1, 500)))
    assert isinstance(found, NotEstimable)
    constant = paired_improvement(money(), totals(np.full(50, 1.0), np.full(50, 2.0)))
    assert isinstance(constant, NotEstimable)


def test_live_arms_are_compared_between_units():
    """Live, the candidate's units are compared with the incumbent's."""
    rng = np.random.default_rng(9)
    found = live_difference(money(), [stage(rng.normal(8, 2, 400), rng.normal(10, 2, 4000))])
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(2.0, abs=0.3)
    assert found.low < 2.0 < found.high
    assert (found.calls, found.units) == (4400, 4400)


def test_stages_are_never_pooled():
    """While the share rises and the base rate falls, pooled calls would show a gain where each stage shows none."""
    rng = np.random.default_rng(10)
    early = stage(rng.random(100) < 0.8, rng.random(9900) < 0.8, "live/1/1")
    late = stage(rng.random(5000) < 0.2, rng.random(5000) < 0.2, "live/50/1")
    found = live_difference(right(), [early, late])
    assert isinstance(found, Estimate)
    assert found.low < 0.0 < found.high
    assert found.method.endswith("2 stages")
    pooled = live_difference(
        right(), [StageTotals(candidate=early.candidate + late.candidate, incumbent=early.incumbent + late.incumbent)]
    )
    assert isinstance(pooled, Estimate)
    assert pooled.high < -0.2


def test_a_stage_without_one_arm_is_left_out():
    """A stage that has only just begun does not spoil the others, and is named; with none left the reason is given."""
    rng = np.random.default_rng(11)
    full = stage(rng.normal(8, 2, 400), rng.normal(10, 2, 400))
    begun = StageTotals(stage="live/25/1", incumbent=totals(rng.normal(10, 2, 50)))
    found = live_difference(money(), [full, begun, StageTotals(stage="live/50/1")])
    assert structs.replace(found, left_out=()) == live_difference(money(), [full])
    assert found.left_out == (LeftOut(stage="live/25/1", reason="There are no calls of the candidate yet."),)
    assert isinstance(live_difference(money(), [begun]), NotEstimable)
    assert isinstance(live_difference(money(), []), NotEstimable)


def test_a_live_share_needs_one_stage():
    """A ratio between arms is given for one stage and refused for several."""
    rng = np.random.default_rng(12)
    one = stage(rng.normal(8, 2, 2000), rng.normal(10, 2, 2000))
    found = live_improvement(money(), [one])
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.2, abs=0.02)
    assert found.calls == 4000
    assert isinstance(live_improvement(money(), [one, one]), NotEstimable)


def test_an_improvement_needs_no_even_arms():
    """Two skewed costs that move together compare well: what has to be even is candidate minus ratio x incumbent."""
    rng = np.random.default_rng(13)
    z = rng.exponential(10.0, 1000)
    found = paired_improvement(money(), totals(0.8 * z + rng.normal(0, 1, 1000), z))
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.2, abs=0.02)
    burst = np.where(rng.random(1000) < 0.005, 90.0, 0.0)
    assert isinstance(paired_improvement(money(), totals(0.8 * z + burst, z)), NotEstimable)
