"""The inbox of whoever asks: what waits for them across all workloads."""

from __future__ import annotations

from litestar.response import Response

from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.auth.identity import current_identity
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.inbox import Inbox, inbox_of


@endpoint(
    "GET",
    "/api/v1/inbox",
    operation="getInbox",
    tag="Inbox",
    access=READ,
    answers={200: Answer(of=Inbox, means="What waits, the nearest deadline first; what has none stands at the end.")},
)
async def get_inbox(request: AnyRequest) -> Response[bytes]:
    """List what waits for you across all workloads, each with one action and the form that carries it out."""
    identity, workspace = current_identity(request), workspace_of(request)
    reading = parts_of(request).threads.reading
    return json_answer(await run_in(reading, inbox_of, workspace, identity.person, identity.roles))
