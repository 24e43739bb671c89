"""The section `shortfall`: where a missed target was missed, how, and whether more data would help."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from msgspec import Struct

from pilotage.evidence.compare import arm
from pilotage.evidence.learning import CurvePoint, LearningCurve, learning_curve
from pilotage.evidence.measurements import AnswerKind, Estimate, NotEstimable
from pilotage.evidence.readers import Outcomes
from pilotage.evidence.shortfall import REST, Failures, Gap, failures, gap_of
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals
from pilotage.evidence.values import orientation
from pilotage.playbook.metrics import Metric, Target
from pilotage.record.stages import stage_of
from pilotage.record.workload import Shortfall, Workload
from pilotage.runtime.records import Execution
from pilotage.storage.protocols import CallFilter, SumRow
from pilotage.workflow.desk import Judgement
from pilotage.workflow.disagreements_section import newest, target_metric
from pilotage.workflow.measuring import plan_of
from pilotage.workflow.pairs import pairs_of
from pilotage.workflow.section import Section
from pilotage.workflow.segments_section import by_segment
from pilotage.workflow.workspace import Workspace

CALLS_READ = 2000
SEGMENTS_NAMED = 5


class ShortfallSection(Struct, frozen=True, kw_only=True):
    """The gap to the target and its parts by segment; the candidate's failures by kind over the newest `calls_read`
    calls whose label's window has closed; the learning curve of `points`; and the analysis on record, if any.

    `goal` is the target as a value of the candidate's own mean. `segments` and `curve_lines` are what the form of
    `analyse_shortfall` is filled in with.
    """

    workload: str
    answer: AnswerKind | None
    gap: Gap | NotEstimable
    failures: Failures
    calls_read: int
    goal: float | None
    curve: LearningCurve | NotEstimable
    points: tuple[CurvePoint, ...]
    segments: tuple[str, ...]
    curve_lines: tuple[str, ...]
    recorded: Shortfall | None
    reason: str


def build(workspace: Workspace, judgement: Judgement) -> ShortfallSection:
    """The section as of now. Reads sums, and of the calls the newest two thousand, once for as long as none come."""
    workload, metric = judgement.workload, target_metric(judgement)
    target, attempt = plan_of(workload).target, workload.attempt
    if target is None or attempt is None or metric is None:
        return _empty(workload, "No release has been declared for evaluation yet.")
    rows = workspace.calls.totals(workload.slug)
    gap = _gap(workload, rows, metric, target)
    points = (*measured_points(workload, rows, metric), *recorded_points(workload))
    whole = _whole(workload, rows, metric)
    goal = goal_of(target, metric, whole) if whole is not None else None
    answer = judgement.measurements.answer if judgement.measurements else None
    return ShortfallSection(
        workload=workload.slug,
        answer=answer.answer if answer else None,
        gap=gap,
        failures=workspace.measuring.remembered(workload, "failures", lambda: _failures(workspace, judgement, metric)),
        calls_read=CALLS_READ,
        goal=goal,
        curve=_curve(points, metric, goal),
        points=points,
        segments=_worst(gap),
        curve_lines=tuple(f"{point.examples}={point.value:.6g}" for point in points),
        recorded=workload.shortfall,
        reason="",
    )


def measured_points(workload: Workload, rows: tuple[SumRow, ...], metric: Metric) -> tuple[CurvePoint, ...]:
    """The candidate's own mean of every attempt whose release says how many examples it learned from."""
    found = []
    for attempt in workload.attempts:
        release = workload.releases.get(attempt.release)
        if release is None or release.training_examples is None:
            continue
        stage = stage_of("shadow", 0, attempt)
        here = [
            row.totals
            for row in rows
            if (row.metric, row.stage, row.segment, row.series, row.release)
            == (metric.id, stage, "", "paired", attempt.release)
        ]
        own = arm(metric, sum(here, Totals()))
        if isinstance(own, Estimate):
            origin = f"release {release.name}, attempt {attempt.number}"
            found.append(CurvePoint(examples=release.training_examples, value=own.value, origin=origin))
    return tuple(found)


