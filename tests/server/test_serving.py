"""The server as a process: streams over real sockets, an end in order, and a crash that takes nothing back."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import threading
import time

import httpx
import msgspec
import pytest
from tests.server.cast import enrol, make_live, open_here
from tests.server.served import serving

import pilotage
from pilotage.lease import load_public_key, verify
from pilotage.runtime.records import PackedCall, PackedCallBatch, PackedExecution
from pilotage.server.app import create_app
from pilotage.server.serving import AddressTaken, serve

PATIENCE_S = 20.0


class Stream:
    """A client of server-sent events."""

    def __init__(self, served, path, headers):
        self._connection = http.client.HTTPConnection(served.host, served.port, timeout=PATIENCE_S)
        self._connection.request("GET", path, headers={"Accept": "text/event-stream"} | headers)
        self.response = self._connection.getresponse()

    def next(self):
        """The next event's fields; None when the stream has ended. Comments are passed over."""
        fields = {}
        while line := self.response.readline():
            text = line.decode().rstrip("\n")
            if not text and fields:
                return fields
            if text and not text.startswith(":"):
                name, _, value = text.partition(": ")
                fields[name] = value
        return None

    def lease(self, slug="triage"):
        """The next event as a lease that was checked."""
        answer = json.loads(self.next()["data"])
        return verify(answer["token"], load_public_key(answer["public_key"]), workload=slug, now=time.time())

    def close(self):
        """Hang up."""
        self._connection.close()


