"""Pilots with known data: a workload of a story, its calls in a real store, and days that pass."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any

from msgspec import structs
from tests.record.stories import START, Story, charter, measured_well, release
from tests.workflow.office import SLUG, FakeClock

from pilotage.evidence.measurements import Measurements
from pilotage.playbook.metrics import ErrorShare, LabelMatch, Metric, Target
from pilotage.record import commands as c
from pilotage.runtime.records import Basis, Call, Execution, Outcome
from pilotage.storage.calls import EmbeddedCallStore
from pilotage.workflow.measuring import Measuring

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
METRICS = (
    Metric(
        id="right_team",
        title="Right team",
        unit="share",
        direction="higher",
        kind="proportion",
        source=LabelMatch(),
        window_hours=48.0,
    ),
    Metric(id="errors", title="Errors", unit="share", direction="lower", kind="proportion", source=ErrorShare()),
)
TARGET = Target(
    metric="right_team",
    form="difference",
    baseline=0.5,
    floor=0.0,
    target=0.1,
    expected=0.3,
    calls_per_week=420,
    deviation=0.6,
)


def us(moment: dt.datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (moment - EPOCH) // dt.timedelta(microseconds=1)


class CountingStore(EmbeddedCallStore):
    """The real store, which counts how often its sums are read and can be made to fail."""

    read = 0
    fail_after_projecting = False

    def totals(self, workload: str) -> Any:
        """As the store does."""
        self.read += 1
        return super().totals(workload)

    def project(self, workload: str, plan: Any, now: dt.datetime) -> int:
        """As the store does, and then fails when told to."""
        taken = super().project(workload, plan, now)
        if self.fail_after_projecting:
            raise OSError("the disk is gone")
        return taken


class Pilot:
    """A pilot whose first attempt was declared at `START`, three weeks of the incumbent alone before it.

    `rates` are the shares of right answers of incumbent and candidate.
    """

    def __init__(self, store: CountingStore, **changes: Any) -> None:
        self.store = store
        self.clock = FakeClock(START)
        self.measuring = Measuring(calls=store, clock=self.clock)
        self.rng = Random(11)
        self.calls = 0
        promised = {"metrics": METRICS, "target": TARGET, **changes}
        self.story = Story().propose().write_charter(**promised)
        self.does("ann", c.AcceptOwnership(technical=True, operational=True, statement="I decide on both."))
        self.story.measurements = measured_well(self.story.now)
        self.story.attest_all("select")
        self.does("ann", c.Advance(to_phase="pilot"))
        self.does("eva", release())
        self.story.clear()
        self.does("ann", c.Expose(mode="shadow", reason="Let it run unseen."))
        self.does("ann", c.DeclareForEvaluation(release="r1"))

    def does(self, person: str, command: Any) -> None:
        """A person gives a command at the clock's time."""
        self.story.now = self.clock.at
        self.story.measurements = measured_well(self.clock.at)
        self.story.does(person, command)

    def begin_evaluation(self) -> None:
        """The gate `pilot` is passed."""
        self.story.now = self.clock.at
        self.story.attest_all("pilot")
        self.does("ann", c.Advance(to_phase="evaluate"))

    def decide(self, outcome: str, **more: Any) -> None:
        """Owner and sponsor decide now; a go takes what the gate asks for."""
        self.story.now = self.clock.at
        self.story.measurements = measured_well(self.clock.at)
        if outcome == "go":
            self.story.attest_all("evaluate")
        self.story.decide(outcome, **more)

    def day(self, rates: tuple[float, float] = (0.5, 0.9), *, calls: int = 60, **more: Any) -> None:
        """A day's calls, labelled after an hour, and then the day is over and the watch takes its look."""
        self.serve(rates, calls=calls, **more)
        self.clock.at += DAY
        self.measuring.take_look(self.story.standing, self.clock.at)

    def serve(
        self,
        rates: tuple[float, float] = (0.5, 0.9),
        *,
        calls: int = 60,
        stage: str = "shadow/1",
        labelled: float = 1.0,
        label_hours: float = 1.0,
        dropped: int = 0,
        basis: Basis = "",
        **more: Any,
    ) -> None:
        """A day's calls, each of a unit of its own; `basis` is what their labels are known from."""
        mode = stage.partition("/")[0].partition("-")[0]
        sent, learned = [], []
        for number in range(calls):
            at_us = us(self.clock.at) + number * 86_400_000_000 // (calls + 1)
            sent.append(self._call(at_us, mode, stage, rates, is_dropped=number < dropped, **more))
            if self.rng.random() < labelled:
                learned.append(self._label(sent[-1], at_us + round(label_hours * 3_600_000_000), basis))
        self.store.append_calls(SLUG, sent)
        self.store.append_outcomes(SLUG, learned)

    def _call(
        self, at_us: int, mode: str, stage: str, rates: tuple[float, float], *, is_dropped: bool = False, **more: Any
    ) -> Call:
        self.calls += 1
        incumbent, candidate = (
            Execution(arm=arm, release="r1" if arm == "candidate" else "", value=self._answer(rate), latency_us=900)
            for arm, rate in zip(("incumbent", "candidate"), rates, strict=True)
        )
        call = Call(
            call_id=f"{self.calls:032x}",
            at_us=at_us,
            unit=f"unit-{self.calls}",
            source="real",
            mode=mode,
            stage=stage,
            served=incumbent,
            beside=None if mode in {"none", "live"} or is_dropped else candidate,
            beside_dropped=is_dropped,
            input="{}",
        )
        if mode == "live" and self.calls % 2:
            call = structs.replace(call, assigned="candidate", served=candidate)
        return structs.replace(call, **{name: make(call) for name, make in more.items()})

    def _answer(self, rate: float) -> str:
        return '"right"' if self.rng.random() < rate else '"wrong"'

    def _label(self, call: Call, at_us: int, basis: Basis) -> Outcome:
        return Outcome(
            outcome_id=call.call_id,
            call_id=call.call_id,
            name="label",
            value='"right"',
            at_us=at_us,
            reporter="desk",
            basis=basis,
        )

    def measure(self) -> Measurements:
        """Everything measured now."""
        return self.measuring.measure(self.story.standing, self.story.playbook)


__all__ = ["DAY", "METRICS", "SLUG", "START", "TARGET", "CountingStore", "Pilot", "charter", "us"]
