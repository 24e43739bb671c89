"""A process that is killed in the middle of its work loses nothing that it had acknowledged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.runtime.rig import SLUG, spooled, until

from pilotage.runtime import delivery, keeper
from pilotage.runtime.settings import read_settings

ROOT = Path(__file__).parents[2]

WORKER = """
import sys, threading, time
import pilotage

workload = pilotage.workload(sys.argv[1], home=sys.argv[2], url=sys.argv[3] or None)
workload.incumbent(lambda ticket: "rules")
made = []

def traffic():
    while True:
        batch = [workload.call(len(made), unit=f"u{len(made) % 50}").call_id for _ in range(20)]
        workload.outcome(batch[0], "label", True)
        made.extend(batch)
        time.sleep(0.001)

threading.Thread(target=traffic, daemon=True).start()
said = 0
while True:
    before = len(made)
    if pilotage.flush(5):
        sys.stdout.write("".join(f"{call_id}\\n" for call_id in made[said:before]) + "--\\n")
        sys.stdout.flush()
        said = before
"""


def killed_in_traffic(home, url, rounds):
    """Let a process work until it has acknowledged a few times, kill it, and give the call ids it acknowledged."""
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, SLUG, str(home), url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PILOTAGE_")},
    )
    with worker:
        acknowledged, group = set(), []
        for line in worker.stdout:
            if line != "--\n":
                group.append(line.strip())
                continue
            acknowledged |= set(group)
            group = []
            rounds -= 1
            if rounds <= 0 and acknowledged:
                break
        worker.send_signal(signal.SIGKILL)
        worker.stdout.read()
    assert worker.returncode == -signal.SIGKILL
    return acknowledged


@pytest.mark.parametrize("rounds", [1, 4])
def test_an_embedded_process_that_is_killed_loses_nothing_acknowledged(home, rounds):
    """Every call that a flush answered for is in the spool after a kill, and no file of it is damaged."""
    acknowledged = killed_in_traffic(home, "", rounds)
    calls, _ = spooled(home)
    assert acknowledged
    assert acknowledged <= set(calls)


def test_a_connected_process_that_is_killed_loses_nothing_acknowledged(home, server, opened, monkeypatch):
    """With a server that fails now and then, everything acknowledged before a kill is there afterwards, once."""
    monkeypatch.setattr(delivery, "BACKOFF_S_MAX", 0.05)
    monkeypatch.setattr(keeper, "KEY_WAIT_S", 0.05)
    count = iter(range(10**9))
    server.fail = lambda batch: (503, b"now and then") if next(count) % 10 == 3 else None
    server.lease_status = 404
    acknowledged = killed_in_traffic(home, server.url, 3)
    at_the_server = set(server.calls)
    on_disk = set(spooled(home, read_settings(SLUG, home=home, url=server.url).name)[0])
    assert acknowledged
    assert acknowledged <= at_the_server | on_disk

    server.fail = lambda batch: None
    workload = opened(url=server.url)
    workload.incumbent(lambda ticket: "rules")
    workload.call("the next process")
    assert until(lambda: workload.flush(1) and on_disk <= set(server.calls))
    assert acknowledged <= set(server.calls)
    assert [path for path in (home / "spool").rglob("*-*.*") if path.suffix in (".out", ".open")] == []


def test_a_server_that_dies_before_it_answers_gets_the_batch_again(home, server, opened, monkeypatch):
    """Batches whose answer was lost come again after the process is gone: duplicates are seen, calls are not lost."""
    monkeypatch.setattr(keeper, "KEY_WAIT_S", 0.05)
    monkeypatch.setattr(delivery, "BACKOFF_S_MAX", 0.05)
    server.lease_status = 404
    server.die_after_taking = 10**9
    workload = opened(url=server.url)
    workload.incumbent(lambda ticket: "rules")
    ids = {workload.call(number).call_id for number in range(20)}
    assert not workload.flush(0.3)
    workload.close(0.1)
    taken = len(server.calls)
    assert 0 < taken <= 20
    server.die_after_taking = 0
    again = opened(url=server.url)
    again.incumbent(lambda ticket: "rules")
    again.call("the next process")
    assert until(lambda: again.flush(1))
    assert ids < set(server.calls)
    assert len(server.calls) == 21
    assert server.duplicates >= taken
