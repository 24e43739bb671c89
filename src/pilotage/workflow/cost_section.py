"""The section `cost`: what answers cost, what production would cost, from when it pays, and what waiting costs."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct, structs

from pilotage.evidence.cost import (
    REPORTED_MIN,
    WEEKS_A_YEAR,
    Assumptions,
    Forecast,
    Range,
    UnitCost,
    Volume,
    drawn,
    waiting_usd_a_week,
)
from pilotage.evidence.estimate import Worth
from pilotage.evidence.measurements import Answer, Estimate, NotEstimable, ProductionCase, Traffic
from pilotage.evidence.payback import PaybackMonth, VolumePoint, by_volume, paid_back, payback
from pilotage.gates.cost_months import MonthCost, cost_months
from pilotage.playbook.metrics import Target
from pilotage.record.areas.costing import CostLineEstimated, FundingCommitted, ProductionEstimated
from pilotage.record.stamps import Standing
from pilotage.record.workload import Workload, day_of
from pilotage.workflow.desk import Judgement
from pilotage.workflow.estimating import (
    REMEMBERED,
    SEED,
    cost_lines,
    judged_cost,
    pace,
    remembered_forecast,
    unit_costs,
    value_share,
    volume_of,
    worth_of,
)
from pilotage.workflow.section import Section
from pilotage.workflow.workspace import Workspace

SPREAD = 2.0
MONTHS_A_YEAR = 12


class WhatIf(Struct, frozen=True, kw_only=True):
    """What somebody assumes in place of what is known; None keeps what is known. Volumes are calls a week."""

    low: float | None = None
    likely: float | None = None
    high: float | None = None
    running_usd_a_year: float | None = None
    value_usd_a_year: float | None = None


class EstimateShown(Struct, frozen=True, kw_only=True):
    """The estimate on record: its lines, the categories without one, volume and worth, what it comes to (`reason`: why
    that cannot be said), and the budget that is committed.
    """

    lines: tuple[Standing[CostLineEstimated], ...]
    missing: tuple[str, ...]
    production: Standing[ProductionEstimated] | None
    case: ProductionCase | None
    reason: str
    funding: Standing[FundingCommitted] | None


class CostSection(Struct, frozen=True, kw_only=True):
    """Unit costs by arm and release, in US dollars; the forecast for a year of production at the expected result, and
    what each week and month without it costs if the target is just kept. With an estimate on record the forecast is the
    estimate's, at the result that was measured.

    `forecast` is null where it cannot be had, and `reason` then says why. `assumptions` are null without a volume;
    `notes` say what they rest on and what is missing. `paid_back_month` is the month from which on half of the draws
    have earned what they spent, null when none has within the months that the chart shows. `months` are what it really
    cost since it went live, beside the estimate's share of each month.
    """

    workload: str
    demonstration: bool
    unit_costs: tuple[UnitCost, ...]
    release: str
    assumptions: Assumptions | None
    forecast: Forecast | None
    reason: str
    waiting_usd_a_week: Range | None
    waiting_usd_a_month: Range | None
    value_at_estimate_usd_a_year: float | None
    paid_back_month: int | None
    estimate: EstimateShown
    months: tuple[MonthCost, ...]
    notes: tuple[str, ...]


class Curves(Struct, frozen=True, kw_only=True):
    """What the charts of the forecast show."""

    months: tuple[PaybackMonth, ...]
    volumes: tuple[VolumePoint, ...]


class _Known(Struct, frozen=True, kw_only=True):
    """What a forecast of one workload is made from."""

    workload: Workload
    traffic: Traffic
    answer: Answer | None
    costs: tuple[UnitCost, ...]
    candidate: UnitCost
    asked: WhatIf

    @property
    def incumbent(self) -> UnitCost:
        return self.costs[0]

    @property
    def target(self) -> Target | None:
        return self.workload.measured_charter.target if self.workload.measured_charter else None


def _known(workspace: Workspace, judgement: Judgement, asked: WhatIf) -> _Known:
    workload, measured = judgement.workload, judgement.measurements
    costs = unit_costs(workspace.calls.totals(workload.slug))
    return _Known(
        workload=workload,
        traffic=measured.traffic if measured else Traffic(),
        answer=measured.answer if measured else None,
        costs=costs,
        candidate=judged_cost(costs, workload.release.name if workload.release else ""),
        asked=asked,
    )


def build(workspace: Workspace, judgement: Judgement) -> CostSection:
    """The section as of now."""
    return what_if(workspace, judgement, WhatIf())


def what_if(workspace: Workspace, judgement: Judgement, asked: WhatIf) -> CostSection:
    """The section under somebody's assumptions. ValueError for a volume that does not run from low to high."""
    known = _known(workspace, judgement, asked)
    assumptions = _assumed(known)
    found: Forecast | NotEstimable
    if assumptions is None:
        reason = "There is neither a charter nor a week of calls, so nobody can say how much production would handle."
        found = NotEstimable(reason=reason)
    else:
        found = remembered_forecast(known.candidate, known.incumbent, assumptions)
    waiting = _waiting(known, assumptions)
    curves_found = _curves(known, assumptions)
    return CostSection(
        workload=known.workload.slug,
        demonstration=known.workload.demonstration,
        unit_costs=known.costs,
        release=known.candidate.release,
        assumptions=assumptions,
        forecast=found if isinstance(found, Forecast) else None,
        reason="" if isinstance(found, Forecast) else found.reason,
        waiting_usd_a_week=waiting,
        waiting_usd_a_month=_a_month(waiting),
        value_at_estimate_usd_a_year=_value_now(known, assumptions),
        paid_back_month=paid_back(curves_found.months) if curves_found else None,
        estimate=_estimate(judgement),
        months=_months(workspace, judgement),
        notes=_notes(known, assumptions),
    )


