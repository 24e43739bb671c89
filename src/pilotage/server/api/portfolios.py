"""The portfolio: every workload at a glance, and all of them in figures."""

from __future__ import annotations

from litestar.response import Response

from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.parts import parts_of
from pilotage.server.threads import run_in
from pilotage.workflow.portfolio_report import PortfolioFigures


@endpoint(
    "GET",
    "/api/v1/portfolio",
    operation="getPortfolio",
    tag="Workloads",
    access=READ,
    answers={200: Answer(of=PortfolioFigures, means="The portfolio; workloads in the order proposed.")},
)
async def get_portfolio(request: AnyRequest) -> Response[bytes]:
    """Show the portfolio: funnel, stalls, review lead times, time to feedback, projected days, value and cost."""
    parts = parts_of(request)
    return json_answer((await run_in(parts.threads.reading, parts.shelves.now)).figures)
