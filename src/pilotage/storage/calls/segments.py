"""Immutable Parquet segments and their manifest: written beside, renamed, then listed in one transaction.

A segment counts from the moment the manifest lists it. A crash before that leaves a file that nobody reads, swept
when the store is opened next; its rows are still in `fresh`.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Struct

from pilotage.runtime.records import Call
from pilotage.storage.calls.connection import Connections, translated
from pilotage.storage.calls.rows import COLUMNS, table_of, unpack
from pilotage.storage.calls.schema import lowest_id, number_of

FOLDER = "segments"
TEMPORARY = ".tmp"
FLUSH_ROWS = 10_000
_REPEATING = [name for name in COLUMNS if name not in {"number", "at_us", "call_id", "input"}]
FLUSH_BYTES = 32 * 1024 * 1024


class Segment(Struct, frozen=True):
    """One line of the manifest. `path` is relative to the store's folder; `digest` is the file's SHA-256."""

    path: str
    rows: int
    first_number: int
    last_number: int
    min_at_us: int
    max_at_us: int
    bytes: int
    digest: str


_COLUMNS = ", ".join(Segment.__struct_fields__)


def manifest(connection: sqlite3.Connection, workload: int) -> list[Segment]:
    """Every segment of the workload, by number."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM segments WHERE workload = ? ORDER BY first_number",  # noqa: S608 - own column names
        (workload,),
    )
    return [Segment(*row) for row in rows]


def fresh_rows(
    connection: sqlite3.Connection, workload: int, *, after: int = 0, upto: int | None = None, limit: int = -1
) -> tuple[list[int], list[Call]]:
    """Numbers and calls that are not in a segment yet, in order of number; `upto` is inclusive."""
    numbers, packed = packed_rows(connection, workload, after=after, upto=upto, limit=limit)
    return numbers, [unpack(one) for one in packed]


def packed_rows(
    connection: sqlite3.Connection, workload: int, *, after: int = 0, upto: int | None = None, limit: int = -1
) -> tuple[list[int], list[bytes]]:
    """The same with the calls as they are packed."""
    last = lowest_id(workload + 1) - 1 if upto is None else lowest_id(workload, upto)
    rows = connection.execute(
        "SELECT id, packed FROM fresh WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
        (lowest_id(workload, after), last, limit),
    ).fetchall()
    return [number_of(row[0]) for row in rows], [row[1] for row in rows]


def holding(segments: Iterable[Segment], numbers: Sequence[int]) -> list[Segment]:
    """The segments whose span holds at least one of the numbers, which are in order."""
    return [s for s in segments if bisect_left(numbers, s.first_number) < bisect_right(numbers, s.last_number)]


def list_segment(connection: sqlite3.Connection, workload: int, segment: Segment) -> None:
    """Enter a segment into the manifest."""
    connection.execute(
        f"INSERT INTO segments (workload, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - own names
        (workload, *(getattr(segment, name) for name in Segment.__struct_fields__)),
    )


def unlist_segment(connection: sqlite3.Connection, path: str) -> None:
    """Take a segment off the manifest; its file may be deleted once this is committed."""
    connection.execute("DELETE FROM segments WHERE path = ?", (path,))


class SegmentFiles:
    """The files under one store's `segments` folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, slug: str, table: pa.Table) -> Segment:
        """Write the rows, in order of number, as a new file that is on the disk under its final name on return."""
        target = self.folder / FOLDER / slug
        self._make(target)
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="zstd", use_dictionary=_REPEATING)
        content = sink.getbuffer()
        numbers, times = table.column("number"), table.column("at_us")
        first, last = int(numbers[0].as_py()), int(numbers[-1].as_py())
        name = f"{first:012d}-{last:012d}-{secrets.token_hex(4)}.parquet"
        with translated():
            temporary = target / f".{name}{TEMPORARY}"
            descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(target / name)
            _sync_folder(target)
        return Segment(
            path=f"{FOLDER}/{slug}/{name}",
            rows=table.num_rows,
            first_number=first,
            last_number=last,
            min_at_us=int(pc.min(times).as_py()),
            max_at_us=int(pc.max(times).as_py()),
            bytes=len(content),
            digest=hashlib.sha256(content).hexdigest(),
        )

    def delete(self, paths: Iterable[str]) -> None:
        """Delete files that the manifest no longer lists."""
        with translated():
            for path in paths:
                (self.folder / path).unlink(missing_ok=True)
                _sync_folder((self.folder / path).parent)

    def intact(self, path: str, digest: str) -> bool:
        """Whether the file is there as it was written."""
        file = self.folder / path
        with translated():
            return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == digest

    def sweep(self, listed: Iterable[str]) -> int:
        """Delete whatever is not listed; how many files. Only under the writer's lock, where nobody is writing."""
        kept = set(listed)
        swept = [path for path in self._found() if path not in kept]
        self.delete(swept)
        return len(swept)

    def _found(self) -> list[str]:
        root = self.folder / FOLDER
        if not root.is_dir():
            return []
        return [file.relative_to(self.folder).as_posix() for file in root.rglob("*") if file.is_file()]

    def _make(self, target: Path) -> None:
        with translated():
            if not target.is_dir():
                target.mkdir(parents=True, mode=0o700)
                _sync_folder(target.parent)
                _sync_folder(self.folder)


def flush_segment(
    connections: Connections, files: SegmentFiles, workload: int, slug: str, rows: int = FLUSH_ROWS
) -> int:
    """Move the oldest fresh rows of the workload into one segment; how many. The caller lets nobody else move rows.

    The segment is complete and named before one transaction lists it and deletes its rows.
    """
    with connections.reading() as connection:
        numbers, calls = _oldest_rows(connection, workload, rows)
    if not numbers:
        return 0
    segment = files.write(slug, table_of(numbers, calls))
    with connections.writing() as connection:
        list_segment(connection, workload, segment)
        connection.execute(
            "DELETE FROM fresh WHERE id BETWEEN ? AND ?",
            (lowest_id(workload, numbers[0]), lowest_id(workload, numbers[-1])),
        )
    return len(numbers)


def _oldest_rows(connection: sqlite3.Connection, workload: int, limit: int) -> tuple[list[int], list[Call]]:
    """The rows of one segment: bounded by number and by size, so that one flush has a bounded cost."""
    numbers: list[int] = []
    calls: list[Call] = []
    size = 0
    for row_id, packed in connection.execute(
        "SELECT id, packed FROM fresh WHERE id > ? AND id < ? ORDER BY id LIMIT ?",
        (lowest_id(workload), lowest_id(workload + 1), limit),
    ):
        numbers.append(number_of(row_id))
        calls.append(unpack(packed))
        size += len(packed)
        if size >= FLUSH_BYTES:
            break
    return numbers, calls


def _sync_folder(folder: Path) -> None:
    """Make a rename or a removal durable; systems that cannot open a folder do it on their own."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
