"""Opening the database: addresses, durability, privacy, and errors in words."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import CompileError

from pilotage.storage.database import database_url, open_database
from pilotage.storage.errors import StorageError, StorageRefused, StorageUnavailable
from pilotage.storage.ledger import SqlLedger
from pilotage.storage.transactions import LOCK_LEDGER, reading, writing


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("/data/ledger.db", "sqlite:////data/ledger.db"),
        (Path("/data/ledger.db"), "sqlite:////data/ledger.db"),
        ("sqlite:////data/ledger.db", "sqlite:////data/ledger.db"),
        ("postgresql://me@db/pilotage", "postgresql+psycopg://me@db/pilotage"),
        ("postgres://me@db/pilotage", "postgresql+psycopg://me@db/pilotage"),
        ("postgresql+psycopg://me@db/pilotage", "postgresql+psycopg://me@db/pilotage"),
    ],
)
def test_addresses(address: str | Path, url: str) -> None:
    """A path is a SQLite file, and PostgreSQL is reached through psycopg 3 however it is spelled."""
    assert database_url(address).render_as_string(hide_password=False) == url


@pytest.mark.parametrize(
    "address", ["sqlite://", "sqlite:///:memory:", "mysql://db/x", "postgresql+asyncpg://db/x", "://"]
)
def test_addresses_that_cannot_be_used(address: str) -> None:
    """Anything else is refused with what to give instead; a password in it is not repeated."""
    with pytest.raises(StorageRefused) as caught:
        open_database(address)
    assert caught.value.code == "database-address"


def test_a_password_is_not_repeated() -> None:
    """What is wrong with an address is said without its password."""
    with pytest.raises(StorageRefused) as caught:
        open_database("mysql://me:s3cret@db/x")
    assert "s3cret" not in str(caught.value)


def test_sqlite_loses_nothing(tmp_path: Path) -> None:
    """Every SQLite connection syncs fully, logs ahead, checks foreign keys and overwrites what is deleted."""
    engine = open_database(tmp_path / "ledger.db")
    connections = [engine.connect() for _ in range(3)]
    for connection in connections:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        ]
        assert pragmas == ["wal", 2, 1, 1, 10_000]
        connection.close()
    engine.dispose()


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_postgresql_loses_nothing(engine: Engine, database: str) -> None:
    """Where a database is set to acknowledge before it has written, our connections are not."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar()
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
    again = open_database(database)
    with again.connect() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    again.dispose()


def test_the_file_is_private(tmp_path: Path) -> None:
    """The file, its log and its index are readable by their owner only, whatever the umask."""
    before = os.umask(0)
    try:
        ledger = SqlLedger(open_database(tmp_path / "made" / "on the way" / "ledger.db"))
        files = list((tmp_path / "made" / "on the way").iterdir())
    finally:
        os.umask(before)
    assert {file.name for file in files} == {"ledger.db", "ledger.db-wal", "ledger.db-shm"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    ledger.close()


def test_a_path_that_cannot_be_opened(tmp_path: Path) -> None:
    """A folder in the file's place is told apart from a database that does not answer."""
    with pytest.raises(StorageUnavailable) as caught:
        open_database(tmp_path)
    assert caught.value.code == "database-path"


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """A file that holds something else is called damaged, and left as it is."""
    path = tmp_path / "ledger.db"
    path.write_bytes(b"not a database, but long enough to be read as one" * 100)
    with pytest.raises(StorageError) as caught:
        open_database(path)
    assert caught.value.code == "database-damaged"
    assert path.read_bytes().startswith(b"not a database")


def test_a_server_that_is_away(tmp_path: Path) -> None:
    """A PostgreSQL that does not answer is unavailable, not refused."""
    with pytest.raises(StorageUnavailable) as caught:
        open_database(f"postgresql://nobody@/none?host={tmp_path}")
    assert caught.value.code == "database-unavailable"


def test_a_busy_database_says_so(tmp_path: Path) -> None:
    """When another program holds the write lock too long, the writer hears that it can try again later."""
    path = tmp_path / "ledger.db"
    engine = open_database(path, busy_timeout_ms=20)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable, match="locked"), writing(engine, LOCK_LEDGER):
        pass
    other.execute("ROLLBACK")
    other.close()
    with writing(engine, LOCK_LEDGER) as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM entries")).scalar() == 0
    engine.dispose()


def test_a_new_file_that_is_just_being_made_is_waited_for(tmp_path: Path) -> None:
    """Who opens a new database while another process sets it up waits, and does not fail."""
    path = tmp_path / "ledger.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(0.2, other.execute, ["COMMIT"])
    release.start()
    engine = open_database(path)
    release.join()
    other.close()
    assert SqlLedger(engine).position() == 0
    engine.dispose()


def test_a_text_that_cannot_be_written_is_refused(engine: Engine) -> None:
    """Half a character (a lone surrogate), which no database can be asked for, is the asker's mistake."""
    with pytest.raises(StorageRefused):
        SqlLedger(engine).read("\ud800")


def test_our_own_mistakes_are_not_called_the_databases(engine: Engine) -> None:
    """A mistake in the program is not disguised as a busy database."""
    with pytest.raises(CompileError), reading(engine) as connection:
        connection.execute(sa.insert(sa.table("t", sa.column("a"))).values(b=1))
