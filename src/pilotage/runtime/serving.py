"""Serving a call under its route: the arm that answers, the incumbent when it fails, and the run beside."""

from __future__ import annotations

import time
from contextvars import copy_context
from typing import TYPE_CHECKING

from pilotage.runtime.answer import Answer
from pilotage.runtime.arm import Arm, Execution, Run, error_name, failed, run_here
from pilotage.runtime.beside import BesideJob, Besides, restored, run_in_time
from pilotage.runtime.copying import Arguments, Copy
from pilotage.runtime.counters import Counters
from pilotage.runtime.recorder import Recorder
from pilotage.runtime.turn import NOBODY, Pair, Turn

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop


class Serving:
    """What synchronous and asynchronous serving share: how a call ends."""

    def __init__(self, recorder: Recorder, besides: Besides, counters: Counters) -> None:
        self.recorder = recorder
        self.besides = besides
        self.counters = counters

    def close(self, turn: Turn, run: Run | None, beside: Execution | None = None, suggestion: object = None) -> Answer:
        """Record a call that is complete, and answer it; raise what the incumbent raised."""
        served = NOBODY if run is None else run.execution
        if turn.recorded:
            row = turn.row(served, beside, turn.added_us(served), dropped=False)
            self.recorder.put(row, patient=turn.replayed)
        else:
            self.counters.add("demonstration-refuses-real")
        return _answered(turn, run, suggestion)

    def close_with_beside(
        self, turn: Turn, run: Run | None, arm: Arm, copy: Copy, *, on_loop: AbstractEventLoop | None = None
    ) -> Answer:
        """Answer at once; the other arm runs where it cannot reach the caller, and completes the record."""
        pair = Pair(turn, NOBODY if run is None else run.execution, self.recorder.put)
        timeout_s = turn.plan.timeout_s(arm) if arm.kind == "candidate" else None
        job = BesideJob(pair, arm, copy, timeout_s, self.counters)
        if arm.is_async:
            loop = on_loop if on_loop is not None else self.besides.own_loop().loop()
            taken = self.besides.workers_on(loop).submit(job)
        else:
            taken = self.besides.pool.submit(job)
        if not taken:
            self.counters.add("beside-queue-full")
            pair.settle(None, dropped=True)
        pair.caller_left()
        return _answered(turn, run, None)


class SyncServing(Serving):
    """Serves `call`."""

    def serve(self, turn: Turn) -> Answer:
        """Answer the call. Raises only what the incumbent itself raises."""
        arm = turn.route.serves
        if arm is None or arm.kind == "incumbent":
            return self._serve_incumbent(turn)
        copy = Copy(turn.args, turn.kwargs) if turn.route.beside is not None else None
        run = self._run_candidate(turn, arm, (turn.args, turn.kwargs))
        if run.fallback:
            turn.fallback = run.fallback
            return self.close(turn, self._run_incumbent(turn), run.execution)
        return self._finish(turn, run, copy)

    def finish_short(self, turn: Turn, value: object, latency_ns: int, raised: Exception | None) -> Answer:
        """End a call of the short path that was not as simple as it looked: an error, a late answer, an account."""
        arm = turn.route.serves
        if arm is None:
            return self.close(turn, None)
        if raised is not None:
            run = failed(arm, latency_ns, f"{arm.kind}-error", error_name(raised), raised)
        else:
            late = arm.kind == "candidate" and latency_ns > turn.plan.late_ns
            run = Run(arm, value, latency_ns, error="late" if late else "")
        if raised is None or arm.kind == "incumbent":
            return self.close(turn, run)
        turn.fallback = run.fallback
        return self.close(turn, self._run_incumbent(turn), run.execution)

    def _serve_incumbent(self, turn: Turn) -> Answer:
        route = turn.route
        needs_copy = route.beside is not None or route.suggests is not None
        copy = Copy(turn.args, turn.kwargs) if needs_copy else None
        run = self._run_incumbent(turn)
        if route.suggests is None or copy is None or (run is not None and run.raised is not None):
            return self._finish(turn, run, copy)
        suggested = self._run_candidate(turn, route.suggests, restored(copy, self.counters))
        turn.fallback = suggested.fallback
        return self.close(turn, run, suggested.execution, suggested.plain_value)

    def _finish(self, turn: Turn, run: Run | None, copy: Copy | None) -> Answer:
        arm = turn.route.beside
        if arm is None or copy is None:
            return self.close(turn, run)
        if not turn.replayed:
            return self.close_with_beside(turn, run, arm, copy)
        # A replay loses nothing and waits for nobody: the run beside takes place here, and is not in anyone's way.
        began = time.perf_counter_ns()
        beside = self._run_beside(turn, arm, restored(copy, self.counters))
        turn.waited_ns = time.perf_counter_ns() - began
        return self.close(turn, run, beside.execution)

    def _run_incumbent(self, turn: Turn) -> Run | None:
        incumbent = turn.plan.incumbent
        if incumbent is None:
            return None
        return run_here(incumbent, turn.args, turn.kwargs)

    def _run_candidate(self, turn: Turn, arm: Arm, arguments: Arguments) -> Run:
        timeout_s = turn.plan.timeout_s(arm)
        if arm.is_async:
            return self.besides.own_loop().run(arm, *arguments, timeout_s)
        if turn.plan.policy.hard_timeout:
            return run_in_time(self.besides.in_time, arm, arguments, copy_context(), timeout_s)
        return run_here(arm, *arguments, timeout_s)

    def _run_beside(self, turn: Turn, arm: Arm, arguments: Arguments) -> Run:
        return self._run_candidate(turn, arm, arguments) if arm.kind == "candidate" else run_here(arm, *arguments)


def _answered(turn: Turn, run: Run | None, suggestion: object) -> Answer:
    if run is not None and run.raised is not None:
        raise run.raised
    return turn.answer(run, suggestion)
