"""Checks of what users say: asked before the decision, heard afterwards, and turned into iterations. Pure."""

from __future__ import annotations

import datetime as dt

from msgspec import structs

from pilotage.evidence.measurements import FeedbackSeen
from pilotage.evidence.preference import preference
from pilotage.gates.case import Case, Check, Finding, days_between, item, met, pending, unmet
from pilotage.record.areas.feedback import interviews_of
from pilotage.record.verdicts import EvidenceItem

SEEN = {"suggest", "live"}


def user_feedback(case: Case) -> Finding:
    """Enough users were asked; and where people saw answers it is known what they did with them, else pairs were judged
    blind.
    """
    talks, needed = interviews_of(case.workload), int(case.number("interviews_min", 5))
    again = sum(one.fact.use_again == "yes" for one in talks)
    helped = sum(one.fact.helped == "yes" for one in talks)
    evidence = (item("talks", len(talks)), item("it helped", helped, n=len(talks)), item("again", again, n=len(talks)))
    measured, reason, next_step, enough = _answers(case)
    if len(talks) < needed:
        following = f"Talk to {needed - len(talks)} more and record what they said on the Feedback page."
        return pending(
            f"{len(talks)} of {needed} talks with users are on record. {reason}", *evidence, *measured, next=following
        )
    said = f"{len(talks)} users were asked: it helped {helped}, and {again} would use it again. {reason}"
    return met(said, *evidence, *measured) if enough else pending(said, *evidence, *measured, next=next_step)


def _answers(case: Case) -> tuple[tuple[EvidenceItem, ...], str, str, bool]:
    """What people did with answers, or said of them blind: evidence, a sentence, what is next, whether it suffices."""
    if _was_shown(case):
        seen = case.measurements.feedback if case.measurements else None
        counted = case.measurements.traffic.feedback if case.measurements else 0
        known, needed = min(seen.judged if seen else 0, counted), int(case.number("overrides_min", 20))
        reason = f"People saw answers; on {known} calls it is known what they did with them or how they rated them"
        return (
            _figures(seen),
            f"{reason}, of {needed} that are asked for." if known < needed else f"{reason}.",
            "Report what users do with each answer (`feedback` in the SDK).",
            known >= needed,
        )
    attempt = case.workload.attempt
    judged = case.workload.blind.of_attempt(attempt.number) if attempt else ()
    found, needed = preference(one.fact.preferred for one in judged), int(case.number("blind_reviews_min", 20))
    shares = (
        () if found.share is None else (item("candidate preferred", round(found.share, 3), n=len(judged) - found.same),)
    )
    lacking = f"Nobody saw answers, and {len(judged)} of {needed} pairs were judged blind."
    return (
        (item("pairs judged blind", len(judged)), *shares),
        lacking if len(judged) < needed else found.reason,
        f"Have {needed - len(judged)} more pairs judged blind on the Feedback page.",
        len(judged) >= needed,
    )


def _was_shown(case: Case) -> bool:
    """Whether anybody saw an answer before the decision, or may have where nothing is measured."""
    passed = case.workload.passed.get("evaluate")
    asked = any(
        one.mode in SEEN and one.stamp is not None and (passed is None or one.stamp.position < passed.stamp.position)
        for one in case.workload.exposures
    )
    traffic = case.measurements.traffic if case.measurements else None
    return asked and (traffic is None or traffic.suggested + traffic.candidate_served > 0)


def _figures(seen: FeedbackSeen | None) -> tuple[EvidenceItem, ...]:
    if seen is None:
        return ()
    told = (item(f"answers {action}", count) for action, count in seen.actions.items())
    rating = () if seen.rating is None else (item("mean rating", round(seen.rating, 3), n=seen.rated),)
    return (*told, *rating, item("flagged as edge cases", seen.edge_cases))


def heard(case: Case) -> Finding:
    """A channel is open, somebody present replies, replies come in time, and once people are exposed they use it."""
    channel, opened = case.workload.feedback.channel, case.workload.feedback.opened
    if channel is None or opened is None:
        return unmet(
            "No feedback channel is open.", next="Say where users speak and who replies, on the Feedback page."
        )
    who, days = channel.fact.answered_by, channel.fact.promise_days
    evidence: tuple[EvidenceItem, ...] = (
        item("replies", who, ledger=channel.stamp.position),
        item("promised within days", days),
    )
    if who in case.portfolio.absent:
        return unmet(f"{who} replies, and has no account any more.", *evidence, next="Name somebody who replies.")
    seen = case.measurements.feedback if case.measurements else None
    if seen is None:
        return pending("What users said has not been measured.", *evidence, next="Let calls and feedback be recorded.")
    share = _answered_share(case, seen, opened.at, days)
    evidence = (*evidence, *_figures(seen), *share.evidence)
    if share.verdict != "met":
        return structs.replace(share, evidence=evidence)
    return _used(case, seen, Finding(verdict="met", reason=share.reason, evidence=evidence))


