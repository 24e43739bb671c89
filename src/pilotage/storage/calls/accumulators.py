"""Per-unit sums and their totals: a unit that comes back replaces its old contribution. Pure.

A unit's sums are one blob (see `packing`). The totals change by the difference between the new and the old moments of
the units touched: a few roundings of the unit's own terms per touch, relative error about 1e-16 each. Window sums, from
which a unit bets, have no totals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import Metric
from pilotage.storage.calls.packing import WINDOW, Floats, Integers, Rows, joined, packed, unpacked

MOMENTS = Totals.__struct_fields__

_OF_CALLS = tuple(name for name in MOMENTS if name == "units" or set(name) == {"n"})
_OF_VALUES = tuple(name for name in MOMENTS if name not in _OF_CALLS)
# More do not fit into the memory that the C library keeps at hand, and it takes as long to ask for it as to use it.
UNITS_AT_ONCE = 500
_SERIES_BITS = 32
_WIDTH = 6
_DENSE = 4096
_SPARSE = 8

PerUnit = Mapping[int, Metric]


class Change:
    """What is added to units' series: rows of unit, series, day (an ordinal), n, y, z, and rows as columns, which are
    in order of unit.

    `n` is 1 for a contribution that comes and -1 for one that goes. Rows are kept flat, since thousands of them come
    in a batch.
    """

    def __init__(self) -> None:
        self.flat: list[float] = []
        self.blocks: list[Rows] = []
        self.day_blocks: list[Rows] = []

    def unit_blocks(self) -> list[Rows]:
        """Rows for the units' sums, each block in order of unit."""
        return [*self._flat(0), *self.blocks]

    def rows(self) -> Rows:
        """The same in one."""
        return joined(self.unit_blocks())

    def day_rows(self) -> Rows:
        """Rows for the daily sums; an owner is a day."""
        return joined([*self._flat(2), *self.day_blocks])

    def _flat(self, owner: int) -> list[Rows]:
        if not self.flat:
            return []
        rows = np.array(self.flat, dtype=np.float64).reshape(-1, _WIDTH)
        columns = rows[rows[:, owner].argsort(kind="stable")].T
        return [Rows(columns[owner].astype(np.int64), columns[1].astype(np.int64), *columns[3:])]


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


def merge_blocks(blobs: Sequence[bytes], blocks: Sequence[Rows], per_unit: PerUnit = MappingProxyType({})) -> Merged:
    """As `merge`, some units after the other; each block of rows is in order of unit."""
    made: list[bytes] = []
    moments: dict[int, Floats] = {}
    for first in range(0, len(blobs), UNITS_AT_ONCE):
        some = blobs[first : first + UNITS_AT_ONCE]
        one = merge(some, joined([block.between(first, first + len(some)) for block in blocks]), per_unit)
        made += one.blobs
        for number, change in zip(one.series, one.moments, strict=True):
            before = moments.get(number)
            moments[number] = change if before is None else before + change
    numbers = sorted(moments)
    changes = np.array([moments[number] for number in numbers]).reshape(-1, len(MOMENTS))
    return Merged(blobs=made, series=numbers, moments=changes)


def merge(blobs: Sequence[bytes], rows: Rows, per_unit: PerUnit = MappingProxyType({})) -> Merged:
    """Apply a change to the units whose blobs are given, in one pass. `per_unit` has, by series number, the metrics
    that are counted per unit: their moments are of one value a unit, though the blobs keep the sums.
    """
    old = unpacked(blobs)
    cells = _cells(old, rows, len(blobs))
    size, old_places, new_places = len(cells.series), cells.places[: len(old.n)], cells.places[len(old.n) :]
    was = tuple(_placed(old_places, values, size) for values in (old.n, old.y, old.z))
    now = tuple(x + _summed(new_places, more, size) for x, more in zip(was, (rows.n, rows.y, rows.z), strict=True))
    changed = np.bincount(new_places, minlength=size) > 0
    kept = np.flatnonzero(now[0])
    blobs = packed(Rows(cells.owners[kept], cells.series[kept], *(x[kept] for x in now)), len(blobs))
    if cells.width and not per_unit:
        # One column of a table after the other: nothing has to be picked out.
        there = changed.reshape(-1, cells.width).any(axis=0) & ((cells.series[: cells.width] & WINDOW) == 0)
        numbers = cells.series[: cells.width][there]
        after, before = (tuple(x.reshape(-1, cells.width)[:, there] for x in sums) for sums in (now, was))
        return Merged(blobs=blobs, series=numbers.tolist(), moments=_changes_of_columns(after, before))
    touched = np.flatnonzero(changed & ((cells.series & WINDOW) == 0))
    numbers = cells.series[touched]
    firsts, belongs = distinct(numbers, int(numbers.max(initial=0)) + 1)
    after, before = (_counted(numbers, tuple(x[touched] for x in sums), per_unit) for sums in (now, was))
    moments = _changes(belongs, len(firsts), after, before)
    return Merged(blobs=blobs, series=numbers[firsts].tolist(), moments=moments)


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


