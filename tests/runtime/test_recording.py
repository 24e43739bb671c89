"""From a call to the record: what is kept, what is left out and counted, and the form it has on the wire."""

from __future__ import annotations

import math
import threading

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.runtime.rig import SLUG, spooled, until

from pilotage.runtime import buffer as buffers
from pilotage.runtime import packing, recorder
from pilotage.runtime.answer import Answer
from pilotage.runtime.arm import Arm, executed
from pilotage.runtime.buffer import Buffer, Weighed
from pilotage.runtime.counters import Counters
from pilotage.runtime.packing import Hooks, Packer
from pilotage.runtime.pseudonyms import Pseudonyms, pseudonym
from pilotage.runtime.records import Execution, PackedCall, PackedExecution

KEY = b"k" * 16
legible = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
maybe = st.none() | legible


def packed(rows, *, counters=None, units=True):
    """Rows as they arrive: packed, then decoded with the shared types."""
    packer, known = Packer(Hooks(), counters or Counters()), Pseudonyms(KEY) if units else None
    if isinstance(rows[0], tuple):
        waiting = Buffer()
        waiting.extend(rows)
        payload, count = packer.short(waiting, len(rows), known)
    else:
        payload, count = packer.calls(rows, known)
    calls = msgspec.msgpack.decode(payload, type=list[PackedCall])
    assert len(calls) == count
    return calls


def row(**changes):
    """A row as the long path makes it."""
    fields = {
        "call_id": "a" * 32,
        "at_us": 1_763_900_000_000_000,
        "served": ("incumbent", "", '"rules"', 12),
        "beside": None,
        "assigned": "incumbent",
        "unit": "customer-831",
        "cohort": "berlin",
        "segment": {"language": "de"},
        "source": "real",
        "mode": "live",
        "percent": 5.0,
        "stage": "live/5/1",
        "serial": 7,
        "fallback": "",
        "beside_dropped": False,
        "added_us": 2,
        "input": '"ticket"',
    }
    return list({**fields, **changes}.values())


def short(**changes):
    """A row as the short path makes it."""
    fields = {
        "call": 10 * 16**31 + 7,
        "at_ns": 1_763_900_000_000_000_999,
        "side": ("candidate", "2026.11.2"),
        "output": b'"model"',
        "took_ns": 11_001,
        "unit": "customer-831",
        "cohort": "berlin",
        "segment": {"language": "de"},
        "stamp": ("real", "live", 5.0, "live/5/1", 7),
        "fallback": "",
        "added_ns": 2_999,
        "input": b'"ticket"',
    }
    return tuple({**fields, **changes}.values())


executions = st.tuples(
    st.sampled_from(["incumbent", "candidate"]),
    legible,
    maybe.map(lambda text: text and f'"{text}"'),
    st.integers(0, 2**40),
)
accounts = st.tuples(
    legible,
    st.none() | st.floats(0, 1),
    st.none() | st.integers(0, 2**31),
    st.none() | st.integers(0, 2**31),
    st.none() | st.floats(0, 1e6),
    st.dictionaries(legible, st.floats(0, 1), max_size=2),
    maybe,
)
full_executions = executions | st.tuples(executions, accounts).map(lambda pair: pair[0] + pair[1])


@given(
    st.builds(
        row,
        at_us=st.integers(0, 2**53),
        served=full_executions,
        beside=st.none() | full_executions,
        unit=st.none() | legible,
        cohort=legible,
        segment=st.dictionaries(legible, legible, max_size=3),
        percent=st.floats(0, 100),
        beside_dropped=st.booleans(),
        added_us=st.integers(0, 2**40),
        input=maybe,
    )
)
def test_a_row_is_on_the_wire_what_the_shared_type_says(given_row):
    """Packing a row gives the bytes of the shared record type, whatever is in it."""
    fields = dict(zip(PackedCall.__struct_fields__, given_row, strict=True))
    names = PackedExecution.__struct_fields__
    for side in ("served", "beside"):
        if fields[side] is not None:
            fields[side] = PackedExecution(**dict(zip(names, fields[side], strict=False)))
    fields["unit"] = pseudonym(KEY, fields["unit"]) if fields["unit"] else ""
    expected = PackedCall(**fields)
    (call,) = packed([given_row])
    assert call == expected
    assert msgspec.msgpack.encode(call) == msgspec.msgpack.encode(expected)


