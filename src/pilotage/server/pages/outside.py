"""Outside results: what the product does not measure itself, who brought a result for it, and who stands by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from litestar import get
from litestar.params import FromPath
from litestar.response import Response

from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.auth.identity import current_identity
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.outside_forms import signable
from pilotage.server.pages.wording import Badge
from pilotage.server.pages.workload_frame import workload_page
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.desk import Judgement
from pilotage.workflow.outside import OutsideCriterionJson, outside_json
from pilotage.workflow.workspace import Workspace

CONCLUSIONS: dict[str, Badge] = {
    "passed": Badge(tone="calm", shape="check", word="says it passed"),
    "failed": Badge(tone="bad", shape="cross", word="failed"),
}
COLUMNS = (
    "criterion", "verdict", "valid until", "tested on", "tool", "release", "conclusion", "figure", "value", "unit",
    "bound", "limit", "link", "document digest", "brought by", "signed by", "digest",
)  # fmt: skip


@get("/w/{slug:str}/outside", opt={"access": READ}, include_in_schema=False)
async def show_outside(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Every criterion that takes a result from outside, with what stands."""
    person = current_identity(request).person

    def build(_workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        found = outside_json(judgement).criteria
        return {"found": found, "signable": signable(judgement, person), "conclusions": CONCLUSIONS}

    return await workload_page(request, slug, "outside.html", build, here="outside", title="Outside results", live=True)


@get("/w/{slug:str}/outside.csv", opt={"access": READ}, include_in_schema=False)
async def export_outside(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The newest results as a table, a line for each figure."""

    def work() -> bytes:
        found = outside_json(workspace_of(request).desk.judge(slug))
        return csv_of(COLUMNS, (row for one in found.criteria for row in _rows(one)))

    return csv_answer(f"{slug}-outside", await run_in(parts_of(request).threads.reading, work))


def _rows(one: OutsideCriterionJson) -> Iterator[tuple[Cell, ...]]:
    newest = one.newest
    if newest is None:
        yield (one.criterion, one.verdict, None, *[None] * (len(COLUMNS) - 3))
        return
    for figure in newest.figures:
        yield (
            one.criterion,
            one.verdict,
            one.valid_until,
            newest.tested_on,
            newest.tool,
            newest.release,
            newest.conclusion,
            figure.name,
            figure.value,
            figure.unit,
            figure.bound,
            figure.limit,
            newest.link,
            newest.document_digest,
            " ".join(newest.brought_by),
            newest.signed.by if newest.signed else None,
            newest.digest,
        )


handlers = [show_outside, export_outside]
