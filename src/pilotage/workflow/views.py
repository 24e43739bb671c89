"""The JSON that the API promises of a workload. Field names are a contract."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

from pilotage.evidence.measurements import AnswerKind, Estimate
from pilotage.gates.compression import Compression, compressions
from pilotage.gates.evaluate import gate_of
from pilotage.gates.stall import stalls
from pilotage.playbook.types import Lane
from pilotage.record.verdicts import EvidenceItem, NextAction, Verdict, VerdictKind, WaiverNote
from pilotage.record.workload import Workload
from pilotage.workflow.desk import Judgement


class CeilingJson(Struct, frozen=True, kw_only=True):
    """The most exposure allowed."""

    mode: str
    percent: float


class ExposureJson(Struct, frozen=True, kw_only=True):
    """What is exposed now, the ceiling, and why it is so and not more."""

    mode: str
    percent: float
    cohorts: tuple[str, ...]
    ceiling: CeilingJson
    reason: str


class CriterionJson(Struct, frozen=True, kw_only=True):
    """One criterion's verdict; the waiver that it rests on, if it does; and, where it lapses soon, what keeps it."""

    id: str
    verdict: VerdictKind
    kind: str
    reason: str
    valid_until: dt.datetime | None
    evidence: tuple[EvidenceItem, ...]
    next: NextAction | None
    waiver: WaiverNote | None
    renew: NextAction | None


class GateJson(Struct, frozen=True, kw_only=True):
    """A gate: how many of its criteria pass, and each one's verdict."""

    phase: str
    met: int
    total: int
    criteria: tuple[CriterionJson, ...]


class TargetJson(Struct, frozen=True, kw_only=True):
    """The target metric's estimate and answer; null where it cannot be estimated, with the reason."""

    metric: str | None
    estimate: float | None
    interval: tuple[float, float] | None
    n: int
    answer: AnswerKind
    reason: str
    projected: dt.date | None


class StallJson(Struct, frozen=True, kw_only=True):
    """A reason for stalling that is present now."""

    id: str
    since: dt.datetime
    reason: str
    clear: NextAction


class LapseJson(Struct, frozen=True, kw_only=True):
    """Something that holds until `valid_until` and has to be renewed before; `phase` is that of its gate."""

    id: str
    phase: str
    verdict: VerdictKind
    valid_until: dt.datetime
    renew: NextAction


class SponsorJson(Struct, frozen=True, kw_only=True):
    """The sponsor, and what they last put on the record; null while there is none."""

    person: str
    kind: str | None
    at: dt.datetime | None
    position: int | None


class WorkloadJson(Struct, frozen=True, kw_only=True):
    """One workload at a glance. `waived` are the criteria set aside now, in any gate, `compressed` the early phases
    that were hurried, with the work that they skipped.
    """

    workload: str
    demonstration: bool
    phase: Literal["select", "pilot", "evaluate", "harden", "deploy", "operate", "killed"]
    lane: Lane
    exposure: ExposureJson
    gate: GateJson
    target: TargetJson
    stall: tuple[StallJson, ...]
    compressed: tuple[Compression, ...]
    lapsing: tuple[LapseJson, ...]
    waived: tuple[CriterionJson, ...]
    sponsor: SponsorJson | None


def criterion_json(verdict: Verdict) -> CriterionJson:
    """A verdict as the API shows it."""
    return CriterionJson(
        id=verdict.id,
        verdict=verdict.verdict,
        kind=verdict.kind,
        reason=verdict.reason,
        valid_until=verdict.valid_until,
        evidence=verdict.evidence,
        next=verdict.next,
        waiver=verdict.waiver,
        renew=verdict.renew,
    )


def gate_json(judgement: Judgement, phase: str) -> GateJson:
    """One gate as the API shows it. `met` counts criteria that are met; waived ones are not met."""
    verdicts = gate_of(judgement.verdicts, phase)
    return GateJson(
        phase=phase,
        met=sum(v.verdict == "met" for v in verdicts),
        total=len(verdicts),
        criteria=tuple(map(criterion_json, verdicts)),
    )


def target_json(judgement: Judgement) -> TargetJson:
    """The target's answer as the API shows it."""
    answer = judgement.measurements.answer if judgement.measurements else None
    charter = judgement.workload.measured_charter
    if answer is None:
        return TargetJson(
            metric=charter.target.metric if charter else None,
            estimate=None,
            interval=None,
            n=0,
            answer="not_estimable",
            reason=_unanswered(judgement.workload),
            projected=None,
        )
    estimate = answer.estimate
    known = estimate if isinstance(estimate, Estimate) else None
    # Harm may be shown where the target cannot be estimated: then both are to be read.
    reasons = (answer.reason,) if isinstance(estimate, Estimate) else (answer.reason, estimate.reason)
    return TargetJson(
        metric=answer.metric,
        estimate=known.value if known else None,
        interval=(known.low, known.high) if known else None,
        n=estimate.calls,
        answer=answer.answer,
        reason=" ".join(dict.fromkeys(reasons)),
        projected=answer.projected,
    )


def _unanswered(workload: Workload) -> str:
    if workload.charter is None:
        return "There is no charter yet."
    if workload.attempt is None:
        return "No release has been declared for evaluation."
    if workload.attempt_overtaken:
        return "What the charter promises was changed after the release was declared; declare it again."
    return "Nothing has been measured yet."


def exposure_reason(judgement: Judgement) -> str:
    """Why the exposure is what it is: below the ceiling, what was said when it was set; then the ceiling's reason."""
    limit, asked = judgement.ceiling, judgement.workload.exposure
    why = limit.reasons[0] if limit.reasons else ""
    at_ceiling = judgement.mode == limit.mode and judgement.percent >= limit.percent
    if at_ceiling or asked.stamp is None or not asked.reason:
        return why
    return f"{asked.reason.rstrip('.')}. The ceiling: {why}"


def workload_json(judgement: Judgement, now: dt.datetime) -> WorkloadJson:
    """The workload as the API shows it."""
    workload = judgement.workload
    limit = judgement.ceiling
    return WorkloadJson(
        workload=workload.slug,
        demonstration=workload.demonstration,
        phase="killed" if workload.killed else workload.phase,
        lane=workload.lane,
        exposure=ExposureJson(
            mode=judgement.mode,
            percent=judgement.percent,
            cohorts=judgement.cohorts,
            ceiling=CeilingJson(mode=limit.mode, percent=limit.percent),
            reason=exposure_reason(judgement),
        ),
        gate=gate_json(judgement, workload.phase),
        target=target_json(judgement),
        compressed=compressions(judgement.playbook, workload, judgement.verdicts),
        stall=tuple(
            StallJson(id=s.id, since=s.since, reason=s.reason, clear=s.clear)
            for s in stalls(judgement.playbook, workload, judgement.verdicts, judgement.measurements, now)
        ),
        lapsing=tuple(
            LapseJson(id=v.id, phase=v.phase, verdict=v.verdict, valid_until=v.valid_until, renew=v.renew)
            for v in judgement.lapsing
            if v.valid_until is not None and v.renew is not None
        ),
        waived=tuple(criterion_json(v) for v in judgement.verdicts.values() if v.verdict == "waived"),
        sponsor=_sponsor_json(workload),
    )


def _sponsor_json(workload: Workload) -> SponsorJson | None:
    if workload.sponsor is None:
        return None
    act = workload.acts.get(workload.sponsor)
    return SponsorJson(
        person=workload.sponsor,
        kind=act.kind if act else None,
        at=act.stamp.at if act else None,
        position=act.stamp.position if act else None,
    )
