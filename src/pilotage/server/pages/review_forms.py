"""The forms of the reviews: what can be chosen, when each fits, and what stands beside it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pilotage.record.areas.reviewing import AREA, ReviewFinding, digest_now
from pilotage.server.pages.forms import Field, Option, Typed, with_hidden
from pilotage.server.pages.people import People
from pilotage.workflow.desk import Judgement
from pilotage.workflow.reviews import question_json

NAMES = frozenset(AREA.permitted)
OUTCOMES = {
    "approve": "Approve",
    "approve_with_conditions": "Approve with conditions: the findings that are open",
    "reject": "Reject",
}
SEVERITIES = {
    "low": "Low",
    "medium": "Medium",
    "high": "High",
    "blocking": "Blocking: not approved while it is open",
}

Choices = Mapping[str, Sequence[Option]]


def _reviews(judgement: Judgement, areas: Iterable[str]) -> Choices:
    titles = {review.id: review.title for review in judgement.playbook.reviews}
    return {"review": [Option(value=area, label=titles[area]) for area in areas if area in titles]}


def openable(judgement: Judgement, person: str) -> tuple[str, ...]:
    """The reviews that a person may open, or move the day of."""
    return tuple(area for area, reviewer in judgement.workload.reviewers.items() if reviewer != person)


def mine(judgement: Judgement, person: str) -> tuple[str, ...]:
    """The open reviews that a person conducts."""
    workload = judgement.workload
    return tuple(
        area for area, reviewer in workload.reviewers.items() if reviewer == person and area in workload.reviews.opened
    )


def closable(judgement: Judgement, person: str) -> tuple[ReviewFinding, ...]:
    """The open findings of the reviews that a person conducts."""
    reviews = judgement.workload.reviews
    return tuple(found for area in mine(judgement, person) for found in reviews.open_findings(area))


def _open(judgement: Judgement, _people: People, person: str) -> Choices:
    return _reviews(judgement, openable(judgement, person))


def _of_mine(judgement: Judgement, _people: People, person: str) -> Choices:
    return _reviews(judgement, mine(judgement, person))


def _answer(judgement: Judgement, _people: People, _person: str) -> Choices:
    given = judgement.workload.reviews.answers
    ordered = sorted(judgement.playbook.questions, key=lambda question: question.id in given)
    return {"question": [Option(value=question.id, label=question.text) for question in ordered]}


def _raise(judgement: Judgement, people: People, person: str) -> Choices:
    return {
        **_of_mine(judgement, people, person),
        "severity": [Option(value=value, label=label) for value, label in SEVERITIES.items()],
        "owner": people.options,
    }


def _close(judgement: Judgement, _people: People, person: str) -> Choices:
    found = closable(judgement, person)
    return {"number": [Option(value=one.raised.number, label=one.raised.number) for one in found]}


def _conclude(judgement: Judgement, people: People, person: str) -> Choices:
    outcomes = [Option(value=value, label=label) for value, label in OUTCOMES.items()]
    return {**_of_mine(judgement, people, person), "outcome": outcomes}


CHOICES: dict[str, Callable[[Judgement, People, str], Choices]] = {
    "open_review": _open,
    "answer_question": _answer,
    "raise_finding": _raise,
    "close_finding": _close,
    "log_review_time": _of_mine,
    "conclude_review": _conclude,
}
FITS: dict[str, Callable[[Judgement, str], bool]] = {
    "open_review": lambda judgement, person: bool(openable(judgement, person)),
    "answer_question": lambda judgement, _person: bool(judgement.playbook.questions),
    "raise_finding": lambda judgement, person: bool(mine(judgement, person)),
    "close_finding": lambda judgement, person: bool(closable(judgement, person)),
    "log_review_time": lambda judgement, person: bool(mine(judgement, person)),
    "conclude_review": lambda judgement, person: bool(mine(judgement, person)),
}


def concluding(fields: tuple[Field, ...], judgement: Judgement, person: str, asked: Typed) -> tuple[Field, ...]:
    """One review at a time, and the digest of what was read: both are carried along unseen."""
    conducted = mine(judgement, person)
    area = asked.get("review") or next(iter(conducted), "")
    if area not in {review.id for review in judgement.playbook.reviews}:
        return with_hidden(fields, {"digest": ""})
    digest = asked.get("digest") or digest_now(judgement.workload, judgement.playbook, area)
    return with_hidden(fields, {"review": area, "digest": digest})


def beside(name: str, judgement: Judgement, typed: Typed) -> Mapping[str, Any] | None:
    """What a page shows beside a form of the reviews: the question, the finding or the review that it is about."""
    if name not in NAMES:
        return None
    playbook, reviews = judgement.playbook, judgement.workload.reviews
    asked = next((q for q in playbook.questions if q.id == typed.get("question")), None)
    area = typed.get("review", "")
    return {
        "question": question_json(judgement, asked) if asked else None,
        "finding": reviews.findings.get(typed.get("number", "")),
        "review": next((review for review in playbook.reviews if review.id == area), None),
        "open": reviews.open_findings(area),
    }
