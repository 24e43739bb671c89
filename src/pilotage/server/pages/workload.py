"""Workload: where are we, and what is next? That is the one question of its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import get
from litestar.params import FromPath
from litestar.response import Response

from pilotage.gates.compression import compressions
from pilotage.gates.pacing import pace_of
from pilotage.gates.stall import stalls
from pilotage.record.areas.listing import AREAS
from pilotage.record.commands import COMMANDS
from pilotage.record.rules.piloting import attestable
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.pages.answering import target_of
from pilotage.server.pages.charting import links_to
from pilotage.server.pages.csv_files import csv_answer, csv_of
from pilotage.server.pages.entries import line
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.standing import gate, gauge, next_open, ribbon
from pilotage.server.pages.workload_frame import workload_page
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.desk import Judgement
from pilotage.workflow.workspace import Workspace

ACTIVITY = 8
COLUMNS = (
    "criterion", "title", "gate", "verdict", "kind", "reason", "next action", "by", "valid until", "waived until",
    "waiver signed by", "waiver reason",
)  # fmt: skip


def _shown(workspace: Workspace, frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
    workload, playbook = judgement.workload, judgement.playbook
    traffic = judgement.measurements.traffic if judgement.measurements else None
    began = workload.entered.get("pilot")
    newest = workspace.ledger.read(workload.slug, after=max(0, workload.sequence - ACTIVITY))
    gates = [gate(judgement, phase) for phase in playbook.phases]
    return {
        "compressed": compressions(playbook, workload, judgement.verdicts),
        "ribbon": ribbon(judgement, frame.now),
        "pace": pace_of(playbook, workload, frame.now),
        "gauge": gauge(judgement),
        "target": target_of(judgement),
        "next": next_open(judgement),
        "gate": next(one for one in gates if one.phase.id == workload.phase),
        "other_gates": [one for one in gates if one.phase.id != workload.phase],
        "stalls": stalls(playbook, workload, judgement.verdicts, judgement.measurements, frame.now),
        "first_use": traffic.first_candidate_at - began if traffic and began and traffic.first_candidate_at else None,
        "first_feedback": traffic.first_feedback_at - began
        if traffic and began and traffic.first_feedback_at
        else None,
        "traffic": traffic,
        "activity": [line(entry, frame.people) for entry in reversed(newest)],
        "elsewhere": {name for area in AREAS for name in area.permitted},
        "commands": {name: (kind.__doc__ or "").split(". ")[0].rstrip(".") for name, kind in COMMANDS.items()},
        "attestable": {c.id for phase in playbook.phases for c in phase.criteria if attestable(c)},
        "outside": {c.id for phase in playbook.phases for c in phase.criteria if c.outside},
        "waivable": {c.id for phase in playbook.phases for c in phase.criteria if c.waivable},
        "chart": links_to(workspace, judgement, "target").get("target"),
    }


@get("/w/{slug:str}", opt={"access": READ}, include_in_schema=False)
async def show_workload(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """One workload."""
    runtimes = parts_of(request).runtimes.of(slug)

    def build(workspace: Workspace, frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        return {**_shown(workspace, frame, judgement), "runtimes": runtimes}

    return await workload_page(request, slug, "workload.html", build, here="workload", live=True)


@get("/w/{slug:str}/criteria.csv", opt={"access": READ}, include_in_schema=False)
async def export_criteria(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Every criterion's verdict as a table."""
    judgement = await run_in(parts_of(request).threads.reading, workspace_of(request).desk.judge, slug)
    rows = (
        (
            v.id,
            v.title,
            v.phase,
            v.verdict,
            v.kind,
            v.reason,
            v.next.action if v.next else None,
            v.next.by if v.next else None,
            v.valid_until,
            v.waiver.expires_on if v.waiver else None,
            " ".join(v.waiver.signers) if v.waiver else None,
            v.waiver.reason if v.waiver else None,
        )
        for v in judgement.verdicts.values()
    )
    return csv_answer(f"{slug}-criteria", csv_of(COLUMNS, rows))


handlers = [show_workload, export_criteria]
