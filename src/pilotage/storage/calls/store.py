"""The embedded call store: SQLite takes calls in, Parquet segments keep them, DuckDB reads them, sums are kept beside.

One process writes to a folder, any number read. A file that the manifest does not list counts for nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import msgspec

from pilotage.evidence.agreement import PairedAnswers
from pilotage.evidence.burning import MinuteCount
from pilotage.evidence.daybook import DayProfile, Reference
from pilotage.evidence.measurements import LabelBases, Traffic
from pilotage.evidence.plan import MeasurementPlan
from pilotage.runtime.records import Call, Outcome
from pilotage.storage.calls import figures
from pilotage.storage.calls.connection import LOCK_WAIT_S, Connections
from pilotage.storage.calls.ingestion import store_calls, store_outcomes, workload_number
from pilotage.storage.calls.profiling import Profiler
from pilotage.storage.calls.projector import Projector
from pilotage.storage.calls.queries import CallQueries
from pilotage.storage.calls.reading import CallReader
from pilotage.storage.calls.removal import Removal
from pilotage.storage.calls.rows import micros
from pilotage.storage.calls.schema import lowest_id
from pilotage.storage.calls.segments import FLUSH_BYTES, FLUSH_ROWS, SegmentFiles, flush_segment
from pilotage.storage.calls.spans import SpanReader
from pilotage.storage.errors import StorageError, StorageUnavailable
from pilotage.storage.protocols import (
    Accepted,
    BetRow,
    CallFilter,
    CallPage,
    DayRow,
    LookRow,
    PairsOf,
    ShadowRow,
    SpanOf,
    StoredCall,
    SumRow,
)

_log = logging.getLogger(__name__)


class EmbeddedCallStore:
    """A `CallStore` in one folder, made if absent. Safe to use from several threads.

    Opening and reading need no lock. The first write takes the folder's writer lock and keeps it until `close`;
    `StorageUnavailable` when another process has it for longer than `lock_wait_s` seconds. `flush_rows` is how many
    calls of a workload wait in SQLite before they become a segment.
    """

    def __init__(self, folder: Path, *, lock_wait_s: float = LOCK_WAIT_S, flush_rows: int = FLUSH_ROWS) -> None:
        self._flush_rows = flush_rows
        self._connections = Connections(folder, lock_wait_s=lock_wait_s)
        self._files = SegmentFiles(folder)
        self._reader = CallReader(self._connections, self._files)
        self._queries = CallQueries(self._connections, self._files)
        self._spans = SpanReader(self._connections, self._reader)
        self._projector = Projector(self._connections, self._files, self._reader, self._queries.of_units)
        self._profiler = Profiler(self._connections, self._queries)
        self._removal = Removal(self._connections, self._files, self._reader, self._queries, self._projector)
        # Whoever moves rows between `fresh` and segments holds it; taken after the projector's lock, never before.
        self._moving = threading.Lock()
        self._counting = threading.Lock()
        self._waiting: dict[str, tuple[int, int]] = {}
        self._sweep()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def append_calls(
        self,
        workload: str,
        calls: Sequence[Call],
        counters: Mapping[str, int] | None = None,
        runtime: str = "",
    ) -> Accepted:
        """Store calls; on return they are on the disk. A call id seen before changes nothing.

        `counters` are the running totals of what `runtime` dropped. Every ten thousand calls or so, one append also
        writes a segment, for about a tenth of a second.
        """
        number, accepted, size = store_calls(self._connections, workload, calls, counters or {}, runtime)
        self._flush_when_due(workload, number, accepted.accepted, size)
        return accepted

    def append_outcomes(self, workload: str, outcomes: Sequence[Outcome]) -> Accepted:
        """Store outcomes; on return they are on the disk. They may come before their call."""
        return store_outcomes(self._connections, workload, outcomes)

    def project(self, workload: str, plan: MeasurementPlan, now: dt.datetime) -> int:
        """Bring the sums up to date and close the units that are due; how many records were taken in."""
        return self._projector.project(workload, plan, micros(now))

    def totals(self, workload: str) -> tuple[SumRow, ...]:
        """Every total, as last projected."""
        with self._connections.reading() as connection:
            return figures.totals(connection, workload)

    def bets(self, workload: str) -> tuple[BetRow, ...]:
        """Every betting sum, as last projected."""
        with self._connections.reading() as connection:
            return figures.bets(connection, workload)

    def returning(self, workload: str, stages: Sequence[str]) -> bool | None:
        """Whether some unit has calls in two of these stages; None where that is not known."""
        with self._connections.reading() as connection:
            return figures.returning(connection, workload, stages)

    def label_bases(self, workload: str) -> tuple[LabelBases, ...]:
        """By stage what labels are known from, where any were given."""
        with self._connections.reading() as connection:
            return figures.label_bases(connection, workload)

    def days(self, workload: str) -> tuple[DayRow, ...]:
        """Daily sums, for charts."""
        with self._connections.reading() as connection:
            return figures.days(connection, workload)

    def span(self, workload: str, plan: MeasurementPlan, of: SpanOf) -> tuple[SumRow, ...]:
        """Totals of the plan's metrics over a span of time, read from its calls."""
        return self._spans.totals(workload, plan, of)

    def traffic(self, workload: str, stages: Sequence[str] | None = None) -> Traffic:
        """Counts and first times, as last projected."""
        with self._connections.reading() as connection:
            return figures.traffic(connection, workload, stages)

    def shadow(self, workload: str) -> ShadowRow:
        """How shadowing went, as last projected."""
        with self._connections.reading() as connection:
            return figures.shadow(connection, workload)

    def coverage(self, workload: str, stages: Sequence[str] | None = None) -> Mapping[str, tuple[int, int]]:
        """Per field: present and due."""
        with self._connections.reading() as connection:
            return figures.coverage(connection, workload, stages)

    def dropped(self, workload: str) -> Mapping[str, int]:
        """What the runtimes said they dropped, by reason, over all runtimes."""
        with self._connections.reading() as connection:
            rows = connection.execute(
                "SELECT reason, sum(total) FROM dropped WHERE workload = ? GROUP BY reason ORDER BY reason",
                (workload_number(connection, workload),),
            )
            return dict(rows.fetchall())

    def save_look(self, workload: str, look: LookRow) -> None:
        """Keep the sums of a look; the first of a day and attempt stands."""
        body = msgspec.json.encode(look).decode()
        with self._connections.writing() as connection:
            connection.execute("INSERT INTO workloads (slug) VALUES (?) ON CONFLICT DO NOTHING", (workload,))
            connection.execute(
                "INSERT INTO looks VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (workload_number(connection, workload), look.attempt, look.day.isoformat(), body),
            )

    def looks(self, workload: str, attempt: int) -> tuple[LookRow, ...]:
        """The looks of an attempt, in order of day."""
        with self._connections.reading() as connection:
            rows = connection.execute(
                "SELECT body FROM looks WHERE workload = ? AND attempt = ? ORDER BY day",
                (workload_number(connection, workload), attempt),
            ).fetchall()
        return tuple(msgspec.json.decode(row[0], type=LookRow) for row in rows)

    def search(self, workload: str, where: CallFilter, cursor: str | None = None, limit: int = 50) -> CallPage:
        """Calls that match, newest first; at most a thousand to a page."""
        return self._queries.search(workload, where, cursor, limit)

    def agreement(self, workload: str, of: PairsOf) -> PairedAnswers:
        """What both arms answered, counted over the newest pairs that are kept."""
        return self._queries.agreement(workload, of)

    def call(self, workload: str, call_id: str) -> StoredCall | None:
        """One call in full; None when it is not kept, or never was."""
        return self._queries.call(workload, call_id)

    def corrected(self, workload: str, name: str, limit: int) -> tuple[StoredCall, ...]:
        """Calls of which two outcomes of that name say different things; at most `limit`."""
        return self._queries.corrected(workload, name, limit)

    def feedback(self, workload: str, since: dt.datetime, limit: int) -> tuple[Outcome, ...]:
        """What users said since then, newest taken in first; at most `limit`."""
        return self._queries.feedback(workload, since, limit)

    def erase_unit(self, workload: str, unit: str) -> int:
        """Remove a unit's calls, outcomes and sums everywhere; how many calls."""
        self._connections.claim()
        with self._projector.alone, self._moving:
            removed = self._removal.erase_unit(workload, unit)
        self._profiler.update_again(workload)
        return removed

    def retain(self, workload: str, before: dt.datetime) -> int:
        """Remove calls older than `before`; their share of the sums stays, sealed. How many calls."""
        self._connections.claim()
        self._profiler.update_again(workload)
        with self._projector.alone, self._moving:
            return self._removal.retain(workload, micros(before))

    def profile(
        self, workload: str, plan: MeasurementPlan, now: dt.datetime, chosen: Mapping[str, dt.date] | None = None
    ) -> tuple[dt.date, ...]:
        """Freeze the references that are due and make the touched days' profiles again; which days."""
        return self._profiler.update(workload, plan, now, chosen)

    def references(self, workload: str) -> tuple[Reference, ...]:
        """The frozen references."""
        return self._profiler.references(workload)

    def former_references(self, workload: str) -> tuple[Reference, ...]:
        """The references that were compared with before."""
        return self._profiler.former_references(workload)

    def profiles(self, workload: str, since: dt.date, until: dt.date) -> tuple[DayProfile, ...]:
        """The profiles of these days, `until` exclusive."""
        return self._profiler.days(workload, since, until)

    def minutes(
        self, workload: str, sources: Sequence[str], since: dt.datetime, until: dt.datetime, limit_ms: float | None
    ) -> Mapping[str, tuple[MinuteCount, ...]]:
        """Counts by minute of the calls that were answered, served as assigned, and fast."""
        return self._profiler.minutes(workload, sources, since, until, limit_ms)

    def flush(self) -> None:
        """Write every call into a segment now."""
        with self._connections.reading() as connection:
            workloads = connection.execute("SELECT id, slug FROM workloads").fetchall()
        self._connections.claim()
        with self._moving:
            for number, slug in workloads:
                while flush_segment(self._connections, self._files, number, slug):
                    pass
                self._waiting[slug] = (0, 0)

    def damaged_segments(self) -> tuple[str, ...]:
        """The listed segments whose file is missing or not as it was written."""
        with self._connections.reading() as connection:
            listed = connection.execute("SELECT path, digest FROM segments ORDER BY path").fetchall()
        return tuple(path for path, digest in listed if not self._files.intact(path, digest))

    def close(self) -> None:
        """Release files and connections. Nothing needs to be flushed: what was acknowledged is on the disk."""
        self._queries.close()
        self._connections.close()

    def _sweep(self) -> None:
        """Delete what a crash left behind, unless another process is writing here: then it is that one's to do."""
        try:
            with self._connections.exclusive(wait_s=0), self._connections.reading() as connection:
                self._files.sweep(row[0] for row in connection.execute("SELECT path FROM segments"))
        except StorageUnavailable as error:
            if error.code != "calls-locked":
                raise

    def _flush_when_due(self, slug: str, number: int, rows: int, size: int) -> None:
        """At most one segment per append, so that no caller waits long. The calls are safe already: a flush that
        fails is logged and due again with the next append.
        """
        with self._counting:
            known = self._waiting.get(slug)
            waiting = self._count(number) if known is None else (known[0] + rows, known[1] + size)
            self._waiting[slug] = waiting
        if (waiting[0] < self._flush_rows and waiting[1] < FLUSH_BYTES) or not self._moving.acquire(blocking=False):
            return
        try:
            flush_segment(self._connections, self._files, number, slug, self._flush_rows)
            self._waiting[slug] = self._count(number)
        except StorageError:
            _log.exception("Calls of %s could not be moved into a segment; they are kept in calls.db.", slug)
        finally:
            self._moving.release()

    def _count(self, number: int) -> tuple[int, int]:
        with self._connections.reading() as connection:
            rows, size = connection.execute(
                "SELECT count(*), coalesce(sum(length(packed)), 0) FROM fresh WHERE id > ? AND id < ?",
                (lowest_id(number), lowest_id(number + 1)),
            ).fetchone()
        return rows, size
