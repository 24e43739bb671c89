"""Stored calls by number, from wherever they lie: what the sums are made from."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pilotage.runtime.records import Call
from pilotage.storage.calls.columns import table_of_packed
from pilotage.storage.calls.connection import Connections
from pilotage.storage.calls.rows import COLUMNS, SCHEMA, calls_of, unpack
from pilotage.storage.calls.schema import lowest_id, number_of
from pilotage.storage.calls.segments import Segment, SegmentFiles, fresh_rows, manifest, packed_rows
from pilotage.storage.errors import StorageError

CACHED_SEGMENTS = 16
_CHUNK = 500
_UNREAD = ("served_detail", "beside_detail")
# Whoever replaces segments one after another may be quicker than a reader a few times running.
_TRIES = 50

T = TypeVar("T")


class CallReader:
    """Reads calls without their inputs and details, of which the sums need to know at most that they are there."""

    def __init__(self, connections: Connections, files: SegmentFiles) -> None:
        self._connections = connections
        self._files = files
        self._tables: OrderedDict[str, pa.Table] = OrderedDict()
        self._lock = threading.Lock()

    def after(self, workload: int, number: int, limit: int) -> list[tuple[int, Call]]:
        """The next calls by number: what one segment still has, or up to `limit` fresh ones. Empty at the end."""

        def read() -> list[tuple[int, Call]]:
            with self._connections.reading() as connection:
                segments = [s for s in manifest(connection, workload) if s.last_number > number]
                if not segments:
                    return list(zip(*fresh_rows(connection, workload, after=number, limit=limit), strict=True))
            table = self._table(segments[0])
            return calls_of(table.filter(pc.greater(table.column("number"), number)))

        return retried(read)

    def table_after(self, workload: int, number: int, limit: int) -> pa.Table:
        """The next calls by number as a table: of as many segments as give up to `limit`, or as many fresh ones."""

        def read() -> pa.Table:
            with self._connections.reading() as connection:
                segments = [s for s in manifest(connection, workload) if s.last_number > number]
                if not segments:
                    return table_of_packed(*packed_rows(connection, workload, after=number, limit=limit))
            first = self._table(segments[0])
            found = [first.filter(pc.greater(first.column("number"), number))]
            rows = found[0].num_rows
            for segment in segments[1:]:
                rows += segment.rows
                if rows > limit:
                    break
                found.append(self._table(segment))
            return pa.concat_tables(found)

        return retried(read)

    def table_of(self, workload: int, numbers: Iterable[int]) -> pa.Table:
        """The calls of those numbers that are still kept, as a table in order of number."""
        wanted = np.unique(np.fromiter(numbers, dtype=np.int64))

        def read() -> pa.Table:
            with self._connections.reading() as connection:
                segments = manifest(connection, workload)
                fresh = table_of_packed(*_packed_among(connection, workload, wanted, segments))
            found = [fresh]
            for segment in segments:
                start, stop = np.searchsorted(wanted, (segment.first_number, segment.last_number + 1))
                if start < stop:
                    table = self._table(segment)
                    found.append(table.take(_among(table, wanted[start:stop])))
            return pa.concat_tables(found).sort_by("number")

        return retried(read)

    def between(self, workload: int, since_us: int, until_us: int, read: Callable[[pa.Table], T]) -> list[T]:
        """What `read` makes of the tables that hold a span's calls, others among them, one after the other. Where a
        file went away under it, it begins again. What is read here is not kept: a span is longer than what pages ask.
        """

        def whole() -> list[T]:
            with self._connections.reading() as connection:
                segments = manifest(connection, workload)
                last = max((segment.last_number for segment in segments), default=0)
                fresh = table_of_packed(*packed_rows(connection, workload, after=last))
            held = [s for s in segments if s.max_at_us >= since_us and s.min_at_us < until_us]
            return [*(read(_read_lean(self._files, segment)) for segment in held), read(fresh)]

        return retried(whole)

    def numbered(self, workload: int, numbers: Iterable[int]) -> dict[int, Call]:
        """The calls of those numbers that are still kept."""
        wanted = sorted(numbers)

        def read() -> dict[int, Call]:
            with self._connections.reading() as connection:
                segments = manifest(connection, workload)
                found: dict[int, Call] = dict(_fresh_among(connection, workload, wanted))
            missing = np.array([number for number in wanted if number not in found], dtype=np.int64)
            for segment in segments:
                start, stop = np.searchsorted(missing, (segment.first_number, segment.last_number + 1))
                if start < stop:
                    found.update(_rows_among(self._table(segment), missing[start:stop]))
            return found

        return retried(read) if wanted else {}

    def forget(self) -> None:
        """Drop what is kept in memory: after an erasure nothing of it may stay."""
        with self._lock:
            self._tables.clear()

    def _table(self, segment: Segment) -> pa.Table:
        with self._lock:
            table = self._tables.get(segment.path)
            if table is not None:
                self._tables.move_to_end(segment.path)
                return table
        table = _read_lean(self._files, segment)
        with self._lock:
            self._tables[segment.path] = table
            while len(self._tables) > CACHED_SEGMENTS:
                self._tables.popitem(last=False)
        return table


class SegmentVanished(StorageError):
    """A listed file could not be read: it may have been replaced since the manifest was read."""


def retried(read: Callable[[], T]) -> T:
    """Read again with a newer manifest when a segment was replaced meanwhile; raise when that does not help."""
    for _ in range(_TRIES - 1):
        try:
            return read()
        except SegmentVanished:
            continue
    return read()


def read_segment(files: SegmentFiles, segment: Segment, columns: Sequence[str] = COLUMNS) -> pa.Table:
    """A segment's rows in order of number."""
    with _opened(files, segment) as file:
        return file.read(list(columns), use_threads=False)