def test_the_rows_order_is_the_record_types():
    """The order that rows are built in is the order of the shared types' fields."""
    assert PackedCall.__struct_fields__[packing.SERVED] == "served"
    assert PackedCall.__struct_fields__[packing.BESIDE] == "beside"
    assert PackedCall.__struct_fields__[packing.UNIT] == "unit"
    assert PackedCall.__struct_fields__[packing.SEGMENT] == "segment"
    assert PackedCall.__struct_fields__[packing.INPUT] == "input"
    assert PackedExecution.__struct_fields__ == Execution.__struct_fields__
    assert PackedExecution.__struct_fields__[: packing.PLAIN] == ("arm", "release", "value", "latency_us")
    arm = Arm(kind="candidate", run=len, release="r")
    long = executed(arm, Answer("x", confidence=0.5, detail=[1]), 5_000, "late")
    assert dict(zip(PackedExecution.__struct_fields__, long, strict=True)) == {
        "arm": "candidate",
        "release": "r",
        "value": '"x"',
        "latency_us": 5,
        "error": "late",
        "confidence": 0.5,
        "tokens_in": None,
        "tokens_out": None,
        "cost_usd": None,
        "scores": {},
        "detail": "[1]",
    }


def test_a_short_row_is_the_same_call():
    """What the short path leaves is recorded exactly as the long path would have recorded it."""
    expected = row(
        call_id="a" + "0" * 30 + "7",
        at_us=1_763_900_000_000_000,
        served=("candidate", "2026.11.2", '"model"', 12),
        assigned="candidate",
    )
    assert packed([short()]) == packed([packing.whole(short())]) == packed([expected])
    bare = short(output=None, input=None, unit=None, cohort=None, segment=None, added_ns=-5)
    (call,) = packed([bare])
    assert packed([bare]) == packed([packing.whole(bare)])
    assert (call.input, call.served.value, call.unit, call.cohort, call.segment, call.added_us) == (
        None,
        None,
        "",
        "",
        {},
        0,
    )


@pytest.mark.parametrize("make", [short, row])
def test_what_is_odd_among_the_arguments_is_made_fit(make):
    """Broken text, numbers as tags and units that cannot be hashed are recorded as near as can be; nothing is lost."""
    rows = [
        make(),
        make(cohort="\ud800"),
        make(segment={"tier": 3, 5: "\ud800"}),
        make(unit=["not", "hashable"]),
        make(unit=831),
        make(unit="\ud800"),
        make(cohort=["not", "hashable"]),
    ]
    calls = packed(rows)
    assert [call.cohort for call in calls] == ["berlin", "\\ud800", *["berlin"] * 4, "['not', 'hashable']"]
    assert calls[2].segment == {"tier": "3", "5": "\\ud800"}
    assert calls[4].unit == pseudonym(KEY, "831")
    assert all(len(call.unit) == 32 for call in calls)
    assert calls[0].unit == calls[1].unit


def test_one_row_that_cannot_be_packed_takes_no_other_along():
    """A record that has no form on the wire is counted, and the rest of its group is recorded."""
    counters = Counters()
    rows = [row(), row(added_us=object()), row(segment={"a": Unshowable()}), row(call_id="b" * 32)]
    assert [call.call_id[0] for call in packed(rows, counters=counters)] == ["a", "b"]
    assert counters.totals() == {"unencodable": 2}
    assert len(packed([short(), short(cohort=Unshowable())], counters=counters)) == 1
    assert counters.totals() == {"unencodable": 3}


class Unshowable:
    """Something that cannot even be made text."""

    def __str__(self):
        raise RuntimeError


def test_a_value_that_is_too_long_is_left_out_and_counted():
    """A value of more than a mebibyte of JSON is not recorded; the call is."""
    counters = Counters()
    long = '"' + "x" * packing.VALUE_LETTERS_MAX + '"'
    for rows in (
        [row(), row(input=long, served=("candidate", "r", long, 1))],
        [short(), short(input=long.encode(), output=long.encode())],
    ):
        first, second = packed(rows, counters=counters)
        assert first.input == '"ticket"'
        assert (second.input, second.served.value, second.served.arm) == (None, None, "candidate")
    assert counters.totals() == {"too-large": 4}


def test_without_a_key_units_are_not_recorded():
    """When there is no pseudonym key, a unit is left out rather than recorded as it is."""
    counters = Counters()
    (call,) = packed([row()], units=False, counters=counters)
    assert (call.unit, counters.totals()) == ("", {"unit-without-key": 1})


def test_long_cohorts_are_cut_and_counted():
    """A cohort's name is cut to what the record holds."""
    counters = Counters()
    names = packing.Names(counters)
    assert (names[None], names["berlin"], names[7], len(names["x" * 300])) == ("", "berlin", "7", 200)
    assert counters.totals() == {"text-cut": 1}


