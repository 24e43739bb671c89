"""The stall radar: which of the known reasons for stalling are present now, since when, and what clears them. Pure.

A reason is present when, from a phase on, one of the criteria that answer it does not pass. What this version
cannot judge yet is pending there, and so shows.
"""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from pilotage.playbook.types import Playbook
from pilotage.record.verdicts import NextAction, Verdict
from pilotage.record.workload import Workload


class Reason(Struct, frozen=True, kw_only=True):
    """A known reason for stalling: from which phase it counts, and the criteria that answer it."""

    id: str
    title: str
    phase: str
    criteria: tuple[str, ...]


class Stall(Struct, frozen=True, kw_only=True):
    """A reason that is present now."""

    id: str
    title: str
    since: dt.datetime
    reason: str
    clear: NextAction


REASONS: tuple[Reason, ...] = (
    Reason(
        id="no-production-path",
        title="Nobody wrote down how it would go live",
        phase="select",
        criteria=("select.production-path",),
    ),
    Reason(
        id="no-production-owner",
        title="Nobody will operate it",
        phase="harden",
        criteria=("harden.ownership",),
    ),
    Reason(
        id="governance-not-engaged",
        title="Reviews were put off",
        phase="pilot",
        criteria=("select.review-partners", "pilot.clearance"),
    ),
    Reason(
        id="architecture-not-ready",
        title="Built fast, not built to run",
        phase="harden",
        criteria=("harden.rebuild", "evaluate.gaps"),
    ),
    Reason(
        id="business-case-thin",
        title="Ability shown, cost not",
        phase="evaluate",
        criteria=("evaluate.production-cost", "evaluate.funding"),
    ),
    Reason(
        id="change-plan-absent",
        title="Nobody prepared the people",
        phase="harden",
        criteria=("harden.change-plan",),
    ),
    Reason(
        id="wrong-problem",
        title="Interesting, not valuable",
        phase="select",
        criteria=("select.candidates", "select.sponsor"),
    ),
    Reason(
        id="vague-success",
        title="Nobody can tell if it worked",
        phase="select",
        criteria=("select.charter", "pilot.baseline"),
    ),
    Reason(
        id="production-ignored",
        title="Laptop code, no logs",
        phase="pilot",
        criteria=("pilot.release", "pilot.instrumented"),
    ),
    Reason(
        id="transition-unowned",
        title="Each team thinks the other has it",
        phase="harden",
        criteria=("harden.handoff",),
    ),
    Reason(
        id="organisation-not-ready",
        title="It works, but work has not changed",
        phase="deploy",
        criteria=("deploy.training", "deploy.adoption", "deploy.communication"),
    ),
)


def stalls(playbook: Playbook, workload: Workload, verdicts: dict[str, Verdict]) -> tuple[Stall, ...]:
    """The reasons present now, in the radar's order. A killed workload does not stall: it ended."""
    if workload.killed:
        return ()
    order: list[str] = [phase.id for phase in playbook.phases]
    here = order.index(workload.phase)
    found = []
    for reason in REASONS:
        if order.index(reason.phase) > here:
            continue
        open_verdicts = [
            v
            for c in reason.criteria
            if (v := verdicts.get(c)) is not None and not v.passes and order.index(v.phase) <= here
        ]
        if open_verdicts:
            found.append(_stall(workload, reason, open_verdicts[0]))
    return tuple(found)


def _stall(workload: Workload, reason: Reason, verdict: Verdict) -> Stall:
    since = workload.entered.get(reason.phase) or workload.entered.get(verdict.phase) or workload.proposed.at
    clear = verdict.next or NextAction(action="Look at the criterion.", by="owner")
    return Stall(
        id=reason.id,
        title=reason.title,
        since=since,
        reason=f"{verdict.id} is {verdict.verdict}: {verdict.reason}",
        clear=clear,
    )
