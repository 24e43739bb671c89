"""Projections that are interrupted, and the packed sums that they are made of."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.storage.call_reference import reference
from tests.storage.call_samples import LATE, START, any_call, any_outcome, call, outcome, plan
from tests.storage.call_store_contract import W, assert_same_sums, total
from tests.storage.calls.test_segment_files import allow, refuse

from pilotage.evidence.sums import Totals, UnitSum
from pilotage.storage.calls import EmbeddedCallStore, accumulators, projector
from pilotage.storage.calls.accumulators import Change, merge, merge_blocks, sums_in, taken_out
from pilotage.storage.calls.connection import DATABASE
from pilotage.storage.calls.folding import bin_end_us, wait_bin
from pilotage.storage.calls.packing import WINDOW, Rows, packed, unpacked
from pilotage.storage.calls.schema import PACKED_SUMS
from pilotage.storage.errors import StorageRefused, StorageUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the store is."""
    return tmp_path / "store"


@pytest.fixture
def store(folder: Path) -> Iterator[EmbeddedCallStore]:
    """A store that flushes every twenty calls."""
    with EmbeddedCallStore(folder, flush_rows=20) as opened:
        yield opened


def test_a_step_that_fails_leaves_no_part_of_itself(store: EmbeddedCallStore, folder: Path):
    """Sums and cursor move together or not at all, and the next projection does the step once."""
    store.append_calls(W, [call(n, unit=f"u{n % 4}") for n in range(10)])
    store.project(W, plan(), START)
    before = store.totals(W), store.days(W), store.traffic(W)
    store.append_calls(W, [call(n, unit=f"u{n % 4}", segment={"language": "de"}) for n in range(10, 30)])
    refuse(folder, "INSERT ON tallies")
    with pytest.raises(StorageUnavailable):
        store.project(W, plan(), START)
    assert (store.totals(W), store.days(W), store.traffic(W)) == before
    allow(folder)
    assert store.project(W, plan(), START) == 20
    sent = [call(n, unit=f"u{n % 4}", segment={"language": "de"} if n >= 10 else {}) for n in range(30)]
    assert_same_sums(store, reference(plan(), sent, [], START))