class _Cells(Struct, frozen=True):
    """Pairs of unit and series, in order: whose, and of which series. `places` says by row, the old ones first, which
    pair it is of. `width`: every unit has as many, the same ones; 0 where only those are there that occur.
    """

    owners: Integers
    series: Integers
    places: Integers
    width: int


def _cells(old: Rows, new: Rows, units: int) -> _Cells:
    both = np.concatenate([old.series, new.series])
    # Only those numbers count that occur: most units have sums of most of them.
    whole = (both & ~WINDOW) * 2 + ((both & WINDOW) != 0)
    firsts, ranks = distinct(whole, int(whole.max(initial=0)) + 1)
    width, names = max(len(firsts), 1), both[firsts]
    codes = np.concatenate([old.owners, new.owners]) * width + ranks
    if width * units <= len(codes):
        return _Cells(np.arange(units).repeat(width), np.tile(names, units), codes, width)
    places, which = distinct(codes, width * units)
    found = codes[places]
    return _Cells(found // width, names[found % width], which, 0)


def by_day(rows: Rows, overall: NDArray[np.bool_]) -> list[tuple[int, int, float, float, float]]:
    """The change of the daily sums: day, series, n, y, z. `overall` says by number which series span all segments."""
    plain = (rows.series & WINDOW) == 0
    plain[plain] = overall[rows.series[plain]]
    kept = rows.taken(plain)
    codes, places = np.unique((kept.owners << _SERIES_BITS) | kept.series, return_inverse=True)
    sums = [_summed(places, values, len(codes)).tolist() for values in (kept.n, kept.y, kept.z)]
    days, series = codes >> _SERIES_BITS, codes & ((1 << _SERIES_BITS) - 1)
    return list(zip(days.tolist(), series.tolist(), *sums, strict=True))


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


def _changes_of_columns(after: Sequence[Floats], before: Sequence[Floats]) -> Floats:
    """The same where every unit has a row and every series a column."""
    moments = np.zeros((after[0].shape[1], len(MOMENTS)))
    values = np.flatnonzero(sum(sums.any(axis=0) for sums in (*after[1:], *before[1:])))
    for names, columns in ((_OF_CALLS, slice(None)), (_OF_VALUES, values)):
        more, less = (_moments([x[:, columns] for x in sums], names) for sums in (after, before))
        for name, gained, lost in zip(names, more, less, strict=True):
            moments[columns, MOMENTS.index(name)] = (gained - lost).sum(axis=0)
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


def sums_in(blob: bytes) -> dict[int, tuple[float, float, float]]:
    """A unit's sums by series number."""
    rows = unpacked([blob])
    sums = zip(rows.n.tolist(), rows.y.tolist(), rows.z.tolist(), strict=True)
    return dict(zip(rows.series.tolist(), sums, strict=True))


def taken_out(blob: bytes) -> Rows:
    """The change that takes everything of unit 0 out again, window sums left aside."""
    rows = unpacked([blob])
    rows = rows.taken((rows.series & WINDOW) == 0)
    return Rows(rows.owners, rows.series, -rows.n, -rows.y, -rows.z)


def without_windows(blob: bytes) -> bytes:
    """The blob without its window sums."""
    rows = unpacked([blob])
    return packed(rows.taken((rows.series & WINDOW) == 0), 1)[0]


def as_totals(moments: bytes) -> Totals:
    """Stored moments as the type that estimates take."""
    return Totals(**dict(zip(MOMENTS, np.frombuffer(moments, "<f8").tolist(), strict=True)))