def _months(workspace: Workspace, judgement: Judgement) -> tuple[MonthCost, ...]:
    workload, measured = judgement.workload, judgement.measurements
    today = day_of(workload, workspace.clock.now())
    return cost_months(workload, measured.spent_by_month if measured else (), today)


def curves(workspace: Workspace, judgement: Judgement, asked: WhatIf) -> Curves | None:
    """When production has paid for itself and from how many calls on; None where the forecast cannot be had."""
    known = _known(workspace, judgement, asked)
    return _curves(known, _assumed(known))


def _curves(known: _Known, assumptions: Assumptions | None) -> Curves | None:
    return None if assumptions is None else _remembered_curves(known.candidate, known.incumbent, assumptions)


@lru_cache(maxsize=REMEMBERED)
def _remembered_curves(candidate: UnitCost, incumbent: UnitCost, assumptions: Assumptions) -> Curves | None:
    """Drawn once for as long as nothing that they rest on changes; ten times the work of the forecast itself."""
    found = drawn(candidate, incumbent, assumptions, seed=SEED)
    if isinstance(found, NotEstimable):
        return None
    return Curves(months=payback(found, assumptions.years), volumes=by_volume(found, assumptions))


def _estimate(judgement: Judgement) -> EstimateShown:
    costing, measured = judgement.workload.costing, judgement.measurements
    case = measured.production if measured else None
    nothing = "Nobody has estimated how much production handles and what it brings yet."
    return EstimateShown(
        lines=tuple(costing.lines.values()),
        missing=costing.missing,
        production=costing.production,
        case=case if isinstance(case, ProductionCase) else None,
        reason=case.reason if isinstance(case, NotEstimable) else "" if case else nothing,
        funding=costing.funding,
    )


def _assumed(known: _Known) -> Assumptions | None:
    """What is assumed: what was asked for, else what is estimated, else what the calls and the charter say."""
    asked, charter = known.asked, known.workload.charter
    production = known.workload.costing.production
    estimated = volume_of(production.fact) if production else None
    likely = asked.likely or (estimated.likely if estimated else None) or pace(known.traffic)
    likely = likely or (charter.target.calls_per_week if charter else None)
    if likely is None:
        return None
    around = estimated if estimated and asked.likely is None else None
    low = around.low if around else likely / SPREAD
    high = around.high if around else likely * SPREAD
    worth = _worth(known) if asked.value_usd_a_year is None else None
    value = asked.value_usd_a_year
    if value is None and charter is not None and production is None:
        value = charter.value_usd_a_year
    return Assumptions(
        volume=Volume(
            low=low if asked.low is None else asked.low,
            likely=likely,
            high=high if asked.high is None else asked.high,
        ),
        running_usd_a_year=asked.running_usd_a_year or 0.0,
        value_usd_a_year=value,
        lines=cost_lines(known.workload.costing),
        worth=worth,
        years=production.fact.years if production else 1,
    )


