"""Per-unit sums and their totals as packed arrays: a unit that comes back replaces its old contribution. Pure.

A unit's sums are one blob of records (series number, n, y, z), in order of series number. The totals change by the
difference between the new and the old moments of the units touched: a few roundings of the unit's own terms per
touch, relative error about 1e-16 each. The numbers of window sums, from which a unit bets, have their top bit set;
they have no totals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import Metric

RECORD = np.dtype([("series", "<u4"), ("n", "<f8"), ("y", "<f8"), ("z", "<f8")])
WINDOW = 0x8000_0000
MOMENTS = Totals.__struct_fields__

_OF_CALLS = tuple(name for name in MOMENTS if name == "units" or set(name) == {"n"})
_OF_VALUES = tuple(name for name in MOMENTS if name not in _OF_CALLS)
_SERIES_MASK = 0xFFFF_FFFF
_WIDTH = 6
_DENSE = 4096
_SPARSE = 8

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
PerUnit = Mapping[int, Metric]


class Change:
    """What is added to units' series, row by row: unit, series, day (an ordinal), n, y, z.

    `n` is 1 for a contribution that comes and -1 for one that goes. Rows are kept flat, since a hundred thousand of
    them come in a batch.
    """

    def __init__(self) -> None:
        self.flat: list[float] = []
        self.blocks: list[Floats] = []
        self.day_blocks: list[Floats] = []

    def rows(self) -> Floats:
        """Rows for the units' sums, six columns."""
        return self._with(self.blocks)

    def day_rows(self) -> Floats:
        """Rows for the daily sums, six columns."""
        return self._with(self.day_blocks)

    def _with(self, blocks: list[Floats]) -> Floats:
        rows = np.array(self.flat, dtype=np.float64).reshape(-1, _WIDTH)
        return np.concatenate([rows, *blocks]) if blocks else rows