def test_a_rebuild_is_seen_when_it_is_complete(store: EmbeddedCallStore, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """While a new plan's sums are built, and when that is interrupted, the old ones are shown; then it goes on."""
    monkeypatch.setattr(projector, "CALLS_PER_STEP", 10)
    rng = Random(5)
    sent = [any_call(rng, n) for n in range(70)]
    learned = [any_outcome(rng, 1000 + n, rng.choice(sent)) for n in range(60)]
    store.append_calls(W, sent[:45])
    store.append_calls(W, sent[45:])
    store.append_outcomes(W, learned)
    store.project(W, plan(), LATE)
    old = store.totals(W), store.bets(W), store.days(W), store.traffic(W)
    changed = plan(segments=())
    refuse(folder, "UPDATE OF call_number ON projections WHEN NEW.call_number > 40")
    with pytest.raises(StorageUnavailable):
        store.project(W, changed, LATE)
    assert (store.totals(W), store.bets(W), store.days(W), store.traffic(W)) == old
    allow(folder)
    assert 0 < store.project(W, changed, LATE) < len(sent)
    assert_same_sums(store, reference(changed, sent, learned, LATE))


def test_many_late_labels_are_taken_in_steps(store: EmbeddedCallStore, monkeypatch: pytest.MonkeyPatch):
    """Labels of calls in many segments come in over several steps, each call's once."""
    monkeypatch.setattr(projector, "OUTCOMES_PER_STEP", 7)
    sent = [call(n, unit=f"u{n % 9}", hours=n / 10) for n in range(100)]
    learned = [outcome(1000 + n, (n * 37) % 100, hours=20) for n in range(100)]
    for start in range(0, 100, 20):
        store.append_calls(W, sent[start : start + 20])
    store.project(W, plan(), START)
    store.append_outcomes(W, learned)
    assert store.project(W, plan(), LATE) == 100
    assert_same_sums(store, reference(plan(), sent, learned, LATE))


def test_several_segments_are_taken_in_one_step(folder: Path):
    """A backlog of several segments is one step as far as it fits in one, and sums as if it had come call by call."""
    sent = [call(n, unit=f"u{n % 5}", hours=n / 10) for n in range(300)]
    with EmbeddedCallStore(folder, flush_rows=60) as store:
        for start in range(0, 300, 60):
            store.append_calls(W, sent[start : start + 60])
        refuse(folder, "UPDATE OF call_number ON projections WHEN NEW.call_number NOT IN (0, 300)")
        assert store.project(W, plan(), LATE) == 300
        assert_same_sums(store, reference(plan(), sent, [], LATE))


def test_a_step_takes_no_more_segments_than_it_may(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """A step ends before the segment that would make it too long, and the next one goes on there."""
    monkeypatch.setattr(projector, "CALLS_PER_STEP", 650)
    monkeypatch.setattr(projector, "MANY", 1)
    sent = [call(n, unit=f"u{n % 5}", hours=n / 10) for n in range(900)]
    with EmbeddedCallStore(folder, flush_rows=300) as store:
        for start in range(0, 900, 300):
            store.append_calls(W, sent[start : start + 300])
        refuse(folder, "UPDATE OF call_number ON projections WHEN NEW.call_number NOT IN (0, 600, 900)")
        assert store.project(W, plan(), LATE) == 900
        assert_same_sums(store, reference(plan(), sent, [], LATE))


def test_an_unknown_time_zone_is_refused(store: EmbeddedCallStore):
    """A plan whose days nobody can tell is refused by name."""
    store.append_calls(W, [call(1)])
    with pytest.raises(StorageRefused, match="Mars/Olympus"):
        store.project(W, plan(time_zone="Mars/Olympus"), START)


def test_a_plan_read_back_is_the_same_plan(store: EmbeddedCallStore):
    """Whole numbers given where a plan has fractions do not make it another plan."""
    store.append_calls(W, [call(1)])
    store.project(W, plan(unit_window_hours=48), START)
    store.append_calls(W, [call(2)])
    assert store.project(W, plan(unit_window_hours=48.0), START) == 1
    assert total(store, "errors", "paired").n == 2


sums = st.tuples(
    st.integers(0, 3), st.integers(0, 4), st.floats(-50, 50, allow_subnormal=False), st.floats(-50, 50, width=32)
)


@given(st.lists(st.lists(sums, max_size=12), min_size=1, max_size=4))
def test_packed_sums_are_the_sums(batches: list[list[tuple[int, int, float, float]]]):
    """Merged batch by batch, units' blobs hold their sums and the moments add up to their totals."""
    blobs = [b"", b"", b"", b""]
    plain: dict[tuple[int, int], list[float]] = {}
    moments: dict[int, list[float]] = {}
    for batch in batches:
        change = Change()
        for unit, series, y, z in batch:
            change.flat += (unit, series, 0, 1.0, y, z)
            kept = plain.setdefault((unit, series), [0.0, 0.0, 0.0])
            kept[:] = kept[0] + 1, kept[1] + y, kept[2] + z
        merged = merge(blobs, change.rows())
        blobs = merged.blobs
        for series, row in zip(merged.series, merged.moments.tolist(), strict=True):
            so_far = moments.get(series, [0.0] * len(row))
            moments[series] = [a + b for a, b in zip(so_far, row, strict=True)]
    for unit, blob in enumerate(blobs):
        held = sums_in(blob)
        assert held.keys() == {number for owner, number in plain if owner == unit}
        for number, kept in held.items():
            assert kept == pytest.approx(plain[unit, number])
    for series, row in moments.items():
        want = Totals()
        for (_, number), unit_sums in plain.items():
            want += Totals.of(UnitSum(*unit_sums)) if number == series else Totals()
        fields = [getattr(want, name) for name in Totals.__struct_fields__]
        assert row == pytest.approx(fields, rel=1e-9, abs=1e-6)
    gone = merge([blobs[0]], taken_out(blobs[0]))
    assert gone.blobs == [b""]


values = st.one_of(st.sampled_from([0.0, 1.0, -3.0, 32767.0, 32768.0, -32768.0, -32769.0, 0.25]), st.floats())
some_rows = st.dictionaries(
    st.tuples(st.integers(0, 5), st.sampled_from([0, 1, 2, 300, 0x7FFE, 0x7FFF, 70_000]), st.sampled_from([0, WINDOW])),
    st.tuples(st.one_of(st.integers(1, 3), st.sampled_from([65_535, 65_536, 2.5, 1e300])), values, values),
    max_size=30,
)


@given(some_rows)
def test_a_packed_row_is_exactly_what_it_was(given_rows: dict[tuple[int, int, int], tuple[float, float, float]]):
    """Whatever the numbers are, whole or not, short or not: each row comes back as it was, with its unit and series."""
    keys = sorted((unit, series | window) for unit, series, window in given_rows)
    told = [(*key, *map(float, given_rows[key[0], key[1] & ~WINDOW, key[1] & WINDOW])) for key in keys]
    units, series, *kept = (np.array([row[place] for row in told]) for place in range(5))
    blobs = packed(Rows(units.astype(np.int64), series.astype(np.int64), *(x.astype(np.float64) for x in kept)), 6)
    back = unpacked(blobs)
    names = ("owners", "series", "n", "y", "z")
    found = sorted(zip(*(getattr(back, name).tolist() for name in names), strict=True))
    assert [_said(row) for row in found] == [_said(row) for row in told]
    assert [blob == b"" for blob in blobs] == [unit not in units.tolist() for unit in range(6)]


def _said(row: tuple[float, ...]) -> tuple[str, ...]:
    """A row to the last bit; nothing has no sign, and NaN is itself."""
    return tuple(repr(number or type(number)(0)) for number in row)


def _as_records(blob: bytes) -> bytes:
    """A unit's sums as the schema before wrote them: one record after the other, each in full."""
    rows = unpacked([blob])
    records = np.empty(len(rows.n), [("series", "<u4"), ("n", "<f8"), ("y", "<f8"), ("z", "<f8")])
    for name in records.dtype.names or ():
        records[name] = getattr(rows, name)
    return records.tobytes()


def test_sums_of_the_schema_before_are_taken_over(folder: Path):
    """Units' sums as they were written before go on where they stood, without the calls being read again."""
    sent = [call(n, unit=f"u{n % 7}", hours=n / 5) for n in range(120)]
    learned = [outcome(1000 + n, n, hours=30) for n in range(0, 120, 2)]
    with EmbeddedCallStore(folder) as store:
        store.append_calls(W, sent[:80])
        store.append_outcomes(W, learned[:30])
        store.project(W, plan(), START)
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as connection:
        connection.create_function("as_records", 1, _as_records)
        connection.execute("UPDATE units SET sums = as_records(sums) WHERE length(sums) > 0")
        connection.executescript(PACKED_SUMS)
    with EmbeddedCallStore(folder) as store:
        store.append_calls(W, sent[80:])
        store.append_outcomes(W, learned[30:])
        assert store.project(W, plan(), LATE) == 40 + 30
        assert_same_sums(store, reference(plan(), sent, learned, LATE))


def test_a_share_of_calls_alone_takes_four_bytes():
    """Most sums of a share are of calls alone: they are kept in a number for the series and one for the calls."""
    rows = Rows(np.zeros(40, dtype=np.int64), np.arange(40), np.full(40, 5.0), np.zeros(40), np.zeros(40))
    assert len(packed(rows, 1)[0]) == 8 + 40 * 4


def test_units_merged_some_at_a_time_are_merged_as_all_at_once(monkeypatch: pytest.MonkeyPatch):
    """How many units are taken at a time changes neither their sums nor, beyond rounding, the totals."""
    draw = np.random.default_rng(3)
    blobs, blocks = [b""] * 50, []
    for _ in range(6):
        owners = np.sort(draw.integers(0, 50, 400))
        blocks.append(Rows(owners, draw.integers(0, 9, 400), np.ones(400), *draw.normal(size=(2, 400))))
    whole = merge_blocks(blobs, blocks)
    monkeypatch.setattr(accumulators, "UNITS_AT_ONCE", 7)
    parts = merge_blocks(blobs, blocks)
    assert (parts.blobs, parts.series) == (whole.blobs, whole.series)
    assert parts.moments == pytest.approx(whole.moments, rel=1e-12, abs=1e-12)


@given(st.integers(0, 2**50))
def test_waits_are_binned_finely(wait_us: int):
    """A wait lies in its bin, whose upper edge is at most a sixteenth above it, and bins follow on one another."""
    number = wait_bin(wait_us)
    end = bin_end_us(number)
    assert wait_us <= end <= wait_us + wait_us // 16
    assert wait_bin(end) == number
    assert wait_bin(end + 1) == number + 1
