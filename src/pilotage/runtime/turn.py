"""One call on its way: from the caller's arguments to the answer and the recorded row."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from itertools import count
from typing import Any, Protocol

from pilotage.runtime.answer import Account, Answer
from pilotage.runtime.arm import Execution, Run
from pilotage.runtime.errors import InvalidUse
from pilotage.runtime.identity import checked_call_id
from pilotage.runtime.packing import Row
from pilotage.runtime.plan import Plan, Route
from pilotage.runtime.records import Source
from pilotage.runtime.settings import SOURCES
from pilotage.runtime.snapshot import arguments, as_text, snapshot, spelt_out

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

NOBODY: Execution = ("incumbent", "", None, 0)
"""What serves when people are the incumbent: their answer comes later."""


class Request:
    """What the caller gave besides the arms' arguments."""

    __slots__ = ("at", "call_id", "cohort", "segment", "source", "unit")

    def __init__(
        self,
        unit: object,
        cohort: object,
        segment: Mapping[str, object] | None,
        *,
        source: Source | None = None,
        at: dt.datetime | None = None,
        call_id: str | None = None,
    ) -> None:
        self.unit = None if unit is None or unit == "" else spelt_out(unit)
        self.cohort = None if cohort is None or cohort == "" else spelt_out(cohort)
        self.segment = _tags(segment) if segment else {}
        self.source = source
        self.at = at
        self.call_id = call_id


class Turn:
    """A call being served. Made before an arm runs, since the input must be recorded as it came."""

    __slots__ = (
        "args",
        "at_us",
        "call_id",
        "fallback",
        "input",
        "kwargs",
        "number",
        "plan",
        "recorded",
        "replayed",
        "request",
        "route",
        "stamp",
        "started",
        "waited_ns",
    )

    def __init__(
        self,
        plan: Plan,
        now_ns: int,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        given: Request,
        *,
        minted: int = 0,
        begun: tuple[int, bytes | None] | None = None,
    ) -> None:
        """`minted` and `begun` (when, and the input) are what the short path has done already."""
        entered = time.perf_counter_ns()
        self.plan = plan
        self.stamp = plan.stamp_for(given.source)
        _check_replay(self.stamp[0], given)
        self.at_us = now_ns // 1000 if given.at is None else microseconds(given.at)
        self.args, self.kwargs, self.request = args, kwargs, given
        self.number = int(given.call_id, 16) if given.call_id is not None else minted or plan.mint()
        self.call_id = f"{self.number:032x}"
        self.started, self.input = (entered, self._snapshot()) if begun is None else (begun[0], as_text(begun[1]))
        self.recorded = not (plan.refuses_real and self.stamp[0] == "real")
        self.replayed = self.stamp[0] == "replay"
        self.route = plan.route(given.unit, given.cohort, self.call_id)
        if not self.recorded:
            # A demonstration's record must never hold real traffic, and the call must be answered all the same.
            self.route = Route(serves=plan.incumbent, fallback="demonstration")
        self.fallback = self.route.fallback
        self.waited_ns = 0

    def _snapshot(self) -> str | None:
        return snapshot(arguments(self.args, self.kwargs)) if self.plan.records_input else None

    def row(self, served: Execution, beside: Execution | None, added_us: int, *, dropped: bool) -> Row:
        """The call as recorded."""
        given = self.request
        return [
            self.call_id,
            self.at_us,
            served,
            beside,
            "candidate" if self.route.assigned_candidate else "incumbent",
            given.unit,
            given.cohort,
            given.segment,
            *self.stamp,
            self.fallback,
            dropped,
            added_us,
            self.input,
        ]

    def added_us(self, served: Execution) -> int:
        """What the caller has waited so far beyond the serving arm. A replay's own patience is not counted."""
        since_ns = time.perf_counter_ns() - self.started - self.waited_ns
        return max(0, since_ns // 1000 - int(served[3]))

    def answer(self, run: Run | None, suggestion: object = None) -> Answer:
        """What the caller gets."""
        fallback = self.fallback or None
        if run is None:
            return Answer(None, "incumbent", None, fallback, self.number, suggestion)
        release = run.arm.release or None
        if not isinstance(run.value, Account):
            return Answer(run.value, run.arm.kind, release, fallback, self.number, suggestion)
        given = run.value
        return Answer(
            run.plain_value,
            run.arm.kind,
            release,
            fallback,
            self.number,
            suggestion,
            confidence=given.confidence,
            tokens_in=given.tokens_in,
            tokens_out=given.tokens_out,
            cost_usd=given.cost_usd,
            detail=given.detail,
        )


class Put(Protocol):
    """Takes a row for the record."""

    def __call__(self, row: Row, *, patient: bool) -> None:
        """Take it; `patient` waits for room."""


class Pair:
    """A call whose second execution comes later. It is recorded by whichever comes second: the caller, who then
    knows what shadowing cost, or the run beside.
    """

    __slots__ = ("_arrivals", "_put", "_turn", "added_us", "beside", "dropped", "served")

    def __init__(self, turn: Turn, served: Execution, put: Put) -> None:
        self._turn = turn
        self._put = put
        self._arrivals = count()
        self.served = served
        self.beside: Execution | None = None
        self.added_us = 0
        self.dropped = False

    def caller_left(self) -> None:
        """The caller is about to go."""
        self.added_us = self._turn.added_us(self.served)
        self._arrive()

    def settle(self, beside: Execution | None, *, dropped: bool = False) -> None:
        """The run beside has ended, or there will be none. Called once."""
        self.beside, self.dropped = beside, dropped
        self._arrive()

    def _arrive(self) -> None:
        # One step of a C iterator: no lock is needed for exactly one of the two to see 1.
        if next(self._arrivals) == 1:
            row = self._turn.row(self.served, self.beside, self.added_us, dropped=self.dropped)
            self._put(row, patient=self._turn.replayed)


def microseconds(at: dt.datetime) -> int:
    """An aware time as microseconds since 1970 UTC. Raises `InvalidUse` for a naive one, or one before 1970."""
    if not isinstance(at, dt.datetime) or at.tzinfo is None:
        raise InvalidUse("naive-time", "at", f"{at!r} has no time zone; give an aware datetime")
    since = (at - EPOCH) // dt.timedelta(microseconds=1)
    if since < 0:
        raise InvalidUse("time-before-1970", "at", f"{at.isoformat()} is before 1970")
    return since


def _check_replay(source: Source, given: Request) -> None:
    if source not in SOURCES:
        raise InvalidUse("bad-source", "source", f"{source!r} is not one of {', '.join(SOURCES)}")
    if given.call_id is not None:
        checked_call_id(given.call_id)
    if source == "real" and (given.at is not None or given.call_id is not None):
        field = "at" if given.at is not None else "call_id"
        raise InvalidUse(
            "only-for-replay", field, "real traffic happens now and has new ids; pass source='replay' or 'synthetic'"
        )


def _tags(segment: Mapping[str, object]) -> dict[str, str]:
    if not isinstance(segment, Mapping):
        raise InvalidUse("bad-segment", "segment", f"{segment!r} is not a mapping of names to values")
    return {spelt_out(key): spelt_out(value) for key, value in segment.items()}
