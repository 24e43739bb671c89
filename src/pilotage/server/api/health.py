"""Is it alive, is it ready, and what does it count."""

from __future__ import annotations

from litestar.response import Response
from msgspec import Struct

from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import PUBLIC, READ
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.metering import CONTENT_TYPE
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in


class HealthJson(Struct, frozen=True, kw_only=True):
    """How it is."""

    status: str


@endpoint(
    "GET",
    "/healthz",
    operation="isAlive",
    tag="Health",
    access=PUBLIC,
    answers={200: Answer(of=HealthJson, means="The process answers.")},
)
async def is_alive(request: AnyRequest) -> Response[bytes]:  # noqa: ARG001 - the framework's signature
    """Say that the process is alive."""
    return json_answer(HealthJson(status="alive"))


@endpoint(
    "GET",
    "/readyz",
    operation="isReady",
    tag="Health",
    access=PUBLIC,
    answers={200: Answer(of=HealthJson, means="The stores answer.")},
)
async def is_ready(request: AnyRequest) -> Response[bytes]:
    """Say whether requests can be served: the ledger answers."""
    await run_in(parts_of(request).threads.prompt, workspace_of(request).ledger.position)
    return json_answer(HealthJson(status="ready"))


@endpoint(
    "GET",
    "/metrics",
    operation="getMetrics",
    tag="Health",
    access=READ,
    answers={200: Answer(of=None, means="The meters in the text format of Prometheus.", media=("text/plain",))},
)
async def get_metrics(request: AnyRequest) -> Response[bytes]:
    """Show what the server counts of itself, for Prometheus."""
    return Response(parts_of(request).meters.text(), media_type=CONTENT_TYPE)
