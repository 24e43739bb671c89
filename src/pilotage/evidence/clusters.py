"""Figures in shadow, and the target's test, where calls are alike by unit, by day, or both. Pure.

A storm hits every flight of a day, whoever flies: then units are not independent. Where the charter declares it, the
variance is taken with days as clusters (Liang and Zeger 1986), or with units and days both, by inclusion and exclusion
(Cameron, Gelbach and Miller 2011):

    V = V_unit + V_day - V_cell,

the cell being one unit's calls of one day. Sums of cells are not kept. Where each unit has one call the cell is the
unit, so V = V_day; otherwise V_cell is taken as 0, which is never too small, since variances are not negative. V is
never less than the larger of V_unit and V_day, as that sum of estimates can be.

Few clusters: the variance by day is taken around the hypothesis (Boos 1992), so that the statistic is a self-normalised
sum, whose tails fall off like a normal one's for symmetric days, however few (Efron 1969); and there is no test before
`DAYS_TO_TEST` days. Days are not symmetric where a few are very bad: until one comes, the candidate looks better and
surer than it is. Hall's transformation of the statistic (Hall 1992) takes most of that off again; it is used only for
bad days, and not for two ratios, whose days have no one skewness. The rule on skewness that refuses a mean of units is
about units alone: no pilot has the days that it would ask for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

from pilotage.evidence.betting import contrast
from pilotage.evidence.estimators import estimator_of
from pilotage.evidence.figures import Figures, figures
from pilotage.evidence.measurements import Estimate, Estimated, NotEstimable
from pilotage.evidence.moments import moments
from pilotage.evidence.parts import UNITS_TO_TEST, Part
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals, UnitSum
from pilotage.playbook.kinds import Form, kind_of
from pilotage.playbook.metrics import Cluster, Metric, Target

DAYS_TO_TEST = UNITS_TO_TEST
DAYS_MIN = 2
BY = {"unit": "by unit", "day": "by day", "both": "by unit and day"}
_THIRD = {name: 0.0 for name in Totals.__struct_fields__ if len(name) == 3}  # noqa: PLR2004 - yyz is a third moment


class JudgedAs(Struct, frozen=True):
    """How something is judged that is no target: under which form, and whose calls are alike."""

    form: Form
    cluster: Cluster


def day_totals(days: Iterable[UnitSum]) -> Totals:
    """The totals over days, from each day's sums: each day is a cluster."""
    return sum(map(Totals.of, days), start=Totals())


def bent(z: float, lean: float) -> float:
    """Hall's transformation z + lean z^2/3 + lean^2 z^3/27 + lean/6, which rises with z (Hall 1992).

    `lean` is the skewness over the root of the number of days.
    """
    return z + lean * z * z / 3.0 + lean * lean * z**3 / 27.0 + lean / 6.0


def judged_series(target: Target | JudgedAs) -> str:
    """The series that a target or a guardrail is judged on in shadow."""
    return "candidate" if target.form == "own" else "paired"


def days_of(target: Target | JudgedAs, stages: Iterable[StageTotals]) -> float | None:
    """The days with calls, where days are clusters; else None. It never falls from look to look."""
    if target.cluster == "unit":
        return None
    return sum((_days(target, stage).units for stage in stages), start=0.0)


def clustered_figures(
    target: Target | JudgedAs, metric: Metric, stages: Sequence[StageTotals], *, level: float = 0.95
) -> Figures:
    """A target's or a guardrail's figures as the charter says that calls are clustered."""
    by_unit = figures(metric, target.form, stages, level=level)
    if target.cluster == "unit":
        return by_unit
    single = all(_single(target, stage) for stage in stages)
    if refused := _refused(target, metric, stages, DAYS_MIN):
        by_day = Figures(incumbent=refused, candidate=refused, comparison=refused)
    else:
        by_day = figures(metric, target.form, [_by_day(stage) for stage in stages], level=level)
    return Figures(
        **{
            name: _joined(target.cluster, getattr(by_unit, name), getattr(by_day, name), single=single)
            for name in Figures.__struct_fields__
        }
    )


