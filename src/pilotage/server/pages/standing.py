"""Where a workload stands, as every page about it says it: pace, ribbon, exposure, next step, waivers. Pure."""

from __future__ import annotations

import datetime as dt
import math

from msgspec import Struct

from pilotage.gates.evaluate import gate_of
from pilotage.gates.pacing import Pace, pace_of, planned
from pilotage.playbook.types import Phase
from pilotage.record.verdicts import Verdict
from pilotage.workflow.desk import Judgement

FULL = 100.0
SHADOW_AT = 0.14
SUGGEST_AT = 0.32


class Stretch(Struct, frozen=True, kw_only=True):
    """One phase of the ribbon: passed, here or ahead, with when it was entered or is planned."""

    phase: Phase
    state: str
    entered: dt.datetime | None
    left: dt.datetime | None
    planned_from: dt.date
    planned_to: dt.date | None
    pace: Pace | None


class Gauge(Struct, frozen=True, kw_only=True):
    """Exposure against its ceiling, as shares of a scale that runs from none to live 100 %."""

    served: float
    allowed: float
    steps: tuple[tuple[float, str], ...]


class WaiverStrip(Struct, frozen=True, kw_only=True):
    """The waivers in force, and how far they limit live traffic."""

    verdicts: tuple[Verdict, ...]
    percent: float


def ribbon(judgement: Judgement, now: dt.datetime) -> tuple[Stretch, ...]:
    """Every phase with its dates."""
    workload, playbook = judgement.workload, judgement.playbook
    order = [phase.id for phase in playbook.phases]
    here = order.index(workload.phase)
    stretches = []
    for index, phase in enumerate(playbook.phases):
        state = "passed" if index < here else "here" if index == here else "ahead"
        following = order[index + 1] if index + 1 < len(order) else None
        planned_from, planned_to = planned(playbook, workload, phase.id)
        stretches.append(
            Stretch(
                phase=phase,
                state=state,
                entered=workload.entered.get(phase.id) if state != "ahead" else None,
                left=workload.entered.get(following) if state == "passed" and following else None,
                planned_from=planned_from,
                planned_to=planned_to,
                pace=pace_of(playbook, workload, now) if state == "here" else None,
            )
        )
    return tuple(stretches)


def on_scale(mode: str, percent: float) -> float:
    """Where an exposure stands on the gauge. Live percentages by their root, so that a few per cent can be seen."""
    if mode == "none":
        return 0.0
    if mode == "shadow":
        return SHADOW_AT
    if mode == "suggest":
        return SHADOW_AT + (SUGGEST_AT - SHADOW_AT) * min(1.0, percent / FULL)
    return SUGGEST_AT + (1.0 - SUGGEST_AT) * math.sqrt(min(1.0, percent / FULL))


def gauge(judgement: Judgement) -> Gauge:
    """The exposure of a workload on the gauge, with the steps of its roll-out ladder."""
    limit = judgement.ceiling
    suggest_percent = FULL if limit.mode == "suggest" and not limit.percent else limit.percent
    steps = tuple((on_scale("live", stage.percent), f"{stage.percent:g}") for stage in judgement.playbook.stages)
    return Gauge(
        served=on_scale(judgement.mode, judgement.percent), allowed=on_scale(limit.mode, suggest_percent), steps=steps
    )


def waivers(judgement: Judgement) -> WaiverStrip | None:
    """Every waiver in force; None when there is none."""
    waived = tuple(verdict for verdict in judgement.verdicts.values() if verdict.verdict == "waived")
    rules = judgement.playbook.waivers
    demonstration = judgement.workload.demonstration
    percent = rules.demonstration_ceiling_percent if demonstration else rules.ceiling_percent
    return WaiverStrip(verdicts=waived, percent=percent) if waived else None


class Gate(Struct, frozen=True, kw_only=True):
    """One gate: its criteria in order, and how many hold, are waived or stay open."""

    phase: Phase
    verdicts: tuple[Verdict, ...]
    met: int
    waived: int
    total: int

    @property
    def open(self) -> int:
        """How many criteria do not let the gate pass."""
        return sum(not verdict.passes for verdict in self.verdicts)


def gate(judgement: Judgement, phase: Phase) -> Gate:
    """A gate as it stands. Waived criteria are counted apart: they are not met."""
    verdicts = gate_of(judgement.verdicts, phase.id)
    return Gate(
        phase=phase,
        verdicts=verdicts,
        met=sum(verdict.verdict == "met" for verdict in verdicts),
        waived=sum(verdict.verdict == "waived" for verdict in verdicts),
        total=len(verdicts),
    )


def next_open(judgement: Judgement) -> Verdict | None:
    """The first criterion of the current gate that does not pass and says what to do: unmet ones come first."""
    here = [verdict for verdict in gate_of(judgement.verdicts, judgement.workload.phase) if verdict.next]
    return min(here, key=lambda verdict: verdict.verdict != "unmet", default=None)
