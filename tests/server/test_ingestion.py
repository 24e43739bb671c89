"""Calls and outcomes taken in: in both encodings, once each, bounded, and found again."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
import zstandard
from litestar.testing import TestClient
from msgspec import structs
from tests.server.cast import enrol, open_here, propose

from pilotage.runtime.records import (
    Call,
    CallBatch,
    Execution,
    Outcome,
    OutcomeBatch,
    PackedCall,
    PackedCallBatch,
    PackedExecution,
    PackedOutcome,
    PackedOutcomeBatch,
)
from pilotage.server.api import ingestion
from pilotage.server.app import create_app
from pilotage.storage.errors import StorageUnavailable

AT_US = 1_795_000_000_000_000


def call(number, **changed):
    """A call as JSON."""
    executed = {"arm": "incumbent", "value": '"billing"', "latency_us": 120}
    return {
        "call_id": f"{number:032x}",
        "at_us": AT_US + number * 1_000_000,
        "served": executed,
        "unit": f"unit-{number % 3}",
        "input": f'{{"subject": "Invoice {number}"}}',
    } | changed


def packed(numbers):
    """A batch of calls as the SDK sends it."""
    calls = [
        PackedCall(
            call_id=f"{n:032x}",
            at_us=AT_US + n * 1_000_000,
            served=PackedExecution(arm="incumbent", value='"billing"', latency_us=120),
            unit=f"unit-{n % 3}",
            input=f'{{"subject": "Invoice {n}"}}',
        )
        for n in numbers
    ]
    return msgspec.msgpack.encode(PackedCallBatch(workload="triage", calls=calls, runtime="r1"))


def send(client, who, what, content, kind="application/json", **headers):
    """Send a batch."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return client.post(f"/api/v1/{what}", content=body, headers=who.bearer | {"Content-Type": kind} | headers)


def found(client, who, query=""):
    """The calls that a query finds."""
    return client.get(f"/api/v1/workloads/triage/calls{query}", headers=who.bearer).json()


def test_calls_of_both_encodings_are_stored_alike(client, ada):
    """A call sent as a packed array is found again like one sent as a JSON object."""
    assert send(client, ada, "calls", packed([1]), "application/msgpack").json() == {"accepted": 1, "duplicates": 0}
    assert send(client, ada, "calls", {"workload": "triage", "calls": [call(2)]}).status_code == 200
    first, second = (stored["call"] for stored in reversed(found(client, ada)["calls"]))
    differing = {name for name in first if first[name] != second[name]}
    assert differing == {"call_id", "at_us", "unit", "input"}


def test_a_workload_that_nobody_proposed_may_record(client, ada):
    """Wiring comes first: calls of an undeclared workload are kept, so that the baseline builds."""
    assert send(client, ada, "calls", {"workload": "triage", "calls": [call(1)]}).json()["accepted"] == 1
    assert client.get("/api/v1/workloads/triage", headers=ada.bearer).status_code == 404
    propose(client, ada)
    evidence = client.get("/api/v1/workloads/triage/evidence", headers=ada.bearer).json()
    assert evidence["measurements"]["traffic"]["calls"] == 1


def test_a_compressed_batch_is_stored(client, ada):
    """A batch may be compressed with zstd, in one frame or several."""
    body = packed(range(50))
    compressor = zstandard.ZstdCompressor()
    answer = send(
        client, ada, "calls", compressor.compress(body), "application/msgpack", **{"Content-Encoding": "zstd"}
    )
    assert answer.json() == {"accepted": 50, "duplicates": 0}
    halves = compressor.compress(body[:100]) + compressor.compress(body[100:])
    answer = send(client, ada, "calls", halves, "application/msgpack", **{"Content-Encoding": "zstd"})
    assert answer.json() == {"accepted": 0, "duplicates": 50}


def test_sending_twice_changes_nothing(client, ada):
    """What was stored before is counted as a duplicate, in the same batch too."""
    batch = {"workload": "triage", "calls": [call(1), call(2), call(1)]}
    assert send(client, ada, "calls", batch).json() == {"accepted": 2, "duplicates": 1}
    assert send(client, ada, "calls", batch).json() == {"accepted": 0, "duplicates": 3}
    assert len(found(client, ada)["calls"]) == 2


def test_an_outcome_may_come_before_its_call(client, ada):
    """Outcomes join their call by id, whichever comes first."""
    outcome = Outcome(outcome_id="a" * 32, call_id=f"{1:032x}", name="label", value='"billing"', at_us=AT_US)
    early = msgspec.msgpack.encode(
        PackedOutcomeBatch(workload="triage", outcomes=[PackedOutcome(**structs.asdict(outcome))])
    )
    assert send(client, ada, "outcomes", early, "application/msgpack").json() == {"accepted": 1, "duplicates": 0}
    send(client, ada, "calls", {"workload": "triage", "calls": [call(1)]})
    again = OutcomeBatch(workload="triage", outcomes=[outcome])
    assert send(client, ada, "outcomes", again).json() == {"accepted": 0, "duplicates": 1}
    shown = client.get(f"/api/v1/workloads/triage/calls/{1:032x}", headers=ada.bearer).json()
    assert [o["value"] for o in shown["outcomes"]] == ['"billing"']


