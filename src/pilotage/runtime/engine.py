"""Everything of a workload that lives in one process: made at first use, thrown away whole after a fork."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from pilotage.lease import Lease
from pilotage.runtime.beside import Besides
from pilotage.runtime.bucketing import Buckets
from pilotage.runtime.counters import Counters
from pilotage.runtime.delivery import Folder, Sender
from pilotage.runtime.framing import Origin
from pilotage.runtime.identity import new_mint
from pilotage.runtime.keeper import Keeper
from pilotage.runtime.packing import Hooks, Packer
from pilotage.runtime.recorder import Recorder
from pilotage.runtime.serving import SyncServing
from pilotage.runtime.settings import Settings, ensure_home
from pilotage.runtime.spool import Spool
from pilotage.runtime.watch import FolderWatch, ServerWatch
from pilotage.runtime.wire import Endpoint

if TYPE_CHECKING:
    from pilotage.runtime.loops import LoopWorkers

POLL_S = 0.005


class Engine:
    """The threads, buffers and files of one workload."""

    def __init__(
        self,
        settings: Settings,
        *,
        hooks: Hooks,
        clock_ns: Callable[[], int],
        on_lease: Callable[[Lease], None],
        announcement: Callable[[str], bytes],
        inherits: Engine | None = None,
    ) -> None:
        self.runtime, self.mint = new_mint()
        _, self.mint_outcome = new_mint()
        self.counters = Counters()
        self._buckets = Buckets("")
        self.besides = Besides(self.counters)
        self.keeper = Keeper(settings, clock_ns, on_lease)
        if inherits is not None:
            self.keeper.inherit(inherits.keeper)
        self._settings = settings
        self._watch: FolderWatch | ServerWatch | None = None
        origin = Origin(workload=settings.slug, runtime=self.runtime)
        self.sender: Sender | None = None
        self._endpoint: Endpoint | None = None
        if settings.url is not None:
            self._endpoint = Endpoint(url=settings.url, token=settings.token)
            self.sender = Sender(
                endpoint=self._endpoint,
                folder=settings.spool,
                origin=origin,
                counters=self.counters,
                announcement=lambda: announcement(self.runtime),
            )
        self.recorder = Recorder(
            make_spool=lambda: _make_spool(settings, origin),
            packer=Packer(hooks, self.counters),
            counters=self.counters,
            units=self.keeper.units,
            delivery=self.sender or Folder(settings.spool, self.runtime),
            sweep=self.besides.sweep,
        )
        self.serving = SyncServing(self.recorder, self.besides, self.counters)

    def watch(self) -> None:
        """Begin to look for leases. Apart from the rest, since the first may arrive before this returns."""
        if self._endpoint is None or self.sender is None:
            self._watch = FolderWatch(self._settings.lease_file, self.keeper)
        else:
            slug = self._settings.slug
            self._watch = ServerWatch(self._endpoint, slug, self.keeper, self.sender.announce_again)

    def buckets(self, salt: str) -> Buckets:
        """The buckets under a salt. It never changes for a workload, so what is remembered outlives its leases."""
        if self._buckets.salt != salt:
            self._buckets = Buckets(salt)
        return self._buckets

    def count_all(self) -> dict[str, int]:
        """Everything that is counted, under one roof."""
        spooled = {f"{kind}-spooled": number for kind, number in self.recorder.spooled.items()}
        delivered: dict[str, int] = {}
        if self.sender is not None:
            sent = self.sender.delivered
            delivered = {
                "calls-delivered": sent["calls"],
                "outcomes-delivered": sent["outcomes"],
                "duplicates": sent["duplicates"],
            }
        return {**spooled, **delivered, "pending": self.recorder.pending(), **self.counters.totals()}

    def flush(self, timeout_s: float) -> bool:
        """Wait for the runs beside, then for the disk, then for the server; whether all of it is done in time."""
        deadline = time.monotonic() + timeout_s
        tickets = self.besides.loop_tickets()
        settled = self.besides.pool.wait(timeout_s) and self._wait_for_loops(tickets, deadline)
        kept = self.recorder.flush(max(0.0, deadline - time.monotonic()))
        sent = self.sender is None or (kept and self.sender.flush(max(0.0, deadline - time.monotonic())))
        return settled and kept and sent

    def close(self, timeout_s: float) -> bool:
        """Flush and end every thread; whether everything was acknowledged by whom it was for."""
        done = self.flush(timeout_s)
        if self._watch is not None:
            self._watch.close()
        self.recorder.close(1.0)
        if self.sender is not None:
            self.sender.close()
        self.besides.close()
        return done

    def forget(self) -> None:
        """After fork, in the child: threads are gone, and what was buffered is the parent's to keep."""
        self.recorder.forget()

    def _wait_for_loops(self, tickets: list[tuple[LoopWorkers, int]], deadline: float) -> bool:
        while not self.besides.have_finished(tickets):
            if _on_an_event_loop() or time.monotonic() >= deadline:
                return False
            time.sleep(POLL_S)
        return True


def _make_spool(settings: Settings, origin: Origin) -> Spool:
    ensure_home(settings.home)
    return Spool(settings.spool, origin, closed_as=".seg" if settings.embedded else ".out")


def _on_an_event_loop() -> bool:
    """Whether this thread runs an event loop, which would wait for itself."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None  # noqa: SLF001 - the documented C function without the exception
