"""What bad input does at the interface: refused as a whole with its field, or taken in as what it is."""

from __future__ import annotations

import math

import msgspec
import pytest
from tests.server.test_ingestion import AT_US, call, found, packed, send

from pilotage.runtime.records import PackedCall, PackedCallBatch, PackedExecution

MSGPACK = "application/msgpack"


def learned(number, value, **changed):
    """An outcome as JSON."""
    outcome = {"outcome_id": f"{number:032x}", "call_id": f"{1:032x}", "name": "label", "value": value, "at_us": AT_US}
    return outcome | changed


def packed_call(number=1, **executed):
    """A batch of one packed call, as the SDK would send it, with that execution."""
    execution = PackedExecution(**({"arm": "incumbent", "value": '"billing"', "latency_us": 120} | executed))
    one = PackedCall(call_id=f"{number:032x}", at_us=AT_US, served=execution)
    return msgspec.msgpack.encode(PackedCallBatch(workload="triage", calls=[one]))


@pytest.mark.parametrize("executed", [{"latency_us": -1}, {"tokens_in": -5}, {"tokens_out": -5}, {"cost_usd": -0.01}])
def test_what_cannot_be_negative_is_refused_in_both_encodings(client, ada, executed):
    """A negative latency, count or cost keeps the whole batch out; nothing is half written."""
    plain = call(2, served={"arm": "incumbent", "value": "1"} | executed)
    for answer in (
        send(client, ada, "calls", {"workload": "triage", "calls": [call(1), plain]}),
        send(client, ada, "calls", packed_call(**executed), MSGPACK),
    ):
        assert answer.status_code == 400
        assert answer.json()["code"]
    assert send(client, ada, "calls", packed([1]), MSGPACK).json() == {"accepted": 1, "duplicates": 0}
    assert len(found(client, ada)["calls"]) == 1


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_json_has_no_number_that_is_not_finite(client, ada, text):
    """Such a body is no JSON; the answer is a refusal and nothing is stored."""
    body = msgspec.json.encode({"workload": "triage", "calls": [call(1)]}).replace(b"120", text.encode())
    answer = send(client, ada, "calls", body)
    assert 400 <= answer.status_code < 500
    assert "Traceback" not in answer.text
    assert send(client, ada, "calls", packed([1]), MSGPACK).json()["accepted"] == 1


@pytest.mark.parametrize("executed", [{"confidence": math.nan}, {"confidence": math.inf}, {"cost_usd": math.inf}])
def test_a_packed_number_that_is_not_finite_is_shown_as_absent(client, ada, executed):
    """MessagePack can carry one: the call is stored, and the number reads as absent wherever it is shown."""
    assert send(client, ada, "calls", packed_call(**executed), MSGPACK).status_code == 200
    (stored,) = found(client, ada)["calls"]
    assert all(stored["call"]["served"][name] is None for name in executed)


def test_a_packed_cost_that_is_no_number_is_refused(client, ada):
    """A cost is at least 0, which NaN is not."""
    answer = send(client, ada, "calls", packed_call(cost_usd=math.nan), MSGPACK)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "billing", "", "{"])
def test_an_outcome_that_is_no_json_is_refused_whole(client, ada, value):
    """Its place is named, and the outcomes beside it are not taken either."""
    batch = {"workload": "triage", "outcomes": [learned(1, '"billing"'), learned(2, value)]}
    answer = send(client, ada, "outcomes", batch)
    assert (answer.status_code, answer.json()["code"]) == (422, "not-json")
    assert answer.json()["errors"][0]["field"] == "outcomes[1].value"
    alone = {"workload": "triage", "outcomes": [learned(1, '"billing"')]}
    assert send(client, ada, "outcomes", alone).json() == {"accepted": 1, "duplicates": 0}


def test_a_label_may_come_before_its_call_and_twice(client, ada):
    """A label that is sent again is known; one that contradicts it is kept beside it, and the call has both."""
    for outcome in (learned(1, '"billing"'), learned(1, '"billing"'), learned(2, '"sales"', at_us=AT_US + 1)):
        assert send(client, ada, "outcomes", {"workload": "triage", "outcomes": [outcome]}).status_code == 200
    assert send(client, ada, "calls", packed([1]), MSGPACK).json()["accepted"] == 1
    (stored,) = found(client, ada)["calls"]
    assert [one["value"] for one in stored["outcomes"]] == ['"billing"', '"sales"']


def test_a_time_before_1970_is_refused(client, ada):
    """A clock that stands at nothing is found out."""
    assert send(client, ada, "calls", {"workload": "triage", "calls": [call(1, at_us=-1)]}).status_code == 400
    early = {"workload": "triage", "outcomes": [learned(1, "1", at_us=-1)]}
    assert send(client, ada, "outcomes", early).status_code == 400
