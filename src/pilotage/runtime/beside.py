"""The run beside a call: where it runs, how it is bounded, and how it ends in the record whatever happens to it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context
from itertools import count
from typing import TYPE_CHECKING

from pilotage.lease import Policy
from pilotage.runtime.arm import Arm, Run, executed, failed, run_here
from pilotage.runtime.copying import Arguments, Copy
from pilotage.runtime.counters import Counters
from pilotage.runtime.log import log_once
from pilotage.runtime.pool import Pool
from pilotage.runtime.turn import Pair

if TYPE_CHECKING:
    import asyncio

    from pilotage.runtime.loops import LoopWorkers, OwnLoop

IN_TIME_THREADS = 64
ABANDON_S_MIN = 60.0


class BesideJob:
    """One arm's run beside a call. Whichever of `run` and `abandon` comes first settles the pair."""

    def __init__(self, pair: Pair, arm: Arm, copy: Copy, timeout_s: float | None, counters: Counters) -> None:
        self._pair = pair
        self._arm = arm
        self._copy = copy
        self._timeout_s = timeout_s
        self._counters = counters
        self._settlements = count()

    def run(self) -> None:
        """Run a synchronous arm."""
        args, kwargs = restored(self._copy, self._counters)
        self._settle(self._copy.context.run(run_here, self._arm, args, kwargs, self._timeout_s))

    async def run_on_loop(self) -> None:
        """Run an async arm. A loop that ends meanwhile cancels it: the pair is then without its second half."""
        from pilotage.runtime.loops import run_async  # noqa: PLC0415 - asyncio is loaded only for async arms

        args, kwargs = restored(self._copy, self._counters)
        try:
            self._settle(await run_async(self._arm, args, kwargs, self._timeout_s))
        finally:
            self.cancel()

    def cancel(self) -> None:
        """It did not come to its end: the pair is without its second half. Nothing, once it is settled."""
        if next(self._settlements) == 0:
            self._counters.add("beside-cancelled")
            self._pair.settle(None, dropped=True)

    def abandon(self) -> None:
        """It has been running for too long."""
        limit_ns = int((self._timeout_s or 0.0) * 1e9)
        if next(self._settlements) == 0:
            self._counters.add("beside-stuck")
            self._pair.settle(executed(self._arm, None, limit_ns, "timeout", answered=False))

    def _settle(self, run: Run) -> None:
        if next(self._settlements) == 0:
            self._pair.settle(run.execution)


class InTime:
    """A synchronous arm on a worker thread, for a caller who waits for a limited time. `on_done` wakes the caller."""

    def __init__(
        self, arm: Arm, arguments: Arguments, context: Context, timeout_s: float, on_done: Callable[[], None]
    ) -> None:
        self.result: Run | None = None
        self._arm = arm
        self._arguments = arguments
        self._context = context
        self._timeout_s = timeout_s
        self._on_done = on_done

    def run(self) -> None:
        """Run it, and wake who waits."""
        args, kwargs = self._arguments
        self.result = self._context.run(run_here, self._arm, args, kwargs, self._timeout_s)
        self._on_done()

    def abandon(self) -> None:
        """Whoever waited has long gone."""


class Besides:
    """The places where arms run that the caller's thread must not run, bounded by the lease's policy."""

    def __init__(self, counters: Counters) -> None:
        self.pool = Pool("pilotage-beside", Policy().shadow_workers, Policy().shadow_queue)
        self.in_time = Pool("pilotage-in-time", IN_TIME_THREADS, 0)
        self._counters = counters
        self._policy = Policy()
        self._own: OwnLoop | None = None
        self._on_loops: dict[asyncio.AbstractEventLoop, LoopWorkers] = {}
        self._lock = threading.Lock()

    def follow(self, policy: Policy) -> None:
        """Take the bounds of a new policy."""
        self._policy = policy
        with self._lock:
            bounds: list[Pool | LoopWorkers] = [self.pool, *self._on_loops.values()]
            for bounded in bounds:
                bounded.workers, bounded.queue = policy.shadow_workers, policy.shadow_queue

    def own_loop(self) -> OwnLoop:
        """The loop for async candidates of synchronous calls."""
        with self._lock:
            if self._own is None:
                from pilotage.runtime.loops import OwnLoop  # noqa: PLC0415 - asyncio is loaded only for async arms

                self._own = OwnLoop()
            return self._own

    def workers_on(self, loop: asyncio.AbstractEventLoop) -> LoopWorkers:
        """The workers on an event loop."""
        with self._lock:
            workers = self._on_loops.get(loop)
            if workers is None:
                from pilotage.runtime.loops import LoopWorkers  # noqa: PLC0415 - as above

                workers = LoopWorkers(loop, self._policy.shadow_workers, self._policy.shadow_queue)
                self._on_loops[loop] = workers
            return workers

    def sweep(self) -> None:
        """Write off what has been running for far too long, or on loops that have been closed."""
        limit_s = max(ABANDON_S_MIN, 2 * self._policy.timeout_ms / 1000)
        self.pool.sweep(limit_s)
        self.in_time.sweep(limit_s)
        self._living_loops()

    def loop_tickets(self) -> list[tuple[LoopWorkers, int]]:
        """How far the runs beside on each event loop have been submitted."""
        return [(workers, workers.submitted()) for workers in self._living_loops()]

    def have_finished(self, tickets: list[tuple[LoopWorkers, int]]) -> bool:
        """Whether everything up to these tickets is finished, or given up because its loop is closed."""
        self._living_loops()
        return all(workers.has_finished(ticket) for workers, ticket in tickets)

    def _living_loops(self) -> list[LoopWorkers]:
        with self._lock:
            for loop in [loop for loop, workers in self._on_loops.items() if workers.has_ended()]:
                del self._on_loops[loop]
            return list(self._on_loops.values())

    def close(self) -> None:
        """Stop the own loop; the pools' threads end by themselves."""
        if self._own is not None:
            self._own.close()


def restored(copy: Copy, counters: Counters) -> Arguments:
    """The arguments set aside; shared with the caller, and counted, where they could not be copied."""
    if copy.shared:
        counters.add("beside-shares-input")
        return copy.original
    try:
        return copy.arguments()
    except Exception as error:  # noqa: BLE001 - unpickling runs the arguments' own code
        counters.add("beside-shares-input")
        log_once("copy", "arguments could not be copied for the run beside: %r", error)
        return copy.original


def run_in_time(pool: Pool, arm: Arm, arguments: Arguments, context: Context, timeout_s: float) -> Run:
    """Run a synchronous arm on a worker thread and wait for it no longer than its limit."""
    done = threading.Lock()
    done.acquire()
    errand = InTime(arm, arguments, context, timeout_s, done.release)
    if not pool.submit(errand):
        return busy(arm)
    if not done.acquire(timeout=timeout_s) or errand.result is None:
        return failed(arm, int(timeout_s * 1e9), f"{arm.kind}-timeout", "timeout")
    return errand.result


def busy(arm: Arm) -> Run:
    """A run that could not begin, because every worker thread is taken."""
    return failed(arm, 0, f"{arm.kind}-busy", "busy")
