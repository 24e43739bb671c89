"""Running async arms: exactly in time, beside a call on the caller's own loop, or on a loop of ours for `call`."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

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


class LoopWorkers:
    """A bounded queue of coroutines on one event loop, worked off by a few tasks that end when it is empty."""

    def __init__(self, loop: asyncio.AbstractEventLoop, workers: int, queue: int) -> None:
        self._loop = loop
        self.workers = workers
        self.queue = queue
        self._jobs: deque[Callable[[], Coroutine[Any, Any, None]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._unfinished = 0
        self._lock = threading.Lock()

    def submit(self, job: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Take a job from any thread, or refuse it because the bound is reached."""
        with self._lock:
            if self._unfinished >= self.workers + self.queue:
                return False
            self._unfinished += 1
        self._jobs.append(job)
        try:
            self._loop.call_soon_threadsafe(self._staff)
        except RuntimeError:  # the loop has been closed
            self._jobs.remove(job)
            self._finished()
            return False
        return True

    def unfinished(self) -> int:
        """Jobs that are waiting or running."""
        return self._unfinished

    def _staff(self) -> None:
        if self._jobs and len(self._tasks) < self.workers:
            task = self._loop.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        while self._jobs:
            job = self._jobs.popleft()
            try:
                await job()
            finally:
                self._finished()

    def _finished(self) -> None:
        with self._lock:
            self._unfinished -= 1


class OwnLoop:
    """An event loop in a thread of ours, for async candidates of a synchronous `call`. Starts at first need."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop, running."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="pilotage-loop", daemon=True).start()
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
        """Stop the loop."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
