"""The story's organisation assesses itself: what its people answer in each round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pilotage.playbook.loading import load
from pilotage.playbook.types import AssessmentQuestion
from pilotage.record.assessing import AnswerAssessment, ConcludeAssessment
from pilotage.record.organisation import OrganisationCommand

if TYPE_CHECKING:
    from tests.server.pages.story import Story

READINESS = "organisation-readiness"
MATURITY = "llm-operations-maturity"
FIRST = {"sponsor-presence": 1, "decisions-in-time": 1, "rules-for-use": 3, "way-to-users": 3}
SECOND = {"sponsor-presence": 4, "one-owner": 3, "work-measured-today": 4, "skills": 3, "reviews-from-the-start": 3}
SHOWN = {
    "sponsor-presence": ("ticket-triage/select.sponsor", "the minutes of the board, May"),
    "work-measured-today": ("ticket-triage/pilot.baseline", "invoice-matching/pilot.baseline"),
}


def questions(assessment: str) -> tuple[AssessmentQuestion, ...]:
    """What an assessment asks."""
    found = load("standard").assessment(assessment)
    if found is None:
        raise LookupError(assessment)
    return found.questions


def answers(assessment: str, levels: Mapping[str, int], usual: int = 2) -> Iterable[AnswerAssessment]:
    """An answer to every question."""
    for question in questions(assessment):
        level = levels.get(question.id, usual)
        yield AnswerAssessment(
            assessment=assessment,
            question=question.id,
            level=level,
            statement=f"Talked over with those concerned: {question.levels[level - 1]}",
            evidence=SHOWN.get(question.id, ("the talk of the week",)) if level >= 4 else (),
        )


def gives(story: Story, username: str, command: OrganisationCommand) -> None:
    """Somebody gives a command about the organisation, with the roles of their account."""
    story.workspace.desk.issue_for_organisation(story.actor(username), command)


def assess(story: Story, assessment: str, levels: Mapping[str, int], usual: int = 2) -> None:
    """A whole round, answered in turn by three people and concluded by the sponsor."""
    people = ("nadia", "priya", "ines")
    for number, command in enumerate(answers(assessment, levels, usual)):
        gives(story, people[number % len(people)], command)
    statement = "Ready for one workload. Before the next one the money after the pilot is settled."
    gives(story, "jonas", ConcludeAssessment(assessment=assessment, statement=statement))


def begin(story: Story, assessment: str, count: int = 3) -> None:
    """A round that is begun and not finished."""
    for command in list(answers(assessment, {}, usual=3))[:count]:
        gives(story, "nadia", command)
