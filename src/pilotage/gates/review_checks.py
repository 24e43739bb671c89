"""Checks of the reviews: opened with a named reviewer, concluded on what stands, still current. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from msgspec import structs

from pilotage.gates.case import Case, Check, Finding, item, met, pending, unmet
from pilotage.record.areas.reviewing import ReviewFinding
from pilotage.record.review_standing import APPROVED, ReviewStanding, standing
from pilotage.record.verdicts import EvidenceItem
from pilotage.record.workload import day_of

WHY_NOT = {
    "no_reviewer": "has no named reviewer",
    "not_open": "is not open",
    "open": "is not concluded",
    "void": "was concluded by somebody who has a part in what is reviewed",
    "changed": "was approved on something that has changed since",
    "expired": "was approved too long ago",
}
LAPSED = {"changed", "expired"}


def partners(case: Case) -> Finding:
    """Each review is open and a named person conducts it."""
    named, since = case.workload.reviewers, case.workload.reviews.since
    areas = [review.id for review in case.playbook.reviews]
    evidence = [item(f"{area} review", named.get(area), ledger=since[area].position) for area in areas if area in since]
    nobody = [area for area in areas if area not in named]
    if nobody:
        following = f"Name a reviewer for {nobody[0]}, then open the review."
        return unmet(f"No reviewer is named for {', '.join(nobody)}.", *evidence, next=following)
    shut = [area for area in areas if area not in since]
    if shut:
        return unmet(f"Not open: {', '.join(shut)}.", *evidence, next=f"Open the {shut[0]} review.")
    return met(f"All {len(areas)} reviews are open, each with a named reviewer.", *evidence)


def concluded(case: Case) -> Finding:
    """Each review is approved on what stands now, with no blocking finding and no condition open.

    Once the gate is passed, what a later approval made a condition may stay open until it is due.
    """
    found = _standings(case)
    passed = case.phase in case.workload.passed
    waiting = _overdue(case, found) if passed else [one for each in found for one in each.conditions]
    return _unapproved(case, found) or _unsettled(waiting, found) or _approved(case, found)


def current(case: Case) -> Finding:
    """No approval has run out or is about something else by now, and no finding is overdue."""
    found = _standings(case)
    return _unapproved(case, found) or _unsettled(_overdue(case, found), found) or _approved(case, found)


def _standings(case: Case) -> tuple[ReviewStanding, ...]:
    """Every review as it stands; while none is concluded the first alone, which is then what is waited for."""
    reviews = case.playbook.reviews
    asked = reviews if case.workload.reviews.conclusions else reviews[:1]
    return tuple(standing(case.workload, case.playbook, review, case.now) for review in asked)


def _unapproved(case: Case, found: Sequence[ReviewStanding]) -> Finding | None:
    """What keeps the reviews from being approved. A rejection comes first, and nobody waives one."""
    evidence = _evidence(found)
    for one in found:
        if one.state == "rejected":
            refused = unmet(
                f"The {one.area} review is rejected.",
                *evidence,
                next="Mend what it was rejected for, then ask the reviewer to conclude it again.",
                by=f"{one.area} reviewer",
            )
            return structs.replace(refused, waivable=False, at_once=True)
    for one in found:
        why = WHY_NOT.get(one.state) or _went_back(case, one)
        if why is not None and one.state not in LAPSED:
            return pending(f"The {one.area} review {why}.{_left(case, found)}", *evidence, next=_next(one), by=_by(one))
    lapsed = sorted((_counted_until(case, one), one.area) for one in found if one.state in LAPSED)
    if not lapsed:
        return None
    until, area = lapsed[0]
    first = next(one for one in found if one.area == area)
    finding = pending(
        f"The {area} review {WHY_NOT[first.state]}, on {day_of(case.workload, until)}: {_what(first)}.",
        *evidence,
        next=f"Read what changed and conclude the {area} review again.",
        by=f"{area} reviewer",
    )
    return structs.replace(finding, since=_since(case, until))


def _went_back(case: Case, one: ReviewStanding) -> str | None:
    """A conclusion for a phase that the workload went back over since counts no more."""
    reopened = case.workload.reopened.get(case.phase)
    if reopened and one.conclusion and one.conclusion.stamp.position < reopened.position:
        return "was concluded before the workload went back"
    return None


def _left(case: Case, found: Sequence[ReviewStanding]) -> str:
    approved = sum(one.state in APPROVED for one in found)
    return f" {approved} of {len(case.playbook.reviews)} are approved."


def _next(one: ReviewStanding) -> str:
    if one.state == "no_reviewer":
        return f"Name a reviewer for {one.area}."
    if one.state == "not_open":
        return f"Open the {one.area} review."
    if one.unanswered:
        return f"Answer what the {one.area} review asks: {len(one.unanswered)} of {one.asked} questions are open."
    return f"Read the answers and conclude the {one.area} review."


def _by(one: ReviewStanding) -> str:
    return "owner" if one.state in {"no_reviewer", "not_open"} or one.unanswered else f"{one.area} reviewer"


def _what(one: ReviewStanding) -> str:
    if one.state == "expired" or not one.changes:
        return "approvals are given for a time"
    return ", ".join(change.what for change in one.changes)


def _counted_until(case: Case, one: ReviewStanding) -> dt.datetime:
    """Until when an approval counts: its own time, the criterion's, and the first change of what it was about."""
    given = one.conclusion.stamp.at if one.conclusion else case.now
    days = case.criterion.valid_days
    bounds = [one.valid_until, given + dt.timedelta(days=days) if days else None, *(c.at for c in one.changes)]
    return min((bound for bound in bounds if bound is not None), default=case.now)


