"""Inboxes as pages show them, worked out again only for workloads that changed, or once they are half a minute old."""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict

from msgspec import Struct

from pilotage.record.workload import Workload
from pilotage.server.auth.identity import Identity
from pilotage.workflow.inbox import Inbox, ordered, waiting_on
from pilotage.workflow.waiting import Reader, Waiting
from pilotage.workflow.workspace import Workspace

KEPT_S = 30.0
READERS_MAX = 200


class _Kept(Struct, frozen=True):
    """One workload's lines for one person, with the record and the moments at which they were worked out."""

    workload: Workload
    at: dt.datetime
    real_s: float
    lines: tuple[Waiting, ...]


class Inboxes:
    """The inboxes of whoever looks at pages. Safe to use from several threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._kept: OrderedDict[Reader, dict[str, _Kept]] = OrderedDict()

    def of(self, identity: Identity) -> Inbox:
        """The inbox of whoever signed in; what lapses with time is at most `KEPT_S` behind."""
        workspace = self._workspace
        reader = Reader(
            person=identity.person,
            roles=identity.roles,
            granted=tuple(sorted(workspace.accounts.granted_to(identity.person).items())),
        )
        kept = self._of(reader)
        now, real_s = workspace.clock.now(), workspace.clock.real()
        for judgement in workspace.desk.judge_all():
            workload = judgement.workload
            before = kept.get(workload.slug)
            fresh = before is not None and before.workload is workload and 0 <= real_s - before.real_s < KEPT_S
            if before is None or not fresh or not 0 <= (now - before.at).total_seconds() < KEPT_S:
                kept[workload.slug] = _Kept(workload, now, real_s, waiting_on(reader, judgement, now))
        return ordered(reader, (line for one in list(kept.values()) for line in one.lines))

    def _of(self, reader: Reader) -> dict[str, _Kept]:
        """What is kept for a reader; whoever looked longest ago is forgotten."""
        with self._lock:
            kept = self._kept.setdefault(reader, {})
            self._kept.move_to_end(reader)
            while len(self._kept) > READERS_MAX:
                self._kept.popitem(last=False)
            return kept
