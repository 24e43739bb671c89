"""Architecture: is it built to run? The pilot's and production's answer in each area, and what is still missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from litestar import get
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct

from pilotage.playbook.types import Named
from pilotage.record.areas.architecture import AreaDesigned, AreaFinished, GapClosed, GapListed
from pilotage.record.stamps import Standing
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.auth.identity import current_identity
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.wording import Badge
from pilotage.server.pages.workload_frame import workload_page
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.desk import Judgement
from pilotage.workflow.workspace import Workspace

CRITERIA = ("pilot.production-design", "evaluate.gaps", "harden.rebuild")
FATES: dict[str, Badge] = {
    "undecided": Badge(tone="calm", shape="dots", word="undecided"),
    "keep": Badge(tone="good", shape="check", word="keep"),
    "rebuild": Badge(tone="warn", shape="pen", word="rebuild"),
    "replace": Badge(tone="warn", shape="arrow", word="replace"),
}
DECISIONS = {"open": "open", "in_progress": "in progress", "decided": "decided"}
DONE = Badge(tone="good", shape="check", word="done")
STATES: dict[str, Badge] = {
    "closed": Badge(tone="good", shape="check", word="closed"),
    "open": Badge(tone="calm", shape="dots", word="open"),
    "blocking": Badge(tone="bad", shape="flag", word="blocks"),
}
AREA_COLUMNS = (
    "area", "pilot", "production", "fate", "decision", "owner", "recorded_by", "recorded_at", "ledger", "done",
    "done_by", "done_at",
)  # fmt: skip
GAP_COLUMNS = (
    "gap", "what", "area", "effort", "owner", "blocking", "state", "listed_by", "listed_at", "ledger", "how",
    "closed_by", "closed_at",
)  # fmt: skip


class AreaShown(Struct, frozen=True, kw_only=True):
    """One area of the playbook with what is on record of it."""

    area: Named
    design: Standing[AreaDesigned] | None
    finished: Standing[AreaFinished] | None
    to_finish: bool


class GapShown(Struct, frozen=True, kw_only=True):
    """One gap with its state: `closed`, `open` or `blocking`."""

    gap: Standing[GapListed]
    closed: Standing[GapClosed] | None
    state: str


def areas_of(judgement: Judgement) -> tuple[AreaShown, ...]:
    """Every area of the playbook, in its order."""
    architecture = judgement.workload.architecture
    found = []
    for area in judgement.playbook.areas:
        design = architecture.designs.get(area.id)
        decided = design is not None and design.fact.decision == "decided"
        found.append(
            AreaShown(
                area=area,
                design=design,
                finished=architecture.finished(area.id),
                to_finish=decided and architecture.to_do(area.id),
            )
        )
    return tuple(found)


def gaps_of(judgement: Judgement) -> tuple[GapShown, ...]:
    """Every gap: those that block first, then the other open ones, then the closed ones."""
    architecture = judgement.workload.architecture
    found = []
    for name, gap in architecture.gaps.items():
        closed = architecture.closed(name)
        state = "closed" if closed else "blocking" if gap.fact.blocking else "open"
        found.append(GapShown(gap=gap, closed=closed, state=state))
    return tuple(sorted(found, key=lambda one: ("blocking", "open", "closed").index(one.state)))


@get("/w/{slug:str}/architecture", opt={"access": READ}, include_in_schema=False)
async def show_architecture(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The areas with both answers, and the gaps."""
    person = current_identity(request).person

    def build(_workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        return {
            "areas": areas_of(judgement),
            "gaps": gaps_of(judgement),
            "asked": [judgement.verdicts[one] for one in CRITERIA if one in judgement.verdicts],
            "waiting": judgement.workload.architecture.waiting_for(person),
            "titles": {area.id: area.title for area in judgement.playbook.areas},
            "fates": FATES,
            "decisions": DECISIONS,
            "states": STATES,
            "done": DONE,
        }

    return await workload_page(
        request, slug, "architecture.html", build, here="architecture", title="Architecture", live=True
    )


@get("/w/{slug:str}/architecture.csv", opt={"access": READ}, include_in_schema=False)
async def export_areas(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Every area that something is on record of, as a table."""

    def work() -> bytes:
        return csv_of(AREA_COLUMNS, _area_rows(workspace_of(request).desk.judge(slug)))

    return csv_answer(f"{slug}-architecture", await run_in(parts_of(request).threads.reading, work))


@get("/w/{slug:str}/gaps.csv", opt={"access": READ}, include_in_schema=False)
async def export_gaps(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Every gap as a table."""

    def work() -> bytes:
        return csv_of(GAP_COLUMNS, _gap_rows(workspace_of(request).desk.judge(slug)))

    return csv_answer(f"{slug}-gaps", await run_in(parts_of(request).threads.reading, work))


def _area_rows(judgement: Judgement) -> Iterator[tuple[Cell, ...]]:
    for one in areas_of(judgement):
        if one.design is None:
            continue
        fact, stamp, finished = one.design.fact, one.design.stamp, one.finished
        yield (
            fact.area, fact.pilot, fact.production, fact.fate, fact.decision, fact.owner, stamp.by,
            stamp.at.isoformat(), stamp.position,
            *((finished.fact.done, finished.stamp.by, finished.stamp.at.isoformat()) if finished else (None,) * 3),
        )  # fmt: skip


def _gap_rows(judgement: Judgement) -> Iterator[tuple[Cell, ...]]:
    for one in gaps_of(judgement):
        fact, stamp, closed = one.gap.fact, one.gap.stamp, one.closed
        yield (
            fact.gap, fact.what, fact.area, fact.effort, fact.owner, fact.blocking, one.state, stamp.by,
            stamp.at.isoformat(), stamp.position,
            *((closed.fact.how, closed.stamp.by, closed.stamp.at.isoformat()) if closed else (None,) * 3),
        )  # fmt: skip


handlers = [show_architecture, export_areas, export_gaps]
