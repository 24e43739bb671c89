"""The reviews: opened on the first day, answered by the team, concluded by the named reviewer alone. Pure.

A question is answered once, whichever reviews ask it. What is wrong is a finding; a finding that is still open when its
review is approved is a condition of that approval. A conclusion covers the digest of `content_of`: the answers, the
release and the promise, so that it can be seen later what changed since.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, Struct, structs

from pilotage.playbook.types import Playbook, ReviewArea
from pilotage.record.areas.area import Area, Entry
from pilotage.record.charter import promised
from pilotage.record.digests import digest_of
from pilotage.record.errors import Problem, Refused
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.texts import Base, Digest, PersonId, Said, Text

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Workload

Severity = Literal["low", "medium", "high", "blocking"]
ReviewOutcome = Literal["approve", "approve_with_conditions", "reject"]
FINDING = r"^[a-z]+-[1-9][0-9]{0,3}$"
Minutes = Annotated[int, Meta(ge=0, le=10_000)]


class OpenReview(Struct, frozen=True, kw_only=True, tag="open_review", forbid_unknown_fields=True):
    """Open a review whose reviewer is named, and say by when a conclusion is wanted; again to move that day."""

    review: ReviewArea
    due: Annotated[dt.date, Meta(description="the day by which a conclusion is wanted")]
    base: Base = None


class ReviewOpened(Struct, frozen=True, kw_only=True, tag="review_opened"):
    """A review is open, and a conclusion is wanted by a day."""

    review: ReviewArea
    due: dt.date


class AnswerQuestion(Struct, frozen=True, kw_only=True, tag="answer_question", forbid_unknown_fields=True):
    """Answer a question of the reviews; one answer serves every review that asks it."""

    question: Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,79}$", description="the question's id")]
    answer: Said
    base: Base = None


class QuestionAnswered(Struct, frozen=True, kw_only=True, tag="question_answered"):
    """The team's answer to a question."""

    question: str
    answer: Text


class RaiseFinding(Struct, frozen=True, kw_only=True, tag="raise_finding", forbid_unknown_fields=True):
    """Say, as the named reviewer, what is wrong, how much it matters, who mends it and by when."""

    review: ReviewArea
    severity: Annotated[Severity, Meta(description="a blocking one keeps the review from being approved")]
    owner: Annotated[PersonId, Meta(description="who mends it")]
    due: dt.date
    finding: Said


class FindingRaised(Struct, frozen=True, kw_only=True, tag="finding_raised"):
    """Something is wrong: `number` is its id, such as privacy-1."""

    number: str
    review: ReviewArea
    severity: Severity
    owner: str
    due: dt.date
    finding: Text


class CloseFinding(Struct, frozen=True, kw_only=True, tag="close_finding", forbid_unknown_fields=True):
    """Close a finding, as the named reviewer, and say why it is settled."""

    number: Annotated[str, Meta(pattern=FINDING, description="the finding's id, such as privacy-1")]
    reason: Said


class FindingClosed(Struct, frozen=True, kw_only=True, tag="finding_closed"):
    """A finding is settled."""

    number: str
    reason: Text


class LogReviewTime(Struct, frozen=True, kw_only=True, tag="log_review_time", forbid_unknown_fields=True):
    """Note the minutes that you spent on a review; they add up."""

    review: ReviewArea
    minutes: Annotated[int, Meta(ge=1, le=10_000)]


class ReviewTimeLogged(Struct, frozen=True, kw_only=True, tag="review_time_logged"):
    """The reviewer spent time on a review."""

    review: ReviewArea
    minutes: int


class ConcludeReview(Struct, frozen=True, kw_only=True, tag="conclude_review", forbid_unknown_fields=True):
    """Conclude a review, as its named reviewer, on exactly the answers, release and promise that you read.

    Findings left open become the conditions of an approval. Nothing is approved by waiting.
    """

    review: ReviewArea
    outcome: ReviewOutcome
    statement: Said
    digest: Digest
    minutes: Annotated[Minutes, Meta(description="what you spent on it and have not noted yet")] = 0


class ReviewConcluded(Struct, frozen=True, kw_only=True, tag="review_concluded"):
    """A reviewer's conclusion. `covers` has the ledger position of each answer, by question; `digest` the whole."""

    review: ReviewArea
    outcome: ReviewOutcome
    statement: Text
    digest: str
    covers: dict[str, int]
    release: str | None
    charter_version: int | None
    minutes: int


