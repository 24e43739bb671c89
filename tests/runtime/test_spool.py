"""Segments on disk: what was written is read back, whatever happened to the process, the machine or the file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.runtime import framing, ownership, spool
from pilotage.runtime.framing import CALLS, COUNTERS, OUTCOMES, Damaged, Frame, Origin
from pilotage.runtime.records import PackedCall, PackedExecution, PackedOutcome
from pilotage.runtime.spool import Spool, acknowledge, read_segments

ROOT = Path(__file__).parents[2]
ORIGIN = Origin(workload="ticket-triage", runtime="a1b2")


def calls(*numbers):
    """A frame of calls."""
    rows = [
        PackedCall(call_id=f"{number:032x}", at_us=number, served=PackedExecution(arm="incumbent"))
        for number in numbers
    ]
    return msgspec.msgpack.encode(rows)


def outcomes(*numbers):
    """A frame of outcomes."""
    rows = [
        PackedOutcome(outcome_id=f"{n:032x}", call_id=f"{n:032x}", name="label", value="true", at_us=n) for n in numbers
    ]
    return msgspec.msgpack.encode(rows)


def numbers(folder):
    """The calls in a folder, by number, in the order they are read."""
    return [call.at_us for _, records in read_segments(folder) for call in records.calls]


@pytest.fixture
def writing(tmp_path):
    """Opens spools in one folder, and closes those that were not."""
    spools = []

    def write(closed_as=".seg", runtime="a1b2"):
        spools.append(Spool(tmp_path / "s", Origin(workload="ticket-triage", runtime=runtime), closed_as=closed_as))
        return spools[-1]

    yield write
    for one in spools:
        if one._claim.path.exists():
            one.close()


def test_what_is_written_is_read(writing, tmp_path):
    """Calls, outcomes and counters come back from the segment with who wrote them."""
    one = writing()
    one.append(CALLS, calls(1, 2))
    one.append(OUTCOMES, outcomes(3))
    one.append(COUNTERS, msgspec.msgpack.encode({"buffer-full": 4}))
    path = one.rotate()
    ((found, records),) = read_segments(tmp_path / "s")
    assert found == path
    assert (records.workload, records.runtime, records.counters) == ("ticket-triage", "a1b2", {"buffer-full": 4})
    assert [call.at_us for call in records.calls] == [1, 2]
    assert [outcome.at_us for outcome in records.outcomes] == [3]


def test_an_open_segment_of_a_living_runtime_is_left_alone(writing, tmp_path):
    """What a runtime is still writing, or sends itself, is not for the reader of the folder."""
    one, sending = writing(), writing(".out", "c3d4")
    one.append(CALLS, calls(1))
    sending.append(CALLS, calls(2))
    sending.rotate()
    assert numbers(tmp_path / "s") == []
    one.rotate()
    assert numbers(tmp_path / "s") == [1]


def test_segments_are_read_again_until_they_are_acknowledged(writing, tmp_path):
    """Reading changes nothing; acknowledging removes the segment, and doing so twice is no error."""
    one = writing()
    for number in (1, 2):
        one.append(CALLS, calls(number))
        one.rotate()
    assert numbers(tmp_path / "s") == numbers(tmp_path / "s") == [1, 2]
    (first, _), *_ = read_segments(tmp_path / "s")
    acknowledge(first)
    acknowledge(first)
    assert numbers(tmp_path / "s") == [2]
    assert [path.name for path in one.waiting()] == ["a1b2-00000002.seg"]


def test_nothing_written_makes_no_segment(writing, tmp_path):
    """Rotating and closing an empty spool leaves no file behind."""
    one = writing()
    assert one.rotate() is None
    one.close()
    assert list((tmp_path / "s").iterdir()) == []


def test_a_dead_runtimes_segments_are_anybodys(tmp_path):
    """What a killed process left open or unsent is read; once it is taken, no trace of the process stays."""
    folder = tmp_path / "s"
    script = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from tests.runtime.test_spool import ORIGIN, CALLS, Spool, calls
spool = Spool(Path({str(folder)!r}), ORIGIN, closed_as=".out")
spool.append(CALLS, calls(1))
spool.rotate()
spool.append(CALLS, calls(2))
spool.append(CALLS, calls(3))
os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert numbers(folder) == [1, 2, 3]
    for path, records in list(read_segments(folder)):
        assert not records.damage
        acknowledge(path)
    assert list(folder.iterdir()) == []


def segment(*frames):
    """The bytes of a segment."""
    return framing.header(ORIGIN) + b"".join(b"".join(framing.framed(kind, payload)) for kind, payload in frames)


@given(st.data())
def test_a_torn_write_costs_only_what_was_torn(data):
    """Wherever a segment ends early, the whole frames before that are read, and that it is torn is known."""
    groups = data.draw(st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=1, max_size=4))
    whole = segment(*((CALLS, calls(*group)) for group in groups))
    cut = data.draw(st.integers(0, len(whole)))
    records = spool._read(whole[:cut], complete=False)
    expected, end = [], len(framing.header(ORIGIN))
    for group in groups:
        end += len(b"".join(framing.framed(CALLS, calls(*group))))
        if end <= cut:
            expected += group
    assert [call.at_us for call in records.calls] == expected
    assert records.damage == ""


@given(st.data())
def test_a_changed_byte_is_noticed(data):
    """A byte that changed on the disk never changes a record: its frame is refused, and those before it read."""
    whole = segment((CALLS, calls(1, 2)), (CALLS, calls(3)))
    place = data.draw(st.integers(len(framing.MAGIC), len(whole) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[place]))
    records = spool._read(whole[:place] + bytes([value]) + whole[place + 1 :])
    assert [call.at_us for call in records.calls] in ([], [1, 2])
    assert records.damage


def test_damage_is_said_and_the_file_is_kept(writing, tmp_path):
    """A damaged segment's whole part is read, and acknowledging it sets the file aside with the reason."""
    one = writing()
    one.append(CALLS, calls(1))
    one.append(CALLS, calls(2))
    path = one.rotate()
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    ((_, records),) = read_segments(tmp_path / "s")
    assert [call.at_us for call in records.calls] == [1]
    assert "checksum" in records.damage
    acknowledge(path, damage=records.damage)
    aside = tmp_path / "s" / "refused" / path.name
    assert aside.exists()
    assert "checksum" in aside.with_name(f"{path.name}.reason").read_text()
    assert numbers(tmp_path / "s") == []


