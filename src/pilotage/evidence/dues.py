"""What is due and missing: the sums by which an answer is shown to survive the labels that never came. Pure.

Beside its values, a metric that waits for labels and that decides (the target's, a guardrail's) keeps sums of the calls
whose window closed without a value, at what they would count if everything missing spoke against the candidate:

- `missing` (shadow): calls that both arms answered and of which a value is missing; y is the least that the candidate's
  value can be, z the best that the incumbent's can be. Where both gave the same answer both get the same value, since
  whatever the label is, it judges them alike.
- `differ` (shadow): calls on which the arms did not give the same answer; y is 1 where a value is missing.
- `missing_candidate`, `missing_incumbent` (live): calls by assigned arm, at the arm's worst and best value.

Who was assigned to which arm while live is summed under the metric "", each unit once a stage, and once more for each
cohort that it called from.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from pilotage.evidence.plan import MeasurementPlan
from pilotage.playbook.metrics import Metric, UserAction
from pilotage.runtime.records import Call, Execution

COHORT = "cohort="
ASSIGNED = ""
"""The metric that assignments are summed under; no charter can name it."""


class Dues(Struct, frozen=True, kw_only=True):
    """What one metric's missing values are counted as. `tied` is the value of both arms where they gave the same
    answer, None where the candidate is judged alone, so that its worst is asked for. `paired`: whether a pair with
    one value missing is missing as a whole.
    """

    worst: float
    best: float
    failure: float
    tied: float | None
    paired: bool
    shadow: bool

    def in_pair(
        self, candidate: Execution, incumbent: Execution, values: tuple[float | None, float | None], *, same: bool
    ) -> tuple[float, float] | None:
        """What a shadowed call counts as that lacks a value of the candidate's or the incumbent's; None where
        nothing that is needed is missing.
        """
        y, z = values
        if y is not None and (z is not None or not self.paired):
            return None
        if same and self.tied is not None and y is None and z is None:
            return self.tied, self.tied
        if z is None:
            z = self.failure if incumbent.error else self.best
        if y is None:
            y = self.failure if candidate.error else self.worst
        return y, z


def dues_of(plan: MeasurementPlan, metric: Metric) -> Dues | None:
    """What the plan asks to be counted of a metric's missing values; None for one that waits for no label, that
    decides nothing, or that is over the calls on which somebody acted: a call without an action lacks nothing.
    """
    target = plan.target if plan.target is not None and plan.target.metric == metric.id else None
    guardrails = [guardrail for guardrail in plan.guardrails if guardrail.metric == metric.id]
    if not metric.labelled or isinstance(metric.source, UserAction) or (target is None and not guardrails):
        return None
    least, most = min(metric.lo, metric.worst), max(metric.hi, metric.worst)
    worst, best = (least, most) if metric.direction == "higher" else (most, least)
    alone = any(g.limit is not None for g in guardrails) or (target is not None and target.form == "own")
    tied = worst
    if target is not None and target.form == "share":
        # Where both arms have the value v, candidate - (1 +/- r) incumbent comes to -r v.
        tied = most if target.target >= 0.0 else least
    return Dues(
        worst=worst,
        best=best,
        failure=metric.worst,
        tied=None if alone else tied,
        paired=any(g.limit is None for g in guardrails) or (target is not None and target.form != "own"),
        shadow=metric.observable == "shadow",
    )


def assigned_to(call: Call) -> tuple[str, ...]:
    """The segments that a call's assignment is summed under: all, and its cohort's."""
    return ("", COHORT + call.cohort) if call.cohort else ("",)


def missing_of(arm: Literal["incumbent", "candidate"]) -> Literal["missing_incumbent", "missing_candidate"]:
    """The series of what is missing of a live arm."""
    return "missing_candidate" if arm == "candidate" else "missing_incumbent"