@contextlib.contextmanager
def _opened(files: SegmentFiles, segment: Segment) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(files.folder / segment.path) as file:
            yield file
    except (OSError, pa.ArrowException) as error:
        raise SegmentVanished(
            "segment-unreadable", f"The segment {segment.path} cannot be read ({error}): restore it from a copy."
        ) from error


def _read_lean(files: SegmentFiles, segment: Segment) -> pa.Table:
    with _opened(files, segment) as file:
        missing = _missing(file.metadata, "input")
        some = missing is None or 0 < missing < segment.rows
        unread = _UNREAD if some else (*_UNREAD, "input")
        table = file.read([name for name in COLUMNS if name not in unread], use_threads=False)
    there, nothing = pa.scalar("", pa.string()), pa.nulls(table.num_rows, pa.string())
    if some:
        present = pc.if_else(pc.is_valid(table.column("input")), there, pa.scalar(None, pa.string()))
    else:
        present = nothing if missing else pa.repeat(there, table.num_rows)
    columns = {name: table.column(name) for name in table.column_names} | {"input": present}
    return pa.table([columns.get(name, nothing) for name in COLUMNS], schema=SCHEMA)


def _missing(metadata: pq.FileMetaData, column: str) -> int | None:
    """On how many rows a column has no value, as far as the file says so: inputs are longer than all the rest."""
    place = metadata.schema.to_arrow_schema().get_field_index(column)
    missing = 0
    for number in range(metadata.num_row_groups):
        told = metadata.row_group(number).column(place).statistics
        if told is None or not told.has_null_count:
            return None
        missing += int(told.null_count)
    return missing


def _fresh_among(connection: sqlite3.Connection, workload: int, numbers: Sequence[int]) -> Iterable[tuple[int, Call]]:
    for start in range(0, len(numbers), _CHUNK):
        ids = [lowest_id(workload, number) for number in numbers[start : start + _CHUNK]]
        rows = connection.execute(
            f"SELECT id, packed FROM fresh WHERE id IN ({', '.join('?' * len(ids))})",  # noqa: S608 - only marks
            ids,
        )
        yield from ((number_of(row[0]), unpack(row[1])) for row in rows)


def _packed_among(
    connection: sqlite3.Connection, workload: int, numbers: np.ndarray, segments: Sequence[Segment]
) -> tuple[list[int], list[bytes]]:
    """Of those numbers the calls that are not in a segment, which have the highest."""
    last = max((segment.last_number for segment in segments), default=0)
    wanted = numbers[numbers > last].tolist()
    if not wanted:
        return [], []
    found = zip(*packed_rows(connection, workload, after=wanted[0] - 1, upto=wanted[-1]), strict=True)
    among = set(wanted)
    kept = [(number, packed) for number, packed in found if number in among]
    return [number for number, _ in kept], [packed for _, packed in kept]


def _rows_among(table: pa.Table, numbers: np.ndarray) -> list[tuple[int, Call]]:
    return calls_of(table.take(_among(table, numbers)))


def _among(table: pa.Table, numbers: np.ndarray) -> pa.Array:
    stored = table.column("number").to_numpy()
    places = np.searchsorted(stored, numbers)
    places = places[(places < len(stored))]
    places = places[np.isin(stored[places], numbers)]
    return pa.array(np.unique(places))
