"""The ledger on a relational database: append-only, hashed, committed in groups, on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
import secrets
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, cast

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.engine import Connection, Engine, Row

from pilotage.storage.errors import StorageError, StorageRefused
from pilotage.storage.ledger import verification
from pilotage.storage.ledger.entry_format import (
    SALT_BYTES,
    canonical,
    check_name,
    commitment,
    entry_bytes,
    is_commitment,
    json_value,
)
from pilotage.storage.ledger.group_commit import GroupCommit
from pilotage.storage.ledger.merkle import Frontier, leaf_hash
from pilotage.storage.ledger.tables import ENTRIES, ENTRY_TEXTS
from pilotage.storage.protocols import Conflict, Draft, Entry, KeptText, Verification
from pilotage.storage.schema import parse_rfc3339, rfc3339
from pilotage.storage.transactions import LOCK_LEDGER, reading, writing


class TreeHead(Struct, frozen=True, kw_only=True):
    """The ledger's size and its RFC 9162 tree head over the stored leaves, hexadecimal."""

    size: int
    root: str


class _Fact(Struct, frozen=True, kw_only=True):
    """A draft made ready outside the transaction: all of its entry but the position and the sequence."""

    draft: Draft
    at: str
    payload: bytes
    texts: tuple[tuple[str, bytes, bytes], ...]  # field, salt, text


class _Append(Struct, frozen=True, kw_only=True):
    workload: str
    expected: int
    facts: tuple[_Fact, ...]


class _Heads(Struct):
    """The newest position and, as far as known, the newest sequence of each workload at that position."""

    position: int
    sequences: dict[str, int]


class _Batch(Struct):
    """The rows that one transaction will write."""

    entries: list[dict[str, Any]]
    texts: list[dict[str, Any]]


