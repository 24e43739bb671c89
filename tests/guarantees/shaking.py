"""Days that shake all calls alike: how often a candidate exactly at its target is said to exceed it all the same."""

from __future__ import annotations

import numpy as np
from tests.evidence.simulated import promise, right, totals_of_units
from tests.guarantees.promise import Promise
from tests.guarantees.walks import false_go_by_information, in_chunks

from pilotage.evidence.clusters import DAYS_TO_TEST
from pilotage.evidence.strata import StageTotals

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


def _stages(sums):
    by_unit, by_day = (totals_of_units(*sums.sum(axis=axis)) for axis in (-1, -2))
    return [
        (StageTotals(stage="shadow/1", paired=units, paired_days=days),)
        for units, days in zip(by_unit, by_day, strict=True)
    ]


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
        "40 days, one in ten of them very bad, clustered by unit and day",
        shaken("both", days=40, stormy=True),
        500,
        10_000,
        high=0.06,
    ),
]
