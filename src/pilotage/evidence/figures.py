"""The three figures of a metric in a place: each arm's, and the comparison under the target's form. Pure.

In shadow both arms answer the same calls, so pairs are compared. Live, each unit has one arm, so arms are.
Shadow, suggest and live are never pooled.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pilotage.evidence.estimators import estimator_of
from pilotage.evidence.intervals import join_strata
from pilotage.evidence.measurements import Estimate, Estimated, LeftOut, NotEstimable
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals
from pilotage.playbook.kinds import Form
from pilotage.playbook.metrics import Metric


class Figures(Struct, frozen=True, kw_only=True):
    """Each arm's mean, and the comparison (for the form `own`, the candidate's mean itself)."""

    incumbent: Estimated
    candidate: Estimated
    comparison: Estimated


def figures(metric: Metric, form: Form, stages: Sequence[StageTotals], *, level: float = 0.95) -> Figures:
    """The figures on which a target or guardrail of that form is judged: on pairs for a metric that can be
    observed in shadow, else between the arms of the live stages.
    """
    if metric.observable == "exposed":
        return live_figures(metric, form, stages, level=level)
    stage = only_stage(stages)
    if isinstance(stage, NotEstimable):
        return Figures(incumbent=stage, candidate=stage, comparison=stage)
    estimator = estimator_of(metric)
    incumbent = estimator.incumbent_of_pairs(metric, stage, 0.95)
    if form == "own":
        own = estimator.arm(metric, stage.candidate, level)
        return Figures(incumbent=incumbent, candidate=own, comparison=own)
    compare = estimator.paired_difference if form == "difference" else estimator.paired_improvement
    return Figures(
        incumbent=incumbent,
        candidate=estimator.arm(metric, stage.paired, 0.95),
        comparison=compare(metric, stage, level),
    )


def live_figures(metric: Metric, form: Form, stages: Sequence[StageTotals], *, level: float = 0.95) -> Figures:
    """The same between the units assigned to each arm, stage by stage."""
    incumbent = arm_over_stages(metric, [(stage.stage, stage.incumbent) for stage in stages])
    served = [(stage.stage, stage.candidate) for stage in stages]
    candidate = arm_over_stages(metric, served, level=level if form == "own" else 0.95)
    if form == "own":
        return Figures(incumbent=incumbent, candidate=candidate, comparison=candidate)
    estimator = estimator_of(metric)
    compare = estimator.live_difference if form == "difference" else estimator.live_improvement
    return Figures(incumbent=incumbent, candidate=candidate, comparison=compare(metric, stages, level))


def only_stage(stages: Sequence[StageTotals]) -> StageTotals | NotEstimable:
    """The one stage that has pairs, or at least answers of the candidate; refused when there are several."""
    busy = [stage for stage in stages if stage.paired.n > 0 or stage.candidate.n > 0]
    if len(busy) == 1:
        return busy[0]
    if not busy:
        return NotEstimable(reason="The candidate has answered no call with a known value yet.")
    names = ", ".join(stage.stage for stage in busy)
    return NotEstimable(reason=f"Pairs of several stages ({names}) are never pooled; judge one.")


def arm_over_stages(metric: Metric, totals: Sequence[tuple[str, Totals]], *, level: float = 0.95) -> Estimated:
    """One arm's mean per call over several stages, each with its name, weighted by calls; errors add up, since units
    come back. A stage with calls that has no figure of its own is named in `left_out`.
    """
    estimator = estimator_of(metric)
    found = [(stage, estimator.arm(metric, part, level)) for stage, part in totals]
    parts = [part for _, part in found if isinstance(part, Estimate)]
    refused = [(stage, part) for stage, part in found if isinstance(part, NotEstimable) and part.calls]
    if not parts:
        return refused[0][1] if refused else NotEstimable(reason="There are no calls with a known value yet.")
    value, low, high = join_strata([(part.calls, (part.value, part.low, part.high)) for part in parts])
    return Estimate(
        value=value,
        low=low,
        high=high,
        calls=sum(part.calls for part in parts),
        units=sum(part.units for part in parts),
        method=parts[0].method if len(parts) == 1 else f"{parts[0].method}, {len(parts)} stages",
        level=level,
        left_out=tuple(LeftOut(stage=stage, reason=part.reason) for stage, part in refused),
    )
