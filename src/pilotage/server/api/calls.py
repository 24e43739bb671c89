"""Calls as stored: found, shown in full, erased by unit, and removed by age."""

from __future__ import annotations

import datetime as dt
import logging
import re
from typing import Annotated, Literal

from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta, Struct, structs

from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest, body_of, query_of
from pilotage.server.auth.access import ADMIN, READ
from pilotage.server.auth.identity import current_identity
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.problems import field_problem, not_found
from pilotage.server.threads import run_in
from pilotage.storage.protocols import CallFilter, CallPage, StoredCall
from pilotage.workflow.pairs import compared_on

logger = logging.getLogger("pilotage.server")

Instant = Annotated[dt.datetime, Meta(tz=True)]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
UNIT_CHARACTERS_MAX = 200
_CALL_ID = re.compile(r"[0-9a-f]{32}")


class CallQuery(Struct, frozen=True, kw_only=True):
    """Which calls to list; every filter narrows."""

    since: Annotated[Instant | None, Meta(description="from this time on")] = None
    until: Annotated[Instant | None, Meta(description="before this time")] = None
    unit: Annotated[Text | None, Meta(description="the unit's pseudonym")] = None
    arm: Annotated[Literal["incumbent", "candidate"] | None, Meta(description="which arm served")] = None
    stage: Annotated[Text | None, Meta(description="the stratum, such as `shadow/1`")] = None
    mode: Annotated[Literal["none", "shadow", "suggest", "live"] | None, Meta(description="the lease's mode")] = None
    disagree: Annotated[bool | None, Meta(description="whether the arms differ in what is compared")] = None
    failed: Annotated[bool | None, Meta(description="whether an arm failed")] = None
    fallback: Annotated[Text | None, Meta(description="why the incumbent answered instead")] = None
    source: Annotated[Literal["real", "replay", "synthetic"] | None, Meta(description="where it came from")] = None
    text: Annotated[Text | None, Meta(description="text in the input or an answer")] = None
    after: Annotated[
        Annotated[str, Meta(min_length=1, max_length=200)] | None, Meta(description="`next` of the page before")
    ] = None
    limit: Annotated[int, Meta(ge=1, le=200, description="how many to a page")] = 50


class Erased(Struct, frozen=True, kw_only=True):
    """How many calls were removed."""

    calls: int


class Retention(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Remove the calls made before a time; it has to lie in the past."""

    before: Instant


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}/calls",
    operation="listCalls",
    tag="Calls",
    access=READ,
    query=CallQuery,
    answers={200: Answer(of=CallPage, means="A page of calls, newest first.")},
    refusals=(422,),
)
async def list_calls(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """List a workload's calls, newest first, with what was learned about each."""
    query = query_of(request, CallQuery)
    asked = {name: getattr(query, name) for name in CallFilter.__struct_fields__ if name != "compared"}
    workspace = workspace_of(request)

    def work() -> CallPage:
        where = CallFilter(**asked)
        if query.disagree is not None:
            where = structs.replace(where, compared=compared_on(workspace.desk.find(slug)))
        return workspace.calls.search(slug, where, query.after, query.limit)

    return json_answer(await run_in(parts_of(request).threads.reading, work))


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}/calls/{call_id}",
    operation="getCall",
    tag="Calls",
    access=READ,
    answers={200: Answer(of=StoredCall, means="The call.")},
    refusals=(404,),
)
async def get_call(request: AnyRequest, slug: FromPath[str], call_id: FromPath[str]) -> Response[bytes]:
    """Show one call in full: both executions, timings, routing and outcomes."""
    stored = None
    if _CALL_ID.fullmatch(call_id):
        stored = await run_in(parts_of(request).threads.reading, workspace_of(request).calls.call, slug, call_id)
    if stored is None:
        raise not_found(f"No call {call_id} of {slug} is kept.")
    return json_answer(stored)


@endpoint(
    "DELETE",
    "/api/v1/workloads/{slug}/units/{unit}",
    operation="eraseUnit",
    tag="Calls",
    access=ADMIN,
    answers={200: Answer(of=Erased, means="How many calls were removed.")},
)
async def erase_unit(request: AnyRequest, slug: FromPath[str], unit: FromPath[str]) -> Response[bytes]:
    """Remove a unit's calls, outcomes and sums, everywhere.

    The unit is named by its pseudonym, as its calls show it. Erasing it again removes nothing and is no error.
    """
    if len(unit) > UNIT_CHARACTERS_MAX:
        raise field_problem(400, "invalid", "unit", f"A unit has at most {UNIT_CHARACTERS_MAX} characters.")
    workspace = workspace_of(request)
    removed = await run_in(parts_of(request).threads.reading, workspace.calls.erase_unit, slug, unit)
    workspace.measuring.forget(slug)
    logger.warning("%s erased a unit of %s: %d calls", current_identity(request).person, slug, removed)
    return json_answer(Erased(calls=removed))


@endpoint(
    "POST",
    "/api/v1/workloads/{slug}/retention",
    operation="retainCalls",
    tag="Calls",
    access=ADMIN,
    body=Retention,
    body_example=Retention(before=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
    answers={200: Answer(of=Erased, means="How many calls were removed.")},
    refusals=(422,),
)
async def retain_calls(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Remove a workload's calls made before a time; their share of the sums stays, sealed."""
    retention = await body_of(request, Retention)
    workspace = workspace_of(request)
    if retention.before > workspace.clock.now():
        raise field_problem(422, "not-past", "before", "Give a time in the past; only what is old can be removed.")
    removed = await run_in(parts_of(request).threads.reading, workspace.calls.retain, slug, retention.before)
    workspace.measuring.forget(slug)
    logger.warning("%s removed %d calls of %s by age", current_identity(request).person, removed, slug)
    return json_answer(Erased(calls=removed))
