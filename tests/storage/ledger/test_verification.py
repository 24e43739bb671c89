"""Tampering past the triggers is found, and said in a sentence with its position."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from tests.storage.ledger.tamper import drop_triggers
from tests.storage.ledger_contract import draft

from pilotage.storage.ledger import SqlLedger, verification
from pilotage.storage.ledger.entry_format import entry_bytes
from pilotage.storage.ledger.merkle import leaf_hash


@pytest.fixture
def ledger(engine: Engine, dialect: str) -> SqlLedger:
    """Six entries, of two workloads in turn, each with a text; the triggers are gone."""
    ledger = SqlLedger(engine)
    for number in range(3):
        ledger.append("triage", number, [draft(n=number, texts={"note": f"triage {number}"})])
        ledger.append("desk", number, [draft(n=number, texts={"note": f"desk {number}"})])
    with engine.begin() as connection:
        drop_triggers(connection, dialect)
        if dialect == "postgresql":
            connection.exec_driver_sql("ALTER TABLE entry_texts DROP CONSTRAINT fk_entry_texts_position")
            connection.exec_driver_sql("ALTER TABLE entry_texts DROP CONSTRAINT ck_entry_texts_erased_whole")
    assert ledger.verify().problems == ()
    return ledger


def tampered(engine: Engine, *statements: str) -> None:
    """Run statements with every guard of the database switched off."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.connection.execute("PRAGMA foreign_keys = OFF")  # only outside a transaction
            connection.connection.execute("PRAGMA ignore_check_constraints = ON")
        with connection.begin():
            for statement in statements:
                connection.exec_driver_sql(statement)
        connection.invalidate()  # this connection's guards are off


@pytest.mark.parametrize(
    "change",
    [
        'payload = \'{"n":7,"note":{"commitment":"00"}}\'',
        "actor = 'p-somebody'",
        "kind = 'signed'",
        "at = '2026-11-24T17:25:00.123456Z'",
        "simulated = true",
        "leaf = substr(leaf, 1, 31)",
    ],
)
def test_an_edited_entry(engine: Engine, ledger: SqlLedger, change: str) -> None:
    """Any change of an entry is found at its position."""
    root = ledger.verify().root
    tampered(engine, f"UPDATE entries SET {change} WHERE position = 3")  # noqa: S608 - fixed in this test
    found = ledger.verify()
    assert "Position 3: the entry is not the one that was hashed." in found.problems
    assert all(problem.startswith("Position 3: ") for problem in found.problems)
    assert (found.root != root) == ("leaf" not in change), "the head is that of what stands there"


def test_a_renamed_workload(engine: Engine, ledger: SqlLedger) -> None:
    """Moving an entry to another workload is found by its hash and by both sequences."""
    tampered(engine, "UPDATE entries SET workload = 'other' WHERE position = 3")
    assert ledger.verify().problems == (
        "Position 3: sequence 1 of other was expected here, and 2 stands there.",
        "Position 3: the entry is not the one that was hashed.",
        "Position 5: sequence 2 of triage was expected here, and 3 stands there.",
    )


def test_a_deleted_entry(engine: Engine, ledger: SqlLedger) -> None:
    """A missing entry is found by the gap in the positions, by its workload's sequence, and by its texts."""
    tampered(engine, "DELETE FROM entries WHERE position = 3")
    assert ledger.verify().problems == (
        "Position 4: position 3 was expected here: entries are missing or were moved.",
        "Position 5: sequence 2 of triage was expected here, and 3 stands there.",
        "Position 3: texts are kept, but there is no such entry.",
    )


def test_a_deleted_entry_with_the_gap_closed(engine: Engine, ledger: SqlLedger) -> None:
    """Closing the gap behind a deleted entry by renumbering is found in every entry that was moved."""
    tampered(
        engine,
        "DELETE FROM entries WHERE position = 4",
        "DELETE FROM entry_texts WHERE position = 4",
        "UPDATE entry_texts SET position = position - 1 WHERE position = 5",
        "UPDATE entry_texts SET position = position - 1 WHERE position = 6",
        "UPDATE entries SET position = 4 WHERE position = 5",
        "UPDATE entries SET position = 5, sequence = 2 WHERE position = 6",
    )
    assert ledger.verify().problems == (
        "Position 4: the entry is not the one that was hashed.",
        "Position 5: the entry is not the one that was hashed.",
    )


