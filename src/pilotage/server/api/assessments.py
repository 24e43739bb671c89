"""Assessments of the organisation: rounds, scores, and what the workspace shows of each question."""

from __future__ import annotations

from litestar.params import FromPath
from litestar.response import Response

from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.assessments import AssessmentJson, AssessmentsJson, assessment_of, assessments_of


@endpoint(
    "GET",
    "/api/v1/assessments",
    operation="listAssessments",
    tag="Organisation",
    access=READ,
    answers={200: Answer(of=AssessmentsJson, means="Every assessment with its last score.")},
)
async def list_assessments(request: AnyRequest) -> Response[bytes]:
    """List the assessments of the organisation: where each stands, and how long ago it was concluded."""
    return json_answer(await run_in(parts_of(request).threads.reading, assessments_of, workspace_of(request)))


@endpoint(
    "GET",
    "/api/v1/assessments/{assessment}",
    operation="getAssessment",
    tag="Organisation",
    access=READ,
    answers={200: Answer(of=AssessmentJson, means="The assessment: the open round, and every one that stands.")},
    refusals=(404,),
)
async def get_assessment(request: AnyRequest, assessment: FromPath[str]) -> Response[bytes]:
    """Show an assessment: questions with answers and proposals, scores by dimension, what the next level needs."""
    return json_answer(
        await run_in(parts_of(request).threads.reading, assessment_of, workspace_of(request), assessment)
    )
