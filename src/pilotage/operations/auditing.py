"""The audit that the watch does by itself: the whole ledger verified, and calls followed back to who let them run.

Once a week a workload, from the evaluation on; every day while something is wrong.
"""

from __future__ import annotations

import datetime as dt

from pilotage.record.areas.auditing import RecordsAudited
from pilotage.record.workload import Workload
from pilotage.storage.protocols import CallFilter, Verification
from pilotage.workflow.tracing import untraced
from pilotage.workflow.workspace import Workspace

PHASES = frozenset({"evaluate", "harden", "deploy", "operate"})
EVERY = dt.timedelta(days=7)
AGAIN = dt.timedelta(days=1)
SERVES = dt.timedelta(hours=6)
SAMPLE = 20
SAID_MAX = 5


class Auditor:
    """Audits workloads; one verification of the ledger serves all that are due within a few hours."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._verified: tuple[dt.datetime, Verification] | None = None

    def audit(self, workload: Workload) -> RecordsAudited | None:
        """What was found, or None where no audit is due or it found what is written down already."""
        newest, now = workload.auditing.newest, self._workspace.clock.now()
        since = now - newest.stamp.at if newest else None
        clean = newest is not None and newest.fact.is_clean
        if workload.phase not in PHASES or (since is not None and since < (EVERY if clean else AGAIN)):
            return None
        found = self._found(workload)
        same = newest is not None and _outcome(newest.fact) == _outcome(found)
        return None if same and since is not None and since < EVERY else found

    def _found(self, workload: Workload) -> RecordsAudited:
        verification = self._verification()
        page = self._workspace.calls.search(workload.slug, CallFilter(), limit=SAMPLE)
        missing = [said for stored in page.calls if (said := untraced(workload, stored.call))]
        return RecordsAudited(
            entries=verification.entries,
            root=verification.root,
            problems=len(verification.problems),
            sampled=len(page.calls),
            traced=len(page.calls) - len(missing),
            untraced=tuple(missing[:SAID_MAX]),
        )

    def _verification(self) -> Verification:
        now = self._workspace.clock.now()
        if self._verified is None or not dt.timedelta() <= now - self._verified[0] < SERVES:
            self._verified = now, self._workspace.ledger.verify()
        return self._verified[1]


def _outcome(fact: RecordsAudited) -> tuple[int, int, int]:
    return fact.problems, fact.sampled, fact.traced
