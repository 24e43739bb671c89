from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence.simulated import money, promise, right

from pilotage.evidence.betting import (
    STAKES,
    bets_for,
    contrast,
    evidence,
    log_wealth,
    summed_log_wealth,
    unit_log_wealth,
)
from pilotage.evidence.plan import BetThreshold, MeasurementPlan
from pilotage.evidence.sums import UnitSum
from pilotage.evidence.values import value_range
from pilotage.playbook.metrics import Guardrail


def test_there_are_ten_bettors_from_bold_to_timid():
    """Stakes halve from a half to a thousandth of what can be staked without ruin."""
    assert len(log_wealth(0.2, 0.5, 0.0, 1.0)) == 10
    assert log_wealth(0.2, 0.5, 0.0, 1.0) == pytest.approx([math.log(1 + s / 0.5 * 0.3) for s in STAKES])


@given(st.floats(0, 1), st.floats(-0.5, 0.99))
def test_no_unit_ruins_a_bettor(x, threshold):
    """Whatever a unit does, half of the wealth is left at least."""
    assert min(log_wealth(x, threshold, 0.0, 1.0)) >= math.log(0.5) - 1e-12


def test_falling_short_earns_and_exceeding_loses():
    """The evidence grows with units below the threshold and shrinks with units above it."""
    assert min(log_wealth(0.4, 0.5, 0.0, 1.0)) > 0.0
    assert max(log_wealth(0.6, 0.5, 0.0, 1.0)) < 0.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_the_evidence_is_the_mean_wealth(xs):
    """Sums of logs, in any order, give the mean over bettors of what each has won."""
    sums = [math.fsum(column) for column in zip(*(log_wealth(x, 0.5, 0.0, 1.0) for x in xs), strict=True)]
    wealth = [math.prod(1 + s / 0.5 * (0.5 - x) for x in xs) for s in STAKES]
    assert evidence(sums) == pytest.approx(sum(wealth) / 10)


def test_evidence_stays_a_number_that_can_be_written_down():
    """After years of shortfall the evidence is beyond doubt but finite; after years of success it is nothing."""
    assert evidence([5000.0] * 10) == pytest.approx(1e300)
    assert evidence([-5000.0] * 10) == 0.0


def test_bets_that_would_void_the_guarantee_are_refused():
    """A value outside its bounds, or a threshold beyond them, is an error and no bet."""
    with pytest.raises(ValueError, match="outside"):
        log_wealth(1.1, 0.5, 0.0, 1.0)
    with pytest.raises(ValueError, match="no value can exceed"):
        log_wealth(0.5, 1.0, 0.0, 1.0)
    assert log_wealth(1.0 + 1e-12, 0.5, 0.0, 1.0) == log_wealth(1.0, 0.5, 0.0, 1.0)


@pytest.mark.parametrize("metric", [right(shift=0.7), money(shift=20.0), money(direction="higher", failure_value=-5.0)])
@pytest.mark.parametrize("form", ["own", "difference", "share"])
def test_a_floor_bet_is_oriented_bounded_and_on_the_stored_scale(metric, form):
    """Whatever the form and direction, x lies in its bounds and exceeds the threshold when the floor is exceeded."""
    floor = {"own": 0.4 if metric.kind == "proportion" else 15.0, "difference": 0.02, "share": 0.1}[form]
    target = promise(metric=metric.id, form=form, floor=floor)
    (bet,) = bets_for(MeasurementPlan(metrics=(metric,), target=target))
    assert bet.series == ("candidate" if form == "own" else "paired")
    least, most = value_range(metric)
    step = (most - least) / 7.0
    up = 1.0 if metric.direction == "higher" else -1.0
    for y in [least + step * i for i in range(8)]:
        for z in [least + step * i for i in range(1, 8)]:
            x = (bet.a * 3 * (y - metric.shift) + bet.b * 3 * (z - metric.shift)) / 3
            assert bet.lo - 1e-9 <= x <= bet.hi + 1e-9
            if form == "share" and z <= 0:
                continue
            gain = {"own": up * (y - floor), "difference": up * (y - z) - floor, "share": up * (y / z - 1) - floor}[
                form
            ]
            if abs(gain) > 1e-9:
                assert (x > bet.threshold) == (gain > 0)


def test_guardrails_bet_on_their_margin_or_limit():
    """A margin is bet on with the pairs, a limit with the candidate alone."""
    plan = MeasurementPlan(
        metrics=(money(shift=4.0),),
        guardrails=(Guardrail(metric="money", margin=2.0), Guardrail(metric="money", limit=30.0)),
    )
    margin, limit = bets_for(plan)
    assert (margin.id, margin.series, margin.a, margin.b) == ("harm:money", "paired", -1.0, 1.0)
    assert (margin.lo, margin.hi, margin.threshold) == (-100.0, 100.0, -2.0)
    assert (limit.id, limit.series, limit.a, limit.b) == ("limit:money", "candidate", -1.0, 0.0)
    assert (limit.lo, limit.hi, limit.threshold) == (-96.0, 4.0, -26.0)


def test_no_bet_where_none_is_possible():
    """Arms that never answer the same call make no pair to bet on, and a limit at the best value cannot be exceeded."""
    exposed = MeasurementPlan(
        metrics=(money(observable="exposed"),),
        guardrails=(Guardrail(metric="money", margin=2.0), Guardrail(metric="money", limit=0.0)),
    )
    assert bets_for(exposed) == ()


def test_a_unit_bets_its_mean_from_its_sums():
    """A unit's stored sums are enough: its bet is on the mean of its calls."""
    target = promise(metric="money", form="difference", floor=1.0)
    (bet,) = bets_for(MeasurementPlan(metrics=(money(shift=4.0),), target=target))
    assert unit_log_wealth(bet, UnitSum(2.0, 6.0, 12.0)) == log_wealth(3.0, 1.0, -100.0, 100.0)


def test_the_contrast_states_the_target_linearly():
    """A share is tested on candidate minus (1 - share) incumbent, turned round for lower is better."""
    assert contrast(promise(form="share"), money(), 0.15) == (-1.0, 0.85, 0.0)
    assert contrast(promise(form="share"), right(), 0.15) == (1.0, -1.15, 0.0)
    assert contrast(promise(form="own"), money(), 12.0) == (-1.0, 0.0, -12.0)
    assert contrast(promise(form="difference"), money(), 2.0) == (-1.0, 1.0, 2.0)


def test_many_units_bet_what_each_of_them_would():
    """Betting from arrays adds up to the bets of the units one by one, and refuses what any one of them would."""
    rng = np.random.default_rng(5)
    bet = BetThreshold(id="floor", metric="right", a=1.0, b=-1.0, lo=-1.0, hi=1.0, threshold=0.05)
    n = rng.integers(1, 9, 400).astype(float)
    y, z = (rng.binomial(n.astype(int), share).astype(float) for share in (0.7, 0.6))
    one_by_one = np.sum([unit_log_wealth(bet, UnitSum(*sums)) for sums in zip(n, y, z, strict=True)], axis=0)
    assert summed_log_wealth(bet, n, y, z) == pytest.approx(one_by_one, rel=1e-12)
    with pytest.raises(ValueError, match="outside"):
        summed_log_wealth(bet, n, y + 20.0, z)
