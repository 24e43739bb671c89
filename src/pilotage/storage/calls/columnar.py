"""From many calls at once to changes of the sums: the same as `folding` gives call by call. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from pilotage.playbook.metrics import Metric
from pilotage.storage.calls.accumulators import distinct
from pilotage.storage.calls.columns import NEVER_US, Learned
from pilotage.storage.calls.folding import (
    DUE,
    MINUTE_US,
    QUARTER_US,
    RAN,
    SHADOW_PAIR,
    SHADOWED,
    Batch,
    Counts,
    Fold,
    Times,
    UnitKey,
    release_in,
    wait_bin,
)
from pilotage.storage.calls.kinds import SIDES, Judge, Values, View, encoded
from pilotage.storage.calls.marks import Mark
from pilotage.storage.calls.packing import WINDOW, Floats, Integers, Rows
from pilotage.storage.calls.windows import window_us

NOWHERE = -1
ALWAYS_US = 2**62
_LABELLED = int(Mark.LABELLED)


class Span(Struct, frozen=True):
    """Which metrics are meant: those whose label windows closed in a span of time (its end included), and of those
    that wait for no label all, none, or those of calls that a person may still answer.
    """

    until_us: int
    since_us: int = 0
    unlabelled: Literal["all", "people", "none"] = "all"


class Strata(Struct):
    """What sums are told apart by besides units: stage, release and declared segments; `rows` says it of each call."""

    names: list[tuple[str, str, tuple[str, ...]]]
    rows: Integers


class Wide(Struct):
    """What calls add, a column to a series. `places` are their units, `NOWHERE` for calls that do not count."""

    places: Integers
    strata: Strata
    days: Integers
    columns: list[Values]
    windowed: list[Values]


class Windows(Struct):
    """The units' windows as columns: where they begin and end, how many groups of bets are settled, and the latest
    call inside. A window that is to be summed up anew takes nothing in.
    """

    firsts_us: Integers
    ends_us: Integers
    closed: Integers
    last_us: Integers
    recount: np.ndarray

    def inside(self, places: Integers, at_us: Integers) -> np.ndarray:
        """By call whether it lies in its unit's window."""
        if not len(self.ends_us):
            return np.zeros(len(places), dtype=np.bool_)
        inside: np.ndarray = (at_us >= self.firsts_us[places]) & (at_us < self.ends_us[places])
        return inside

    def reach(self, places: Integers, at_us: Integers) -> None:
        """Let the units know of calls inside their windows."""
        rows = np.flatnonzero((places != NOWHERE) & self.inside(places, at_us))
        np.maximum.at(self.last_us, places[rows], at_us[rows])

    def write(self, batch: Batch) -> None:
        """Tell the units their latest calls."""
        for row, latest_us in zip(batch.units, self.last_us.tolist(), strict=True):
            row.last_us = latest_us


