"""calls.db: one writer, many readers, every commit on the disk before it is acknowledged.

The writer holds a lock on the folder from its first write until it is closed, across processes too; readers never
wait for it. Whoever waits for the lock in vain gets `StorageUnavailable`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from pilotage.storage.calls.schema import MIGRATIONS, schema_version, upgrade
from pilotage.storage.errors import StorageError, StorageRefused, StorageUnavailable

DATABASE = "calls.db"
LOCK = "calls.lock"
LOCK_WAIT_S = 5.0
BUSY_WAIT_S = 10.0

_DAMAGE = ("malformed", "not a database")


class Connections:
    """The connections to one folder's calls.db. Safe to use from several threads."""

    def __init__(self, folder: Path, *, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self.folder = folder
        self._lock_wait_s = lock_wait_s
        self._writing = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        self._folder_lock: sqlite3.Connection | None = None
        self._idle: list[sqlite3.Connection] = []
        self._idle_lock = threading.Lock()
        self._closed = False
        with translated():
            _make_private(folder)
            if not self._is_ready():
                with self.exclusive(wait_s=lock_wait_s):
                    pass

    def _is_ready(self) -> bool:
        with contextlib.closing(self._connect()) as connection:
            return schema_version(connection) == len(MIGRATIONS)

    @contextlib.contextmanager
    def exclusive(self, *, wait_s: float) -> Iterator[None]:
        """Hold the folder's writer lock for a moment, unless this store holds it anyway."""
        with self._writing:
            held = self._folder_lock is not None
            self._take_folder(wait_s)
            try:
                yield
            finally:
                if not held:
                    self._leave_folder()

    @contextlib.contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """One write transaction, durable when the block ends; nothing is written when it raises.

        Not `durable` is for what can be derived again: a power cut may take the newest such transactions back, never
        part of one, and never one that a later durable transaction follows.
        """
        with self._writing, translated():
            connection = self._take_writer()
            connection.execute("PRAGMA synchronous = FULL" if durable else "PRAGMA synchronous = NORMAL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One read transaction: a snapshot, whatever is written meanwhile."""
        with translated():
            connection = self._take_reader()
            try:
                connection.execute("BEGIN")
                try:
                    yield connection
                finally:
                    connection.execute("ROLLBACK")
            finally:
                self._give_back(connection)

    @contextlib.contextmanager
    def rereading(self) -> Iterator[sqlite3.Connection]:
        """One read transaction on the writer's connection, which has at hand what it wrote last; for short reads of
        what will be written next, since nobody can write meanwhile.
        """
        with self._writing, translated():
            connection = self._take_writer()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    def claim(self) -> None:
        """Take the folder's writer lock and keep it: before a file is made that the manifest does not list yet."""
        with self._writing, translated():
            self._take_writer()

    def empty_log(self) -> None:
        """Fold the write-ahead log into the database and cut it, so that what was erased is not left in it."""
        with self._writing, translated():
            self._take_writer().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close every connection and leave the folder to others."""
        with self._writing, self._idle_lock, translated():
            self._closed = True
            while self._idle:
                self._idle.pop().close()
            self._leave_folder()

    def _take_writer(self) -> sqlite3.Connection:
        self._check_open()
        if self._writer is None:
            self._take_folder(self._lock_wait_s)
        if self._writer is None:
            raise AssertionError("the folder's lock comes with a connection")
        return self._writer

    def _take_folder(self, wait_s: float) -> None:
        """An exclusive SQLite transaction on an empty file is a lock that dies with its process, on every system."""
        if self._folder_lock is not None:
            return
        lock = sqlite3.connect(
            self.folder / LOCK, timeout=max(wait_s, 0.001), isolation_level=None, check_same_thread=False
        )
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            lock.close()
            raise StorageUnavailable(
                "calls-locked",
                f"Another process is writing calls in {self.folder.name}: stop it, or go through its server.",
            ) from error
        try:
            self._writer = self._connect()
            upgrade(self._writer)
        except BaseException:
            lock.close()
            raise
        self._folder_lock = lock

    def _leave_folder(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._folder_lock is not None:
            self._folder_lock.close()
            self._folder_lock = None

    def _take_reader(self) -> sqlite3.Connection:
        self._check_open()
        with self._idle_lock:
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._idle_lock:
            if self._closed or connection.in_transaction:
                connection.close()
            else:
                self._idle.append(connection)

    def _check_open(self) -> None:
        if self._closed:
            raise StorageUnavailable("calls-closed", "The call store has been closed: open it again.")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.folder / DATABASE, timeout=BUSY_WAIT_S, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -32768")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        # Erased answers must not survive in free pages.
        connection.execute("PRAGMA secure_delete = ON")
        return connection


def _make_private(folder: Path) -> None:
    """Inputs and answers are inside: the files are their owner's alone from birth."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (DATABASE, LOCK):
        os.close(os.open(folder / name, os.O_CREAT | os.O_RDWR, 0o600))


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Give the errors of the driver and of the file system as `StorageError`."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if any(word in str(error) for word in _DAMAGE):
            raise StorageError("calls-damaged", f"calls.db is damaged ({error}): restore it from a copy.") from error
        raise StorageUnavailable("calls-unavailable", f"The call store did not do it ({error}): try again.") from error
    except (UnicodeEncodeError, OverflowError) as error:
        raise StorageRefused("record-unreadable", f"A record cannot be encoded: {error}.") from error
    except OSError as error:
        raise StorageUnavailable(
            "calls-unavailable", f"The call store cannot use its files ({error}): free space or rights, then try again."
        ) from error