@pytest.mark.parametrize(
    ("content", "encoding", "refusal"),
    [
        (b"", None, (400, "malformed")),
        (b"\xc1", None, (400, "malformed")),
        (packed([1])[:-5], None, (400, "malformed")),
        (packed([1]), "gzip", (415, "unsupported-encoding")),
        (packed([1]), "zstd", (400, "malformed")),
        (zstandard.compress(packed([1]))[:-9], "zstd", (400, "malformed")),
        (msgspec.msgpack.encode({"workload": "Not A Slug", "calls": []}), None, (400, "invalid")),
        (msgspec.msgpack.encode({"workload": "triage", "calls": [[1]]}), None, (400, "invalid")),
    ],
)
def test_a_batch_that_cannot_be_read_is_refused(client, ada, content, encoding, refusal):
    """A broken batch is refused whole, and nothing of it is kept."""
    headers = {"Content-Encoding": encoding} if encoding else {}
    answer = send(client, ada, "calls", content, "application/msgpack", **headers)
    assert (answer.status_code, answer.json()["code"]) == refusal
    assert found(client, ada)["calls"] == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"call_id": "x"}, "calls[1].call_id"),
        ({"at_us": -1}, "calls[1].at_us"),
        ({"mode": "loud"}, "calls[1].mode"),
        ({"percent": 101}, "calls[1].percent"),
        ({"served": {"arm": "nobody"}}, "calls[1].served.arm"),
    ],
)
def test_one_bad_call_refuses_the_batch_and_is_named(client, ada, changed, field):
    """A batch is stored whole or not at all; the field at fault is named with its place."""
    answer = send(client, ada, "calls", {"workload": "triage", "calls": [call(1), call(2, **changed)]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
    assert found(client, ada)["calls"] == []


def test_a_batch_that_unpacks_to_too_much_is_refused(client, ada, monkeypatch):
    """A small body that holds gigabytes is stopped at the bound, not after unpacking it."""
    monkeypatch.setattr(ingestion, "PLAIN_BYTES_MAX", 100_000)
    bomb = zstandard.compress(b"\0" * 50_000_000)
    answer = send(client, ada, "calls", bomb, "application/msgpack", **{"Content-Encoding": "zstd"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_a_body_larger_than_the_bound_is_refused(client, ada):
    """A body of more than sixteen megabytes is a 413 before it is read."""
    answer = send(client, ada, "calls", b"\0" * 16_000_001, "application/msgpack")
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_a_batch_is_bounded_in_number(client, ada):
    """More than twenty thousand calls at once are refused."""
    answer = send(client, ada, "calls", packed(range(20_001)), "application/msgpack")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "calls")


def test_an_unknown_type_of_body_is_refused(client, ada):
    """A batch is MessagePack or JSON."""
    answer = send(client, ada, "calls", b"a,b", "text/csv")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


def test_a_demonstration_takes_no_real_traffic(tmp_path):
    """In a demonstration a batch with a real call is refused whole; replayed calls are taken."""
    workspace = open_here(tmp_path, demonstration=True)
    ada = enrol(workspace, "ada", roles={"engineer"}, scopes={"record", "read"})
    with TestClient(create_app(workspace)) as client:
        mixed = {"workload": "triage", "calls": [call(1, source="replay"), call(2)]}
        answer = send(client, ada, "calls", mixed)
        assert (answer.status_code, answer.json()["code"]) == (422, "real-in-demonstration")
        assert found(client, ada)["calls"] == []
        replayed = {"workload": "triage", "calls": [call(1, source="replay")]}
        assert send(client, ada, "calls", replayed).json()["accepted"] == 1
    workspace.close()


def test_elsewhere_replayed_calls_are_kept_and_do_not_count(client, ada):
    """Outside a demonstration a replay is stored as what it is, and no figure counts it."""
    propose(client, ada)
    send(client, ada, "calls", {"workload": "triage", "calls": [call(1, source="replay"), call(2)]})
    evidence = client.get("/api/v1/workloads/triage/evidence", headers=ada.bearer).json()
    assert (evidence["measurements"]["traffic"]["calls"], evidence["measurements"]["traffic"]["counted"]) == (2, 1)


def test_calls_are_filtered_and_paged(client, ada):
    """Filters narrow, pages follow each other, newest first."""
    calls = [call(n, mode="shadow" if n % 2 else "none", fallback="timeout" if n == 4 else "") for n in range(1, 8)]
    send(client, ada, "calls", {"workload": "triage", "calls": calls})
    ids, after = [], None
    while True:
        page = found(client, ada, f"?limit=3{f'&after={after}' if after else ''}")
        ids += [stored["call"]["call_id"] for stored in page["calls"]]
        after = page["next"]
        if after is None:
            break
    assert ids == [f"{n:032x}" for n in range(7, 0, -1)]
    since = dt.datetime.fromtimestamp((AT_US + 6_000_000) / 1e6, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for query, expected in (
        ("?mode=shadow", {1, 3, 5, 7}),
        ("?fallback=timeout", {4}),
        ("?unit=unit-1", {1, 4, 7}),
        (f"?since={since}", {6, 7}),
        ("?text=Invoice+5", {5}),
        ("?failed=false&mode=none", {2, 4, 6}),
    ):
        shown = {int(stored["call"]["call_id"], 16) for stored in found(client, ada, query)["calls"]}
        assert shown == expected, query


@pytest.mark.parametrize("query", ["since=yesterday", "since=2026-01-01T00:00:00", "disagree=1", "arm=both", "after=!"])
def test_a_filter_that_cannot_be_read_is_refused(client, ada, query):
    """A filter that does not fit is a 400 and shows nothing."""
    answer = client.get(f"/api/v1/workloads/triage/calls?{query}", headers=ada.bearer)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("call_id", ["0" * 32, "zz", "0" * 31, "A" * 32])
def test_a_call_that_is_not_kept_is_a_404(client, ada, call_id):
    """An unknown or impossible call id is not found."""
    assert client.get(f"/api/v1/workloads/triage/calls/{call_id}", headers=ada.bearer).status_code == 404


def test_erasing_a_unit_removes_its_calls_everywhere(client, ada, vera):
    """An administrator erases a unit; doing it again removes nothing; others may not."""
    send(client, ada, "calls", {"workload": "triage", "calls": [call(n) for n in range(1, 8)]})
    path = "/api/v1/workloads/triage/units/unit-1"
    assert client.delete(path, headers=vera.bearer).status_code == 403
    assert client.delete(path, headers=ada.bearer).json() == {"calls": 3}
    assert client.delete(path, headers=ada.bearer).json() == {"calls": 0}
    assert {stored["call"]["unit"] for stored in found(client, ada)["calls"]} == {"unit-0", "unit-2"}


def test_old_calls_are_removed_by_age(client, ada):
    """Retention removes what is older than a past time, and refuses a future one."""
    send(client, ada, "calls", {"workload": "triage", "calls": [call(n, at_us=n * 10**15) for n in (1, 2)]})
    path = "/api/v1/workloads/triage/retention"
    cut = dt.datetime.fromtimestamp(1.5e9, dt.UTC).isoformat()
    assert client.post(path, json={"before": cut}, headers=ada.bearer).json() == {"calls": 1}
    future = client.post(path, json={"before": "2999-01-01T00:00:00Z"}, headers=ada.bearer)
    assert (future.status_code, future.json()["code"]) == (422, "not-past")


class AwayCalls:
    """A call store that is away."""

    def append_calls(self, *_args):
        """Fail as a store does that is away."""
        raise StorageUnavailable("calls-locked", "Another process writes here: try again.")


def test_what_is_not_durable_is_not_acknowledged(client, workspace, ada, app):
    """When the store is away the batch is answered with 503 and a time to come back."""
    parts = app.state.parts
    object.__setattr__(parts.workspace, "calls", AwayCalls())
    answer = send(client, ada, "calls", {"workload": "triage", "calls": [call(1)]})
    assert (answer.status_code, answer.json()["code"]) == (503, "calls-locked")
    assert int(answer.headers["retry-after"]) > 0


def test_what_was_taken_in_is_counted(client, ada):
    """The meters tell stored calls from duplicates and refused batches from stored ones."""
    send(client, ada, "calls", {"workload": "triage", "calls": [call(1), call(1)]})
    send(client, ada, "calls", b"{")
    meters = client.get("/metrics", headers=ada.bearer).text
    assert "pilotage_calls_ingested_total 1.0" in meters
    assert 'pilotage_duplicates_total{what="calls"} 1.0' in meters
    assert 'pilotage_batches_total{result="refused",what="calls"} 1.0' in meters


def test_plain_and_packed_types_agree():
    """The packed form of a batch decodes to the fields of the plain one."""
    plain = CallBatch(
        workload="triage",
        calls=[Call(call_id="0" * 32, at_us=AT_US, served=Execution(arm="incumbent"))],
    )
    array = msgspec.msgpack.encode({"workload": "triage", "calls": [["0" * 32, AT_US, ["incumbent"]]]})
    decoded = msgspec.msgpack.decode(array, type=PackedCallBatch)
    assert structs.asdict(decoded.calls[0]) | {"served": None} == structs.asdict(plain.calls[0]) | {"served": None}
