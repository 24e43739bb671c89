"""A workload in an application: register the arms, call, and say later what came of it."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import mmh3
from msgspec import Struct, json

from pilotage.lease import Lease, Mode
from pilotage.runtime.answer import Answer
from pilotage.runtime.arm import Arm, is_coroutine_function, takes_deadline
from pilotage.runtime.bucketing import PAIR_SEED
from pilotage.runtime.errors import InvalidUse
from pilotage.runtime.identity import checked_name, checked_release
from pilotage.runtime.learned import Learned, outcome_rows
from pilotage.runtime.packing import Hooks, Redactor, Scorer
from pilotage.runtime.plan import Plan, Situation, make_plan
from pilotage.runtime.records import Action, Basis, Source
from pilotage.runtime.release import release_digest
from pilotage.runtime.settings import Settings
from pilotage.runtime.snapshot import as_bytes, encode, snapshot
from pilotage.runtime.turn import Request, Turn
from pilotage.runtime.version import SDK_VERSION

if TYPE_CHECKING:
    from pilotage.runtime.engine import Engine

Function = TypeVar("Function", bound=Callable[..., Any])

_hash = mmh3.hash
_mono_ns = time.perf_counter_ns


class Exposure(Struct, frozen=True, kw_only=True):
    """What this process does with calls at the moment, for people who wonder why.

    `lacking` is "" or why the candidate does not run here; `refused` is "" or why the last lease was refused.
    """

    mode: Mode
    percent: float
    cohorts: tuple[str, ...]
    release: str | None
    reason: str
    lacking: str
    refused: str
    serial: int
    valid_for_s: float | None


class Workload:
    """One workload in this process. Get it from `pilotage.workload(slug)`."""

    def __init__(self, settings: Settings, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        # Threads, files and HTTP are loaded where a workload is named, so that importing the package stays light.
        from pilotage.runtime.engine import Engine  # noqa: PLC0415 - half of the import's time

        self._make_engine = Engine
        self.settings = settings
        self._clock_ns = clock_ns
        self._hooks = Hooks()
        self._trainer: Callable[..., Any] | None = None
        self._incumbent: Arm | None = None
        self._candidates: dict[str, Arm] = {}
        self._closed = False
        self._engine: Engine | None = None
        self._previous: Engine | None = None
        self._guard = threading.RLock()
        self._leased = threading.Condition(self._guard)
        self._plan = self._make_plan(None)

    @property
    def slug(self) -> str:
        """The workload's short name."""
        return self.settings.slug

    # Registering

    def incumbent(self, function: Function) -> Function:
        """Register how the work is done today: a function, sync or async. Leave it out when people do the work."""
        arm = Arm(kind="incumbent", run=function, is_async=is_coroutine_function(function))
        with self._guard:
            self._incumbent = arm
            self._replan()
        return function

    def candidate(
        self,
        *,
        release: str,
        digest: str | None = None,
        artifacts: Iterable[str | Path] = (),
        timeout_ms: float | None = None,
    ) -> Callable[[Function], Function]:
        """Register one release of the AI. `digest` must be the one in the lease, or the release is not served;
        left out, it is `release_digest(function, artifacts)`. `timeout_ms` can only shorten the lease's limit.
        """
        checked_release(release)

        def register(function: Function) -> Function:
            arm = Arm(
                kind="candidate",
                run=function,
                release=release,
                digest=digest or release_digest(function, artifacts),
                timeout_ms=timeout_ms,
                is_async=is_coroutine_function(function),
                takes_deadline=takes_deadline(function),
            )
            with self._guard:
                self._candidates = {**self._candidates, release: arm}
                self._replan()
            return function

        return register

    def redact(self, function: Redactor) -> Redactor:
        """Register what every recorded value passes through before it touches the disk or leaves the process.

        It is called in the background as `function(value, part)`, with the decoded value and where it stands
        (`input`, `output`, `detail` or `outcome`), and returns what may be recorded. If it raises, the value is
        not recorded, and counted.
        """
        self._hooks.redact = function
        return function

    def scorer(self, metric: str) -> Callable[[Scorer], Scorer]:
        """Register `function(input, value) -> number`, a metric of every execution, computed in the background."""
        checked_name(metric)

        def register(function: Scorer) -> Scorer:
            self._hooks.scorers[metric] = function
            return function

        return register

    def trainer(self, function: Function) -> Function:
        """Register how a new release is trained; `pilotage retrain` calls it."""
        self._trainer = function
        return function

    # Calling

    def call(  # noqa: C901 - the one hot path: every function call that tidies it up costs each caller 60 ns
        self,
        *args: Any,  # noqa: ANN401 - the arms' own arguments
        unit: str | None = None,
        cohort: str | None = None,
        segment: Mapping[str, str] | None = None,
        source: Source | None = None,
        at: dt.datetime | None = None,
        call_id: str | None = None,
        **kwargs: Any,  # noqa: ANN401 - as above
    ) -> Answer:
        """Serve one request under the lease, and record it.

        `unit` is who it belongs to: without it, it is never served by the candidate. `cohort` is who is exposed
        together, `segment` what figures are split by. `at` and `call_id` are for replayed and synthetic traffic
        only. Raises what the incumbent raises, and `InvalidUse` for an argument that can never be right.
        """
        plan = self._plan
        now_ns = self._clock_ns()
        if now_ns >= plan.simple_until_ns or source is not None or at is not None or call_id is not None:
            given = Request(unit, cohort, segment, source=source, at=at, call_id=call_id)
            return self._call_in_full(args, kwargs, given)
        try:
            number = plan.mint()
            inside, fallback = False, plan.lacking
            if plan.is_live:
                if not unit:
                    fallback = "no-unit"
                elif plan.pair_below and _hash(number.to_bytes(16), PAIR_SEED, False) < plan.pair_below:
                    return self._call_in_full(args, kwargs, Request(unit, cohort, segment), number)
                elif plan.cohorts is None or cohort in plan.cohorts:
                    inside = plan.buckets[unit] < plan.inside
            text = None
            if plan.records_input:
                text = encode(args[0] if len(args) == 1 and not kwargs else {"args": args, "kwargs": kwargs})
            tags = {**segment} if segment else None
        except Exception:  # noqa: BLE001 - something unusual among the arguments: the long way knows what to do
            return self._call_in_full(args, kwargs, Request(unit, cohort, segment))
        run = plan.run_candidate if inside else plan.run_incumbent
        value, raised = None, None
        began = _mono_ns()
        try:
            value = run(*args, **kwargs)  # type: ignore[misc]  # a simple plan has both
        except Exception as error:  # noqa: BLE001 - the incumbent's is raised again, the candidate's is its failure
            raised = error
        took_ns = _mono_ns() - began
        if raised is not None or type(value) is Answer or (inside and took_ns > plan.late_ns):
            given = Request(unit, cohort, segment)
            turn = Turn(plan, now_ns, args, kwargs, given, minted=number, begun=(began, text))
            return self._awake().serving.finish_short(turn, value, took_ns, raised)
        try:
            output: bytes | None = encode(value)
        except Exception:  # noqa: BLE001 - encoding runs the value's own code
            output = as_bytes(snapshot(value))
        side = plan.as_candidate if inside else plan.as_incumbent
        added_ns = self._clock_ns() - now_ns - took_ns
        row = (
            number, now_ns, side, output, took_ns, unit, cohort, tags, plan.stamp, fallback, added_ns, text
        )  # fmt: skip
        buffer = plan.buffer
        if len(buffer) < buffer.room:
            buffer.append(row)
        else:
            self._awake().recorder.put_short(row, patient=plan.stamp[0] == "replay")
        return Answer(value, side[0], side[1] or None, fallback or None, number)

    async def acall(
        self,
        *args: Any,  # noqa: ANN401 - the arms' own arguments
        unit: str | None = None,
        cohort: str | None = None,
        segment: Mapping[str, str] | None = None,
        source: Source | None = None,
        at: dt.datetime | None = None,
        call_id: str | None = None,
        **kwargs: Any,  # noqa: ANN401 - as above
    ) -> Answer:
        """As `call`, for async arms: awaits them, and cancels a candidate exactly at its limit."""
        from pilotage.runtime.serving_async import AsyncServing  # noqa: PLC0415 - asyncio is loaded only for async use

        given = Request(unit, cohort, segment, source=source, at=at, call_id=call_id)
        engine = self._awake()
        serving = AsyncServing(engine.recorder, engine.besides, engine.counters)
        return await serving.serve(Turn(self._current_plan(), self._clock_ns(), args, kwargs, given))

    def _call_in_full(self, args: tuple[Any, ...], kwargs: dict[str, Any], given: Request, minted: int = 0) -> Answer:
        engine = self._awake()
        plan = self._current_plan()
        if plan.incumbent is not None and plan.incumbent.is_async:
            raise InvalidUse("async-incumbent", "call", "the incumbent is async: use `await acall(…)`")
        return engine.serving.serve(Turn(plan, self._clock_ns(), args, kwargs, given, minted=minted))

    # What is learned later

    def outcome(
        self,
        call_id: str,
        name: str,
        value: object,
        *,
        at: dt.datetime | None = None,
        reporter: str = "",
        basis: Basis = "",
    ) -> None:
        """Say what is known of a call now: a label, a measured number, anything with a JSON form. From any process.

        `at` is when it came to be known (default: now). `basis` says where a label is known from: `independent`, from
        the world or from somebody who saw neither answer; `after_suggestion`; `candidate` or `incumbent`, that arm's
        own answer, which counts for no metric. Raises `InvalidUse` for a call id, name, time or basis that can never be
        right.
        """
        self._learn(call_id, at, Learned("outcome", name, value, basis), reporter=reporter)

    def incumbent_answer(
        self,
        call_id: str,
        value: object,
        *,
        at: dt.datetime | None = None,
        reporter: str = "",
        **more: object,
    ) -> None:
        """Say what the person decided, when people are the incumbent: the pair is complete. `more` are outcomes."""
        learned = [Learned("incumbent_answer", "incumbent_answer", value)]
        learned += [Learned("outcome", name, item) for name, item in more.items()]
        self._learn(call_id, at, *learned, reporter=reporter)

    def feedback(
        self,
        call_id: str,
        *,
        action: Action | None = None,
        rating: float | None = None,
        comment: str | None = None,
        override: object = None,
        reason: str | None = None,
        edge_case: bool | None = None,
        at: dt.datetime | None = None,
        reporter: str = "",
    ) -> None:
        """Say what a user did with an answer and thought of it. `override` is what they put in its place, `edge_case`
        that the call is one that nobody had thought of.
        """
        fields: dict[str, object] = {"action": action, "rating": rating, "comment": comment, "override": override}
        fields |= {"reason": reason, "edge_case": edge_case}
        learned = [Learned("feedback", name, value) for name, value in fields.items() if value is not None]
        self._learn(call_id, at, *learned, reporter=reporter)

    def _learn(self, call_id: str, at: dt.datetime | None, *learned: Learned, reporter: str) -> None:
        engine = self._awake()
        for row in outcome_rows(
            call_id, learned, at=at, reporter=reporter, now_ns=self._clock_ns(), mint=engine.mint_outcome
        ):
            engine.recorder.put_outcome(row, patient=at is not None)

    # Looking and waiting

    @property
    def lease(self) -> Lease | None:
        """The valid lease that this process obeys now; None when there is none."""
        self._awake()
        return self._current_plan().lease

    @property
    def exposure(self) -> Exposure:
        """What this process does with calls now, and why."""
        engine = self._awake()
        plan = self._current_plan()
        lease = plan.lease
        return Exposure(
            mode=plan.mode,
            percent=plan.stamp[2],
            cohorts=lease.cohorts if lease is not None else (),
            release=plan.as_candidate[1] or None,
            reason=lease.reason if lease is not None else "there is no valid lease: the incumbent serves",
            lacking=plan.lacking,
            refused=engine.keeper.refusal,
            serial=plan.stamp[4],
            valid_for_s=lease.not_after - self._clock_ns() / 1e9 if lease is not None else None,
        )

    def wait_for_lease(self, timeout: float = 10.0) -> bool:
        """Wait until there is a valid lease; whether there is one after at most `timeout` seconds."""
        self._awake()
        with self._leased:
            return self._leased.wait_for(lambda: self._current_plan().lease is not None, timeout)

    def counters(self) -> dict[str, int]:
        """What was recorded, delivered and, by reason, dropped, in this process. `pending` is not on disk yet."""
        engine = self._engine
        return engine.count_all() if engine is not None else {}

    def flush(self, timeout: float = 10.0) -> bool:
        """As `pilotage.flush`, for this workload alone."""
        engine = self._engine
        return engine is None or engine.flush(timeout)

    def close(self, timeout: float = 10.0) -> bool:
        """Flush and stop everything in the background. Later calls are answered, and counted as not recorded."""
        with self._guard:
            self._closed = True
            self._replan()
        return self._engine is None or self._engine.close(timeout)

    def renew_after_fork(self) -> None:
        """In a forked child: new ids, new files, new threads, at the next call. What was buffered is the parent's."""
        self._guard = threading.RLock()
        self._leased = threading.Condition(self._guard)
        if self._engine is not None:
            self._engine.forget()
            self._previous, self._engine = self._engine, None
        self._plan = self._make_plan(None)

    # The plan

    def _awake(self) -> Engine:
        """The engine, started at first use."""
        engine = self._engine
        if engine is not None:
            return engine
        with self._guard:
            if self._engine is None:
                self._engine = self._make_engine(
                    self.settings,
                    hooks=self._hooks,
                    clock_ns=self._clock_ns,
                    on_lease=self._take_lease,
                    announcement=self._announcement,
                    inherits=self._previous,
                )
                self._previous = None
                self._replan()
                self._engine.watch()
            return self._engine

    def _current_plan(self) -> Plan:
        """The plan, with a lease that has run out taken out of it."""
        if self._clock_ns() >= self._plan.not_after_ns:
            with self._guard:
                self._replan()
        return self._plan

    def _take_lease(self, lease: Lease) -> None:
        with self._guard:
            self._replan()
            if self._engine is not None:
                self._engine.besides.follow(lease.policy)
            self._leased.notify_all()

    def _replan(self) -> None:
        engine = self._engine
        lease = engine.keeper.lease if engine is not None and engine.keeper.is_valid() else None
        self._plan = self._make_plan(lease)

    def _make_plan(self, lease: Lease | None) -> Plan:
        engine = self._engine
        situation = Situation(
            lease=lease,
            incumbent=self._incumbent,
            candidates=self._candidates,
            embedded=self.settings.embedded,
            source=self.settings.source,
        )
        if engine is None:
            return make_plan(situation)
        return make_plan(
            situation,
            mint=engine.mint,
            buffer=engine.recorder.calls,
            buckets=engine.buckets(lease.salt) if lease is not None else None,
            may_be_short=not self._closed,
        )

    def _announcement(self, runtime: str) -> bytes:
        releases = [{"name": arm.release, "digest": arm.digest} for arm in self._candidates.values()]
        return json.encode({"runtime": runtime, "sdk": SDK_VERSION, "releases": releases})
