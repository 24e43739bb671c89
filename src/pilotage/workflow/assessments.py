"""Assessments as the interface shows them: the open round with what is proposed, and every round that stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from pilotage.playbook.loading import load
from pilotage.playbook.types import Assessment, AssessmentQuestion, Named
from pilotage.record.assessing import (
    Assessing,
    AssessmentAnswered,
    Round,
    asked_digest,
    criterion_named,
    newest_of,
    scores_of,
)
from pilotage.record.stamps import Stamp, Standing
from pilotage.workflow.assessment_proposals import OrganisationProposal, proposal_of
from pilotage.workflow.desk import STANDARD, Judgement
from pilotage.workflow.errors import UnknownAssessment
from pilotage.workflow.portfolio_report import PortfolioFigures, figures_of, portfolio_figures
from pilotage.workflow.workspace import Workspace

READINESS = "organisation-readiness"
HIGHEST = 5


class ShownJson(Struct, frozen=True, kw_only=True):
    """What shows an answer: a criterion of a workload with its verdict of now, or a reference in free words."""

    said: str
    workload: str | None = None
    criterion: str | None = None
    verdict: str | None = None


class LevelJson(Struct, frozen=True, kw_only=True):
    """An answer: its level, what makes somebody say so, and what shows it."""

    level: int
    statement: str
    evidence: tuple[ShownJson, ...]
    given: Stamp


class AssessmentQuestionJson(Struct, frozen=True, kw_only=True):
    """A question with the open round's answer, the last round's, and what the product proposes, which answers nothing.

    `as_proposed` says whether the level is the one proposed; null without both.
    """

    id: str
    dimension: str
    text: str
    levels: tuple[str, ...]
    next: tuple[str, ...]
    frameworks: tuple[str, ...]
    answer: LevelJson | None
    before: LevelJson | None
    proposal: OrganisationProposal | None
    as_proposed: bool | None


class NeedJson(Struct, frozen=True, kw_only=True):
    """A question's level where one stands, what that looks like, and what the next level needs."""

    question: str
    text: str
    level: int
    looks: str
    needs: str


class DimensionJson(Struct, frozen=True, kw_only=True):
    """A dimension: its score where one stands and in the round before, and what its lowest questions need next."""

    id: str
    title: str
    purpose: str
    score: float | None
    before: float | None
    needs: tuple[NeedJson, ...]


class RoundJson(Struct, frozen=True, kw_only=True):
    """A round that stands. `same_questions`: it asked what is asked now, so that its scores compare."""

    round: int
    overall: float
    scores: dict[str, float]
    levels: dict[str, int]
    statement: str
    answered_by: tuple[str, ...]
    same_questions: bool
    concluded: Stamp
    answers: dict[str, LevelJson]


class AssessmentSummary(Struct, frozen=True, kw_only=True):
    """An assessment at a glance. `score` and `weakest` are those of the last round, `is_old`: too long ago to count."""

    id: str
    title: str
    purpose: str
    asked: int
    round: int
    answered: int
    rounds: int
    score: float | None
    before: float | None
    weakest: str
    weakest_score: float | None
    concluded: Stamp | None
    days: int | None
    valid_days: int
    is_old: bool
    next: str


class AssessmentsJson(Struct, frozen=True, kw_only=True):
    """Every assessment of the organisation."""

    assessments: tuple[AssessmentSummary, ...]


class AssessmentJson(Struct, frozen=True, kw_only=True):
    """One assessment. `stands`: the round that says where the organisation is, null before one is concluded; the
    dimensions are then those of the open round. `base` is the newest answer's ledger position, to conclude on.
    """

    summary: AssessmentSummary
    stands: int | None
    base: int
    unanswered: tuple[str, ...]
    open_scores: dict[str, float]
    open_overall: float | None
    dimensions: tuple[DimensionJson, ...]
    questions: tuple[AssessmentQuestionJson, ...]
    rounds: tuple[RoundJson, ...]


class ReadinessJson(Struct, frozen=True, kw_only=True):
    """The organisation's readiness as choosing a problem should know it. `caution` says what is lacking, or nothing."""

    assessment: str
    title: str
    score: float | None
    concluded: Stamp | None
    days: int | None
    weakest: str
    weakest_score: float | None
    caution: str


