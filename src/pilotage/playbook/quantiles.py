"""A quantile as what can be summed up: at each limit that a charter sets, the share of calls beyond it. Pure.

The p-quantile is at most L just when the share of calls above L is at most 1 - p; where more is better, it is at least
L just when the share below L is at most p. So `latency_p95` with a limit of 800 ms is measured as the proportion
`latency_p95__limit`, which may be 5 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from msgspec import Struct, structs

from pilotage.playbook.kinds import find_kind
from pilotage.playbook.metrics import Beyond, Guardrail, Metric, NumberSource, Target

AT_TARGET, AT_FLOOR, AT_LIMIT = "__target", "__floor", "__limit"
SUFFIXES = (AT_TARGET, AT_FLOOR, AT_LIMIT)
_LEAST_SHARE = 1e-4


class Promised(Struct, frozen=True, kw_only=True):
    """A charter's numbers as they are measured."""

    metrics: tuple[Metric, ...]
    target: Target
    guardrails: tuple[Guardrail, ...]


def expanded(promised: Promised) -> Promised:
    """The same with every quantile replaced by the proportions at its limits; what is no quantile stays as it is. A
    quantile without a limit is not measured. Takes metrics without flaws.
    """
    quantiles = {m.id: m for m in promised.metrics if (kind := find_kind(m.kind)) is not None and kind.expands}
    if not quantiles:
        return promised
    metrics = [m for m in promised.metrics if m.id not in quantiles]
    target = promised.target
    if target.metric in quantiles:
        metrics += _of_target(quantiles[target.metric], target)
        target = _as_share(quantiles[target.metric], target)
    guardrails = []
    for guardrail in promised.guardrails:
        metric = quantiles.get(guardrail.metric)
        if metric is None:
            guardrails.append(guardrail)
        elif guardrail.limit is not None:
            metrics.append(_beyond(metric, AT_LIMIT, guardrail.limit))
            guardrails.append(Guardrail(metric=f"{metric.id}{AT_LIMIT}", limit=allowed(metric)))
    return Promised(metrics=tuple(metrics), target=target, guardrails=tuple(guardrails))


def allowed(metric: Metric) -> float:
    """The share of calls that may lie beyond a limit when the quantile just keeps it."""
    p = metric.quantile or 0.0
    return round(1.0 - p if metric.direction == "lower" else p, 12)


def floor_of(target: Target) -> Target | None:
    """The floor's own promise where it is measured apart from the target: the share beyond the floor's limit, which
    is not to exceed what is allowed. None for a target that is no quantile's.
    """
    if not target.metric.endswith(AT_TARGET):
        return None
    return structs.replace(target, metric=target.metric.removesuffix(AT_TARGET) + AT_FLOOR, floor=target.target)


def _of_target(metric: Metric, target: Target) -> Iterator[Metric]:
    yield _beyond(metric, AT_TARGET, target.target)
    yield _beyond(metric, AT_FLOOR, target.floor)


def _beyond(metric: Metric, suffix: str, limit: float) -> Metric:
    is_lower = metric.direction == "lower"
    source: NumberSource = metric.source  # type: ignore[assignment]  # a quantile of 0 and 1 is a flaw
    return Metric(
        id=f"{metric.id}{suffix}",
        title=f"{metric.title}: calls {'above' if is_lower else 'below'} {limit:g} {metric.unit}",
        unit="share",
        direction="lower",
        kind="proportion",
        source=Beyond(of=source, above=limit if is_lower else None, below=None if is_lower else limit),
        window_hours=metric.window_hours,
        observable=metric.observable,
    )


def _as_share(metric: Metric, target: Target) -> Target:
    """The target as a share beyond its own limit. What floor and expected value mean there follows from the spread of
    the sample quantile, sqrt(p (1 - p)) / density, which is what `deviation` states of a quantile: a step of one
    deviation is one of sqrt(p (1 - p)) in the share. It is used to plan; the floor itself is tested at its own limit.
    """
    share = allowed(metric)
    spread = math.sqrt(share * (1.0 - share))
    away = 1.0 if metric.direction == "lower" else -1.0

    def at(value: float) -> float:
        step = away * (value - target.target) / target.deviation
        return min(max(share + spread * step, _LEAST_SHARE), 1.0 - _LEAST_SHARE)

    return structs.replace(
        target,
        metric=f"{metric.id}{AT_TARGET}",
        baseline=at(target.baseline),
        floor=at(target.floor),
        target=share,
        expected=at(target.expected),
        deviation=spread,
    )