def recorded_points(workload: Workload) -> tuple[CurvePoint, ...]:
    """The points that were given with the analysis on record, but for those that are measured here anyway."""
    given = workload.shortfall.curve if workload.shortfall else ()
    known = {r.training_examples for r in workload.releases.values()}
    return tuple(
        CurvePoint(examples=point.examples, value=point.value, origin="as recorded")
        for point in given
        if point.examples not in known
    )


def goal_of(target: Target, metric: Metric, totals: StageTotals) -> float | None:
    """The target as a value of the candidate's own mean: against the incumbent's on the same calls, where it is stated
    so. None without the incumbent's.
    """
    if target.form == "own":
        return target.target
    incumbent = arm(metric, totals.paired, incumbent_of_pairs=True)
    if not isinstance(incumbent, Estimate):
        return None
    up = orientation(metric)
    if target.form == "difference":
        return incumbent.value + up * target.target
    return incumbent.value * (1.0 + up * target.target)


def _whole(workload: Workload, rows: tuple[SumRow, ...], metric: Metric) -> StageTotals | None:
    stages = by_segment(workload, rows, metric).get("", ())
    return stages[0] if len(stages) == 1 else None


def _gap(workload: Workload, rows: tuple[SumRow, ...], metric: Metric, target: Target) -> Gap | NotEstimable:
    if metric.kind not in {"proportion", "mean"} or metric.observable != "shadow":
        return NotEstimable(reason="Only the mean of a value that shows in shadow is shared out over segments.")
    series = "candidate" if target.form == "own" else "paired"
    parts: dict[str, Totals] = {
        segment: getattr(stages[0], series)
        for segment, stages in by_segment(workload, rows, metric).items()
        if len(stages) == 1
    }
    whole = parts.pop("", Totals())
    return gap_of(target, metric, whole, parts)


def _failures(workspace: Workspace, judgement: Judgement, metric: Metric) -> Failures:
    workload, attempt = judgement.workload, judgement.workload.attempt
    if attempt is None:
        return Failures(judged=0, kinds=())
    asked = pairs_of(workload, attempt)
    closed = dt.timedelta(hours=metric.window_hours) if metric.labelled else dt.timedelta()
    where = CallFilter(stage=asked.stage, until=workspace.clock.now() - closed)

    def executions() -> Iterator[tuple[Execution, Outcomes]]:
        for call, outcomes in newest(workspace, workload.slug, where, asked, metric, CALLS_READ):
            runs = [call.served] if call.beside is None else [call.served, call.beside]
            yield from ((run, outcomes) for run in runs if run.arm == "candidate")

    return failures(metric, executions())


def _curve(points: tuple[CurvePoint, ...], metric: Metric, goal: float | None) -> LearningCurve | NotEstimable:
    if goal is None:
        return NotEstimable(reason="The target has no value of its own while the incumbent's mean is not known.")
    best = metric.hi if metric.direction == "higher" else metric.lo
    return learning_curve(points, target=goal, best=best, higher=metric.direction == "higher")


def _worst(gap: Gap | NotEstimable) -> tuple[str, ...]:
    """The segments that make up most of what falls short, the largest part first."""
    if isinstance(gap, NotEstimable):
        return ("all",)
    named = [part for part in gap.parts if part.segment != REST]
    parts = [part for part in named if part.part > 0.0 and part.gap >= gap.gap]
    parts.sort(key=lambda part: -part.part)
    return tuple(part.segment for part in parts[:SEGMENTS_NAMED]) or ("all",)


def _empty(workload: Workload, reason: str) -> ShortfallSection:
    return ShortfallSection(
        workload=workload.slug,
        answer=None,
        gap=NotEstimable(reason=reason),
        failures=Failures(judged=0, kinds=()),
        calls_read=CALLS_READ,
        goal=None,
        curve=NotEstimable(reason=reason),
        points=(),
        segments=(),
        curve_lines=(),
        recorded=workload.shortfall,
        reason=reason,
    )


SECTION = Section(
    id="shortfall",
    title="Shortfall",
    question="Where does it fall short, and would more data help?",
    page="/evidence/segments",
    of=ShortfallSection,
    build=build,
)
