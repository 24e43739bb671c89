from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence.simulated import money, promise, totals

from pilotage.evidence import ratios
from pilotage.evidence.figures import figures, live_figures
from pilotage.evidence.guardrails import judge
from pilotage.evidence.measurements import Estimate, NotEstimable
from pilotage.evidence.statistic import Statistic, statistic
from pilotage.evidence.strata import StageTotals
from pilotage.playbook.metrics import Cost, Guardrail, Tokens

Z95 = 1.959963984540054


def price(**fields):
    """Dollars for each thousand tokens."""
    return money(kind="ratio", source=Cost(), denominator=Tokens(), denominator_hi=50.0, **fields)


def values(rng, units, ratio, size=3):
    """Calls of units that differ in size and in price: numerators, denominators, and the units."""
    unit = np.repeat(np.arange(units), size)
    z = rng.gamma(4.0, 1.0, units * size)
    own = np.repeat(rng.normal(1.0, 0.2, units), size)
    return ratio * z * own * rng.uniform(0.5, 1.5, units * size), z, unit


def test_a_ratio_is_the_sums_divided():
    """What all calls cost divided by what all calls took, never the mean of calls' ratios."""
    found = ratios.arm(totals([1.0, 10.0, 4.0], [1.0, 2.0, 5.0]), 0.5)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(15.0 / 8.0)
    assert found.low < found.value < found.high


def test_the_interval_holds_what_the_score_test_does_not_reject():
    """At its ends the mean of y - T z lies just two-sided-critical errors from zero, its variance taken at T."""
    y, z, unit = values(np.random.default_rng(1), 60, 2.0)
    found = ratios.arm(totals(y, z, unit), 0.95)
    for end in (found.low, found.high):
        by_unit = np.bincount(unit, y - end * z)
        assert abs(by_unit.sum()) / math.sqrt((by_unit**2).sum()) == pytest.approx(Z95)


def test_a_ratio_equals_the_delta_method_where_units_are_many():
    """With many units the interval is that of the linearised influence (Deng, Knoblich and Lu)."""
    y, z, unit = values(np.random.default_rng(2), 20_000, 2.0)
    found = ratios.arm(totals(y, z, unit), 0.95)
    influence = np.bincount(unit, y - found.value * z) / z.sum()
    assert found.high - found.value == pytest.approx(Z95 * math.sqrt((influence**2).sum()), rel=0.01)


@pytest.mark.parametrize(
    ("y", "z", "reason"),
    [
        ([], [], "no calls"),
        ([1.0, 2.0], [0.0, 0.0], "nothing to divide by"),
        ([1.0, 2.0, 3.0, 9.0], [2.0, 4.0, 6.0, 18.0], "same ratio"),
        ([1.0, 9.0, 3.0], [1.0, 0.0, 0.0], "could be anything"),
    ],
)
def test_a_ratio_that_nothing_is_known_of_is_refused(y, z, reason):
    """No denominator, no spread, or a denominator that may be zero: a reason, not a number."""
    found = ratios.arm(totals(y, z), 0.95)
    assert isinstance(found, NotEstimable)
    assert reason in found.reason


def test_coverage_of_a_ratio():
    """The 95 % interval of a clustered ratio covers the true one in 94 to 96 of 100 simulated cases."""
    rng, hits, runs = np.random.default_rng(5), 0, 3000
    for _ in range(runs):
        y, z, unit = values(rng, 200, 2.0)
        found = ratios.arm(totals(y, z, unit), 0.95)
        hits += found.low <= 2.0 <= found.high
    assert 0.94 <= hits / runs <= 0.96


