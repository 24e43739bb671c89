"""Where a document comes from: the ledger position that its footer names, and the time of that entry. Pure."""

from __future__ import annotations

from pilotage.record.stamps import Stamp
from pilotage.record.workload import Workload
from pilotage.reports.documents.model import Imprint


def imprint(workload: Workload, *stamps: Stamp) -> Imprint:
    """Where a document comes from: the newest of these entries, or the workload's newest where none is named."""
    newest = max(stamps, key=lambda stamp: stamp.position, default=None)
    return Imprint(
        workload=workload.slug,
        position=newest.position if newest else workload.position,
        made_at=newest.at if newest else workload.updated_at,
        demonstration=workload.demonstration,
        simulated=workload.simulated,
    )
