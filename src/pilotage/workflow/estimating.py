"""From what people estimated and calls showed to what a forecast assumes: unit costs, volume, lines and worth."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from pilotage.evidence.cost import (
    FAILED,
    KEPT_IDS,
    WEEKS_A_YEAR,
    Assumptions,
    Forecast,
    UnitCost,
    Volume,
    forecast,
    likely_sums,
    unit_cost,
)
from pilotage.evidence.estimate import CostLine, Spread, Worth, names_model_usage
from pilotage.evidence.measurements import Answer, Estimate, MonthSpent, NotEstimable, ProductionCase, Traffic
from pilotage.evidence.normal import two_sided
from pilotage.evidence.spending import CANDIDATE, DaySum, spent_by_month
from pilotage.playbook.metrics import Metric, Target
from pilotage.record.areas.costing import Costing, ProductionEstimated
from pilotage.record.charter import Charter
from pilotage.record.workload import Workload
from pilotage.storage.protocols import DayRow, SumRow

SEED = 20_260_101
WEEK = dt.timedelta(weeks=1)
REMEMBERED = 256
At = Literal["measured", "expected"]


class Gain(Struct, frozen=True, kw_only=True):
    """A gain with its standard error, and whether it is what was measured or what is expected."""

    value: float
    error: float
    at: At


def unit_costs(rows: Sequence[SumRow]) -> tuple[UnitCost, ...]:
    """The incumbent's cost, then each release's, over all stages. A unit that came back in another stage counts there
    anew, which makes the interval a little narrow; its figure is the same.
    """

    def of(metric: str, series: str, release: str) -> list[SumRow]:
        return [r for r in rows if (r.metric, r.series, r.release, r.segment) == (metric, series, release, "")]

    def cost(series: str, release: str) -> UnitCost:
        spent, tokens, failed = ([row.totals for row in of(name, series, release)] for name in KEPT_IDS)
        name: Literal["incumbent", "candidate"] = "candidate" if series == "candidate" else "incumbent"
        return unit_cost(name, release, spent=spent, tokens=tokens, failed=failed)

    releases = sorted({r.release for r in rows if r.metric == FAILED.id and r.series == "candidate" and r.release})
    return (cost("incumbent", ""), *(cost("candidate", release) for release in releases))


def month_costs(days: Iterable[DayRow]) -> tuple[MonthSpent, ...]:
    """What the candidate's calls cost in each month, while it served."""
    served = (
        row for row in days if row.series == CANDIDATE and row.stage.startswith("live") and row.metric in KEPT_IDS
    )
    return spent_by_month(DaySum(row.day, row.metric, row.n, row.y) for row in served)


def judged_cost(costs: Sequence[UnitCost], release: str) -> UnitCost:
    """The release in use; where it has not run yet, the one that ran most."""
    ran = [one for one in costs if one.arm == "candidate"]
    in_use = next((one for one in ran if one.release == release), None)
    return in_use or max(ran, key=lambda one: one.executions, default=unit_cost("candidate", release))


def pace(traffic: Traffic) -> float | None:
    """The calls a week, once there has been a week of them."""
    if traffic.first_call_at is None or traffic.last_call_at is None or not traffic.counted:
        return None
    span = traffic.last_call_at - traffic.first_call_at
    return traffic.counted / (span / WEEK) if span >= WEEK else None


def value_share(target: Target, reached: float) -> float | None:
    """How much of the expected gain a result brings: gains are counted from the incumbent's own mean. None where
    nothing was expected to be gained.
    """
    start = target.baseline if target.form == "own" else 0.0
    expected = target.expected - start
    return (reached - start) / expected if expected else None


def units_gained(target: Target, metric: Metric, reached: float) -> float:
    """How many units of the target metric a call gains at a result, positive where that is better."""
    if target.form == "own":
        return reached - target.baseline if metric.direction == "higher" else target.baseline - reached
    return reached * abs(target.baseline) if target.form == "share" else reached


def cost_lines(costing: Costing) -> tuple[CostLine, ...]:
    """The lines of the estimate in US dollars."""
    return tuple(
        CostLine(
            category=line.category,
            per=line.per,
            usd=Spread(low=line.low * line.rate, likely=line.likely * line.rate, high=line.high * line.rate),
        )
        for line in (standing.fact for standing in costing.lines.values())
    )


def volume_of(production: ProductionEstimated) -> Volume:
    """The estimated calls a week."""
    return Volume(
        low=production.calls_a_year_low / WEEKS_A_YEAR,
        likely=production.calls_a_year_likely / WEEKS_A_YEAR,
        high=production.calls_a_year_high / WEEKS_A_YEAR,
    )


