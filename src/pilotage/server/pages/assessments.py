"""Assessments: can this organisation carry it? Rounds about the organisation, their scores, and what comes next.

Not the page that looks at a workload's past answers: that one is `assessing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct, structs

from pilotage.record.assessing import AnswerAssessment, AssessmentConcluded, ConcludeAssessment
from pilotage.record.errors import Problem, Refused
from pilotage.record.organisation import ORGANISATION_PERMITTED, OrganisationCommand
from pilotage.record.stamps import Standing
from pilotage.reports.charts.scores import OVERALL, ScorePoint, ScoresData
from pilotage.server.asking import AnyRequest, query_of
from pilotage.server.auth.access import COMMAND, READ
from pilotage.server.auth.identity import Identity, current_identity
from pilotage.server.carrying_out import carry_out_for_organisation
from pilotage.server.pages.charting import Link, chart_answer, link_of
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.forms import (
    Field,
    Option,
    Typed,
    as_typed,
    converted,
    fields_of,
    read,
    typed_of,
    with_choices,
    with_hidden,
)
from pilotage.server.pages.frame import Frame, Shown, page
from pilotage.server.pages.giving import Filled, Problems, overtaken_in, recorded
from pilotage.server.pages.rendering import see
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.problems import HttpProblem, not_found, problem_of
from pilotage.server.threads import run_in
from pilotage.storage.errors import StorageError
from pilotage.workflow.assessments import (
    AssessmentJson,
    AssessmentQuestionJson,
    assessment_of,
    assessments_of,
    rounds_of,
)
from pilotage.workflow.desk import Receipt
from pilotage.workflow.errors import Overtaken
from pilotage.workflow.workspace import Workspace

EVIDENCE_MOST = 20
COLUMNS = ("round", "concluded", "concluded by", "answered by", "what", "id", "score or level")
HERE = "assessments"
LABELS = {
    "level": "Which level fits?",
    "statement": "What makes you say so?",
    "evidence": "What shows it?",
}
HINTS = {
    "statement": "So that somebody who was not there understands it.",
    "evidence": "A criterion, such as ticket-triage/select.owner, or where to look. Needed from level 4 on.",
}


class AssessmentQuery(Struct, frozen=True, kw_only=True):
    """What was just written, as the address says."""

    recorded: str = ""


def may_give(identity: Identity, command: str) -> bool:
    """Whether somebody may give a command about the organisation."""
    everywhere = "command" in identity.scopes and identity.workload is None
    return everywhere and bool(ORGANISATION_PERMITTED[command] & identity.roles)


def scores_data(workspace: Workspace, assessment: str) -> ScoresData | None:
    """The scores of every round that stands; None before the first."""
    asked, rounds = rounds_of(workspace, assessment)
    titles = {dimension.id: dimension.title for dimension in asked.dimensions}
    points = tuple(
        ScorePoint(round=fact.round, day=one.at.date(), series=series, score=score)
        for one in rounds
        for fact in (one.concluded.fact,)
        for series, score in (
            *((titles.get(dimension, dimension), score) for dimension, score in fact.scores.items()),
            (OVERALL, fact.overall),
        )
    )
    return ScoresData(title=asked.title, points=points) if points else None


def _chart(workspace: Workspace, assessment: str) -> Link | None:
    data = scores_data(workspace, assessment)
    return None if data is None else link_of(f"/assessments/{assessment}/charts/scores", data)


@get("/assessments", opt={"access": READ}, include_in_schema=False)
async def show_assessments(request: AnyRequest) -> Response[bytes]:
    """Every assessment at a glance."""

    def build(workspace: Workspace, _frame: Frame) -> Shown:
        found = assessments_of(workspace).assessments
        content = {"found": found, "charts": {one.id: _chart(workspace, one.id) for one in found}}
        return {"title": "Organisation", "here": HERE}, content

    return await page(request, "assessments.html", build)


@get("/assessments/{assessment:str}", opt={"access": READ}, include_in_schema=False)
async def show_assessment(request: AnyRequest, assessment: FromPath[str]) -> Response[bytes]:
    """One assessment: where the organisation stands, what the next level needs, and the open round."""
    query, identity = query_of(request, AssessmentQuery), current_identity(request)

    def build(workspace: Workspace, _frame: Frame) -> Shown:
        found = assessment_of(workspace, assessment)
        content = {
            "one": found,
            "chart": _chart(workspace, assessment),
            "recorded": [part for part in query.recorded.split("-") if part.isdigit()],
            "may_answer": may_give(identity, "answer_assessment"),
            "may_conclude": may_give(identity, "conclude_assessment"),
            "taken_over": {one.id: _taken_over(one) for one in found.questions},
        }
        return {"title": found.summary.title, "here": HERE}, content

    return await page(request, "questionnaire.html", build)


def _taken_over(question: AssessmentQuestionJson) -> str:
    """A proposal as the address of the form fills it in: its level, and the criteria that are met."""
    found = question.proposal
    if found is None or found.level is None:
        return ""
    shown = [f"{one.workload}/{one.criterion}" for one in found.rests_on if one.verdict == "met"]
    return urlencode({"level": found.level, "evidence": "\n".join(shown[:EVIDENCE_MOST])})


@get("/assessments/{assessment:str}/rounds.csv", opt={"access": READ}, include_in_schema=False)
async def export_rounds(request: AnyRequest, assessment: FromPath[str]) -> Response[bytes]:
    """Every round that stands as a table: overall, by dimension, by question."""
    reading = parts_of(request).threads.reading
    _, rounds = await run_in(reading, rounds_of, workspace_of(request), assessment)
    return csv_answer(assessment, csv_of(COLUMNS, (row for one in rounds for row in _rows(one.concluded))))


def _rows(concluded: Standing[AssessmentConcluded]) -> list[tuple[Cell, ...]]:
    fact, stamp = concluded.fact, concluded.stamp
    stands = (fact.round, stamp.at, stamp.by, " ".join(fact.answered_by))
    return [
        (*stands, "overall", "", fact.overall),
        *((*stands, "dimension", dimension, score) for dimension, score in fact.scores.items()),
        *((*stands, "question", question, level) for question, level in fact.levels.items()),
    ]


@get("/assessments/{assessment:str}/charts/{name:str}", opt={"access": READ}, include_in_schema=False)
async def show_scores(request: AnyRequest, assessment: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """The scores as a picture, as its specification or as data."""

    def found(stem: str) -> ScoresData | None:
        return scores_data(workspace_of(request), assessment) if stem == "scores" else None

    return await chart_answer(request, name, f"{assessment}-", found)


def answer_fields(question: AssessmentQuestionJson, base: str) -> tuple[Field, ...]:
    """The fields of an answer: the levels with their sentences, the reason, and what shows it."""
    levels = [Option(value=str(level), label=f"{level}: {text}") for level, text in enumerate(question.levels, start=1)]
    fields = fields_of(AnswerAssessment, leave_out={"assessment", "question"})
    return _labelled(with_hidden(with_choices(fields, {"level": levels}), {"base": base}))


def conclusion_fields(base: str) -> tuple[Field, ...]:
    """The fields of a conclusion, on the answers that were read."""
    fields = with_hidden(fields_of(ConcludeAssessment, leave_out={"assessment"}), {"base": base})
    return tuple(
        structs.replace(one, label="What does it come to?") if one.name == "statement" else one for one in fields
    )


def _labelled(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(
        structs.replace(field, label=LABELS.get(field.name, field.label), hint=HINTS.get(field.name, field.hint))
        for field in fields
    )


def _question(found: AssessmentJson, name: str) -> AssessmentQuestionJson:
    one = next((question for question in found.questions if question.id == name), None)
    if one is None:
        raise not_found(f"{found.summary.title} asks no {name}.")
    return one


def _standing(question: AssessmentQuestionJson) -> dict[str, str]:
    """What stands in the open round, as it would be typed."""
    answer = question.answer
    if answer is None:
        return {"base": "0"}
    return {
        "level": as_typed(answer.level),
        "statement": answer.statement,
        "evidence": as_typed([one.said for one in answer.evidence]),
        "base": as_typed(answer.given.position),
    }


async def _answer_form(
    request: AnyRequest,
    assessment: str,
    name: str,
    typed: Typed,
    *,
    problems: Problems = (),
    status: int = HTTPStatus.OK,
) -> Response[bytes]:
    def build(workspace: Workspace, _frame: Frame) -> Shown:
        found = assessment_of(workspace, assessment)
        question = _question(found, name)
        shown = _filled(typed, _standing(question), problems, sent=request.method == "POST")
        fields = answer_fields(question, shown["base"])
        form = Filled(fields=fields, typed=shown, problems=problems, sent=request.method == "POST")
        content = {"one": found, "question": question, "form": form, "taken_over": _taken_over(question)}
        return {"title": f"{found.summary.title}: {name}", "here": HERE}, content

    return await page(request, "assessment_answer.html", build, status)


def _filled(typed: Typed, standing: Mapping[str, str], problems: Problems, *, sent: bool) -> dict[str, str]:
    """What stands is filled in to be edited. Whoever was overtaken keeps what they typed, and saves on top of what
    stands now.
    """
    if not sent:
        return {**standing, **typed}
    return {**typed, "base": standing["base"]} if overtaken_in(problems) else {"base": standing["base"], **typed}


@get("/assessments/{assessment:str}/answer/{question:str}", opt={"access": READ}, include_in_schema=False)
async def show_answer_form(request: AnyRequest, assessment: FromPath[str], question: FromPath[str]) -> Response[bytes]:
    """The form for an answer; the address may fill fields in."""
    return await _answer_form(request, assessment, question, dict(request.query_params))


@post(
    "/assessments/{assessment:str}/answer/{question:str}",
    opt={"access": COMMAND},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
)
async def take_answer(request: AnyRequest, assessment: FromPath[str], question: FromPath[str]) -> Response[Any]:
    """Answer the question, or show the form again with everything that is wrong."""
    typed = typed_of((await request.form()).multi_items())
    reading = parts_of(request).threads.reading
    asked = _question(await run_in(reading, assessment_of, workspace_of(request), assessment), question)
    named = {"assessment": assessment, "question": question}
    outcome = await _given(request, answer_fields(asked, ""), typed, lambda v: converted(v | named, AnswerAssessment))
    if isinstance(outcome, Receipt):
        return see(f"{recorded(f'/assessments/{assessment}', outcome)}#{question}")
    problems, status = outcome
    return await _answer_form(request, assessment, question, typed, problems=problems, status=status)


async def _conclusion_form(
    request: AnyRequest, assessment: str, typed: Typed, problems: Problems = (), status: int = HTTPStatus.OK
) -> Response[bytes]:
    def build(workspace: Workspace, _frame: Frame) -> Shown:
        found = assessment_of(workspace, assessment)
        shown = _filled(typed, {"base": as_typed(found.base)}, problems, sent=request.method == "POST")
        form = Filled(
            fields=conclusion_fields(shown["base"]), typed=shown, problems=problems, sent=request.method == "POST"
        )
        return {"title": f"Conclude {found.summary.title}", "here": HERE}, {"one": found, "form": form}

    return await page(request, "assessment_conclude.html", build, status)


@get("/assessments/{assessment:str}/conclude", opt={"access": READ}, include_in_schema=False)
async def show_conclusion_form(request: AnyRequest, assessment: FromPath[str]) -> Response[bytes]:
    """The form that concludes the open round, beside what it would come to."""
    return await _conclusion_form(request, assessment, dict(request.query_params))


@post("/assessments/{assessment:str}/conclude", opt={"access": COMMAND}, include_in_schema=False, status_code=200)
async def take_conclusion(request: AnyRequest, assessment: FromPath[str]) -> Response[Any]:
    """Conclude the round, or show the form again with everything that is wrong."""
    typed, named = typed_of((await request.form()).multi_items()), {"assessment": assessment}
    outcome = await _given(request, conclusion_fields(""), typed, lambda v: converted(v | named, ConcludeAssessment))
    if isinstance(outcome, Receipt):
        return see(recorded(f"/assessments/{assessment}", outcome))
    problems, status = outcome
    return await _conclusion_form(request, assessment, typed, problems, status)


async def _given(
    request: AnyRequest, fields: tuple[Field, ...], typed: Typed, make: Callable[[dict[str, Any]], OrganisationCommand]
) -> Receipt | tuple[Problems, int]:
    """Give the command that a form asks for, or say why not: every problem, and the status to answer with."""
    reading = read(fields, typed)
    if reading.problems:
        return reading.problems, HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        return await carry_out_for_organisation(request, make(reading.values))
    except Refused as refusal:
        return refusal.problems, problem_of(refusal).status
    except (HttpProblem, Overtaken, StorageError) as refusal:
        problem = problem_of(refusal)
        return (Problem(code=problem.code, field="", message=problem.detail),), problem.status


handlers = [
    show_assessments,
    show_assessment,
    export_rounds,
    show_scores,
    show_answer_form,
    take_answer,
    show_conclusion_form,
    take_conclusion,
]
