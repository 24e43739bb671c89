"""What becomes of complete segments: a reader of the folder takes them, or they are sent to the server."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from pilotage.runtime import spool
from pilotage.runtime.counters import Counters
from pilotage.runtime.framing import CALLS, COUNTERS, Damaged, Frame, Origin, parse
from pilotage.runtime.log import all_clear, log_once
from pilotage.runtime.packing import array_of
from pilotage.runtime.wire import Endpoint, Line, Refused, Unreachable, jittered_s

BACKOFF_S = 0.1
BACKOFF_S_MAX = 10.0
POST_TIMEOUT_S = 30.0
ORPHANS_S = 30.0
UNSPOOLED_MAX = 64
FRESH_MAX = 4
NOT_FOUND = 404
MSGPACK = "application/msgpack"

_array = msgspec.msgpack.Decoder(list[msgspec.Raw])


class Folder:
    """Embedded: complete segments stay in the folder until its reader has taken them."""

    rotation_s = 1.0

    def __init__(self, folder: Path, runtime: str) -> None:
        self._folder = folder
        self._runtime = runtime
        self._waiting = 0

    def offer(self, path: Path, frames: list[Frame]) -> None:
        """Look how many of this runtime's segments wait beside this one."""
        del frames
        self._waiting = sum(1 for _ in path.parent.glob(f"{self._runtime}-*.seg"))

    def offer_frame(self, frame: Frame) -> bool:
        """Nobody else can take it."""
        del frame
        return False

    def waiting(self) -> int:
        """How many segments waited when one was last completed."""
        return self._waiting


