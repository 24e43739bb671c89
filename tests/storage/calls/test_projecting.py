"""Projections that are interrupted, and the packed sums that they are made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.storage.call_reference import reference
from tests.storage.call_samples import LATE, START, any_call, any_outcome, call, outcome, plan
from tests.storage.call_store_contract import W, assert_same_sums, total
from tests.storage.calls.test_segment_files import allow, refuse

from pilotage.evidence.sums import Totals, UnitSum
from pilotage.storage.calls import EmbeddedCallStore, projector
from pilotage.storage.calls.accumulators import Change, merge, sums_in, taken_out
from pilotage.storage.calls.folding import bin_end_us, wait_bin
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


@given(st.integers(0, 2**50))
def test_waits_are_binned_finely(wait_us: int):
    """A wait lies in its bin, whose upper edge is at most a sixteenth above it, and bins follow on one another."""
    number = wait_bin(wait_us)
    end = bin_end_us(number)
    assert wait_us <= end <= wait_us + wait_us // 16
    assert wait_bin(end) == number
    assert wait_bin(end + 1) == number + 1