class SqlLedger:
    """The `Ledger` protocol over an engine from `open_database`. Safe to use from many threads and processes.

    `salt_bytes(n)` gives the randomness of the salts. Every method raises `StorageError` when the database cannot be
    used, and `append` also `Conflict`.
    """

    def __init__(self, engine: Engine, *, salt_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._engine = engine
        self._salt_bytes = salt_bytes
        self._appends = GroupCommit[_Append, tuple[Entry, ...]](self._write)
        self._heads = _Heads(0, {})
        self._tree = Frontier()
        self._tree_lock = threading.Lock()
        self._watch: Any = None
        self._watch_lock = threading.Lock()
        self._version: int | None = None

    def append(self, workload: str, expected: int, drafts: Sequence[Draft]) -> tuple[Entry, ...]:
        """Append to a workload whose newest sequence is `expected` (0: none yet); raise `Conflict` otherwise.

        Returns when all drafts are durable. Raises `StorageRefused` for a draft without a canonical form.
        """
        check_name("workload", workload)
        facts = tuple(self._ready(draft) for draft in drafts)
        if not facts:
            return ()
        return self._appends.submit(_Append(workload=workload, expected=expected, facts=facts))

    def read(self, workload: str, after: int = 0) -> tuple[Entry, ...]:
        """The workload's entries with a sequence above `after`, in order."""
        return self._read(sa.and_(ENTRIES.c.workload == workload, ENTRIES.c.sequence > after))

    def read_all(self, after: int = 0, limit: int | None = None) -> tuple[Entry, ...]:
        """All entries with a position above `after`, in order; at most `limit`."""
        condition = ENTRIES.c.position > after
        if limit is not None:
            # Positions have no gaps, so a limit is a range; and a range serves the texts as well.
            condition = sa.and_(condition, ENTRIES.c.position <= after + limit)
        return self._read(condition)

    def position(self) -> int:
        """The newest position; 0 when empty."""
        with reading(self._engine) as connection:
            return _newest_position(connection)

    def leaves(self) -> tuple[bytes, ...]:
        """The leaf hash of every entry, in order of position."""
        with reading(self._engine) as connection:
            return tuple(connection.execute(sa.select(ENTRIES.c.leaf).order_by(ENTRIES.c.position)).scalars())

    def texts(self, workload: str) -> tuple[KeptText, ...]:
        """Every personal text of a workload with its salt, erased ones too, in order of position and field."""
        joined = sa.select(ENTRY_TEXTS).join(ENTRIES, ENTRIES.c.position == ENTRY_TEXTS.c.position)
        asked = joined.where(ENTRIES.c.workload == workload).order_by(ENTRY_TEXTS.c.position, ENTRY_TEXTS.c.field)
        with reading(self._engine) as connection:
            return tuple(
                KeptText(
                    position=row.position,
                    field=row.field,
                    salt=row.salt,
                    text=None if row.text is None else row.text.decode(),
                )
                for row in connection.execute(asked)
            )

    def workloads(self) -> tuple[str, ...]:
        """The slugs that have entries, in order of their first."""
        # The literal lets the planner see that the partial index serves.
        first = sa.select(ENTRIES.c.workload).where(ENTRIES.c.sequence == sa.literal_column("1"))
        with reading(self._engine) as connection:
            return tuple(connection.execute(first.order_by(ENTRIES.c.position)).scalars())

    def head(self) -> TreeHead:
        """Size and tree head, from the stored leaves. Only leaves that are new since the last call are read."""
        with self._tree_lock, reading(self._engine) as connection:
            new = sa.select(ENTRIES.c.position, ENTRIES.c.leaf).where(ENTRIES.c.position > self._tree.size)
            for position, leaf in connection.execute(new.order_by(ENTRIES.c.position)):
                if position != self._tree.size + 1:
                    raise StorageError(
                        "ledger-damaged", f"The ledger has no position {self._tree.size + 1}: verify the ledger."
                    )
                self._tree.add(leaf)
            return TreeHead(size=self._tree.size, root=self._tree.root().hex())

    def changed(self) -> bool:
        """Whether anybody, this process included, may have written to the database since the last call.

        True at the first call. Cheap enough to ask many times a second: on SQLite it is `PRAGMA data_version` on a
        connection kept for it, which also rises for tables other than the ledger; on PostgreSQL the newest position.
        """
        with self._watch_lock:
            version = self._data_version() if self._engine.dialect.name == "sqlite" else self.position()
            before, self._version = self._version, version
            return version != before

    def erase_texts(self, position: int) -> int:
        """Erase an entry's personal texts (the proof still holds); how many were erased."""
        erase = (
            sa.update(ENTRY_TEXTS)
            .where(ENTRY_TEXTS.c.position == position, ENTRY_TEXTS.c.text.is_not(None))
            .values(salt=None, text=None)
        )
        with writing(self._engine, LOCK_LEDGER) as connection:
            erased = connection.execute(erase).rowcount
        if erased and self._engine.dialect.name == "sqlite":
            self._forget_log()
        return erased

    def verify(self) -> Verification:
        """Recompute every hash, sequence and commitment; problems are sentences with their position."""
        with reading(self._engine) as connection:
            return verification.verify(connection)

    def close(self) -> None:
        """Release the watching connection and the engine's."""
        with self._watch_lock:
            if self._watch is not None:
                self._watch.close()
                self._watch = None
        self._engine.dispose()

    def _ready(self, draft: Draft) -> _Fact:
        check_name("kind", draft.kind)
        check_name("actor", draft.actor)
        for field, value in draft.payload.items():
            if field in draft.texts or is_commitment(value):
                raise StorageRefused(
                    "ledger-payload", f"The member {field!r} is kept for the commitment of a personal text."
                )
        texts = tuple((field, self._salt_bytes(SALT_BYTES), _utf8(text)) for field, text in draft.texts.items())
        committed = {field: {"commitment": commitment(salt, text)} for field, salt, text in texts}
        return _Fact(draft=draft, at=rfc3339(draft.at), payload=canonical({**draft.payload, **committed}), texts=texts)

    def _write(self, appends: Sequence[_Append]) -> list[tuple[Entry, ...] | Exception]:
        try:
            return self._write_together(appends)
        except StorageRefused:
            # The database refused a row, and the whole transaction with it. One caller's row must not cost the others
            # theirs, so each is tried by itself.
            if len(appends) == 1:
                raise
            return [self._write_alone(append) for append in appends]

    def _write_alone(self, append: _Append) -> tuple[Entry, ...] | Exception:
        try:
            return self._write_together([append])[0]
        except StorageError as error:
            return error

    def _write_together(self, appends: Sequence[_Append]) -> list[tuple[Entry, ...] | Exception]:
        batch = _Batch([], [])
        with writing(self._engine, LOCK_LEDGER) as connection:
            heads = self._current_heads(connection)
            outcomes: list[tuple[Entry, ...] | Exception] = [
                _place(append, connection, heads, batch) for append in appends
            ]
            if batch.entries:
                connection.execute(sa.insert(ENTRIES), batch.entries)
            if batch.texts:
                connection.execute(sa.insert(ENTRY_TEXTS), batch.texts)
        self._heads = heads
        return outcomes

    def _current_heads(self, connection: Connection) -> _Heads:
        """What was known after our last write, unless another process has written since: nothing is ever changed, so
        the same newest position means the same ledger.
        """
        position = _newest_position(connection)
        known = dict(self._heads.sequences) if position == self._heads.position else {}
        return _Heads(position, known)

    def _read(self, condition: sa.ColumnElement[bool]) -> tuple[Entry, ...]:
        texts: dict[int, dict[str, str | None]] = defaultdict(dict)
        entries = sa.select(ENTRIES).where(condition).order_by(ENTRIES.c.position)
        with reading(self._engine) as connection:
            rows = connection.execute(entries).all()
            joined = sa.select(ENTRY_TEXTS).join(ENTRIES, ENTRIES.c.position == ENTRY_TEXTS.c.position)
            for text in connection.execute(joined.where(condition)):
                texts[text.position][text.field] = None if text.text is None else text.text.decode()
        return tuple(_entry(row, texts[row.position]) for row in rows)

    def _data_version(self) -> int:
        if self._watch is None:
            self._watch = self._engine.raw_connection()
        version: int = self._watch.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _forget_log(self) -> None:
        """Copy SQLite's write-ahead log into the file and empty it: the log still holds the page before the erasure."""
        connection = self._engine.raw_connection()
        try:
            cast("sqlite3.Connection", connection.driver_connection).execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()


def _newest_position(connection: Connection) -> int:
    return connection.execute(sa.select(sa.func.max(ENTRIES.c.position))).scalar() or 0


def _place(append: _Append, connection: Connection, heads: _Heads, batch: _Batch) -> tuple[Entry, ...] | Conflict:
    """Give an append its positions and add its rows to the batch, unless somebody else was first."""
    sequence = heads.sequences.get(append.workload)
    if sequence is None:
        newest = sa.select(sa.func.max(ENTRIES.c.sequence)).where(ENTRIES.c.workload == append.workload)
        sequence = heads.sequences[append.workload] = connection.execute(newest).scalar() or 0
    if sequence != append.expected:
        return Conflict(
            f"{append.workload} is at sequence {sequence}, not at {append.expected}: somebody else wrote first."
        )
    entries = []
    for fact in append.facts:
        heads.position += 1
        heads.sequences[append.workload] += 1
        entries.append(_add_rows(fact, append.workload, heads, batch))
    return tuple(entries)


def _add_rows(fact: _Fact, workload: str, heads: _Heads, batch: _Batch) -> Entry:
    draft, position, sequence = fact.draft, heads.position, heads.sequences[workload]
    row: dict[str, Any] = {
        "position": position,
        "workload": workload,
        "sequence": sequence,
        "kind": draft.kind,
        "actor": draft.actor,
        "at": fact.at,
        "simulated": draft.simulated,
    }
    leaf = leaf_hash(entry_bytes(**row, payload=fact.payload))
    payload = fact.payload.decode()
    batch.entries.append({**row, "payload": payload, "leaf": leaf})
    batch.texts += [
        {"position": position, "field": field, "salt": salt, "text": text} for field, salt, text in fact.texts
    ]
    return Entry(
        position=position,
        workload=workload,
        sequence=sequence,
        kind=draft.kind,
        actor=draft.actor,
        at=draft.at.astimezone(dt.UTC),
        simulated=draft.simulated,
        payload=json_value(payload),  # as it will be read back, not as it was given
        texts=dict(draft.texts),
        leaf=leaf.hex(),
    )


def _entry(row: Row[Any], texts: dict[str, str | None]) -> Entry:
    try:
        return Entry(
            position=row.position,
            workload=row.workload,
            sequence=row.sequence,
            kind=row.kind,
            actor=row.actor,
            at=parse_rfc3339(row.at),
            simulated=row.simulated,
            payload=json_value(row.payload),
            texts=texts,
            leaf=row.leaf.hex(),
        )
    except ValueError as error:
        raise StorageError(
            "ledger-damaged", f"Position {row.position} cannot be read ({error}): verify the ledger."
        ) from error


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise StorageRefused("ledger-payload", "A text holds half a character (a lone surrogate).") from error
