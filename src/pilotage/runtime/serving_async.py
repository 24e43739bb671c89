"""Serving `acall`: as `serving`, awaiting. Async arms are cancelled exactly at their limit."""

from __future__ import annotations

import asyncio
import contextlib
import time
from contextvars import copy_context

from pilotage.runtime.answer import Answer
from pilotage.runtime.arm import Arm, Run, failed, run_here
from pilotage.runtime.beside import InTime, busy, restored
from pilotage.runtime.copying import Arguments, Copy
from pilotage.runtime.loops import run_async
from pilotage.runtime.pool import Pool
from pilotage.runtime.serving import Serving
from pilotage.runtime.turn import Turn


class AsyncServing(Serving):
    """Serves `acall`. A synchronous incumbent runs on the loop, as it would without us; a synchronous candidate on
    a worker thread, exactly in time.
    """

    async def serve(self, turn: Turn) -> Answer:
        """Answer the call. Raises only what the incumbent itself raises, and the caller's own cancellation."""
        try:
            return await self._serve(turn)
        except asyncio.CancelledError:
            self.counters.add("cancelled")
            raise

    async def _serve(self, turn: Turn) -> Answer:
        arm = turn.route.serves
        if arm is None or arm.kind == "incumbent":
            return await self._serve_incumbent(turn)
        copy = Copy(turn.args, turn.kwargs) if turn.route.beside is not None else None
        run = await self._run_candidate(turn, arm, (turn.args, turn.kwargs))
        if run.fallback:
            turn.fallback = run.fallback
            return self.close(turn, await self._run_incumbent(turn), run.execution)
        return await self._finish(turn, run, copy)

    async def _serve_incumbent(self, turn: Turn) -> Answer:
        route = turn.route
        needs_copy = route.beside is not None or route.suggests is not None
        copy = Copy(turn.args, turn.kwargs) if needs_copy else None
        run = await self._run_incumbent(turn)
        if route.suggests is None or copy is None or (run is not None and run.raised is not None):
            return await self._finish(turn, run, copy)
        suggested = await self._run_candidate(turn, route.suggests, restored(copy, self.counters))
        turn.fallback = suggested.fallback
        return self.close(turn, run, suggested.execution, suggested.plain_value)

    async def _finish(self, turn: Turn, run: Run | None, copy: Copy | None) -> Answer:
        arm = turn.route.beside
        if arm is None or copy is None:
            return self.close(turn, run)
        if not turn.replayed:
            return self.close_with_beside(turn, run, arm, copy, on_loop=asyncio.get_running_loop())
        began = time.perf_counter_ns()
        beside = await self._run_beside(turn, arm, restored(copy, self.counters))
        turn.waited_ns = time.perf_counter_ns() - began
        return self.close(turn, run, beside.execution)

    async def _run_incumbent(self, turn: Turn) -> Run | None:
        incumbent = turn.plan.incumbent
        if incumbent is None:
            return None
        if incumbent.is_async:
            return await run_async(incumbent, turn.args, turn.kwargs, None)
        return run_here(incumbent, turn.args, turn.kwargs)

    async def _run_candidate(self, turn: Turn, arm: Arm, arguments: Arguments) -> Run:
        timeout_s = turn.plan.timeout_s(arm)
        if arm.is_async:
            return await run_async(arm, *arguments, timeout_s)
        return await _run_in_time(self.besides.in_time, arm, arguments, timeout_s)

    async def _run_beside(self, turn: Turn, arm: Arm, arguments: Arguments) -> Run:
        if arm.kind == "candidate":
            return await self._run_candidate(turn, arm, arguments)
        return await run_async(arm, *arguments, None) if arm.is_async else run_here(arm, *arguments)


async def _run_in_time(pool: Pool, arm: Arm, arguments: Arguments, timeout_s: float) -> Run:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed: nobody waits
            loop.call_soon_threadsafe(lambda: None if done.done() else done.set_result(None))

    errand = InTime(arm, arguments, copy_context(), timeout_s, wake)
    if not pool.submit(errand):
        return busy(arm)
    try:
        async with asyncio.timeout(timeout_s):
            await done
    except TimeoutError:
        return failed(arm, int(timeout_s * 1e9), f"{arm.kind}-timeout", "timeout")
    return errand.result if errand.result is not None else busy(arm)
