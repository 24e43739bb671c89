"""The section `service`: whether it answers, as assigned and in time, and how fast the error budget burns."""

from __future__ import annotations

from msgspec import Struct

from pilotage.evidence.burning import PERIOD_DAYS, ServiceLevel
from pilotage.workflow.desk import Judgement
from pilotage.workflow.measuring import plan_of
from pilotage.workflow.section import Section
from pilotage.workflow.service_levels import levels_of, limit_ms_of
from pilotage.workflow.workspace import Workspace


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
    levels = levels_of(workspace.calls, workload, plan_of(workload).counted_sources, now)
    firing = [level.objective.title for level in levels if level.firing]
    return ServiceSection(
        workload=workload.slug,
        demonstration=workload.demonstration,
        period_days=PERIOD_DAYS,
        firing=bool(firing),
        reason=f"The error budget burns too fast: {', '.join(firing)}."
        if firing
        else "No error budget burns too fast.",
        limit_ms=limit_ms_of(workload.charter),
        levels=levels,
    )


SECTION = Section(
    id="service",
    title="Service levels",
    question="Does it answer, as assigned and in time, and how fast is the error budget used?",
    page="/evidence/drift",
    of=ServiceSection,
    build=build,
    methods=("error budget burn rates over several windows",),
)