def test_the_redactor_sees_everything_before_the_disk_does(opened, home):
    """Inputs, outputs, details and outcomes pass through the redactor; what is on disk is what it returned."""
    workload = opened()
    seen = []

    @workload.redact
    def mask(value, part):
        seen.append(part)
        return {"part": part}

    workload.incumbent(lambda ticket: Answer({"secret": 1}, detail="secret"))
    answer = workload.call({"name": "Zoë"}, unit="u")
    workload.feedback(answer.call_id, comment="secret")
    assert workload.flush(5)
    calls, outcomes = spooled(home)
    call = calls[answer.call_id]
    assert (call.input, call.served.value, call.served.detail) == (
        '{"part":"input"}',
        '{"part":"output"}',
        '{"part":"detail"}',
    )
    assert [outcome.value for outcome in outcomes.values()] == ['{"part":"outcome"}']
    assert sorted(seen) == ["detail", "input", "outcome", "output"]
    assert answer.value == {"secret": 1}


def test_what_the_redactor_fails_on_is_not_recorded(opened, home):
    """When the redactor raises, the value is left out and counted, and the call is recorded."""
    workload = opened()
    workload.incumbent(lambda ticket: "rules")

    @workload.redact
    def mask(value, part):
        if part != "output":
            raise ValueError(value)
        return value

    answer = workload.call({"name": "Zoë"})
    workload.outcome(answer.call_id, "label", "Zoë")
    assert workload.flush(5)
    calls, outcomes = spooled(home)
    assert (calls[answer.call_id].input, calls[answer.call_id].served.value, outcomes) == (None, '"rules"', {})
    assert workload.counters()["redaction-failed"] == 2


def test_scorers_give_every_execution_its_scores(served, server):
    """A scorer computes a metric from input and value of each arm's run, in the background."""
    workload = served("shadow")

    @workload.scorer("length")
    def length(ticket, value):
        return len(value) + len(ticket)

    @workload.scorer("broken")
    def broken(ticket, value):
        return math.inf if value == "rules" else 1 / 0

    answer = workload.call("ab")
    assert workload.flush(5)
    call = server.calls[answer.call_id]
    assert (call.served.scores, call.beside.scores) == ({"length": 7.0}, {"length": 7.0})
    assert workload.counters()["scorer-failed"] == 2


def test_the_bound_of_the_buffer_follows_the_size_of_rows():
    """The more a call weighs, the fewer may wait: a buffer holds about 64 MiB whatever it holds."""
    buffer = Buffer()
    for row_bytes, room in ((0, buffers.ROWS_MAX), (200, buffers.ROWS_MAX), (64_000, 1048), (10**9, buffers.ROWS_MIN)):
        buffer.fit(row_bytes)
        assert buffer.room == room
    assert buffer.group == 1


def test_weighed_rows_come_out_in_order_and_in_groups():
    """Rows are taken oldest first, about a megabyte at once, and refused when they weigh too much together."""
    rows = Weighed()
    third = buffers.GROUP_BYTES // 3 + 1
    assert all(rows.add(number, third) for number in range(5))
    assert [rows.take(), rows.take(), rows.take()] == [[0, 1, 2], [3, 4], []]
    assert rows.add("large", buffers.BYTES)
    assert not rows.add("more", 1)
    assert (len(rows), rows.take(), rows.add("again", 1)) == (1, ["large"], True)


def test_a_burst_beyond_the_first_buffer_takes_the_second(opened, home, monkeypatch):
    """When the short path's buffer is full for a moment, calls take the other one, and nothing is dropped."""
    workload = opened()
    workload.incumbent(lambda ticket: "rules")
    workload.call("first")
    assert workload.flush(5)
    go = threading.Event()
    monkeypatch.setattr(workload._engine.recorder, "_spool_all", lambda: go.wait(10) and 0)
    until(lambda: workload._engine.recorder._asked == workload._engine.recorder._done)
    workload._engine.recorder.calls.room = 10
    for number in range(25):
        assert workload.call(number).value == "rules"
    workload.call("in full", source="synthetic")
    monkeypatch.undo()
    go.set()
    assert workload.flush(5)
    calls, _ = spooled(home)
    assert len(calls) == 1 + 25 + 1
    assert "buffer-full" not in workload.counters()


