"""Two shares over the stages of a roll-out, where every unit has one call."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable
from tests.evidence.simulated import money, promise, right, totals

from pilotage.evidence import stratified
from pilotage.evidence.compare import live_difference
from pilotage.evidence.figures import arm_over_stages
from pilotage.evidence.measurements import Estimate, NotEstimable
from pilotage.evidence.over_stages import APART, MANY_CALLS, MEANS, RETURNING, UNKNOWN, over_stages
from pilotage.evidence.statistic import Statistic, statistic
from pilotage.evidence.strata import StageTotals

COUNTS = (((7, 10), (520, 990)), ((33, 50), (571, 950)), ((180, 250), (520, 750)), ((401, 500), (399, 500)))


def arm(hits, calls):
    """Totals of single calls of which so many are right."""
    return totals([1.0] * hits + [0.0] * (calls - hits))


def stages(counts=COUNTS, *, apart=True):
    """Live stages from (hits, calls) of candidate and incumbent."""
    return tuple(
        StageTotals(stage=f"live-{step}/1", apart=apart, candidate=arm(*candidate), incumbent=arm(*incumbent))
        for step, (candidate, incumbent) in enumerate(counts)
    )


def tables(counts=COUNTS):
    """The same as two-by-two tables."""
    return StratifiedTable([np.array([[h1, n1 - h1], [h0, n0 - h0]], dtype=float) for (h1, n1), (h0, n0) in counts])


def test_the_square_of_the_score_at_no_difference_is_cochran_mantel_haenszel():
    """To nine digits that of statsmodels, without continuity correction, and its p-value."""
    found = over_stages(right(observable="exposed"), stages(), returning=False)
    expected = tables().test_null_odds(correction=False)
    assert found.chi_square == pytest.approx(expected.statistic, rel=1e-9)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert found.why == APART
    assert found.stages == ("live-0/1", "live-1/1", "live-2/1", "live-3/1")


def test_the_statistic_of_a_target_of_no_difference_is_its_root():
    """What the test of a target takes is the same score, with its sign."""
    target = promise(floor=-0.1, target=0.0)
    found = statistic(target, right(observable="exposed"), stages())
    assert isinstance(found, Statistic)
    assert found.z == pytest.approx(math.sqrt(tables().test_null_odds(correction=False).statistic), rel=1e-9)
    worse = statistic(target, right(observable="exposed", direction="lower"), stages())
    assert isinstance(worse, Statistic)
    assert worse.z == pytest.approx(-found.z, rel=1e-9)


def test_the_interval_holds_exactly_what_the_score_does_not_reject():
    """At both ends the score is the critical value; the estimate is weighted by n1 n0 / N."""
    found = live_difference(right(observable="exposed"), stages())
    assert isinstance(found, Estimate)
    strata = stratified.strata_of(right(observable="exposed"), stages())
    assert [stratified.score(strata, end) for end in (found.low, found.high)] == pytest.approx([1.959964, -1.959964])
    weights = [n1 * n0 / (n1 + n0) for (_, n1), (_, n0) in COUNTS]
    gains = [h1 / n1 - h0 / n0 for (h1, n1), (h0, n0) in COUNTS]
    assert found.value == pytest.approx(np.average(gains, weights=weights))
    assert (found.method, found.calls) == ("Mantel-Haenszel, 4 stages", sum(n1 + n0 for (_, n1), (_, n0) in COUNTS))


def test_it_is_narrower_than_errors_that_add_up_and_no_other_estimate():
    """Independent stages tell more than stages whose units may be the same; the average is the same."""
    metric = right(observable="exposed")
    apart, together = (live_difference(metric, stages(apart=known)) for known in (True, False))
    assert isinstance(apart, Estimate)
    assert isinstance(together, Estimate)
    assert apart.value == pytest.approx(together.value)
    assert apart.high - apart.low < 0.75 * (together.high - together.low)


def test_one_unit_with_two_calls_is_enough_not_to_use_it():
    """Single calls, in all stages of both arms, and known to be: else errors add up, and the reason is said."""
    metric = right(observable="exposed")
    twice = totals([1.0] * 30 + [0.0] * 20, units=[*range(49), 0])
    cases = [
        (stages(apart=False), True, RETURNING),
        (stages(apart=False), None, UNKNOWN),
        (
            (*stages()[:3], StageTotals(stage="live-3/1", apart=True, candidate=twice, incumbent=arm(20, 40))),
            None,
            MANY_CALLS,
        ),
    ]
    for some, returning, why in cases:
        found = over_stages(metric, some, returning=returning)
        assert (found.chi_square, found.p, found.why) == (None, None, why)
        assert isinstance(found.difference, Estimate)
        assert "between arms, clustered" in found.difference.method
    assert over_stages(money(observable="exposed"), stages(), returning=False).why == MEANS


def test_one_stage_is_no_stratification():
    """With calls of both arms in fewer than two stages there is nothing to put together."""
    metric = right(observable="exposed")
    assert over_stages(metric, stages(COUNTS[:1]), returning=False) is None
    lone = (*stages(COUNTS[:1]), StageTotals(stage="live-100/1", apart=True, candidate=arm(9, 10)))
    assert over_stages(metric, lone, returning=False) is None
    assert stratified.strata_of(metric, lone) is None


def test_small_stages_and_no_variation_are_not_guessed_at():
    """Few units are refused by the test; where all calls were alike the interval still has a width."""
    metric, target = right(observable="exposed"), promise(floor=-0.1, target=0.0)
    few = stages((((3, 4), (8, 10)), ((4, 5), (7, 10))))
    refused = statistic(target, metric, few)
    assert isinstance(refused, NotEstimable)
    assert "begins at 20" in refused.reason
    alike = stages((((50, 50), (400, 400)), ((200, 200), (200, 200))))
    assert isinstance(statistic(target, metric, alike), NotEstimable)
    found = live_difference(metric, alike)
    assert isinstance(found, Estimate)
    assert found.low < 0.0 < found.high


def test_stages_that_are_not_compared_are_not_listed_as_compared():
    """A stage in which all calls of an arm are of one unit is no part of the difference: it is named with the reason,
    and so is one in which only one arm has calls.
    """
    few = StageTotals(stage="live-4/1", candidate=totals([1.0] * 9, units=[1] * 9), incumbent=arm(400, 600))
    lone = StageTotals(stage="live-5/1", candidate=arm(10, 20))
    found = over_stages(right(observable="exposed"), (*stages(apart=False), few, lone), returning=None)
    assert found.stages == ("live-0/1", "live-1/1", "live-2/1", "live-3/1")
    assert [one.stage for one in found.left_out] == ["live-4/1", "live-5/1"]
    assert "All 9 calls of the candidate belong to one unit" in found.left_out[0].reason
    apart = over_stages(right(observable="exposed"), (*stages(), lone), returning=False)
    assert (apart.why, [one.stage for one in apart.left_out]) == (APART, ["live-5/1"])


def test_an_arms_figure_and_the_test_name_the_stages_that_they_are_without():
    """A stage that is refused is neither in an arm's figure nor in the statistic, and both say so."""
    few = StageTotals(stage="live-4/1", candidate=arm(9, 12), incumbent=arm(400, 600))
    seen = statistic(promise(floor=-0.1, target=0.0), right(observable="exposed"), (*stages(apart=False), few))
    assert isinstance(seen, Statistic)
    assert [one.stage for one in seen.left_out] == ["live-0/1", "live-4/1"]
    one_unit = totals([1.0] * 9, units=[1] * 9)
    figure = arm_over_stages(right(), [("live-3/1", arm(401, 500)), ("live-4/1", one_unit), ("live-5/1", arm(0, 0))])
    assert isinstance(figure, Estimate)
    assert [one.stage for one in figure.left_out] == ["live-4/1"]
