"""Portfolio: which workloads move, and which stall? That is the one question of its page."""

from __future__ import annotations

from urllib.parse import urlencode

from litestar import get
from litestar.response import Response
from msgspec import structs

from pilotage.playbook.loading import load
from pilotage.server.asking import AnyRequest, query_of
from pilotage.server.auth.access import READ
from pilotage.server.auth.identity import current_identity
from pilotage.server.pages.board import KILLED, Card, PortfolioQuery, card, chosen, columns, page_of, pages_of, summary
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.frame import Frame, Shown, page
from pilotage.server.pages.permissions import may_propose
from pilotage.server.pages.wording import exposure
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.workspace import Workspace

STANDARD = "standard"
COLUMNS = (
    "workload", "title", "phase", "owner", "sponsor", "exposure", "ceiling", "day in phase", "days of cadence",
    "days late", "criteria met", "criteria", "waivers", "stall reasons", "projected answer", "decide by",
    "roll-out from by cadence", "value a year in USD", "demonstration",
)  # fmt: skip


def cards_of(workspace: Workspace) -> list[Card]:
    """Every workload as a card, judged now."""
    now = workspace.clock.now()
    return [card(judgement, now) for judgement in workspace.desk.judge_all()]


@get("/", opt={"access": READ}, include_in_schema=False)
async def show_portfolio(request: AnyRequest) -> Response[bytes]:
    """The portfolio."""
    query = query_of(request, PortfolioQuery)
    may_add = may_propose(current_identity(request))

    def build(workspace: Workspace, _frame: Frame) -> Shown:
        cards = cards_of(workspace)
        phases = load(STANDARD).phases
        shown = chosen(cards, query)
        places = [(phase.id, phase.title) for phase in phases] + [(KILLED, "Killed")]
        content = {
            "query": query,
            "filtered": query != PortfolioQuery(sort=query.sort, page=query.page),
            "columns": columns(shown, places, query),
            "cards": shown,
            "lines": page_of([one for one in shown if one.is_running], query),
            "pages": pages_of(shown, query),
            "to": lambda **changes: "/?" + urlencode({**_asked(query), **changes}),
            "summary": summary(cards, phases),
            "owners": sorted({w.owner for one in cards if (w := one.judgement.workload).owner}),
            "phases": places,
            "search": request.url.query,
            "may_propose": may_add,
            "home": str(workspace.home),
        }
        return {"title": "Portfolio", "here": "portfolio", "live": True}, content

    return await page(request, "portfolio.html", build)


def _asked(query: PortfolioQuery) -> dict[str, str]:
    """The query as the address says it: what is not asked for is not said."""
    asked = {name: str(value) for name, value in structs.asdict(query).items()}
    return {name: value for name, value in asked.items() if value and name != "page"}


@get("/portfolio.csv", opt={"access": READ}, include_in_schema=False)
async def export_portfolio(request: AnyRequest) -> Response[bytes]:
    """The portfolio's table as it is filtered."""
    query = query_of(request, PortfolioQuery)
    cards = await run_in(parts_of(request).threads.reading, cards_of, workspace_of(request))
    return csv_answer("portfolio", csv_of(COLUMNS, map(_row, chosen(cards, query))))


def _row(one: Card) -> tuple[Cell, ...]:
    judged, workload = one.judgement, one.judgement.workload
    return (
        workload.slug,
        workload.title,
        one.place,
        workload.owner,
        workload.sponsor,
        exposure(judged.mode, judged.percent, judged.cohorts),
        exposure(judged.ceiling.mode, judged.ceiling.percent),
        one.pace.day,
        one.pace.days,
        one.pace.late_days,
        one.gate.met,
        one.gate.total,
        len(one.waivers.verdicts) if one.waivers else 0,
        " ".join(stall.id for stall in one.stalls),
        one.projected,
        one.decide_by,
        one.rollout_from,
        one.value_usd_a_year,
        workload.demonstration,
    )


handlers = [show_portfolio, export_portfolio]
