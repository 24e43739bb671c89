"""Checks of what runs: whether it brings what was promised, costs what was estimated, and meets the same work. Pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence

from msgspec import structs

from pilotage.evidence.band import at_every_look
from pilotage.evidence.explaining import written
from pilotage.evidence.measurements import Estimate, NotEstimable, QuarterBenefit
from pilotage.evidence.values import orientation
from pilotage.gates.case import Case, Check, Finding, estimate_item, item, met, pending, unmet
from pilotage.gates.cost_months import MonthCost, cost_months
from pilotage.playbook.metrics import Metric, Target
from pilotage.record.areas.costing import CostLineEstimated, cost_owner
from pilotage.record.digests import digest_of
from pilotage.record.verdicts import EvidenceItem
from pilotage.record.workload import day_of, start_of

WEEKS_A_YEAR = 365.25 / 7.0
SECONDS_A_WEEK = 604_800.0
LIVE_DAYS = 30
BILLS_DAYS = 10
EXPLAIN = "Find out why, and estimate anew on the Cost page; whoever carries the cost decides whether it stays."
KEEP_COMPARING = "Keep 2 to 5 % of the units with the incumbent, see that labels come, and report them in time."
KEEP_RUNNING = "Keep the server running and the calls coming: a reference is frozen first, and then weeks are compared."


def value(case: Case) -> Finding:
    """What the candidate brought in the last whole quarter, against the charter; and who does the work when it is down.

    Until a quarter is over, the running one is judged on what there is. One that is over and has no figure was not
    measured, and a running one that is shown to fall short counts at once: it is judged anew every hour, so by an
    interval that holds at all looks together. A figure of a part of the quarter never meets the promise.
    """
    charter = case.workload.measured_charter
    metric = charter.metric(charter.target.metric) if charter else None
    found = case.measurements.quarters if case.measurements else ()
    if charter is None or metric is None or not found:
        why = "Nothing has been measured in live traffic yet."
        return pending(why, next="Let it serve, and keep a few per cent of the work with the incumbent.")
    last, running = quarters_to_judge(found, int(case.number("live_days_min", LIVE_DAYS)))
    evidence = tuple(one for quarter in (last, running) if quarter for one in _quarter_items(quarter))
    judged = last or running
    if judged is None or not isinstance(judged.comparison, Estimate):
        return _without_figure(last, running, evidence)
    place = case.workload.planning.place
    if place is None or not place.fact.when_absent.strip():
        why = "It is not written down who does the work when the candidate is down."
        return pending(why, *evidence, next="Say on the Plan page how the work goes on without an answer.")
    finding = against_promise(charter.target, metric, judged, judged.comparison)
    if finding.verdict != "unmet" and last and running and isinstance(running.comparison, Estimate):
        now = against_promise(charter.target, metric, running, running.comparison)
        finding = now if now.verdict == "unmet" else finding
    said = f" Without the candidate: {place.fact.when_absent}" if finding.verdict == "met" else ""
    since = start_of(case.workload, last.until) if last and finding.verdict == "met" else None
    return structs.replace(finding, reason=f"{finding.reason}{said}", evidence=evidence, since=since)


def quarters_to_judge(
    found: Sequence[QuarterBenefit], live_days: int
) -> tuple[QuarterBenefit | None, QuarterBenefit | None]:
    """The last complete quarter in which it was live for long enough, and the one that runs; None where none is."""
    whole = [one for one in found if one.complete and (one.until - one.first).days >= live_days]
    last = whole[-1] if whole else None
    return last, None if found[-1].complete else found[-1]


def _without_figure(
    last: QuarterBenefit | None, running: QuarterBenefit | None, evidence: tuple[EvidenceItem, ...]
) -> Finding:
    if last is not None and isinstance(last.comparison, NotEstimable):
        return unmet(
            f"{last.quarter} is over and was not measured: {last.comparison.reason}", *evidence, next=KEEP_COMPARING
        )
    why = running.comparison.reason if running and isinstance(running.comparison, NotEstimable) else ""
    return pending(f"No quarter has a figure yet. {why}".strip(), *evidence, next=KEEP_COMPARING)


def _quarter_items(quarter: QuarterBenefit) -> Iterator[EvidenceItem]:
    name = quarter.quarter
    yield item(f"{name}, months", ", ".join(quarter.months) or "none")
    yield estimate_item(f"{name}, benefit", quarter.comparison)
    yield estimate_item(f"{name}, incumbent", quarter.incumbent)
    yield estimate_item(f"{name}, candidate", quarter.candidate)
    if quarter.held_back is None:
        yield item(f"{name}, concurrent", "no: against the frozen baseline")
    else:
        yield item(f"{name}, share of units held back", round(quarter.held_back, 4))
    if isinstance(quarter.comparison, Estimate):
        yield item(f"{name}, method", quarter.comparison.method)
        for one in quarter.comparison.left_out:
            yield item(f"{name}, left out", f"{one.stage}: {one.reason}")
    yield item(f"{name}, sums, SHA-256", digest_of(quarter.sums))


def against_promise(target: Target, metric: Metric, found: QuarterBenefit, seen: Estimate) -> Finding:
    """A quarter's figure against the charter: short of the promise, open, or as promised. One that is over is looked at
    once, with its own interval; a running one at every look, with one that allows for that.
    """
    up = orientation(metric) if target.form == "own" else 1.0
    if not found.complete:
        seen = at_every_look(seen, _units(target, found))
    low, high = sorted((up * seen.low, up * seen.high))
    said = (
        f"{metric.title} in {found.quarter}{'' if found.complete else ' so far'}: "
        f"{written(seen.value, metric, target.form)} "
        f"({written(min(seen.low, seen.high), metric, target.form)} to "
        f"{written(max(seen.low, seen.high), metric, target.form)}"
        f"{'' if found.complete else ', at all looks together'}), promised "
        f"{written(target.target, metric, target.form)}, floor {written(target.floor, metric, target.form)}"
        f"{'' if found.concurrent else '; not concurrent: held against the baseline from before the pilot'}."
    )
    if high < up * target.target:
        following = "Find since when and where on the Evidence page, mend it or go back a step."
        return unmet(f"It falls short of what was promised. {said}", next=following)
    if low <= up * target.floor:
        return pending(f"It is not yet shown to bring even the floor. {said}")
    if seen.left_out:
        return pending(f"It is the figure of a part of {found.quarter}: {_left_out(seen)}. {said}", next=KEEP_COMPARING)
    return met(said)


def _units(target: Target, found: QuarterBenefit) -> float:
    """The units that a quarter's figure is as sure as: of the smaller arm, where arms are compared."""
    if target.form == "own" or not found.concurrent:
        return found.candidate.units
    return min(found.candidate.units, found.incumbent.units)


