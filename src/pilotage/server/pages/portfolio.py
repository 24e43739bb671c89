"""Portfolio: which workloads move, and which stall? That is the one question of its page."""

from __future__ import annotations

import datetime as dt
from typing import Literal
from urllib.parse import urlencode

from litestar import get
from litestar.params import FromPath
from litestar.response import Response
from msgspec import structs

from pilotage.record.digests import digest_of
from pilotage.reports.charts.catalogue import box_of
from pilotage.reports.charts.roadmap import RoadmapData, RoadmapPoint
from pilotage.server.asking import AnyRequest, query_of
from pilotage.server.auth.access import READ
from pilotage.server.auth.identity import current_identity
from pilotage.server.pages.board import Card, PortfolioQuery, card, chosen, columns, page_of, pages_of
from pilotage.server.pages.charting import DIGITS, MEDIA, PICTURE_POLICY, ChartQuery, Link, content_of, script
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.frame import Frame, Shown, page
from pilotage.server.pages.permissions import may_propose
from pilotage.server.pages.wording import exposure
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.problems import not_found
from pilotage.server.shelves import Shelf
from pilotage.server.threads import run_in
from pilotage.workflow.portfolio_report import KILLED, REFUSED, ReviewLead
from pilotage.workflow.roadmap import Roadmap
from pilotage.workflow.workspace import Workspace

COLUMNS = (
    "workload", "title", "phase", "owner", "sponsor", "exposure", "ceiling", "day in phase", "days of cadence",
    "days late", "criteria met", "criteria", "waivers", "stall reasons", "skipped in haste", "projected answer",
    "decide by", "roll-out from by cadence", "decision", "roll-out", "production", "days to first use",
    "days to first feedback", "value a year in USD", "estimated value in USD", "estimated cost in USD",
    "estimated years", "committed in USD", "demonstration",
)  # fmt: skip
REVIEW_COLUMNS = (
    "review", "opened", "concluded", "overdue", "median days to conclusion", "median days open ones wait",
    "reviewers' minutes", "median minutes of a concluded review",
)  # fmt: skip
CHARTED_MAX = 30
ROADMAP = "/portfolio/roadmap"


def cards_of(shelf: Shelf) -> list[Card]:
    """Every workload as a card."""
    return [card(*pair) for pair in zip(shelf.judgements, shelf.figures.workloads, strict=True)]