def target_part(target: Target, metric: Metric, stage: StageTotals) -> Part | NotEstimable:
    """One stage's part of the test, with the variance that the charter declares."""
    estimator = estimator_of(metric)
    by_unit = estimator.part(target, metric, stage)
    if target.cluster == "unit" or isinstance(by_unit, NotEstimable):
        return by_unit
    if refused := _refused(target, metric, [stage], DAYS_TO_TEST):
        return refused
    by_day = estimator.part(target, metric, _by_day(stage))
    if isinstance(by_day, NotEstimable):
        return _of_days(by_day)
    lean = _lean(target, metric, stage)
    if target.cluster == "day":
        return structs.replace(by_day, lean=lean)
    single = _single(target, stage)
    return Part(
        by_unit.weight,
        by_unit.distance,
        both_ways(by_unit.variance, by_day.variance, single=single),
        both_ways(by_unit.seen, by_day.seen, single=single),
        lean,
    )


def both_ways(by_unit: float, by_day: float, *, single: bool) -> float:
    """The variance by unit and day from each. `single`: each unit has one call, so that the unit is the cell too."""
    cell = by_unit if single else 0.0
    return max(by_unit + by_day - cell, by_unit, by_day)


def _refused(
    target: Target | JudgedAs, metric: Metric, stages: Sequence[StageTotals], needed: int
) -> NotEstimable | None:
    if metric.observable == "exposed":
        return NotEstimable(reason="Days are clusters only where the target is judged in shadow; cluster by unit.")
    if metric.per != "call":
        return NotEstimable(reason="Days are summed up call by call, and this metric counts units; cluster by unit.")
    days = days_of(target, stages) or 0.0
    if days >= needed:
        return None
    many = "1 day is" if days == 1.0 else f"{days:.0f} days are"
    return NotEstimable(reason=f"{many} too few to tell how much days differ; it takes {needed}.")


def _lean(target: Target, metric: Metric, stage: StageTotals) -> float:
    """The skewness of the target's contrast over days by the root of their number, where bad days stand out; else 0."""
    if kind_of(metric).divides and target.form != "own":
        return 0.0
    a, b, _ = contrast(target, metric, target.target)
    m = moments(_days(target, stage), a, b, metric.shift)
    return min(m.skewness / math.sqrt(m.units), 0.0)


def _by_day(stage: StageTotals) -> StageTotals:
    """The stage with days in the place of units, without third moments: see above."""
    return structs.replace(
        stage,
        candidate=structs.replace(stage.candidate_days, **_THIRD),
        paired=structs.replace(stage.paired_days, **_THIRD),
        paired_incumbent=structs.replace(stage.paired_incumbent_days, **_THIRD),
    )


def _days(target: Target | JudgedAs, stage: StageTotals) -> Totals:
    return stage.candidate_days if target.form == "own" else stage.paired_days


def _single(target: Target | JudgedAs, stage: StageTotals) -> bool:
    totals: Totals = getattr(stage, judged_series(target))
    return totals.nn == totals.n == totals.units


def _joined(cluster: Cluster, by_unit: Estimated, by_day: Estimated, *, single: bool) -> Estimated:
    """One figure's interval, each side for itself: half a width is a critical value times an error, so their squares
    add up as variances do.
    """
    if isinstance(by_unit, NotEstimable):
        return by_unit
    if isinstance(by_day, NotEstimable):
        return structs.replace(_of_days(by_day), calls=by_unit.calls, units=by_unit.units)
    value, low, high = by_unit.value, by_day.low, by_day.high
    if cluster == "both":
        sides = [
            math.sqrt(both_ways((value - unit) ** 2, (value - day) ** 2, single=single))
            for unit, day in ((by_unit.low, by_day.low), (by_unit.high, by_day.high))
        ]
        low, high = value - sides[0], value + sides[1]
    return Estimate(
        value=value,
        low=low,
        high=high,
        calls=by_unit.calls,
        units=by_unit.units,
        method=f"{by_unit.method}, {BY[cluster]}",
        level=by_unit.level,
    )


def _of_days(refused: NotEstimable) -> NotEstimable:
    """A refusal that speaks of days where it says units."""
    return NotEstimable(reason=f"With each day as one cluster: {refused.reason}", calls=refused.calls)
