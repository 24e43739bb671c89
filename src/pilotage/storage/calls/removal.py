"""Taking calls away: a unit's on request, everybody's when they are old.

New segments are complete before one transaction swaps them into the manifest; the old files go after it. The ids of
what was removed stay known, so that a late copy is not taken in again.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from pilotage.runtime.records import Call
from pilotage.storage.calls import figures
from pilotage.storage.calls.accumulators import by_day, merge, taken_out
from pilotage.storage.calls.connection import Connections
from pilotage.storage.calls.folding import Batch, known_of
from pilotage.storage.calls.ingestion import mark_gone, workload_number
from pilotage.storage.calls.profiling import seal, touch
from pilotage.storage.calls.projector import Projection, Projector
from pilotage.storage.calls.queries import CallQueries
from pilotage.storage.calls.reading import CallReader, read_segment
from pilotage.storage.calls.schema import lowest_id
from pilotage.storage.calls.segments import (
    Segment,
    SegmentFiles,
    fresh_rows,
    holding,
    list_segment,
    manifest,
    unlist_segment,
)
from pilotage.storage.calls.sums_tables import (
    add_bets,
    add_counts,
    add_days,
    add_moments,
    delete_sums,
    known_upto,
    write_series,
)
from pilotage.storage.calls.windows import UnitRow
from pilotage.storage.errors import StorageRefused


class Removal:
    """Erasure and retention. The caller lets nobody flush or project meanwhile."""

    def __init__(
        self,
        connections: Connections,
        files: SegmentFiles,
        reader: CallReader,
        queries: CallQueries,
        projector: Projector,
    ) -> None:
        self._connections = connections
        self._files = files
        self._reader = reader
        self._queries = queries
        self._projector = projector

    def erase_unit(self, slug: str, unit: str) -> int:
        """Remove a unit's calls, outcomes and sums; how many calls. Nothing of it stays in the files."""
        if not unit:
            raise StorageRefused("unit-empty", "Name the unit to erase: calls without a unit belong to nobody.")
        with self._connections.reading() as connection:
            workload = workload_number(connection, slug)
        if workload is None:
            return 0
        numbers = self._queries.of_units(workload, [unit])
        calls = self._reader.numbered(workload, numbers)
        with self._connections.reading() as connection:
            affected = holding(manifest(connection, workload), numbers)
        replaced = [(segment, self._without(slug, segment, unit)) for segment in affected]
        projection = self._projector.current(slug)
        with self._connections.writing() as connection:
            self._drop_building(connection, workload, projection)
            if projection is not None:
                _forget(connection, projection, unit, calls)
            _swap(connection, workload, replaced)
            connection.executemany(
                "DELETE FROM fresh WHERE id = ?", [(lowest_id(workload, number),) for number in numbers]
            )
            _remove_records(connection, workload, [bytes.fromhex(call.call_id) for call in calls.values()])
            touch(connection, workload, [call.at_us for call in calls.values()])
        self._files.delete(segment.path for segment, _ in replaced)
        self._reader.forget()
        self._connections.empty_log()
        return len(numbers)

    def retain(self, slug: str, before_us: int) -> int:
        """Remove the calls older than that; their share of the sums stays, sealed first. How many calls.

        A call that goes while a metric still waits for its label leaves nothing to that metric.
        """
        self._projector.catch_up(slug)
        with self._connections.reading() as connection:
            workload = workload_number(connection, slug)
            if workload is None:
                return 0
            segments = [s for s in manifest(connection, workload) if s.min_at_us < before_us]
            numbers, calls = fresh_rows(connection, workload)
        old = [(number, call) for number, call in zip(numbers, calls, strict=True) if call.at_us < before_us]
        if segments or old:
            self._seal(slug, workload, before_us)
            with self._connections.writing() as connection:
                seal(connection, workload, before_us)
        removed = sum(self._retain_segment(slug, workload, segment, before_us) for segment in segments)
        with self._connections.writing() as connection:
            connection.executemany(
                "DELETE FROM fresh WHERE id = ?", [(lowest_id(workload, number),) for number, _ in old]
            )
            _remove_records(connection, workload, [bytes.fromhex(call.call_id) for _, call in old])
            connection.execute(
                "DELETE FROM outcomes WHERE id > ? AND id < ? AND at_us < ? AND NOT EXISTS "
                "(SELECT 1 FROM seen WHERE seen.call = outcomes.call AND seen.workload = ?)",
                (lowest_id(workload), lowest_id(workload + 1), before_us, workload),
            )
        self._reader.forget()
        self._connections.empty_log()
        return removed + len(old)

    def _retain_segment(self, slug: str, workload: int, segment: Segment, before_us: int) -> int:
        table = read_segment(self._files, segment)
        is_old = pc.less(table.column("at_us"), before_us)
        kept = table.filter(pc.invert(is_old))
        gone = table.filter(is_old).column("call_id").to_pylist()
        replacement = self._files.write(slug, kept) if kept.num_rows else None
        with self._connections.writing() as connection:
            _swap(connection, workload, [(segment, replacement)])
            _remove_records(connection, workload, [bytes.fromhex(call_id) for call_id in gone])
        self._files.delete([segment.path])
        return len(gone)

    def _without(self, slug: str, segment: Segment, unit: str) -> Segment | None:
        table: pa.Table = read_segment(self._files, segment)
        kept = table.filter(pc.not_equal(table.column("unit"), unit))
        return self._files.write(slug, kept) if kept.num_rows else None

    def _seal(self, slug: str, workload: int, before_us: int) -> None:
        """Keep the sums as they stand, with their digest, before the calls that they are made of go."""
        with self._connections.reading() as connection:
            row = connection.execute(
                "SELECT digest FROM projections WHERE workload = ? AND is_current", (workload,)
            ).fetchone()
            sums = {
                "totals": figures.totals(connection, slug),
                "bets": figures.bets(connection, slug),
                "days": figures.days(connection, slug),
                "traffic": figures.traffic(connection, slug, None),
                "coverage": figures.coverage(connection, slug),
                "shadow": figures.shadow(connection, slug),
            }
        if row is None:
            return
        body = msgspec.json.encode(sums, order="deterministic")
        with self._connections.writing() as connection:
            connection.execute(
                "INSERT INTO seals (workload, before_us, plan_digest, digest, body) VALUES (?, ?, ?, ?, ?)",
                (workload, before_us, row[0], hashlib.sha256(body).hexdigest(), body.decode()),
            )

    def _drop_building(self, connection: sqlite3.Connection, workload: int, projection: Projection | None) -> None:
        """A projection that has not caught up starts again, without what is erased."""
        kept = -1 if projection is None else projection.id
        for (other,) in connection.execute(
            "SELECT id FROM projections WHERE workload = ? AND id <> ?", (workload, kept)
        ).fetchall():
            delete_sums(connection, other)


