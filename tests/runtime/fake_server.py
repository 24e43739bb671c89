"""A server of leases and batches that fails on demand: the standard library's, in a thread."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec

from pilotage.runtime.keeper import Offer
from pilotage.runtime.records import PackedCallBatch, PackedOutcomeBatch

BATCHES = {"calls": PackedCallBatch, "outcomes": PackedOutcomeBatch}
Answer = tuple[int, bytes]


class FakeServer:
    """Takes batches as the real one does, by the shared types, and remembers every record it answered for.

    `fail` looks at each batch before it is taken, and may return the answer to give instead of taking it;
    `die_after_taking` takes a batch and drops the connection without an answer, as a crash would.
    """

    def __init__(self) -> None:
        self.calls: dict[str, object] = {}
        self.outcomes: dict[str, object] = {}
        self.batches: list[object] = []
        self.duplicates = 0
        self.greetings: list[dict] = []
        self.tokens: list[str | None] = []
        self.asked_after: list[int] = []
        self.fail: Callable[[object], Answer | None] = lambda _: None
        self.die_after_taking = 0
        self.lease_status = 200
        self.offer: Offer | None = None
        self._changed = threading.Condition()
        self._generation = 0
        self._closing = False
        self._lock = threading.Lock()
        self._http = Server(("127.0.0.1", 0), Handler)
        self._http.fake = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def push(self, offer: Offer) -> None:
        """Give a lease to everybody who listens, and to whoever comes later."""
        with self._changed:
            self.offer = offer
            self._changed.notify_all()

    def drop_streams(self) -> None:
        """End every stream, as a restart would."""
        with self._changed:
            self._generation += 1
            self._changed.notify_all()

    def close(self) -> None:
        """End every stream and stop listening."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def take(self, kind: str, body: bytes) -> Answer:
        """Take a batch, or fail as told; the answer."""
        batch = msgspec.msgpack.decode(body, type=BATCHES[kind])
        with self._lock:
            answer = self.fail(batch)
            if answer is not None:
                return answer
            self.batches.append(batch)
            kept = self.calls if kind == "calls" else self.outcomes
            records = batch.calls if kind == "calls" else batch.outcomes
            accepted = 0
            for record in records:
                key = record.call_id if kind == "calls" else record.outcome_id
                if key in kept:
                    self.duplicates += 1
                else:
                    kept[key] = record
                    accepted += 1
            return 200, json.dumps({"accepted": accepted, "duplicates": len(records) - accepted}).encode()

    def leases(self, send: Callable[[bytes], bool]) -> None:
        """Send each lease as it comes, until the stream is to end or nobody reads it."""
        sent = None
        with self._changed:
            generation = self._generation
            while not self._closing and self._generation == generation:
                if self.offer is not None and self.offer is not sent:
                    sent = self.offer
                    if not send(b"id: 1\nevent: lease\ndata: " + msgspec.json.encode(sent) + b"\n\n"):
                        return
                self._changed.wait(1.0)
        send(b"")


class Server(ThreadingHTTPServer):
    """The HTTP side of a fake server."""

    daemon_threads = True
    fake: FakeServer

    def handle_error(self, request, client_address):
        """Nothing: clients that vanish are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_args):
        """Nothing: failures are part of the tests."""

    def do_POST(self):
        """Take a greeting or a batch."""
        fake = self.server.fake
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fake.tokens.append(self.headers.get("Authorization"))
        if self.path.endswith("/runtimes"):
            fake.greetings.append(json.loads(body))
            self._answer(200, b"{}")
            return
        assert self.headers["Content-Type"] == "application/msgpack"
        status, answer = fake.take(self.path.rsplit("/", 1)[1], body)
        if status == 200 and fake.die_after_taking > 0:
            fake.die_after_taking -= 1
            self.close_connection = True
            return
        self._answer(status, answer)

    def do_GET(self):
        """Stream leases."""
        fake = self.server.fake
        fake.asked_after.append(int(self.path.rsplit("after=", 1)[1]))
        if fake.lease_status != 200:
            self._answer(fake.lease_status, b"no")
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._chunk(b": hello\n\n")
        fake.leases(self._chunk)

    def _chunk(self, data):
        try:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        except OSError:
            return False
        return True

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
