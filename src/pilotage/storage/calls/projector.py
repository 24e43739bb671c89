"""Keeps the sums up to date: reads what came since the cursors, folds it, writes it and the cursors in one transaction.

At any time the sums of a projection are those of the calls up to its call cursor with the outcomes up to its outcome
cursor, as they count at the time it has come to; so a crash neither loses nor doubles anything. A new plan is built
beside the current one and takes its place when it has caught up; a crash on the way only delays it.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from pilotage.evidence.plan import MeasurementPlan
from pilotage.storage.calls.accumulators import MOMENTS
from pilotage.storage.calls.bulk import Bulk
from pilotage.storage.calls.columnar import Columnar
from pilotage.storage.calls.columns import call_keys, outcome_rows
from pilotage.storage.calls.connection import Connections
from pilotage.storage.calls.folding import Batch, Fold, known_of, unit_key
from pilotage.storage.calls.ingestion import workload_number
from pilotage.storage.calls.marks import Known
from pilotage.storage.calls.reading import CallReader
from pilotage.storage.calls.rebuilding import Rebuild
from pilotage.storage.calls.schema import lowest_id, number_of
from pilotage.storage.calls.segments import Segment, SegmentFiles, manifest
from pilotage.storage.calls.sums_tables import (
    add_bets,
    collapse_labels,
    delete_sums,
    forget_ripe,
    known_upto,
    labels_due,
    load_units,
    read_book,
    read_outcomes,
    ripe,
    write_batch,
    write_unit_sums,
    write_units,
)
from pilotage.storage.calls.windows import UnitRow
from pilotage.storage.errors import StorageRefused

# Rises when the same plan must give other sums.
PROJECTION_VERSION = 7
CALLS_PER_STEP = 50_000
OUTCOMES_PER_STEP = 50_000
UNITS_PER_STEP = 5_000
# From how many records on a step takes them as columns: below it, setting up costs more than it saves.
MANY = 200
# From how many segments on they are summed up in one step.
SEGMENTS_MANY = 20

UnitFinder = Callable[[int, Sequence[str], int, int], list[int]]


class Projection(msgspec.Struct):
    """One plan's sums of one workload, and how far they have come: outcomes by their row ids, what waits for labels by
    time (`ripe_us`).
    """

    id: int
    workload: int
    fold: Fold
    columnar: Columnar
    is_current: bool
    call_number: int
    outcome_number: int
    due_until_us: int
    ripe_us: int


class Projector:
    """The only writer of sums. `find_calls` gives the numbers of units' calls in a span of time."""

    def __init__(
        self, connections: Connections, files: SegmentFiles, reader: CallReader, find_calls: UnitFinder
    ) -> None:
        self._files = files
        self._connections = connections
        self._reader = reader
        self._find_calls = find_calls
        self._folds: dict[int, tuple[Fold, Columnar]] = {}
        self.alone = threading.RLock()

    def project(self, slug: str, plan: MeasurementPlan, now_us: int) -> int:
        """Take in what came, close what is due; how many calls and outcomes were taken in."""
        with self.alone:
            projection = self._open(slug, plan)
            if projection is None:
                return 0
            self._ripen(projection, now_us)
            taken = self._take_all(projection)
            self._close_units(projection, now_us)
            self._settle(projection, now_us)
            return taken

    def current(self, slug: str) -> Projection | None:
        """The projection that figures are read from; None before the first has caught up."""
        with self._connections.reading() as connection:
            row = connection.execute(
                "SELECT plan FROM projections JOIN workloads ON workloads.id = workload WHERE slug = ? AND is_current",
                (slug,),
            ).fetchone()
        return None if row is None else self._open(slug, msgspec.json.decode(row[0], type=MeasurementPlan))

    def catch_up(self, slug: str) -> Projection | None:
        """Take in what came under the current plan, closing nothing; the projection, None when there is none."""
        with self.alone:
            projection = self.current(slug)
            if projection is not None:
                self._take_all(projection)
            return projection

    def _take_all(self, projection: Projection) -> int:
        taken = 0
        try:
            while step := self._take_outcomes(projection) + self._take_calls(projection):
                taken += step
        except BaseException:
            self._forget_fold(projection)
            raise
        return taken

    def _forget_fold(self, projection: Projection) -> None:
        """Numbers given to series in a step that failed are not stored."""
        self._folds.pop(projection.id, None)

    def _ripen(self, projection: Projection, now_us: int) -> None:
        """Take in what waited for labels and whose window has closed by now."""
        try:
            while self._ripen_step(projection, now_us):
                pass
        except BaseException:
            self._forget_fold(projection)
            raise
        # What is written from here on counts as of now; time alone changes nothing that would have to be written.
        projection.ripe_us = max(projection.ripe_us, now_us)

    def _ripen_step(self, projection: Projection, now_us: int) -> bool:
        with self._connections.reading() as connection:
            found = ripe(connection, projection.id, now_us, CALLS_PER_STEP)
        if found is None:
            return False
        numbers, until_us = found
        bulk = self._bulk(projection, len(numbers))
        if bulk is not None:
            table = self._reader.table_of(projection.workload, numbers)
            batch = bulk.ripen(
                table, outcome_number=projection.outcome_number, since_us=projection.ripe_us, until_us=until_us
            )
            projection.ripe_us = until_us
            self._write(projection, batch, ripened=True)
            return True
        calls = self._reader.numbered(projection.workload, numbers).values()
        batch = Batch()
        fold = projection.fold
        with self._connections.reading() as connection:
            known = self._known(connection, projection, [call.call_id for call in calls])
            located = load_units(connection, projection.id, calls, batch)
        for index, call in located:
            fold.ripen(batch, index, call, known_of(known, call), since_us=projection.ripe_us, until_us=until_us)
        projection.ripe_us = until_us
        self._write(projection, batch, ripened=True)
        return True

    def _open(self, slug: str, plan: MeasurementPlan) -> Projection | None:
        text, digest = plan_digest(plan)
        with self._connections.reading() as connection:
            workload = workload_number(connection, slug)
            found = None if workload is None else self._stored(connection, workload, digest, plan)
        if workload is None or found is not None:
            return found
        with self._connections.writing() as connection:
            connection.execute(
                "INSERT INTO projections (workload, digest, plan) VALUES (?, ?, ?)", (workload, digest, text)
            )
            return self._stored(connection, workload, digest, plan)

    def _stored(
        self, connection: sqlite3.Connection, workload: int, digest: str, plan: MeasurementPlan
    ) -> Projection | None:
        row = connection.execute(
            "SELECT id, is_current, call_number, outcome_number, due_until_us, ripe_us FROM projections "
            "WHERE workload = ? AND digest = ?",
            (workload, digest),
        ).fetchone()
        if row is None:
            return None
        fold, columnar = self._fold(connection, row[0], plan)
        return Projection(
            id=row[0],
            workload=workload,
            fold=fold,
            columnar=columnar,
            is_current=bool(row[1]),
            call_number=row[2],
            outcome_number=row[3],
            due_until_us=row[4],
            ripe_us=row[5],
        )

    def _fold(self, connection: sqlite3.Connection, projection: int, plan: MeasurementPlan) -> tuple[Fold, Columnar]:
        cached = self._folds.get(projection)
        if cached is not None:
            stored = connection.execute("SELECT count(*) FROM series WHERE projection = ?", (projection,)).fetchone()
            if stored[0] == len(cached[0].book.names):
                return cached
        fold = Fold(plan, _zone(plan.time_zone), read_book(connection, projection))
        made = self._folds[projection] = fold, Columnar(fold)
        return made

    def _take_calls(self, projection: Projection) -> int:
        """Fold the next calls in, with the outcomes that the cursor has passed."""
        with self._connections.reading() as connection:
            newest, newest_outcome = connection.execute(
                "SELECT next_call - 1, next_outcome - 1 FROM workloads WHERE id = ?", (projection.workload,)
            ).fetchone()
        if newest <= projection.call_number:
            return 0
        passed = 0
        if projection.call_number == 0:
            # No call is in the sums, so no outcome can come late for one.
            passed = newest_outcome - projection.outcome_number
            projection.outcome_number = newest_outcome
        bulk = self._bulk(projection, newest - projection.call_number)
        if bulk is not None:
            return self._take_many_calls(projection, bulk, newest) + passed
        numbered = self._reader.after(projection.workload, projection.call_number, CALLS_PER_STEP)
        last = max((number for number, _ in numbered), default=newest)
        calls = [call for _, call in numbered]
        batch = Batch()
        fold = projection.fold
        counted = [(number, call) for number, call in numbered if fold.counts(call)]
        with self._connections.reading() as connection:
            known = self._known(connection, projection, [call.call_id for call in calls])
            located = load_units(connection, projection.id, [call for _, call in counted], batch)
        fold.widen(batch, located)
        for one, (index, call) in zip(counted, located, strict=True):
            fold.add(batch, index, one, known_of(known, call), projection.ripe_us)
        for call in calls:
            fold.tally(batch.counts, call, known_of(known, call), 1, projection.due_until_us)
        self._recount(projection, batch, last)
        projection.call_number = last
        self._write(projection, batch)
        return len(calls) + passed

    def _bulk(self, projection: Projection, records: int) -> Bulk | None:
        """Steps for many records; None where there are few."""
        if records < MANY:
            return None
        return Bulk(self._connections, projection.columnar, projection.id, projection.workload)

    def _take_many_calls(self, projection: Projection, bulk: Bulk, newest: int) -> int:
        with self._connections.reading() as connection:
            segments = [s for s in manifest(connection, projection.workload) if s.last_number > projection.call_number]
        if len(segments) >= SEGMENTS_MANY:
            return self._rebuild(projection, bulk, segments)
        table = self._reader.table_after(projection.workload, projection.call_number, CALLS_PER_STEP)
        last: int = table.column("number")[-1].as_py() if table.num_rows else newest
        batch = Batch()
        if table.num_rows:
            batch = bulk.add(
                table,
                outcome_number=projection.outcome_number,
                ripe_us=projection.ripe_us,
                due_until_us=projection.due_until_us,
                stored=projection.call_number > 0,
            )
        self._recount(projection, batch, last)
        projection.call_number = last
        self._write(projection, batch)
        return int(table.num_rows)

    def _rebuild(self, projection: Projection, bulk: Bulk, segments: Sequence[Segment]) -> int:
        """Take in many segments at once, in one transaction."""
        rebuild = Rebuild(self._files, bulk, projection.columnar, projection.call_number)
        try:
            batch, last, calls = rebuild.add(
                segments,
                outcome_number=projection.outcome_number,
                ripe_us=projection.ripe_us,
                due_until_us=projection.due_until_us,
                stored=projection.call_number > 0,
            )
            self._recount(projection, batch, last)
            projection.call_number = last
            with self._connections.writing(durable=False) as connection:
                for some, blocks in rebuild.blocks(batch):
                    write_unit_sums(connection, projection.id, projection.fold, batch, some=some, blocks=blocks)
                self._write_into(connection, projection, batch)
        finally:
            rebuild.close()
        projection.fold.book.stored()
        return calls

    def _take_outcomes(self, projection: Projection) -> int:
        """Fold in the next outcomes of calls that are in the sums; those of later calls come with their call."""
        if projection.call_number == 0:
            return 0
        workload, after = projection.workload, lowest_id(projection.workload, projection.outcome_number)
        with self._connections.reading() as connection:
            rows = connection.execute(
                "SELECT outcomes.id, outcomes.call, seen.number FROM outcomes LEFT JOIN seen "
                "ON seen.call = outcomes.call AND seen.workload = ? WHERE outcomes.id > ? AND outcomes.id < ? "
                "ORDER BY outcomes.id LIMIT ?",
                (
                    workload,
                    after,
                    lowest_id(workload + 1),
                    OUTCOMES_PER_STEP,
                ),
            ).fetchall()
            if not rows:
                return 0
            bulk = self._bulk(projection, len(rows))
            if bulk is not None:
                return self._take_many_outcomes(connection, projection, bulk, rows, after)
            late = {row[1].hex(): row[2] for row in rows if row[2] is not None and 0 < row[2] <= projection.call_number}
            found = read_outcomes(connection, workload, list(late), rows[-1][0])
        calls = self._reader.numbered(workload, late.values())
        batch = Batch()
        fold = projection.fold
        before = {c: Known.of(one for row_id, one in rows if row_id <= after) for c, rows in found.items()}
        now = {c: Known.of(one for _, one in rows) for c, rows in found.items()}
        with self._connections.reading() as connection:
            changing = [call for call in calls.values() if fold.may_change(call, projection.ripe_us)]
            located = load_units(connection, projection.id, changing, batch)
        for index, call in located:
            old, new = before[call.call_id], now[call.call_id]
            fold.replace(batch, index, call, before=old, after=new, ripe_us=projection.ripe_us)
        for call in calls.values():
            fold.retally(batch.counts, call, before[call.call_id], now[call.call_id], projection.due_until_us)
        projection.outcome_number = number_of(rows[-1][0])
        self._write(projection, batch)
        return len(rows)

    def _take_many_outcomes(
        self,
        connection: sqlite3.Connection,
        projection: Projection,
        bulk: Bulk,
        rows: Sequence[tuple[int, bytes, int | None]],
        after: int,
    ) -> int:
        late = {row[2]: row[1] for row in rows if row[2] is not None and 0 < row[2] <= projection.call_number}
        batch = Batch()
        table = self._reader.table_of(projection.workload, late)
        if table.num_rows:
            known = outcome_rows(connection, projection.workload, call_keys(table), rows[-1][0])
            batch = bulk.learn(table, known, after, ripe_us=projection.ripe_us, due_until_us=projection.due_until_us)
        projection.outcome_number = number_of(rows[-1][0])
        self._write(projection, batch)
        return len(rows)

    def _known(self, connection: sqlite3.Connection, projection: Projection, calls: Sequence[str]) -> dict[str, Known]:
        upto = lowest_id(projection.workload, projection.outcome_number)
        return known_upto(connection, projection.workload, calls, upto)

    def _recount(self, projection: Projection, batch: Batch, last: int) -> None:
        """Sum up anew the windows that an earlier call, coming late, has moved away from calls at their far end."""
        units = {index: batch.units[index] for index in batch.recount}
        if not units:
            return
        fold = projection.fold
        names = sorted({row.unit for row in units.values() if isinstance(row.unit, str)})
        since = min(row.first_us for row in units.values())
        until = max(fold.clock.end_us(row) for row in units.values())
        numbers = self._find_calls(projection.workload, names, since, until)
        calls = self._reader.numbered(projection.workload, [number for number in numbers if number <= last])
        theirs = [(batch.index.get(unit_key(call), -1), call) for call in calls.values() if fold.counts(call)]
        mine = [(index, call) for index, call in theirs if index in units]
        with self._connections.reading() as connection:
            known = self._known(connection, projection, [call.call_id for _, call in mine])
        for index, call in mine:
            fold.recount(batch, index, call, known_of(known, call), projection.ripe_us)
        for index, row in units.items():
            inside = [call.at_us for i, call in mine if i == index and fold.clock.holds(row, call.at_us)]
            row.last_us = max(inside, default=row.first_us)

    def _close_units(self, projection: Projection, now_us: int) -> None:
        """Place the bets of the units whose windows have closed."""
        while rows := self._due_units(projection, now_us):
            fold = projection.fold
            placed = fold.clock.settle(rows, now_us, fold.book.names)
            wealth = {key: logs for key, (_, logs) in placed.items()}
            units = {key: count for key, (count, _) in placed.items()}
            with self._connections.writing(durable=False) as connection:
                write_units(connection, projection.id, fold, rows)
                add_bets(connection, projection.id, wealth, units)

    def _due_units(self, projection: Projection, now_us: int) -> list[UnitRow]:
        with self._connections.reading() as connection:
            rows = connection.execute(
                "SELECT stage, unit, first_us, last_us, closed, sums, id FROM units "
                "WHERE projection = ? AND due_us <= ? ORDER BY due_us LIMIT ?",
                (projection.id, now_us, UNITS_PER_STEP),
            )
            return [UnitRow(*row) for row in rows]

    def _settle(self, projection: Projection, now_us: int) -> None:
        """Count the labels that are due by now, and let a projection that has caught up take over."""
        window_us = projection.fold.marking.label_window_us
        due_until_us = (
            projection.due_until_us if window_us is None else max(projection.due_until_us, now_us - window_us)
        )
        with self._connections.reading() as connection:
            due = labels_due(connection, projection.id, due_until_us)
            others = connection.execute(
                "SELECT id FROM projections WHERE workload = ? AND id <> ?", (projection.workload, projection.id)
            ).fetchall()
        if not (due or others or not projection.is_current):
            return
        with self._connections.writing(durable=False) as connection:
            collapse_labels(connection, projection.id, due_until_us)
            connection.execute(
                "UPDATE projections SET is_current = (id = ?) WHERE workload = ?", (projection.id, projection.workload)
            )
            connection.execute(
                "UPDATE projections SET due_until_us = ?, now_us = max(now_us, ?) WHERE id = ?",
                (due_until_us, now_us, projection.id),
            )
        for (other,) in others:
            self._folds.pop(other, None)
            with self._connections.writing(durable=False) as connection:
                delete_sums(connection, other)

    def _write(self, projection: Projection, batch: Batch, *, ripened: bool = False) -> None:
        with self._connections.writing(durable=False) as connection:
            some, blocks = (0, len(batch.units)), batch.change.unit_blocks()
            write_unit_sums(connection, projection.id, projection.fold, batch, some=some, blocks=blocks)
            self._write_into(connection, projection, batch, ripened=ripened)
        projection.fold.book.stored()

    def _write_into(
        self, connection: sqlite3.Connection, projection: Projection, batch: Batch, *, ripened: bool = False
    ) -> None:
        """Everything but the units' sums, and how far it has come."""
        write_batch(connection, projection.id, projection.fold, batch)
        if ripened:
            forget_ripe(connection, projection.id, projection.ripe_us)
        connection.execute(
            "UPDATE projections SET call_number = ?, outcome_number = ?, ripe_us = ? WHERE id = ?",
            (projection.call_number, projection.outcome_number, projection.ripe_us, projection.id),
        )


def plan_digest(plan: MeasurementPlan) -> tuple[str, str]:
    """The plan as JSON, and the SHA-256 of it, of the moments kept and of the version of this program's sums."""
    # A plan read back must have the digest it was stored under, though a 24 given for a float is 24.0 by then.
    same = msgspec.json.decode(msgspec.json.encode(plan), type=MeasurementPlan)
    text = msgspec.json.encode(same, order="deterministic").decode()
    whole = f"{text}\n{','.join(MOMENTS)}\n{PROJECTION_VERSION}"
    return text, hashlib.sha256(whole.encode()).hexdigest()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise StorageRefused("time-zone", f"{name!r} is not a time zone: name one such as Europe/Berlin.") from error