@get("/", opt={"access": READ}, include_in_schema=False)
async def show_portfolio(request: AnyRequest) -> Response[bytes]:
    """The portfolio."""
    query = query_of(request, PortfolioQuery)
    may_add = may_propose(current_identity(request))

    def build(workspace: Workspace, frame: Frame) -> Shown:
        shelf = parts_of(request).shelves.now()
        cards = cards_of(shelf)
        shown = chosen(cards, query)
        places = [(rung.phase, rung.title) for rung in shelf.figures.funnel]
        places += [(REFUSED, "Decided no-go"), (KILLED, "Killed")]
        content = {
            "query": query,
            "filtered": query != PortfolioQuery(sort=query.sort, page=query.page),
            "columns": columns(shown, places, query),
            "cards": shown,
            "lines": page_of([one for one in shown if one.is_running], query),
            "pages": pages_of(shown, query),
            "to": lambda **changes: "/?" + urlencode({**_asked(query), **changes}),
            "details": page_of(shown, query),
            "summary": shelf.figures,
            "chart": _link(roadmap_data(shown, frame.now.date())),
            "charted": CHARTED_MAX,
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


def roadmap_data(cards: list[Card], today: dt.date) -> RoadmapData | None:
    """The projected days of the workloads that are on the way, those decided soonest first; None without any."""
    on_the_way = [(one, plan) for one in cards if one.is_running and (plan := one.figures.roadmap) is not None]
    on_the_way.sort(key=lambda pair: (pair[1].production.day, pair[0].slug))
    points = [point for one, plan in on_the_way[:CHARTED_MAX] for point in _points(one, plan)]
    return RoadmapData(title="Roadmap", today=today, points=tuple(points)) if points else None


def _points(one: Card, plan: Roadmap) -> list[RoadmapPoint]:
    steps: tuple[tuple[Literal["decision", "roll-out", "production"], str], ...] = (
        ("decision", "decision"),
        ("roll-out", "rollout"),
        ("production", "production"),
    )
    found = [(step, getattr(plan, field)) for step, field in steps]
    title = one.judgement.workload.title
    return [
        RoadmapPoint(workload=one.slug, title=title, step=step, day=milestone.day, basis=milestone.basis)
        for step, milestone in found
    ]


def _link(data: RoadmapData | None) -> Link | None:
    if data is None:
        return None
    wide, narrow = box_of(data, "wide"), box_of(data, "narrow")
    return Link(
        address=ROADMAP,
        version=digest_of(data)[:DIGITS],
        wide=(wide.width, wide.height),
        narrow=(narrow.width, narrow.height),
        script=script(),
    )


@get("/portfolio/{name:str}", opt={"access": READ}, include_in_schema=False)
async def show_portfolio_part(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
    """The roadmap as a picture, a specification or data, or the reviews' lead times as a table."""
    if name == "reviews.csv":
        found = await run_in(parts_of(request).threads.reading, parts_of(request).shelves.now)
        return csv_answer("portfolio-reviews", csv_of(REVIEW_COLUMNS, map(_review_row, found.figures.reviews)))
    query = query_of(request, ChartQuery)
    stem, _, form = name.rpartition(".")
    if stem != "roadmap" or form not in MEDIA:
        raise not_found("The portfolio has roadmap.svg, .png, .json and .csv, and reviews.csv.")

    def work() -> bytes | None:
        cards = chosen(cards_of(parts_of(request).shelves.now()), PortfolioQuery())
        data = roadmap_data(cards, workspace_of(request).clock.now().date())
        return None if data is None else content_of(data, query, form)

    content = await run_in(parts_of(request).threads.reading, work)
    if content is None:
        raise not_found("Nothing is on the way, so there is no roadmap yet.")
    headers = {"Cache-Control": "private, max-age=60"}
    if form in {"svg", "png"}:
        headers["Content-Security-Policy"] = PICTURE_POLICY
    if form == "csv":
        headers["Content-Disposition"] = 'attachment; filename="roadmap.csv"'
    return Response(content, media_type=MEDIA[form], headers=headers)


def _review_row(one: ReviewLead) -> tuple[Cell, ...]:
    return (
        one.review,
        one.opened,
        one.concluded,
        one.overdue,
        one.days,
        one.waiting_days,
        one.minutes,
        one.minutes_each,
    )


@get("/portfolio.csv", opt={"access": READ}, include_in_schema=False)
async def export_portfolio(request: AnyRequest) -> Response[bytes]:
    """The portfolio's table as it is filtered."""
    query = query_of(request, PortfolioQuery)
    shelf = await run_in(parts_of(request).threads.reading, parts_of(request).shelves.now)
    return csv_answer("portfolio", csv_of(COLUMNS, map(_row, chosen(cards_of(shelf), query))))


def _row(one: Card) -> tuple[Cell, ...]:
    judged, workload, figures = one.judgement, one.judgement.workload, one.figures
    plan = figures.roadmap
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
        " ".join(skipped.criterion for early in figures.compressed for skipped in early.skipped),
        one.projected,
        one.decide_by,
        one.rollout_from,
        plan.decision.day if plan else None,
        plan.rollout.day if plan else None,
        plan.production.day if plan else None,
        figures.first_use_days,
        figures.first_feedback_days,
        one.value_usd_a_year,
        figures.estimated_value_usd,
        figures.estimated_cost_usd,
        figures.estimated_years,
        figures.committed_usd,
        workload.demonstration,
    )


handlers = [show_portfolio, show_portfolio_part, export_portfolio]
