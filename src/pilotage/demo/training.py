"""Learning the desk's two arms from past flights, and keeping what was learned.

The same flights always give the same desk: one thread, a fixed seed, folds by week.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from pilotage.demo.desk import FEATURES, Desk, History
from pilotage.demo.flights import Flights
from pilotage.demo.timetable import DESK_ZONE, MINUTES_PER_DAY, Bools, Floats, Ints, local_days
from pilotage.demo.trees import Forest, forest_of

LEARNING_MONTHS = (1, 2, 3, 4, 5, 6)
PLANNING_MONTHS = (1, 2, 3, 4)
FOLDS = 5
CELL_WEIGHT = 30.0
WIDE_CELL_WEIGHT = 50.0
SETTINGS = {
    "max_iter": 60,
    "learning_rate": 0.1,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 200,
    "l2_regularization": 5.0,
    "early_stopping": False,
    "random_state": 0,
}


def train(flights: Flights, cache_folder: Path, *, months: Sequence[int] = LEARNING_MONTHS) -> Desk:
    """Both arms, learned from the flights of `months` whose outcome was known before those months were over.

    What was learned is kept in `cache_folder` under the digest of those flights and of the code that learns, and
    read again from there.

    Raises:
        ValueError: there are no such flights, or of one week only.
    """
    learning = flights.select(_known_in_time(flights, months))
    if not len(learning):
        raise ValueError(f"No flights to learn from in the months {list(months)}")
    kept = cache_folder / f"desk-{_digest(learning, months)}.json"
    known = _kept(kept)
    if known is not None:
        return known
    desk = Desk(months=tuple(months), history=learn_history(learning), forest=learn_forest(learning))
    _keep(kept, msgspec.json.encode(desk))
    return desk


def learn_history(learning: Flights) -> History:
    """The late shares over all these flights."""
    return _Tables.of(learning).history(np.ones(len(learning), dtype=np.bool_))


def learn_forest(learning: Flights) -> Forest:
    """The candidate's trees. Each flight's history features come from other weeks than its own."""
    return forest_of(fit(*learning_rows(learning)))


def learning_rows(learning: Flights) -> tuple[Floats, Bools]:
    """The features (n, len(FEATURES)), NaN where missing, and the labels that the trees learn from.

    A share that already holds the flight's own outcome would be trusted too much; so the flights are cut into
    five folds by week, and each fold's shares are counted over the other four.

    Raises:
        ValueError: all flights are of one week.
    """
    fold = learning.departs_at // (7 * MINUTES_PER_DAY) % FOLDS
    if np.all(fold == fold[:1]):
        raise ValueError("The trees need flights of at least two weeks, to count each week's shares over another")
    tables = _Tables.of(learning)
    rows = np.full((len(learning), len(FEATURES)), np.nan)
    for left_out in np.unique(fold):
        held = fold == left_out
        history = tables.history(~held)
        rows[held] = np.array([history.features(each) for each in learning.select(held).inputs()], dtype=np.float64)
    return rows, learning.late


def fit(rows: Floats, late: Bools) -> object:
    """The boosted trees as scikit-learn fits them, on one thread so that sums round alike on every machine."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - a cached start is spared this import
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415 - same

    with threadpool_limits(limits=1, user_api="openmp"):
        classifier = HistGradientBoostingClassifier(monotonic_cst=list(FEATURES.values()), **SETTINGS)
        return classifier.fit(rows, late)


class _Cells(Struct, frozen=True, kw_only=True, eq=False):
    """Flights grouped by a name: the names, and which of them each flight has."""

    names: list[str]
    of_flight: Ints

    @classmethod
    def of(cls, names: Sequence[str]) -> _Cells:
        place = {name: at for at, name in enumerate(dict.fromkeys(names))}
        return cls(names=list(place), of_flight=np.array([place[name] for name in names], dtype=np.int64))

    def shares(self, rows: Bools, late: Bools, prior: Floats, weight: float) -> Floats:
        """Each cell's late share over these rows, drawn to its rows' mean prior as if by `weight` flights more.

        NaN where a cell has none of the rows.
        """
        cells, size = self.of_flight[rows], len(self.names)
        count = np.bincount(cells, minlength=size)
        late_count = np.bincount(cells, weights=late[rows], minlength=size)
        priors = np.bincount(cells, weights=prior[rows], minlength=size)
        with np.errstate(invalid="ignore"):
            return np.asarray((late_count + weight * priors / count) / (count + weight))

    def by_name(self, values: Floats) -> dict[str, float]:
        return {name: value for name, value in zip(self.names, values.tolist(), strict=True) if value == value}  # noqa: PLR0124 - not NaN


