"""The desk's organisation assesses itself: its readiness before a problem is chosen, its maturity before it goes live.

Answered by several people, each with their own account, and concluded by the sponsor. The words are invented; what
shows an answer is a criterion of the workload where there is one by then.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from pilotage.demo.cast import ADMIN, ENGINEER, OPERATOR, OWNER, PRIVACY, SECURITY, SPONSOR, Person
from pilotage.demo.stage import Stage

READINESS = "organisation-readiness"
MATURITY = "llm-operations-maturity"


class Judged(Struct, frozen=True):
    """What somebody says of a question, and what shows it: `criterion` of the workload, or elsewhere."""

    person: Person
    level: int
    statement: str
    shown: tuple[str, ...] = ()


class Assessed(Struct, frozen=True, kw_only=True):
    """A round: every question with its answer, and what it comes to."""

    answers: Mapping[str, Judged]
    concluded: str


READY = Assessed(
    answers={
        "sponsor-presence": Judged(SPONSOR, 2, "I stand for this one. For the two that faded last year nobody did."),
        "decisions-in-time": Judged(OWNER, 2, "The baggage trial ran on for five months until its student left."),
        "money-after-the-pilot": Judged(SPONSOR, 3, "This year's plan has a line for one service beyond its pilot."),
        "one-owner": Judged(OWNER, 3, "I decide on the desk and on its code. The other two ideas have a committee."),
        "skills": Judged(ENGINEER, 3, "Two of us have taken a forecast to users before, and would know how again."),
        "users-take-part": Judged(OPERATOR, 2, "We were shown a demonstration in May and asked what we thought."),
        "data-rights": Judged(
            PRIVACY,
            4,
            "Schedule and weather are public, and every source that the desk reads is on the register.",
            ("the register of sources, pages 2 and 3",),
        ),
        "right-answers": Judged(
            ENGINEER,
            5,
            "Each flight's arrival is in the tower's log the same day, and two people check it each month.",
            ("the tower's log, and the monthly check of it",),
        ),
        "work-measured-today": Judged(OPERATOR, 2, "We counted wrong warnings by hand once, for two weeks in March."),
        "problems-compared": Judged(OWNER, 3, "Three problems are on the list, scored by two of us each."),
        "change-planned": Judged(OPERATOR, 2, "There will be a training; who writes to the passengers is open."),
        "way-to-users": Judged(
            ENGINEER, 3, "The desk's services share one way out, and operations took the last over."
        ),
        "reviews-from-the-start": Judged(SECURITY, 3, "We are asked on the first day this time, all six of us."),
        "rules-for-use": Judged(PRIVACY, 2, "There is a notice that forbids most of it, and nobody follows it."),
    },
    concluded="Ready to carry one workload, not three. Before a second one, the rules for use are written anew.",
)
MATURE = Assessed(
    answers={
        "release-identity": Judged(ENGINEER, 4, "One release, by its digest.", ("pilot.release",)),
        "rollback": Judged(OPERATOR, 3, "Rehearsed once, and timed.", ("harden.maintenance",)),
        "proof-before-serving": Judged(OWNER, 4, "Nothing serves that was not shown.", ("evaluate.target",)),
        "watched-while-serving": Judged(OPERATOR, 3, "The watch looks each day, against a frozen reference."),
        "observability": Judged(ENGINEER, 3, "Each call can be followed; nobody trusts the alerts yet."),
        "cost": Judged(ADMIN, 2, "The month's processor time is known afterwards. There is no budget that trips."),
        "security": Judged(SECURITY, 3, "Reviewed with its secrets and its parts; nobody was paid to break it."),
        "resilience": Judged(OPERATOR, 3, "The drill passed; the next one has a day."),
        "incidents": Judged(OPERATOR, 3, "The page was walked through with those on call."),
        "user-feedback": Judged(OWNER, 3, "One channel, answered within two days."),
        "labels": Judged(ENGINEER, 4, "Every flight brings its own label.", ("the arrivals of the tower's log",)),
        "improvement": Judged(ENGINEER, 2, "Trained once, by me. Nothing has run from end to end a second time."),
        "ownership": Judged(OWNER, 4, "Every role was accepted by name.", ("harden.ownership",)),
        "audit": Judged(PRIVACY, 4, "The ledger proves itself, and calls go after a year.", ("harden.audit",)),
    },
    concluded="Good enough to run this one. Next come a budget that trips, and a retraining that runs from end to end.",
)
ROUNDS = {READINESS: READY, MATURITY: MATURE}


def assess(stage: Stage, assessment: str) -> None:
    """The people answer what is open in the first round, and the sponsor concludes it; then nothing more."""
    found, told = stage.reads(OWNER, f"/assessments/{assessment}"), ROUNDS[assessment]
    if found["rounds"]:
        return
    for question in found["unanswered"]:
        judged = told.answers[question]
        fields = {
            "assessment": assessment,
            "question": question,
            "level": judged.level,
            "statement": judged.statement,
            "evidence": [_shown(stage, one) for one in judged.shown],
        }
        stage.does_for_organisation(judged.person, "answer_assessment", fields, note="")
    fields = {"assessment": assessment, "statement": told.concluded}
    title = found["summary"]["title"].lower() if assessment == READINESS else found["summary"]["title"]
    note = f"{SPONSOR.name} concludes the {title}, on the answers of {len(_people(told))} people"
    stage.does_for_organisation(SPONSOR, "conclude_assessment", fields, note=note)


def _people(told: Assessed) -> set[str]:
    return {judged.person.username for judged in told.answers.values()}


def _shown(stage: Stage, said: str) -> str:
    """A criterion is the workload's; anything else is where to look."""
    phase, dot, name = said.partition(".")
    return f"{stage.slug}/{said}" if dot and phase.isalpha() and name and " " not in said else said
