"""Each month's cost against the estimate: what was billed and measured, beside a month's low, likely and high. Pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from pilotage.evidence.measurements import MonthSpent
from pilotage.evidence.quarters import next_month
from pilotage.record.areas.costing import CostLineEstimated, ProductionEstimated, amounts
from pilotage.record.workload import Workload, day_of

MONTHS_A_YEAR = 12.0
Origin = Literal["recorded", "measured", "missing"]


class LineCost(Struct, frozen=True, kw_only=True):
    """One line of a month in US dollars. `low` to `high` are the estimate's share of the month, None where the line was
    not estimated for a month; `actual` is None where nothing is known, and `origin` says where it comes from.
    """

    line: str
    low: float | None
    likely: float | None
    high: float | None
    actual: float | None
    origin: Origin


class MonthCost(Struct, frozen=True, kw_only=True):
    """A month since the candidate went live. `share` is the part of it that was live and is over; `whole`, that it was
    all of it. The sums are in US dollars, `actual` over the lines that are known; `missing` names the others. What is
    paid once is in no month's sums: `once` is what was billed of it.
    """

    month: str
    first: dt.date
    until: dt.date
    share: float
    whole: bool
    lines: tuple[LineCost, ...]
    low: float
    likely: float
    high: float
    high_of_month: float
    actual: float
    once: float
    calls: int
    missing: tuple[str, ...]
    ledger: int | None


def cost_months(workload: Workload, spent: Sequence[MonthSpent], today: dt.date) -> tuple[MonthCost, ...]:
    """Every month from the one in which it went live to the one that runs; empty before it is live, or estimated."""
    began = next((one.stamp.at for one in workload.exposures if one.mode == "live" and one.stamp), None)
    if began is None or not workload.costing.lines:
        return ()
    live, measured = day_of(workload, began), {one.month: one for one in spent}
    first, found = live.replace(day=1), []
    while first <= today:
        found.append(_month(workload, measured.get(f"{first:%Y-%m}"), first, max(first, live), today))
        first = next_month(first)
    return tuple(found)


def _month(
    workload: Workload, measured: MonthSpent | None, first: dt.date, begins: dt.date, today: dt.date
) -> MonthCost:
    until, name = next_month(first), f"{first:%Y-%m}"
    over = min(today, until)
    share = max((over - begins).days, 0) / (until - first).days
    standing, costing = workload.costing.months.get(name), workload.costing
    billed = amounts(standing.fact.lines) if standing else {}
    production = costing.production.fact if costing.production else None
    monthly = [line.fact for line in costing.lines.values() if _monthly(line.fact, measured)]
    model = _measured_line(monthly, billed, measured)
    lines = [_line(line, production, billed, _measured_of(line, model, measured), share) for line in monthly]
    others = {name: usd for name, usd in billed.items() if name not in costing.lines}
    lines += [
        LineCost(line=name, low=0.0, likely=0.0, high=0.0, actual=usd, origin="recorded")
        for name, usd in others.items()
    ]
    once = math.fsum(
        billed[line.fact.line] * line.fact.rate
        for line in costing.lines.values()
        if line.fact.per == "once" and line.fact.line in billed
    )
    high = math.fsum(line.high or 0.0 for line in lines)
    return MonthCost(
        month=name,
        first=first,
        until=until,
        share=share,
        whole=share == 1.0,
        lines=tuple(lines),
        low=math.fsum(line.low or 0.0 for line in lines),
        likely=math.fsum(line.likely or 0.0 for line in lines),
        high=high,
        high_of_month=high / share if share else 0.0,
        actual=math.fsum(line.actual or 0.0 for line in lines),
        once=once,
        calls=measured.calls if measured else 0,
        missing=tuple(line.line for line in lines if line.origin == "missing"),
        ledger=standing.stamp.position if standing else None,
    )


def _monthly(line: CostLineEstimated, measured: MonthSpent | None) -> bool:
    """Whether a line costs something every month. One that was argued to be nothing is not waited for, unless calls say
    that it is not.
    """
    costs = _is_model(line) and measured is not None and bool(measured.usd)
    return line.per != "once" and (costs or not line.is_nothing)


def _is_model(line: CostLineEstimated) -> bool:
    return line.per == "call" and line.category == "model_usage"


def _measured_line(
    lines: Sequence[CostLineEstimated], billed: dict[str, float], measured: MonthSpent | None
) -> str | None:
    """The line that what the calls cost stands in: the first of the model's, unless one of them was billed."""
    models = [line.line for line in lines if _is_model(line)]
    if measured is None or measured.usd is None or any(name in billed for name in models):
        return None
    return next(iter(models), None)


def _measured_of(line: CostLineEstimated, model: str | None, measured: MonthSpent | None) -> float | None:
    """What was measured of a line: calls say what the model cost in all, so further lines of it add nothing."""
    if model is None or measured is None or not _is_model(line):
        return None
    return measured.usd if line.line == model else 0.0


def _line(
    line: CostLineEstimated,
    production: ProductionEstimated | None,
    billed: dict[str, float],
    measured: float | None,
    share: float,
) -> LineCost:
    """A line of the month; a bill stands before what was measured."""
    low, likely, high = _estimated(line, production, share)
    actual, origin = measured, "missing" if measured is None else "measured"
    if line.line in billed:
        actual, origin = billed[line.line] * line.rate, "recorded"
    return LineCost(line=line.line, low=low, likely=likely, high=high, actual=actual, origin=origin)  # type: ignore[arg-type]  # one of the three words


def _estimated(
    line: CostLineEstimated, production: ProductionEstimated | None, share: float
) -> tuple[float | None, float | None, float | None]:
    scale = line.rate * share / MONTHS_A_YEAR
    if line.per == "year":
        return line.low * scale, line.likely * scale, line.high * scale
    if production is None:
        return None, None, None
    return (
        line.low * production.calls_a_year_low * scale,
        line.likely * production.calls_a_year_likely * scale,
        line.high * production.calls_a_year_high * scale,
    )