class ReviewFinding(Struct, frozen=True, kw_only=True):
    """A finding with its end, if it has come to one."""

    raised: FindingRaised
    stamp: Stamp
    closed: Stamp | None = None
    reason: str = ""


class ReviewConclusion(Struct, frozen=True, kw_only=True):
    """A conclusion with who came to it."""

    fact: ReviewConcluded
    stamp: Stamp


class Reviewing(Struct, frozen=True, kw_only=True):
    """What is known of the reviews. `since` is when each was first opened; `before` the answers that were replaced."""

    opened: dict[str, Standing[ReviewOpened]] = {}
    since: dict[str, Stamp] = {}
    answers: dict[str, Standing[QuestionAnswered]] = {}
    before: dict[str, tuple[Standing[QuestionAnswered], ...]] = {}
    findings: dict[str, ReviewFinding] = {}
    conclusions: dict[str, tuple[ReviewConclusion, ...]] = {}
    minutes: dict[str, int] = {}

    def conclusion(self, area: str) -> ReviewConclusion | None:
        """The newest conclusion of a review."""
        return next(reversed(self.conclusions.get(area, ())), None)

    def open_findings(self, area: str) -> tuple[ReviewFinding, ...]:
        """The findings of a review that nobody has closed."""
        return tuple(f for f in self.findings.values() if f.raised.review == area and f.closed is None)

    def answer_at(self, question: str, position: int) -> Standing[QuestionAnswered] | None:
        """The answer that stands at a ledger position."""
        standing = self.answers.get(question)
        given = (*self.before.get(question, ()), *((standing,) if standing else ()))
        return next((one for one in given if one.stamp.position == position), None)

    @property
    def rejected(self) -> tuple[str, ...]:
        """The reviews whose newest conclusion is a rejection."""
        return tuple(area for area, given in self.conclusions.items() if given[-1].fact.outcome == "reject")


ReviewingFact = ReviewOpened | QuestionAnswered | FindingRaised | FindingClosed | ReviewTimeLogged | ReviewConcluded
ReviewingCommand = OpenReview | AnswerQuestion | RaiseFinding | CloseFinding | LogReviewTime | ConcludeReview


def content_of(workload: Workload, playbook: Playbook, area: str) -> dict[str, Any]:
    """What a conclusion is about: the answers to the review's questions, the release, and what the charter promises."""
    answers = workload.reviews.answers
    return {
        "review": area,
        "answers": {q.id: answers[q.id].fact.answer for q in playbook.questions_of(area) if q.id in answers},
        "release": workload.release.digest if workload.release else None,
        "promise": promised(workload.charter) if workload.charter else None,
    }


def digest_now(workload: Workload, playbook: Playbook, area: str) -> str:
    """The digest that a conclusion has to be given on now. Costly: not for what is judged again and again."""
    return digest_of(content_of(workload, playbook, area))


def unanswered(workload: Workload, playbook: Playbook, area: str) -> tuple[str, ...]:
    """The questions of a review that nobody has answered."""
    return tuple(q.id for q in playbook.questions_of(area) if q.id not in workload.reviews.answers)


def _openable(workload: Workload, command: OpenReview, context: Context) -> Iterator[Problem]:
    area = command.review
    if area not in {review.id for review in context.playbook.reviews}:
        message = f"The playbook {context.playbook.id} has no {area} review; open another."
        yield Problem(code="unknown-review", field="review", message=message)
        return
    reviewer = workload.reviewers.get(area)
    if reviewer is None:
        message = f"Nobody is named for the {area} review; assign reviewer:{area} first."
        yield Problem(code="no-reviewer", field="review", message=message)
    if reviewer == context.actor.person:
        message = "You conduct this review; let somebody of the team open it."
        yield Problem(code="own-submission", field="review", message=message)
    if command.due < context.today:
        yield Problem(code="past", field="due", message=f"{command.due} has passed; give a day to come.")


def _answerable(workload: Workload, command: AnswerQuestion, context: Context) -> Iterator[Problem]:
    found = next((q for q in context.playbook.questions if q.id == command.question), None)
    if found is None:
        message = f"The playbook {context.playbook.id} asks no {command.question}; the Reviews page lists what it asks."
        yield Problem(code="unknown-question", field="question", message=message)
        return
    mine = [area for area in found.reviews if workload.reviewers.get(area) == context.actor.person]
    if mine:
        message = f"You conduct the {mine[0]} review, which asks this; somebody of the team has to answer it."
        yield Problem(code="own-review", field="question", message=message)


