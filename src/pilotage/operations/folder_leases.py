"""Leases for embedded runtimes: signed like any other, and left in the workspace's folder instead of sent.

`suggest` and `live` are leased only by a process that stays: their leases last a minute and have to be renewed.
"""

from __future__ import annotations

import logging

import msgspec

from pilotage.lease import LIVE_RENEWAL_S, Lease
from pilotage.operations.spooling import spooled
from pilotage.runtime.keeper import Offer
from pilotage.runtime.settings import write_private
from pilotage.workflow.workspace import Workspace

log = logging.getLogger(__name__)

SHARED = frozenset({"suggest", "live"})
QUIET_RENEWAL_S = 3600.0


class FolderLeases:
    """Writes `leases/<workload>.json`. `stays`: this process renews what it writes until it is stopped."""

    def __init__(self, workspace: Workspace, *, stays: bool) -> None:
        self._workspace = workspace
        self._stays = stays
        self._written: dict[str, Lease] = {}

    def write(self, slug: str) -> Lease | None:
        """Write the lease of this moment if it is new or has to be renewed; None when there is nothing to write.

        A process that does not stay leaves a lease above shadow unwritten: the runtime keeps what it has.
        """
        lease = self._lease(slug)
        if (lease.mode in SHARED and not self._stays) or not self._is_due(lease):
            return None
        workspace = self._workspace
        offer = Offer(
            token=workspace.sign(lease),
            public_key=workspace.public_key,
            pseudonym_key=workspace.leasing.pseudonym_key(slug),
        )
        path = workspace.home.absolute() / "leases" / f"{slug}.json"
        write_private(path, msgspec.json.encode(offer).decode())
        self._written[slug] = lease
        return lease

    def renew(self) -> tuple[str, ...]:
        """Write every lease that is due for a runtime that spools here; the workloads for which one was written."""
        return tuple(slug for slug in spooled(self._workspace.home) if self.write(slug) is not None)

    def _lease(self, slug: str) -> Lease:
        workspace, now = self._workspace, self._workspace.clock.real()
        workload = workspace.desk.find(slug)
        if workload is None:
            return workspace.leasing.undeclared(slug, now, demonstration=workspace.demonstration)
        return workspace.leasing.off(workload, now) or workspace.leasing.lease(workspace.desk.judge(slug), now)

    def _is_due(self, lease: Lease) -> bool:
        before = self._written.get(lease.workload)
        renewal_s = LIVE_RENEWAL_S if lease.mode in SHARED else QUIET_RENEWAL_S
        return before is None or lease.serial != before.serial or lease.issued_at - before.issued_at >= renewal_s
