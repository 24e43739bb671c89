"""Every page's handlers, in one list for the application, and the page that shows a refusal."""

from __future__ import annotations

from typing import Any

from pilotage.server.pages import (
    architecture,
    assessing,
    calls,
    change,
    charter,
    charting,
    costing,
    data_sources,
    deciding,
    documents,
    drift,
    evidence,
    evidence_attempts,
    evidence_segments,
    evidence_value,
    feedback,
    giving,
    inbox,
    intake,
    ledger,
    matrix,
    me,
    operating,
    outside,
    planning,
    portfolio,
    proposing,
    reviews,
    sign_in,
    workload,
)
from pilotage.server.pages.problem_pages import problem_page

__all__ = ["problem_page", "route_handlers"]

route_handlers: list[Any] = [
    *architecture.handlers,
    *assessing.handlers,
    *calls.handlers,
    *change.handlers,
    *charter.handlers,
    *charting.handlers,
    *costing.handlers,
    *data_sources.handlers,
    *documents.handlers,
    *drift.handlers,
    *evidence.handlers,
    *evidence_attempts.handlers,
    *evidence_segments.handlers,
    *evidence_value.handlers,
    *giving.handlers,
    *inbox.handlers,
    *intake.handlers,
    *ledger.handlers,
    *matrix.handlers,
    *me.handlers,
    *planning.handlers,
    *operating.handlers,
    *outside.handlers,
    *deciding.handlers,
    *feedback.handlers,
    *portfolio.handlers,
    *proposing.handlers,
    *reviews.handlers,
    *sign_in.handlers,
    *workload.handlers,
]