class Sender:
    """Sends segments to the server, oldest first, until it has answered for each: at least once, in the background."""

    rotation_s = 0.1

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        folder: Path,
        origin: Origin,
        counters: Counters,
        announcement: Callable[[], bytes],
    ) -> None:
        self.delivered = {"calls": 0, "outcomes": 0, "duplicates": 0}
        self._folder = folder
        self._origin = origin
        self._counters = counters
        self._announcement = announcement
        self._announced = b""
        self._line = Line(endpoint, POST_TIMEOUT_S)
        self._offered = 0
        self._paths: deque[tuple[int, Path]] = deque()
        self._frames: deque[tuple[int, Frame]] = deque()
        self._fresh: dict[Path, list[Frame]] = {}
        self._done_frames: dict[Path, int] = {}
        self._failures = 0
        self._orphans_at = 0.0
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._answered = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="pilotage-sender", daemon=True)
        self._thread.start()

    def offer(self, path: Path, frames: list[Frame]) -> None:
        """Take a complete segment. While few are waiting, what is in it need not be read back from the disk."""
        if len(self._fresh) < FRESH_MAX:
            self._fresh[path] = frames
        self._paths.append((self._number(), path))
        self._wake.set()

    def offer_frame(self, frame: Frame) -> bool:
        """Take a frame that could not be spooled, while few are waiting."""
        if len(self._frames) >= UNSPOOLED_MAX:
            return False
        self._frames.append((self._number(), frame))
        self._wake.set()
        return True

    def _number(self) -> int:
        # Only the recorder's and the sender's own thread come here, and a number too many or few harms nobody.
        self._offered += 1
        return self._offered

    def waiting(self) -> int:
        """Segments and frames that the server has not answered for."""
        return len(self._paths) + len(self._frames)

    def flush(self, timeout_s: float) -> bool:
        """Wait until the server has answered for all that was offered so far, whatever comes later; whether it has."""
        ticket = self._offered
        with self._answered:
            self._wake.set()
            self._hurry.set()
            return self._answered.wait_for(lambda: self._has_answered(ticket), timeout_s)

    def _has_answered(self, ticket: int) -> bool:
        return all(number > ticket for number, _ in (*self._paths, *self._frames))

    def close(self) -> None:
        """End the thread; what is not sent stays in the folder."""
        self._closing = True
        self._wake.set()
        self._hurry.set()
        self._thread.join(1.0)
        self._line.close()

    def announce_again(self) -> None:
        """The server was reached anew: tell it again which releases run here."""
        self._announced = b""
        self._wake.set()

    def _run(self) -> None:
        while not self._closing:
            try:
                self._work()
            except Unreachable as error:
                log_once("sender", "calls wait in %s: %s", self._folder, error)
                self._pause(error.retry_after_s)
            except Exception as error:  # noqa: BLE001 - whatever one segment met, delivery must go on
                self._counters.add("sender-failed")
                log_once("sender", "delivery met an error and goes on: %r", error)
                self._paths.rotate(-1)
                self._pause(BACKOFF_S)
            else:
                if self._wake.wait(1.0):
                    self._wake.clear()

    def _pause(self, at_least_s: float) -> None:
        """Only a flush cuts it short: a server that is away is not asked again for every new segment."""
        self._failures = min(self._failures + 1, 10)
        pause_s = jittered_s(BACKOFF_S, BACKOFF_S_MAX, self._failures)
        if self._hurry.wait(max(at_least_s, pause_s)):
            self._hurry.clear()

    def _work(self) -> None:
        self._announce()
        self._adopt()
        while self._frames:
            self._send(self._origin, self._frames[0][1], None, "0")
            self._frames.popleft()
            self._notify()
        while self._paths:
            self._send_segment(self._paths[0][1])
            self._paths.popleft()
            self._notify()
        all_clear("sender", "the server takes calls again")

    def _notify(self) -> None:
        self._failures = 0
        with self._answered:
            self._answered.notify_all()

    def _announce(self) -> None:
        """Tell the server which releases run here, when that is new. A server that does not ask is no failure."""
        announcement = self._announcement()
        if announcement == self._announced:
            return
        try:
            self._line.post(f"workloads/{self._origin.workload}/runtimes", announcement, "application/json")
        except Refused as error:
            log_once("announcement", "the server did not take this runtime's releases: %s", error)
        except Unreachable as error:
            if error.status != NOT_FOUND:
                raise
        self._announced = announcement

    def _adopt(self) -> None:
        """Take over what dead runtimes left in the folder."""
        now = time.monotonic()
        if self._orphans_at and now - self._orphans_at < ORPHANS_S:
            return
        self._orphans_at = now
        known = {path for _, path in self._paths}
        for path in spool.ready(self._folder):
            if path not in known and spool.runtime_of(path) != self._origin.runtime:
                self._paths.append((self._number(), path))

    def _send_segment(self, path: Path) -> None:
        damage = ""
        try:
            origin, frames = self._content(path)
            for number, frame in enumerate(frames):
                if number >= self._done_frames.get(path, 0):
                    self._send(origin, frame, path, str(number))
                    self._done_frames[path] = number + 1
        except FileNotFoundError:  # a reader of the folder took it
            pass
        except Damaged as error:
            damage = str(error) if spool.is_complete(path) or not error.torn else ""
            if damage:
                self._counters.add("segment-damaged")
                log_once("damage", "%s is damaged and set aside: %s", path, damage)
        self._done_frames.pop(path, None)
        self._fresh.pop(path, None)
        spool.acknowledge(path, damage=damage)

    def _content(self, path: Path) -> tuple[Origin, Iterable[Frame]]:
        fresh = self._fresh.get(path)
        return (self._origin, fresh) if fresh is not None else parse(path.read_bytes())

    def _send(self, origin: Origin, frame: Frame, path: Path | None, name: str) -> None:
        """Send a frame; what the server will never take is set aside, alone, and the rest goes through."""
        if frame.kind == COUNTERS:
            if origin.runtime != self._origin.runtime:
                self._post(origin, Frame(CALLS, b"\x90"), msgspec.msgpack.decode(frame.payload))
            return
        own = origin.runtime == self._origin.runtime
        try:
            self._post(origin, frame, self._counters.totals() if own else {})
        except Refused as error:
            records = _array.decode(frame.payload)
            if len(records) > 1:
                half = len(records) // 2
                for part, letter in ((records[:half], "a"), (records[half:], "b")):
                    self._send(origin, Frame(frame.kind, array_of(map(bytes, part))), path, name + letter)
                return
            self._set_aside(origin, frame, path, name, error)

    def _set_aside(self, origin: Origin, frame: Frame, path: Path | None, name: str, error: Refused) -> None:
        self._counters.add("refused" if frame.kind == CALLS else "refused-outcomes")
        at = path if path is not None else self._folder / f"{origin.runtime}-unspooled"
        try:
            kept: object = spool.refuse_frame(at, name, origin, frame, str(error))
        except OSError as trouble:
            kept = f"nowhere, since the folder cannot be written ({trouble})"
        log_once("refused", "the server refused a record of %s (%s); kept in %s", origin.workload, error, kept)

    def _post(self, origin: Origin, frame: Frame, counters: dict[str, int]) -> None:
        key = "calls" if frame.kind == CALLS else "outcomes"
        batch: dict[str, object] = {"workload": origin.workload, key: msgspec.Raw(frame.payload)}
        if frame.kind == CALLS:
            batch |= {"runtime": origin.runtime, "counters": counters}
        answer = self._line.post(key, msgspec.msgpack.encode(batch), MSGPACK)
        try:
            taken = msgspec.json.decode(answer, type=dict[str, int])
        except msgspec.MsgspecError as error:
            raise Unreachable(f"the server's answer is not the one expected: {answer[:200]!r}") from error
        self.delivered[key] += taken.get("accepted", 0)
        self.delivered["duplicates"] += taken.get("duplicates", 0)
