"""All attempts: what was tried, and what did each test say? That is the one question of its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import get
from litestar.params import FromPath
from litestar.response import Response

from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.pages.csv_files import csv_answer, csv_of
from pilotage.server.pages.evidence_frame import evidence_page
from pilotage.server.pages.frame import Frame
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow import attempts_section, trust_section
from pilotage.workflow.desk import Judgement
from pilotage.workflow.workspace import Workspace

ATTEMPT_COLUMNS = (
    "attempt", "release", "declared", "alpha", "looks", "first look", "last look", "running", "answer", "reason",
)  # fmt: skip
CHECK_COLUMNS = ("check", "title", "verdict", "figure", "bound", "p", "reason", "meaning")


def _shown(workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
    return {"found": attempts_section.build(workspace, judgement)}


@get("/w/{slug:str}/evidence/attempts", opt={"access": READ}, include_in_schema=False)
async def show_attempts(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Every declared release, so that nobody sees the one that went well alone."""
    return await evidence_page(
        request, slug, "evidence_attempts.html", _shown, path="/attempts", title=attempts_section.SECTION.title
    )


@get("/w/{slug:str}/attempts.csv", opt={"access": READ}, include_in_schema=False)
async def export_attempts(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The attempts as a table."""

    def work() -> bytes:
        workspace = workspace_of(request)
        found = attempts_section.build(workspace, workspace.desk.judge(slug))
        rows = (
            (
                one.number,
                one.release,
                one.declared_at,
                one.alpha,
                one.looks,
                one.first_look,
                one.last_look,
                one.running,
                one.answer,
                one.reason,
            )
            for one in found.attempts
        )
        return csv_of(ATTEMPT_COLUMNS, rows)

    return csv_answer(f"{slug}-attempts", await run_in(parts_of(request).threads.reading, work))


@get("/w/{slug:str}/trust.csv", opt={"access": READ}, include_in_schema=False)
async def export_trust(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The checks as a table."""

    def work() -> bytes:
        workspace = workspace_of(request)
        found = trust_section.build(workspace, workspace.desk.judge(slug))
        rows = (
            (one.id, one.title, one.verdict, one.figure, one.bound, one.p, one.reason, one.meaning)
            for one in found.checks
        )
        return csv_of(CHECK_COLUMNS, rows)

    return csv_answer(f"{slug}-trust", await run_in(parts_of(request).threads.reading, work))


handlers = [show_attempts, export_attempts, export_trust]
