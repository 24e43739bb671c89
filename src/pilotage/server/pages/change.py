"""Change: are people ready? Audiences and how far they are trained, streams, what changes for them, what they heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import get
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct

from pilotage.playbook.types import Named
from pilotage.record.areas.change import StreamPlanned
from pilotage.record.areas.readiness import cohorts_of, prepared, required, rules_of, untrained
from pilotage.record.stamps import Standing
from pilotage.record.workload import day_of
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.pages.csv_files import csv_answer, csv_of
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.workload_frame import workload_page
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.desk import Judgement
from pilotage.workflow.workspace import Workspace

CRITERIA = ("harden.change-plan", "deploy.training", "deploy.communication")
STATED = ("audience", "title", "people", "sees answers", "cohort", "contact")
COLUMNS = (*STATED, "trained", "needed", "share", "lacking", "until")


class Stream(Struct, frozen=True, kw_only=True):
    """A stream of the playbook with its plan, and whether its day has passed."""

    stream: Named
    plan: Standing[StreamPlanned] | None
    is_behind: bool


def _shown(workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
    workload, playbook = judgement.workload, judgement.playbook
    now, rules = workspace.clock.now(), rules_of(playbook)
    change, today = workload.change, day_of(workload, now)
    behind = {one.fact.stream for one in change.behind(today)}
    asked = required(workload)
    return {
        "criteria": [judgement.verdicts[name] for name in CRITERIA if name in judgement.verdicts],
        "rules": rules,
        "prepared": {one.audience.id: one for one in prepared(workload, rules, now)},
        "asked": () if isinstance(asked, str) else asked,
        "nothing_asked": asked if isinstance(asked, str) else "",
        "everybody": untrained(workload, (), rules, now),
        "cohorts": {name: untrained(workload, (name,), rules, now) for name in cohorts_of(workload)},
        "streams": [
            Stream(stream=one, plan=change.streams.get(one.id), is_behind=one.id in behind) for one in playbook.streams
        ],
        "heard": {one.fact.audience: one for one in change.told},
        "titles": {name: one.fact.title for name, one in change.audiences.items()},
    }


@get("/w/{slug:str}/change", opt={"access": READ}, include_in_schema=False)
async def show_change(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Whether the people whom it concerns are ready."""
    return await workload_page(request, slug, "change.html", _shown, here="change", title="Change", live=True)


@get("/w/{slug:str}/audiences.csv", opt={"access": READ}, include_in_schema=False)
async def export_audiences(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The audiences with how far they are trained, as a table."""

    def work() -> bytes:
        workspace = workspace_of(request)
        judgement = workspace.desk.judge(slug)
        workload = judgement.workload
        trained = {
            one.audience.id: one for one in prepared(workload, rules_of(judgement.playbook), workspace.clock.now())
        }
        rows = []
        for name, audience in workload.change.present.items():
            one = trained.get(name)
            said = (one.trained, one.needed, one.share, one.lacking, one.holds_until) if one else (None,) * 5
            stated = (audience.people, audience.sees_answers, audience.cohort, audience.contact)
            rows.append((name, audience.title, *stated, *said))
        return csv_of(COLUMNS, rows)

    return csv_answer(f"{slug}-audiences", await run_in(parts_of(request).threads.reading, work))


handlers = [show_change, export_audiences]
