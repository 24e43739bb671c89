"""The jobs of a served workspace for runtimes that are embedded in its folder: take in their calls, renew their leases.

One thread, one round a second; each job runs when it is due, and one that fails is tried again in its next turn.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from msgspec import Struct

from pilotage.operations.folder_leases import FolderLeases
from pilotage.operations.spooling import ingest_spool
from pilotage.workflow.workspace import Workspace

log = logging.getLogger(__name__)

ROUND_S = 1.0
RENEW_S = 5.0
STOP_S = 15.0


class Job(Struct, frozen=True, kw_only=True):
    """Something to do every so many seconds."""

    name: str
    every_s: float
    run: Callable[[], object]


class Jobs:
    """The jobs of one workspace, on a thread of their own. `on_traffic` is told whose calls came in."""

    def __init__(self, workspace: Workspace, *, on_traffic: Callable[[str], None] | None = None) -> None:
        self._workspace = workspace
        self._on_traffic = on_traffic
        self._leases = FolderLeases(workspace, stays=True)
        self._jobs = (
            Job(name="spool", every_s=ROUND_S, run=self._ingest),
            Job(name="leases", every_s=RENEW_S, run=self._leases.renew),
        )
        self._due: dict[str, float] = dict.fromkeys((job.name for job in self._jobs), 0.0)
        self._changed: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pilotage-jobs", daemon=True)

    def start(self) -> None:
        """Begin. A change of a workload is in its lease within a round."""
        self._workspace.desk.on_change(self._changed.add)
        self._thread.start()

    def stop(self) -> None:
        """Finish the round and end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def round(self, now_s: float) -> tuple[str, ...]:
        """Run what is due at this moment of a steady clock; the names of the jobs that failed."""
        failed = [job.name for job in self._jobs if now_s >= self._due[job.name] and not self._do(job, now_s)]
        if not self._attempt("changed", self._follow):
            failed.append("changed")
        return tuple(failed)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.round(time.monotonic())
            self._stop.wait(ROUND_S)

    def _do(self, job: Job, now_s: float) -> bool:
        self._due[job.name] = now_s + job.every_s
        return self._attempt(job.name, job.run)

    def _attempt(self, name: str, work: Callable[[], object]) -> bool:
        try:
            work()
        except Exception:
            log.exception("The job %s failed and is tried again", name)
            return False
        return True

    def _ingest(self) -> None:
        for slug in ingest_spool(self._workspace).workloads:
            if self._on_traffic is not None:
                self._on_traffic(slug)

    def _follow(self) -> None:
        """Leases follow the record at once: a kill must not wait for a renewal."""
        self._workspace.desk.refresh()
        while self._changed:
            slug = self._changed.pop()
            if (self._workspace.home / "leases" / f"{slug}.json").exists():
                self._leases.write(slug)
