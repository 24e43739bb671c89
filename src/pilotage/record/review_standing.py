"""Where each review stands now, what changed since its conclusion, and what waits for whom. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec import Struct

from pilotage.playbook.types import Playbook, Review
from pilotage.record.areas.reviewing import (
    ReviewConclusion,
    ReviewFinding,
    submitters,
    unanswered,
)
from pilotage.record.charter import promised
from pilotage.record.stamps import Stamp
from pilotage.record.workload import Workload

ReviewState = Literal[
    "no_reviewer", "not_open", "open", "approved", "approved_with_conditions", "rejected", "changed", "expired", "void"
]
APPROVED: frozenset[str] = frozenset({"approved", "approved_with_conditions"})
SECONDS_A_DAY = 86_400


class Change(Struct, frozen=True, kw_only=True):
    """One thing that is not as it was when the review was concluded. `what` is a question's id, `release`, or
    `promise:` and a field of the charter; `at` is when it changed.
    """

    what: str
    before: str
    after: str
    at: dt.datetime


class ReviewStanding(Struct, frozen=True, kw_only=True):
    """One review now. `waiting_days` run from the opening to the first conclusion, or to now. `conditions` are the
    findings that were open when it was approved and still are.
    """

    area: str
    title: str
    state: ReviewState
    reviewer: str | None
    opened: Stamp | None
    due: dt.date | None
    overdue: bool
    asked: int
    unanswered: tuple[str, ...]
    findings: tuple[ReviewFinding, ...]
    conditions: tuple[ReviewFinding, ...]
    conclusion: ReviewConclusion | None
    changes: tuple[Change, ...]
    valid_until: dt.datetime | None
    waiting_days: float | None
    minutes: int


def standings(workload: Workload, playbook: Playbook, now: dt.datetime) -> tuple[ReviewStanding, ...]:
    """Every review of the playbook as it stands."""
    return tuple(standing(workload, playbook, review, now) for review in playbook.reviews)


def standing(workload: Workload, playbook: Playbook, review: Review, now: dt.datetime) -> ReviewStanding:
    """One review as it stands."""
    reviews, area = workload.reviews, review.id
    conclusion, opened, since = reviews.conclusion(area), reviews.opened.get(area), reviews.since.get(area)
    changed = tuple(changes(workload, playbook, conclusion)) if conclusion else ()
    until = conclusion.stamp.at + dt.timedelta(days=review.valid_days) if conclusion else None
    first = reviews.conclusions[area][0].stamp.at if conclusion else now
    state = _state(workload, playbook, area, changed, expired=until is not None and now >= until)
    found = tuple(f for f in reviews.findings.values() if f.raised.review == area)
    return ReviewStanding(
        area=area,
        title=review.title,
        state=state,
        reviewer=workload.reviewers.get(area),
        opened=since,
        due=opened.fact.due if opened else None,
        overdue=opened is not None and now.date() > opened.fact.due and state not in {*APPROVED, "rejected"},
        asked=len(playbook.questions_of(area)),
        unanswered=unanswered(workload, playbook, area),
        findings=found,
        conditions=tuple(
            f for f in found if f.closed is None and conclusion and f.stamp.position < conclusion.stamp.position
        ),
        conclusion=conclusion,
        changes=changed,
        valid_until=until if conclusion and conclusion.fact.outcome != "reject" else None,
        waiting_days=(first - since.at).total_seconds() / SECONDS_A_DAY if since else None,
        minutes=reviews.minutes.get(area, 0),
    )


def _state(
    workload: Workload, playbook: Playbook, area: str, changed: tuple[Change, ...], *, expired: bool
) -> ReviewState:
    conclusion = workload.reviews.conclusion(area)
    if conclusion is None:
        named, opened = area in workload.reviewers, area in workload.reviews.opened
        return "no_reviewer" if not named else "open" if opened else "not_open"
    if conclusion.fact.outcome == "reject":
        return "rejected"
    if conclusion.stamp.by in submitters(workload, playbook, area):
        return "void"
    if changed or expired:
        return "changed" if changed else "expired"
    return "approved" if conclusion.fact.outcome == "approve" else "approved_with_conditions"


def changes(workload: Workload, playbook: Playbook, conclusion: ReviewConclusion) -> Iterator[Change]:
    """What is not as it was when a review was concluded. An answer that was taken back word for word is no change."""
    yield from _changed_answers(workload, playbook, conclusion)
    release, running = conclusion.fact.release, workload.release
    if running is not None and running.name != release:
        began = workload.attempts[-1].stamp.at if workload.attempts else running.stamp.at
        yield Change(what="release", before=release or "none", after=running.name, at=began)
    version = conclusion.fact.charter_version
    if workload.charter is None or workload.promise_since is None:
        return
    before = promised(workload.charters[version - 1].charter) if version else {}
    for name, value in promised(workload.charter).items():
        if before.get(name) != value:
            at = workload.promise_since.at
            yield Change(what=f"promise:{name}", before=_words(before.get(name)), after=_words(value), at=at)


def _changed_answers(workload: Workload, playbook: Playbook, conclusion: ReviewConclusion) -> Iterator[Change]:
    reviews, covers = workload.reviews, conclusion.fact.covers
    for question in playbook.questions_of(conclusion.fact.review):
        now = reviews.answers.get(question.id)
        covered = reviews.answer_at(question.id, covers.get(question.id, 0))
        if now is not None and (covered is None or covered.fact != now.fact):
            before = covered.fact.answer if covered else "not answered"
            yield Change(what=question.id, before=before, after=now.fact.answer, at=now.stamp.at)


def _words(value: object) -> str:
    return "nothing" if value is None else msgspec.json.encode(value).decode()


def waiting_for(workload: Workload, playbook: Playbook, person: str, now: dt.datetime) -> tuple[ReviewStanding, ...]:
    """The reviews whose conclusion waits for a person: named for it, open, and every question answered."""
    concludable = {"open", "changed", "expired"}
    return tuple(
        one
        for one in standings(workload, playbook, now)
        if one.reviewer == person and one.state in concludable and one.opened and not one.unanswered
    )
