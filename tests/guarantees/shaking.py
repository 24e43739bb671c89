"""Days that shake all calls alike: how often a candidate exactly at its target is said to exceed it all the same."""

from __future__ import annotations

import numpy as np
from msgspec import structs
from tests.evidence.simulated import money, promise, right, totals_of_units
from tests.guarantees.promise import Promise
from tests.guarantees.walks import ALPHA, false_go_by_information, in_chunks

from pilotage.evidence.band import band
from pilotage.evidence.betting import log_wealth
from pilotage.evidence.clusters import DAYS_TO_TEST, clustered_figures, day_totals
from pilotage.evidence.guardrails import judge
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import UnitSum
from pilotage.playbook.metrics import Guardrail

GROUP = "Days that move together"
UNITS, CALLS_A_DAY, SHOCK, STORMS = 60, 2.0, 0.08, 0.1


def shaken(cluster, *, days, stormy=False):
    """Units that come back over so many days; each day moves the share of wins against losses for all of them: by a
    normal shock, or `stormy`, by rare days that are all bad, made up for on the others.
    """

    def some(count, rng):
        drawn = rng.random((count, 1, days)) < STORMS
        storms = (STORMS - drawn) / np.sqrt(STORMS * (1.0 - STORMS))
        moved = np.clip(SHOCK * (storms if stormy else rng.normal(size=drawn.shape)), -0.24, 0.24)
        calls = rng.poisson(CALLS_A_DAY, size=(count, UNITS, days))
        won = rng.binomial(calls, 0.25 + moved / 2.0)
        lost = rng.binomial(calls - won, (0.25 - moved / 2.0) / (0.75 - moved / 2.0))
        both = (calls - won - lost) // 2
        sums = np.stack([calls, won + both, lost + both]).astype(float)
        looks = [_stages(sums[..., :day]) for day in range(DAYS_TO_TEST, days + 1)]
        return false_go_by_information(promise(floor=-0.1, target=0.0, cluster=cluster), right(), looks)

    return lambda runs, seed: in_chunks(some, runs, seed)


def guarded(cluster, said):
    """A cost exactly at a guardrail's margin, on days that shake so that errors by unit are nearly three times too
    small: how often `within` is said of it after 40 days, or `breached` at the end of any day from the 20th on.
    """
    margin, days, metric = 0.5, 40, money(lo=-100.0)

    def some(count, rng):
        shocks = 0.35 * rng.normal(size=(count, 1, days))
        y = 10.0 + margin + shocks + rng.normal(size=(count, UNITS, days))
        sums = np.stack([np.ones_like(y), y, np.full_like(y, 10.0)])
        guardrail = Guardrail(metric="money", margin=margin)

        def status(stage):
            return judge(guardrail, metric, stage, live=False, cluster=cluster).status

        ends = (days,) if said == "within" else range(DAYS_TO_TEST, days + 1)
        found = [[status(stage) for (stage,) in _stages(sums[..., :day])] for day in ends]
        return float(np.mean([said in run for run in zip(*found, strict=True)]))

    return lambda runs, seed: in_chunks(some, runs, seed)


def _stages(sums):
    by_unit, by_day = (totals_of_units(*sums.sum(axis=axis)) for axis in (-1, -2))
    return [
        (StageTotals(stage="shadow/1", paired=units, paired_days=days),)
        for units, days in zip(by_unit, by_day, strict=True)
    ]


def killed(*, bets_alone):
    """Units of one call at the floor exactly: how often bets at the end of some day say that they lie below it, and,
    unless `bets_alone`, the band clustered by day does so too.
    """

    def simulate(runs, seed):
        rng = np.random.default_rng(seed)
        days, calls = 40, 120
        moved = np.clip(SHOCK * rng.normal(size=(runs, days)), -0.24, 0.24)
        won = rng.binomial(calls, 0.25 + moved / 2.0)
        lost = rng.binomial(calls - won, (0.25 - moved / 2.0) / (0.75 - moved / 2.0))
        gain, loss = (np.array(log_wealth(x, 0.0, -1.0, 1.0)) for x in (1.0, -1.0))
        wealth = np.cumsum(won[..., None] * gain + lost[..., None] * loss, axis=1)
        rich = np.exp(wealth).mean(axis=-1) >= 1.0 / ALPHA
        if bets_alone:
            return float(rich.any(axis=1).mean())
        return sum(_below_by_day(*run) for run in zip(won, lost, rich, strict=True)) / runs

    return simulate


def _below_by_day(won, lost, rich):
    target, calls = promise(floor=0.0, cluster="day"), 120.0
    sums = [UnitSum(calls, w + 30.0, v + 30.0) for w, v in zip(won.tolist(), lost.tolist(), strict=True)]
    for day in range(DAYS_TO_TEST, len(sums) + 1):
        if not rich[day - 1]:
            continue
        days = day_totals(sums[:day])
        single = structs.replace(days, units=days.n, nn=days.n, yn=days.y, zn=days.z, yy=days.y, zz=days.z)
        stage = StageTotals(stage="shadow/1", paired=structs.replace(single, yz=30.0 * day), paired_days=days)
        seen = clustered_figures(target, right(), [stage]).comparison
        _, high = band(right(), "difference", seen, day / len(sums))
        if high is not None and high < target.floor:
            return True
    return False


BY_UNIT = ("the same clustered by unit alone", shaken("unit", days=40))
PROMISES = [
    Promise(
        GROUP,
        "40 days, clustered by day",
        shaken("day", days=40),
        500,
        10_000,
        high=0.06,
        contrast=BY_UNIT,
        contrast_low=0.15,
    ),
    Promise(
        GROUP,
        "40 days, clustered by unit and day",
        shaken("both", days=40),
        500,
        10_000,
        high=0.06,
        contrast=BY_UNIT,
        contrast_low=0.15,
    ),
    Promise(GROUP, "20 days, one test, clustered by day", shaken("day", days=DAYS_TO_TEST), 2000, 20_000, high=0.06),
    Promise(
        GROUP,
        "40 days, one in ten of them very bad, clustered by day: known not to be 5 %",
        shaken("day", days=40, stormy=True),
        500,
        10_000,
        high=0.08,
    ),
    Promise(
        GROUP,
        "a guardrail exactly at its margin said to hold after 40 days, clustered by day",
        guarded("day", "within"),
        1000,
        10_000,
        high=0.055,
        contrast=("the same clustered by unit alone", guarded("unit", "within")),
        contrast_low=0.15,
    ),
    Promise(
        GROUP,
        "the same said to be breached at any look from the 20th day on",
        guarded("day", "breached"),
        500,
        5_000,
        high=0.05,
        contrast=("the same clustered by unit alone", guarded("unit", "breached")),
        contrast_low=0.08,
    ),
    Promise(
        GROUP,
        "killed at the floor exactly, units of one call",
        killed(bets_alone=False),
        2000,
        20_000,
        high=0.05,
        contrast=("by bets alone", killed(bets_alone=True)),
        contrast_low=0.09,
    ),
    Promise(
        GROUP,
        "40 days, one in ten of them very bad, clustered by unit and day",
        shaken("both", days=40, stormy=True),
        500,
        10_000,
        high=0.06,
    ),
]
