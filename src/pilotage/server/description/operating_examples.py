"""Examples of the commands of architecture and the operating model, on the triage of support tickets."""

from __future__ import annotations

import datetime as dt

from pilotage.record.areas import architecture as a
from pilotage.record.areas import operating as o
from pilotage.record.areas import runbook as r
from pilotage.record.commands import Command

OPERATING_EXAMPLES: tuple[Command, ...] = (
    a.DesignArea(
        area="scale",
        pilot="One process on the desk's own machine.",
        production="Three processes behind the gateway, on two machines.",
        fate="rebuild",
        decision="decided",
        owner="tomo",
    ),
    a.FinishArea(area="scale", done="Three processes have run behind the gateway since Monday."),
    a.ListGap(
        gap="no-load-test",
        what="Nobody has loaded it beyond what the pilot saw.",
        area="scale",
        effort="a week of one engineer",
        owner="tomo",
        blocking=True,
    ),
    a.CloseGap(gap="no-load-test", how="Loaded with twice the volume for an hour; the queue gives way first."),
    o.OfferRole(role="operations", person="dele"),
    o.AcceptRole(role="operations", statement="My group runs it, day and night."),
    o.RefuseRole(role="operations", reason="My group has nobody on call at weekends."),
    o.ListHandoffItem(item="switch-off", what="Switch the candidate off when it misroutes, with the command for it."),
    o.AcceptHandoffItem(item="switch-off", remark="Tried it on Tuesday."),
    o.RefuseHandoffItem(item="switch-off", reason="Nobody in my group has an account yet."),
    r.SetEscalation(step="first", person="dele", reach="pager 4711", minutes=15),
    r.PlanShift(
        shift="week-49",
        person="dele",
        reach="pager 4711",
        starts_on=dt.date(2026, 11, 30),
        ends_on=dt.date(2026, 12, 6),
    ),
    r.WriteProcedure(
        trigger="alert:drift", steps="Look at the Drift page. If a field vanished, take exposure back and call Tomo."
    ),
    r.WalkThroughPlaybook(statement="Dele and the night shift walked through it and tried the kill."),
)
