"""The relational database: addressed, opened, tuned to lose nothing, and migrated.

One engine serves the ledger, the accounts and the small tables beside them, on SQLite or PostgreSQL.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError

from pilotage.storage.errors import StorageRefused, StorageUnavailable
from pilotage.storage.migrations import upgrade

BUSY_TIMEOUT_MS = 10_000


def open_database(where: str | os.PathLike[str], *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Engine:
    """An engine on `where`, migrated to the newest schema; several processes may open the same database at once.

    `where` is the path of a SQLite file (made if absent, readable by its owner only) or a URL, `sqlite:///path` or
    `postgresql://…`. Raises `StorageError` when the address is wrong, the database cannot be reached, or a newer
    version of the program has written it.
    """
    engine = connect(where, busy_timeout_ms=busy_timeout_ms)
    try:
        upgrade(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def connect(where: str | os.PathLike[str], *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Engine:
    """An engine whose every connection is set to lose nothing; the schema is not touched."""
    url = database_url(where)
    if url.drivername == "sqlite":
        _make_private_file(Path(str(url.database)))
        engine = sa.create_engine(url, pool_size=8, max_overflow=32)
        event.listen(engine, "connect", _tuning_sqlite(busy_timeout_ms))
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = sa.create_engine(url, pool_size=8, max_overflow=32, pool_pre_ping=True)
        event.listen(engine, "connect", _tune_postgresql)
    return engine


def database_url(where: str | os.PathLike[str]) -> URL:
    """The address as SQLAlchemy takes it: a path means SQLite, PostgreSQL goes through psycopg 3."""
    if not isinstance(where, str) or "://" not in where:
        return URL.create("sqlite", database=str(Path(where).absolute()))
    try:
        url = make_url(where)
    except ArgumentError as error:
        raise StorageRefused("database-address", "The database address is not a URL that can be read.") from error
    if url.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite" and url.database not in {None, "", ":memory:"}:
        return url
    raise StorageRefused(
        "database-address",
        f"A database at {url.drivername}:// cannot be used; "
        "give the path of a SQLite file, sqlite:///path, or postgresql://….",
    )


def _make_private_file(path: Path) -> None:
    """Hashes of passwords and personal texts are inside: the file is its owner's alone from birth."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StorageUnavailable("database-path", f"The database file cannot be opened: {error}.") from error


def _tuning_sqlite(busy_timeout_ms: int) -> Callable[[sqlite3.Connection, object], None]:
    def tune(connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own transaction control leaves DDL and SELECT outside transactions, so BEGIN is ours
        # (SQLAlchemy, "Transactions with SQLite and the sqlite3 driver").
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {int(busy_timeout_ms)}")
        _log_ahead(connection, busy_timeout_ms / 1000)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # Erased texts must not survive in free pages.
        connection.execute("PRAGMA secure_delete = ON")

    return tune


def _log_ahead(connection: sqlite3.Connection, patience_s: float) -> None:
    """Turn write-ahead logging on. SQLite does not wait here for another process that turns it on, so we do."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            break
    if mode != "wal":
        raise StorageUnavailable(
            "database-path", "The database's folder does not allow write-ahead logging: use a local disk."
        )


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the write lock before it reads the head. A deferred one may find at its first write that what it
    # read is old, and SQLite then fails at once instead of waiting.
    writes = connection.get_execution_options().get("pilotage_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _tune_postgresql(connection: Any, _record: object) -> None:  # noqa: ANN401 - psycopg is an optional dependency
    # A role or server set to asynchronous commit would acknowledge what a crash takes back.
    connection.autocommit = True
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    connection.autocommit = False
