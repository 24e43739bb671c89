"""The section `segments`: where it works and where it does not, of the target and of every guardrail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from pilotage.evidence.segments import FALSE_DISCOVERIES, SegmentTable, guardrail_segments, target_segments
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import Metric
from pilotage.record.stages import stage_of
from pilotage.record.workload import Workload
from pilotage.storage.protocols import SumRow
from pilotage.workflow.desk import Judgement
from pilotage.workflow.measuring import plan_of
from pilotage.workflow.section import Section
from pilotage.workflow.workspace import Workspace

BySegment = dict[str, tuple[StageTotals, ...]]


class SegmentsSection(Struct, frozen=True, kw_only=True):
    """A table for the target metric and one for each guardrail, segment by segment.

    `declared` are the keys that the charter asks for; `rate` bounds the expected share of false alarms among the
    segments flagged in a table. `reason` says why there are no figures.
    """

    workload: str
    attempt: int
    release: str
    declared: tuple[str, ...]
    rate: float
    figures: tuple[SegmentTable, ...]
    reason: str


def build(workspace: Workspace, judgement: Judgement) -> SegmentsSection:
    """The section as of now."""
    workload = judgement.workload
    reason = why_none(workload)
    figures = () if reason else tables(workload, workspace.calls.totals(workload.slug))
    if not reason and not any(table.segments for table in figures):
        reason = "No call of a declared segment has a known value yet; give `segment=` with each call."
    attempt, charter = workload.attempt, workload.charter
    return SegmentsSection(
        workload=workload.slug,
        attempt=attempt.number if attempt else 0,
        release=attempt.release if attempt else "",
        declared=charter.segments if charter else (),
        rate=FALSE_DISCOVERIES,
        figures=figures,
        reason=reason,
    )


def why_none(workload: Workload) -> str:
    """Why there can be no figures by segment; empty when there can."""
    if workload.charter is None:
        return "There is no charter yet; it names the metrics and the segments."
    if not workload.charter.segments:
        return "The charter declares no segments; name their keys there, such as `segments: [origin]`."
    if workload.attempt is None:
        return "No release has been declared for evaluation yet."
    return ""


def tables(workload: Workload, rows: Iterable[SumRow]) -> tuple[SegmentTable, ...]:
    """The target's table, then the guardrails' in the charter's order."""
    plan = plan_of(workload)
    if plan.target is None:
        return ()
    held = tuple(rows)
    metrics = {metric.id: metric for metric in plan.metrics}
    found = []
    if (metric := metrics.get(plan.target.metric)) is not None:
        found.append(target_segments(plan.target, metric, _only(by_segment(workload, held, metric))))
    for guardrail in plan.guardrails:
        if (metric := metrics.get(guardrail.metric)) is not None:
            sums = _only(by_segment(workload, held, metric))
            found.append(guardrail_segments(guardrail, plan.target, metric, sums))
    return tuple(found)


def _only(sums: BySegment) -> BySegment:
    """The segments without the whole."""
    return {segment: stages for segment, stages in sums.items() if segment}


def by_segment(workload: Workload, rows: Iterable[SumRow], metric: Metric) -> BySegment:
    """A metric's sums by segment, "" for all calls: of the shadow stage of the attempt, or, for what shows only once
    people are exposed, of the release's live stages.
    """
    attempt = workload.attempt
    if attempt is None:
        return {}
    shadow = stage_of("shadow", 0, attempt)
    series: dict[str, dict[str, dict[str, Totals]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        here = row.stage == shadow if metric.observable == "shadow" else row.stage.startswith("live")
        if row.metric != metric.id or not here or row.release not in {"", attempt.release}:
            continue
        of_stage = series[row.segment][row.stage]
        held = of_stage.get(row.series)
        of_stage[row.series] = held + row.totals if held else row.totals
    return {
        segment: tuple(StageTotals(stage=stage, apart=False, **parts) for stage, parts in stages.items())
        for segment, stages in series.items()
    }


SECTION = Section(
    id="segments",
    title="Segments",
    question="Where does it work, and where does it not?",
    page="/evidence/segments",
    of=SegmentsSection,
    build=build,
)
