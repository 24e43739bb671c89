"""Inboxes as pages show them, kept for each reader so that the count can stand on every page."""

from __future__ import annotations

import threading
from collections import OrderedDict

from pilotage.server.auth.identity import Identity
from pilotage.server.kept import Kept
from pilotage.workflow.inbox import Inbox, ordered, waiting_on
from pilotage.workflow.waiting import Reader, Waiting
from pilotage.workflow.workspace import Workspace

READERS_MAX = 200
Lines = tuple[Waiting, ...]


class Inboxes:
    """The inboxes of whoever looks at pages. Safe to use from several threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._kept: OrderedDict[Reader, Kept[Lines]] = OrderedDict()

    def of(self, identity: Identity) -> Inbox:
        """The inbox of whoever signed in."""
        workspace = self._workspace
        reader = Reader(
            person=identity.person,
            roles=identity.roles,
            granted=tuple(sorted(workspace.accounts.granted_to(identity.person).items())),
        )
        judgements = workspace.desk.judge_all()
        each = self._of(reader).of(
            judgements, workspace.clock, lambda judgement, now: waiting_on(reader, judgement, now)
        )
        return ordered(reader, (line for lines in each for line in lines))

    def _of(self, reader: Reader) -> Kept[Lines]:
        """What is kept for a reader; whoever looked longest ago is forgotten."""
        with self._lock:
            kept = self._kept.setdefault(reader, Kept())
            self._kept.move_to_end(reader)
            while len(self._kept) > READERS_MAX:
                self._kept.popitem(last=False)
            return kept
