"""The section `attempts`: every release that was ever declared for evaluation, and what its test said in the end."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from pilotage.record.workload import Attempt, Workload
from pilotage.workflow.desk import Judgement
from pilotage.workflow.section import Section
from pilotage.workflow.workspace import Workspace


class AttemptJson(Struct, frozen=True, kw_only=True):
    """One attempt. `alpha` is the error to each side that it was tested at; `looks` is how often its figures were
    looked at, from `first_look` to `last_look`. `answer` is the last that was written down, null while there is none;
    `running` whether its test goes on.
    """

    number: int
    release: str
    declared_at: dt.datetime
    alpha: float
    looks: int
    first_look: dt.date | None
    last_look: dt.date | None
    running: bool
    answer: str | None
    reason: str
    ledger: int


class AttemptsSection(Struct, frozen=True, kw_only=True):
    """All attempts, the first one first. `error_spent` is the sum of their alphas, which stays below the charter's
    `alpha` however many there are; null before there is a charter.
    """

    workload: str
    demonstration: bool
    reason: str
    alpha: float | None
    error_spent: float
    attempts: tuple[AttemptJson, ...]


def build(workspace: Workspace, judgement: Judgement) -> AttemptsSection:
    """The section as of now."""
    workload = judgement.workload
    attempts = tuple(_attempt(workspace, workload, attempt) for attempt in workload.attempts)
    return AttemptsSection(
        workload=workload.slug,
        demonstration=workload.demonstration,
        reason=_reason(attempts),
        alpha=workload.charter.target.alpha if workload.charter else None,
        error_spent=sum(attempt.alpha for attempt in attempts),
        attempts=attempts,
    )


def _attempt(workspace: Workspace, workload: Workload, attempt: Attempt) -> AttemptJson:
    days = [look.day for look in workspace.calls.looks(workload.slug, attempt.number)]
    seen = workload.answers.get(str(attempt.number))
    latest = attempt is workload.attempts[-1]
    ended = workload.decision is not None and workload.decision.outcome != "extend"
    return AttemptJson(
        number=attempt.number,
        release=attempt.release,
        declared_at=attempt.stamp.at,
        alpha=attempt.alpha,
        looks=len(days),
        first_look=days[0] if days else None,
        last_look=days[-1] if days else None,
        running=latest and not workload.attempt_overtaken and not ended,
        answer=seen.answer if seen else None,
        reason=seen.reason if seen else "No answer has been written down.",
        ledger=attempt.stamp.position,
    )


def _reason(attempts: tuple[AttemptJson, ...]) -> str:
    if not attempts:
        return "No release has been declared for evaluation: what runs until then is exploration, and no test."
    if len(attempts) == 1:
        return "One release was declared; nothing was tried before it and left out."
    return f"{len(attempts)} releases were declared, and all are shown: each is tested at half the error of the last."


SECTION = Section(
    id="attempts",
    title="All attempts",
    question="What was tried, and what did each test say?",
    page="/evidence/attempts",
    of=AttemptsSection,
    build=build,
    methods=("group-sequential test at alpha / 2^k",),
)