class _Tables(Struct, frozen=True, kw_only=True, eq=False):
    late: Bools
    origin_hour: _Cells
    origin_hour_carrier: _Cells
    destination: _Cells
    flight: _Cells
    departures: dict[str, float]

    @classmethod
    def of(cls, flights: Flights) -> _Tables:
        origins, weekdays = flights.origin.tolist(), flights.weekday.tolist()
        cells = [f"{origin} {hour}" for origin, hour in zip(origins, (flights.dep_clock // 60).tolist(), strict=True)]
        return cls(
            late=flights.late,
            origin_hour=_Cells.of(cells),
            origin_hour_carrier=_Cells.of(
                [f"{cell} {carrier}" for cell, carrier in zip(cells, flights.carrier.tolist(), strict=True)]
            ),
            destination=_Cells.of(flights.dest.tolist()),
            flight=_Cells.of(flights.units()),
            departures=_departures(cells, weekdays, flights),
        )

    def history(self, rows: Bools) -> History:
        base = float(self.late[rows].mean())
        everywhere = np.full(len(self.late), base)
        at_hour = self.origin_hour.shares(rows, self.late, everywhere, WIDE_CELL_WEIGHT)
        prior = at_hour[self.origin_hour.of_flight]
        by_carrier = self.origin_hour_carrier.shares(rows, self.late, prior, CELL_WEIGHT)
        prior = by_carrier[self.origin_hour_carrier.of_flight]
        by_flight = self.flight.shares(rows, self.late, prior, CELL_WEIGHT)
        by_destination = self.destination.shares(rows, self.late, everywhere, WIDE_CELL_WEIGHT)
        return History(
            base=base,
            origin_hour=self.origin_hour.by_name(at_hour),
            origin_hour_carrier=self.origin_hour_carrier.by_name(by_carrier),
            destination=self.destination.by_name(by_destination),
            flight=self.flight.by_name(by_flight),
            departures=self.departures,
        )


def _departures(cells: list[str], weekdays: list[int], flights: Flights) -> dict[str, float]:
    dates = np.unique(flights.month * 100 + flights.day + flights.weekday * 10_000)
    days = np.bincount(dates // 10_000, minlength=8)
    names, counts = np.unique([f"{cell} {day}" for cell, day in zip(cells, weekdays, strict=True)], return_counts=True)
    return {
        name: count / int(days[int(name.rsplit(" ", 1)[1])])
        for name, count in zip(names.tolist(), counts.tolist(), strict=True)
    }


def _known_in_time(flights: Flights, months: Sequence[int]) -> Bools:
    first_of_month = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    over = local_days(DESK_ZONE)[first_of_month[max(months)], 0]
    return np.asarray(np.isin(flights.month, list(months)) & (flights.label_at < over))


def _digest(learning: Flights, months: Sequence[int]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr((tuple(months), importlib.metadata.version("scikit-learn"))).encode())
    for module in ("desk", "economics", "flights", "training", "trees"):
        digest.update(Path(__file__).with_name(f"{module}.py").read_bytes())
    for name in learning.__struct_fields__:
        digest.update(np.ascontiguousarray(getattr(learning, name)).tobytes())
    return digest.hexdigest()


def _kept(path: Path) -> Desk | None:
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Desk)
    except msgspec.DecodeError:
        # A file cut short by a crash is worth nothing: the desk is learned again, and the file replaced.
        return None


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    unfinished.write_bytes(content)
    unfinished.replace(path)
