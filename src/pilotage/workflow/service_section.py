"""The section `service`: whether it answers, as assigned and in time, and how fast the error budget burns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from msgspec import Struct

from pilotage.evidence.burning import LONGEST, PERIOD_DAYS, Objective, ServiceLevel, service_level
from pilotage.playbook.metrics import ErrorShare, Latency
from pilotage.record.charter import Charter
from pilotage.workflow.desk import Judgement
from pilotage.workflow.measuring import plan_of
from pilotage.workflow.section import Section
from pilotage.workflow.workspace import Workspace

ANSWERED_SHARE = 0.999
SERVED_SHARE = 0.99
FAST_SHARE = 0.99


class ServiceSection(Struct, frozen=True, kw_only=True):
    """Each objective with its budget and burn rates. `fast` is there only where the charter names a latency limit."""

    workload: str
    demonstration: bool
    period_days: int
    firing: bool
    reason: str
    limit_ms: float | None
    levels: tuple[ServiceLevel, ...]


def build(workspace: Workspace, judgement: Judgement) -> ServiceSection:
    """The section as of now, from counts by minute of the last three days."""
    workload, now = judgement.workload, workspace.clock.now()
    limit_ms = _limit_ms(workload.charter)
    sources = plan_of(workload).counted_sources
    counts = workspace.calls.minutes(
        workload.slug, sources, now - LONGEST, now + dt.timedelta(microseconds=1), limit_ms
    )
    levels = tuple(
        service_level(objective, counts.get(objective.id, ()), now) for objective in objectives(workload.charter)
    )
    firing = [level.objective.title for level in levels if level.firing]
    return ServiceSection(
        workload=workload.slug,
        demonstration=workload.demonstration,
        period_days=PERIOD_DAYS,
        firing=bool(firing),
        reason=f"The error budget burns too fast: {', '.join(firing)}."
        if firing
        else "No error budget burns too fast.",
        limit_ms=limit_ms,
        levels=levels,
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
    limit_ms = _limit_ms(charter)
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


def _limit_ms(charter: Charter | None) -> float | None:
    for metric in charter.metrics if charter else ():
        if isinstance(metric.source, Latency) and metric.source.limit_ms is not None:
            return metric.source.limit_ms
    return None


SECTION = Section(
    id="service",
    title="Service levels",
    question="Does it answer, as assigned and in time, and how fast is the error budget used?",
    page="/evidence/drift",
    of=ServiceSection,
    build=build,
    methods=("error budget burn rates over several windows",),
)
