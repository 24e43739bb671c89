"""What users say of a workload, and the pair that somebody is to judge blind."""

from __future__ import annotations

from litestar.params import FromPath
from litestar.response import Response

from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.auth.identity import current_identity
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.blind_pairs import PairToJudge
from pilotage.workflow.feedback import FeedbackJson, feedback_json


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}/feedback",
    operation="getFeedback",
    tag="Workloads",
    access=READ,
    answers={200: Answer(of=FeedbackJson, means="Channel, what was said, talks, blind reviews, backlog, iterations.")},
    refusals=(404,),
)
async def get_feedback(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Show what users say of a workload, and what is made of it."""
    workspace = workspace_of(request)

    def work() -> FeedbackJson:
        return feedback_json(workspace, workspace.desk.judge(slug))

    return json_answer(await run_in(parts_of(request).threads.reading, work))


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}/blind-pair",
    operation="getBlindPair",
    tag="Workloads",
    access=READ,
    answers={200: Answer(of=PairToJudge, means="The pair, or why there is none.")},
    refusals=(404,),
)
async def get_blind_pair(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Show the pair that the caller is to judge now, without saying which arm gave which answer."""
    workspace, person = workspace_of(request), current_identity(request).person

    def work() -> PairToJudge:
        return workspace.pairs.next_for(workspace.desk.load(slug), person)

    return json_answer(await run_in(parts_of(request).threads.reading, work))