@pytest.mark.parametrize("data", [b"something else entirely", b"PLTGSEG2" + b"x" * 50])
def test_a_file_that_is_no_segment_is_damaged(data):
    """A file that does not begin as a segment does is not taken for an empty one."""
    assert spool._read(data).damage


def test_a_frame_that_does_not_hold_what_it_says_is_damaged():
    """Whole bytes of the wrong kind are damage too."""
    records = spool._read(segment((CALLS, calls(1)), (CALLS, b"\x93\x01\x02\x03")))
    assert [call.at_us for call in records.calls] == [1]
    assert "frame" in records.damage


def test_a_write_that_the_disk_cut_short_is_taken_back(writing, tmp_path, monkeypatch):
    """When the disk takes only a part of a frame, the part is removed, so that the next frame can be read."""
    one = writing()
    one.append(CALLS, calls(1))
    monkeypatch.setattr(spool, "_write", lambda descriptor, parts: os.write(descriptor, parts[0]))
    with pytest.raises(OSError, match="bytes could be written"):
        one.append(CALLS, calls(2))
    monkeypatch.undo()
    one.append(CALLS, calls(3))
    one.rotate()
    assert numbers(tmp_path / "s") == [1, 3]


def test_one_refused_record_is_kept_with_its_reason(writing, tmp_path):
    """What a server will not take is set aside as a segment of its own, which can be read."""
    one = writing()
    one.append(CALLS, calls(1))
    kept = spool.refuse_frame(one.rotate(), "0a", ORIGIN, Frame(CALLS, calls(7)), "422: no")
    assert [call.at_us for call in spool._read(kept.read_bytes()).calls] == [7]
    assert kept.with_name(f"{kept.name}.reason").read_text() == "422: no\n"
    assert numbers(tmp_path / "s") == [1]


def test_a_runtime_is_alive_as_long_as_it_holds_its_claim(tmp_path):
    """Whether a runtime lives is known by its lock, not by its last write."""
    assert not ownership.is_alive(tmp_path, "a1b2")
    claim = ownership.Claim(tmp_path, "a1b2")
    assert ownership.is_alive(tmp_path, "a1b2")
    claim.release()
    assert not ownership.is_alive(tmp_path, "a1b2")
    (tmp_path / "c3d4.lock").touch()
    assert not ownership.is_alive(tmp_path, "c3d4")


def test_a_segment_that_another_reader_took_is_passed_over(writing, tmp_path):
    """Two readers may meet in a folder; the second finds the file gone and goes on."""
    one = writing()
    for number in (1, 2, 3):
        one.append(CALLS, calls(number))
        one.rotate()
    seen = []
    for path, records in read_segments(tmp_path / "s"):
        seen += [call.at_us for call in records.calls]
        for other in one.waiting()[:2]:
            acknowledge(other)
        acknowledge(path)
    assert seen == [1, 3]


def test_parsing_says_where_the_bytes_stop_making_sense():
    """The parser gives every frame before the fault, then raises, telling torn from changed."""
    origin, frames = framing.parse(segment((CALLS, b"abc"), (OUTCOMES, b"d"))[:-1])
    assert origin == ORIGIN
    assert next(frames) == Frame(CALLS, b"abc")
    with pytest.raises(Damaged) as caught:
        next(frames)
    assert caught.value.torn
