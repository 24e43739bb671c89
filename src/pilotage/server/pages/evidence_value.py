"""Value: what did it bring in each quarter since it went live, against what was promised? That is its one question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import get
from litestar.params import FromPath
from litestar.response import Response

from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.pages.charting import links_to
from pilotage.server.pages.csv_files import csv_answer, csv_of
from pilotage.server.pages.estimates import comparison_scale, figure, own_scale
from pilotage.server.pages.evidence_frame import evidence_page
from pilotage.server.pages.evidence_rows import plain_value
from pilotage.server.pages.frame import Frame
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow import value_section
from pilotage.workflow.desk import Judgement
from pilotage.workflow.workspace import Workspace

COLUMNS = (
    "quarter", "from", "until", "complete", "months", "concurrent", "held back", "benefit", "low", "high", "calls",
    "candidate", "incumbent", "status", "reason", "digest",
)  # fmt: skip


def _shown(workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
    found = value_section.build(workspace, judgement)
    own, scale = own_scale(found.unit), comparison_scale(found.unit, found.form)
    return {
        "found": found,
        "charts": links_to(workspace, judgement, "value-by-quarter"),
        "scale": scale,
        "verdict": judgement.verdicts.get("operate.value"),
        "rows": [
            (one, figure(one.comparison, scale), figure(one.candidate, own), figure(one.incumbent, own))
            for one in reversed(found.quarters)
        ],
    }


@get("/w/{slug:str}/evidence/value", opt={"access": READ}, include_in_schema=False)
async def show_value(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The quarters since it went live, the newest first."""
    return await evidence_page(
        request, slug, "evidence_value.html", _shown, path="/value", title=value_section.SECTION.title
    )


@get("/w/{slug:str}/evidence/value.csv", opt={"access": READ}, include_in_schema=False)
async def export_value(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The quarters as a table."""

    def work() -> bytes:
        workspace = workspace_of(request)
        found = value_section.build(workspace, workspace.desk.judge(slug))
        rows = (
            (
                one.quarter, one.first, one.until, one.complete, " ".join(one.months), one.concurrent, one.held_back,
                *plain_value(one.comparison), plain_value(one.candidate)[0], plain_value(one.incumbent)[0],
                one.status, one.reason, one.digest,
            )
            for one in found.quarters
        )  # fmt: skip
        return csv_of(COLUMNS, rows)

    return csv_answer(f"{slug}-value", await run_in(parts_of(request).threads.reading, work))


handlers = [show_value, export_value]
