"""The chance of a go that a charter is shown is the one that simulated pilots have."""

from __future__ import annotations

import numpy as np
from tests.evidence.simulated import promise
from tests.guarantees.promise import Promise
from tests.guarantees.walks import ALPHA, EQUAL, LOOKS, limits_at

from pilotage.evidence.reach import reachability
from pilotage.evidence.statistic import planned_information


def _off(calls_per_week):
    """By how much the planned chance of a go differs from that of simulated pilots."""

    def simulate(runs, seed):
        target, weeks = promise(calls_per_week=calls_per_week, alpha=0.1), 2  # the first attempt is tested at 0.05
        planned = planned_information(target, ALPHA, calls_per_week * weeks)
        information = np.array(EQUAL) * calls_per_week * weeks / 0.25
        rng = np.random.default_rng(seed)
        paths = rng.normal(size=(runs, LOOKS)) * np.sqrt(np.diff(information, prepend=0.0))
        z = (paths.cumsum(axis=1) + 0.03 * information) / np.sqrt(information)
        limits = limits_at(information / planned, final=True)
        chance = reachability(target, weeks=weeks).probability_at_expected
        return abs(chance - float((z >= limits).any(axis=1).mean()))

    return simulate


PROMISES = [
    Promise(
        "Planned against simulated power",
        f"difference of the chance of a go, {calls_per_week:,.0f} calls a week",
        _off(calls_per_week),
        20_000,
        100_000,
        high=0.02,
        rate=False,
    )
    for calls_per_week in (200.0, 500.0, 2000.0)
]