def assessments_of(workspace: Workspace) -> AssessmentsJson:
    """Every assessment of a workspace at a glance."""
    state, now = workspace.desk.organisation().assessing, workspace.clock.now()
    return AssessmentsJson(assessments=tuple(_summary(one, state, now) for one in load(STANDARD).assessments))


def rounds_of(workspace: Workspace, assessment_id: str) -> tuple[Assessment, tuple[Round, ...]]:
    """What an assessment asks, and its rounds that stand; no workload is judged for it. Raises `UnknownAssessment`."""
    asked = _asked(assessment_id)
    return asked, workspace.desk.organisation().assessing.concluded(assessment_id)


def _asked(assessment_id: str) -> Assessment:
    known = load(STANDARD).assessments
    asked = next((one for one in known if one.id == assessment_id), None)
    if asked is None:
        raise UnknownAssessment(assessment_id, (one.id for one in known))
    return asked


def assessment_of(workspace: Workspace, assessment_id: str) -> AssessmentJson:
    """One assessment of a workspace in full. Raises `UnknownAssessment`."""
    playbook, now, asked = load(STANDARD), workspace.clock.now(), _asked(assessment_id)
    judgements = workspace.desk.judge_all()
    figures = portfolio_figures([figures_of(one, now) for one in judgements], playbook.phases)
    return assessment_json(asked, workspace.desk.organisation().assessing, judgements, figures, now)


def assessment_json(
    asked: Assessment, state: Assessing, judgements: Sequence[Judgement], figures: PortfolioFigures, now: dt.datetime
) -> AssessmentJson:
    """An assessment at a moment, with what the workloads show of it."""
    answers, rounds = state.answers(asked.id), state.concluded(asked.id)
    known = {one.workload.slug: one for one in judgements}
    given = {question: standing.fact.level for question, standing in answers.items()}
    now_scores = scores_of(asked, given)
    last = rounds[-1] if rounds else None
    levels, scores = (
        (last.concluded.fact.levels, last.concluded.fact.scores) if last else (given, now_scores.dimensions)
    )
    before = rounds[-2].concluded.fact.scores if len(rounds) > 1 else {}
    return AssessmentJson(
        summary=_summary(asked, state, now),
        stands=last.concluded.fact.round if last else None,
        base=newest_of(answers),
        unanswered=tuple(one.id for one in asked.questions if one.id not in answers),
        open_scores=now_scores.dimensions,
        open_overall=now_scores.overall,
        dimensions=tuple(_dimension(asked, one, levels, scores, before) for one in asked.dimensions),
        questions=tuple(
            _question(
                one,
                answers.get(one.id),
                last.answers.get(one.id) if last else None,
                proposal_of(one, judgements, figures),
                known,
            )
            for one in asked.questions
        ),
        rounds=tuple(_round(asked, one, known) for one in rounds),
    )


def readiness_of(workspace: Workspace) -> ReadinessJson | None:
    """How ready the organisation said it is; None where the playbook does not ask."""
    asked = load(STANDARD).assessment(READINESS)
    if asked is None:
        return None
    return readiness_json(asked, workspace.desk.organisation().assessing, workspace.clock.now())


def readiness_json(asked: Assessment, state: Assessing, now: dt.datetime) -> ReadinessJson:
    """The last round of an assessment as choosing should know it, and what is to be said of it."""
    found = _summary(asked, state, now)
    caution = ""
    if found.score is None:
        caution = "It was never assessed. Do it before you choose: a good problem stalls where nobody can carry it."
    elif found.is_old:
        caution = f"It was last assessed {found.days} days ago, and counts for {asked.valid_days}: assess it again."
    return ReadinessJson(
        assessment=asked.id,
        title=asked.title,
        score=found.score,
        concluded=found.concluded,
        days=found.days,
        weakest=found.weakest,
        weakest_score=found.weakest_score,
        caution=caution,
    )


def _summary(asked: Assessment, state: Assessing, now: dt.datetime) -> AssessmentSummary:
    rounds, answers = state.concluded(asked.id), state.answers(asked.id)
    last = rounds[-1] if rounds else None
    answered = sum(one.id in answers for one in asked.questions)
    weakest, lowest = _weakest(asked, last.concluded.fact.scores if last else {})
    is_old = last is not None and last.is_old(now, asked.valid_days)
    return AssessmentSummary(
        id=asked.id,
        title=asked.title,
        purpose=asked.purpose,
        asked=len(asked.questions),
        round=state.number(asked.id),
        answered=answered,
        rounds=len(rounds),
        score=last.concluded.fact.overall if last else None,
        before=rounds[-2].concluded.fact.overall if len(rounds) > 1 else None,
        weakest=weakest,
        weakest_score=lowest,
        concluded=last.concluded.stamp if last else None,
        days=(now - last.at).days if last else None,
        valid_days=asked.valid_days,
        is_old=is_old,
        next=_next(asked, answered, last, is_old=is_old),
    )