def worth_of(
    production: ProductionEstimated, charter: Charter | None, answer: Answer | None, *, at: float | None = None
) -> tuple[Worth, At] | NotEstimable:
    """What a call brings: at the result `at` where it is given, else at what was measured, else at the expected one.

    The worth of a unit needs a measured target, or `at`: an expected number of units is a promise, no estimate.
    """
    usd = Spread(low=production.worth_usd_low, likely=production.worth_usd_likely, high=production.worth_usd_high)
    gain = _gain(production, charter, answer, at)
    if isinstance(gain, NotEstimable):
        return gain
    scale = 1.0 / production.calls_a_year_likely if production.worth_of == "year" else 1.0
    return Worth(usd=usd, gain=gain.value * scale, gain_error=gain.error * scale), gain.at


def _gain(
    production: ProductionEstimated, charter: Charter | None, answer: Answer | None, at: float | None
) -> Gain | NotEstimable:
    """The units that a call gains, or the share of the expected gain, by what the worth is stated of."""
    target = charter.target if charter else None
    metric = charter.metric(target.metric) if charter and target else None
    in_units = production.worth_of == "unit"
    if target is None or metric is None:
        missing = NotEstimable(reason="No charter says what a unit of the target metric is; write it first.")
        return missing if in_units else Gain(value=1.0, error=0.0, at="expected")
    if in_units and (metric.per != "call" or metric.kind not in {"proportion", "mean"}):
        return NotEstimable(reason=f"{metric.title} is no figure of single calls; state the worth of a call instead.")

    def gained(reached: float) -> float:
        return units_gained(target, metric, reached) if in_units else (value_share(target, reached) or 0.0)

    if at is not None:
        return Gain(value=gained(at), error=0.0, at="expected")
    seen = answer.estimate if answer is not None and answer.metric == target.metric else None
    if isinstance(seen, Estimate):
        width = (seen.high - seen.low) / (2.0 * two_sided(seen.level))
        slope = abs(gained(seen.value + 1.0) - gained(seen.value))
        return Gain(value=gained(seen.value), error=slope * width, at="measured")
    if in_units:
        return NotEstimable(reason="The target has not been measured yet, so nobody knows how many units a call gains.")
    return Gain(value=1.0, error=0.0, at="expected")


def production_case(
    workload: Workload, rows: Sequence[SumRow], answer: Answer | None
) -> ProductionCase | NotEstimable | None:
    """What the estimate comes to with the measured unit costs; None before volume and worth are estimated."""
    production = workload.costing.production
    if production is None:
        return None
    costs = unit_costs(rows)
    candidate = judged_cost(costs, workload.release.name if workload.release else "")
    worth = worth_of(production.fact, workload.measured_charter, answer)
    if isinstance(worth, NotEstimable):
        return worth
    assumed = Assumptions(
        volume=volume_of(production.fact),
        lines=cost_lines(workload.costing),
        worth=worth[0],
        years=production.fact.years,
    )
    return _case(candidate, costs[0], assumed, worth[1])


@lru_cache(maxsize=REMEMBERED)
def remembered_forecast(candidate: UnitCost, incumbent: UnitCost, assumed: Assumptions) -> Forecast | NotEstimable:
    """The forecast; simulated once for as long as nothing that it rests on changes."""
    return forecast(candidate, incumbent, assumed, seed=SEED)


def _case(candidate: UnitCost, incumbent: UnitCost, assumed: Assumptions, at: At) -> ProductionCase | NotEstimable:
    found, sums = remembered_forecast(candidate, incumbent, assumed), likely_sums(candidate, incumbent, assumed)
    if isinstance(sums, NotEstimable):
        return sums
    if isinstance(found, NotEstimable):
        return found
    value, whole = sums.whole_value_usd, found.whole
    if value is None or whole is None or whole.pays is None:
        return NotEstimable(reason="No cost has been estimated yet.")
    usage = [line.usd for line in assumed.lines if line.per == "call"]
    estimated = names_model_usage(assumed.lines)
    return ProductionCase(
        years=sums.years,
        once_usd=sums.once_usd,
        first_year_usd=sums.first_year_usd,
        cost_usd=sums.whole_cost_usd,
        value_usd=value,
        cost_low_usd=whole.cost_usd.low,
        cost_high_usd=whole.cost_usd.high,
        pays=whole.pays,
        draws=found.draws,
        at=at,
        measured_usd_a_call=candidate.estimate,
        low_usd_a_call=math.fsum(usd.low for usd in usage) if estimated else None,
        high_usd_a_call=math.fsum(usd.high for usd in usage) if estimated else None,
    )
