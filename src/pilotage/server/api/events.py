"""Changes as they happen, for pages that stay up to date."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from litestar.response import Stream

from pilotage.server.answering import event_stream
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.changes import Changes
from pilotage.server.description.endpoint import EVENT_STREAM, Answer, endpoint
from pilotage.server.parts import parts_of, workspace_of
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
    position = await run_in(parts_of(request).threads.prompt, workspace_of(request).ledger.position)
    return event_stream(_events(parts_of(request).changes, position))


async def _events(changes: Changes, position: int) -> AsyncIterator[bytes]:
    watched = changes.watch(HEARTBEAT_S)
    yield _event("begin", "", position)
    async for change in watched:
        yield b": alive\n\n" if change is None else _event(change.kind, change.workload, change.position)


def _event(kind: str, workload: str, position: int) -> bytes:
    data = msgspec.json.encode({"workload": workload, "position": position})
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)
