"""A bounded pool of daemon threads for work that nobody may have to wait for: what does not fit is refused at once."""

from __future__ import annotations

import threading
import time
from queue import Empty, SimpleQueue
from typing import Protocol

from pilotage.runtime.log import log_once

IDLE_S = 10.0


class Job(Protocol):
    """Work for a pool. Neither method may raise."""

    def run(self) -> None:
        """Do it."""

    def abandon(self) -> None:
        """It ran for too long and is written off; whatever `run` still does must not count."""


class Pool:
    """Threads that start when there is work and end when there is none. `queue` jobs may wait beyond the running ones.

    A thread whose job never ends is written off by `sweep` and replaced, up to as many again as there are
    workers: then everything is refused, so that a stuck arm cannot eat the process.
    """

    def __init__(self, name: str, workers: int, queue: int) -> None:
        self.workers = workers
        self.queue = queue
        self._name = name
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._changed = threading.Condition()
        self._waiting = 0
        self._running: dict[int, tuple[Job, float]] = {}
        self._threads = 0
        self._stuck = 0

    def submit(self, job: Job) -> bool:
        """Take the job, or refuse it because the bound is reached."""
        with self._changed:
            running = len(self._running)
            if self._waiting + running >= self.workers + self.queue or self._stuck >= self.workers:
                return False
            self._waiting += 1
            if self._threads - running < self._waiting and self._threads < self.workers:
                self._threads += 1
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
        self._jobs.put(job)
        return True

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing is waiting or running; whether that came about."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while self._waiting or self._running:
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return False
        return True

    def sweep(self, limit_s: float) -> None:
        """Write off what has been running for longer than the limit."""
        now = time.monotonic()
        with self._changed:
            overdue = [(key, job) for key, (job, since) in self._running.items() if now - since > limit_s]
            for key, _ in overdue:
                del self._running[key]
                self._threads -= 1
                self._stuck += 1
            self._changed.notify_all()
        for _, job in overdue:
            log_once(
                self._name, "an arm has been running for over %.0f s in %s; it is written off", limit_s, self._name
            )
            job.abandon()

    def _work(self) -> None:
        key = threading.get_ident()
        while True:
            try:
                job = self._jobs.get(timeout=IDLE_S)
            except Empty:
                if self._may_end():
                    return
                continue
            with self._changed:
                self._waiting -= 1
                self._running[key] = (job, time.monotonic())
            try:
                job.run()
            except Exception as error:  # noqa: BLE001 - a job settles its own failures; a defect must not end the thread
                log_once(self._name, "work in %s failed: %r", self._name, error)
            if self._written_off(key):
                return

    def _may_end(self) -> bool:
        with self._changed:
            if self._waiting:
                return False
            self._threads -= 1
            return True

    def _written_off(self, key: int) -> bool:
        """Take the finished job off the list; whether its thread had been replaced meanwhile."""
        with self._changed:
            if self._running.pop(key, None) is None:
                self._stuck -= 1
                return True
            if not self._running and not self._waiting:
                self._changed.notify_all()
            return False
