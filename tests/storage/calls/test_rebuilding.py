"""Many segments are summed up in one step, by DuckDB, with the sums of a single pass in plain Python."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path
from random import Random

import pytest
from tests.storage.call_reference import label_bases, reference
from tests.storage.call_samples import LATE, START, any_call, any_outcome, plan
from tests.storage.call_store_contract import W, assert_same_bases, assert_same_sums

from pilotage.evidence.plan import MeasurementPlan
from pilotage.runtime.records import Call, Outcome
from pilotage.storage.calls import EmbeddedCallStore, projector, rebuilding

CALLS, LABELS = 120, 150


def filled(folder: Path, seed: int) -> tuple[list[Call], list[Outcome]]:
    """A store with a dozen segments, and what is in it."""
    rng = Random(seed)
    sent = [any_call(rng, number) for number in range(CALLS)]
    learned = [any_outcome(rng, 1000 + number, rng.choice(sent)) for number in range(LABELS)]
    with EmbeddedCallStore(folder, flush_rows=10) as store:
        for start in range(0, CALLS, 10):
            store.append_calls(W, sent[start : start + 10])
        store.append_outcomes(W, learned)
    return sent, learned


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch):
    """Steps take many segments from two on, with bounds so low that each of them is met."""
    monkeypatch.setattr(projector, "MANY", 1)
    monkeypatch.setattr(projector, "SEGMENTS_MANY", 2)
    monkeypatch.setattr(rebuilding, "SEGMENTS_AT_ONCE", 3)
    monkeypatch.setattr(rebuilding, "UNITS_AT_ONCE", 4)
    monkeypatch.setattr(rebuilding, "CELLS_MAX", 5)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("units_max", [10, 1000])
def test_the_sums_are_those_of_plain_python(tmp_path: Path, seed: int, units_max: int, monkeypatch: pytest.MonkeyPatch):
    """In one step or, where memory allows fewer units, in several."""
    monkeypatch.setattr(rebuilding, "UNITS_MAX", units_max)
    sent, learned = filled(tmp_path / "store", seed)
    with EmbeddedCallStore(tmp_path / "store") as store:
        for windows in (plan(), plan(segments=(), unit_window_hours=48.0)):
            store.project(W, windows, LATE)
            assert_same_sums(store, reference(windows, sent, learned, LATE))
            assert_same_bases(store, label_bases(windows, sent, learned))


@pytest.mark.usefixtures("at_once")
def test_what_is_counted_is_what_steps_call_by_call_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Traffic, coverage and shadowing are the same on every path."""
    filled(tmp_path / "one", 4)
    filled(tmp_path / "other", 4)
    figures = []
    for name in ("one", "other"):
        with EmbeddedCallStore(tmp_path / name) as store:
            store.project(W, plan(), LATE)
            figures.append((store.traffic(W), store.coverage(W), store.shadow(W)))
        monkeypatch.setattr(projector, "MANY", 1_000_000)
    assert figures[0] == figures[1]


def killed_midway(folder: Path, windows: MeasurementPlan) -> None:
    """Begins to sum everything up and dies when part of the units is written."""
    projector.MANY, projector.SEGMENTS_MANY, rebuilding.UNITS_AT_ONCE = 1, 2, 2
    whole = projector.write_unit_sums
    written = 0

    def dying(*given: object, **named: object) -> None:
        nonlocal written
        whole(*given, **named)  # type: ignore[arg-type]
        written += 1
        if written > 1:
            os.kill(os.getpid(), signal.SIGKILL)

    projector.write_unit_sums = dying  # type: ignore[assignment]
    with EmbeddedCallStore(folder) as store:
        store.project(W, windows, LATE)


@pytest.mark.usefixtures("at_once")
def test_killed_in_the_middle_nothing_is_lost_or_doubled(tmp_path: Path):
    """The old plan's sums are shown until a process that lives has made the new ones, each call's share once."""
    folder = tmp_path / "store"
    sent, learned = filled(folder, 5)
    with EmbeddedCallStore(folder) as store:
        store.project(W, plan(), LATE)
        old = store.totals(W), store.bets(W), store.days(W)
    changed = plan(segments=())
    process = multiprocessing.get_context("spawn").Process(target=killed_midway, args=(folder, changed))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    with EmbeddedCallStore(folder) as store:
        assert (store.totals(W), store.bets(W), store.days(W)) == old
        assert store.project(W, changed, START) > 0
        store.project(W, changed, LATE)
        assert_same_sums(store, reference(changed, sent, learned, LATE))


def test_few_segments_are_taken_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """DuckDB is not started for what is taken in quickly without it."""
    monkeypatch.setattr(projector, "Rebuild", None)
    sent, learned = filled(tmp_path / "store", 6)
    with EmbeddedCallStore(tmp_path / "store") as store:
        store.project(W, plan(), START)
        assert_same_sums(store, reference(plan(), sent, learned, START))
