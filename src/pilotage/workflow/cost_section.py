"""The section `cost`: what answers cost, what production would cost, from when it pays, and what waiting costs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct, structs

from pilotage.evidence.cost import (
    FAILED,
    KEPT_IDS,
    REPORTED_MIN,
    Assumptions,
    Forecast,
    Range,
    UnitCost,
    Volume,
    forecast,
    unit_cost,
    waiting_usd_a_week,
)
from pilotage.evidence.measurements import Estimate, NotEstimable, Traffic
from pilotage.playbook.metrics import Target
from pilotage.record.charter import Charter
from pilotage.storage.protocols import SumRow
from pilotage.workflow.desk import Judgement
from pilotage.workflow.section import Section
from pilotage.workflow.workspace import Workspace

SEED = 20_260_101
SPREAD = 2.0
WEEK = dt.timedelta(weeks=1)


class WhatIf(Struct, frozen=True, kw_only=True):
    """What somebody assumes in place of what is known; None keeps what is known. Volumes are calls a week."""

    low: float | None = None
    likely: float | None = None
    high: float | None = None
    running_usd_a_year: float | None = None
    value_usd_a_year: float | None = None


class CostSection(Struct, frozen=True, kw_only=True):
    """Unit costs by arm and release, in US dollars; the forecast for a year of production at the expected result, and
    what each week without it costs if the target is just kept.

    `forecast` is null where it cannot be had, and `reason` then says why. `assumptions` are null without a volume;
    `notes` say what they rest on and what is missing.
    """

    workload: str
    demonstration: bool
    unit_costs: tuple[UnitCost, ...]
    release: str
    assumptions: Assumptions | None
    forecast: Forecast | None
    reason: str
    waiting_usd_a_week: Range | None
    value_at_estimate_usd_a_year: float | None
    notes: tuple[str, ...]


def build(workspace: Workspace, judgement: Judgement) -> CostSection:
    """The section as of now."""
    return what_if(workspace, judgement, WhatIf())


def what_if(workspace: Workspace, judgement: Judgement, asked: WhatIf) -> CostSection:
    """The section under somebody's assumptions. ValueError for a volume that does not run from low to high."""
    workload, measured = judgement.workload, judgement.measurements
    costs = unit_costs(workspace.calls.totals(workload.slug))
    incumbent = next(one for one in costs if one.arm == "incumbent")
    release = workload.release.name if workload.release else ""
    candidate = _judged(costs, release)
    assumptions = _assumed(workload.charter, measured.traffic if measured else Traffic(), asked)
    found: Forecast | NotEstimable
    if assumptions is None:
        reason = "There is neither a charter nor a week of calls, so nobody can say how much production would handle."
        found = NotEstimable(reason=reason)
    else:
        found = forecast(candidate, incumbent, assumptions, seed=SEED)
    target = workload.charter.target if workload.charter else None
    return CostSection(
        workload=workload.slug,
        demonstration=workload.demonstration,
        unit_costs=costs,
        release=candidate.release,
        assumptions=assumptions,
        forecast=found if isinstance(found, Forecast) else None,
        reason="" if isinstance(found, Forecast) else found.reason,
        waiting_usd_a_week=_waiting(candidate, incumbent, assumptions, target),
        value_at_estimate_usd_a_year=_value_now(judgement, assumptions, target),
        notes=_notes(candidate, incumbent, assumptions, asked),
    )


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


def _judged(costs: Sequence[UnitCost], release: str) -> UnitCost:
    """The release in use; where it has not run yet, the one that ran most."""
    ran = [one for one in costs if one.arm == "candidate"]
    in_use = next((one for one in ran if one.release == release), None)
    return in_use or max(ran, key=lambda one: one.executions, default=unit_cost("candidate", release))


def _assumed(charter: Charter | None, traffic: Traffic, asked: WhatIf) -> Assumptions | None:
    likely = asked.likely or _pace(traffic) or (charter.target.calls_per_week if charter else None)
    if likely is None:
        return None
    value = asked.value_usd_a_year
    if value is None and charter is not None:
        value = charter.value_usd_a_year
    return Assumptions(
        volume=Volume(
            low=likely / SPREAD if asked.low is None else asked.low,
            likely=likely,
            high=likely * SPREAD if asked.high is None else asked.high,
        ),
        running_usd_a_year=asked.running_usd_a_year or 0.0,
        value_usd_a_year=value,
    )


def _pace(traffic: Traffic) -> float | None:
    """The calls a week, once there has been a week of them."""
    if traffic.first_call_at is None or traffic.last_call_at is None or not traffic.counted:
        return None
    span = traffic.last_call_at - traffic.first_call_at
    return traffic.counted / (span / WEEK) if span >= WEEK else None


def _waiting(
    candidate: UnitCost, incumbent: UnitCost, assumptions: Assumptions | None, target: Target | None
) -> Range | None:
    """What a week without the candidate costs if it is just at the target."""
    if assumptions is None or target is None or assumptions.value_usd_a_year is None:
        return None
    share = value_share(target, target.target)
    if share is None:
        return None
    kept = forecast(candidate, incumbent, structs.replace(assumptions, value_share=share), seed=SEED)
    return waiting_usd_a_week(kept) if isinstance(kept, Forecast) else None


def _value_now(judgement: Judgement, assumptions: Assumptions | None, target: Target | None) -> float | None:
    """The yearly value at what the traffic shows now, in proportion to what was expected."""
    answer = judgement.measurements.answer if judgement.measurements else None
    if assumptions is None or target is None or answer is None or not isinstance(answer.estimate, Estimate):
        return None
    share = value_share(target, answer.estimate.value)
    return None if share is None or assumptions.value_usd_a_year is None else assumptions.value_usd_a_year * share


def value_share(target: Target, reached: float) -> float | None:
    """How much of the expected gain a result brings: gains are counted from the incumbent's own mean. None where
    nothing was expected to be gained.
    """
    start = target.baseline if target.form == "own" else 0.0
    expected = target.expected - start
    return (reached - start) / expected if expected else None


def _notes(candidate: UnitCost, incumbent: UnitCost, assumptions: Assumptions | None, asked: WhatIf) -> tuple[str, ...]:
    """What the figures rest on, and what is missing."""
    found = []
    for one in (incumbent, candidate):
        share = one.reported_share
        if one.reported and share is not None and share < REPORTED_MIN:
            found.append(
                f"The {one.arm} reported a cost on {share:.0%} of the calls that it answered; the others are "
                "missing, not free."
            )
        if one.failed:
            found.append(f"What the {one.arm}'s {one.failed:,} failed executions cost is not known.")
    if isinstance(incumbent.estimate, NotEstimable):
        found.append("The incumbent's cost is not known, so what it would save is not counted.")
    if assumptions is not None and asked.likely is None:
        found.append("The likely volume is what the calls show, or the charter's until there is a week of them.")
    if assumptions is not None and (asked.low is None or asked.high is None):
        found.append("Low and high volume are half and double the likely one unless somebody says otherwise.")
    if assumptions is not None and not assumptions.running_usd_a_year:
        found.append("No running costs beside the calls are counted: name them to see from which volume it pays.")
    if assumptions is not None and assumptions.value_usd_a_year is None:
        found.append("The charter states no yearly value, so nothing is set against the cost.")
    return tuple(found)


SECTION = Section(
    id="cost",
    title="Cost",
    question="What does an answer cost, and from when does the candidate pay?",
    page="/evidence/cost",
    of=CostSection,
    build=build,
)
