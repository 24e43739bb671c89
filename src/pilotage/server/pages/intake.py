"""Intake: which problem next? Candidates with their scores, where people disagree, and who has room for a pilot."""

from __future__ import annotations

from litestar import get
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct

from pilotage.record.commands import PERMITTED
from pilotage.reports.charts.forest import ForestData, ForestLine, ForestRow
from pilotage.server.asking import AnyRequest, query_of
from pilotage.server.auth.access import READ
from pilotage.server.auth.identity import current_identity
from pilotage.server.pages.charting import Link, chart_answer, link_of
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.frame import Frame, Shown, page
from pilotage.server.pages.permissions import may_propose
from pilotage.server.pages.wording import SOURCES
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.candidates import CandidateJson, IntakeJson, intake_of
from pilotage.workflow.workspace import Workspace

SHOWN = 50
DRAWN = 15
TITLE_CHARACTERS = 34
COLUMNS = (
    "rank", "workload", "title", "phase", "owner", "score", "lowest", "highest", "impact", "feasibility", "readiness",
    "scorers", "next",
)  # fmt: skip


class IntakeQuery(Struct, frozen=True, kw_only=True):
    """Which candidates are shown: all, or those that nobody has taken up, as the address says."""

    only: str = ""


def ranking_data(found: IntakeJson) -> ForestData | None:
    """The ranking as rows: the mean of all scores, and from whoever gives least to whoever gives most."""
    rows = tuple(
        ForestRow(
            label=one.title if len(one.title) <= TITLE_CHARACTERS else f"{one.title[:TITLE_CHARACTERS]}…",
            calls=len(one.scores),
            value=one.score,
            low=one.low,
            high=one.high,
            note="" if one.is_open else one.phase,
        )
        for one in found.candidates
        if one.score is not None and one.low is not None and one.high is not None
    )[:DRAWN]
    # The whole scale is shown, or a small difference would look like a large one.
    ends = (ForestLine(value=1.0, word="least"), ForestLine(value=5.0, word="most"))
    title = "Ranking of candidate problems"
    return ForestData(title=title, unit="score, 1 to 5", points=rows, lines=ends) if rows else None


def _link(found: IntakeJson) -> Link | None:
    data = ranking_data(found)
    return None if data is None else link_of("/candidates/charts/ranking", data)


@get("/candidates", opt={"access": READ}, include_in_schema=False)
async def show_intake(request: AnyRequest) -> Response[bytes]:
    """The candidates."""
    query, identity = query_of(request, IntakeQuery), current_identity(request)
    may_score = "command" in identity.scopes and bool(PERMITTED["score"] & identity.roles)

    def build(workspace: Workspace, _frame: Frame) -> Shown:
        found = intake_of(workspace)
        chosen = [one for one in found.candidates if one.is_open or query.only != "open"]
        content = {
            "found": found,
            "shown": chosen[:SHOWN],
            "more": max(len(chosen) - SHOWN, 0),
            "chart": _link(found),
            "open": sum(one.is_open for one in found.candidates),
            "scored": sum(not one.lacking for one in found.candidates),
            "apart": sum(any(scale.disagreement for scale in one.scales) for one in found.candidates),
            "full": sum(not one.has_room for one in found.owners),
            "titles": {one.workload: one.title for one in found.candidates},
            "query": query,
            "sources": SOURCES,
            "may_propose": may_propose(identity),
            "may_score": may_score,
        }
        return {"title": "Intake", "here": "candidates", "live": True}, content

    return await page(request, "candidates.html", build)


@get("/candidates.csv", opt={"access": READ}, include_in_schema=False)
async def export_candidates(request: AnyRequest) -> Response[bytes]:
    """Every candidate as a table."""
    found = await run_in(parts_of(request).threads.reading, intake_of, workspace_of(request))
    return csv_answer("candidates", csv_of(COLUMNS, map(_row, found.candidates)))


def _row(one: CandidateJson) -> tuple[Cell, ...]:
    steps = {scale.id: scale.mean for scale in one.scales}
    return (
        one.rank,
        one.workload,
        one.title,
        one.phase,
        one.owner,
        one.score,
        one.low,
        one.high,
        *(steps.get(name) for name in ("impact", "feasibility", "readiness")),
        len(one.scores),
        one.next,
    )


@get("/candidates/charts/{name:str}", opt={"access": READ}, include_in_schema=False)
async def show_ranking(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
    """The ranking as a picture, as its specification or as data."""

    def found(stem: str) -> ForestData | None:
        return ranking_data(intake_of(workspace_of(request))) if stem == "ranking" else None

    return await chart_answer(request, name, "candidates-", found)


handlers = [show_intake, export_candidates, show_ranking]
