"""The data sources of a workload: the right to use each, its newest sample, and what goes beyond the limits."""

from __future__ import annotations

from litestar.params import FromPath
from litestar.response import Response

from pilotage.server.answering import json_answer
from pilotage.server.api.workloads import judged
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.workflow.data_sources import DataJson, data_json


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}/data",
    operation="getData",
    tag="Workloads",
    access=READ,
    answers={200: Answer(of=DataJson, means="The sources in the order in which they were listed.")},
    refusals=(404,),
)
async def get_data(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Show the data sources of a workload, with what was seen in the newest sample of each."""
    return json_answer(data_json(await judged(request, slug)))
