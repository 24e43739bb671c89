"""The stall radar: which known reasons for stalling are present now, since when, why, and what clears them. Pure.

Each reason has a look of its own: it reads the record and the traffic and yields the signs that it sees. A reason is
present since the earliest of its signs, and the first one says what clears it.
"""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from pilotage.evidence.measurements import Measurements
from pilotage.gates.sighting import Look, View
from pilotage.gates.stall_building import (
    architecture_not_ready,
    no_production_owner,
    production_ignored,
    transition_unowned,
)
from pilotage.gates.stall_people import change_plan_absent, organisation_not_ready
from pilotage.gates.stall_promise import (
    business_case_thin,
    governance_not_engaged,
    no_production_path,
    vague_success,
    wrong_problem,
)
from pilotage.playbook.types import Playbook
from pilotage.record.verdicts import NextAction, Verdict
from pilotage.record.workload import Workload


class Reason(Struct, frozen=True, kw_only=True):
    """A known reason for stalling: how it is seen, and the criteria that clear it for good."""

    id: str
    title: str
    look: Look
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
        look=no_production_path,
        title="Nobody wrote down how it would go live",
        criteria=("select.production-path",),
    ),
    Reason(
        id="no-production-owner",
        look=no_production_owner,
        title="Nobody will operate it",
        criteria=("harden.ownership",),
    ),
    Reason(
        id="governance-not-engaged",
        look=governance_not_engaged,
        title="Reviews were put off",
        criteria=("select.review-partners",),
    ),
    Reason(
        id="architecture-not-ready",
        look=architecture_not_ready,
        title="Built fast, not built to run",
        criteria=("harden.rebuild", "evaluate.gaps"),
    ),
    Reason(
        id="business-case-thin",
        look=business_case_thin,
        title="Ability shown, cost not",
        criteria=("evaluate.production-cost",),
    ),
    Reason(
        id="change-plan-absent",
        look=change_plan_absent,
        title="Nobody prepared the people",
        criteria=("harden.change-plan",),
    ),
    Reason(
        id="wrong-problem",
        look=wrong_problem,
        title="Interesting, not valuable",
        criteria=("select.candidates", "select.sponsor"),
    ),
    Reason(
        id="vague-success",
        look=vague_success,
        title="Nobody can tell if it worked",
        criteria=("select.charter", "pilot.baseline"),
    ),
    Reason(
        id="production-ignored",
        look=production_ignored,
        title="Laptop code, no logs",
        criteria=("pilot.release", "pilot.instrumented"),
    ),
    Reason(
        id="transition-unowned",
        look=transition_unowned,
        title="Each team thinks the other has it",
        criteria=("harden.handoff",),
    ),
    Reason(
        id="organisation-not-ready",
        look=organisation_not_ready,
        title="It works, but work has not changed",
        criteria=("deploy.training", "deploy.adoption", "deploy.communication"),
    ),
)


def stalls(
    playbook: Playbook,
    workload: Workload,
    verdicts: dict[str, Verdict],
    measurements: Measurements | None,
    now: dt.datetime,
) -> tuple[Stall, ...]:
    """The reasons present now, in the radar's order. A killed workload does not stall, nor one that was refused: it
    ended.
    """
    if workload.killed or workload.refused:
        return ()
    view = View(playbook=playbook, workload=workload, measurements=measurements, verdicts=verdicts, now=now)
    return tuple(found for reason in REASONS if (found := _seen(reason, view)) is not None)


def _seen(reason: Reason, view: View) -> Stall | None:
    signs = list(reason.look(view))
    if not signs:
        return None
    return Stall(
        id=reason.id,
        title=reason.title,
        since=min(sign.since for sign in signs),
        reason=" ".join(sign.why for sign in signs),
        clear=NextAction(action=signs[0].action, by=signs[0].by),
    )
