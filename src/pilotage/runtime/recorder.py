"""From the caller's thread to the disk: bounded buffers, and one background thread that packs and spools them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from pilotage.runtime.buffer import Buffer, Weighed
from pilotage.runtime.counters import Counters
from pilotage.runtime.framing import CALLS, COUNTERS, OUTCOMES, Frame
from pilotage.runtime.log import log_once
from pilotage.runtime.packing import VALUE_LETTERS_MAX, OutcomeRow, Packer, Row, ShortRow, Units, letters, whole
from pilotage.runtime.spool import SEGMENT_BYTES, Spool

BUSY_ROWS = 500
BUSY_S = 0.005
QUIET_S = 0.05
SYNC_S = 0.2
SWEEP_S = 1.0
HELD_BYTES_MAX = 64 * 2**20
SPOOL_BYTES_MAX = 2**30
ROTATION_S_MAX = 60.0


class Delivery(Protocol):
    """Whoever takes what is complete: the sender to a server, or nobody but the readers of the folder."""

    rotation_s: float

    def offer(self, path: Path, frames: list[Frame]) -> None:
        """A segment is complete, and this is what it holds."""

    def offer_frame(self, frame: Frame) -> bool:
        """A frame that could not be spooled; whether it is taken over."""

    def waiting(self) -> int:
        """How many segments have not been taken yet."""


class Recorder:
    """Takes rows without blocking, spools them in the background, and counts exactly what it cannot keep."""

    def __init__(
        self,
        *,
        make_spool: Callable[[], Spool],
        packer: Packer,
        counters: Counters,
        units: Callable[[], Units | None],
        delivery: Delivery,
        sweep: Callable[[], None],
    ) -> None:
        self.calls = Buffer()
        self.others = Weighed()
        self.outcomes = Weighed()
        self.spooled = {"calls": 0, "outcomes": 0}
        self._make_spool = make_spool
        self._spool: Spool | None = None
        self._packer = packer
        self._counters = counters
        self._units = units
        self._delivery = delivery
        self._sweep = sweep
        self._held: deque[tuple[Frame, int]] = deque()
        self._held_bytes = 0
        self._written: list[Frame] = []
        self._counted: dict[str, int] = {}
        self._synced_at = self._swept_at = self._full_checked_at = 0.0
        self._full = False
        self._wake = threading.Event()
        self._turn = threading.Condition()
        self._asked = self._done = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="pilotage-recorder", daemon=True)
        self._thread.start()

    def put(self, row: Row, *, patient: bool = False) -> None:
        """Take a call's row. When there is no room it is counted as dropped, or waited for when `patient`."""
        self._put(self.others, row, letters(row), "buffer-full", patient=patient)

    def put_short(self, row: ShortRow, *, patient: bool = False) -> None:
        """Take a row of the short path for which its own buffer has no room, as `put` does."""
        self.put(whole(row), patient=patient)

    def put_outcome(self, row: OutcomeRow, *, patient: bool = False) -> None:
        """Take an outcome's row, as `put` does a call's."""
        if len(row[3]) > VALUE_LETTERS_MAX:
            self._counters.add("too-large")
        else:
            self._put(self.outcomes, row, len(row[3]), "buffer-full-outcomes", patient=patient)

    def _put(self, rows: Weighed, row: object, weight: int, reason: str, *, patient: bool) -> None:
        while patient and not rows.has_room() and self._thread.is_alive():
            self.flush(1.0)
        if self._closing:
            self._counters.add("after-close")
        elif not rows.add(row, weight):
            self._counters.add(reason)

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was put before is on disk (or with the sender); whether it is."""
        if not self._thread.is_alive():
            return not self.pending()
        deadline = time.monotonic() + timeout_s
        with self._turn:
            self._asked += 1
            ticket = self._asked
            self._wake.set()
            while self._done < ticket:
                left = deadline - time.monotonic()
                if left <= 0 or not self._turn.wait(left):
                    return False
        return not self._held

    def close(self, timeout_s: float) -> bool:
        """Flush, end the thread and complete the last segment; whether all is on disk."""
        kept = self.flush(timeout_s)
        self._closing = True
        self._wake.set()
        self._thread.join(timeout_s)
        return kept

    def forget(self) -> None:
        """After fork: the rows and the segment are the parent's."""
        if self._spool is not None:
            self._spool.forget()

    def pending(self) -> int:
        """Rows that are not on disk yet."""
        return len(self.calls) + len(self.others) + len(self.outcomes) + sum(rows for _, rows in self._held)

    def _run(self) -> None:
        pause_s = BUSY_S
        while not self._closing:
            asked = self._asked
            try:
                taken = self._spool_all()
                self._settle(now=time.monotonic(), at_once=asked > self._done)
            except Exception as error:  # noqa: BLE001 - recording must go on whatever one round met
                self._counters.add("recorder-failed")
                log_once("recorder", "recording met an error and goes on: %r", error)
                taken = 0
            if asked > self._done:
                with self._turn:
                    self._done = asked
                    self._turn.notify_all()
            else:
                # Awake while calls come thick and fast, so that their memory is used again while it is in the cache.
                pause_s = BUSY_S if taken >= BUSY_ROWS else min(QUIET_S, pause_s * 2)
                if self._wake.wait(pause_s):
                    self._wake.clear()
        self._finish()

    def _finish(self) -> None:
        if self._spool is not None:
            try:
                self._spool.close()
            except OSError as error:
                log_once("spool", "the last segment could not be completed: %s", error)

    def _spool_all(self) -> int:
        """Pack and write all that was put before this began; how many rows."""
        taken, due = 0, len(self.calls)
        units = self._units() if self.calls or self.others else None
        while taken < due:
            rows = min(due - taken, self.calls.group)
            payload, count = self._packer.short(self.calls, rows, units)
            self.calls.fit(len(payload) / rows)
            self._write(Frame(CALLS, payload), count)
            taken += rows
        taken += self._spool_rest(CALLS, self.others, lambda rows: self._packer.calls(rows, units))
        return taken + self._spool_rest(OUTCOMES, self.outcomes, self._packer.outcomes)

    def _spool_rest(self, kind: int, waiting: Weighed, pack: Callable[[list[Any]], tuple[bytes, int]]) -> int:
        due = left = len(waiting)
        while left > 0:
            rows = waiting.take()
            payload, count = pack(rows)
            self._write(Frame(kind, payload), count)
            left -= len(rows)
        return due

    def _write(self, frame: Frame, rows: int) -> None:
        if rows == 0:
            return
        if self._full:
            self._counters.add("spool-full", rows)
            return
        self._held.append((frame, rows))
        self._held_bytes += len(frame.payload)
        self._write_held()

    def _write_held(self) -> None:
        """Write what is held to the spool; what cannot be written is handed to the sender, or kept up to a bound."""
        while self._held:
            frame, rows = self._held[0]
            try:
                self._opened().append(frame.kind, frame.payload)
                self._written.append(frame)
                self.spooled["calls" if frame.kind == CALLS else "outcomes"] += rows
            except OSError as error:
                log_once("spool", "the spool cannot be written: %s", error)
                if not self._delivery.offer_frame(frame):
                    break
            self._held.popleft()
            self._held_bytes -= len(frame.payload)
        while self._held_bytes > HELD_BYTES_MAX:
            frame, rows = self._held.popleft()
            self._held_bytes -= len(frame.payload)
            self._counters.add("spool-unwritable", rows)

    def _opened(self) -> Spool:
        if self._spool is None:
            self._spool = self._make_spool()
        return self._spool

    def _settle(self, *, now: float, at_once: bool) -> None:
        """Retry what is held, put what is due on the disk, complete the segment when it is time, look after runs."""
        if self._held:
            self._write_held()
        spool = self._spool
        if spool is not None and spool.bytes_open:
            age_s = now - spool.opened_at
            if at_once or age_s > self._rotation_s() or spool.bytes_open > SEGMENT_BYTES:
                self._rotate(spool, now)
            elif now - self._synced_at > SYNC_S:
                spool.sync()
                self._synced_at = now
        if now - self._swept_at > SWEEP_S:
            self._swept_at = now
            self._sweep()
            self._full = spool is not None and spool.bytes_waiting() > SPOOL_BYTES_MAX

    def _rotation_s(self) -> float:
        # The more segments wait, the larger the next: a folder that nobody reads gets few files.
        return min(ROTATION_S_MAX, self._delivery.rotation_s * (1 + self._delivery.waiting()))

    def _rotate(self, spool: Spool, now: float) -> None:
        totals = self._counters.totals()
        if totals != self._counted:
            spool.append(COUNTERS, msgspec.msgpack.encode(totals))
            self._counted = totals
        path = spool.rotate()
        self._synced_at = now
        if path is not None:
            self._delivery.offer(path, self._written)
            self._written = []