def _not_reviewer(workload: Workload, area: str, context: Context) -> Iterator[Problem]:
    if workload.reviewers.get(area) != context.actor.person:
        message = f"You are not the named {area} reviewer of this workload; only that person does this."
        yield Problem(code="not-reviewer", field="review", message=message)
    if area not in workload.reviews.opened:
        message = f"The {area} review is not open; ask the team to open it."
        yield Problem(code="not-open", field="review", message=message)


def _raise(workload: Workload, command: RaiseFinding, context: Context) -> list[FindingRaised]:
    """Only the named reviewer of an open review finds something, and a known person has to mend it."""
    problems = list(_not_reviewer(workload, command.review, context))
    if command.owner not in context.people:
        message = f"{command.owner} is nobody's id here; add the person first."
        problems.append(Problem(code="unknown-person", field="owner", message=message))
    if command.due < context.today:
        problems.append(Problem(code="past", field="due", message=f"{command.due} has passed; give a day to come."))
    if problems:
        raise Refused(problems)
    found = sum(finding.raised.review == command.review for finding in workload.reviews.findings.values())
    return [FindingRaised(number=f"{command.review}-{found + 1}", **structs.asdict(command))]


def _close(workload: Workload, command: CloseFinding, context: Context) -> list[FindingClosed]:
    """The reviewer who is named for the finding's review closes it, not whoever had to mend it."""
    finding = workload.reviews.findings.get(command.number)
    if finding is None:
        raise Refused([Problem(code="unknown-finding", field="number", message=f"There is no {command.number} here.")])
    problems = list(_not_reviewer(workload, finding.raised.review, context))
    if finding.closed:
        message = f"{command.number} is closed already; nothing to do."
        problems.append(Problem(code="already-closed", field="number", message=message))
    if finding.raised.owner == context.actor.person:
        message = "You had to mend this yourself; have another reviewer named to close it."
        problems.append(Problem(code="own-submission", field="number", message=message))
    if problems:
        raise Refused(problems)
    return [FindingClosed(number=command.number, reason=command.reason)]


def _log(workload: Workload, command: LogReviewTime, context: Context) -> list[ReviewTimeLogged]:
    """Only the reviewer's own time."""
    problems = list(_not_reviewer(workload, command.review, context))
    if problems:
        raise Refused(problems)
    return [ReviewTimeLogged(review=command.review, minutes=command.minutes)]


def _conclude(workload: Workload, command: ConcludeReview, context: Context) -> list[ReviewConcluded]:
    """One review at a time, by its named reviewer, on what stands; nobody concludes on what they submitted."""
    area, playbook = command.review, context.playbook
    problems = [
        *_not_reviewer(workload, area, context),
        *_submitted(workload, playbook, area, context.actor.person),
        *_unready(workload, command, playbook),
    ]
    standing = digest_now(workload, playbook, area)
    if standing != command.digest:
        message = (
            f"What is reviewed changed since you read it; read the one of digest {standing[:12]} and conclude on it."
        )
        problems.append(Problem(code="content-changed", field="digest", message=message))
    if problems:
        raise Refused(problems)
    answers = workload.reviews.answers
    return [
        ReviewConcluded(
            review=area,
            outcome=command.outcome,
            statement=command.statement,
            digest=standing,
            covers={q.id: answers[q.id].stamp.position for q in playbook.questions_of(area) if q.id in answers},
            release=workload.release.name if workload.release else None,
            charter_version=workload.charter_version.version if workload.charter_version else None,
            minutes=command.minutes,
        )
    ]


def submitters(workload: Workload, playbook: Playbook, area: str) -> frozenset[str]:
    """Whoever had a hand in what a review is about: the owner, who registered a release, opened it or answered it."""
    reviews = workload.reviews
    asked = {question.id for question in playbook.questions_of(area)}
    answers = [*reviews.answers.values(), *(one for given in reviews.before.values() for one in given)]
    by = {answer.stamp.by for answer in answers if answer.fact.question in asked}
    by |= {release.stamp.by for release in workload.releases.values()}
    by |= {stamp.by for stamp in (reviews.since.get(area),) if stamp}
    by |= {opened.stamp.by for opened in (reviews.opened.get(area),) if opened}
    return frozenset(by | ({workload.owner} if workload.owner else set()))


def _submitted(workload: Workload, playbook: Playbook, area: str, person: str) -> Iterator[Problem]:
    if person in submitters(workload, playbook, area):
        message = "You own this, registered a release, or opened or answered this review; somebody else concludes it."
        yield Problem(code="own-submission", field="review", message=message)


