"""Projected dates: when each workload is decided, rolled out and in production, from where it stands now. Pure."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

from pilotage.gates.pacing import WEEK
from pilotage.playbook.types import Playbook
from pilotage.record.workload import PHASES, day_of
from pilotage.workflow.desk import Judgement

Basis = Literal["happened", "measured", "charter", "cadence", "overdue"]


class Milestone(Struct, frozen=True, kw_only=True):
    """A day on the way, and what says so: it `happened`, the traffic projects it (`measured`), the `charter` or the
    `cadence` plans it; `overdue`: its planned day has passed, so it is today at the earliest.
    """

    day: dt.date
    basis: Basis


class Roadmap(Struct, frozen=True, kw_only=True):
    """The three days that a portfolio is planned by."""

    decision: Milestone
    rollout: Milestone
    production: Milestone


def roadmap(judgement: Judgement, now: dt.datetime) -> Roadmap:
    """Each day follows the one before by the time that the cadence gives the phases between, and never lies in the
    past unless it happened.
    """
    workload, playbook = judgement.workload, judgement.playbook
    today = day_of(workload, now)
    decision = _decision(judgement, today)
    rollout = _entered(judgement, "deploy") or _following(playbook, "harden", decision, judgement, today)
    production = _entered(judgement, "operate") or _following(playbook, "deploy", rollout, judgement, today)
    return Roadmap(decision=decision, rollout=rollout, production=production)


def _decision(judgement: Judgement, today: dt.date) -> Milestone:
    workload = judgement.workload
    if workload.decision is not None and workload.decision.outcome != "extend":
        signed = workload.signed("decision", workload.decision.digest).values()
        at = max((given.stamp.at for given in signed), default=workload.decision.stamp.at)
        return Milestone(day=day_of(workload, at), basis="happened")
    answer = judgement.measurements.answer if judgement.measurements else None
    if answer is not None and answer.projected is not None and answer.projected >= today:
        return Milestone(day=answer.projected, basis="measured")
    if workload.decision_on is not None:
        return _not_past(workload.decision_on, "charter", today)
    return Milestone(day=_evaluated(judgement, today), basis="cadence")


def _evaluated(judgement: Judgement, today: dt.date) -> dt.date:
    """The end of the evaluation: what is left of this phase by the cadence, and the whole of each one up to there."""
    workload, playbook = judgement.workload, judgement.playbook
    entered = day_of(workload, workload.entered.get(workload.phase, workload.proposed.at))
    day = max(today, entered + _weeks(playbook, workload.phase) * WEEK)
    here, last = PHASES.index(workload.phase), PHASES.index("evaluate")
    return day + sum(_weeks(playbook, phase) for phase in PHASES[here + 1 : last + 1]) * WEEK


def _weeks(playbook: Playbook, phase: str) -> int:
    first, last = playbook.phase(phase).weeks
    return 0 if last is None else last - first + 1


def _not_past(day: dt.date, basis: Basis, today: dt.date) -> Milestone:
    return Milestone(day=day, basis=basis) if day >= today else Milestone(day=today, basis="overdue")


def _entered(judgement: Judgement, phase: str) -> Milestone | None:
    """When a phase was entered, where the workload is in it or past it."""
    workload = judgement.workload
    entered = workload.entered.get(phase)
    if entered is None or PHASES.index(workload.phase) < PHASES.index(phase):
        return None
    return Milestone(day=day_of(workload, entered), basis="happened")


def _following(
    playbook: Playbook, phase: Literal["harden", "deploy"], before: Milestone, judgement: Judgement, today: dt.date
) -> Milestone:
    """The day after a phase: from when it was entered, else from the day before it, plus its weeks."""
    entered = _entered(judgement, phase)
    return _not_past((entered or before).day + _weeks(playbook, phase) * WEEK, "cadence", today)
