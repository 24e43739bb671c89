"""What a history of answers and labels says before anything is wired. Pure; history never counts for a gate."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from pilotage.evidence.baseline import BEFORE, baseline
from pilotage.evidence.cautions import SMALL_P, Caution, Facts, cautions, days_alike
from pilotage.evidence.clusters import both_ways, day_totals
from pilotage.evidence.compare import arm, paired_difference
from pilotage.evidence.history import HistoryRow, HistorySums, LabelCounts, PartSums, not_in_a_history, sums_of
from pilotage.evidence.measurements import Baseline, Estimated, NotEstimable, Reachability
from pilotage.evidence.moments import moments
from pilotage.evidence.reach import reachability
from pilotage.evidence.segments import SegmentFigure, target_segments
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import UnitSum
from pilotage.evidence.values import orientation
from pilotage.playbook.metrics import Cluster, LabelMatch, Metric, Target

MARK = "history"
PILOT_WEEKS = 8
SECONDS_PER_WEEK = 604_800.0
SECONDS_PER_DAY = 86_400.0
CURVE = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
RIGHT_ANSWERS = Metric(
    id="right_answers",
    title="Right answers",
    unit="share of calls",
    direction="higher",
    kind="proportion",
    source=LabelMatch(),
)


class SegmentFound(Struct, frozen=True, kw_only=True):
    """The comparison within one value of a column. `difference` is as found, `pooled` drawn towards the others of its
    column as far as it is unsure; `flagged` when it is worse than the incumbent, or than the others, by a test whose
    false discoveries are bounded over all segments, and `why` says which.
    """

    value: str
    rows: int
    incumbent: Estimated
    candidate: Estimated
    difference: Estimated
    pooled: Estimated
    flagged: bool
    why: str


class Segmented(Struct, frozen=True, kw_only=True):
    """The comparison within each value of a column: flagged ones first, then the weakest."""

    column: str
    segments: tuple[SegmentFound, ...]
    left_out: int = 0


class Chance(Struct, frozen=True, kw_only=True):
    """The chance of a go within so many weeks, if the candidate is as good as in the history, and at the target."""

    weeks: float
    at_expected: float | None
    at_target: float | None


class Assessment(Struct, frozen=True, kw_only=True):
    """What the history says, and a charter to begin from. `charter` is a draft: nobody has promised anything.

    `rows` were read; `compared` can be judged for both arms. `difference` is candidate minus incumbent, oriented.
    `detectable` is the least lead over the promised target that a pilot of `weeks` weeks shows with the target's
    power; `cautions` say what is missing and how far the figures can be trusted.
    """

    mark: str = MARK
    metric: Metric
    weeks: float
    time_zone: str
    rows: int
    compared: int
    units: int
    calls_per_week: float | None
    baseline: Baseline
    candidate: Estimated
    difference: Estimated
    labels: LabelCounts
    segments: tuple[Segmented, ...] = ()
    reachability: Reachability | None
    curve: tuple[Chance, ...] = ()
    detectable: float | None
    charter: dict[str, Any]
    cautions: tuple[Caution, ...]


def assess(
    rows: Iterable[HistoryRow],
    metric: Metric = RIGHT_ANSWERS,
    *,
    weeks: float = PILOT_WEEKS,
    time_zone: str = "UTC",
) -> Assessment:
    """The assessment of rows in memory. Raises ValueError for a metric that a history cannot be judged by."""
    return assess_sums(sums_of(rows, metric, time_zone=time_zone), metric, weeks=weeks, time_zone=time_zone)


def assess_sums(
    sums: HistorySums, metric: Metric = RIGHT_ANSWERS, *, weeks: float = PILOT_WEEKS, time_zone: str = "UTC"
) -> Assessment:
    """The baseline, the paired comparison, whether a pilot of so many weeks could show the difference, and a draft
    charter. Raises ValueError for a metric that a history cannot be judged by.
    """
    if reason := not_in_a_history(metric):
        raise ValueError(reason)
    pace = _calls_per_week(sums)
    difference = paired_difference(metric, sums.pairs)
    target = _draft_target(metric, sums, difference, pace)
    window_hours = metric.window_hours if metric.labelled else 0.0
    reach = reachability(target, weeks=weeks, label_window_hours=window_hours) if target else None
    detectable = _detectable(target, reach) if target and reach else None
    incumbent = StageTotals(stage=f"{BEFORE}{MARK}", incumbent=sums.before)
    return Assessment(
        metric=metric,
        weeks=weeks,
        time_zone=time_zone,
        rows=sums.rows,
        compared=round(sums.pairs.n),
        units=round(sums.pairs.units),
        calls_per_week=pace,
        baseline=baseline(metric, (incumbent,), sums.calendar),
        candidate=arm(metric, sums.pairs),
        difference=difference,
        labels=sums.labels,
        segments=_segmented(metric, sums) if sums.splits else (),
        reachability=reach,
        curve=_curve(target, weeks, window_hours) if target else (),
        detectable=detectable,
        charter=_draft_charter(metric, target, weeks, time_zone),
        cautions=cautions(
            Facts(
                sums=sums,
                metric=metric,
                difference=difference,
                pace=pace,
                weeks=weeks,
                detectable=detectable,
                time_zone=time_zone,
            )
        ),
    )


def _segmented(metric: Metric, sums: HistorySums) -> tuple[Segmented, ...]:
    """Every column's segments, all tested together; held against no difference, for nothing else was promised."""
    parts = {
        f"{number}={value}": part
        for number, split in enumerate(sums.splits.values())
        for value, part in split.parts.items()
    }
    stages = {name: (StageTotals(stage=f"shadow/{MARK}", paired=part.pairs),) for name, part in parts.items()}
    table = target_segments(_nothing_promised(metric), metric, stages)
    return tuple(
        Segmented(
            column=column,
            segments=tuple(_found(one, parts[one.segment]) for one in table.segments if one.key == str(number)),
            left_out=split.left_out,
        )
        for number, (column, split) in enumerate(sums.splits.items())
    )


