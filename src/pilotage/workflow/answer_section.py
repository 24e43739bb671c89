"""The section `answer`: the answer on the target, and every figure that it rests on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from pilotage.evidence.measurements import AnswerKind, Estimated, GuardrailResult
from pilotage.record.charter import Charter
from pilotage.record.workload import stage_of
from pilotage.workflow.desk import Judgement
from pilotage.workflow.section import Section
from pilotage.workflow.views import target_json
from pilotage.workflow.workspace import Workspace

Role = Literal["target", "guardrail", "live guardrail"]


class FigureJson(Struct, frozen=True, kw_only=True):
    """One metric in one place: each arm's mean, how they compare under `form`, and what follows.

    `status` is the answer's or the guardrail's. `compared` is oriented, positive is better, unless `form` is `own`.
    """

    metric: str
    title: str
    role: Role
    stage: str
    form: str
    incumbent: Estimated
    candidate: Estimated
    compared: Estimated
    status: str
    reason: str


class AnswerSection(Struct, frozen=True, kw_only=True):
    """The answer on the target, why, and its figures: the target first, then the guardrails, in shadow and live.

    `metric` is null before there is a charter, `projected` where no day has an even chance of an answer.
    """

    workload: str
    demonstration: bool
    taken_at: dt.datetime | None
    metric: str | None
    answer: AnswerKind
    reason: str
    attempt: int
    projected: dt.date | None
    figures: tuple[FigureJson, ...]


def build(_workspace: Workspace, judgement: Judgement) -> AnswerSection:
    """The section as of now."""
    workload, measured = judgement.workload, judgement.measurements
    target = target_json(judgement)
    return AnswerSection(
        workload=workload.slug,
        demonstration=workload.demonstration,
        taken_at=measured.taken_at if measured else None,
        metric=target.metric,
        answer=target.answer,
        reason=target.reason,
        attempt=workload.attempt.number if workload.attempt else 0,
        projected=target.projected,
        figures=tuple(_figures(judgement)),
    )


def _figures(judgement: Judgement) -> Iterator[FigureJson]:
    measured, charter = judgement.measurements, judgement.workload.measured_charter
    if measured is None or charter is None:
        return
    place = stage_of("shadow", 0, judgement.workload.attempt)
    if answer := measured.answer:
        metric = charter.metric(answer.metric)
        yield FigureJson(
            metric=answer.metric,
            title=metric.title if metric else answer.metric,
            role="target",
            stage=place,
            form=answer.form,
            incumbent=answer.incumbent,
            candidate=answer.candidate,
            compared=answer.estimate,
            status=answer.answer,
            reason=answer.reason,
        )
    for result in measured.guardrails:
        yield _guardrail(result, charter, "guardrail", place)
    for result in measured.live_guardrails:
        yield _guardrail(result, charter, "live guardrail", place)


def _guardrail(result: GuardrailResult, charter: Charter, role: Role, place: str) -> FigureJson:
    metric = charter.metric(result.metric)
    own = result.limit is not None
    return FigureJson(
        metric=result.metric,
        title=metric.title if metric else result.metric,
        role=role,
        stage=result.stage or place,
        form="own" if own else "difference",
        incumbent=result.incumbent,
        candidate=result.candidate,
        compared=result.candidate if own else result.difference,
        status=result.status,
        reason=result.reason,
    )


SECTION = Section(
    id="answer",
    title="The answer",
    question="Does the candidate keep what the charter promises?",
    page="/evidence",
    of=AnswerSection,
    build=build,
)