def _weakest(asked: Assessment, scores: Mapping[str, float]) -> tuple[str, float | None]:
    """The dimension with the lowest score, the first of several; nothing before there are scores."""
    known = [(scores[one.id], one.title) for one in asked.dimensions if one.id in scores]
    if not known:
        return "", None
    lowest, title = min(known, key=lambda one: one[0])
    return title, lowest


def _next(asked: Assessment, answered: int, last: Round | None, *, is_old: bool) -> str:
    left = len(asked.questions) - answered
    if answered and left:
        return f"{left} of {len(asked.questions)} questions wait for an answer."
    if answered:
        return "Every question is answered: conclude the round."
    if last is None:
        return "Answer the first question, which opens a round."
    return (
        f"It is older than {asked.valid_days} days: answer it again."
        if is_old
        else "Work on what the next level needs."
    )


def _dimension(
    asked: Assessment,
    dimension: Named,
    levels: Mapping[str, int],
    scores: Mapping[str, float],
    before: Mapping[str, float],
) -> DimensionJson:
    given = {one.id: levels[one.id] for one in asked.questions_of(dimension.id) if one.id in levels}
    lowest = min(given.values(), default=HIGHEST)
    return DimensionJson(
        id=dimension.id,
        title=dimension.title,
        purpose=dimension.purpose,
        score=scores.get(dimension.id),
        before=before.get(dimension.id),
        needs=tuple(_needs(asked.questions_of(dimension.id), given, lowest)),
    )


def _needs(questions: Iterable[AssessmentQuestion], given: Mapping[str, int], lowest: int) -> Iterator[NeedJson]:
    """What the questions with the lowest level need; nothing where all are at the highest."""
    for one in questions:
        level = given.get(one.id)
        if level is not None and level == lowest and level < HIGHEST:
            yield NeedJson(
                question=one.id, text=one.text, level=level, looks=one.levels[level - 1], needs=one.next[level - 1]
            )


def _question(
    asked: AssessmentQuestion,
    answer: Standing[AssessmentAnswered] | None,
    before: Standing[AssessmentAnswered] | None,
    proposed: OrganisationProposal | None,
    known: Mapping[str, Judgement],
) -> AssessmentQuestionJson:
    level = proposed.level if proposed else None
    return AssessmentQuestionJson(
        id=asked.id,
        dimension=asked.dimension,
        text=asked.text,
        levels=asked.levels,
        next=asked.next,
        frameworks=asked.frameworks,
        answer=_level(answer, known) if answer else None,
        before=_level(before, known) if before else None,
        proposal=proposed,
        as_proposed=answer.fact.level == level if answer and level is not None else None,
    )


def _level(standing: Standing[AssessmentAnswered], known: Mapping[str, Judgement]) -> LevelJson:
    fact = standing.fact
    shown = tuple(_shown(one, known) for one in fact.evidence)
    return LevelJson(level=fact.level, statement=fact.statement, evidence=shown, given=standing.stamp)


def _shown(evidence: str, known: Mapping[str, Judgement]) -> ShownJson:
    named = criterion_named(evidence)
    judgement = known.get(named[0]) if named else None
    if named is None or judgement is None:
        return ShownJson(said=evidence)
    verdict = judgement.verdicts.get(named[1])
    return ShownJson(
        said=evidence, workload=named[0], criterion=named[1], verdict=verdict.verdict if verdict is not None else None
    )


def _round(asked: Assessment, one: Round, known: Mapping[str, Judgement]) -> RoundJson:
    fact = one.concluded.fact
    return RoundJson(
        round=fact.round,
        overall=fact.overall,
        scores=fact.scores,
        levels=fact.levels,
        statement=fact.statement,
        answered_by=fact.answered_by,
        same_questions=fact.asked == asked_digest(asked),
        concluded=one.concluded.stamp,
        answers={question: _level(standing, known) for question, standing in one.answers.items()},
    )