def _left_out(seen: Estimate) -> str:
    """What a figure is without, in words."""
    return "; ".join(f"{one.stage} is left out ({one.reason.rstrip('.')})" for one in seen.left_out)


def cost(case: Case) -> Finding:
    """What it costs to run against the estimate that the decision rested on: a call and how many there are, as they are
    measured, and each month with its bills.
    """
    calls = _cost_of_calls(case)
    if calls.verdict == "unmet":
        return calls
    months = _cost_of_months(case)
    evidence = (*calls.evidence, *months.evidence)
    worse = months if months.verdict != "met" else calls
    said = " ".join(filter(None, (calls.reason, months.reason)))
    return structs.replace(worse, reason=said, evidence=evidence)


def _cost_of_months(case: Case) -> Finding:
    """The last whole month whose bills are in, or had to be; the running one counts once it costs too much already."""
    spent = case.measurements.spent_by_month if case.measurements else ()
    months = cost_months(case.workload, spent, case.today)
    grace = dt.timedelta(days=case.number("bills_days", BILLS_DAYS))
    whole = [one for one in months if one.whole and (not one.missing or one.until + grace <= case.today)]
    running = months[-1] if months and not months[-1].whole else None
    evidence = tuple(one for month in (*whole[-1:], *([running] if running else [])) for one in _month_items(month))
    if running is not None and running.actual > running.high_of_month > 0.0:
        said = f"{_month_said(running)} That is more than the whole month was estimated at, at most."
        return unmet(said, *evidence, next=EXPLAIN)
    if not whole:
        return met("No whole month is over that could be held against the estimate.", *evidence)
    last = whole[-1]
    said = _month_said(last)
    if last.actual > last.high:
        return unmet(f"{said} That is beyond the estimate.", *evidence, next=EXPLAIN)
    if last.missing:
        lacking = f"{said} It is not known what was paid for {', '.join(last.missing)}."
        following = f"Whoever carries the cost records what {last.month} cost, on the Cost page."
        return pending(lacking, *evidence, next=following, by=cost_owner(case.workload))
    return met(said, *evidence)


def _month_said(month: MonthCost) -> str:
    return (
        f"{month.month}{'' if month.whole else ' so far'}: {month.actual:,.2f} USD, estimated at {month.likely:,.2f} "
        f"({month.low:,.2f} to {month.high:,.2f})."
    )


