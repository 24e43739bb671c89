"""A bounded pool of daemon threads for work that nobody may have to wait for: what does not fit is refused at once."""

from __future__ import annotations

import threading
import time
from queue import Empty, SimpleQueue
from typing import NamedTuple, Protocol

from pilotage.runtime.log import log_once

IDLE_S = 10.0


class Job(Protocol):
    """Work for a pool. Neither method may raise."""

    def run(self) -> None:
        """Do it."""

    def abandon(self) -> None:
        """It ran for too long and is written off; whatever `run` still does must not count."""


class Running(NamedTuple):
    """A job that a thread is at."""

    number: int
    job: Job
    since: float


class Pool:
    """Threads that start when there is work and end when there is none. `queue` jobs may wait beyond the running ones.

    A thread whose job never ends is written off by `sweep` and replaced, up to as many again as there are
    workers: then everything is refused, so that a stuck arm cannot eat the process.
    """

    def __init__(self, name: str, workers: int, queue: int) -> None:
        self.workers = workers
        self.queue = queue
        self._name = name
        self._jobs: SimpleQueue[tuple[int, Job]] = SimpleQueue()
        self._changed = threading.Condition()
        self._submitted = 0
        # In the order of submission, so that the first key is the oldest.
        self._unfinished: dict[int, None] = {}
        self._running: dict[int, Running] = {}
        self._threads = 0
        self._stuck = 0

    def submit(self, job: Job) -> bool:
        """Take the job, or refuse it because the bound is reached."""
        with self._changed:
            if len(self._unfinished) >= self.workers + self.queue or self._stuck >= self.workers:
                return False
            self._submitted += 1
            number = self._submitted
            self._unfinished[number] = None
            try:
                self._staff()
            except RuntimeError as error:  # no thread can be had: a limit, or the interpreter is ending
                log_once(self._name, "no thread could be started for %s: %s", self._name, error)
                del self._unfinished[number]
                return False
        self._jobs.put((number, job))
        return True

    def wait(self, timeout_s: float) -> bool:
        """Wait until everything submitted so far is finished, whatever comes meanwhile; whether it is."""
        with self._changed:
            ticket = self._submitted
            return self._changed.wait_for(lambda: next(iter(self._unfinished), ticket + 1) > ticket, timeout_s)

    def sweep(self, limit_s: float) -> None:
        """Write off what has been running for longer than the limit."""
        now = time.monotonic()
        with self._changed:
            overdue = [key for key, running in self._running.items() if now - running.since > limit_s]
            given_up = []
            for key in overdue:
                running = self._running.pop(key)
                given_up.append((running.number, running.job))
                self._threads -= 1
                self._stuck += 1
                self._staff()
            if self._stuck > self.workers:
                given_up += self._emptied()
        for number, job in given_up:
            log_once(
                self._name, "arms have been running for over %.0f s in %s and are written off", limit_s, self._name
            )
            job.abandon()
            self._finish(number)

    def _staff(self) -> None:
        """Start a thread if one is needed and allowed. Under the lock."""
        if self._threads < min(self.workers, len(self._unfinished)):
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
            self._threads += 1

    def _emptied(self) -> list[tuple[int, Job]]:
        """What waited, when every thread is stuck and none may be added. Under the lock."""
        waiting = []
        while not self._jobs.empty():
            waiting.append(self._jobs.get())
        return waiting

    def _finish(self, number: int) -> None:
        with self._changed:
            self._unfinished.pop(number, None)
            self._changed.notify_all()

    def _work(self) -> None:
        key = threading.get_ident()
        while True:
            try:
                number, job = self._jobs.get(timeout=IDLE_S)
            except Empty:
                if self._may_end():
                    return
                continue
            with self._changed:
                self._running[key] = Running(number, job, time.monotonic())
            try:
                job.run()
            except Exception as error:  # noqa: BLE001 - a job settles its own failures; a defect must not end the thread
                log_once(self._name, "work in %s failed: %r", self._name, error)
            if self._was_written_off(key, number):
                return

    def _may_end(self) -> bool:
        with self._changed:
            if len(self._unfinished) > len(self._running):
                return False
            self._threads -= 1
            return True

    def _was_written_off(self, key: int, number: int) -> bool:
        """Take the finished job off the list; whether its thread had been replaced meanwhile."""
        with self._changed:
            if self._running.pop(key, None) is None:
                self._stuck -= 1
                return True
            self._unfinished.pop(number, None)
            self._changed.notify_all()
            return False