def _swap(connection: sqlite3.Connection, workload: int, replaced: Iterable[tuple[Segment, Segment | None]]) -> None:
    for old, new in replaced:
        unlist_segment(connection, old.path)
        if new is not None:
            list_segment(connection, workload, new)


def _remove_records(connection: sqlite3.Connection, workload: int, calls: Sequence[bytes]) -> None:
    connection.executemany(
        "DELETE FROM outcomes WHERE call = ? AND +id BETWEEN ? AND ?",
        [(call, lowest_id(workload), lowest_id(workload + 1) - 1) for call in calls],
    )
    connection.executemany(
        "DELETE FROM corrections WHERE call = ? AND workload = ?", [(call, workload) for call in calls]
    )
    mark_gone(connection, workload, calls)


def _forget(connection: sqlite3.Connection, projection: Projection, unit: str, calls: dict[int, Call]) -> None:
    """Take a unit's share out of the sums. First times stay: they are nobody's."""
    fold = projection.fold
    for row in _unit_rows(connection, projection.id, unit):
        if row.sums:
            add_moments(connection, projection.id, merge([row.sums], taken_out(row.sums), fold.per_unit()))
        placed = fold.clock.settled(row, fold.book.names)
        add_bets(
            connection,
            projection.id,
            {key: [-log for log in logs] for key, logs in placed.items()},
            Counter(dict.fromkeys(placed, -1)),
        )
        connection.execute(
            "DELETE FROM units WHERE projection = ? AND stage = ? AND unit = ?", (projection.id, row.stage, unit)
        )
    connection.executemany(
        "DELETE FROM ripening WHERE projection = ? AND due_us = ? AND number = ?",
        [(projection.id, *waiting) for number, call in calls.items() for waiting in fold.waits(number, call)],
    )
    taken = [call for number, call in calls.items() if number <= projection.call_number]
    known = known_upto(
        connection,
        projection.workload,
        [call.call_id for call in taken],
        lowest_id(projection.workload, projection.outcome_number),
    )
    batch = Batch()
    for call in taken:
        if fold.counts(call):
            fold.take_from_days(batch, call, known_of(known, call), projection.ripe_us)
        fold.tally(batch.counts, call, known_of(known, call), -1, projection.due_until_us)
    write_series(connection, projection.id, fold.book)
    fold.book.stored()
    add_days(connection, projection.id, by_day(batch.change.day_rows(), fold.book.overall()))
    add_counts(connection, projection.id, batch.counts)
    connection.execute("DELETE FROM days WHERE projection = ? AND n = 0", (projection.id,))
    connection.execute("DELETE FROM bets WHERE projection = ? AND units = 0", (projection.id,))


def _unit_rows(connection: sqlite3.Connection, projection: int, unit: str) -> list[UnitRow]:
    rows = connection.execute(
        "SELECT units.stage, unit, units.first_us, units.last_us, closed, sums, units.id FROM units JOIN "
        "(SELECT DISTINCT stage FROM firsts WHERE projection = ?) AS stages ON stages.stage = units.stage "
        "WHERE projection = ? AND unit = ?",
        (projection, projection, unit),
    )
    return [UnitRow(*row) for row in rows]
