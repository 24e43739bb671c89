"""The six reviews as the interface shows them: where each stands, what it asks, what is answered and proposed. Pure."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from pilotage.playbook.types import Question
from pilotage.record.areas.reviewing import ReviewFinding, ReviewOutcome, digest_now
from pilotage.record.review_standing import APPROVED, Change, ReviewStanding, ReviewState, standings
from pilotage.record.stamps import Stamp
from pilotage.workflow.desk import Judgement
from pilotage.workflow.review_proposals import Proposal, proposal


class QuestionJson(Struct, frozen=True, kw_only=True):
    """A question, the team's answer, and what the product proposes. `asked_by` are all reviews that ask it.

    `as_proposed` says whether the answer is word for word what the product knows now; null without both.
    """

    id: str
    text: str
    example: str
    frameworks: tuple[str, ...]
    asked_by: tuple[str, ...]
    answer: str | None
    answered: Stamp | None
    proposal: Proposal | None
    as_proposed: bool | None


class ReviewFindingJson(Struct, frozen=True, kw_only=True):
    """A finding; `closed` is null while it is open. `is_condition`: the approval hangs on it."""

    number: str
    severity: str
    finding: str
    owner: str
    due: dt.date
    overdue: bool
    raised: Stamp
    closed: Stamp | None
    reason: str
    is_condition: bool


class ReviewConclusionJson(Struct, frozen=True, kw_only=True):
    """A reviewer's conclusion and the digest that it covers."""

    outcome: ReviewOutcome
    statement: str
    digest: str
    given: Stamp


class ReviewJson(Struct, frozen=True, kw_only=True):
    """One review. `digest` is what a conclusion given now would cover; `changes` what is not as it was at the last."""

    area: str
    title: str
    purpose: str
    state: ReviewState
    approved: bool
    reviewer: str | None
    opened: Stamp | None
    due: dt.date | None
    overdue: bool
    waiting_days: float | None
    minutes: int
    asked: int
    unanswered: tuple[str, ...]
    digest: str
    valid_until: dt.datetime | None
    conclusion: ReviewConclusionJson | None
    changes: tuple[Change, ...]
    findings: tuple[ReviewFindingJson, ...]
    questions: tuple[QuestionJson, ...]


class ReviewsJson(Struct, frozen=True, kw_only=True):
    """Every review of a workload."""

    workload: str
    demonstration: bool
    reviews: tuple[ReviewJson, ...]


def reviews_json(judgement: Judgement, now: dt.datetime) -> ReviewsJson:
    """The reviews as they stand at a moment."""
    workload = judgement.workload
    return ReviewsJson(
        workload=workload.slug,
        demonstration=workload.demonstration,
        reviews=tuple(_review(judgement, standing, now) for standing in standings(workload, judgement.playbook, now)),
    )


def _review(judgement: Judgement, one: ReviewStanding, now: dt.datetime) -> ReviewJson:
    last = one.conclusion
    return ReviewJson(
        area=one.area,
        title=one.title,
        purpose=judgement.playbook.review(one.area).purpose,
        state=one.state,
        approved=one.state in APPROVED,
        reviewer=one.reviewer,
        opened=one.opened,
        due=one.due,
        overdue=one.overdue,
        waiting_days=one.waiting_days,
        minutes=one.minutes,
        asked=one.asked,
        unanswered=one.unanswered,
        digest=digest_now(judgement.workload, judgement.playbook, one.area),
        valid_until=one.valid_until,
        conclusion=ReviewConclusionJson(
            outcome=last.fact.outcome, statement=last.fact.statement, digest=last.fact.digest, given=last.stamp
        )
        if last
        else None,
        changes=one.changes,
        findings=tuple(_finding(found, one, now) for found in one.findings),
        questions=tuple(question_json(judgement, asked) for asked in judgement.playbook.questions_of(one.area)),
    )


def _finding(found: ReviewFinding, one: ReviewStanding, now: dt.datetime) -> ReviewFindingJson:
    raised = found.raised
    return ReviewFindingJson(
        number=raised.number,
        severity=raised.severity,
        finding=raised.finding,
        owner=raised.owner,
        due=raised.due,
        overdue=found.closed is None and raised.due < now.date(),
        raised=found.stamp,
        closed=found.closed,
        reason=found.reason,
        is_condition=found in one.conditions and one.state == "approved_with_conditions",
    )


def question_json(judgement: Judgement, asked: Question) -> QuestionJson:
    """A question with its answer and with what is proposed."""
    standing = judgement.workload.reviews.answers.get(asked.id)
    proposed = proposal(asked.known, judgement)
    return QuestionJson(
        id=asked.id,
        text=asked.text,
        example=asked.example,
        frameworks=asked.frameworks,
        asked_by=asked.reviews,
        answer=standing.fact.answer if standing else None,
        answered=standing.stamp if standing else None,
        proposal=proposed,
        as_proposed=standing.fact.answer == proposed.text if standing and proposed else None,
    )
