"""The sums as they ought to be: from all calls and outcomes at once, in plain Python, without a store."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from msgspec import Struct

from pilotage.evidence.betting import unit_log_wealth
from pilotage.evidence.dues import ASSIGNED
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.sums import Totals, UnitSum
from pilotage.evidence.values import compile_plan, matured
from pilotage.runtime.records import Call, Outcome

HOUR_US = 3_600_000_000
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Reference(Struct):
    """Sums by what they are of."""

    totals: dict[tuple[str, str, str, str, str], Totals]
    days: dict[tuple[dt.date, str, str, str, str], tuple[float, float, float]]
    bets: dict[tuple[str, str, str], tuple[int, tuple[float, ...]]]


def reference(plan: MeasurementPlan, calls: Iterable[Call], outcomes: Iterable[Outcome], now: dt.datetime) -> Reference:
    """What a store must say after everything came and was projected at `now`."""
    now_us = (now - EPOCH) // dt.timedelta(microseconds=1)
    contribute = compile_plan(plan)
    metrics = {metric.id: metric for metric in plan.metrics}
    firsts = first_outcomes(outcomes)
    units: dict[tuple, dict[object, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0, 0.0]))
    days: dict[tuple, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    counted = [call for call in {c.call_id: c for c in calls}.values() if call.source in plan.counted_sources]
    contributions = []
    for call in counted:
        values = {name: outcome.value for name, outcome in firsts[call.call_id].items()}
        times = {name: outcome.at_us for name, outcome in firsts[call.call_id].items()}
        found = [
            c
            for c in contribute(call, values, times)
            if c.metric == ASSIGNED or matured(metrics[c.metric], call.at_us, now_us)
        ]
        contributions.append((call, found))
    for call, found in contributions:
        for c in found:
            release = "" if c.series == "incumbent" else candidate_release(call)
            _add(units[call.stage, release, c.metric, c.series, c.segment][unit_of(call)], c.y, c.z)
            if not c.segment:
                day = (EPOCH + dt.timedelta(microseconds=call.at_us)).astimezone(ZoneInfo(plan.time_zone)).date()
                _add(days[day, call.stage, release, c.metric, c.series], c.y, c.z)
    totals = {}
    for key, by_unit in units.items():
        total = Totals()
        metric = metrics.get(key[2])
        for unit in by_unit.values():
            sums = UnitSum(*unit)
            total += Totals.of(sums) if metric is None else Totals.of_metric(sums, metric)
        totals[key] = total
    return Reference(totals, {key: tuple(s) for key, s in days.items()}, _bets(plan, contributions, now_us))


def _bets(plan, contributions, now_us):
    metrics = {metric.id: metric for metric in plan.metrics}
    first_us: dict[tuple, int] = {}
    for call, _ in contributions:
        key = (call.stage, unit_of(call))
        first_us[key] = min(call.at_us, first_us.get(key, call.at_us))
    window_us = round(plan.unit_window_hours * HOUR_US)
    placed: dict[tuple, tuple[int, tuple[float, ...]]] = {}
    for bet in plan.bets:
        metric = metrics[bet.metric]
        wait_us = round(metric.window_hours * HOUR_US) if metric.labelled else 0
        sums: dict[tuple, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
        for call, found in contributions:
            first = first_us[call.stage, unit_of(call)]
            if call.at_us >= first + window_us or now_us < first + window_us + wait_us:
                continue
            for c in found:
                if (c.metric, c.series, c.segment) == (bet.metric, bet.series, ""):
                    release = "" if c.series == "incumbent" else candidate_release(call)
                    _add(sums[call.stage, release, unit_of(call)], c.y, c.z)
        for (stage, release, _), unit in sums.items():
            count, wealth = placed.get((stage, release, bet.id), (0, (0.0,) * 10))
            logs = unit_log_wealth(bet, UnitSum(*unit))
            placed[stage, release, bet.id] = count + 1, tuple(a + b for a, b in zip(wealth, logs, strict=True))
    return placed


def first_outcomes(outcomes: Iterable[Outcome]) -> dict[str, dict[str, Outcome]]:
    """By call and name, the outcome that counts."""
    firsts: dict[str, dict[str, Outcome]] = defaultdict(dict)
    for outcome in sorted(outcomes, key=lambda o: (o.at_us, o.outcome_id)):
        if outcome.basis not in {"candidate", "incumbent"}:
            firsts[outcome.call_id].setdefault(outcome.name, outcome)
    return firsts


def label_bases(
    plan: MeasurementPlan, calls: Iterable[Call], outcomes: Iterable[Outcome], label: str = "label"
) -> dict[str, tuple[int, int, int, int]]:
    """By stage how many labels are independent, anchored and of unsaid source, and for how many calls an own answer was
    given; stages without any are left out.
    """
    window_hours = max(metric.window_hours for metric in plan.metrics if label in metric.labels)
    told = list({outcome.outcome_id: outcome for outcome in outcomes}.values())
    firsts, found = first_outcomes(told), defaultdict(lambda: [0, 0, 0, 0])
    for call in {c.call_id: c for c in calls}.values():
        if call.source not in plan.counted_sources:
            continue
        until_us = call.at_us + window_hours * HOUR_US
        first = firsts[call.call_id].get(label)
        suggested = call.mode == "suggest" and any(
            run is not None and run.arm == "candidate" and not run.error for run in (call.served, call.beside)
        )
        if first is not None and first.at_us <= until_us:
            seen = call.served.arm == "candidate" or suggested
            anchored = first.basis == "after_suggestion" or (seen and first.basis != "independent")
            found[call.stage][1 if anchored else 0 if first.basis == "independent" else 2] += 1
        named = [o for o in told if (o.call_id, o.name) == (call.call_id, label)]
        if any(o.at_us <= until_us for o in named if o.basis in {"candidate", "incumbent"}):
            found[call.stage][3] += 1
    return {stage: tuple(counts) for stage, counts in found.items()}


def unit_of(call: Call) -> object:
    """A call without a unit is a unit of its own."""
    return call.unit or ("alone", call.call_id)


def candidate_release(call: Call) -> str:
    """The release of the candidate that ran."""
    for execution in (call.served, call.beside):
        if execution is not None and execution.arm == "candidate":
            return execution.release
    return ""


def _add(sums: list[float], y: float, z: float) -> None:
    sums[0] += 1.0
    sums[1] += y
    sums[2] += z
