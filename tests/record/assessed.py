"""An organisation made by real commands, under a clock that the test moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from tests.record.stories import ROLES, START

from pilotage.playbook.loading import load
from pilotage.playbook.types import Playbook
from pilotage.record.assessing import AnswerAssessment, ConcludeAssessment
from pilotage.record.context import Actor
from pilotage.record.errors import Problem, Refused
from pilotage.record.facts import Recorded
from pilotage.record.organisation import (
    Organisation,
    OrganisationCommand,
    OrganisationContext,
    decide_for_organisation,
    fold_organisation,
)

READINESS = "organisation-readiness"
MATURITY = "llm-operations-maturity"
CRITERIA = {"ticket-triage": frozenset({"select.owner", "pilot.baseline"})}


def questions(assessment: str = READINESS) -> tuple[str, ...]:
    """The ids of what an assessment asks."""
    found = load("standard").assessment(assessment)
    assert found is not None
    return tuple(one.id for one in found.questions)


def answer(question: str, level: int = 2, assessment: str = READINESS, **more: object) -> AnswerAssessment:
    """An answer, with something that shows it where its level asks for that."""
    shown = {"evidence": ("the minutes of May",)} if level >= 4 else {}
    fields = {"statement": f"Level {level}, as we talked over.", **shown, **more}
    return AnswerAssessment(assessment=assessment, question=question, level=level, **fields)


def conclude(assessment: str = READINESS, **more: object) -> ConcludeAssessment:
    """A conclusion."""
    return ConcludeAssessment(assessment=assessment, **{"statement": "Ready for one workload.", **more})


class Assessed:
    """Gives commands about the organisation and folds what they write."""

    def __init__(self, playbook: Playbook | None = None) -> None:
        self.playbook = playbook or load("standard")
        self.recorded: list[Recorded] = []
        self.standing = Organisation()
        self.now = START
        self.position = 0

    def does(self, person: str, command: OrganisationCommand) -> None:
        """A person gives a command."""
        context = OrganisationContext(
            actor=Actor(person=person, roles=frozenset(ROLES[person])), playbook=self.playbook, criteria=CRITERIA
        )
        for fact in decide_for_organisation(self.standing, command, context):
            self.position += 3
            recorded = Recorded(
                fact=fact, position=self.position, sequence=self.standing.sequence + 1, actor=person, at=self.now
            )
            self.recorded.append(recorded)
            self.standing = fold_organisation([recorded], self.standing)

    def refusal(self, person: str, command: OrganisationCommand) -> dict[str, Problem]:
        """Why a command is refused, by code; nothing is written then."""
        before = self.standing
        try:
            self.does(person, command)
        except Refused as refused:
            assert self.standing is before
            return {problem.code: problem for problem in refused.problems}
        raise AssertionError(f"{command} was not refused")

    def round(self, levels: Mapping[str, int] | None = None, *, usual: int = 2, assessment: str = READINESS) -> None:
        """A whole round: answered by two people in turn, concluded by the sponsor."""
        for number, question in enumerate(questions(assessment)):
            self.does(("eva", "oli")[number % 2], answer(question, (levels or {}).get(question, usual), assessment))
        self.does("sam", conclude(assessment))

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.now += dt.timedelta(**span)
