"""What changed, told to whoever watches: which workload, and how far the ledger has come."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Literal
from weakref import WeakSet

from msgspec import Struct

BACKLOG = 256
TRAFFIC_S = 1.0


class Change(Struct, frozen=True, kw_only=True):
    """`record`: the workload has new entries up to `position`. `traffic`: calls or outcomes of it came in; the
    position is the newest heard of, 0 before the first.
    """

    kind: Literal["record", "traffic"]
    workload: str
    position: int


class Changes:
    """Passes changes on to any number of watchers, between `open` and `end`. `traffic` may be called on any thread.

    A watcher that falls far behind misses the oldest changes: each says only that it is worth looking again.
    """

    def __init__(self) -> None:
        # Weak, since a stream that is never read has nobody else to forget it.
        self._watchers: WeakSet[_Watcher] = WeakSet()
        self._positions: dict[str, int] = {}
        self._ended = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._traffic_at: dict[str, float] = {}

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return len(self._watchers)

    def open(self) -> None:
        """Begin, on the event loop that runs."""
        self._loop = asyncio.get_running_loop()

    def publish(self, change: Change) -> None:
        """Tell every watcher."""
        self._positions[change.workload] = change.position
        for watcher in self._watchers:
            watcher.tell(change)

    def traffic(self, workload: str) -> None:
        """Tell every watcher that something came in, once a second at most."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody watches any more
                self._loop.call_soon_threadsafe(self._came_in, workload)

    def _came_in(self, workload: str) -> None:
        now = time.monotonic()
        if self._watchers and now - self._traffic_at.get(workload, 0.0) >= TRAFFIC_S:
            self._traffic_at[workload] = now
            self.publish(Change(kind="traffic", workload=workload, position=self._positions.get(workload, 0)))

    def end(self) -> None:
        """End every stream."""
        self._loop = None
        self._ended = True
        for watcher in self._watchers:
            watcher.wake()

    def watch(self, heartbeat_s: float) -> AsyncIterator[Change | None]:
        """Changes from now on, until the end; None whenever none came for `heartbeat_s`."""
        watcher = _Watcher()
        self._watchers.add(watcher)
        return self._follow(watcher, heartbeat_s)

    async def _follow(self, watcher: _Watcher, heartbeat_s: float) -> AsyncIterator[Change | None]:
        try:
            while not self._ended:
                yield await watcher.next(heartbeat_s)
        finally:
            self._watchers.discard(watcher)


class _Watcher:
    def __init__(self) -> None:
        self._waiting: deque[Change] = deque(maxlen=BACKLOG)
        self._told = asyncio.Event()

    def tell(self, change: Change) -> None:
        if not self._waiting or self._waiting[-1] != change:
            self._waiting.append(change)
        self.wake()

    def wake(self) -> None:
        self._told.set()

    async def next(self, heartbeat_s: float) -> Change | None:
        if not self._waiting:
            self._told.clear()
            try:
                await asyncio.wait_for(self._told.wait(), heartbeat_s)
            except TimeoutError:
                return None
        return self._waiting.popleft() if self._waiting else None
