"""What the watch writes down of drift: which fields stand out from their reference, weekly or when that changed."""

from __future__ import annotations

import datetime as dt

from pilotage.record.areas.drifting import DriftSeen
from pilotage.record.workload import Workload
from pilotage.workflow.drift_section import drift_of
from pilotage.workflow.workspace import Workspace

PHASES = frozenset({"deploy", "operate"})
EVERY = dt.timedelta(days=7)
LOOKED_AT = dt.timedelta(days=1)


class DriftWatch:
    """Looks at the drift of what serves, at most once a day and workload."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._looked: dict[str, dt.datetime] = {}

    def look(self, workload: Workload) -> DriftSeen | None:
        """What is to be written down; None where no look is due or it shows what is written already."""
        now, newest = self._workspace.clock.now(), workload.drifting.newest
        looked = self._looked.get(workload.slug)
        if workload.phase not in PHASES or (looked is not None and dt.timedelta() <= now - looked < LOOKED_AT):
            return None
        self._looked[workload.slug] = now
        found = drift_of(self._workspace, workload)
        judged = sum(one.newest.status != "not_estimable" for one in found.fields)
        fact = DriftSeen(
            status=found.status,
            judged=judged,
            alarms=tuple(sorted({one.newest.field for one in found.fields if one.newest.status == "alert"})),
            why=found.reason if found.status == "not_estimable" else "",
        )
        if newest is not None and now - newest.stamp.at < EVERY and _same(newest.fact, fact):
            return None
        return fact


def _same(one: DriftSeen, other: DriftSeen) -> bool:
    return (one.status, one.alarms) == (other.status, other.alarms)
