"""The reviews of a workload: where each stands, its questions, answers, proposals, findings and conclusion."""

from __future__ import annotations

from litestar.params import FromPath
from litestar.response import Response

from pilotage.server.answering import json_answer
from pilotage.server.api.workloads import judged
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.parts import workspace_of
from pilotage.workflow.reviews import ReviewsJson, reviews_json


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}/reviews",
    operation="getReviews",
    tag="Workloads",
    access=READ,
    answers={200: Answer(of=ReviewsJson, means="The reviews in the order of the playbook.")},
    refusals=(404,),
)
async def get_reviews(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Show the reviews of a workload, with what a conclusion would cover now."""
    judgement = await judged(request, slug)
    return json_answer(reviews_json(judgement, workspace_of(request).clock.now()))
