"""Leases for runtimes, once or as a stream, and the runtimes that said hello."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta, Struct

from pilotage.lease import ReleaseRef
from pilotage.server.answering import event_stream, json_answer
from pilotage.server.asking import AnyRequest, body_of, query_of
from pilotage.server.auth.access import READ, RECORD
from pilotage.server.auth.guard import while_allowed
from pilotage.server.description.endpoint import EVENT_STREAM, JSON, Answer, endpoint
from pilotage.server.description.examples import DIGEST
from pilotage.server.leases.hub import LeaseAnswer
from pilotage.server.leases.runtimes import Hello, RuntimeSeen
from pilotage.server.parts import parts_of


class LeaseQuery(Struct, frozen=True, kw_only=True):
    """What the runtime has."""

    after: Annotated[int, Meta(ge=0, description="the highest serial seen; the current lease comes in any case")] = 0


class RuntimesJson(Struct, frozen=True, kw_only=True):
    """The runtimes of a workload that this server has heard of, the longest silent first."""

    workload: str
    runtimes: tuple[RuntimeSeen, ...]


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}/lease",
    operation="getLease",
    tag="Runtime",
    access=RECORD,
    query=LeaseQuery,
    answers={200: Answer(of=LeaseAnswer, means="The lease of this moment.", media=(JSON, EVENT_STREAM))},
    refusals=(409,),
)
async def get_lease(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """Hand out the signed lease that bounds a workload's runtime.

    With `Accept: text/event-stream` it is a stream: an event `lease` at once, another whenever the lease changes or
    is to be renewed, and a comment every five seconds. Each event's data is the JSON answer. A workload that nobody
    has proposed yet gets a lease that exposes nothing.
    """
    query_of(request, LeaseQuery)
    hub = parts_of(request).hub
    if EVENT_STREAM in request.headers.get("accept", ""):
        return event_stream(while_allowed(request, hub.watch(slug, await hub.first(slug))))
    current = await hub.current(slug)
    return json_answer(current.answer, headers={"Vary": "Accept"})


@endpoint(
    "POST",
    "/api/v1/workloads/{slug}/runtimes",
    operation="greet",
    tag="Runtime",
    access=RECORD,
    body=Hello,
    body_example=Hello(
        runtime="9f2c6b1ad0e44c7f", releases=(ReleaseRef(name="2026.11.2", digest=DIGEST),), sdk="0.1.0"
    ),
    answers={200: Answer(of=RuntimeSeen, means="The runtime as remembered.")},
)
async def greet(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Introduce a runtime and the releases that it holds. Kept in memory for a day."""
    hello = await body_of(request, Hello)
    now = dt.datetime.fromtimestamp(parts_of(request).workspace.clock.real(), dt.UTC)
    return json_answer(parts_of(request).runtimes.greet(slug, hello, now))


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}/runtimes",
    operation="listRuntimes",
    tag="Runtime",
    access=READ,
    answers={200: Answer(of=RuntimesJson, means="The runtimes.")},
)
async def list_runtimes(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """List the runtimes of a workload that said hello to this server."""
    return json_answer(RuntimesJson(workload=slug, runtimes=parts_of(request).runtimes.of(slug)))