def _worth(known: _Known, *, at: float | None = None) -> Worth | None:
    production = known.workload.costing.production
    if production is None:
        return None
    found = worth_of(production.fact, known.workload.measured_charter, known.answer, at=at)
    return None if isinstance(found, NotEstimable) else found[0]


def _waiting(known: _Known, assumptions: Assumptions | None) -> Range | None:
    """What a week without the candidate costs if it is just at the target."""
    target = known.target
    if assumptions is None or target is None:
        return None
    share = value_share(target, target.target)
    if assumptions.worth is not None:
        kept = structs.replace(assumptions, worth=_worth(known, at=target.target))
    elif assumptions.value_usd_a_year is not None and share is not None:
        kept = structs.replace(assumptions, value_share=share)
    else:
        return None
    found = remembered_forecast(known.candidate, known.incumbent, kept)
    return waiting_usd_a_week(found) if isinstance(found, Forecast) else None


def _a_month(week: Range | None) -> Range | None:
    if week is None:
        return None
    scale = WEEKS_A_YEAR / MONTHS_A_YEAR
    return Range(median=week.median * scale, low=week.low * scale, high=week.high * scale)


def _value_now(known: _Known, assumptions: Assumptions | None) -> float | None:
    """The yearly value at what the traffic shows now: of the estimate, or in proportion to what was expected."""
    answer, target = known.answer, known.target
    if assumptions is None or target is None or answer is None or not isinstance(answer.estimate, Estimate):
        return None
    if assumptions.worth is not None:
        return assumptions.worth.likely_usd_a_call * assumptions.volume.likely * WEEKS_A_YEAR
    share = value_share(target, answer.estimate.value)
    return None if share is None or assumptions.value_usd_a_year is None else assumptions.value_usd_a_year * share


def _notes(known: _Known, assumptions: Assumptions | None) -> tuple[str, ...]:
    """What the figures rest on, and what is missing."""
    found = []
    for one in (known.incumbent, known.candidate):
        share = one.reported_share
        if one.reported and share is not None and share < REPORTED_MIN:
            found.append(
                f"The {one.arm} reported a cost on {share:.0%} of the calls that it answered; the others are "
                "missing, not free."
            )
        if one.failed:
            found.append(f"What the {one.arm}'s {one.failed:,} failed executions cost is not known.")
    if isinstance(known.incumbent.estimate, NotEstimable):
        found.append("The incumbent's cost is not known, so what it would save is not counted.")
    if assumptions is not None:
        found += _assumption_notes(known, assumptions)
    return tuple(found)


def _assumption_notes(known: _Known, assumptions: Assumptions) -> list[str]:
    found, asked, production = [], known.asked, known.workload.costing.production
    if assumptions.lines and not known.candidate.executions:
        found.append("The candidate has not run yet, so no call is taken to fall back to the incumbent.")
    if asked.likely is None and production is None:
        found.append("The likely volume is what the calls show, or the charter's until there is a week of them.")
    if (asked.low is None or asked.high is None) and (production is None or asked.likely is not None):
        found.append("Low and high volume are half and double the likely one unless somebody says otherwise.")
    if not assumptions.running_usd_a_year and not assumptions.lines:
        found.append("No running costs beside the calls are counted: name them to see from which volume it pays.")
    if production is not None and assumptions.worth is None and asked.value_usd_a_year is None:
        worth = worth_of(production.fact, known.workload.measured_charter, known.answer)
        found.append(worth.reason if isinstance(worth, NotEstimable) else "Nothing is set against the cost.")
    elif assumptions.worth is None and assumptions.value_usd_a_year is None:
        found.append("The charter states no yearly value, so nothing is set against the cost.")
    return found


SECTION = Section(
    id="cost",
    title="Cost",
    question="What does an answer cost, and from when does the candidate pay?",
    page="/evidence/cost",
    of=CostSection,
    build=build,
    methods=("simulation of a year in production",),
)