def _since(case: Case, until: dt.datetime) -> dt.datetime | None:
    """The gates count the criterion's days from here: so many before `until`, where its grace begins."""
    days = case.criterion.valid_days
    return until - dt.timedelta(days=days) if days else None


def _overdue(case: Case, found: Sequence[ReviewStanding]) -> list[ReviewFinding]:
    """Open findings whose day has passed, conditions or not."""
    return [f for one in found for f in one.findings if f.closed is None and f.raised.due < case.today]


def _unsettled(waiting: Sequence[ReviewFinding], found: Sequence[ReviewStanding]) -> Finding | None:
    """The first finding that has to be settled before all else."""
    open_ones = [f for one in found for f in one.findings if f.closed is None]
    blocking = [f for f in open_ones if f.raised.severity == "blocking"]
    first = next(iter([*blocking, *waiting]), None)
    if first is None:
        return None
    said = ", ".join(dict.fromkeys(f.raised.number for f in [*blocking, *waiting]))
    found_open = unmet(
        f"Open: {said}. {first.raised.number} is {first.raised.severity} and due on {first.raised.due}.",
        *(item(f"{f.raised.number}, {f.raised.severity}", f.raised.owner, ledger=f.stamp.position) for f in open_ones),
        next=f"Mend {first.raised.number}, then ask the {first.raised.review} reviewer to close it.",
        by=first.raised.owner,
    )
    return structs.replace(found_open, at_once=True)


def _approved(case: Case, found: Sequence[ReviewStanding]) -> Finding:
    until = min((_counted_until(case, one) for one in found), default=case.now)
    reason = f"All {len(found)} reviews are approved on what stands now."
    return met(reason, *_evidence(found), since=_since(case, until))


def _evidence(found: Sequence[ReviewStanding]) -> list[EvidenceItem]:
    return [
        item(f"{one.area} review: {one.state.replace('_', ' ')}", c.stamp.by, ledger=c.stamp.position)
        for one in found
        if (c := one.conclusion) is not None
    ]


CHECKS: dict[str, Check] = {
    "select.review-partners": partners,
    "harden.reviews": concluded,
    "operate.reviews": current,
}
