"""A stop that is not deserved, and one that is: the bets against the floor, looked at after every unit."""

from __future__ import annotations

import numpy as np
from tests.guarantees.promise import Promise
from tests.guarantees.walks import ALPHA, in_chunks

from pilotage.evidence.betting import log_wealth

GROUP = "The bets against the floor, at every unit"


def _killed(value, *, floor, units):
    """The share of runs whose evidence reaches 1/alpha at any unit, for values 0 or 1 of that mean."""

    def some(count, rng):
        return float((peak_evidence(rng.random((count, units)) < value, floor) >= 1.0 / ALPHA).mean())

    return lambda runs, seed: in_chunks(some, runs, seed)


def peak_evidence(x, threshold):
    """The greatest evidence of each run (row) when looked at after every unit, for values 0 or 1."""
    wins, losses = (np.array(log_wealth(value, threshold, 0.0, 1.0)) for value in (0.0, 1.0))
    peak, total = np.zeros(x.shape[0]), np.zeros((x.shape[0], 10))
    for column in x.T:
        total += np.where(column[:, None], losses, wins)
        peak = np.maximum(peak, np.exp(total).mean(axis=1))
    return peak


PROMISES = [
    *(
        Promise(
            GROUP,
            f"killed at {100 * value:g} % with a floor of 70 %, 1,500 units",
            _killed(value, floor=0.7, units=1500),
            2000,
            20_000,
            high=0.05 if value < 0.75 else 0.01,
        )
        for value in (0.7, 0.72, 0.8, 0.95)
    ),
    Promise(
        GROUP,
        "killed at 60 % with a floor of 70 %, 1,000 units",
        _killed(0.6, floor=0.7, units=1000),
        1000,
        20_000,
        low=0.8,
    ),
]
