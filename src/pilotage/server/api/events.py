"""Changes as they happen, for pages that stay up to date."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

import msgspec
from litestar.response import Stream

from pilotage.server.answering import event_stream
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.auth.guard import while_allowed
from pilotage.server.changes import Change
from pilotage.server.description.endpoint import EVENT_STREAM, Answer, endpoint
from pilotage.server.parts import parts_of
from pilotage.server.threads import run_in

HEARTBEAT_S = 15.0


@endpoint(
    "GET",
    "/api/v1/events",
    operation="watchChanges",
    tag="Workloads",
    access=READ,
    answers={200: Answer(of=None, means="The stream.", media=(EVENT_STREAM,))},
)
async def watch_changes(request: AnyRequest) -> Stream:
    """Stream what changes, as server-sent events.

    An event `begin` says how far the ledger is when one begins to listen, `record` that a workload has new entries
    in the ledger, `traffic` (once a second at most) that calls or outcomes came in. The data is
    `{"workload": …, "position": …}`; the first one names no workload.
    """
    parts = parts_of(request)
    # To listen first and to look then leaves no gap between the two.
    watched = parts.changes.watch(HEARTBEAT_S)
    position = await run_in(parts.threads.prompt, parts.workspace.ledger.position)
    return event_stream(while_allowed(request, _events(watched, position)))


async def _events(watched: AsyncIterator[Change | None], position: int) -> AsyncGenerator[bytes, None]:
    yield _event("begin", "", position)
    async for change in watched:
        yield b": alive\n\n" if change is None else _event(change.kind, change.workload, change.position)


def _event(kind: str, workload: str, position: int) -> bytes:
    data = msgspec.json.encode({"workload": workload, "position": position})
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)
