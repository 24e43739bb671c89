"""Profiles: what one field looked like over some calls, counted in bins that a reference froze. Pure.

A profile is a set of counts that adds, so days, stages and shards combine before anything is compared. The bins of a
field are made of its reference alone and never of what is compared with it: a score must not move because the
sample got larger.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from pilotage.evidence.measurements import NotEstimable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.float64]

GRID_CELLS = 10_000
CELLS_PER_BIN = GRID_CELLS + 2
BELOW, ABOVE = 0, GRID_CELLS + 1
OWN_BIN_SHARE_MIN = 0.01
CATEGORIES_KEPT = 200

FieldKind = Literal["number", "category"]


class FieldBins(Struct, frozen=True, kw_only=True):
    """The frozen bins of one field.

    A number has up to nine `cuts` (the reference's deciles; a bin takes its upper cut in, the outer bins are open)
    and a grid of 10,000 equal cells from `low` to `high` with a tail on either side. A category has its names,
    commonest first, of which the first `own` have a bin each; all others share one. `types` are the kinds of value
    that the reference had.
    """

    name: str
    kind: FieldKind
    cuts: tuple[float, ...] = ()
    low: float = 0.0
    high: float = 0.0
    categories: tuple[str, ...] = ()
    own: int = 0
    types: tuple[str, ...] = ()


class Profile(Struct, frozen=True, kw_only=True):
    """Counts of one field over calls; adds with `+`.

    `calls` are those that could have had the field; on `missing` it was absent or null, on `mistyped` it was there
    and of another type than the bins are for. A number's values lie in `cells`: bin times 10,002 plus grid cell,
    counted in `counts` (both little-endian 64-bit integers, packed; a cell may come several times). `below_sum` and
    `above_sum` are the sums of the values in the tails, `total` and `squares` those over all values.
    """

    calls: int = 0
    missing: int = 0
    mistyped: int = 0
    types: dict[str, int] = {}
    cells: bytes = b""
    counts: bytes = b""
    below_sum: float = 0.0
    above_sum: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    categories: dict[str, int] = {}
    others: int = 0

    def __add__(self, other: Profile) -> Profile:
        return summed((self, other))

    @property
    def present(self) -> int:
        """The calls with a value of the right type."""
        return self.calls - self.missing - self.mistyped


class Points(Struct, frozen=True):
    """A weighted sample: places in ascending order, how many values lie at each."""

    places: Counts
    weights: Counts


def summed(profiles: Iterable[Profile]) -> Profile:
    """All of them together."""
    parts = list(profiles)
    return Profile(
        calls=sum(part.calls for part in parts),
        missing=sum(part.missing for part in parts),
        mistyped=sum(part.mistyped for part in parts),
        types=_added(part.types for part in parts),
        cells=b"".join(part.cells for part in parts),
        counts=b"".join(part.counts for part in parts),
        below_sum=math.fsum(part.below_sum for part in parts),
        above_sum=math.fsum(part.above_sum for part in parts),
        total=math.fsum(part.total for part in parts),
        squares=math.fsum(part.squares for part in parts),
        categories=_added(part.categories for part in parts),
        others=sum(part.others for part in parts),
    )


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in counts:
        for name, count in one.items():
            found[name] = found.get(name, 0) + count
    return found


def bins_of_numbers(name: str, quantiles: Sequence[float], low: float, high: float, types: Sequence[str]) -> FieldBins:
    """The bins of a number from its reference's nine deciles and the ends of its grid. ValueError for an empty grid
    or ends that are not finite.
    """
    if not float("-inf") < low < high < float("inf"):
        raise ValueError(f"The grid of {name} needs two finite ends in order, not {low} and {high}.")
    cuts = tuple(sorted({float(cut) for cut in quantiles}))
    return FieldBins(name=name, kind="number", cuts=cuts, low=float(low), high=float(high), types=tuple(sorted(types)))


def bins_of_categories(name: str, counts: Mapping[str, int], calls: int, types: Sequence[str]) -> FieldBins:
    """The bins of a category: a name with 1 % of the reference's calls has one of its own; up to 200 are kept, to
    tell what is new from what was rare.
    """
    ordered = sorted(counts, key=lambda name: (-counts[name], name))[:CATEGORIES_KEPT]
    own = sum(counts[name] >= OWN_BIN_SHARE_MIN * calls for name in ordered)
    return FieldBins(name=name, kind="category", categories=tuple(ordered), own=own, types=tuple(sorted(types)))


def cell_of(bins: FieldBins, number: float) -> int:
    """The cell of a finite number: its bin and its place on the grid, in one."""
    scaled = (number - bins.low) / (bins.high - bins.low) * GRID_CELLS
    if number < bins.low:
        place = BELOW
    elif number > bins.high:
        place = ABOVE
    else:
        place = min(int(scaled), GRID_CELLS - 1) + 1
    return bisect_left(bins.cuts, number) * CELLS_PER_BIN + place


def bin_counts(bins: FieldBins, profile: Profile) -> tuple[float, ...]:
    """Counts by bin: a number's quantile bins, or a category's own bins and the one that all others share; last the
    bin of what is missing or of another type.
    """
    absent = float(profile.missing + profile.mistyped)
    if bins.kind == "category":
        own = [float(profile.categories.get(name, 0)) for name in bins.categories[: bins.own]]
        return (*own, profile.present - sum(own), absent)
    import numpy as np  # noqa: PLC0415 - only who compares pays for it

    cells, counts = packed_cells(profile)
    return (*np.bincount(cells // CELLS_PER_BIN, counts, len(bins.cuts) + 1).tolist(), absent)


def packed_cells(profile: Profile) -> tuple[NDArray[np.int64], Counts]:
    """The cells and their counts as arrays."""
    import numpy as np  # noqa: PLC0415 - only who compares pays for it

    return np.frombuffer(profile.cells, "<i8"), np.frombuffer(profile.counts, "<i8").astype(np.float64)


def with_cells(profile: Profile, cells: Sequence[int], counts: Sequence[int]) -> Profile:
    """The profile with these cells in place of its own, in order and each once."""
    import numpy as np  # noqa: PLC0415 - only who compares pays for it
    from msgspec import structs  # noqa: PLC0415 - beside its only use

    merged = np.bincount(np.asarray(cells, dtype=np.int64), np.asarray(counts, dtype=np.float64))
    filled = np.flatnonzero(merged)
    return structs.replace(profile, cells=filled.astype("<i8").tobytes(), counts=merged[filled].astype("<i8").tobytes())


def points_of(bins: FieldBins, profile: Profile) -> Points:
    """A number's values as a weighted sample: each cell at its middle, a tail at the mean of what lies in it.

    A value is at most half a cell's width, 1/20,000 of the grid, from where it is taken to be.
    """
    import numpy as np  # noqa: PLC0415 - only who compares pays for it

    cells, counts = packed_cells(profile)
    weights = np.bincount(cells % CELLS_PER_BIN, counts, CELLS_PER_BIN).astype(np.float64)
    width = (bins.high - bins.low) / GRID_CELLS
    places: Counts = bins.low + (np.arange(CELLS_PER_BIN, dtype=np.float64) - 0.5) * width
    places[BELOW] = profile.below_sum / weights[BELOW] if weights[BELOW] else bins.low
    places[ABOVE] = profile.above_sum / weights[ABOVE] if weights[ABOVE] else bins.high
    filled = np.flatnonzero(weights)
    return Points(places[filled], weights[filled])


def deviation(profile: Profile) -> float | NotEstimable:
    """The standard deviation of a number's values."""
    n = profile.present
    if n <= 1:
        return NotEstimable(reason="Fewer than two values are known.", calls=n)
    # Two passes are not to be had from sums; what rounding leaves below nothing is nothing.
    variance = max(profile.squares / n - (profile.total / n) ** 2, 0.0)
    return float(variance**0.5)
