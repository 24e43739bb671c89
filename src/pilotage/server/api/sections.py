"""One endpoint per section of the evidence, made from the sections' own types."""

from __future__ import annotations

from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct

from pilotage.server.answering import tagged_answer
from pilotage.server.api.workloads import ETAG, IF_NONE_MATCH, UNCHANGED
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.resting import whole, whole_of
from pilotage.workflow.section import Section
from pilotage.workflow.sections import SECTIONS


def _section_endpoint(section: Section) -> HTTPRouteHandler:
    named = "".join(word.capitalize() for word in section.id.split("-"))

    @endpoint(
        "GET",
        f"/api/v1/workloads/{{slug}}/evidence/{section.id}",
        operation=f"getEvidence{named}",
        tag="Evidence",
        access=READ,
        summary=f"{section.title}: {section.question}",
        headers=(IF_NONE_MATCH,),
        answers={200: Answer(of=whole_of(section.of), means="The section.", headers=ETAG), 304: UNCHANGED},
        refusals=(404,),
    )
    async def get_section(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
        workspace = workspace_of(request)

        def work() -> tuple[Struct, int]:
            judgement = workspace.desk.judge(slug)
            return whole(section, workspace, judgement), judgement.workload.position

        found, position = await run_in(parts_of(request).threads.reading, work)
        return tagged_answer(request, found, position)

    return get_section


SECTION_ENDPOINTS = [_section_endpoint(section) for section in SECTIONS.values()]
