"""The ledger among processes: several that write, one that is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pilotage.storage.database import open_database
from pilotage.storage.ledger import SqlLedger

# Four threads append pairs of facts with a text, each to a workload of its own, and print a pair's positions once
# they are acknowledged. A line is one write, so that a kill tears none.
WRITER = """
import datetime, os, sys, threading
from pilotage.storage.database import open_database
from pilotage.storage.ledger import SqlLedger
from pilotage.storage.protocols import Draft

address, name, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
ledger = SqlLedger(open_database(address))

def write(number):
    workload = f"{name}-{number}"
    sequence = len(ledger.read(workload))
    for round in range(rounds):
        at = datetime.datetime.now(datetime.UTC)
        facts = [
            Draft(
                kind="noted",
                payload={"round": round, "half": half},
                texts={"note": f"{workload} {round}"},
                actor="p-1",
                at=at,
            )
            for half in (1, 2)
        ]
        first, second = ledger.append(workload, sequence + 2 * round, facts)
        os.write(1, f"{first.position} {second.position} {workload} {round}\\n".encode())

threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def start_writer(address: str, name: str, rounds: int) -> subprocess.Popen[bytes]:
    """A child process that appends."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, address, name, str(rounds)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.parametrize("acknowledged", [1, 40, 150])
def test_nothing_acknowledged_is_lost_in_a_kill(database: str, acknowledged: int) -> None:
    """A process killed while it appends leaves a ledger that verifies and holds all it acknowledged, no half append."""
    writer = start_writer(database, "killed", rounds=100_000)
    assert writer.stdout is not None
    lines = [writer.stdout.readline() for _ in range(acknowledged)]
    writer.send_signal(signal.SIGKILL)
    rest, errors = writer.communicate(timeout=60)
    assert writer.returncode == -signal.SIGKILL, errors.decode()
    lines += rest.splitlines()

    ledger = SqlLedger(open_database(database))
    assert ledger.verify().problems == ()
    entries = {entry.position: entry for entry in ledger.read_all()}
    for line in lines:
        first, second, workload, number = line.decode().split()
        for position, half in ((int(first), 1), (int(second), 2)):
            entry = entries[position]
            assert (entry.workload, entry.payload["round"], entry.payload["half"]) == (workload, int(number), half)
            assert entry.texts == {"note": f"{workload} {number}"}
    for workload in ledger.workloads():
        halves = [entry.payload["half"] for entry in ledger.read(workload)]
        assert halves == [1, 2] * (len(halves) // 2)
    ledger.close()

    again = start_writer(database, "killed", rounds=2)
    _, errors = again.communicate(timeout=60)
    assert again.returncode == 0, errors.decode()


def test_processes_write_to_one_database(database: str) -> None:
    """Processes that open a fresh database at the same moment all write to it; the ledger is whole afterwards."""
    writers = [start_writer(database, f"writer{number}", rounds=15) for number in range(3)]
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors.decode()
    ledger = SqlLedger(open_database(database))
    found = ledger.verify()
    assert (found.problems, found.entries) == ((), 3 * 4 * 15 * 2)
    assert [entry.position for entry in ledger.read_all()] == list(range(1, found.entries + 1))
    ledger.close()


def test_a_spare_import_is_not_paid(tmp_path: Path) -> None:
    """Opening a database that is up to date does not load Alembic, which only migrating needs."""
    open_database(tmp_path / "ledger.db").dispose()
    program = (
        "import sys; from pilotage.storage.database import open_database; "
        f"open_database({str(tmp_path / 'ledger.db')!r}); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
