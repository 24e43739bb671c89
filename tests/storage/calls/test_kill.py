"""Killed at any moment, the store keeps everything that it acknowledged, once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random

from tests.storage.call_reference import reference
from tests.storage.call_samples import LATE, START, plan
from tests.storage.call_store_contract import W, assert_same_sums
from tests.storage.calls.test_segment_files import manifest, segment_files

from pilotage.runtime.records import Call, Outcome
from pilotage.storage.calls import EmbeddedCallStore
from pilotage.storage.protocols import CallFilter

ROUNDS = 15
PATIENCE_S = 60
ROOT = Path(__file__).parents[3]


class Appender:
    """The process that forks workers, and what they said was acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, list[str]] = {"call": [], "outcome": []}
        self._worker = 0
        self._heard = threading.Condition()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.storage.calls.appender"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        for line in self._process.stdout:
            kind, _, text = line.strip().partition(" ")
            with self._heard:
                if kind == "worker":
                    self._worker = int(text)
                else:
                    self.acknowledged[kind].append(text)
                self._heard.notify_all()

    def run(self, folder: Path, seed: int, calls: int, seconds: float) -> None:
        """One worker until so many calls are acknowledged and a moment more, then a kill that nothing can catch."""
        enough = len(self.acknowledged["call"]) + calls
        self._worker = 0
        self._process.stdin.write(f"{folder} {seed}\n")
        self._process.stdin.flush()
        with self._heard:
            assert self._heard.wait_for(lambda: self._worker and len(self.acknowledged["call"]) >= enough, PATIENCE_S)
        self._read_beside(folder)
        time.sleep(seconds)
        os.kill(self._worker, signal.SIGKILL)
        while is_running(self._worker):
            time.sleep(0.002)

    def _read_beside(self, folder: Path) -> None:
        """While the worker writes, another process finds what was acknowledged last."""
        newest = self.acknowledged["call"][-1:]
        with EmbeddedCallStore(folder) as store:
            assert all(store.call(W, one) is not None for one in newest)

    def stop(self) -> None:
        """End of input ends it."""
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._listener.join(PATIENCE_S)
        self._process.stdout.close()


def is_running(process: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_nothing_acknowledged_is_lost_or_doubled(tmp_path: Path):
    """A process is killed fifteen times while it appends, flushes and projects: every acknowledged call and outcome is
    there exactly once, no stray file is left, and the sums are those of what is stored.
    """
    rng = Random(20261123)
    folder = tmp_path / "store"
    appender = Appender()
    try:
        for seed in range(1, ROUNDS + 1):
            appender.run(folder, seed, rng.randint(1, 120), rng.uniform(0.0, 0.04))
            with EmbeddedCallStore(folder):
                assert segment_files(folder) == manifest(folder)
    finally:
        appender.stop()
    calls: list[Call] = []
    outcomes: list[Outcome] = []
    with EmbeddedCallStore(folder) as store:
        cursor = None
        while True:
            page = store.search(W, CallFilter(), cursor, 1000)
            calls += [stored.call for stored in page.calls]
            outcomes += [outcome for stored in page.calls for outcome in stored.outcomes]
            cursor = page.next
            if cursor is None:
                break
        store.project(W, plan(), START)
        assert_same_sums(store, reference(plan(), calls, outcomes, START))
        store.project(W, plan(), LATE)
        assert_same_sums(store, reference(plan(), calls, outcomes, LATE))
        assert store.damaged_segments() == ()
    call_ids, outcome_ids = [c.call_id for c in calls], [o.outcome_id for o in outcomes]
    assert len(call_ids) == len(set(call_ids))
    assert len(outcome_ids) == len(set(outcome_ids))
    assert set(appender.acknowledged["call"]) <= set(call_ids)
    assert set(appender.acknowledged["outcome"]) <= set(outcome_ids)
