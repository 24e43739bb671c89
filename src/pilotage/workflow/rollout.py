"""The roll-out over all of its stages, from the sums that are kept of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import structs

from pilotage.evidence.over_stages import OverStages, over_stages, single
from pilotage.evidence.strata import StageTotals
from pilotage.playbook.kinds import find_kind
from pilotage.playbook.metrics import Metric
from pilotage.record.stages import live_stage
from pilotage.record.workload import Workload
from pilotage.storage.protocols import SumRow
from pilotage.workflow.live_figures import by_stage
from pilotage.workflow.measuring import plan_of
from pilotage.workflow.workspace import Workspace


def compared_over_stages(workspace: Workspace, workload: Workload, rows: Sequence[SumRow]) -> tuple[OverStages, ...]:
    """The target's metric and every guardrail's over all live stages of the release; empty before the second stage."""
    return tuple(_compared(workspace, workload, rows))


def _compared(workspace: Workspace, workload: Workload, rows: Sequence[SumRow]) -> Iterator[OverStages]:
    charter, release = workload.measured_charter, workload.release
    if charter is None or release is None:
        return
    asked = dict.fromkeys([charter.target.metric, *(guardrail.metric for guardrail in charter.guardrails)])
    planned = {metric.id: metric for metric in plan_of(workload).metrics}
    for metric in filter(_compares, (planned[name] for name in asked if name in planned)):
        known = [(step, one) for one in by_stage(rows, metric.id, release.name) if (step := live_stage(one.stage))]
        stages = [one for _, one in sorted(known, key=lambda pair: pair[0])]
        returning = _returning(workspace, workload, stages)
        apart = [structs.replace(one, apart=returning is False) for one in stages]
        found = over_stages(metric, apart, returning=returning)
        if found is not None:
            yield found


def _returning(workspace: Workspace, workload: Workload, stages: Sequence[StageTotals]) -> bool | None:
    """Whether units come back in a later stage; None where nobody knows, or where they call more than once anyway."""
    if len(stages) <= 1 or not single(stages):
        return None
    names = [one.stage for one in stages]

    def ask() -> bool | None:
        return workspace.calls.returning(workload.slug, names)

    return workspace.measuring.remembered(workload, f"returning {' '.join(names)}", ask)


def _compares(metric: Metric) -> bool:
    kind = find_kind(metric.kind)
    return kind is not None and "difference" in kind.forms
