"""A unit's sums as few bytes, and many units' sums as columns. Pure.

Sums are written each time their unit comes back, so what a step costs is above all their length. Most sums of a share
are of calls alone, most others are small whole numbers: each row is kept in the shortest form that holds it exactly.
A blob is how many rows it has in each of the shorter forms, then the rows, form by form, in order of series; all else
is in the last form, which holds anything. No bytes at all are no sums. Everything is whole words of four bytes, so that
the blobs of many units are taken apart as one array of words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

WINDOW = 0x8000_0000
"""The bit that tells the number of a sum over a unit's window from the same series' sum over all calls."""

_SHORT_WINDOW = 0x8000
_SHORT_SERIES = [("series", "<u2"), ("n", "<u2")]
# Nothing but calls; small whole numbers; any value of a short series; anything.
_FORMS = (
    np.dtype(_SHORT_SERIES),
    np.dtype([*_SHORT_SERIES, ("y", "<i2"), ("z", "<i2")]),
    np.dtype([*_SHORT_SERIES, ("y", "<f8"), ("z", "<f8")]),
    np.dtype([("series", "<u4"), ("n", "<f8"), ("y", "<f8"), ("z", "<f8")]),
)
_LAST = len(_FORMS) - 1
_WORD = 4
_WORDS = np.array([form.itemsize // _WORD for form in _FORMS], dtype=np.int64)
_HEAD_WORDS = 2
_HEAD = np.dtype(("<u2", _HEAD_WORDS * 2))
# As many rows of a short form as there can be are counted in two bytes.
_SHORT_MAX = 0x7FFF


class Rows(Struct, frozen=True):
    """Sums, row by row: whose they are, of which series, n, y and z. Usually in order of owner."""

    owners: Integers
    series: Integers
    n: Floats
    y: Floats
    z: Floats

    def taken(self, rows: Integers | NDArray[np.bool_]) -> Rows:
        """Some of the rows."""
        return Rows(self.owners[rows], self.series[rows], self.n[rows], self.y[rows], self.z[rows])

    def between(self, first: int, last: int) -> Rows:
        """Of rows in order of owner those of owners from the first to before the last, counted from the first."""
        some = slice(*self.owners.searchsorted((first, last)))
        return Rows(self.owners[some] - first, self.series[some], self.n[some], self.y[some], self.z[some])


def joined(blocks: Sequence[Rows]) -> Rows:
    """All rows of some blocks."""
    if len(blocks) == 1:
        return blocks[0]
    if not blocks:
        none = np.zeros(0, dtype=np.int64)
        return Rows(none, none, *np.zeros((3, 0)))
    return Rows(*(np.concatenate([getattr(block, name) for block in blocks]) for name in Rows.__struct_fields__))


def packed(rows: Rows, units: int) -> list[bytes]:
    """The blobs of that many units; rows are in order of unit and of series."""
    forms = _forms(rows)
    counts = np.bincount(rows.owners * len(_FORMS) + forms, minlength=units * len(_FORMS)).reshape(units, len(_FORMS))
    there: NDArray[np.bool_] = np.asarray(counts.any(axis=1))
    lengths = counts @ _WORDS + _HEAD_WORDS * there
    words = np.zeros(int(lengths.sum()), dtype="<u4")
    ends = np.cumsum(lengths)
    starts = (ends - lengths)[there]
    head = np.zeros((len(starts), _HEAD_WORDS * 2), dtype="<u2")
    head[:, :_LAST] = counts[there, :_LAST]
    for word, values in enumerate(head.view("<u4").T):
        words[starts + word] = values
    kinds = _kinds(counts, there)
    for number, form in enumerate(_FORMS):
        some = np.flatnonzero(forms == number)
        if len(some):
            words[kinds == number] = _records(rows, some, form).view("<u4")
    whole = words.tobytes()
    bounds = (ends * _WORD).tolist()
    return [whole[start:end] for start, end in zip([0, *bounds], bounds, strict=False)]


def unpacked(blobs: Sequence[bytes]) -> Rows:
    """The sums in blobs; an owner is the place of the blob."""
    words = np.frombuffer(b"".join(blobs), "<u4")
    lengths = np.fromiter(map(len, blobs), np.int64, len(blobs)) // _WORD
    there = lengths > 0
    starts = (np.cumsum(lengths) - lengths)[there]
    counts = np.zeros((len(blobs), len(_FORMS)), dtype=np.int64)
    heads = np.stack([words[starts + word] for word in range(_HEAD_WORDS)], axis=1)
    counts[there, :_LAST] = np.ascontiguousarray(heads).view("<u2")[:, :_LAST]
    counts[there, _LAST] = (lengths[there] - _HEAD_WORDS - counts[there] @ _WORDS) // _WORDS[_LAST]
    kinds = _kinds(counts, there)
    owners = np.arange(len(blobs))
    return joined(
        [
            _read(words[kinds == number].view(form), owners.repeat(counts[:, number]))
            for number, form in enumerate(_FORMS)
            if counts[:, number].any()
        ]
    )


def _forms(rows: Rows) -> NDArray[np.int8]:
    """By row the number of the shortest form that holds it."""
    short = _held(rows.n, np.uint16)
    short &= (rows.series & ~WINDOW) < _SHORT_MAX
    whole = _held(rows.y, np.int16)
    whole &= _held(rows.z, np.int16)
    whole &= short
    forms = _LAST - short.view(np.int8) - whole.view(np.int8)
    forms -= whole & (rows.y == 0) & (rows.z == 0)
    return forms


def _held(values: Floats, kind: type[np.uint16 | np.int16]) -> NDArray[np.bool_]:
    """Which values a kind of whole number holds exactly; one beyond its range comes back as another."""
    with np.errstate(invalid="ignore"):
        held: NDArray[np.bool_] = values.astype(kind) == values
    return held


def _kinds(counts: Integers, there: NDArray[np.bool_]) -> NDArray[np.int8]:
    """By word of the blobs the number of its row's form, -1 for the head."""
    lengths = np.concatenate([there[:, None] * _HEAD_WORDS, counts * _WORDS], axis=1)
    names = np.arange(-1, len(_FORMS), dtype=np.int8)
    return np.tile(names, len(counts)).repeat(lengths.ravel())


def _records(rows: Rows, some: Integers, form: np.dtype[np.void]) -> NDArray[np.void]:
    records = np.empty(len(some), form)
    series = rows.series[some]
    if form != _FORMS[_LAST]:
        series = (series & ~WINDOW) | ((series & WINDOW) != 0) * _SHORT_WINDOW
    records["series"] = series
    for name in (form.names or ())[1:]:
        records[name] = getattr(rows, name)[some]
    return records


def _read(records: NDArray[np.void], owners: Integers) -> Rows:
    series = records["series"].astype(np.int64)
    if records.dtype != _FORMS[_LAST]:
        series = (series & ~_SHORT_WINDOW) | ((series & _SHORT_WINDOW) != 0) * WINDOW
    values = [
        records[name].astype(np.float64) if name in (records.dtype.names or ()) else np.zeros(len(records))
        for name in ("n", "y", "z")
    ]
    return Rows(owners, series, *values)
