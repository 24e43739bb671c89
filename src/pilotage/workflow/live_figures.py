"""Sums by stage, and what is read of live traffic: guardrails, the running release's benefit, what its answers cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from pilotage.evidence.baseline import baseline
from pilotage.evidence.benefit import live_benefit
from pilotage.evidence.guardrails import live_guardrails
from pilotage.evidence.measurements import Estimated, GuardrailResult, LiveBenefit, NotEstimable
from pilotage.evidence.plan import shifted
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import Metric
from pilotage.record.charter import Charter
from pilotage.record.stages import live_stage
from pilotage.record.workload import Workload
from pilotage.storage.protocols import SumRow
from pilotage.workflow.estimating import unit_costs

EXPOSED = ("live", "suggest")


def by_stage(rows: Iterable[SumRow], metric: str, release: str | None = None) -> tuple[StageTotals, ...]:
    """A metric's totals stage by stage, over all segments; of one candidate release, or of all."""
    stages: dict[str, dict[str, Totals]] = defaultdict(dict)
    for row in rows:
        if row.metric != metric or row.segment or (release and row.release not in {"", release}):
            continue
        held = stages[row.stage].get(row.series)
        stages[row.stage][row.series] = held + row.totals if held else row.totals
    return tuple(StageTotals(stage=stage, apart=False, **series) for stage, series in stages.items())


def planned_metrics(charter: Charter) -> tuple[Metric, ...]:
    """The charter's metrics as their sums are kept: the target's shifted by its baseline."""
    return tuple(shifted(metric, charter.target) for metric in charter.metrics)


def live_results(workload: Workload, charter: Charter, rows: Sequence[SumRow]) -> tuple[GuardrailResult, ...]:
    """Each guardrail at every stage at which people see answers."""
    release = workload.release.name if workload.release else None
    totals: Mapping[str, tuple[StageTotals, ...]] = {
        metric.id: tuple(one for one in by_stage(rows, metric.id, release) if one.stage.startswith(EXPOSED))
        for metric in charter.metrics
    }
    return live_guardrails(charter.guardrails, planned_metrics(charter), totals)


def live_stages(rows: Sequence[SumRow], metric: str, release: str | None) -> tuple[StageTotals, ...]:
    """A metric's sums in the live stages of a release."""
    return tuple(stage for stage in by_stage(rows, metric, release) if stage.stage.startswith("live"))


def benefit_while_live(
    workload: Workload, charter: Charter, rows: Sequence[SumRow]
) -> LiveBenefit | NotEstimable | None:
    """What the running release brings while it serves; None before it does."""
    metric = next((one for one in planned_metrics(charter) if one.id == charter.target.metric), None)
    if metric is None or workload.release is None or not any(row.stage.startswith("live") for row in rows):
        return None
    held = live_stages(rows, metric.id, workload.release.name)
    known = [(step, one) for one in held if (step := live_stage(one.stage))]
    stages = [one for _, one in sorted(known, key=lambda pair: pair[0])]
    return live_benefit(charter.target, metric, stages, baseline(metric, by_stage(rows, metric.id)).estimate)


def cost_while_live(workload: Workload, rows: Sequence[SumRow]) -> Estimated | None:
    """What a call cost that the running release answered while it served; None before it does."""
    served = [row for row in rows if row.stage.startswith("live")]
    name = workload.release.name if workload.release else ""
    found = (one for one in unit_costs(served) if one.arm == "candidate" and one.release == name)
    return next((one.estimate for one in found), None)
