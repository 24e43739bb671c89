"""How leases arrive: a stream of server-sent events, or a file in the folder that is looked at every second."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pilotage.runtime.keeper import Keeper, Offer
from pilotage.runtime.log import all_clear, log_once
from pilotage.runtime.wire import OK, Endpoint, Unreachable, jittered_s

if TYPE_CHECKING:
    import socket
    from http.client import HTTPConnection, HTTPResponse

LOOK_S = 1.0
SHUT_BOTH = 2
"""`socket.SHUT_RDWR`, without importing it before it is needed."""

SILENCE_S = 15.0
"""Three missed heartbeats: the stream is taken for dead."""

BACKOFF_S = 0.1
BACKOFF_S_MAX = 5.0
LINE_BYTES_MAX = 2**16

_offer = msgspec.json.Decoder(Offer)


class FolderWatch:
    """Embedded: offers the lease in the folder to the keeper when it is new."""

    def __init__(self, path: Path, keeper: Keeper) -> None:
        self._path = path
        self._keeper = keeper
        self._seen: tuple[int, int, int] | None = None
        self._closing = threading.Event()
        # Once before anything is served, so that a short script has its lease from the first call.
        self.look()
        self._thread = threading.Thread(target=self._run, name="pilotage-leases", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """Read the file if it is another one than was read last."""
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen == self._seen:
                return
            offer = _offer.decode(self._path.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError) as error:
            self._keeper.refusal = f"malformed: {self._path} cannot be read as a lease: {error}"
            log_once(str(self._path), "%s cannot be read as a lease: %s", self._path, error)
            return
        # A lease from a clock ahead of ours is looked at again until its time has come.
        self._seen = None if self._keeper.offer(offer) == "not-yet-valid" else seen

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._thread.join(LOOK_S)

    def _run(self) -> None:
        while not self._closing.wait(LOOK_S):
            self.look()


class ServerWatch:
    """Holds a stream of leases open, and opens another whenever it ends."""

    def __init__(self, endpoint: Endpoint, slug: str, keeper: Keeper, on_connected: Callable[[], None]) -> None:
        self._endpoint = endpoint
        self._slug = slug
        self._keeper = keeper
        self._on_connected = on_connected
        self._connection: HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self._failures = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pilotage-leases", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the stream and the thread."""
        self._closing.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(SHUT_BOTH)
        self._thread.join(1.0)

    def _run(self) -> None:
        from http.client import HTTPException  # noqa: PLC0415 - 30 ms that the import must not cost

        while not self._closing.is_set():
            try:
                self._listen()
            except (OSError, HTTPException, Unreachable) as error:
                if not self._closing.is_set():
                    log_once("stream", "no leases for %s from %s: %s", self._slug, self._endpoint.url, error)
            finally:
                if self._connection is not None:
                    self._connection.close()
            self._failures = min(self._failures + 1, 10)
            self._closing.wait(jittered_s(BACKOFF_S, BACKOFF_S_MAX, self._failures))

    def _listen(self) -> None:
        connection = self._connection = self._endpoint.connect(SILENCE_S)
        # A lease that has run out here is asked for again, even if its serial is known.
        after = self._keeper.serial if self._keeper.is_valid() else 0
        path = self._endpoint.path(f"workloads/{self._slug}/lease?after={after}")
        connection.connect()
        # The connection forgets its socket once the answer ends with it; closing needs it to wake the reader.
        self._socket = connection.sock
        connection.request("GET", path, headers={**self._endpoint.headers(), "Accept": "text/event-stream"})
        response = connection.getresponse()
        if response.status != OK:
            self._keeper.no_key_to_come()
            raise Unreachable(f"the server answered {response.status}", status=response.status)
        self._on_connected()
        for data in _events(response, "lease"):
            self._failures = 0
            self._take(data)
            all_clear("stream", "leases for %s arrive again", self._slug)
        raise Unreachable("the stream ended")

    def _take(self, data: bytes) -> None:
        try:
            self._keeper.offer(_offer.decode(data))
        except msgspec.MsgspecError as error:
            log_once("offer", "what %s sent as a lease is none: %s", self._endpoint.url, error)


def _events(response: HTTPResponse, wanted: str) -> Iterator[bytes]:
    """The data of the wanted events, as they come (WHATWG HTML, server-sent events)."""
    event, data = "message", bytearray()
    while line := response.readline(LINE_BYTES_MAX):
        text = line.rstrip(b"\r\n")
        if not text:
            if data and event == wanted:
                yield bytes(data)
            event, data = "message", bytearray()
            continue
        field, _, value = text.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            event = value.decode("utf-8", "replace")
        elif field == b"data":
            data += (b"\n" if data else b"") + value
