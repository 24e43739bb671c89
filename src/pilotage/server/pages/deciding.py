"""Decision: do we go? The verdicts as they are frozen, what is not known, dissent, signatures, and who received it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from litestar import get
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct

from pilotage.record.areas import deciding as record
from pilotage.record.verdicts import Verdict, WaiverNote
from pilotage.record.workload import Decision
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.auth.identity import current_identity
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.wording import VERDICTS, Badge
from pilotage.server.pages.workload_frame import workload_page
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.desk import Judgement
from pilotage.workflow.frozen_waivers import frozen_waivers
from pilotage.workflow.unknowns import unknowns
from pilotage.workflow.workspace import Workspace

CRITERION = "evaluate.decision"
COLUMNS = ("person", "holds", "sent_at", "received_at", "state")
STATES: dict[str, Badge] = {
    "received": Badge(tone="good", shape="check", word="received"),
    "sent": Badge(tone="warn", shape="dots", word="not confirmed"),
    "unsent": Badge(tone="calm", shape="dash", word="not sent yet"),
    "absent": Badge(tone="calm", shape="dash", word="has no account any more"),
}


class VerdictFrozen(Struct, frozen=True, kw_only=True):
    """One criterion as it stood when the decision was put, beside what it is now, with the waiver that it rested on."""

    now: Verdict
    then: Badge | None
    was_waived: bool = False
    waiver: WaiverNote | None = None


def state_of(one: record.Recipient, absent: frozenset[str]) -> str:
    """How far a decision has come with one person, as a name of `STATES`."""
    if one.received is not None:
        return "received"
    return "absent" if one.person in absent else "sent" if one.sent is not None else "unsent"


def _frozen(
    judgement: Judgement, decision: Decision | None, waivers: Mapping[str, WaiverNote]
) -> dict[str, list[VerdictFrozen]]:
    """The verdicts by gate: those of the decision, or what they would be if it were put now."""
    found: dict[str, list[VerdictFrozen]] = {}
    for verdict in judgement.verdicts.values():
        kind = decision.verdicts.get(verdict.id) if decision else verdict.verdict
        if verdict.id != CRITERION:
            found.setdefault(verdict.phase, []).append(
                VerdictFrozen(
                    now=verdict,
                    then=VERDICTS[kind] if kind else None,
                    # Before a decision the reason of today says it all.
                    was_waived=decision is not None and kind == "waived",
                    waiver=waivers.get(verdict.id),
                )
            )
    return found


@get("/w/{slug:str}/decision", opt={"access": READ}, include_in_schema=False)
async def show_decision(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The decision that stands or is to be made, with everything that it rests on and whom it reached."""
    person = current_identity(request).person

    def build(workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        workload = judgement.workload
        decision = record.newest(workload)
        recipients = record.recipients_of(workload, decision.digest if decision else "")
        absent = workspace.accounts.absent_ids()
        return {
            "decision": decision,
            "in_force": decision is not None and workload.decision_in_force(decision),
            "signed": workload.signed("decision", decision.digest) if decision else {},
            "earlier": [one for one in reversed(workload.decisions) if one is not decision],
            "frozen": _frozen(judgement, decision, frozen_waivers(workspace, workload, decision)),
            "phases": judgement.playbook.phases,
            "asked": judgement.verdicts.get(CRITERION),
            "unknown": unknowns(judgement),
            "recipients": recipients,
            "reached": {one.person: state_of(one, absent) for one in recipients},
            "dissents": workload.deciding.dissents_of(decision.digest) if decision else (),
            "messages": workload.deciding.sent_of(decision.digest) if decision else (),
            "confirms": record.to_confirm(workload, person),
            "states": STATES,
            "counts": counted(judgement, decision),
        }

    return await workload_page(request, slug, "decision.html", build, here="decision", title="Decision", live=True)


def counted(judgement: Judgement, decision: Decision | None) -> dict[str, dict[str, int]]:
    """How many verdicts of each kind each gate has, as they are frozen."""
    found: dict[str, dict[str, int]] = {}
    for verdict in judgement.verdicts.values():
        if verdict.id == CRITERION:
            continue
        kind = decision.verdicts.get(verdict.id, "pending") if decision else verdict.verdict
        of_it = found.setdefault(verdict.phase, {})
        of_it[kind] = of_it.get(kind, 0) + 1
    return found


@get("/w/{slug:str}/recipients.csv", opt={"access": READ}, include_in_schema=False)
async def export_recipients(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Everybody who gets the newest decision, as a table."""
    workspace = workspace_of(request)

    def work() -> bytes:
        workload = workspace.desk.load(slug)
        newest = record.newest(workload)
        shown = record.recipients_of(workload, newest.digest if newest else "")
        return csv_of(COLUMNS, _rows(shown, workspace.accounts.absent_ids()))

    return csv_answer(f"{slug}-recipients", await run_in(parts_of(request).threads.reading, work))


def _rows(shown: tuple[record.Recipient, ...], absent: frozenset[str]) -> Iterator[tuple[Cell, ...]]:
    for one in shown:
        yield (
            one.person,
            one.holds,
            one.sent.at.isoformat() if one.sent else None,
            one.received.at.isoformat() if one.received else None,
            state_of(one, absent),
        )


handlers = [show_decision, export_recipients]
