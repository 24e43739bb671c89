"""What the charts of the target are made of, for pages and documents alike: its looks, and its segments."""

from __future__ import annotations

from collections.abc import Iterable

from pilotage.evidence.measurements import Answer, Estimate
from pilotage.playbook.metrics import Metric, Target
from pilotage.record.workload import Workload
from pilotage.reports.charts.forest import ForestData, ForestLine, ForestRow
from pilotage.reports.charts.target import TargetData, target_data
from pilotage.reports.scales import comparison_scale
from pilotage.storage.protocols import SumRow
from pilotage.workflow.segments_section import tables


def looks_data(answer: Answer, target: Target, metric: Metric) -> TargetData | None:
    """The target with its looks and bands; None before the first look."""
    scale = comparison_scale(metric.unit, target.form)
    looks = target_data(answer, target, title=metric.title, unit=scale.after, factor=scale.factor)
    return looks if looks.points else None


def segments_data(workload: Workload, totals: Iterable[SumRow]) -> ForestData | None:
    """The target in each declared segment, flagged ones first, then the weakest, as measured and pooled."""
    charter = workload.measured_charter
    metric = charter.metric(charter.target.metric) if charter else None
    if charter is None or metric is None or workload.attempt is None:
        return None
    target = charter.target
    scale = comparison_scale(metric.unit, target.form)
    table = next(iter(tables(workload, totals)), None)
    rows = tuple(
        ForestRow(
            label=one.segment,
            calls=raw.calls,
            value=raw.value * scale.factor,
            low=raw.low * scale.factor,
            high=raw.high * scale.factor,
            pooled=pooled.value * scale.factor if pooled else None,
            pooled_low=pooled.low * scale.factor if pooled else None,
            pooled_high=pooled.high * scale.factor if pooled else None,
            note="flagged" if one.flags else "",
        )
        for one in (table.segments if table else ())
        if isinstance(raw := one.raw, Estimate)
        for pooled in (one.pooled if isinstance(one.pooled, Estimate) else None,)
    )
    lines = (
        ForestLine(value=target.target * scale.factor, word="target", tone="good"),
        ForestLine(value=target.floor * scale.factor, word="floor", tone="bad"),
    )
    return ForestData(title=metric.title, unit=scale.after, points=rows, lines=lines) if rows else None
