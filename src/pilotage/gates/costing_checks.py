"""Checks of the production cost estimate and of the money committed for it. Pure."""

from __future__ import annotations

import datetime as dt

from msgspec import structs

from pilotage.evidence.estimate import draws_in_words
from pilotage.evidence.measurements import Estimate, NotEstimable, ProductionCase
from pilotage.gates.case import Case, Check, Finding, item, met, pending, unmet
from pilotage.playbook.types import COST_ROLE
from pilotage.record.areas.costing import CATEGORY_TITLES, Costing, cost_owner
from pilotage.record.areas.operating import offered_to
from pilotage.record.verdicts import EvidenceItem
from pilotage.record.workload import Workload, start_of

ESTIMATE_NEXT = "Estimate each missing line on the Cost page; three zeros with a reason say that it costs nothing."


def production_cost(case: Case) -> Finding:
    """Every category has a line, volume and worth are estimated, calls were measured, and the likely value exceeds the
    likely cost.
    """
    costing = case.workload.costing
    evidence = _lines(costing)
    if costing.missing:
        names = ", ".join(CATEGORY_TITLES[category].lower() for category in costing.missing)
        finding = unmet if costing.lines else pending
        return finding(f"Without an estimate or an argued zero: {names}.", *evidence, next=ESTIMATE_NEXT)
    if costing.production is None:
        reason = "How much production handles, and what that brings, is not estimated."
        return pending(reason, *evidence, next="Estimate volume and worth on the Cost page.")
    found = case.measurements.production if case.measurements else None
    if not isinstance(found, ProductionCase):
        reason = found.reason if isinstance(found, NotEstimable) else "The estimate has not been computed yet."
        return pending(reason, *evidence, next="Let the pilot measure it, or state it otherwise on the Cost page.")
    evidence = (*evidence, *_figures(found))
    wrong = _against_measured(found)
    if wrong is not None:
        finding = pending if isinstance(found.measured_usd_a_call, NotEstimable) else unmet
        return finding(wrong, *evidence, next="Let executions report what they cost, and estimate the calls from that.")
    said = (
        f"Within {_years(found)} it brings {_usd(found.value_usd)} and costs {_usd(found.cost_usd)} "
        f"({_usd(found.cost_low_usd)} to {_usd(found.cost_high_usd)}) at the likely figures and the {found.at} result; "
        f"value exceeds cost in {draws_in_words(found.pays)} of {found.draws:,} draws."
    )
    if found.value_usd <= found.cost_usd:
        return unmet(
            said, *evidence, next="Find where it can cost less or bring more, or decide no-go: it does not pay."
        )
    newest = costing.newest
    return met(said, *evidence, since=newest.at if newest else None)


def _lines(costing: Costing) -> tuple[EvidenceItem, ...]:
    held = [line for line in costing.lines.values() if not line.fact.is_nothing]
    found = [item(f"{one.fact.line}, likely {one.fact.currency} {_PER[one.fact.per]}", one.fact.likely,
                  ledger=one.stamp.position) for one in held]  # fmt: skip
    zeros = len(costing.lines) - len(held)
    return (*found, *([item("lines argued to be zero", zeros)] if zeros else []))


_PER = {"once": "once", "year": "a year", "call": "a call"}


def _figures(found: ProductionCase) -> tuple[EvidenceItem, ...]:
    measured = found.measured_usd_a_call
    cost = (
        item("measured cost of a call, USD", measured.value, n=measured.calls)
        if isinstance(measured, Estimate)
        else item(f"measured cost of a call: {measured.reason}", None, n=measured.calls)
    )
    return (
        item("likely cost, USD", found.cost_usd),
        item("likely value, USD", found.value_usd),
        item("share of draws in which value exceeds cost", found.pays, n=found.draws),
        cost,
    )


