"""Running async arms: exactly in time, beside a call on the caller's own loop, or on a loop of ours for `call`."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from typing import Any, Protocol

from pilotage.runtime.arm import Arm, Run, error_name, failed

GRACE_S = 0.25
"""How much later than the arm's own limit a caller gives up on a loop that is itself blocked."""


async def run_async(arm: Arm, args: tuple[Any, ...], kwargs: dict[str, Any], timeout_s: float | None) -> Run:
    """Run an async arm; at the limit it is cancelled, and the run has failed."""
    started = time.perf_counter_ns()
    if arm.takes_deadline and timeout_s is not None:
        kwargs = {**kwargs, "deadline": time.monotonic() + timeout_s}
    limit = asyncio.timeout(timeout_s)
    try:
        async with limit:
            value = await arm.run(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - an arm may raise anything; the caller decides what becomes of it
        latency_ns = time.perf_counter_ns() - started
        if isinstance(error, TimeoutError) and limit.expired():
            return failed(arm, latency_ns, f"{arm.kind}-timeout", "timeout")
        return failed(arm, latency_ns, f"{arm.kind}-error", error_name(error), error)
    return Run(arm, value, time.perf_counter_ns() - started)


class LoopJob(Protocol):
    """Work for an event loop."""

    async def run_on_loop(self) -> None:
        """Do it. Raises nothing but the loop's cancellation."""

    def cancel(self) -> None:
        """It will not be done, or not to its end."""


class LoopWorkers:
    """A bounded queue of jobs on one event loop, worked off by a few tasks that end when it is empty."""

    def __init__(self, loop: asyncio.AbstractEventLoop, workers: int, queue: int) -> None:
        self.workers = workers
        self.queue = queue
        self._loop = loop
        self._submitted = 0
        self._waiting: deque[tuple[int, LoopJob]] = deque()
        self._running: dict[int, LoopJob] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()

    def submit(self, job: LoopJob) -> bool:
        """Take a job from any thread, or refuse it because the bound is reached or the loop is closed."""
        with self._lock:
            if len(self._waiting) + len(self._running) >= self.workers + self.queue or self._loop.is_closed():
                return False
            self._submitted += 1
            self._waiting.append((self._submitted, job))
        with contextlib.suppress(RuntimeError):  # closed this very moment: `has_ended` gives the job up
            self._loop.call_soon_threadsafe(self._staff)
        return True

    def submitted(self) -> int:
        """The number of the job that was submitted last."""
        return self._submitted

    def has_finished(self, ticket: int) -> bool:
        """Whether every job up to this number is finished."""
        with self._lock:
            oldest = min([*self._running, *(number for number, _ in list(self._waiting)[:1])], default=ticket + 1)
            return oldest > ticket

    def has_ended(self) -> bool:
        """Whether the loop is closed; what it left undone is then given up."""
        if self._loop.is_closed():
            self._give_up()
            return True
        return False

    def _staff(self) -> None:
        if self._waiting and len(self._tasks) < self.workers:
            task = self._loop.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._task_ended)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() and not self._tasks:
            self._give_up()

    async def _work(self) -> None:
        while (following := self._next()) is not None:
            number, job = following
            try:
                await job.run_on_loop()
            finally:
                with self._lock:
                    self._running.pop(number, None)

    def _next(self) -> tuple[int, LoopJob] | None:
        with self._lock:
            if not self._waiting:
                return None
            number, job = self._waiting.popleft()
            self._running[number] = job
            return number, job

    def _give_up(self) -> None:
        with self._lock:
            jobs = [*self._running.values(), *(job for _, job in self._waiting)]
            self._waiting.clear()
            self._running.clear()
        for job in jobs:
            job.cancel()


class OwnLoop:
    """An event loop in a thread of ours, for async candidates of a synchronous `call`. Starts at first need."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop, running."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_live, args=(self._loop,), name="pilotage-loop", daemon=True)
                self._thread.start()
            return self._loop

    def run(self, arm: Arm, args: tuple[Any, ...], kwargs: dict[str, Any], timeout_s: float) -> Run:
        """Run an async arm from a thread, and wait for it no longer than its limit."""
        started = time.perf_counter_ns()
        future = asyncio.run_coroutine_threadsafe(run_async(arm, args, kwargs, timeout_s), self.loop())
        try:
            return future.result(timeout_s + GRACE_S)
        except TimeoutError:
            future.cancel()
            return failed(arm, time.perf_counter_ns() - started, f"{arm.kind}-timeout", "timeout")

    def close(self) -> None:
        """Stop the loop; what runs on it is cancelled."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(1.0)


def _live(loop: asyncio.AbstractEventLoop) -> None:
    """The life of a loop in a thread, with an orderly end."""
    loop.run_forever()
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks))
    loop.close()
