"""Read and write transactions on the relational database, with the driver's errors translated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from pilotage.storage.errors import StorageError, StorageRefused, StorageUnavailable

# One number per group of tables: on PostgreSQL a writer holds the advisory lock of its group until it commits.
# SQLite has a single writer anyway and needs no such lock.
LOCK_MIGRATIONS = 0x50494C00
LOCK_LEDGER = 0x50494C01
LOCK_SERIALS = 0x50494C02
LOCK_WORKSPACE = 0x50494C03
LOCK_IDEMPOTENCY = 0x50494C04
LOCK_ACCOUNTS = 0x50494C05

_DAMAGE = ("malformed", "not a database")


@contextmanager
def writing(engine: Engine, lock: int) -> Iterator[Connection]:
    """One write transaction, alone among the writers of its `lock`, durable when the block ends.

    Raises `StorageUnavailable` or `StorageRefused` in place of the driver's errors; then nothing is written, unless
    the connection broke during the commit itself, when only reading again can tell.
    """
    with _translated(), engine.connect().execution_options(pilotage_writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One read transaction: on SQLite a snapshot, on PostgreSQL as of each statement."""
    with _translated(), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (IntegrityError, DataError) as error:
        raise StorageRefused("database-refused", f"The database refused the change: {error.orig}") from error
    except UnicodeEncodeError as error:
        raise StorageRefused("database-refused", "A text holds half a character (a lone surrogate).") from error
    except DBAPIError as error:
        if any(word in str(error.orig) for word in _DAMAGE):
            raise StorageError(
                "database-damaged", f"The database is damaged ({error.orig}): restore it from a copy."
            ) from error
        raise StorageUnavailable(
            "database-unavailable", f"The database did not do it ({error.orig}): try again."
        ) from error
    except PoolTimeoutError as error:
        raise StorageUnavailable("database-unavailable", "Every database connection is busy: try again.") from error
