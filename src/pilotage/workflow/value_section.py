"""The section `value`: what the candidate brought in each quarter since it went live, against the charter."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct

from pilotage.evidence.measurements import Estimate, Estimated, NotEstimable, QuarterBenefit
from pilotage.gates.running_checks import against_promise
from pilotage.playbook.metrics import Metric, Target
from pilotage.record.digests import digest_of
from pilotage.reports.charts.forest import ForestData, ForestLine, ForestRow
from pilotage.reports.scales import comparison_scale
from pilotage.workflow.desk import Judgement
from pilotage.workflow.section import Section
from pilotage.workflow.workspace import Workspace

NOTHING = "Nothing has been live yet; what it brings is measured from the first live call on."


class QuarterJson(Struct, frozen=True, kw_only=True):
    """One quarter: its figures, whether they keep the promise (`status`: met, unmet or pending) and why, the sums by
    month, stage and arm, and the SHA-256 of the canonical JSON of the sums, the comparison and the status.
    """

    quarter: str
    first: dt.date
    until: dt.date
    complete: bool
    months: tuple[str, ...]
    concurrent: bool
    held_back: float | None
    incumbent: Estimated
    candidate: Estimated
    comparison: Estimated
    status: str
    reason: str
    sums: dict[str, dict[str, float]]
    digest: str


class ValueSection(Struct, frozen=True, kw_only=True):
    """Every quarter since the candidate went live, the newest last, with what was promised."""

    workload: str
    demonstration: bool
    metric: str
    unit: str
    form: str
    floor: float | None
    target: float | None
    reason: str
    when_absent: str
    quarters: tuple[QuarterJson, ...]


def build(_workspace: Workspace, judgement: Judgement) -> ValueSection:
    """The section as of now."""
    workload, measured = judgement.workload, judgement.measurements
    charter = workload.measured_charter
    target = charter.target if charter else None
    metric = charter.metric(target.metric) if charter and target else None
    found = measured.quarters if measured else ()
    place = workload.planning.place
    return ValueSection(
        workload=workload.slug,
        demonstration=workload.demonstration,
        metric=metric.title if metric else "",
        unit=metric.unit if metric else "",
        form=target.form if target else "",
        floor=target.floor if target else None,
        target=target.target if target else None,
        reason=_reason(found),
        when_absent=place.fact.when_absent if place else "",
        quarters=tuple(_quarter(target, metric, one) for one in found) if target and metric else (),
    )


def _reason(found: tuple[QuarterBenefit, ...]) -> str:
    if not found:
        return NOTHING
    over = sum(one.complete for one in found)
    if not over:
        return "No quarter is over yet."
    return f"{over} {'quarter is' if over == 1 else 'quarters are'} over, with all that is to be learned of the calls."


def _quarter(target: Target, metric: Metric, one: QuarterBenefit) -> QuarterJson:
    seen = one.comparison
    if isinstance(seen, NotEstimable):
        status, reason = "unmet" if one.complete else "pending", seen.reason
    else:
        finding = against_promise(target, metric, one, seen)
        status, reason = finding.verdict, finding.reason
    content: dict[str, Any] = {"sums": one.sums, "compared": seen, "status": status}
    return QuarterJson(
        quarter=one.quarter,
        first=one.first,
        until=one.until,
        complete=one.complete,
        months=one.months,
        concurrent=one.concurrent,
        held_back=one.held_back,
        incumbent=one.incumbent,
        candidate=one.candidate,
        comparison=seen,
        status=status,
        reason=reason,
        sums=one.sums,
        digest=digest_of(content),
    )


def quarters_data(section: ValueSection) -> ForestData | None:
    """The quarters as intervals against target and floor; None before the first figure."""
    scale = comparison_scale(section.unit, section.form)
    rows = tuple(
        ForestRow(
            label=f"{one.quarter}{'' if one.complete else ' so far'}",
            calls=seen.calls,
            value=seen.value * scale.factor,
            low=seen.low * scale.factor,
            high=seen.high * scale.factor,
            note="" if one.concurrent else "not concurrent",
        )
        for one in section.quarters
        if isinstance(seen := one.comparison, Estimate)
    )
    if not rows or section.target is None or section.floor is None:
        return None
    lines = (
        ForestLine(value=section.target * scale.factor, word="target", tone="good"),
        ForestLine(value=section.floor * scale.factor, word="floor", tone="bad"),
    )
    return ForestData(title=f"{section.metric} by quarter", unit=scale.after, points=rows, lines=lines)


SECTION = Section(
    id="value",
    title="Value by quarter",
    question="What did it bring in each quarter since it went live, against what was promised?",
    page="/evidence/value",
    of=ValueSection,
    build=build,
)
