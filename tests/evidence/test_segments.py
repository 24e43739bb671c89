from __future__ import annotations

import numpy as np
import pytest
from tests.evidence.simulated import money, paired_calls, promise, right, totals

from pilotage.evidence.measurements import Estimate, NotEstimable
from pilotage.evidence.segments import FALSE_DISCOVERIES, guardrail_segments, target_segments
from pilotage.evidence.strata import StageTotals
from pilotage.playbook.metrics import Guardrail

SIZES = (25, 30, 40, 60, 90, 150, 300, 600)


def stage(y, z=None, units=None, **metric):
    """One shadow stage with these pairs."""
    return (StageTotals(stage="shadow/1", paired=totals(y, z, units, **metric), candidate=totals(y, units=units)),)


def simulated(rng, gains):
    """A segment of each size, where the candidate gains that much."""
    return {
        f"team=t{i}": stage(*paired_calls(rng, size, 0.7, gain))
        for i, (size, gain) in enumerate(zip(SIZES * (len(gains) // len(SIZES)), gains, strict=True))
    }


def test_segments_exactly_at_the_floor_are_hardly_ever_flagged():
    """Over 250 draws of 16 segments of 25 to 600 calls, all exactly at the floor, at most seven tables in a hundred
    have any flag that a segment lies below it: then every flag is a false discovery.
    """
    rng = np.random.default_rng(21)
    flagged = 0
    for _ in range(250):
        table = target_segments(promise(floor=0.0), right(), simulated(rng, [0.0] * 16))
        flagged += any("beyond_bound" in one.flags for one in table.segments)
    assert flagged / 250 <= FALSE_DISCOVERIES + 0.02


def test_segments_that_are_all_alike_are_hardly_ever_called_worse_than_the_others():
    """The same where all segments are five points better: none is worse than the others."""
    rng = np.random.default_rng(22)
    flagged = sum(
        any(one.flags for one in target_segments(promise(), right(), simulated(rng, [0.05] * 16)).segments)
        for _ in range(100)
    )
    assert flagged / 100 <= FALSE_DISCOVERIES


def test_of_the_segments_flagged_few_are_false_and_the_true_failures_are_found():
    """Where the two largest of 16 segments lie fifteen points below the floor and the others at it, the mean share of
    false flags stays at the declared rate, and the failing ones are found nine times in ten.
    """
    rng = np.random.default_rng(23)
    gains = [0.0] * 16
    gains[7] = gains[15] = -0.15
    false, found = [], 0
    for _ in range(100):
        table = target_segments(promise(floor=0.0), right(), simulated(rng, gains))
        flagged = {one.segment for one in table.segments if "beyond_bound" in one.flags}
        truly = flagged & {"team=t7", "team=t15"}
        found += len(truly)
        false.append(len(flagged - truly) / max(len(flagged), 1))
    assert np.mean(false) <= FALSE_DISCOVERIES
    assert found / 200 >= 0.9


def test_pooled_segments_err_less_than_raw_ones():
    """Over 100 draws with true gains that differ by a few points, the pooled figures lie nearer to the truth."""
    rng = np.random.default_rng(24)
    raw = pooled = 0.0
    for _ in range(100):
        gains = list(rng.normal(0.05, 0.03, 8))
        table = target_segments(promise(), right(), simulated(rng, gains))
        for one in table.segments:
            assert isinstance(one.raw, Estimate)
            assert isinstance(one.pooled, Estimate)
            truth = gains[int(one.segment.removeprefix("team=t"))]
            raw += (one.raw.value - truth) ** 2
            pooled += (one.pooled.value - truth) ** 2
    assert pooled < 0.5 * raw


def test_a_failing_segment_comes_first_and_small_ones_do_not_shout():
    """A handful of bad calls is not tested, is drawn to the mean, carries no flag and is listed last."""
    rng = np.random.default_rng(25)
    segments = {f"team=t{i}": stage(*paired_calls(rng, 500, 0.7, 0.05)) for i in range(6)}
    segments["team=tiny"] = stage([0, 0, 0, 1, 0], [1, 1, 1, 1, 1])
    segments["team=bad"] = stage(*paired_calls(rng, 500, 0.7, -0.15))
    table = target_segments(promise(floor=0.0), right(), segments)
    tiny = next(one for one in table.segments if one.segment == "team=tiny")
    assert isinstance(tiny.raw, Estimate)
    assert isinstance(tiny.pooled, Estimate)
    assert tiny.raw.value < -0.5 < tiny.pooled.value
    assert tiny.flags == ()
    assert "Too little" in tiny.why
    assert table.segments[0].segment == "team=bad"
    assert table.segments[0].flags == ("beyond_bound", "worse_than_others")
    assert [one.segment for one in table.flagged] == ["team=bad"]
    assert table.segments[-1].segment == "team=tiny"


def test_lower_is_better_under_the_form_own_puts_the_dearest_segment_first():
    """A cost is worst where it is highest, and the floor is a cost not to be exceeded."""
    rng = np.random.default_rng(26)
    segments = {f"team=t{i}": stage(rng.uniform(0, 20 + 10 * i, 400)) for i in range(5)}
    target = promise(metric="money", form="own", baseline=30.0, floor=25.0, target=20.0, expected=10.0)
    table = target_segments(target, money(), segments)
    assert [one.segment for one in table.segments] == [f"team=t{i}" for i in (4, 3, 2, 1, 0)]
    assert {one.segment for one in table.segments if "beyond_bound" in one.flags} == {"team=t4"}
    assert table.spreads[0].worst == "team=t4"
    assert table.spreads[0].best == "team=t0"


def test_a_guardrails_spread_between_segments_is_shown():
    """How far the worst segment lies from the best, and whether chance explains it, without any new criterion."""
    rng = np.random.default_rng(27)
    segments = {f"sex={s}": stage(*paired_calls(rng, 800, 0.7, gain)) for s, gain in (("f", -0.1), ("m", 0.1))}
    table = guardrail_segments(Guardrail(metric="right", margin=0.02), promise(), right(), segments)
    (spread,) = table.spreads
    assert (spread.worst, spread.best) == ("sex=f", "sex=m")
    assert spread.range == pytest.approx(0.2, abs=0.06)
    assert spread.p is not None
    assert spread.p < 0.001
    assert not spread.pooled
    assert table.bound == -0.02
    assert table.flagged[0].segment == "sex=f"


def test_a_limit_is_held_against_the_candidates_own_mean():
    """A guardrail with a limit has segments under the form own."""
    rng = np.random.default_rng(28)
    segments = {f"sex={s}": stage(rng.uniform(0, most, 300)) for s, most in (("f", 30), ("m", 60))}
    table = guardrail_segments(Guardrail(metric="money", limit=20.0), promise(), money(), segments)
    assert table.form == "own"
    assert [one.segment for one in table.flagged] == ["sex=m"]


def test_segments_of_several_keys_are_pooled_key_by_key():
    """A call belongs to a segment of each key, so the keys are not mixed; shares add up to one within a key."""
    rng = np.random.default_rng(29)
    segments = {f"team=t{i}": stage(*paired_calls(rng, 100, 0.7, 0.05)) for i in range(4)}
    segments |= {f"sex={s}": stage(*paired_calls(rng, 200, 0.7, 0.05)) for s in "fm"}
    table = target_segments(promise(), right(), segments)
    for key in ("team", "sex"):
        assert sum(one.share for one in table.segments if one.key == key) == pytest.approx(1.0)
    assert all(isinstance(one.pooled, Estimate) == (one.key == "team") for one in table.segments)


def test_segments_without_values_say_so():
    """Nothing measured, nothing flagged, and the reason beside it."""
    assert target_segments(promise(), right(), {}).reason
    table = target_segments(promise(), right(), {"team=a": (StageTotals(stage="shadow/1"),)})
    (row,) = table.segments
    assert isinstance(row.raw, NotEstimable)
    assert row.why == row.raw.reason
    assert table.spreads[0].reason
