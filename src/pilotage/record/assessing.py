"""Assessments: questionnaires about the organisation, answered and concluded in rounds. Pure.

They belong to no workload: their facts stand in the organisation's own stream (`organisation`). A round is open from
its first answer to its conclusion. While it is open an answer may be replaced; once it is concluded it stands, with the
scores that its answers came to.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Annotated, Protocol

from msgspec import Meta, Struct, structs

from pilotage.playbook.types import Assessment, Playbook
from pilotage.record.areas.area import OVERTAKEN, overtaken
from pilotage.record.digests import digest_of
from pilotage.record.errors import Problem, Refused
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.texts import Base, Label, Said, Score, Text

SHOWN_FROM = 4
"""The level from which an answer says that something holds everywhere, and has to name what shows it."""
_CRITERION = re.compile(r"(?P<workload>[a-z0-9][a-z0-9-]*)/(?P<criterion>[a-z]+\.[a-z][a-z-]*)")

AssessmentId = Annotated[str, Meta(max_length=64, description="the assessment's id, such as organisation-readiness")]


class AnswerAssessment(Struct, frozen=True, kw_only=True, tag="answer_assessment", forbid_unknown_fields=True):
    """Answer a question of an assessment with a level from 1 to 5, in the round that is open; the first answer opens
    it. Answering again replaces what stands, whoever gave it, until the round is concluded.
    """

    assessment: AssessmentId
    question: Annotated[str, Meta(max_length=64, description="the question's id, such as one-owner")]
    level: Annotated[Score, Meta(description="the level whose sentence fits; the lower one where you waver")]
    statement: Annotated[Said, Meta(description="what makes you say so")]
    evidence: Annotated[
        tuple[Label, ...],
        Meta(
            max_length=20,
            description="what shows it: workload/criterion, such as ticket-triage/select.owner, or where to look; "
            "needed from level 4 on",
        ),
    ] = ()
    base: Base = None


class AssessmentAnswered(Struct, frozen=True, kw_only=True, tag="assessment_answered"):
    """A question of an assessment is answered in a round."""

    assessment: str
    round: int
    question: str
    level: int
    statement: Text
    evidence: tuple[str, ...]


class ConcludeAssessment(Struct, frozen=True, kw_only=True, tag="conclude_assessment", forbid_unknown_fields=True):
    """Conclude the open round of an assessment, once every question is answered: its answers and scores stand from then
    on, and the next answer opens another round. `base` is the position of the newest answer that you read.
    """

    assessment: AssessmentId
    statement: Annotated[Said, Meta(description="what it comes to, and what is done next")]
    base: Base = None


class AssessmentConcluded(Struct, frozen=True, kw_only=True, tag="assessment_concluded"):
    """A round is concluded. `levels` are its answers by question, `scores` the mean of each dimension, `overall` the
    mean of the dimensions; `asked` is the digest of the questionnaire, `answered_by` are those whose answers stand.
    """

    assessment: str
    round: int
    levels: dict[str, int]
    scores: dict[str, float]
    overall: float
    asked: str
    answered_by: tuple[str, ...]
    statement: Text


AssessingFact = AssessmentAnswered | AssessmentConcluded
AssessingCommand = AnswerAssessment | ConcludeAssessment
Answers = Mapping[str, Standing[AssessmentAnswered]]


class Round(Struct, frozen=True, kw_only=True):
    """An assessment round that is concluded: the answers that stood, and its conclusion."""

    answers: dict[str, Standing[AssessmentAnswered]]
    concluded: Standing[AssessmentConcluded]

    @property
    def at(self) -> dt.datetime:
        """When it was concluded."""
        return self.concluded.stamp.at

    def is_old(self, now: dt.datetime, valid_days: int) -> bool:
        """Whether it was concluded more than so many days ago."""
        return now - self.at > dt.timedelta(days=valid_days)


class Assessing(Struct, frozen=True, kw_only=True):
    """Every assessment: the answers of the open round by question, and the rounds that are concluded."""

    open: dict[str, dict[str, Standing[AssessmentAnswered]]] = {}
    rounds: dict[str, tuple[Round, ...]] = {}

    def answers(self, assessment: str) -> Answers:
        """The answers of the open round; none before the first."""
        return self.open.get(assessment, {})

    def concluded(self, assessment: str) -> tuple[Round, ...]:
        """The rounds that stand, the oldest first."""
        return self.rounds.get(assessment, ())

    def number(self, assessment: str) -> int:
        """The number of the round that is open, or that the next answer opens."""
        return len(self.concluded(assessment)) + 1


class Scores(Struct, frozen=True, kw_only=True):
    """What answers come to: the mean of the levels in each dimension, and the mean of the dimensions. A dimension of
    which nothing is answered has no score; the overall one waits until every dimension has its own.
    """

    dimensions: dict[str, float]
    overall: float | None


def scores_of(assessment: Assessment, levels: Mapping[str, int]) -> Scores:
    """The scores of an assessment with these levels by question. Questions that it does not ask count for nothing."""
    found = {}
    for dimension in assessment.dimensions:
        given = [levels[one.id] for one in assessment.questions_of(dimension.id) if one.id in levels]
        if given:
            found[dimension.id] = fmean(given)
    whole = len(found) == len(assessment.dimensions)
    return Scores(dimensions=found, overall=fmean(found.values()) if whole else None)


def asked_digest(assessment: Assessment) -> str:
    """What tells two questionnaires apart: the digest of what is asked and of what each level means."""
    return digest_of([(one.id, one.dimension, one.text, one.levels) for one in assessment.questions])


def criterion_named(evidence: str) -> tuple[str, str] | None:
    """The workload and the criterion that a piece of evidence names; None where it is a free reference."""
    found = _CRITERION.fullmatch(evidence)
    return (found["workload"], found["criterion"]) if found else None


class Asked(Protocol):
    """What a decision looks at: the method, and the criteria that each workload is held to, by its short name."""

    @property
    def playbook(self) -> Playbook:
        """The playbook whose assessments are asked."""

    @property
    def criteria(self) -> Mapping[str, frozenset[str]]:
        """Every workload with the criteria of its lane."""


def answer(state: Assessing, command: AnswerAssessment, context: Asked) -> list[AssessingFact]:
    """The fact of an answer. Raises `Refused` with every problem."""
    standing = state.answers(command.assessment).get(command.question)
    problems = [
        *overtaken(standing, command.base),
        *_asked(command, context.playbook),
        *_shown(command, context.criteria),
    ]
    fact = AssessmentAnswered(
        assessment=command.assessment,
        round=state.number(command.assessment),
        question=command.question,
        level=command.level,
        statement=command.statement,
        evidence=command.evidence,
    )
    if standing is not None and standing.fact == fact:
        message = "This stands on the record already, word for word; there is nothing to save."
        problems.append(Problem(code="no-change", field="", message=message))
    if problems:
        raise Refused(problems)
    return [fact]


def _asked(command: AnswerAssessment, playbook: Playbook) -> Iterator[Problem]:
    assessment = playbook.assessment(command.assessment)
    if assessment is None:
        yield _unknown(command.assessment, playbook)
    elif assessment.question(command.question) is None:
        asked = ", ".join(one.id for one in assessment.questions)
        message = f"{command.assessment} asks no {command.question}; it asks {asked}."
        yield Problem(code="unknown-question", field="question", message=message)


def _unknown(assessment: str, playbook: Playbook) -> Problem:
    known = ", ".join(one.id for one in playbook.assessments) or "none"
    message = f"There is no assessment {assessment}; this playbook has {known}."
    return Problem(code="unknown-assessment", field="assessment", message=message)


def _shown(command: AnswerAssessment, criteria: Mapping[str, frozenset[str]]) -> Iterator[Problem]:
    """What is named as evidence exists, and a high level names some."""
    if command.level >= SHOWN_FROM and not command.evidence:
        message = (
            f"From level {SHOWN_FROM} on an answer says that it holds everywhere: name what shows it, a criterion as "
            "workload/criterion or where to look."
        )
        yield Problem(code="evidence-missing", field="evidence", message=message)
    for one in command.evidence:
        named = criterion_named(one)
        if named is None:
            continue
        workload, criterion = named
        if workload not in criteria:
            message = f"{one}: there is no workload {workload}; name one that exists, or say it in other words."
            yield Problem(code="evidence-unknown", field="evidence", message=message)
        elif criterion not in criteria[workload]:
            message = f"{one}: {workload} is not asked for {criterion}; name a criterion of its lane."
            yield Problem(code="unknown-criterion", field="evidence", message=message)


def conclude(state: Assessing, command: ConcludeAssessment, context: Asked) -> list[AssessingFact]:
    """The fact that closes a round. Raises `Refused` with every problem."""
    assessment, answers = context.playbook.assessment(command.assessment), state.answers(command.assessment)
    if assessment is None:
        raise Refused([_unknown(command.assessment, context.playbook)])
    kept = {one.id: answers[one.id] for one in assessment.questions if one.id in answers}
    problems = [*_newer(kept, command.base), *_unanswered(assessment, kept)]
    if problems:
        raise Refused(problems)
    levels = {question: standing.fact.level for question, standing in kept.items()}
    scores = scores_of(assessment, levels)
    if scores.overall is None:
        raise ValueError(f"{assessment.id} has a dimension about which nothing is asked")
    return [
        AssessmentConcluded(
            assessment=assessment.id,
            round=state.number(assessment.id),
            levels=levels,
            scores=scores.dimensions,
            overall=scores.overall,
            asked=asked_digest(assessment),
            answered_by=tuple(sorted({standing.stamp.by for standing in kept.values()})),
            statement=command.statement,
        )
    ]


def newest_of(answers: Answers) -> int:
    """The ledger position of the newest answer; 0 before the first."""
    return max((standing.stamp.position for standing in answers.values()), default=0)


def _newer(answers: Answers, base: int | None) -> Iterator[Problem]:
    newest = newest_of(answers)
    if base is not None and base != newest:
        message = "Somebody answered or concluded while you read; read it again, and conclude on what stands then."
        yield Problem(code=OVERTAKEN, field="base", message=message)


def _unanswered(assessment: Assessment, answers: Answers) -> Iterator[Problem]:
    missing = [one.id for one in assessment.questions if one.id not in answers]
    if missing:
        message = f"Not answered in this round yet: {', '.join(missing)}. A round is concluded whole."
        yield Problem(code="unanswered", field="assessment", message=message)


def answered(state: Assessing, fact: AssessmentAnswered, stamp: Stamp) -> Assessing:
    """The state after an answer. Raises ValueError for a round that is not the open one: that is a broken ledger."""
    _check_round(state, fact)
    given = {**state.answers(fact.assessment), fact.question: Standing(fact=fact, stamp=stamp)}
    return structs.replace(state, open={**state.open, fact.assessment: given})


def concluded(state: Assessing, fact: AssessmentConcluded, stamp: Stamp) -> Assessing:
    """The state after a conclusion: the round stands, and none is open."""
    _check_round(state, fact)
    answers = {question: one for question, one in state.answers(fact.assessment).items() if question in fact.levels}
    if {question: one.fact.level for question, one in answers.items()} != fact.levels:
        raise ValueError(f"{fact.assessment}: round {fact.round} was not concluded on the answers that stand before it")
    closed = Round(answers=answers, concluded=Standing(fact=fact, stamp=stamp))
    return structs.replace(
        state,
        open={name: one for name, one in state.open.items() if name != fact.assessment},
        rounds={**state.rounds, fact.assessment: (*state.concluded(fact.assessment), closed)},
    )


def _check_round(state: Assessing, fact: AssessingFact) -> None:
    if fact.round != state.number(fact.assessment):
        raise ValueError(f"{fact.assessment}: round {fact.round} is not open, round {state.number(fact.assessment)} is")
