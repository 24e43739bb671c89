"""`pilotage ledger`: read the record, and see whether anybody has changed it."""

from __future__ import annotations

import contextlib
import sqlite3


def test_an_untouched_ledger_is_as_it_was_written(terminal):
    """Checking an untouched ledger gives its size and tree head, and exits with 0."""
    terminal.settle_triage()
    ran = terminal.run("ledger", "verify")
    head = terminal.run("ledger", "verify", "--json").json["root"]
    assert (ran.code, ran.out) == (0, f"3 entries: as they were written. Tree head {head}.\n")


def test_a_changed_ledger_exits_with_one(terminal):
    """Whoever changed an entry past the triggers is found out: the position is named and the exit code is 1."""
    terminal.settle_triage()
    with contextlib.closing(sqlite3.connect(terminal.home / "pilotage.db")) as database:
        database.execute("DROP TRIGGER entries_refuse_update")
        database.execute("UPDATE entries SET actor = 'somebody-else' WHERE position = 2")
        database.commit()
    ran = terminal.run("ledger", "verify")
    assert ran.code == 1
    assert ran.out == (
        "Position 2: the entry is not the one that was hashed.\n"
        "3 entries: 1 problem. Keep a copy and find out who wrote.\n"
    )


def test_entries_are_shown_in_order(terminal):
    """Each entry has one line: position, time, workload, who, what, the digest, and what was said."""
    terminal.settle_triage()
    terminal.run_as("imke", "do", "ticket-triage", "comment", "--comment", "Looks promising.")
    ran = terminal.run("ledger", "show")
    assert ran.code == 0
    lines = [line.split() for line in ran.out.splitlines()]
    assert [line[0] for line in lines] == ["1", "2", "3", "4"]
    assert [line[4:6] for line in lines] == [
        ["Ada", "proposed"],
        ["Ada", "assigned"],
        ["Ada", "assigned"],
        ["Imke", "commented"],
    ]
    assert lines[3][-2:] == ["Looks", "promising."]


def test_entries_come_in_pages(terminal):
    """`--after` and `--limit` page through the ledger, and it says where the next page begins."""
    terminal.settle_triage()
    first = terminal.run("ledger", "show", "--limit", "2")
    assert (len(first.out.splitlines()), first.err) == (2, "There may be more: --after 2\n")
    rest = terminal.run("ledger", "show", "--after", "2", "--json").json
    assert [entry["position"] for entry in rest["entries"]] == [3]
    assert rest["next"] is None
    other = terminal.run("ledger", "show", "--workload", "another", "--json").json
    assert other["entries"] == []
