"""Which calls pair the two arms, and on what their answers are compared: the same for every page, list and filter."""

from __future__ import annotations

from pilotage.evidence.agreement import compared_field
from pilotage.record.stages import stage_of
from pilotage.record.workload import Attempt, Workload
from pilotage.storage.protocols import PairsOf


def compared_on(workload: Workload | None) -> str | None:
    """The field of answers on which a workload's arms are compared; None for whole answers."""
    charter = workload.charter if workload else None
    return compared_field(charter.metrics, charter.target.metric) if charter else None


def pairs_of(workload: Workload, attempt: Attempt) -> PairsOf:
    """The pairs that an attempt is judged on."""
    return PairsOf(
        stage=stage_of("shadow", 0, attempt),
        release=attempt.release,
        sources=("replay",) if workload.demonstration else ("real",),
        compared=compared_on(workload),
    )
