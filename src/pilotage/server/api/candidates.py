"""Candidate problems: ranking, scores with who gave them, and who has room for a pilot."""

from __future__ import annotations

from litestar.response import Response

from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.candidates import IntakeJson, intake_of


@endpoint(
    "GET",
    "/api/v1/candidates",
    operation="listCandidates",
    tag="Workloads",
    access=READ,
    answers={200: Answer(of=IntakeJson, means="The problems, best score first.")},
)
async def list_candidates(request: AnyRequest) -> Response[bytes]:
    """List the candidate problems with their scores, and who gave what."""
    return json_answer(await run_in(parts_of(request).threads.reading, intake_of, workspace_of(request)))