def _unready(workload: Workload, command: ConcludeReview, playbook: Playbook) -> Iterator[Problem]:
    """What keeps a review from being approved; it may be rejected at any time."""
    if command.outcome == "reject":
        return
    if workload.release is None or workload.charter is None:
        lacking = "a release" if workload.release is None else "a charter"
        message = f"There is nothing to approve yet: the workload has to have {lacking} first."
        yield Problem(code="nothing-to-approve", field="outcome", message=message)
    missing = unanswered(workload, playbook, command.review)
    if missing:
        message = f"Not answered yet: {', '.join(missing)}; ask the team, or reject."
        yield Problem(code="unanswered", field="outcome", message=message)
    found = workload.reviews.open_findings(command.review)
    blocking = [finding.raised.number for finding in found if finding.raised.severity == "blocking"]
    if blocking:
        message = f"Blocking and open: {', '.join(blocking)}; close what is settled, or reject."
        yield Problem(code="blocking-open", field="outcome", message=message)
    if found and command.outcome == "approve":
        names = ", ".join(finding.raised.number for finding in found)
        message = f"Still open: {names}; close what is settled, or approve with conditions."
        yield Problem(code="findings-open", field="outcome", message=message)
    if not found and command.outcome == "approve_with_conditions":
        message = "A condition is a finding that is open: raise what has to be done first, or approve without."
        yield Problem(code="no-condition", field="outcome", message=message)


def _opened(state: Reviewing, fact: ReviewOpened, stamp: Stamp) -> Reviewing:
    return structs.replace(
        state,
        opened={**state.opened, fact.review: Standing(fact=fact, stamp=stamp)},
        since={fact.review: stamp} | state.since,
    )


def _answered(state: Reviewing, fact: QuestionAnswered, stamp: Stamp) -> Reviewing:
    replaced = state.answers.get(fact.question)
    earlier = (*state.before.get(fact.question, ()), *((replaced,) if replaced else ()))
    return structs.replace(
        state,
        answers={**state.answers, fact.question: Standing(fact=fact, stamp=stamp)},
        before={**state.before, fact.question: earlier} if earlier else state.before,
    )


def _raised(state: Reviewing, fact: FindingRaised, stamp: Stamp) -> Reviewing:
    return structs.replace(state, findings={**state.findings, fact.number: ReviewFinding(raised=fact, stamp=stamp)})


def _closed(state: Reviewing, fact: FindingClosed, stamp: Stamp) -> Reviewing:
    closed = structs.replace(state.findings[fact.number], closed=stamp, reason=fact.reason)
    return structs.replace(state, findings={**state.findings, fact.number: closed})


def _spent(state: Reviewing, area: str, minutes: int) -> dict[str, int]:
    return {**state.minutes, area: state.minutes.get(area, 0) + minutes}


def _logged(state: Reviewing, fact: ReviewTimeLogged, _stamp: Stamp) -> Reviewing:
    return structs.replace(state, minutes=_spent(state, fact.review, fact.minutes))


def _concluded(state: Reviewing, fact: ReviewConcluded, stamp: Stamp) -> Reviewing:
    given = (*state.conclusions.get(fact.review, ()), ReviewConclusion(fact=fact, stamp=stamp))
    return structs.replace(
        state,
        conclusions={**state.conclusions, fact.review: given},
        minutes=_spent(state, fact.review, fact.minutes),
    )


_REVIEWER = frozenset({"reviewer"})
AREA = Area(
    name="reviews",
    entries=(
        Entry(command=OpenReview, fact=ReviewOpened, attribute="opened", key="review", check=_openable),
        Entry(command=AnswerQuestion, fact=QuestionAnswered, attribute="answers", key="question", check=_answerable),
    ),
    rules={RaiseFinding: _raise, CloseFinding: _close, LogReviewTime: _log, ConcludeReview: _conclude},
    folds={
        ReviewOpened: _opened,
        QuestionAnswered: _answered,
        FindingRaised: _raised,
        FindingClosed: _closed,
        ReviewTimeLogged: _logged,
        ReviewConcluded: _concluded,
    },
    permitted={
        "open_review": frozenset({"owner", "engineer", "admin"}),
        "answer_question": frozenset({"owner", "engineer", "operator"}),
        "raise_finding": _REVIEWER,
        "close_finding": _REVIEWER,
        "log_review_time": _REVIEWER,
        "conclude_review": _REVIEWER,
    },
    asks_credential=frozenset({"conclude_review"}),
)