def test_a_paired_difference_is_right_for_any_correlation():
    """Whether the arms move together or against each other, the interval covers no difference often enough."""
    rng, runs = np.random.default_rng(6), 400
    for sign in (1.0, -1.0):
        hits = 0
        for _ in range(runs):
            z = rng.uniform(1.0, 3.0, 300)
            noise = rng.normal(0.0, 0.5, 300)
            stage = StageTotals(
                paired=totals((2.0 + noise) * z, z), paired_incumbent=totals((2.0 + sign * noise) * z, z)
            )
            found = ratios.paired_difference(price(), stage, 0.95)
            hits += found.low <= 0.0 <= found.high
        assert hits / runs >= 0.94
        assert found.method == "paired ratios, bound for any correlation"


def test_the_arms_ratios_are_compared_live():
    """Between the arms the intervals of both ratios are joined, oriented so that cheaper is better."""
    rng = np.random.default_rng(7)
    cheap, dear = values(rng, 400, 1.0), values(rng, 400, 2.0)
    stage = StageTotals(stage="live/50/1", candidate=totals(*cheap), incumbent=totals(*dear))
    found = live_figures(price(), "difference", (stage,))
    assert found.comparison.low < 1.0 < found.comparison.high
    assert found.comparison.low > 0.0
    assert isinstance(live_figures(price(), "share", (stage,)).comparison, NotEstimable)


def test_a_target_on_a_ratio_is_tested_without_dividing():
    """The statistic is that of the mean of y - T z, and its information is on the scale of the ratio."""
    y, z, unit = values(np.random.default_rng(8), 200, 2.0)
    stage = StageTotals(stage="shadow/1", candidate=totals(y, z, unit))
    target = promise(metric="money", form="own", floor=3.0, target=2.2, expected=1.8)
    found = statistic(target, price(), (stage,))
    by_unit = np.bincount(unit, 2.2 * z - y)
    assert found.z == pytest.approx(by_unit.sum() / math.sqrt((by_unit**2).sum()))
    influence = np.bincount(unit, y - y.sum() / z.sum() * z)
    assert found.information == pytest.approx(z.sum() ** 2 / (influence**2).sum())


def test_false_go_of_a_ratio_exactly_at_its_target():
    """At the target a one-sided test at 5 % is passed in about 5 of 100 runs, clusters and all."""
    rng, runs, target = np.random.default_rng(9), 2000, promise(metric="money", form="own", target=2.0)
    passed = 0
    for _ in range(runs):
        y, z, unit = values(rng, 150, 2.0)
        stage = StageTotals(stage="shadow/1", candidate=totals(y, z, unit))
        found = statistic(target, price(), (stage,))
        passed += isinstance(found, Statistic) and found.z > 1.6449
    assert passed / runs <= 0.06


def test_a_guardrail_on_a_ratio_holds_or_breaks():
    """A limit is judged on the candidate's ratio, a margin on the bound of the paired difference."""
    rng = np.random.default_rng(10)
    y, z, unit = values(rng, 400, 2.0)
    pair = totals(y, z, unit)
    stage = StageTotals(stage="shadow/1", candidate=pair, paired=pair, paired_incumbent=pair)
    assert judge(Guardrail(metric="money", limit=2.5), price(), stage, live=False).status == "within"
    assert judge(Guardrail(metric="money", limit=1.5), price(), stage, live=False).status == "breached"
    assert judge(Guardrail(metric="money", margin=1.0), price(), stage, live=False).status == "within"
    assert judge(Guardrail(metric="money", margin=0.01), price(), stage, live=False).status == "undecided"
    assert figures(price(), "difference", (stage,)).comparison.value == 0.0


@given(st.floats(0.1, 20.0), st.floats(0.1, 20.0))
def test_a_ratio_moves_with_its_units_of_measure(of_y, of_z):
    """In cents for each thousand the figures are those in dollars for each one, times the factor."""
    y, z, unit = values(np.random.default_rng(11), 50, 2.0)
    plain, scaled = ratios.arm(totals(y, z, unit), 0.9), ratios.arm(totals(of_y * y, of_z * z, unit), 0.9)
    for name in ("value", "low", "high"):
        assert getattr(scaled, name) == pytest.approx(getattr(plain, name) * of_y / of_z, rel=1e-6)
