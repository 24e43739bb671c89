"""A workload's charter: its versions, who signed which, and what changed since they did."""

from __future__ import annotations

from litestar.params import FromPath
from litestar.response import Response

from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.charters import CharterJson, charter_json


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}/charter",
    operation="getCharter",
    tag="Workloads",
    access=READ,
    answers={200: Answer(of=CharterJson, means="The charter's versions and signatures, newest first.")},
    refusals=(404,),
)
async def get_charter(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Show who signed which version of the charter, whether that counts, and what changed since."""
    desk = workspace_of(request).desk
    return json_answer(await run_in(parts_of(request).threads.reading, lambda: charter_json(desk.load(slug))))
