"""What the workspace shows of a question about the organisation: the verdicts of the workloads that came so far. Pure.

A proposal stands beside a question and says what it rests on. It answers nothing by itself, and never proposes the
fifth level: what that says, no count can show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from pilotage.playbook.types import AssessmentQuestion, Figure
from pilotage.record.verdicts import Verdict
from pilotage.record.workload import PHASES
from pilotage.workflow.desk import Judgement
from pilotage.workflow.portfolio_report import PortfolioFigures

COUNTED = frozenset({"met", "unmet", "pending", "waived"})
PATTERN_FROM = 2
"""From so many workloads on a share says something of the organisation; a single one does not."""
NONE, SOME, HALF, EVERY = 1, 2, 3, 4


class Held(Struct, frozen=True, kw_only=True):
    """One workload's verdict on one criterion."""

    workload: str
    title: str
    criterion: str
    verdict: str
    reason: str


class OrganisationProposal(Struct, frozen=True, kw_only=True):
    """What the workspace shows of a question: of `of` workloads that came so far, `met` hold every criterion named.

    `level` is what that share amounts to, None where there are too few to show a pattern. `rests_on` are the verdicts.
    """

    text: str
    level: int | None
    met: int
    of: int
    rests_on: tuple[Held, ...] = ()


def proposal_of(
    question: AssessmentQuestion, judgements: Sequence[Judgement], figures: PortfolioFigures
) -> OrganisationProposal | None:
    """What can be proposed for a question; None where nothing is known."""
    each = [found for judgement in judgements if (found := tuple(_held(question, judgement)))]
    met = sum(all(one.verdict == "met" for one in found) for found in each)
    said = [_share(question.criteria, each, met)] if each else []
    if question.figure is not None and (figure := _FIGURES[question.figure](figures)):
        said.append(figure)
    if not said:
        return None
    return OrganisationProposal(
        text=" ".join(said),
        level=level_of(met, len(each)),
        met=met,
        of=len(each),
        rests_on=tuple(one for found in each for one in found),
    )


def level_of(met: int, of: int) -> int | None:
    """The level that a share amounts to: none, some, at least half, every one. None where it shows no pattern."""
    if of < PATTERN_FROM:
        return None
    if met == of:
        return EVERY
    if 2 * met >= of:
        return HALF
    return SOME if met else NONE


def _held(question: AssessmentQuestion, judgement: Judgement) -> Iterator[Held]:
    """The verdicts that speak to a question, on the criteria that a workload has come to. One that was switched off is
    not held to anything any more.
    """
    workload = judgement.workload
    if workload.killed:
        return
    for criterion in question.criteria:
        verdict = judgement.verdicts.get(criterion)
        if verdict is not None and verdict.verdict in COUNTED and _came_to(judgement, verdict):
            yield Held(
                workload=workload.slug,
                title=workload.title,
                criterion=criterion,
                verdict=verdict.verdict,
                reason=verdict.reason,
            )


def _came_to(judgement: Judgement, verdict: Verdict) -> bool:
    """Whether a workload is in the criterion's phase or beyond it. Of choosing, only what was chosen counts: a list of
    candidates is no list of things left undone.
    """
    here, asked = PHASES.index(judgement.workload.phase), PHASES.index(verdict.phase)
    return here > asked if verdict.phase == PHASES[0] else here >= asked


def _share(criteria: Sequence[str], each: Sequence[Sequence[Held]], met: int) -> str:
    asked = [one for one in criteria if any(one == held.criterion for found in each for held in found)]
    *first, last = asked
    named = f"{', '.join(first)} and {last}" if first else last
    workloads = "workload" if len(each) == 1 else "workloads"
    text = f"{met} of {len(each)} {workloads} that came so far {'meets' if met == 1 else 'meet'} {named}."
    lacking = []
    for found in each:
        open_ = [f"{one.criterion} {one.verdict}" for one in found if one.verdict != "met"]
        if open_:
            lacking.append(f"{found[0].title} ({', '.join(open_)})")
    if lacking:
        text += f" Not so: {'; '.join(lacking)}."
    return text + (" One workload shows no pattern yet." if len(each) < PATTERN_FROM else "")


def _time_to_feedback(figures: PortfolioFigures) -> str:
    known = [one for one in figures.workloads if one.first_feedback_days is not None]
    if figures.first_feedback_days is None:
        return ""
    pilots = "one pilot" if len(known) == 1 else f"the median of {len(known)} pilots"
    return f"The first feedback came {figures.first_feedback_days:.1f} days after the beginning ({pilots})."


def _review_lead_time(figures: PortfolioFigures) -> str:
    concluded, opened = sum(one.concluded for one in figures.reviews), sum(one.opened for one in figures.reviews)
    if not opened:
        return ""
    overdue = sum(one.overdue for one in figures.reviews)
    slowest = max((one for one in figures.reviews if one.days is not None), key=lambda one: one.days or 0, default=None)
    took = f" The slowest, {slowest.title}, takes {slowest.days:.0f} days in the median." if slowest else ""
    return f"{concluded} of {opened} reviews that were opened are concluded, {overdue} overdue.{took}"


_FIGURES: dict[Figure, Callable[[PortfolioFigures], str]] = {
    "time-to-feedback": _time_to_feedback,
    "review-lead-time": _review_lead_time,
}
