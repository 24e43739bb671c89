"""The chance of a go that a charter is shown is the one that simulated pilots have."""

from __future__ import annotations

import numpy as np
from tests.evidence.simulated import promise
from tests.guarantees.going import tango_z_of
from tests.guarantees.promise import Promise
from tests.guarantees.walks import ALPHA, limits_at

from pilotage.evidence.reach import reachability
from pilotage.evidence.statistic import planned_information, variance_per_call

WEEKS, GAIN, GOAL = 8, 0.08, 0.05


def _off(calls_per_week, window_days=0):
    """By how much the planned chance of a go differs from that of simulated shadows: single calls of both arms, Tango's
    statistic at each day's look, and at the charter's date the bound of a pilot that could still be extended.
    """

    def simulate(runs, seed):
        # The first attempt is tested at 0.05.
        target = promise(calls_per_week=calls_per_week, alpha=0.1, target=GOAL, expected=GAIN)
        differ = target.deviation**2 + GAIN**2
        rng = np.random.default_rng(seed)
        shares = [(differ + GAIN) / 2, (differ - GAIN) / 2, 1.0 - differ]
        days = WEEKS * 7 - window_days
        daily = np.diff(np.floor(np.arange(days + 1) * calls_per_week / 7)).astype(int)
        counts = np.stack([rng.multinomial(size, shares, size=runs) for size in daily], axis=1).cumsum(axis=1)
        n = daily.cumsum()
        z = tango_z_of(counts[..., 0], counts[..., 1], np.broadcast_to(n, (runs, days)), GOAL)
        full = planned_information(target, ALPHA, calls_per_week * days / 7) * variance_per_call(target)
        goes = (z >= limits_at(np.minimum(n / full, 1.0))).any(axis=1).mean()
        found = reachability(target, weeks=WEEKS, label_window_hours=24.0 * window_days)
        return abs(found.probability_at_expected - float(goes))

    return simulate


def _named(calls_per_week, window_days):
    waits = f", labels after {window_days} days" if window_days else ""
    return f"difference of the chance of a go, {calls_per_week:,.0f} calls a week{waits}"


PROMISES = [
    Promise(
        "Planned against simulated power",
        _named(calls_per_week, window_days),
        _off(calls_per_week, window_days),
        10_000,
        50_000,
        high=0.02,
        rate=False,
    )
    for calls_per_week, window_days in ((150.0, 0), (200.0, 0), (200.0, 14), (400.0, 0), (2000.0, 0))
]