def _nothing_promised(metric: Metric) -> Target:
    """A target whose floor is no difference; its plan is never used."""
    return Target(
        metric=metric.id,
        form="difference",
        baseline=0.0,
        floor=0.0,
        target=0.0,
        expected=0.0,
        calls_per_week=1.0,
        deviation=1.0,
    )


def _found(one: SegmentFigure, part: PartSums) -> SegmentFound:
    why = one.why.replace("worse than the charter allows", "worse than the incumbent")
    return SegmentFound(
        value=one.segment.partition("=")[2],
        rows=part.rows,
        incumbent=one.incumbent,
        candidate=one.candidate,
        difference=one.raw,
        pooled=one.pooled,
        flagged=bool(one.flags),
        why=why,
    )


def _calls_per_week(sums: HistorySums) -> float | None:
    """The pace of the history; None when it spans less than a day."""
    if sums.first is None or sums.last is None:
        return None
    span_s = (sums.last - sums.first).total_seconds()
    return sums.timed * SECONDS_PER_WEEK / span_s if span_s >= SECONDS_PER_DAY else None


def _draft_target(metric: Metric, sums: HistorySums, difference: Estimated, pace: float | None) -> Target | None:
    """A difference to promise: expect what the history shows, promise half of it, go no further below nothing.
    Clustered by day as well where the history's days differ by more than chance.

    None where the history shows no advantage, or no pace to plan with.
    """
    if isinstance(difference, NotEstimable) or difference.value <= 0.0 or pace is None:
        return None
    pairs = sums.pairs
    m = moments(pairs, orientation(metric), -orientation(metric), metric.shift)
    spread = sums.squares / pairs.n - m.mean**2
    if spread <= 0.0:
        return None
    variance = m.variance * m.calls
    cluster: Cluster = "unit"
    alike = days_alike(metric, sums)
    if alike is not None and alike < SMALL_P:
        days = day_totals(UnitSum(day.n, day.candidate, day.incumbent) for day in sums.days)
        by_day = moments(days, orientation(metric), -orientation(metric), metric.shift)
        variance = both_ways(variance, by_day.variance * by_day.calls, single=m.single)
        cluster = "both"
    return Target(
        metric=metric.id,
        form="difference",
        baseline=pairs.z / pairs.n + metric.shift,
        floor=0.0,
        target=difference.value / 2.0,
        expected=difference.value,
        calls_per_week=pace,
        deviation=math.sqrt(spread),
        design_effect=max(1.0, variance / spread),
        cluster=cluster,
    )


def _curve(target: Target, weeks: float, window_hours: float) -> tuple[Chance, ...]:
    """The chance of a go for shorter and longer pilots than the planned one."""
    planned = sorted({max(round(weeks * part), 1) for part in CURVE})
    found = [(w, reachability(target, weeks=w, label_window_hours=window_hours)) for w in planned]
    return tuple(
        Chance(weeks=w, at_expected=r.probability_at_expected, at_target=r.probability_at_target) for w, r in found
    )


def _detectable(target: Target, reach: Reachability) -> float | None:
    """The lead that the available calls show with the target's power: what is needed falls with its square."""
    if reach.calls_needed is None or reach.calls_available <= 0.0:
        return None
    return (target.expected - target.target) * math.sqrt(reach.calls_needed / reach.calls_available)


def _draft_charter(metric: Metric, target: Target | None, weeks: float, time_zone: str) -> dict[str, Any]:
    """The fields of a charter that a history can suggest, in plain JSON types."""
    draft: dict[str, Any] = {
        "draft_from": MARK,
        "weeks": weeks,
        "time_zone": time_zone,
        "metrics": [msgspec.to_builtins(metric)],
    }
    if target is not None:
        draft["target"] = msgspec.to_builtins(target)
    return draft
