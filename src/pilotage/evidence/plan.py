"""What is to be measured of a workload: the charter's metrics, made ready for the sums. Pure types."""

from __future__ import annotations

from msgspec import Struct, structs

from pilotage.playbook.kinds import kind_of
from pilotage.playbook.metrics import Guardrail, Metric, Target


class BetThreshold(Struct, frozen=True, kw_only=True):
    """A bounded test by betting: per closed unit, x = mean of a*y + b*z over its calls, oriented so that
    higher is better, in [lo, hi]; the bets are against `threshold` (the oriented floor, or minus a margin).
    """

    id: str
    metric: str
    a: float
    b: float
    lo: float
    hi: float
    threshold: float
    series: str = "paired"


class MeasurementPlan(Struct, frozen=True, kw_only=True):
    """The metrics and thresholds that the per-unit sums are kept for. Another plan means sums are rebuilt.

    `segments` are the keys of a call's segment for which separate sums are kept. `unit_window_hours` is a
    unit's observation window from its first call in a stage; a bet is made once, when that window and the
    label's have closed. `counted_sources` are the traffic sources that count for gates. `alone` are metrics whose
    candidate is summed up outside live also where the incumbent has no value.
    """

    metrics: tuple[Metric, ...] = ()
    target: Target | None = None
    guardrails: tuple[Guardrail, ...] = ()
    bets: tuple[BetThreshold, ...] = ()
    segments: tuple[str, ...] = ()
    unit_window_hours: float = 168.0
    counted_sources: tuple[str, ...] = ("real",)
    time_zone: str = "UTC"
    alone: tuple[str, ...] = ()


def shifted(metric: Metric, target: Target) -> Metric:
    """The metric as its sums are kept: the target's shifted by its baseline, which keeps them precise. Ratios and a
    unit's sums are not shifted, since a shift of each call would not come out of them again.
    """
    if metric.id != target.metric or kind_of(metric).divides or metric.per == "unit_sum":
        return metric
    return structs.replace(metric, shift=target.baseline)
