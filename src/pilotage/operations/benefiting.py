"""What the watch writes down of the benefit: each month of live traffic, once all that is to be learned of it came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.quarters import Month
from pilotage.evidence.sums import Totals
from pilotage.record.areas.benefiting import MonthMeasured, StageMeasured
from pilotage.record.digests import digest_of
from pilotage.record.workload import Workload
from pilotage.workflow.measuring import plan_of
from pilotage.workflow.workspace import Workspace

LOOKED_AT = dt.timedelta(days=1)


class BenefitWatch:
    """Writes down the months that ended, at most once a day and workload."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._looked: dict[str, dt.datetime] = {}

    def look(self, workload: Workload) -> Iterator[MonthMeasured]:
        """The months that are over and not on record; one without a call is written down as empty."""
        now = self._workspace.clock.now()
        looked = self._looked.get(workload.slug)
        if looked is not None and dt.timedelta() <= now - looked < LOOKED_AT:
            return
        self._looked[workload.slug] = now
        plan = plan_of(workload)
        for month in self._workspace.measuring.months(workload):
            fact = month_fact(plan, month)
            held = workload.benefiting.months.get(month.id)
            if month.closed and fact is not None and (held is None or held.fact.definition != fact.definition):
                yield fact


def month_fact(plan: MeasurementPlan, month: Month) -> MonthMeasured | None:
    """A month as it is written down; None without a target that it could be about."""
    metric = next((one for one in plan.metrics if plan.target and one.id == plan.target.metric), None)
    if metric is None:
        return None
    stages = tuple(
        StageMeasured(stage=one.stage, candidate=_kept(one.candidate), incumbent=_kept(one.incumbent))
        for one in month.stages
    )
    return MonthMeasured(month=month.id, metric=metric.id, definition=digest_of(metric), stages=stages)


def _kept(totals: Totals) -> dict[str, float]:
    return {name: value for name in totals.__struct_fields__ if (value := getattr(totals, name))}