class Columnar:
    """One plan, ready to be applied to tables of calls."""

    def __init__(self, fold: Fold) -> None:
        self.fold = fold
        self.judge = Judge(fold.plan, fold.marking)
        self._strata: dict[tuple[str, str, tuple[str, ...]], int] = {}

    def view(self, table: pa.Table, learned: Learned) -> View:
        """Calls, ready to be looked at."""
        return View(table, learned)

    def counted(self, table: pa.Table) -> Integers:
        """The rows of the calls whose source counts for gates."""
        sources = pa.array(sorted(self.fold.plan.counted_sources), pa.string())
        counted: Integers = np.flatnonzero(np.asarray(pc.is_in(table.column("source"), sources)))
        return counted

    def may_change(self, table: pa.Table, ripe_us: int) -> Integers:
        """The rows of the calls of which more may be learned that changes what they contribute by then."""
        at_us = table.column("at_us").to_numpy()
        closed = np.zeros(table.num_rows, dtype=np.bool_)
        for wait_us in self.fold.windows_us[:1]:
            closed = ripe_us - at_us > wait_us
        rows = self.counted(table)
        changing: Integers = rows[(closed | _by_person(table))[rows]]
        return changing

    def keys(self, table: pa.Table, rows: Integers) -> tuple[list[UnitKey], Integers, Integers]:
        """The units of the calls in those rows, the row of each one's first call, and by row which unit it is."""
        (stages, _), (units, count) = (encoded(table.column(name)) for name in ("stage", "unit"))
        nameless = np.flatnonzero(np.asarray(pc.equal(table.column("unit"), "")))
        units = units.copy()
        units[nameless] = count + np.arange(len(nameless))
        count += len(nameless)
        codes = (stages * count + units)[rows]
        firsts, places = distinct(codes, int(codes.max(initial=0)) + 1)
        some = table.select(["stage", "unit", "call_id"]).take(pa.array(rows[firsts]))
        keys = [
            (stage, unit or bytes.fromhex(call_id))
            for stage, unit, call_id in zip(*(column.to_pylist() for column in some.columns), strict=True)
        ]
        return keys, rows[firsts], places

    def windows(self, batch: Batch) -> Windows:
        """The windows of the batch's units, once they are where they will be."""
        rows = batch.units
        recount = np.zeros(len(rows), dtype=np.bool_)
        recount[list(batch.recount)] = True
        firsts_us = np.array([row.first_us for row in rows], dtype=np.int64)
        return Windows(
            firsts_us=firsts_us,
            ends_us=firsts_us + self.fold.clock.unit_window_us,
            closed=np.array([row.closed for row in rows], dtype=np.int64),
            last_us=np.array([row.last_us for row in rows], dtype=np.int64),
            recount=recount,
        )

    def strata(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """By number, every stratum so far."""
        return list(self._strata)

    def wide(self, view: View, places: Integers, windows: Windows, span: Span) -> Wide:
        """What the calls add to the series; `windows` are their units'."""
        table, at_us = view.table, view.at_us
        inside, closed = _betting(windows, places, at_us)
        person = _by_person(table) if span.unlabelled == "people" else None
        columns: list[Values] = []
        windowed: list[Values] = []
        if span.unlabelled == "all":
            columns += self.judge.assigned(view, np.flatnonzero(places != NOWHERE))
        for metric in self.fold.plan.metrics:
            rows = np.flatnonzero((places != NOWHERE) & self._meant(metric, at_us, span, person))
            for values in self.judge.values(metric, view, rows):
                columns.append(values)
                group = None if values.segment else self.fold.clock.group(values.metric, values.series)
                if group is not None:
                    bets = (inside & (closed <= group)).astype(np.float64)
                    windowed.append(_weighted(values, bets))
        return Wide(places, self._stratify(table), self._days(at_us), columns, windowed)

    def _meant(self, metric: Metric, at_us: Integers, span: Span, person: np.ndarray | None) -> np.ndarray | bool:
        if metric.labelled:
            wait_us = window_us(metric)
            meant: np.ndarray = (span.until_us - at_us > wait_us) & ~(span.since_us - at_us > wait_us)
            return meant
        return span.unlabelled == "all" if person is None else person

    def _days(self, at_us: Integers) -> Integers:
        quarters, places = np.unique(at_us // QUARTER_US, return_inverse=True)
        days = [self.fold.day(quarter * QUARTER_US) for quarter in quarters.tolist()]
        return np.array(days, dtype=np.int64)[places]

    def _stratify(self, table: pa.Table) -> Strata:
        """Numbers for stage, release and segments, the same in every table."""
        looks = ("stage", "served_arm", "served_release", "beside_arm", "beside_release", "segment")
        kinds = np.zeros(table.num_rows, dtype=np.int64)
        for column in looks:
            if column != "segment" or self.fold.plan.segments:
                codes, count = encoded(table.column(column))
                _, kinds = np.unique(kinds * count + codes, return_inverse=True)
        _, firsts = np.unique(kinds, return_index=True)
        numbers = []
        for row in table.select(looks).take(pa.array(firsts)).to_pylist():
            release = release_in((row["served_arm"], row["served_release"]), (row["beside_arm"], row["beside_release"]))
            segments = self.fold.segments_in(row["segment"])
            numbers.append(self._strata.setdefault((row["stage"], release, segments), len(self._strata)))
        return Strata(list(self._strata), np.array(numbers, dtype=np.int64)[kinds])

    def add_days(self, batch: Batch, wide: Wide, sign: float) -> None:
        """Change the daily sums."""
        rows = np.flatnonzero(wide.places != NOWHERE)
        cells, stripes = _cells(wide.days[rows], wide.strata.rows[rows])
        for values in wide.columns:
            if not values.segment:
                summed = _summed(values, rows, stripes, len(cells[0]))
                batch.change.day_blocks += self._rows(cells, summed, values, wide.strata, sign, segmented=False)

    def add_units(self, batch: Batch, wide: Wide, sign: float) -> None:
        """Change the units' sums."""
        rows = np.flatnonzero(wide.places != NOWHERE)
        cells, stripes = _cells(wide.places[rows], wide.strata.rows[rows])
        for values in wide.columns:
            summed = _summed(values, rows, stripes, len(cells[0]))
            batch.change.blocks += self._rows(cells, summed, values, wide.strata, sign)
        for values in wide.windowed:
            summed = _summed(values, rows, stripes, len(cells[0]))
            batch.change.blocks += self._rows(cells, summed, values, wide.strata, sign, bit=WINDOW)

    def rows(
        self, cells: tuple[Integers, Integers], summed: Floats, values: Values, strata: Strata, *, bit: int = 0
    ) -> list[Rows]:
        """Rows for the units' sums out of sums by unit and stratum."""
        return self._rows(cells, summed, values, strata, 1.0, bit=bit)

    def _rows(
        self,
        cells: tuple[Integers, Integers],
        summed: Floats,
        values: Values,
        strata: Strata,
        sign: float,
        *,
        bit: int = 0,
        segmented: bool = True,
    ) -> list[Rows]:
        there = np.flatnonzero(summed.any(axis=0))
        owners, stripes = cells[0][there], cells[1][there]
        sums = sign * summed[:, there]
        made = []
        wholes, parts = np.unique(stripes, return_inverse=True)
        for which in range(1 + len(self.fold.plan.segments) if values.segmented and segmented and not bit else 1):
            numbers = [
                self._number(strata.names[stripe], values, which - 1)
                if which
                else self._number_all(strata, stripe, values)
                for stripe in wholes.tolist()
            ]
            series = np.array([-1 if number is None else number | bit for number in numbers], dtype=np.int64)[parts]
            block = Rows(owners, series, *sums)
            made.append(block if (series >= 0).all() else block.taken(series >= 0))
        return made

    def _number_all(self, strata: Strata, stripe: int, values: Values) -> int:
        stage, release, _ = strata.names[stripe]
        return self.fold.number_of(stage, release, (values.metric, values.series, values.segment))

    def _number(self, stratum: tuple[str, str, tuple[str, ...]], values: Values, which: int) -> int | None:
        stage, release, segments = stratum
        if not segments[which]:
            return None
        return self.fold.number_of(stage, release, (values.metric, values.series, segments[which]))

    def widen(self, batch: Batch, places: Integers, at_us: Integers) -> None:
        """Let the units' windows take in new calls; units whose far end may lose calls are marked for a recount."""
        rows = np.flatnonzero(places != NOWHERE)
        earliest_us = np.full(len(batch.units), ALWAYS_US, dtype=np.int64)
        np.minimum.at(earliest_us, places[rows], at_us[rows])
        firsts_us = np.array([row.first_us for row in batch.units], dtype=np.int64)
        for index in np.flatnonzero(earliest_us < firsts_us).tolist():
            if self.fold.clock.include(batch.units[index], int(earliest_us[index])):
                batch.recount.add(index)

    def waits(self, batch: Batch, table: pa.Table, rows: Integers, ripe_us: int) -> None:
        """Note from when these calls count for the metrics that wait for a label and whose windows are open."""
        at_us = table.column("at_us").to_numpy()[rows]
        numbers = table.column("number").to_numpy()[rows]
        for wait_us in self.fold.windows_us:
            is_open = ~(ripe_us - at_us > wait_us)
            due_us = at_us[is_open] + wait_us + 1
            batch.ripening += zip(due_us.tolist(), numbers[is_open].tolist(), strict=True)

    def tally(self, counts: Counts, view: View, sign: int, due_until_us: int, *, times: bool) -> None:
        """Count the calls (`sign` 1) or take them out (-1); `times` notes first and last times too."""
        marks = self.judge.marks(view)
        table, at_us = view.table, view.at_us
        groups, names = _grouped(table, ("stage", "source"))
        for (group, mark), calls in _counted(groups, marks):
            counts.tallies[names[group][0], names[group][1], mark] += sign * calls
        if self.fold.marking.label_window_us is not None:
            minutes = at_us // MINUTE_US
            minutes[(minutes + 1) * MINUTE_US <= due_until_us] = DUE
            for has_label in (0, 1):
                rows = np.flatnonzero((marks & _LABELLED != 0) == has_label)
                for (group, minute), calls in _counted(groups[rows], minutes[rows]):
                    label = counts.labels.setdefault((names[group][0], names[group][1], minute), [0, 0])
                    label[0] += sign * calls
                    label[1] += sign * calls * has_label
        if times:
            _note_times(counts, groups, names, view, marks)
        counted = np.zeros(len(marks), dtype=np.bool_)
        counted[self.counted(table)] = True
        shadowed = np.flatnonzero(counted & (marks & SHADOWED != 0))
        pairs = shadowed[(marks[shadowed] & SHADOW_PAIR) == SHADOW_PAIR]
        days, calls_a_day = np.unique(self._days(at_us[pairs]), return_counts=True)
        for day, calls in zip(days.tolist(), calls_a_day.tolist(), strict=True):
            counts.shadow_days[self.fold.day_text(day)] += sign * calls
        waits, times_waited = np.unique(table.column("added_us").to_numpy()[shadowed], return_counts=True)
        for added_us, calls in zip(waits.tolist(), times_waited.tolist(), strict=True):
            wait = counts.shadow_waits.setdefault(wait_bin(added_us), [0, 0])
            wait[0] += sign * calls
            wait[1] += sign * calls * added_us


def _by_person(table: pa.Table) -> np.ndarray:
    """Where a person's answer may still come."""
    served, beside = (table.column(f"{side}_value").is_null().to_numpy() for side in SIDES)
    person: np.ndarray = served | (beside & table.column("beside_arm").is_valid().to_numpy())
    return person


def _betting(windows: Windows, places: Integers, at_us: Integers) -> tuple[np.ndarray, Integers]:
    """Which calls their units may bet on, and how many groups of bets these have settled."""
    if not len(windows.closed):
        return np.zeros(len(places), dtype=np.bool_), np.zeros(len(places), dtype=np.int64)
    return windows.inside(places, at_us) & ~windows.recount[places], windows.closed[places]


def _weighted(values: Values, weights: Floats) -> Values:
    return Values(
        values.metric, values.series, values.segment, values.n * weights, values.y * weights, values.z * weights
    )


def _cells(owners: Integers, stripes: Integers) -> tuple[tuple[Integers, Integers], Integers]:
    """The pairs of owner and stratum that occur, and by row which pair it is."""
    width = int(stripes.max(initial=0)) + 1
    firsts, places = distinct(owners * width + stripes, (int(owners.max(initial=0)) + 1) * width)
    return (owners[firsts], stripes[firsts]), places


def _summed(values: Values, rows: Integers, places: Integers, size: int) -> Floats:
    summed: Floats = np.stack(
        [np.bincount(places, column[rows], size) for column in (values.n, values.y, values.z)]
    ).astype(np.float64, copy=False)
    return summed


def _grouped(table: pa.Table, columns: Sequence[str]) -> tuple[Integers, list[tuple[str, ...]]]:
    """By row the number of its values in some columns, and those values by number."""
    codes = np.zeros(table.num_rows, dtype=np.int64)
    for column in columns:
        more, count = encoded(table.column(column))
        codes = codes * count + more
    _, firsts, groups = np.unique(codes, return_index=True, return_inverse=True)
    picked = table.select(list(columns)).take(pa.array(firsts))
    return groups, list(zip(*(column.to_pylist() for column in picked.columns), strict=True))


def _counted(groups: Integers, codes: Integers) -> Iterable[tuple[tuple[int, int], int]]:
    """How often each pair of a group and a code occurs."""
    least = int(codes.min(initial=0))
    width = int(codes.max(initial=0)) - least + 1
    pairs, counts = np.unique(groups * width + (codes - least), return_counts=True)
    found = zip((pairs // width).tolist(), (pairs % width + least).tolist(), strict=True)
    return zip(found, counts.tolist(), strict=True)


def _note_times(
    counts: Counts, groups: Integers, names: Sequence[tuple[str, ...]], view: View, marks: Integers
) -> None:
    feedback_us, at_us = view.learned.feedback_us, view.at_us
    for group, name in enumerate(names):
        mine = groups == group
        ran = at_us[mine & (marks & RAN != 0)]
        told = feedback_us[mine & (feedback_us != NEVER_US)]
        new = Times(
            int(at_us[mine].min()),
            int(at_us[mine].max()),
            int(ran.min()) if len(ran) else None,
            int(told.min()) if len(told) else None,
        )
        stage, source = name
        counts.note(stage, source, new)
