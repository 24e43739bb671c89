"""The always-valid band and the effect of whole days: diagnostics beside the bounds, which decide."""

from __future__ import annotations

import math

import numpy as np
import pytest
from msgspec import structs
from tests.evidence.simulated import DAY, money, promise, right, totals

from pilotage.evidence.band import band, critical
from pilotage.evidence.day_effect import day_effect
from pilotage.evidence.looks import read_looks
from pilotage.evidence.measurements import NotEstimable
from pilotage.evidence.strata import LookSums, StageTotals
from pilotage.evidence.sums import UnitSum


def stage(calls, seed=1):
    """Paired single calls, the candidate right alone on 12.5 %, the incumbent alone on 7.5 %."""
    spin = np.random.default_rng(seed).random(calls)
    y, z = (spin < 0.125) | (spin >= 0.4), ((spin >= 0.125) & (spin < 0.2)) | (spin >= 0.4)
    return StageTotals(stage="shadow/1", paired=totals(y, z))


def test_the_band_is_wider_than_an_interval_and_widest_early():
    """Its critical value falls to about three at a quarter of the information, where it is least, and stays there."""
    assert [critical(t) for t in (0.01, 0.05, 0.25, 1.0)] == pytest.approx([4.92, 3.32, 3.04, 3.14], abs=0.01)
    assert min((critical(t / 100.0), t) for t in range(1, 101))[1] == pytest.approx(25, abs=2)
    assert critical(0.0) == math.inf


def test_the_critical_value_is_that_of_the_confidence_sequence():
    """The half width equals sqrt(2 (t rho^2 + 1) / (t rho)^2 ln(sqrt(t rho^2 + 1) / alpha)) standard deviations over
    the calls t, with rho tuned to a quarter of the planned calls.
    """
    planned, calls, alpha = 4000.0, 1500.0, 0.05
    tuning = -2.0 * math.log(alpha)
    rho = math.sqrt((tuning + math.log(tuning) + 1.0) / (planned / 4.0))
    half = math.sqrt(
        2.0 * (calls * rho**2 + 1.0) / (calls * rho) ** 2 * math.log(math.sqrt(calls * rho**2 + 1.0) / alpha)
    )
    assert critical(calls / planned) / math.sqrt(calls) == pytest.approx(half, rel=1e-12)


def test_every_look_has_its_band_and_the_band_decides_nothing():
    """A look carries the band around its estimate; where it is too early, there is none, and bounds are as before."""
    looks = [LookSums(day=DAY, stages=(stage(900),))]
    seen = read_looks(promise(), right(), looks, planned=4000.0 / 0.25, alpha=0.025, deadline=DAY, final=True).looks[0]
    assert seen.band_low < seen.estimate.low < seen.estimate.high < seen.band_high
    estimate = seen.estimate
    assert band(right(), "difference", estimate, 0.0005) == (None, None)
    assert band(right(), "difference", NotEstimable(reason="None."), 0.5) == (None, None)
    wide = structs.replace(estimate, low=-0.9, high=0.9)
    assert band(right(), "difference", wide, 0.5) == (-1.0, 1.0)
    assert band(right(), "own", wide, 0.5) == (0.0, 1.0)
    assert band(right(), "share", wide, 0.5)[1] > 1.0


def days_of(shock, days=60, calls=100, seed=3):
    """Daily sums and totals over units of paired costs whose difference moves by a shock that a whole day shares."""
    rng = np.random.default_rng(seed)
    moved = shock * rng.normal(size=days)[:, None]
    y, z = 50.0 + moved + rng.normal(0.0, 3.0, (days, calls)), 50.0 + rng.normal(0.0, 3.0, (days, calls))
    sums = [UnitSum(float(calls), float(a.sum()), float(b.sum())) for a, b in zip(y, z, strict=True)]
    return sums, totals(y.ravel(), z.ravel())


def test_days_that_move_together_are_noticed_with_their_factor():
    """A daily shock of one makes the errors sqrt(1 + 100/18) = 2.6 times larger than units say, and that is seen."""
    sums, units = days_of(1.0)
    found = day_effect(money(), sums, units, -1.0, 1.0)
    assert found.verdict == "violated"
    assert found.figure == pytest.approx(math.sqrt(1.0 + 100.0 / 18.0), rel=0.2)
    assert "times too small" in found.reason


def test_days_without_a_shock_are_rarely_accused():
    """Without one, 2 % of 400 histories at most are called violated, at a level of one."""
    found = [day_effect(money(), *days_of(0.0, calls=20, seed=seed), -1.0, 1.0) for seed in range(400)]
    assert np.mean([one.verdict == "violated" for one in found]) <= 0.025
    assert np.mean([one.figure for one in found]) == pytest.approx(1.0, abs=0.02)


def test_few_days_tell_nothing():
    """Fewer than five days, or no spread, and there is no verdict."""
    sums, units = days_of(1.0, days=4)
    assert day_effect(money(), sums, units, -1.0, 1.0).verdict == "not_estimable"
    flat = [UnitSum(10.0, 5.0, 5.0)] * 6
    assert day_effect(money(), flat, totals(np.ones(60), np.ones(60)), -1.0, 1.0).verdict == "not_estimable"


@pytest.mark.parametrize("per", ["unit_sum", "unit_mean"])
def test_days_of_calls_say_nothing_of_a_value_by_unit(per):
    """A day's sums are of calls: they are not held against a metric that counts one value of each unit."""
    sums, units = days_of(1.0)
    found = day_effect(money(per=per), sums, units, -1.0, 1.0)
    assert (found.verdict, found.figure) == ("not_estimable", None)
    assert "by unit" in found.reason
