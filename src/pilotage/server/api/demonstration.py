"""The simulated clock of a demonstration, which exists nowhere else."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from litestar.response import Response
from msgspec import Meta, Struct

from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest, body_of
from pilotage.server.auth.access import ADMIN
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.problems import not_found
from pilotage.server.threads import run_in


class ClockJson(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The simulated time. It only moves forward, and decides neither leases nor sign-in sessions."""

    now: Annotated[dt.datetime, Meta(tz=True)]


@endpoint(
    "POST",
    "/api/v1/demonstration/clock",
    operation="advanceClock",
    tag="Demonstration",
    access=ADMIN,
    body=ClockJson,
    body_example=ClockJson(now=dt.datetime(2013, 7, 1, 6, 0, tzinfo=dt.UTC)),
    answers={200: Answer(of=ClockJson, means="The time as it is now.")},
    refusals=(404, 409, 422),
)
async def advance_clock(request: AnyRequest) -> Response[bytes]:
    """Move a demonstration's simulated time forward. There is no such clock elsewhere.

    The answer comes when the watch has gone its round and every lease says what holds at that time.
    """
    asked = await body_of(request, ClockJson)
    parts, workspace = parts_of(request), workspace_of(request)
    if workspace.advance_clock is None:
        raise not_found("Only a demonstration has a simulated clock.")
    await run_in(parts.threads.deciding, workspace.advance_clock, asked.now)
    await parts.rounds.go()
    await parts.hub.judge_all()
    return json_answer(ClockJson(now=workspace.clock.now()))
