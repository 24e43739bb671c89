"""The check of adoption: use, acceptance and overrides as measured, against the plan that stood before. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from pilotage.evidence.adoption import Planned, Rate, rates
from pilotage.evidence.measurements import AdoptionSeen, Estimate
from pilotage.gates.case import Case, Check, Finding, estimate_item, item, met, pending, unmet
from pilotage.record.areas.adopting import AdoptionPlanned, counts_from, share_reached
from pilotage.record.digests import digest_of
from pilotage.record.verdicts import EvidenceItem
from pilotage.record.workload import Workload, day_of

PLAN = "Record an adoption plan on the Feedback page, before people meet it."
REPORT = "Report what users do with each answer (`feedback` in the SDK), and give it time."


def planned_of(plan: AdoptionPlanned) -> Planned:
    """The three rates that a plan asks for."""
    return Planned(
        use_at_least=plan.use_at_least,
        accepted_at_least=plan.accepted_at_least,
        overridden_at_most=plan.overridden_at_most,
    )


def adoption(case: Case) -> Finding:
    """Each rate is shown to keep its plan, on enough answers, once the share was reached and people had time to learn.

    A rate whose interval holds the plan is open, and an open one is no pass.
    """
    plan = case.workload.adopting.plan
    if plan is None:
        return pending("There is no adoption plan that use could be held against.", next=PLAN)
    evidence: tuple[EvidenceItem, ...] = (item("adoption plan recorded by", plan.stamp.by, ledger=plan.stamp.position),)
    seen = case.measurements.adoption if case.measurements else None
    waits = waits_for(case.workload, seen)
    if seen is not None:
        evidence = (*evidence, *_figures(seen))
    if waits or seen is None:
        return pending(waits or "Nothing was measured of what people do with its answers.", *evidence, next=REPORT)
    found = rates(seen, planned_of(plan.fact))
    said = " ".join(in_words(one) for one in found)
    missed = [one for one in found if one.status == "missed"]
    if missed:
        following = "Ask those who stay away or override why, and what would help; then mend it, or train again."
        return unmet(f"Not as planned: {_named(missed)}. {said}", *evidence, next=following)
    opened = [one for one in found if one.status == "open"]
    if opened:
        return pending(f"Not shown to be as planned yet: {_named(opened)}. {said}", *evidence, next=REPORT)
    return structs.replace(met(said, *evidence), since=seen.until)


def low_adoption(workload: Workload, seen: AdoptionSeen | None) -> tuple[Rate, ...]:
    """The rates that are shown to have missed their plan now, whatever was frozen when a gate passed."""
    plan = workload.adopting.plan
    if plan is None or seen is None or waits_for(workload, seen):
        return ()
    return tuple(one for one in rates(seen, planned_of(plan.fact)) if one.status == "missed")


def waits_for(workload: Workload, seen: AdoptionSeen | None) -> str:
    """What keeps the plan from being judged: its share, the time to learn, or too few answers; empty where nothing."""
    plan, begins = workload.adopting.plan, counts_from(workload)
    if plan is None:
        return "There is no adoption plan."
    fact = plan.fact
    if share_reached(workload) is None or begins is None:
        return f"Judged once {fact.from_percent:g} % of the traffic is exposed; it is not, now."
    if seen is None:
        return "Nothing was measured of what people do with its answers."
    if seen.actions < fact.actions_at_least:
        return (
            f"{seen.actions:,} of {fact.actions_at_least:,} answers are told of since {day_of(workload, begins)}, from "
            "when on calls count: the share is exposed, people had time to learn, and the plan stands."
        )
    return ""


def in_words(one: Rate) -> str:
    """A rate with its bound and what was planned, in a sentence."""
    limit = "" if one.planned is None else f", planned at {'least' if one.bound == '>=' else 'most'} {one.planned:.1%}"
    if not isinstance(one.seen, Estimate):
        return f"{one.title}: {one.seen.reason}"
    low, high = f"{one.seen.low:.1%}", f"{one.seen.high:.1%}"
    return f"{one.title}: {one.seen.value:.1%} ({low} to {high} at all looks together){limit}."


def _named(found: Iterable[Rate]) -> str:
    return ", ".join(one.title.lower() for one in found)


def _figures(seen: AdoptionSeen) -> tuple[EvidenceItem, ...]:
    methods = {one.method for one in (seen.use, seen.accepted, seen.overridden) if isinstance(one, Estimate)}
    return (
        item("release", seen.release),
        item("calls from", seen.since.isoformat()),
        item("calls until", seen.until.isoformat()),
        item("calls", seen.calls),
        item("units", seen.units),
        estimate_item("units that use it", seen.use),
        estimate_item("answers taken as they are", seen.accepted),
        estimate_item("answers overridden", seen.overridden),
        item("method", "; ".join(sorted(methods)) or "none"),
        item("sums, SHA-256", digest_of(seen)),
    )


CHECKS: dict[str, Check] = {"deploy.adoption": adoption}
