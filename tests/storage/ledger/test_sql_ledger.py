"""The ledger on SQLite and on PostgreSQL: the conformance suite, and what only this ledger has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.engine import Engine
from tests.storage.ledger.tamper import drop_triggers
from tests.storage.ledger_contract import LedgerContract, LedgerMachine, OpenLedger, draft

from pilotage.storage.database import open_database
from pilotage.storage.errors import StorageError, StorageRefused
from pilotage.storage.ledger import SqlLedger
from pilotage.storage.protocols import Entry


class TestSqlLedger(LedgerContract):
    """The conformance suite on both engines."""

    @pytest.fixture
    def open_ledger(self, database: str) -> Iterator[OpenLedger]:
        """Opens ledgers on one database, each with an engine of its own, and closes them."""
        opened: list[SqlLedger] = []

        def open_one() -> SqlLedger:
            opened.append(SqlLedger(open_database(database)))
            return opened[-1]

        yield open_one
        for ledger in opened:
            ledger.close()


def test_any_history(new_database: Callable[[], str], dialect: str) -> None:
    """Random appends, lost races, erasures and restarts leave a gapless ledger that verifies and reads back equal."""

    class Machine(LedgerMachine):
        def __init__(self) -> None:
            self.address = new_database()
            super().__init__()

        def open_ledger(self) -> SqlLedger:
            return SqlLedger(open_database(self.address))

    examples = 12 if dialect == "sqlite" else 6
    run_state_machine_as_test(Machine, settings=settings(max_examples=examples, stateful_step_count=12, deadline=None))


@pytest.fixture
def ledger(engine: Engine) -> SqlLedger:
    """An empty ledger."""
    return SqlLedger(engine)


def test_head_follows_the_ledger(ledger: SqlLedger) -> None:
    """The head has the size and root that verifying finds, and follows as entries come."""
    assert ledger.head().size == 0
    for number in range(5):
        ledger.append("triage", number, [draft(n=number)])
        assert (ledger.head().size, ledger.head().root) == (number + 1, ledger.verify().root)


def test_changed_tells_of_other_processes(database: str) -> None:
    """A server learns that another process wrote without reading the ledger, and is told once."""
    mine, other = SqlLedger(open_database(database)), SqlLedger(open_database(database))
    assert mine.changed(), "at first everything is new"
    assert not mine.changed()
    other.append("triage", 0, [draft()])
    assert mine.changed()
    assert not mine.changed()
    mine.close()
    other.close()


def test_salts_come_from_the_caller(engine: Engine) -> None:
    """With given randomness the commitments are reproducible: the salt is the only chance in an entry."""
    ledger = SqlLedger(engine, salt_bytes=lambda length: b"\x07" * length)
    (entry,) = ledger.append("triage", 0, [draft(texts={"note": "a text"})])
    # SHA-256 of 32 bytes of 07 and "a text", worked out with sha256sum.
    assert entry.payload["note"] == {"commitment": "47c4fc0c5ab1e1bf5f0491f0bb89cb6c039b8a2e9d7f6e1679bee1c2593df80a"}


def test_a_row_that_the_database_refuses_costs_only_its_caller(engine: Engine, dialect: str) -> None:
    """When the database refuses one row of a group commit, the other callers of the group are served."""
    refuse_kind(engine, dialect, "forbidden")
    ledger = SqlLedger(engine)
    busy, go = threading.Event(), threading.Event()
    write = ledger._appends._write

    def held_write(appends):
        busy.set()
        assert go.wait(30)
        return write(appends)

    ledger._appends._write = held_write

    def append(name: int) -> tuple[Entry, ...] | StorageError:
        try:
            return ledger.append(f"w{name}", 0, [draft("forbidden" if name == 3 else "noted")])
        except StorageError as error:
            return error

    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(append, 0)
        assert busy.wait(30)
        rest = [pool.submit(append, name) for name in range(1, 6)]
        while len(ledger._appends._queue) < 5:
            assert not first.done()
        go.set()
        outcomes = [future.result() for future in (first, *rest)]
    refused = outcomes.pop(3)
    assert isinstance(refused, StorageRefused)
    assert refused.code == "database-refused"
    assert all(isinstance(outcome, tuple) for outcome in outcomes)
    assert [entry.position for entry in ledger.read_all()] == [1, 2, 3, 4, 5]
    assert ledger.verify().problems == ()


def refuse_kind(engine: Engine, dialect: str, kind: str) -> None:
    """Have the database itself refuse entries of a kind."""
    with engine.begin() as connection:
        if dialect == "sqlite":
            connection.exec_driver_sql(
                f"CREATE TRIGGER refuse_kind BEFORE INSERT ON entries WHEN NEW.kind = '{kind}' "
                "BEGIN SELECT RAISE(ABORT, 'refused by a test'); END"
            )
        else:
            connection.exec_driver_sql(f"ALTER TABLE entries ADD CHECK (kind <> '{kind}')")


def test_erased_texts_are_gone_from_the_files(tmp_path: Path) -> None:
    """After an erasure neither the SQLite file nor its write-ahead log holds the text any more."""
    path = tmp_path / "ledger.db"
    ledger = SqlLedger(open_database(path))
    short, long = "Kassandra Priamidou", "Laokoon " * 5000
    ledger.append("triage", 0, [draft(texts={"short": short, "long": long})])

    def on_disk(text: str) -> bool:
        return any(text.encode() in file.read_bytes() for file in tmp_path.iterdir())

    assert on_disk(short)
    assert on_disk("Laokoon Laokoon")
    ledger.erase_texts(1)
    assert not on_disk(short)
    assert not on_disk("Laokoon Laokoon")
    ledger.close()


def test_a_damaged_row_is_not_read_as_an_entry(engine: Engine, dialect: str) -> None:
    """An entry that cannot be read stops the reader with a sentence that says where, and what to do."""
    ledger = SqlLedger(engine)
    ledger.append("triage", 0, [draft()])
    with engine.begin() as connection:
        drop_triggers(connection, dialect)
        connection.execute(sa.text("UPDATE entries SET payload = '{' WHERE position = 1"))
    with pytest.raises(StorageError, match=r"Position 1 cannot be read .* verify the ledger"):
        ledger.read_all()
