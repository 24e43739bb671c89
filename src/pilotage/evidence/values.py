"""From a call and what was learned of it to the values that the sums are made of. Pure.

A value is missing (None) for both arms or for neither: where a metric waits for a label, a failed execution
waits for it too. Otherwise failures would enter at once and successes later, and the candidate would look
worse the younger its calls are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pilotage.evidence.dues import ASSIGNED, assigned_to, dues_of
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.readers import Outcomes, reader
from pilotage.evidence.rules import OVERALL, Contribution, RatioRule, Rule
from pilotage.playbook.kinds import kind_of
from pilotage.playbook.metrics import Metric
from pilotage.playbook.quantiles import floor_of
from pilotage.runtime.records import Call, Execution

MICROS_PER_HOUR = 3_600_000_000


class Contributor(Protocol):
    """A compiled plan: what a call contributes, given its first outcomes by name."""

    def __call__(
        self, call: Call, outcomes: Outcomes, outcome_at_us: Mapping[str, int] | None = None
    ) -> list[Contribution]:
        """With the outcomes' times, each metric sees only those inside its own window; without, all of them."""


def in_window(metric: Metric, call_at_us: int, outcome_at_us: int) -> bool:
    """Whether an outcome of that time still counts. One that seems older than its call comes from a clock that
    is behind, since nobody can report on a call before it has an id: it counts.
    """
    return outcome_at_us - call_at_us <= metric.window_hours * MICROS_PER_HOUR


def matured(metric: Metric, call_at_us: int, now_us: int) -> bool:
    """Whether the call's value can be taken as it is: at once, or when its label's window has closed.

    Labels that come at a different speed for good and bad results bias an estimate made of those at hand.
    """
    return not metric.labelled or now_us - call_at_us > metric.window_hours * MICROS_PER_HOUR


def value_range(metric: Metric) -> tuple[float, float]:
    """The least and the greatest value that the metric can take, a failed execution's included."""
    made_of = kind_of(metric).value
    least, most = min(metric.lo, metric.worst), max(metric.hi, metric.worst)
    return (least, most) if made_of is None else (made_of(metric, least), made_of(metric, most))


def orientation(metric: Metric) -> float:
    """1 where higher is better, -1 where lower is."""
    return 1.0 if metric.direction == "higher" else -1.0


def value(metric: Metric, execution: Execution, outcomes: Outcomes) -> float | None:
    """One arm's value of a call: capped, not shifted; None while it is not known.

    Outcome values may be JSON text or decoded. For an `outcome` metric, give the execution that served.
    """
    return reader(metric)(execution, outcomes)


def contributions(plan: MeasurementPlan, call: Call, outcomes: Outcomes) -> list[Contribution]:
    """What a call contributes under a plan; whoever has many calls compiles the plan once."""
    return compile_plan(plan)(call, outcomes)


def compile_plan(plan: MeasurementPlan, *, assigned: bool = True) -> Contributor:
    """The plan as a function of a call and its outcomes, for calls whose labels' windows have closed.

    `incumbent` and `candidate` go by the assigned arm: what the candidate was given and failed to do counts
    against it, though the incumbent answered in its place. Outside live, where everything is assigned to the
    incumbent, `candidate` holds what ran beside it, for the metrics that are judged on the candidate alone (the
    target's under the form `own`, guardrails with a limit, and what the plan lists as `alone`). `paired` needs an
    execution of both arms. While live, pairs hold every failure but only a sample of the successes: compare the arms
    there, not the pairs. What a label is missing for has series of its own, and so has, where `assigned`, who was
    assigned to which arm.
    """
    counted = frozenset(plan.counted_sources)
    segment_keys = plan.segments
    alone = {*plan.alone, *(g.metric for g in plan.guardrails if g.limit is not None)}
    if plan.target is not None and plan.target.form == "own":
        alone.add(plan.target.metric)
        floor = floor_of(plan.target)
        alone |= {floor.metric} if floor is not None else set()
    rules = tuple(
        RatioRule(metric, alone=metric.id in alone, owes=dues_of(plan, metric) is not None)
        if kind_of(metric).divides
        else Rule(metric, alone=metric.id in alone, dues=dues_of(plan, metric))
        for metric in plan.metrics
    )
    shortest_us = min((m.window_hours for m in plan.metrics), default=0.0) * MICROS_PER_HOUR

    def contribute(
        call: Call, outcomes: Outcomes, outcome_at_us: Mapping[str, int] | None = None
    ) -> list[Contribution]:
        if call.source not in counted:
            return []
        due = outcome_at_us is not None and any(at - call.at_us > shortest_us for at in outcome_at_us.values())
        segments: tuple[str, ...] = OVERALL
        if segment_keys:
            segments += tuple(f"{key}={call.segment[key]}" for key in segment_keys if key in call.segment)
        found: list[Contribution] = []
        if assigned and call.mode == "live" and call.unit:
            found += [Contribution(ASSIGNED, call.assigned, place, 0.0) for place in assigned_to(call)]
        for rule in rules:
            known = rule.within(call, outcomes, outcome_at_us) if due and outcome_at_us is not None else outcomes
            rule.add(call, known, segments, found)
        return found

    return contribute