def _month_items(month: MonthCost) -> Iterator[EvidenceItem]:
    name = month.month
    yield item(f"{name}, actual, USD", round(month.actual, 2), n=month.calls, ledger=month.ledger)
    yield item(f"{name}, estimated at most, USD", round(month.high, 2))
    for line in month.lines:
        known = None if line.actual is None else round(line.actual, 2)
        yield item(f"{name}, {line.line}, {line.origin}, USD", known)
    if month.once:
        yield item(f"{name}, paid once, USD", round(month.once, 2))


def _cost_of_calls(case: Case) -> Finding:
    """What a call costs while it serves, and how many there are, against the estimate."""
    production, measurements = case.workload.costing.production, case.measurements
    lines = [one.fact for one in case.workload.costing.lines.values() if one.fact.per == "call"]
    if production is None or not any(line.category == "model_usage" for line in lines):
        why = "There is no estimate of what a call costs and how many there are."
        return pending(why, next="Estimate the model's cost of a call, and the calls a year, on the Cost page.")
    spent = measurements.spent if measurements else None
    if measurements is None or spent is None or isinstance(spent, NotEstimable):
        why = spent.reason if isinstance(spent, NotEstimable) else "No call that the candidate served was measured yet."
        return pending(why, next="Let executions report what they cost, also where that is nothing.")
    highest, most = _usd(lines), production.fact.calls_a_year_high
    year = _calls_a_year(case)
    evidence = (
        estimate_item("cost of a call, USD", spent),
        item("estimated at most, USD", highest),
        item("calls a year at the present pace", year),
        item("estimated at most, calls a year", most),
    )
    said = (
        f"A call costs {spent.value:.3g} USD ({spent.low:.3g} to {spent.high:.3g}), estimated at {highest:.3g} at most"
    )
    if year is None:
        return pending(f"{said}. There has been no week of calls to tell the pace by.", *evidence)
    month = spent.value * year / 12.0
    said += f"; at {year:,.0f} calls a year that is {month:,.2f} USD a month."
    if spent.low > highest or year > most:
        over = "a call costs more" if spent.low > highest else f"there are more calls than {most:,.0f}"
        return unmet(
            f"Beyond the estimate: {over}. {said}",
            *evidence,
            next=EXPLAIN,
        )
    if spent.value > highest:
        return pending(f"It may cost more than estimated; there are too few calls to tell. {said}", *evidence)
    return met(said, *evidence)


def _usd(lines: list[CostLineEstimated]) -> float:
    return math.fsum(line.high * line.rate for line in lines)


def _calls_a_year(case: Case) -> float | None:
    traffic = case.measurements.traffic if case.measurements else None
    if traffic is None or traffic.first_call_at is None or traffic.last_call_at is None:
        return None
    weeks = (traffic.last_call_at - traffic.first_call_at).total_seconds() / SECONDS_A_WEEK
    return traffic.counted / weeks * WEEKS_A_YEAR if weeks >= 1.0 else None


def drift(case: Case) -> Finding:
    """The traffic was held against its reference lately, and every field that stands out is explained."""
    drifting = case.workload.drifting
    if drifting.newest is None:
        return pending("The watch has not held the traffic against its reference yet.", next=KEEP_RUNNING)
    fact, stamp = drifting.newest.fact, drifting.newest.stamp
    explained = [one for field in fact.alarms if (one := drifting.explained(field))]
    evidence = (
        item("fields judged", fact.judged, ledger=stamp.position),
        *(item(f"{field} stands out since", str(drifting.since[field].at.date()), ledger=drifting.since[field].position)
          for field in fact.alarms if field in drifting.since),
        *(item(f"{one.fact.field} explained by", one.stamp.by, ledger=one.stamp.position) for one in explained),
    )  # fmt: skip
    if fact.status == "not_estimable" or not fact.judged:
        return pending(fact.why or "No field could be judged.", *evidence, next=KEEP_RUNNING)
    open_ones = drifting.unexplained
    if open_ones:
        return unmet(
            f"Moved, still moved a window later, and nobody has said why: {', '.join(open_ones)}.",
            *evidence,
            next=f"Look into {open_ones[0]} on the Drift page and explain it, or train anew.",
        )
    said = f"{fact.judged} fields were held against the reference on {day_of(case.workload, stamp.at)}"
    if fact.alarms:
        return met(f"{said}; what stands out is explained: {', '.join(fact.alarms)}.", *evidence, since=stamp.at)
    return met(f"{said}; none stands out.", *evidence, since=stamp.at)


CHECKS: dict[str, Check] = {"operate.value": value, "operate.cost": cost, "operate.drift": drift}
