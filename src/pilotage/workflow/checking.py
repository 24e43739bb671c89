"""The checks that figures rest on, from the sums: who was assigned where, what is missing, whether days shake."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

from pilotage.evidence.betting import contrast
from pilotage.evidence.caps import caps_check
from pilotage.evidence.clusters import judged_series
from pilotage.evidence.day_effect import day_effect
from pilotage.evidence.dues import ASSIGNED, COHORT
from pilotage.evidence.imputation import by_arm, by_disagreement
from pilotage.evidence.measurements import Check
from pilotage.evidence.sample_ratio import Assigned, SampleRatio, sample_ratio
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals, UnitSum
from pilotage.playbook.metrics import Guardrail, Metric, Target, UserAction
from pilotage.record.stages import LiveStage, live_stage
from pilotage.record.workload import Workload
from pilotage.runtime.bucketing import BUCKETS, buckets_inside
from pilotage.storage.protocols import DayRow, SumRow


def assigned(workload: Workload, rows: Iterable[SumRow]) -> tuple[Assigned, ...]:
    """Units by assigned arm in every live stage, in the order in which they are run. Where a stage was for some
    cohorts only, these count alone: everybody else was the incumbent's without chance.
    """
    counts: dict[LiveStage, dict[tuple[str, str], float]] = defaultdict(lambda: defaultdict(float))
    names: dict[LiveStage, str] = {}
    for row in rows:
        place = live_stage(row.stage) if row.metric == ASSIGNED else None
        if place is not None:
            names[place] = row.stage
            counts[place][row.series, row.segment] += row.totals.units
    return tuple(_assigned(workload, place, names[place], counts[place]) for place in sorted(counts))


def _assigned(workload: Workload, place: LiveStage, name: str, counts: dict[tuple[str, str], float]) -> Assigned:
    cohorts = _cohorts(workload, place.percent)
    reason = "" if len(cohorts) <= 1 else "The stage was opened for different cohorts, whose shares differ."
    asked = next(iter(cohorts), ())
    segments = [f"{COHORT}{cohort}" for cohort in asked] or [""]
    candidate, incumbent = (
        round(sum(counts.get((arm, segment), 0.0) for segment in segments)) for arm in ("candidate", "incumbent")
    )
    return Assigned(
        stage=name,
        share=buckets_inside(place.percent) / BUCKETS,
        candidate=candidate,
        incumbent=incumbent,
        reason=reason,
    )


def _cohorts(workload: Workload, percent: float) -> set[tuple[str, ...]]:
    """The cohorts that the stage was opened for; an exposure that the ceiling cut down stands at a lower step."""
    live = [exposure for exposure in workload.exposures if exposure.mode == "live"]
    exact = {tuple(sorted(e.cohorts)) for e in live if e.percent == percent}
    return exact or {tuple(sorted(e.cohorts)) for e in live if e.percent > percent}


def ratio_of(workload: Workload, rows: Iterable[SumRow]) -> SampleRatio | None:
    """The sample ratio of all live stages; None where nothing was live."""
    stages = assigned(workload, rows)
    return sample_ratio(stages) if stages else None


def ratio_check(ratio: SampleRatio) -> Check:
    """The sample ratio as a check."""
    return Check(
        id="sample_ratio",
        title="Arms assigned as the lease says",
        verdict="not_estimable" if ratio.evidence is None else "violated" if ratio.alarm else "held",
        meaning="If units do not split as planned, something decides who is seen by which arm: routing, logging or "
        "units that stay away. A comparison of the arms then compares different people.",
        reason=ratio.reason,
        figure=ratio.evidence,
        bound=1000.0,
    )


def shadow_checks(
    target: Target, guardrails: Sequence[Guardrail], stages: Iterable[tuple[Metric, StageTotals]]
) -> tuple[Check, ...]:
    """Of each metric that decides: whether labels go missing where the arms differ, where it waits for any, and how
    many values its caps cut off, where they can.
    """
    deciding = {target.metric, *(guardrail.metric for guardrail in guardrails)}
    shown = [(m, stage) for m, stage in stages if m.observable == "shadow" and m.id in deciding]
    cut = (caps_check(metric, stage, live=False) for metric, stage in shown)
    return (
        *(by_disagreement(metric, stage) for metric, stage in shown if metric.labelled),
        *(check for check in cut if check is not None),
    )


def live_checks(stages: Iterable[tuple[Metric, Sequence[StageTotals]]]) -> tuple[Check, ...]:
    """For each metric and live stage that has calls of both arms: whether labels go missing more for one of them, and
    how many values its caps cut off.
    """
    both = [
        (metric, stage)
        for metric, live in stages
        for stage in live
        if stage.candidate.n + stage.missing_candidate.n > 0 and stage.incumbent.n + stage.missing_incumbent.n > 0
    ]
    cut = (caps_check(metric, stage, live=True) for metric, stage in both)
    return (
        *(by_arm(metric, stage) for metric, stage in both if metric.labelled and not _lacks_nothing(metric)),
        *(check for check in cut if check is not None),
    )


def _lacks_nothing(metric: Metric) -> bool:
    """Whether calls without a value are in order: those on which nobody acted."""
    return isinstance(metric.source, UserAction)


def days_check(
    target: Target, metric: Metric, days: Iterable[DayRow], place: tuple[str, str], units: StageTotals
) -> Check:
    """Whether whole days shake the target's contrast more than units explain, in that stage and release."""
    series = judged_series(target)
    by_day: dict[dt.date, UnitSum] = {}
    for row in days:
        if (row.metric, row.stage, row.release, row.series) == (metric.id, *place, series):
            by_day[row.day] = UnitSum(row.n, row.y, row.z)
    a, b, _ = contrast(target, metric, target.target)
    totals: Totals = units.candidate if series == "candidate" else units.paired
    return day_effect(metric, tuple(by_day.values()), totals, a, b, cluster=target.cluster)