def command(served, name, body, slug="triage"):
    """Give a command over a connection of its own."""
    connection = http.client.HTTPConnection(served.host, served.port, timeout=PATIENCE_S)
    headers = {"Content-Type": "application/json"} | served.ada.bearer
    connection.request("POST", f"/api/v1/workloads/{slug}/commands/{name}", json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    assert answer.status == 201, text


@pytest.fixture
def live_home(tmp_path):
    """A folder whose workload serves all traffic."""
    home = tmp_path / "home"
    workspace = open_here(home)
    owner = enrol(workspace, "olga", roles={"owner"})
    make_live(workspace, owner, enrol(workspace, "bob", roles={"sponsor", "reviewer"}))
    workspace.close()
    return home


def test_a_runtime_hears_of_a_kill_over_its_stream(live_home):
    """The stream gives the lease at once, in the form that proxies pass on, and the next one when it changes."""
    with serving(live_home) as served:
        stream = Stream(served, "/api/v1/workloads/triage/lease?after=0", served.ada.bearer)
        assert stream.response.status == 200
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        assert stream.response.headers["cache-control"] == "no-store"
        assert stream.response.headers["x-accel-buffering"] == "no"
        first = stream.lease()
        assert first.mode == "live"
        command(served, "kill", {"reason": "Wrong teams."})
        killed = stream.lease()
        assert (killed.mode, killed.serial) == ("none", first.serial + 1)
        stream.close()


def test_the_sdk_serves_under_the_server_s_lease_and_stops_with_its_kill(live_home, tmp_path):
    """A program with the SDK serves the candidate while the lease says so, and the incumbent after the kill."""
    with serving(live_home) as served:
        triage = pilotage.workload("triage", url=served.url, token=served.ada.token, home=tmp_path / "runtime")
        triage.incumbent(lambda ticket: "rules")
        triage.candidate(release="r1", digest="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")(
            lambda ticket: "model"
        )
        triage.call("invoice", unit="u1")
        assert triage.wait_for_lease(PATIENCE_S)
        assert triage.call("invoice", unit="u1").value == "model"
        command(served, "kill", {"reason": "Wrong teams."})
        deadline = time.monotonic() + PATIENCE_S
        while triage.call("invoice", unit="u1").value == "model":
            assert time.monotonic() < deadline
            time.sleep(0.005)
        assert triage.flush(PATIENCE_S)
        counted = triage.counters()
        assert counted["calls-delivered"] == counted["calls-spooled"] > 0
        assert triage.close(PATIENCE_S)


def test_streams_that_are_hung_up_are_forgotten(tmp_path):
    """A runtime that goes away, however rudely, is no longer counted as connected."""
    with serving(tmp_path / "home") as served:
        streams = [Stream(served, "/api/v1/workloads/triage/lease", served.ada.bearer) for _ in range(5)]
        for stream in streams:
            assert stream.next() is not None
        assert connected(served) == 5
        for stream in streams:
            stream.close()
        deadline = time.monotonic() + PATIENCE_S
        while connected(served):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def connected(served):
    """How many lease streams the server counts."""
    answer = httpx.get(f"{served.url}/metrics", headers=served.ada.bearer)
    return float(re.search(r"^pilotage_runtimes_connected (\S+)$", answer.text, re.MULTILINE)[1])


def test_changes_are_streamed_to_whoever_signed_in(tmp_path):
    """A page that is open hears what changes, from where it began to listen."""
    with serving(tmp_path / "home") as served:
        stream = Stream(served, "/api/v1/events", served.ada.bearer)
        begin = stream.next()
        assert (begin["event"], json.loads(begin["data"])) == ("begin", {"workload": "", "position": 0})
        proposal = {"title": "Ticket triage", "problem": "Tickets wait for hours.", "incumbent": "Keyword rules."}
        command(served, "propose", proposal)
        change = stream.next()
        assert (change["event"], json.loads(change["data"])) == ("record", {"workload": "triage", "position": 1})
        stream.close()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_an_end_in_order_keeps_nobody_waiting(tmp_path, by):
    """Told to stop, the server ends its streams and exits cleanly, although a stream never ends by itself."""
    with serving(tmp_path / "home") as served:
        streams = [
            Stream(served, "/api/v1/workloads/triage/lease", served.ada.bearer),
            Stream(served, "/api/v1/events", served.ada.bearer),
        ]
        for stream in streams:
            assert stream.next() is not None
        assert served.stop(by) == 0
        assert [stream.next() for stream in streams] == [None, None]
        for stream in streams:
            stream.close()


def test_an_address_that_is_taken_is_said_before_anything_begins(workspace):
    """A port in use is one clear sentence, not a traceback from inside."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            AddressTaken, match=rf"127\.0\.0\.1 port {port} cannot be listened on .*choose another port"
        ):
            serve(create_app(workspace), port=port)


class Sender(threading.Thread):
    """Sends batches as fast as they are answered, and keeps the ids of those that were."""

    def __init__(self, served, number):
        super().__init__(daemon=True)
        self._served = served
        self._number = number
        self.acknowledged = []
        self.begun = threading.Event()

    def run(self):
        """Send until the server is gone."""
        connection = http.client.HTTPConnection(self._served.host, self._served.port, timeout=PATIENCE_S)
        headers = self._served.ada.bearer | {"Content-Type": "application/msgpack"}
        for batch in range(1_000_000):
            calls = [call(self._number, batch, n) for n in range(20)]
            body = msgspec.msgpack.encode(PackedCallBatch(workload="triage", calls=calls))
            try:
                connection.request("POST", "/api/v1/calls", body, headers)
                answer = connection.getresponse()
                taken = json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError):
                return
            assert (answer.status, taken) == (200, {"accepted": 20, "duplicates": 0})
            self.acknowledged += [one.call_id for one in calls]
            if batch == 5:
                self.begun.set()


def call(sender, batch, number):
    """A call with an id of its own."""
    return PackedCall(
        call_id=f"{sender:08x}{batch:016x}{number:08x}",
        at_us=1_795_000_000_000_000,
        served=PackedExecution(arm="incumbent", value='"billing"', latency_us=120),
    )


def test_what_was_acknowledged_survives_the_death_of_the_server(tmp_path):
    """Killed in the middle of its work and started again, the server has every call that it ever answered for."""
    home = tmp_path / "home"
    with serving(home) as served:
        senders = [Sender(served, number) for number in range(3)]
        for sender in senders:
            sender.start()
        for sender in senders:
            assert sender.begun.wait(PATIENCE_S)
        served.stop(signal.SIGKILL)
        for sender in senders:
            sender.join(PATIENCE_S)
    acknowledged = [call_id for sender in senders for call_id in sender.acknowledged]
    assert len(acknowledged) >= 3 * 6 * 20
    with serving(home) as served:
        again = [
            PackedCall(call_id=call_id, at_us=0, served=PackedExecution(arm="incumbent")) for call_id in acknowledged
        ]
        connection = http.client.HTTPConnection(served.host, served.port, timeout=PATIENCE_S)
        headers = served.ada.bearer | {"Content-Type": "application/msgpack"}
        body = msgspec.msgpack.encode(PackedCallBatch(workload="triage", calls=again[:20_000]))
        connection.request("POST", "/api/v1/calls", body, headers)
        taken = json.loads(connection.getresponse().read())
        connection.close()
    assert taken == {"accepted": 0, "duplicates": len(again[:20_000])}


def test_a_decision_that_was_acknowledged_survives_too(tmp_path):
    """A command that was answered is in the ledger after a crash, and the ledger holds."""
    home = tmp_path / "home"
    proposal = {"title": "Ticket triage", "problem": "Tickets wait for hours.", "incumbent": "Keyword rules."}
    with serving(home) as served:
        for number in range(5):
            command(served, "propose", proposal, slug=f"triage-{number}")
        served.stop(signal.SIGKILL)
    workspace = open_here(home)
    assert [workload.slug for workload in workspace.desk.all()] == [f"triage-{number}" for number in range(5)]
    assert workspace.ledger.verify().problems == ()
    workspace.close()
