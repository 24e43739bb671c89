"""What people of a story put on the record of architecture and the operating model, gate by gate."""

from __future__ import annotations

import datetime as dt

from pilotage.playbook.loading import load
from pilotage.record.areas import architecture as a
from pilotage.record.areas import data as d
from pilotage.record.areas import operating as o
from pilotage.record.areas import runbook as r
from pilotage.record.areas.listing import stands
from pilotage.record.commands import Command
from pilotage.record.workload import Workload

_PLAYBOOK = load("standard")
_TRIGGERS = (*r.ALERTS, "guardrail:errors", "guardrail:slow_answers", "guardrail:failed_answers")
HOLDERS = {"product": "ann", "engineering": "eva", "operations": "oli", "cost": "sam", "vendor": "oli"}
ITEMS = {
    "serving": "Keep the service that answers running, with the machines it needs.",
    "watching": "Look at the pages every morning, and answer what rings.",
    "switch-off": "Switch the candidate off when it harms anybody, without asking first.",
}

DESIGNS = tuple(
    (
        "eva",
        a.DesignArea(
            area=area.id,
            pilot="Good enough for the pilot, in one process.",
            production="The same, kept as it is." if area.id != "scale" else "Three processes behind the gateway.",
            fate="keep" if area.id != "scale" else "rebuild",
            decision="decided",
            owner="eva",
        ),
    )
    for area in _PLAYBOOK.areas
)
GAP = a.ListGap(
    gap="no-load-test", what="Nobody loaded it yet.", area="scale", effort="a week of one", owner="eva", blocking=True
)
ROLES = tuple(
    given
    for role, person in HOLDERS.items()
    for given in (
        ("ann", o.OfferRole(role=role, person=person)),
        (person, o.AcceptRole(role=role, statement="I take it on.")),
    )
)
HANDOFF = tuple(
    given
    for item, what in ITEMS.items()
    for given in (("eva", o.ListHandoffItem(item=item, what=what)), ("oli", o.AcceptHandoffItem(item=item)))
)
RUNBOOK = (
    ("oli", r.SetEscalation(step="first", person="oli", reach="pager 4711", minutes=15)),
    ("oli", r.SetEscalation(step="second", person="eva", reach="pager 4712", minutes=30)),
    (
        "oli",
        r.PlanShift(
            shift="the-year",
            person="oli",
            reach="pager 4711",
            starts_on=dt.date(2026, 1, 1),
            ends_on=dt.date(2026, 12, 31),
        ),
    ),
    *(
        ("oli", r.WriteProcedure(trigger=trigger, steps="Look at the page it names; kill it if anybody is harmed."))
        for trigger in _TRIGGERS
    ),
    ("oli", r.WalkThroughPlaybook(statement="The night shift walked through it and tried the kill.")),
)
GIVEN = {
    "pilot": DESIGNS,
    "evaluate": (("eva", GAP),),
    "harden": (
        ("eva", a.FinishArea(area="scale", done="Three processes run behind the gateway.")),
        ("eva", a.CloseGap(gap="no-load-test", how="Loaded with twice the volume.")),
        *ROLES,
        *HANDOFF,
        *RUNBOOK,
    ),
}


def done(workload: Workload, command: Command) -> bool:
    """Whether an entry stands or an act was done already; a procedure for what never rings counts as written."""
    acts = {
        o.AcceptRole: lambda: o.accepted_role(workload, command.role),
        o.AcceptHandoffItem: lambda: o.accepted_item(workload, command.item),
        a.FinishArea: lambda: workload.architecture.finished(command.area),
        d.CheckSample: lambda: workload.data.samples.get(command.source),
        a.CloseGap: lambda: workload.architecture.closed(command.gap),
        r.WalkThroughPlaybook: lambda: r.walked_through(workload),
    }
    if type(command) in acts:
        return acts[type(command)]() is not None
    if isinstance(command, r.WriteProcedure) and command.trigger not in r.triggers(workload):
        return True
    return stands(workload, command)