def test_entries_in_another_order(engine: Engine, ledger: SqlLedger) -> None:
    """Two entries that have changed places are found, though each is whole in itself."""
    tampered(
        engine,
        "UPDATE entries SET position = 99 WHERE position = 1",
        "UPDATE entries SET position = 1 WHERE position = 2",
        "UPDATE entries SET position = 2 WHERE position = 99",
        "UPDATE entry_texts SET position = 99 WHERE position = 1",
        "UPDATE entry_texts SET position = 1 WHERE position = 2",
        "UPDATE entry_texts SET position = 2 WHERE position = 99",
    )
    assert ledger.verify().problems == (
        "Position 1: the entry is not the one that was hashed.",
        "Position 2: the entry is not the one that was hashed.",
    )


def test_an_entry_before_the_first(engine: Engine, ledger: SqlLedger) -> None:
    """An entry smuggled in at position 0 does not escape."""
    columns = "workload, sequence, kind, actor, at, simulated, payload, leaf"
    tampered(
        engine,
        f"INSERT INTO entries (position, {columns}) "  # noqa: S608 - fixed in this test
        f"SELECT 0, 'zero', 1, kind, actor, at, simulated, payload, leaf FROM entries WHERE position = 1",
    )
    assert ledger.verify().problems[0] == (
        "Position 0: position 1 was expected here: entries are missing or were moved."
    )


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            "UPDATE entry_texts SET text = salt WHERE position = 3",
            "Position 3: the text of 'note' is not the one that was committed to.",
        ),
        (
            "UPDATE entry_texts SET salt = text WHERE position = 3",
            "Position 3: the text of 'note' is not the one that was committed to.",
        ),
        (
            "UPDATE entry_texts SET salt = NULL WHERE position = 3",
            "Position 3: the text of 'note' is not the one that was committed to.",
        ),
        (
            "DELETE FROM entry_texts WHERE position = 3",
            "Position 3: the text of 'note' is gone without having been erased.",
        ),
        (
            "INSERT INTO entry_texts (position, field) VALUES (3, 'other')",
            "Position 3: a text is kept for 'other', which the entry does not commit to.",
        ),
        (
            "INSERT INTO entry_texts (position, field) VALUES (9, 'note')",
            "Position 9: texts are kept, but there is no such entry.",
        ),
    ],
)
def test_a_changed_text(engine: Engine, ledger: SqlLedger, statement: str, problem: str) -> None:
    """A text that was changed, removed or added behind the ledger's back is found; the tree head stays."""
    root = ledger.verify().root
    tampered(engine, statement)
    found = ledger.verify()
    assert found.problems == (problem,)
    assert found.root == root


@pytest.mark.parametrize("payload", ["{", "[1]", '{"n":1, "m":2}', '{"n":1,"n":1}', '{"n":1.0}', "", "7"])
def test_other_bytes_with_their_own_hash(engine: Engine, ledger: SqlLedger, payload: str) -> None:
    """Even with a fitting leaf, bytes that are not canonical JSON of an object are found: they could be read twice."""
    (entry,) = ledger.read_all(after=5)
    leaf = leaf_hash(
        entry_bytes(
            position=6,
            workload="desk",
            sequence=3,
            kind=entry.kind,
            actor=entry.actor,
            at="2026-11-23T17:25:00.123456Z",
            simulated=False,
            payload=payload.encode(),
        )
    )
    with engine.begin() as connection:
        change = sa.text("UPDATE entries SET payload = :payload, leaf = :leaf WHERE position = 6")
        connection.execute(change, {"payload": payload, "leaf": leaf})
    (problem,) = ledger.verify().problems
    assert problem.startswith("Position 6: what is stored cannot be read as an entry")


def test_large_numbers_are_canonical(ledger: SqlLedger) -> None:
    """Whole numbers beyond 2**53, which were floats, verify like all others."""
    ledger.append("triage", 3, [draft(a=1e20, b=-1e16, c=1e21, d=5e-324, e=0.1, f=-0.0)])
    assert ledger.verify().problems == ()


def test_a_cut_tail_shows_only_against_an_earlier_head(engine: Engine, ledger: SqlLedger) -> None:
    """Cutting the newest entries off leaves a ledger that verifies: only a head kept elsewhere shows it."""
    kept = ledger.head()
    tampered(engine, "DELETE FROM entries WHERE position > 4", "DELETE FROM entry_texts WHERE position > 4")
    found = ledger.verify()
    assert found.problems == ()
    assert (found.entries, found.root) != (kept.size, kept.root)


def test_longer_than_one_chunk(engine: Engine, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading in chunks loses and repeats nothing, whatever the chunks' size."""
    whole = ledger.verify()
    ledger.erase_texts(2)
    for rows in (1, 2, 4, 6, 7):
        monkeypatch.setattr(verification, "CHUNK_ROWS", rows)
        found = ledger.verify()
        assert (found.entries, found.root, found.problems, found.erased_texts) == (6, whole.root, (), 1)