def _against_measured(found: ProductionCase) -> str | None:
    """What the measured calls say against the estimate of a call; None when nothing."""
    measured, high = found.measured_usd_a_call, found.high_usd_a_call
    if isinstance(measured, NotEstimable):
        return f"The cost of a call is estimated, not measured: {measured.reason}" if high else None
    if high is not None and measured.low > high:
        return (
            f"A call was measured to cost {measured.value:.3g} USD (at least {measured.low:.3g}); the estimate says "
            f"{high:.3g} USD at most."
        )
    return None


def funding(case: Case) -> Finding:
    """Whoever carries the cost committed a dated budget that covers rebuild, change and first year as likely."""
    workload = case.workload
    committed = workload.costing.funding
    if committed is None:
        action, by = _commits(workload, "Commit a dated budget in person.")
        return pending(f"Nobody has committed a budget yet{_nobody_pays(workload)}.", next=action, by=by)
    fact, stamp = committed.fact, committed.stamp
    evidence = [
        item("committed, USD", fact.amount_usd, ledger=stamp.position),
        item("from", str(fact.from_on), ledger=stamp.position),
        item("until", str(fact.until_on), ledger=stamp.position),
        item("committed by", stamp.by, ledger=stamp.position),
    ]
    reopened = workload.reopened.get(case.phase)
    if reopened and reopened.position > stamp.position:
        reason = "The budget was committed before the workload went back; it counts no more."
        action, by = _commits(workload, "Commit it again for what is planned now.")
        return unmet(reason, *evidence, next=action, by=by)
    if case.today > fact.until_on:
        action, by = _commits(workload, "Commit a new one.")
        return unmet(f"The budget ended on {fact.until_on}.", *evidence, next=action, by=by)
    found = case.measurements.production if case.measurements else None
    if not isinstance(found, ProductionCase) or workload.costing.missing:
        reason = f"{_usd(fact.amount_usd)} are committed, but what it costs is not fully estimated, so nobody can say "
        return pending(f"{reason}whether that covers it.", *evidence, next=ESTIMATE_NEXT, by="owner")
    needed = found.first_year_usd
    evidence.append(item("likely cost of rebuild, change and first year, USD", needed))
    if fact.amount_usd < needed:
        reason = (
            f"{_usd(fact.amount_usd)} are committed until {fact.until_on}; rebuild, change and first year likely cost "
            f"{_usd(needed)}: short by {_usd(needed - fact.amount_usd)}."
        )
        action, by = _commits(workload, "Commit what is missing, or find where it can cost less.")
        return unmet(reason, *evidence, next=action, by=by)
    reason = (
        f"{_usd(fact.amount_usd)} are committed from {fact.from_on} until {fact.until_on}, against a likely cost of "
        f"{_usd(needed)}."
    )
    ends = start_of(workload, fact.until_on + dt.timedelta(days=1))
    return structs.replace(met(reason, *evidence), until=ends)


def _commits(workload: Workload, action: str) -> tuple[str, str]:
    """The next action about the money, and whose it is: somebody has to carry the cost before anything is committed."""
    payer, asked = cost_owner(workload), offered_to(workload, COST_ROLE)
    if payer is not None:
        return action, payer
    if asked is not None:
        return "Accept the cost role, or refuse it with a reason.", asked
    return "Offer the cost role to whoever carries the cost.", "owner"


def _nobody_pays(workload: Workload) -> str:
    if cost_owner(workload) is not None:
        return ""
    asked = offered_to(workload, COST_ROLE)
    return f"; {asked} is asked to carry the cost" if asked else ", and nobody has accepted to carry the cost"


def _usd(amount: float) -> str:
    """US dollars, as many digits as help."""
    return f"USD {float(f'{amount:.4g}'):,.0f}" if abs(amount) >= 100 else f"USD {amount:.2f}"  # noqa: PLR2004 - cents below a hundred


def _years(found: ProductionCase) -> str:
    return "its first year" if found.years == 1 else f"{found.years} years"


CHECKS: dict[str, Check] = {
    "evaluate.production-cost": production_cost,
    "evaluate.funding": funding,
}
