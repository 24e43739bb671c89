"""Drift of a field: how often nothing has changed and an alert is raised, and how often a real shift is seen.

The traffic is that of the flights' arrival delays: what came before September is the reference, of which 10,000 are
drawn and frozen anew in each run, and September is the shift. Windows are drawn from the delays themselves.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tests.evidence.flights import arrival_delays
from tests.guarantees.promise import Promise

from pilotage.evidence.drift import PSI_MIN, FieldDrift, compare, moved, persisted
from pilotage.evidence.profiles import FieldBins, Profile, bins_of_numbers, cell_of, with_cells

UNCHANGED = "A drift alert where nothing has changed"
SHIFTED = "A real shift that is seen"
FIELDS, REFERENCE, SEPTEMBER = 10, 10_000, 9


class _Flights(NamedTuple):
    """Every delay that ever came, and the share of each before and in September; last the share that has none."""

    delays: NDArray[np.float64]
    before: NDArray[np.float64]
    september: NDArray[np.float64]


class _Frozen(NamedTuple):
    """A reference, and the cell of each delay in its bins."""

    bins: FieldBins
    cells: list[int]
    profile: Profile


@cache
def _flights() -> _Flights:
    delays, month = arrival_delays()
    distinct = np.unique(delays[~np.isnan(delays)])

    def shares(values):
        known = values[~np.isnan(values)]
        counts = np.bincount(np.searchsorted(distinct, known), minlength=len(distinct))
        return np.append(counts, len(values) - len(known)) / len(values)

    return _Flights(distinct, shares(delays[month < SEPTEMBER]), shares(delays[month == SEPTEMBER]))


def _frozen(flights, rng):
    """A reference drawn from what came before September."""
    counts = rng.multinomial(REFERENCE, flights.before)
    known = np.repeat(flights.delays, counts[:-1])
    deciles = np.quantile(known, np.arange(1, 10) / 10, method="inverted_cdf")
    bins = bins_of_numbers("arr_delay", deciles.tolist(), known.min(), known.max(), ["number"])
    cells = [cell_of(bins, delay) for delay in flights.delays]
    return _Frozen(bins, cells, _profile(cells, counts))


def _profile(cells, counts):
    known = int(counts[:-1].sum())
    counted = Profile(calls=known + int(counts[-1]), missing=int(counts[-1]), types={"number": known})
    return with_cells(counted, cells, counts[:-1].tolist())


def _window(frozen, counts) -> FieldDrift:
    """One window against its reference; distances, which decide nothing, are left out."""
    return compare(frozen.bins, frozen.profile, _profile(frozen.cells, counts), fields=FIELDS, whole=False)


def _false_alarms(size):
    """Two windows running of so many flights each, from the months that the reference is from."""

    def simulate(runs, seed):
        flights, rng = _flights(), np.random.default_rng(seed)
        alerts = 0
        for _ in range(runs):
            frozen = _frozen(flights, rng)
            found = [_window(frozen, counts) for counts in rng.multinomial(size, flights.before, size=2)]
            alerts += persisted(found).status == "alert"
        return alerts / runs

    return simulate


def _plain_index(size):
    """The same windows, one at a time, by an index above 0.1 from which nothing is taken off for chance."""

    def simulate(runs, seed):
        flights, rng = _flights(), np.random.default_rng(seed)
        flagged = 0
        for _ in range(runs):
            shift = _window(_frozen(flights, rng), rng.multinomial(size, flights.before)).shift
            flagged += shift is not None and shift.psi > PSI_MIN
        return flagged / runs

    return simulate


def _seen(size):
    """One window of so many flights of September."""

    def simulate(runs, seed):
        flights, rng = _flights(), np.random.default_rng(seed)
        found = [_window(_frozen(flights, rng), rng.multinomial(size, flights.september)) for _ in range(runs)]
        return sum(map(moved, found)) / runs

    return simulate


PROMISES = [
    Promise(
        UNCHANGED,
        "two windows running of 100 flights",
        _false_alarms(100),
        250,
        1000,
        high=0.0,
        contrast=("an index above 0.1 in one window, nothing taken off", _plain_index(100)),
        contrast_low=0.3,
    ),
    *(
        Promise(UNCHANGED, f"two windows running of {size} flights", _false_alarms(size), 250, 1000, high=0.0)
        for size in (200, 500, 1000)
    ),
    *(
        Promise(SHIFTED, f"September's delays, in one window of {size:,} flights", _seen(size), 250, 2000, low=low)
        for size, low in ((200, 0.7), (500, 0.97), (2000, 1.0))
    ),
]