def distinct(codes: Integers, count: int) -> tuple[Integers, Integers]:
    """The first place of each code that occurs, in order of code, and for each place the rank of its code; codes are
    from 0 to below `count`.
    """
    if count > max(_DENSE, _SPARSE * len(codes)):
        _, firsts, ranks = np.unique(codes, return_index=True, return_inverse=True)
        return firsts, ranks
    first = np.full(count, -1, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    there = first >= 0
    return first[there], (np.cumsum(there) - 1)[codes]


class Merged(Struct):
    """New blobs by unit, and by series the change of its moments (rows as `series`, columns as `MOMENTS`)."""

    blobs: list[bytes]
    series: list[int]
    moments: Floats


def merge(blobs: Sequence[bytes], rows: Floats, per_unit: PerUnit = MappingProxyType({})) -> Merged:
    """Apply a change to the units whose blobs are given, in one pass. `per_unit` has, by series number, the metrics
    that are counted per unit: their moments are of one value a unit, though the blobs keep the sums.
    """
    old = np.frombuffer(b"".join(blobs), RECORD)
    sizes = np.array([len(blob) // RECORD.itemsize for blob in blobs], dtype=np.int64)
    old_codes = (np.repeat(np.arange(len(blobs), dtype=np.int64), sizes) << 32) | old["series"].astype(np.int64)
    new_codes = (rows[:, 0].astype(np.int64) << 32) | rows[:, 1].astype(np.int64)
    codes, places = _unit_series(np.concatenate([old_codes, new_codes]), len(blobs))
    old_places, new_places = places[: len(old)], places[len(old) :]
    was = tuple(_placed(old_places, old[name], len(codes)) for name in ("n", "y", "z"))
    now = tuple(x + _summed(new_places, rows[:, 3 + i], len(codes)) for i, x in enumerate(was))
    touched = np.flatnonzero(np.bincount(new_places, minlength=len(codes)))
    touched = touched[(codes[touched] & WINDOW) == 0]
    numbers = codes[touched] & _SERIES_MASK
    firsts, belongs = distinct(numbers, int(numbers.max(initial=0)) + 1)
    after, before = (_counted(numbers, tuple(x[touched] for x in sums), per_unit) for sums in (now, was))
    moments = _changes(belongs, len(firsts), after, before)
    return Merged(blobs=_blobs(len(blobs), codes, now), series=numbers[firsts].tolist(), moments=moments)


def _counted(numbers: Integers, sums: tuple[Floats, ...], per_unit: PerUnit) -> tuple[Floats, ...]:
    """Units' sums as their metrics count them, as `evidence.sums.per_unit` says it of one."""
    for number, metric in per_unit.items():
        rows = np.flatnonzero((numbers == number) & (sums[0] != 0))
        if not len(rows):
            continue
        n, y, z = (x.copy() for x in sums)
        if metric.per == "unit_mean":
            y[rows], z[rows] = y[rows] / n[rows], z[rows] / n[rows]
        else:
            lo, hi = min(metric.lo, metric.worst), max(metric.hi, metric.worst)
            y[rows], z[rows] = np.clip(y[rows], lo, hi), np.clip(z[rows], lo, hi)
        n[rows] = 1.0
        sums = n, y, z
    return sums


def _unit_series(codes: Integers, units: int) -> tuple[Integers, Integers]:
    """The pairs of unit and series that occur, in order, and by row which it is."""
    series = codes & _SERIES_MASK
    is_window = (series & WINDOW) != 0
    width = int((series & ~WINDOW).max(initial=0)) + 1
    dense = (codes >> 32) * (2 * width) + (series & ~WINDOW) + is_window * width
    firsts, places = distinct(dense, 2 * width * units)
    return codes[firsts], places


def by_day(rows: Floats, overall: NDArray[np.bool_]) -> list[tuple[int, int, float, float, float]]:
    """The change of the daily sums: day, series, n, y, z. `overall` says by number which series span all segments."""
    series = rows[:, 1].astype(np.int64)
    plain = (series & WINDOW) == 0
    plain[plain] = overall[series[plain]]
    kept = rows[plain]
    codes, places = np.unique((kept[:, 2].astype(np.int64) << 32) | series[plain], return_inverse=True)
    sums = [_summed(places, kept[:, column], len(codes)).tolist() for column in (3, 4, 5)]
    return list(zip((codes >> 32).tolist(), (codes & _SERIES_MASK).tolist(), *sums, strict=True))


def _summed(places: Integers, values: Floats, size: int) -> Floats:
    return np.bincount(places, values, size).astype(np.float64, copy=False)


def _placed(places: Integers, values: Floats, size: int) -> Floats:
    placed = np.zeros(size)
    placed[places] = values
    return placed


def _changes(belongs: Integers, size: int, after: Sequence[Floats], before: Sequence[Floats]) -> Floats:
    """By series, the change of every moment; `belongs` says of each unit's sums which series they are of."""
    moments = np.zeros((size, len(MOMENTS)))
    # Most units' sums of a share are of calls alone: a moment of values that are nothing need not be made.
    values = np.flatnonzero((after[1] != 0) | (after[2] != 0) | (before[1] != 0) | (before[2] != 0))
    for names, rows in ((_OF_CALLS, slice(None)), (_OF_VALUES, values)):
        more, less = (_moments([x[rows] for x in sums], names) for sums in (after, before))
        for name, gained, lost in zip(names, more, less, strict=True):
            moments[:, MOMENTS.index(name)] = _summed(belongs[rows], gained - lost, size)
    return moments


def _moments(sums: Sequence[Floats], names: Sequence[str]) -> Iterator[Floats]:
    """Moments as `Totals` names them, one after the other: `yyz` is y*y*z. A unit without calls has none."""
    n, y, z = sums
    there = n != 0
    products = {"n": n, "y": np.where(there, y, 0.0), "z": np.where(there, z, 0.0)}
    for name in names:
        if name == "units":
            yield there.astype(np.float64)
            continue
        for end in range(2, len(name) + 1):
            if name[:end] not in products:
                products[name[:end]] = products[name[: end - 1]] * products[name[end - 1]]
        yield products[name]


def _blobs(units: int, codes: Integers, sums: Sequence[Floats]) -> list[bytes]:
    kept = np.flatnonzero(sums[0] != 0)
    records = np.empty(len(kept), RECORD)
    records["series"] = codes[kept] & _SERIES_MASK
    for name, values in zip(("n", "y", "z"), sums, strict=True):
        records[name] = values[kept]
    packed = records.tobytes()
    ends = (np.cumsum(np.bincount(codes[kept] >> 32, minlength=units)) * RECORD.itemsize).tolist()
    return [packed[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def sums_in(blob: bytes) -> dict[int, tuple[float, float, float]]:
    """A unit's sums by series number."""
    return {int(row[0]): (row[1], row[2], row[3]) for row in np.frombuffer(blob, RECORD).tolist()}


def taken_out(blob: bytes) -> Floats:
    """The change that takes everything of unit 0 out again, window sums left aside."""
    records = np.frombuffer(blob, RECORD)
    records = records[(records["series"] & WINDOW) == 0]
    rows = np.zeros((len(records), _WIDTH))
    rows[:, 1] = records["series"]
    for column, name in enumerate(("n", "y", "z"), start=3):
        rows[:, column] = -records[name]
    return rows


def without_windows(blob: bytes) -> bytes:
    """The blob without its window sums."""
    records = np.frombuffer(blob, RECORD)
    kept: bytes = records[(records["series"] & WINDOW) == 0].tobytes()
    return kept


def as_totals(moments: bytes) -> Totals:
    """Stored moments as the type that estimates take."""
    return Totals(**dict(zip(MOMENTS, np.frombuffer(moments, "<f8").tolist(), strict=True)))