def _answered_share(case: Case, seen: FeedbackSeen, opened: dt.datetime, days: int) -> Finding:
    """How much of what was due a reply got one in time; the promise counts from the channel's opening on."""
    promise, since = dt.timedelta(days=days), case.now - dt.timedelta(days=case.number("window_days", 90))
    in_time, late, waiting = 0, 0, 0
    for one in seen.asking:
        if one.at < since:
            continue
        due = max(one.at, opened) + promise
        replied = case.workload.feedback.answered_at(one.call, one.at)
        in_time += replied is not None and replied <= due
        late += (replied or case.now) > due
        waiting += replied is None and case.now <= due
    evidence = (item("answered in time", in_time), item("late or overdue", late), item("waiting for a reply", waiting))
    if not late:
        said = f"All {in_time} that were due a reply got one within {days} days" if in_time else "No reply is overdue"
        return met(f"{said}; {waiting} {'waits' if waiting == 1 else 'wait'}.", *evidence)
    share = in_time / (in_time + late)
    said = f"{in_time} of {in_time + late} that were due a reply got one within {days} days."
    if share < case.number("answered_share_min", 0.9):
        return unmet(
            said, *evidence, next="Answer what is waiting on the Feedback page, the oldest first.", by="operator"
        )
    return met(said, *evidence)


def _used(case: Case, seen: FeedbackSeen, holds: Finding) -> Finding:
    """Once people are exposed they have to use the channel; how long it may be quiet after that the playbook says."""
    exposed = exposed_since(case)
    if exposed is None:
        return structs.replace(holds, reason=f"The channel is open. {holds.reason}")
    if seen.newest_at is not None and seen.newest_at >= exposed:
        return structs.replace(holds, reason=f"The channel is used. {holds.reason}", since=seen.newest_at)
    quiet, allowed = days_between(exposed, case.now), case.number("first_days", 14)
    if quiet <= allowed:
        said = f"Exposed for {quiet:.0f} days, and nobody has said anything yet. {holds.reason}"
        return structs.replace(holds, reason=said)
    following = "Ask those who see answers to say what they think of them, where they work."
    return pending(f"Exposed for {quiet:.0f} days, and nobody has said anything.", *holds.evidence, next=following)


def exposed_since(case: Case) -> dt.datetime | None:
    """Since when people have seen answers without a break; None while nobody does."""
    since = None
    for one in reversed(case.workload.exposures):
        if one.mode not in SEEN or one.stamp is None:
            break
        since = one.stamp.at
    return since


def next_iteration(case: Case) -> Finding:
    """An iteration is scoped of what users said, what failed and what drifted, and its day has not passed."""
    scoped = case.workload.feedback.open_iterations
    undecided = item("items that nobody decided on", len(case.workload.feedback.undecided))
    if not scoped:
        return unmet("No next iteration is scoped.", undecided, next="Scope it from the backlog on the Feedback page.")
    newest = scoped[-1]
    evidence = (
        item("iteration", newest.fact.title, ledger=newest.stamp.position),
        item("items taken", len(newest.fact.items)),
        undecided,
    )
    late = next((one for one in scoped if one.fact.due_on < case.today), None)
    if late is not None:
        following = "Close it as delivered or dropped, or set a new day."
        return unmet(f"{late.fact.title} was due on {late.fact.due_on} and is open.", *evidence, next=following)
    gone = [name for name in newest.fact.items if case.workload.feedback.backlog[name].fact.fate != "take"]
    if gone:
        following = "Scope the iteration again without it, or take it."
        return unmet(f"{', '.join(gone)} is in its scope and no longer taken.", *evidence, next=following)
    count = f"{len(newest.fact.items)} item{'' if len(newest.fact.items) == 1 else 's'}"
    return met(f"{newest.fact.title}: {count}, due on {newest.fact.due_on}.", *evidence, since=newest.stamp.at)


def iteration(case: Case) -> Finding:
    """The last iteration ended, with a reason, and the next is scoped."""
    found, endings = next_iteration(case), list(case.workload.feedback.endings.values())
    if not endings:
        following = "Close the running iteration as delivered or dropped, and scope the next."
        return unmet(f"No iteration has ended yet. {found.reason}", *found.evidence, next=following)
    last = endings[-1]
    evidence = (*found.evidence, item("last iteration", last.fact.ending, ledger=last.stamp.position))
    return structs.replace(found, reason=f"{last.fact.id} was {last.fact.ending}. {found.reason}", evidence=evidence)


CHECKS: dict[str, Check] = {
    "evaluate.user-feedback": user_feedback,
    "deploy.feedback": heard,
    "operate.feedback": heard,
    "deploy.next-iteration": next_iteration,
    "operate.iteration": iteration,
}
