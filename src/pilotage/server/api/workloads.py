"""Workloads as they stand: at a glance, gate by gate, as recorded, and as measured."""

from __future__ import annotations

from typing import Annotated

from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta, Struct

from pilotage.evidence.measurements import Measurements
from pilotage.record.workload import Workload
from pilotage.server.answering import json_answer, tagged_answer
from pilotage.server.asking import AnyRequest, query_of
from pilotage.server.auth.access import READ
from pilotage.server.description.endpoint import Answer, Header, endpoint
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.desk import Judgement
from pilotage.workflow.views import GateJson, WorkloadJson, gate_json, workload_json
from pilotage.workflow.workspace import Workspace

Cursor = Annotated[str, Meta(min_length=1, max_length=64, description="`next` of the page before")]
Limit = Annotated[int, Meta(ge=1, le=200, description="how many to a page")]
ETAG = {"ETag": "Changes with the record and with what is measured."}
IF_NONE_MATCH = Header(name="If-None-Match", means="The ETag of an earlier answer; 304 when nothing has changed.")
UNCHANGED = Answer(of=None, means="Nothing has changed since the ETag that was sent.")


class WorkloadPage(Struct, frozen=True, kw_only=True):
    """A page of workloads in the order of their names; `next` is null at the end."""

    items: tuple[WorkloadJson, ...]
    next: str | None


class PageQuery(Struct, frozen=True, kw_only=True):
    """Which page of workloads."""

    after: Cursor | None = None
    limit: Limit = 50


class EvidenceJson(Struct, frozen=True, kw_only=True):
    """Everything measured of a workload; null while no calls can be measured."""

    workload: str
    demonstration: bool
    measurements: Measurements | None


@endpoint(
    "GET",
    "/api/v1/workloads",
    operation="listWorkloads",
    tag="Workloads",
    access=READ,
    query=PageQuery,
    answers={200: Answer(of=WorkloadPage, means="A page of workloads.")},
)
async def list_workloads(request: AnyRequest) -> Response[bytes]:
    """List the workloads as they stand."""
    query = query_of(request, PageQuery)
    return json_answer(await run_in(parts_of(request).threads.reading, _page, workspace_of(request), query))


def _page(workspace: Workspace, query: PageQuery) -> WorkloadPage:
    slugs = sorted(workload.slug for workload in workspace.desk.all() if workload.slug > (query.after or ""))
    shown, now = slugs[: query.limit], workspace.clock.now()
    items = tuple(workload_json(workspace.desk.judge(slug), now) for slug in shown)
    return WorkloadPage(items=items, next=shown[-1] if len(slugs) > len(shown) else None)


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}",
    operation="getWorkload",
    tag="Workloads",
    access=READ,
    headers=(IF_NONE_MATCH,),
    answers={200: Answer(of=WorkloadJson, means="The workload.", headers=ETAG), 304: UNCHANGED},
    refusals=(404,),
)
async def get_workload(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Show a workload at a glance: phase, exposure, gate, target and stalls."""
    judgement = await judged(request, slug)
    return tagged_answer(
        request, workload_json(judgement, workspace_of(request).clock.now()), judgement.workload.position
    )


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}/gates",
    operation="getGates",
    tag="Workloads",
    access=READ,
    answers={200: Answer(of=tuple[GateJson, ...], means="The gates in the order of the playbook.")},
    refusals=(404,),
)
async def get_gates(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Show every gate of a workload with its verdicts."""
    judgement = await judged(request, slug)
    return json_answer([gate_json(judgement, phase.id) for phase in judgement.playbook.phases])


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}/record",
    operation="getRecord",
    tag="Workloads",
    access=READ,
    headers=(IF_NONE_MATCH,),
    answers={200: Answer(of=Workload, means="The record.", headers=ETAG), 304: UNCHANGED},
    refusals=(404,),
)
async def get_record(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Show everything that the record knows of a workload: the fold of its facts."""
    workload = await run_in(parts_of(request).threads.reading, workspace_of(request).desk.load, slug)
    return tagged_answer(request, workload, workload.position)


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}/evidence",
    operation="getEvidence",
    tag="Workloads",
    access=READ,
    headers=(IF_NONE_MATCH,),
    answers={200: Answer(of=EvidenceJson, means="The measurements.", headers=ETAG), 304: UNCHANGED},
    refusals=(404,),
)
async def get_evidence(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Show everything measured of a workload, each figure with its interval and what it rests on."""
    judgement = await judged(request, slug)
    workload = judgement.workload
    shown = EvidenceJson(workload=slug, demonstration=workload.demonstration, measurements=judgement.measurements)
    return tagged_answer(request, shown, workload.position)


async def judged(request: AnyRequest, slug: str) -> Judgement:
    """The judgement of this moment. Raises `UnknownWorkload`."""
    return await run_in(parts_of(request).threads.reading, workspace_of(request).desk.judge, slug)