def test_a_full_buffer_drops_and_counts(opened, home, monkeypatch):
    """When neither buffer has room, calls are answered, and their records counted as dropped."""
    workload = opened()
    workload.incumbent(lambda ticket: "rules")
    workload.call("first")
    assert workload.flush(5)
    monkeypatch.setattr(buffers, "BYTES", 0)
    workload._engine.recorder.calls.room = 0
    assert [workload.call(number).value for number in range(5)] == ["rules"] * 5
    workload.outcome("a" * 32, "label", 1)
    monkeypatch.undo()
    assert workload.flush(5)
    calls, outcomes = spooled(home)
    assert (len(calls), len(outcomes)) == (1, 0)
    counted = workload.counters()
    assert (counted["buffer-full"], counted["buffer-full-outcomes"]) == (5, 1)


def test_many_threads_record_every_call_once(opened, home):
    """However many threads call at once, every call is recorded exactly once, under an id of its own."""
    workload = opened()
    workload.incumbent(lambda number: number)
    ids: list[list[str]] = [[] for _ in range(8)]

    def work(mine):
        mine.extend(workload.call(number, unit=f"u{number}").call_id for number in range(500))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert workload.flush(10)
    made = [call_id for mine in ids for call_id in mine]
    assert len(set(made)) == 4000
    assert set(spooled(home)[0]) == set(made)


def test_a_replay_waits_for_room_instead_of_dropping(opened, home, monkeypatch):
    """A replayed call whose record has no room waits until there is some: nothing is lost, however fast it is."""
    monkeypatch.setattr(buffers, "ROWS_MAX", 20)
    workload = opened(source="replay")
    workload.incumbent(lambda ticket: "rules")
    for number in range(300):
        workload.call(number)
    assert workload.flush(5)
    calls, _ = spooled(home)
    assert len(calls) == 300
    assert "buffer-full" not in workload.counters()


def test_a_spool_that_is_too_large_takes_no_more(opened, home, monkeypatch):
    """Beyond its bound the spool takes nothing more; what is not kept is counted."""
    monkeypatch.setattr(recorder, "SPOOL_BYTES_MAX", 1)
    monkeypatch.setattr(recorder, "SWEEP_S", 0.0)
    workload = opened()
    workload.incumbent(lambda ticket: "rules")
    workload.call("kept")
    assert workload.flush(5)
    until(lambda: workload._engine.recorder._full)
    workload.call("not kept")
    assert workload.flush(5)
    calls, _ = spooled(home)
    assert [call.input for call in calls.values()] == ['"kept"']
    assert workload.counters()["spool-full"] == 1


def test_a_folder_that_cannot_be_written_loses_nothing_until_it_can(opened, home, tmp_path):
    """While the folder cannot be written, records are held; as soon as it can, they are on disk."""
    home.parent.mkdir(exist_ok=True)
    home.write_text("a file stands in the way")
    workload = opened()
    workload.incumbent(lambda ticket: "rules")
    answer = workload.call("ticket", unit="u")
    assert not workload.flush(0.2)
    assert workload.counters()["pending"] == 1
    home.unlink()
    assert until(lambda: workload.flush(1))
    calls, _ = spooled(home)
    assert list(calls) == [answer.call_id]


def test_calls_after_closing_are_answered_and_counted(opened, home):
    """Once a workload is closed, calls are still served; their records are counted as dropped."""
    workload = opened()
    workload.incumbent(lambda ticket: "rules")
    workload.call("before")
    assert workload.close(5)
    assert workload.call("after").value == "rules"
    assert workload.counters()["after-close"] == 1
    assert len(spooled(home)[0]) == 1


def test_counters_of_drops_travel_with_the_calls(opened, home):
    """What was dropped, and why, is in the spool too, so that whoever ingests it knows."""
    from pilotage.runtime.spool import read_segments  # noqa: PLC0415 - only here

    workload = opened()
    workload.incumbent(lambda ticket: "rules")
    workload.redact(lambda value, part: 1 / 0)
    workload.call("ticket")
    assert workload.flush(5)
    ((_, records),) = read_segments(home / "spool" / SLUG)
    assert records.counters == {"redaction-failed": 2}


@pytest.mark.parametrize("units", [3, 70_000])
def test_pseudonyms_are_remembered_within_a_bound(units):
    """Pseudonyms are remembered, but not without end."""
    known = Pseudonyms(KEY)
    made = [known[f"u{number}"] for number in range(units)]
    assert made[0] == pseudonym(KEY, "u0") == known["u0"]
    assert len(known) <= 65_536


@given(st.integers(0, 2**40))
def test_an_arm_that_ran_always_took_a_time(took_ns):
    """Latency is recorded as microseconds begun on both paths: 0 is kept for what nobody measured."""
    fast, whole = packed([short(took_ns=took_ns)]), packed([packing.whole(short(took_ns=took_ns))])
    assert fast == whole
    assert fast[0].served.latency_us == max(1, -(-took_ns // 1000))
