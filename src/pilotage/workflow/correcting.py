"""How much hangs on labels that were corrected: the one check that reads calls, and only those that were corrected."""

from __future__ import annotations

from collections.abc import Iterator

from pilotage.evidence.corrections import check, corrected, series_of
from pilotage.evidence.measurements import Check, NotEstimable
from pilotage.evidence.plan import shifted
from pilotage.evidence.strata import StageTotals
from pilotage.record.stages import stage_of
from pilotage.storage.protocols import CallStore
from pilotage.workflow.desk import Judgement
from pilotage.workflow.live_figures import by_stage
from pilotage.workflow.measuring import plan_of

CALLS_MAX = 10_000


def corrections_check(calls: CallStore, judgement: Judgement) -> Iterator[Check]:
    """The check of the target that waits for labels, once its attempt runs and somebody corrected one."""
    workload, measured = judgement.workload, judgement.measurements
    charter, attempt = workload.measured_charter, workload.attempt
    if charter is None or attempt is None or measured is None or measured.answer is None:
        return
    target = charter.target
    plain = charter.metric(target.metric)
    if plain is None or not plain.labelled or plain.observable != "shadow":
        return
    metric, stage = shifted(plain, target), stage_of("shadow", 0, attempt)
    found = {
        stored.call.call_id: stored
        for name in sorted(metric.awaited)
        for stored in calls.corrected(workload.slug, name, CALLS_MAX + 1)
    }
    if not found:
        return
    totals = {totals.stage: totals for totals in by_stage(calls.totals(workload.slug), metric.id, attempt.release)}.get(
        stage, StageTotals(stage=stage)
    )
    here = [(one.call, one.outcomes) for one in found.values() if one.call.stage == stage]
    shown = measured.answer.estimate
    if len(found) > CALLS_MAX:
        shown = NotEstimable(reason=f"Labels of more than {CALLS_MAX:,} calls were corrected: too many to read again.")
    changed = corrected(plan_of(workload), metric, series_of(target), here)
    yield check(target, metric, totals, shown, changed)
