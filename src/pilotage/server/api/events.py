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
from pilotage.server.parts import parts_of

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

    An event `record` says that a workload has new entries in the ledger, `traffic` (once a second at most) that
    calls or outcomes came in. The data is `{"workload": …, "position": …}`.
    """
    return event_stream(_events(parts_of(request).changes))


async def _events(changes: Changes) -> AsyncIterator[bytes]:
    yield b": watching\n\n"
    async for change in changes.watch(HEARTBEAT_S):
        if change is None:
            yield b": alive\n\n"
        else:
            data = msgspec.json.encode({"workload": change.workload, "position": change.position})
            yield b"event: %b\ndata: %b\n\n" % (change.kind.encode(), data)
