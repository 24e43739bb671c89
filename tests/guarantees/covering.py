"""Intervals that hold the truth as often as they say, and p-values that mean what they say."""

from __future__ import annotations

import numpy as np
import scipy.stats
from tests.evidence.simulated import money, promise, right, totals_of_units
from tests.guarantees.going import single_calls
from tests.guarantees.promise import Promise
from tests.guarantees.walks import in_chunks

from pilotage.evidence.compare import arm, live_difference, paired_difference
from pilotage.evidence.measurements import Estimate
from pilotage.evidence.normal import upper_tail
from pilotage.evidence.statistic import Statistic, statistic
from pilotage.evidence.strata import StageTotals

GROUP = "95 % intervals hold the truth"


def held(estimates, truth):
    """The share of intervals that hold the truth; one that is refused holds nothing."""
    return float(np.mean([isinstance(e, Estimate) and e.low <= truth <= e.high for e in estimates]))


def paired_shares(runs, seed):
    """Paired differences of shares, one call a unit."""

    def some(count, rng):
        spin = rng.random((count, 300))
        y, z = (spin < 0.15) | (spin >= 0.4), ((spin >= 0.15) & (spin < 0.2)) | (spin >= 0.4)
        found = totals_of_units(np.ones(spin.shape), y * 1.0, z * 1.0)
        return held([paired_difference(right(), t) for t in found], 0.1)

    return in_chunks(some, runs, seed)


def _clustered(correlation, *, of_pairs):
    def some(count, rng):
        units, strength = 80, 1.0 / correlation - 1.0
        chance = rng.beta(0.8 * strength, 0.2 * strength, size=(2, count, units))
        calls = rng.poisson(6.0, size=(count, units)) + 1.0
        y, z = (rng.binomial(calls.astype(int), p).astype(float) for p in chance)
        found = totals_of_units(calls, y, z)
        if of_pairs:
            return held([paired_difference(right(), t) for t in found], 0.0)
        return held([arm(right(), t) for t in found], 0.8)

    return lambda runs, seed: in_chunks(some, runs, seed)


def _means(*, live):
    def some(count, rng):
        units = 1000
        calls = rng.poisson(4.0, size=(count, units)) + 1.0
        y, z = (
            calls * (level + rng.normal(size=calls.shape)) + np.sqrt(calls) * rng.normal(size=calls.shape)
            for level in (8.0, 10.0)
        )
        metric = money(lo=-100.0)
        if not live:
            return held([paired_difference(metric, t) for t in totals_of_units(calls, y, z)], 2.0)
        parts = (calls[:, :400], y[:, :400]), (calls[:, 400:], z[:, 400:])
        arms = zip(*(totals_of_units(*part) for part in parts), strict=True)
        return held(
            [live_difference(metric, [StageTotals(stage="live/40/1", candidate=c, incumbent=i)]) for c, i in arms], 2.0
        )

    return lambda runs, seed: in_chunks(some, runs, seed)


def over_stages(runs, seed):
    """A difference of shares over four stages with other base rates, every unit one call."""
    sizes, rates = ((12, 988), (50, 950), (250, 750), (500, 500)), (0.5, 0.6, 0.7, 0.8)

    def some(count, rng):
        parts = [
            [rng.binomial(size, rate + gain, count) for size, gain in zip(pair, (0.1, 0.0), strict=True)]
            for pair, rate in zip(sizes, rates, strict=True)
        ]
        stages = [
            [
                StageTotals(
                    stage=f"live/{step}",
                    apart=True,
                    candidate=single_calls(pair[0], hits[0][run]),
                    incumbent=single_calls(pair[1], hits[1][run]),
                )
                for step, (pair, hits) in enumerate(zip(sizes, parts, strict=True))
            ]
            for run in range(count)
        ]
        return held([live_difference(right(observable="exposed"), one) for one in stages], 0.1)

    return in_chunks(some, runs, seed)


def uniform(runs, seed):
    """The p-value of a Kolmogorov-Smirnov test that the statistic's own p-values are uniform where arms are alike."""
    rng = np.random.default_rng(seed)
    target, found = promise(metric="money", floor=-1.0, target=0.0, deviation=3.0), []
    for start in range(0, runs, 1000):
        shape = (min(1000, runs - start), 400)
        y, z = rng.normal(10, 2, shape), rng.normal(10, 2, shape)
        found += [
            statistic(target, money(), (StageTotals(stage="shadow/1", paired=t),))
            for t in totals_of_units(np.ones(shape), y, z)
        ]
    p = [upper_tail(s.z) for s in found if isinstance(s, Statistic)]
    if len(p) != runs:
        raise AssertionError("Some statistics were refused, so the p-values are those of the others.")
    return float(scipy.stats.kstest(p, "uniform").pvalue)


PROMISES = [
    Promise(GROUP, "paired difference of shares, one call a unit", paired_shares, 2000, 20_000, low=0.94, high=0.96),
    *(
        Promise(
            GROUP,
            f"{what}, correlation {correlation:g}",
            _clustered(correlation, of_pairs=of_pairs),
            1000,
            20_000,
            low=0.94,
            high=0.96,
        )
        for correlation in (0.05, 0.3)
        for what, of_pairs in (
            ("share of one arm, many calls a unit", False),
            ("paired difference, many calls a unit", True),
        )
    ),
    Promise(GROUP, "paired means, clustered", _means(live=False), 500, 10_000, low=0.94, high=0.96),
    Promise(GROUP, "means of two arms, clustered", _means(live=True), 500, 10_000, low=0.94, high=0.96),
    Promise(
        GROUP,
        "difference over the stages of a roll-out, one call a unit (Mantel-Haenszel)",
        over_stages,
        1000,
        20_000,
        low=0.94,
        high=0.96,
    ),
    Promise(
        "Arms that are alike",
        "p-values are uniform (p of a Kolmogorov-Smirnov test)",
        uniform,
        3000,
        10_000,
        low=0.01,
        rate=False,
    ),
]
