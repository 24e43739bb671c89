"""Results that were brought from outside: what each criterion takes, what stands, and what a signature would cover."""

from __future__ import annotations

from litestar.params import FromPath
from litestar.response import Response

from pilotage.server.answering import json_answer
from pilotage.server.api.workloads import judged
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.workflow.outside import OutsideJson, outside_json


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}/outside-results",
    operation="getOutsideResults",
    tag="Workloads",
    access=READ,
    answers={200: Answer(of=OutsideJson, means="The criteria that take results from outside, and what stands.")},
    refusals=(404,),
)
async def get_outside_results(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Show the results that were brought from outside, with the digest that a signature covers."""
    return json_answer(outside_json(await judged(request, slug)))
