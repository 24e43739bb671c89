"""The objectives that a charter makes of the service, and how far they are kept, from counts by minute."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from pilotage.evidence.burning import LONGEST, Budget, Objective, ServiceLevel, service_level
from pilotage.evidence.measurements import NotEstimable, ServiceSeen
from pilotage.playbook.metrics import ErrorShare, Latency
from pilotage.record.charter import Charter
from pilotage.record.workload import Workload
from pilotage.storage.protocols import CallStore

ANSWERED_SHARE = 0.999
SERVED_SHARE = 0.99
FAST_SHARE = 0.99


def levels_of(
    calls: CallStore, workload: Workload, sources: tuple[str, ...], now: dt.datetime
) -> tuple[ServiceLevel, ...]:
    """Each objective as of now, from the counts of the last three days."""
    limit_ms = limit_ms_of(workload.charter)
    counts = calls.minutes(workload.slug, sources, now - LONGEST, now + dt.timedelta(microseconds=1), limit_ms)
    return tuple(
        service_level(objective, counts.get(objective.id, ()), now) for objective in objectives(workload.charter)
    )


def service_seen(
    calls: CallStore, workload: Workload, sources: tuple[str, ...], now: dt.datetime
) -> tuple[ServiceSeen, ...]:
    """What the gate of a workload in operation reads of its service; nothing before that, which spares the reading."""
    if workload.phase != "operate":
        return ()
    return tuple(_seen(level) for level in levels_of(calls, workload, sources, now))


def _seen(level: ServiceLevel) -> ServiceSeen:
    budget = level.budget
    return ServiceSeen(
        title=level.objective.title,
        share=level.objective.share,
        calls=budget.calls,
        bad=budget.bad if isinstance(budget, Budget) else 0,
        days=LONGEST / dt.timedelta(days=1),
        firing=level.firing,
        reason=budget.reason if isinstance(budget, NotEstimable) else "",
    )


def objectives(charter: Charter | None) -> tuple[Objective, ...]:
    """What is promised of the service: the charter's limits on errors and latency, else defaults."""
    return tuple(_objectives(charter))


def _objectives(charter: Charter | None) -> Iterable[Objective]:
    errors, slow = _allowed(charter, ErrorShare), _allowed(charter, Latency)
    yield Objective(
        id="answered",
        title="Calls answered without an error",
        share=1.0 - errors if errors else ANSWERED_SHARE,
        from_charter=errors is not None,
    )
    yield Objective(id="served", title="Calls given to the candidate that it served", share=SERVED_SHARE)
    limit_ms = limit_ms_of(charter)
    if limit_ms is not None:
        yield Objective(
            id="fast",
            title=f"Calls answered within {limit_ms:g} ms",
            share=1.0 - slow if slow else FAST_SHARE,
            from_charter=slow is not None,
        )


def _allowed(charter: Charter | None, source: type[ErrorShare | Latency]) -> float | None:
    """The share that a guardrail's limit allows to go badly."""
    for guardrail in charter.guardrails if charter else ():
        metric = charter.metric(guardrail.metric) if charter else None
        if metric is None or not isinstance(metric.source, source) or guardrail.limit is None:
            continue
        counted = not isinstance(metric.source, Latency) or metric.source.limit_ms is not None
        if counted and 0.0 < guardrail.limit < 1.0:
            return guardrail.limit
    return None


def limit_ms_of(charter: Charter | None) -> float | None:
    """The limit on an answer's time that the charter names first."""
    for metric in charter.metrics if charter else ():
        if isinstance(metric.source, Latency) and metric.source.limit_ms is not None:
            return metric.source.limit_ms
    return None
