"""Databases of every released version become today's, whole and working."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Connection, Engine
from tests.storage.ledger_contract import draft
from tests.storage.postgres import PostgresServer

from pilotage.storage.accounts import tables as accounts_tables
from pilotage.storage.database import connect, open_database
from pilotage.storage.errors import StorageError
from pilotage.storage.ledger import SqlLedger
from pilotage.storage.ledger import tables as ledger_tables
from pilotage.storage.migrations import HEAD, revisions, upgrade
from pilotage.storage.schema import METADATA

TABLES = {
    table
    for module in (ledger_tables, accounts_tables)
    for table in vars(module).values()
    if isinstance(table, sa.Table)
}


@pytest.fixture
def bare(dialect: str, request: pytest.FixtureRequest, tmp_path) -> str:
    """The address of a database in which nothing has been made."""
    if dialect == "sqlite":
        return str(tmp_path / "bare.db")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_database()


def fill_0001(engine: Engine) -> None:
    """What a database of the first revision holds, written as its version wrote it: with statements, no classes."""
    zero, text = ("x'00'", "x'61'") if engine.dialect.name == "sqlite" else ("'\\x00'", "'\\x61'")
    payload = '{"n":1,"note":{"commitment":"' + COMMITMENT_0001 + '"}}'
    leaf = f"x'{LEAF_0001}'" if engine.dialect.name == "sqlite" else f"'\\x{LEAF_0001}'"
    salt = zero.replace("00", "00" * 32)
    with engine.begin() as connection:
        for table, values in (
            (
                "entries (position, workload, sequence, kind, actor, at, simulated, payload, leaf)",
                f"1, 'triage', 1, 'noted', 'p-1', '2026-11-23T17:25:00.123456Z', false, '{payload}', {leaf}",
            ),
            ("entry_texts (position, field, salt, text)", f"1, 'note', {salt}, {text}"),
            ("lease_serials (workload, serial, content_digest)", "'triage', 7, 'digest'"),
            ("settings (name, value)", "'tour', '[3]'"),
        ):
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({values})")  # noqa: S608 - fixed above


# SHA-256 of 32 zero bytes and "a", and the leaf of the entry above; both from the command line, not from our code.
COMMITMENT_0001 = "41a0370c3d9f42773a59e8e01651911cf43b1e3f66944cbb690029debc4eb647"
LEAF_0001 = "771629a66694aa79b5d8c90c5c22715b668285cdb11d9c86e23107cbfcdae845"

# Every revision that was ever released, and what fills a database of it.
FILLED: dict[str, Callable[[Engine], None]] = {"0001": fill_0001, "0002": fill_0001}


def test_every_revision_has_its_example() -> None:
    """A new revision comes with a database of the one before it, so that no released version is left behind."""
    assert tuple(FILLED) == revisions()
    assert revisions()[-1] == HEAD


@pytest.mark.parametrize("revision", FILLED)
def test_from_every_revision(bare: str, revision: str) -> None:
    """A database that any released version wrote opens today with all it held, verifies, and takes new entries."""
    old = connect(bare)
    upgrade(old, revision)
    FILLED[revision](old)
    old.dispose()
    engine = open_database(bare)
    ledger = SqlLedger(engine)
    (entry,) = ledger.read_all()
    assert entry.texts == {"note": "a"}
    assert ledger.verify().problems == ()
    ledger.append("triage", 1, [draft()])
    assert difference(engine) == []
    ledger.close()


def difference(engine: Engine) -> list[object]:
    """What the metadata has and the database lacks, or the reverse."""
    with engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection), METADATA)


def test_migrations_make_what_the_metadata_says(engine: Engine) -> None:
    """The tables made by the migrations are the tables that the code uses, with the same columns and indexes."""
    assert difference(engine) == []
    assert set(METADATA.tables.values()) >= TABLES
    assert len(TABLES) == 13


def test_migrations_spell_it_as_the_metadata_does(engine: Engine, tmp_path) -> None:
    """On SQLite, where the comparison sees no constraints, the very statements are the same."""
    if engine.dialect.name != "sqlite":
        with engine.connect() as connection:
            assert constraints(connection) == {
                (table.name, constraint.name)
                for table in TABLES
                for constraint in table.constraints
                if constraint.name is not None
            }
        return
    fresh = connect(tmp_path / "fresh.db")
    METADATA.create_all(fresh, tables=list(TABLES))
    assert statements(engine) == statements(fresh)
    fresh.dispose()


def constraints(connection: Connection) -> set[tuple[str, str]]:
    """The named constraints of a PostgreSQL database, but those that only say NOT NULL."""
    found = connection.exec_driver_sql(
        "SELECT r.relname, c.conname FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid "
        "WHERE c.connamespace = 'public'::regnamespace AND c.contype <> 'n' AND r.relname <> 'alembic_version'"
    )
    return {(table, name) for table, name in found}


def statements(engine: Engine) -> dict[str, list[str]]:
    """The clauses of every CREATE statement in a SQLite database, by name, in any order."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master "
            "WHERE type IN ('table', 'index') AND sql IS NOT NULL AND name <> 'alembic_version'"
        )
        return {name: sorted(line.strip(" \t,") for line in sql.splitlines()) for name, sql in found}


def test_opening_twice_migrates_once(database: str) -> None:
    """A database that is up to date is opened as it is."""
    for _ in range(2):
        engine = open_database(database)
        with engine.connect() as connection:
            assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all() == [HEAD]
        engine.dispose()


def test_a_newer_database_is_refused(engine: Engine, database: str) -> None:
    """A database written by a newer version is left alone, and the message says what to do."""
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match=r"schema 9999.*Upgrade Pilotage") as caught:
        open_database(database)
    assert caught.value.code == "database-newer"


def test_a_failed_migration_leaves_nothing(bare: str) -> None:
    """A migration that fails half-way takes back what it did: the next start begins anew."""
    engine = connect(bare)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE sign_in_failures (in_the_way INTEGER)")
    with pytest.raises(StorageError):
        upgrade(engine)
    assert sa.inspect(engine).get_table_names() == ["sign_in_failures"]
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE sign_in_failures")
    upgrade(engine)
    assert difference(engine) == []
    engine.dispose()
