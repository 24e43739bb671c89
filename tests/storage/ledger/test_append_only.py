"""The database itself refuses to change what the ledger holds."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError, ProgrammingError
from tests.storage.ledger_contract import draft

from pilotage.storage.database import open_database
from pilotage.storage.ledger import LeaseSerials, SqlLedger

COLUMNS = "position, workload, sequence, kind, actor, at, simulated, payload, leaf"
ENTRY = "'noted', 'p-1', '2026-11-23T17:25:00.000000Z', false, '{}', "


@pytest.fixture
def ledger(engine: Engine) -> SqlLedger:
    """A ledger with two entries, each with a text."""
    ledger = SqlLedger(engine)
    ledger.append("triage", 0, [draft(texts={"note": "a text"}), draft(texts={"note": "another"})])
    return ledger


def refused(engine: Engine, statement: str) -> str:
    """What the database says to a statement; the test fails if it accepts it."""
    with pytest.raises(IntegrityError) as caught, engine.begin() as connection:
        connection.exec_driver_sql(statement)
    return str(caught.value.orig)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET payload = '{\"n\":2}' WHERE position = 1",
        "UPDATE entries SET position = 7 WHERE position = 2",
        "DELETE FROM entries WHERE position = 2",
        "DELETE FROM entries",
        "UPDATE entry_texts SET field = 'other' WHERE position = 1",
        "UPDATE entry_texts SET text = salt WHERE position = 1",
        "UPDATE entry_texts SET salt = NULL, text = NULL, position = 2 WHERE position = 1",
        "DELETE FROM entry_texts",
    ],
)
def test_change_is_refused(engine: Engine, ledger: SqlLedger, statement: str) -> None:
    """Neither entries nor texts can be changed or deleted with plain SQL."""
    before = ledger.read_all()
    assert "append-only" in refused(engine, statement)
    assert ledger.read_all() == before


@pytest.mark.parametrize(
    "place", ["4, 'triage', 3", "3, 'triage', 4", "3, 'other', 2", "0, 'other', 1", "2, 'triage', 2"]
)
def test_insertion_out_of_order_is_refused(engine: Engine, ledger: SqlLedger, place: str) -> None:
    """An entry can only be inserted at the end, with the next position and the next sequence of its workload."""
    position, workload, sequence = place.split(", ")
    leaf = "x'00'" if engine.dialect.name == "sqlite" else "'\\x00'"
    values = f"{position}, {workload}, {sequence}, {ENTRY}{leaf}"
    assert "append-only" in refused(engine, f"INSERT INTO entries ({COLUMNS}) VALUES ({values})")  # noqa: S608 - fixed
    assert len(ledger.read_all()) == 2


def test_text_is_erased_whole(engine: Engine, ledger: SqlLedger) -> None:
    """Salt and text go together: a text without its salt could be neither proven nor called erased."""
    refused(engine, "UPDATE entry_texts SET salt = NULL WHERE position = 1")
    refused(engine, "UPDATE entry_texts SET text = NULL WHERE position = 1")
    assert ledger.erase_texts(1) == 1


def test_a_text_needs_an_entry(engine: Engine, ledger: SqlLedger) -> None:
    """A text cannot be kept for an entry that does not exist."""
    refused(engine, "INSERT INTO entry_texts (position, field) VALUES (9, 'note')")


def test_serials_never_fall(engine: Engine) -> None:
    """The database refuses to lower, repeat or delete a lease serial."""
    LeaseSerials(engine).serial_for("triage", "a", floor=5)
    for statement in (
        "UPDATE lease_serials SET serial = 4",
        "UPDATE lease_serials SET content_digest = 'b'",
        "DELETE FROM lease_serials",
    ):
        assert "only rises" in refused(engine, statement)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [
        f"INSERT OR REPLACE INTO entries ({COLUMNS}) VALUES (1, 'triage', 1, {ENTRY} x'00')",  # noqa: S608 - fixed
        f"INSERT OR REPLACE INTO entries ({COLUMNS}) VALUES (3, 'triage', 2, {ENTRY} x'00')",  # noqa: S608 - fixed
        "REPLACE INTO entry_texts (position, field, salt, text) VALUES (1, 'note', x'00', x'00')",
        "REPLACE INTO entry_texts (position, field) VALUES (1, 'note')",
    ],
)
def test_replace_is_refused(engine: Engine, ledger: SqlLedger, statement: str) -> None:
    """SQLite's REPLACE, which deletes without asking the delete triggers, does not get around them."""
    before = ledger.read_all()
    assert "append-only" in refused(engine, statement)
    assert ledger.read_all() == before


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
@pytest.mark.parametrize("table", ["entry_texts", "entries, entry_texts", "lease_serials"])
def test_truncate_is_refused(engine: Engine, ledger: SqlLedger, table: str) -> None:
    """PostgreSQL's TRUNCATE, which asks no row's triggers, is refused too."""
    refused(engine, f"TRUNCATE {table}")
    assert len(ledger.read_all()) == 2


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_login_without_the_tables_cannot_lift_the_guards(engine: Engine, database: str) -> None:
    """With the login that the threat model asks for the ledger works whole, and the triggers cannot be taken away."""
    with engine.begin() as connection:
        name = connection.exec_driver_sql("SELECT 'server_of_' || current_database()").scalar()
        for statement in (
            f"CREATE ROLE {name} LOGIN",
            f"GRANT SELECT, INSERT ON entries TO {name}",
            f"GRANT SELECT, INSERT, UPDATE ON entry_texts, lease_serials TO {name}",
            f"GRANT SELECT ON alembic_version TO {name}",
        ):
            connection.exec_driver_sql(statement)
    server = open_database(database.replace("pilotage@", f"{name}@"))
    ledger = SqlLedger(server)
    ledger.append("triage", 0, [draft(texts={"note": "a text"})])
    assert ledger.erase_texts(1) == 1
    assert LeaseSerials(server).serial_for("triage", "a") == 1
    assert LeaseSerials(server).serial_for("triage", "b") == 2
    for statement in (
        "ALTER TABLE entries DISABLE TRIGGER USER",
        "DROP TRIGGER entries_refuse_change ON entries",
        "UPDATE entries SET kind = 'other'",
        "DELETE FROM entries",
        "SET session_replication_role = replica",
    ):
        with pytest.raises(ProgrammingError), server.begin() as connection:
            connection.exec_driver_sql(statement)
    assert ledger.verify().problems == ()
    ledger.close()


def test_erasing_is_the_only_way_to_change_a_text(engine: Engine, ledger: SqlLedger) -> None:
    """An erased text cannot be written again."""
    ledger.erase_texts(1)
    salt = sa.text("UPDATE entry_texts SET salt = :bytes, text = :bytes WHERE position = 1")
    with pytest.raises(IntegrityError, match="append-only"), engine.begin() as connection:
        connection.execute(salt, {"bytes": b"\x00"})
