"""Reviews: may we? Where the six reviews stand, and one of them in full, question by question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import get
from litestar.params import FromPath
from litestar.response import Response

from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.auth.identity import current_identity
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.wording import Badge
from pilotage.server.pages.workload_frame import workload_page
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.problems import not_found
from pilotage.server.threads import run_in
from pilotage.workflow.desk import Judgement
from pilotage.workflow.reviews import ReviewJson, reviews_json
from pilotage.workflow.workspace import Workspace

STATES: dict[str, Badge] = {
    "no_reviewer": Badge(tone="bad", shape="cross", word="nobody named"),
    "not_open": Badge(tone="warn", shape="alert", word="not open"),
    "open": Badge(tone="calm", shape="dots", word="open"),
    "approved": Badge(tone="good", shape="check", word="approved"),
    "approved_with_conditions": Badge(tone="warn", shape="flag", word="approved with conditions"),
    "rejected": Badge(tone="bad", shape="cross", word="rejected"),
    "changed": Badge(tone="warn", shape="alert", word="changed since, to be reviewed again"),
    "expired": Badge(tone="warn", shape="alert", word="approval ran out"),
    "void": Badge(tone="bad", shape="cross", word="concluded by somebody with a part in it"),
}
SEVERITIES: dict[str, Badge] = {
    "low": Badge(tone="calm", shape="dash", word="low"),
    "medium": Badge(tone="warn", shape="alert", word="medium"),
    "high": Badge(tone="bad", shape="alert", word="high"),
    "blocking": Badge(tone="bad", shape="cross", word="blocking"),
}
COLUMNS = (
    "review", "state", "reviewer", "opened", "wanted by", "overdue", "days to conclusion", "minutes spent", "asked",
    "answered", "open findings", "conclusion", "concluded", "valid until", "digest",
)  # fmt: skip
WORDS = {"states": STATES, "severities": SEVERITIES}


@get("/w/{slug:str}/reviews", opt={"access": READ}, include_in_schema=False)
async def show_reviews(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The reviews side by side."""

    def build(_workspace: Workspace, frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        return {"found": reviews_json(judgement, frame.now).reviews, **WORDS}

    return await workload_page(request, slug, "reviews.html", build, here="reviews", title="Reviews", live=True)


@get("/w/{slug:str}/reviews/{area:str}", opt={"access": READ}, include_in_schema=False)
async def show_review(request: AnyRequest, slug: FromPath[str], area: FromPath[str]) -> Response[bytes]:
    """One review: what it asks, what was answered and measured, what was found, and what changed since."""
    person = current_identity(request).person

    def build(_workspace: Workspace, frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        one = next((review for review in reviews_json(judgement, frame.now).reviews if review.area == area), None)
        if one is None:
            raise not_found(f"This workload's playbook has no {area} review.")
        return {"one": one, "conducts": one.reviewer == person, **WORDS}

    return await workload_page(request, slug, "review.html", build, here="reviews", title=f"{area} review")


@get("/w/{slug:str}/reviews.csv", opt={"access": READ}, include_in_schema=False)
async def export_reviews(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The reviews as a table."""

    def work() -> bytes:
        workspace = workspace_of(request)
        found = reviews_json(workspace.desk.judge(slug), workspace.clock.now())
        return csv_of(COLUMNS, map(_row, found.reviews))

    return csv_answer(f"{slug}-reviews", await run_in(parts_of(request).threads.reading, work))


def _row(one: ReviewJson) -> tuple[Cell, ...]:
    last = one.conclusion
    return (
        one.area,
        one.state,
        one.reviewer,
        one.opened.at if one.opened else None,
        one.due,
        one.overdue,
        one.waiting_days,
        one.minutes,
        one.asked,
        one.asked - len(one.unanswered),
        sum(finding.closed is None for finding in one.findings),
        last.outcome if last else None,
        last.given.at if last else None,
        one.valid_until,
        last.digest if last else None,
    )


handlers = [show_reviews, show_review, export_reviews]
