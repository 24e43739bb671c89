"""Durable ingestion by the embedded call store, and keeping the sums: rows per second of processor time.

Run: python bench/ingestion.py [--calls N] [--folder FOLDER]. The folder decides: put it on the disk that the store will
use. Batches are decoded from the wire right before they are appended, as a server does; decoding is timed apart. Beside
the store it times bare SQLite, which inserts the same packed rows in the same batches and does nothing else.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import os
import platform
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import msgspec

from pilotage.evidence.betting import bets_for
from pilotage.evidence.plan import MeasurementPlan
from pilotage.playbook.metrics import (
    AnswerEquals,
    ErrorShare,
    Guardrail,
    LabelCost,
    LabelMatch,
    Latency,
    Metric,
    Target,
)
from pilotage.runtime.records import PackedCall, PackedExecution, PackedOutcome
from pilotage.storage.calls import EmbeddedCallStore

SLUG = "desk"
START_US = 1_700_000_000_000_000
# Before, after the label window, and after the units' windows.
EARLY, CLOSED, LATE = (dt.datetime(2023, 11, day, tzinfo=dt.UTC) for day in (15, 19, 30))
CALLS = 100_000
ROUNDS = 3
BATCHES = (500, 1_000, 5_000)
UNITS = 20_000

decode_calls = msgspec.msgpack.Decoder(list[PackedCall]).decode
decode_outcomes = msgspec.msgpack.Decoder(list[PackedOutcome]).decode
encode = msgspec.msgpack.Encoder().encode


def packed_call(rng: random.Random, number: int) -> PackedCall:
    """A shadow pair with an input of ordinary size."""
    features = {
        "carrier": rng.choice(["UA", "B6", "EV"]),
        "flight": rng.randrange(4_000),
        "origin": "JFK",
        "dest": "LAX",
        "hour": rng.randrange(24),
        "wind_kmh": round(rng.random() * 60, 1),
        "history": round(rng.random(), 4),
    }
    incumbent, candidate = rng.random(), rng.random()
    return PackedCall(
        call_id=f"{number >> 18:024x}{number:08x}",
        at_us=START_US + number * 20_000,
        unit=f"{rng.randrange(UNITS):032x}",
        mode="shadow",
        stage="shadow/1",
        source="replay",
        input=msgspec.json.encode(features).decode(),
        added_us=rng.randrange(40),
        served=PackedExecution(arm="incumbent", value=answer(incumbent), latency_us=9, confidence=incumbent),
        beside=PackedExecution(
            arm="candidate", release="2026.11.2", value=answer(candidate), latency_us=180, confidence=candidate
        ),
    )


def answer(risk: float) -> str:
    """An answer that is an object."""
    return f'{{"warn":{"true" if risk > 0.7 else "false"},"risk":{risk:.4f}}}'


def packed_outcome(rng: random.Random, number: int) -> PackedOutcome:
    """The label of the call of that number, a few hours later."""
    call = f"{number >> 18:024x}{number:08x}"
    return PackedOutcome(
        outcome_id=f"{number:032x}",
        call_id=call,
        name="label",
        value="true" if rng.random() > 0.75 else "false",
        at_us=START_US + number * 20_000 + 4 * 3_600_000_000,
    )


def measurement_plan() -> MeasurementPlan:
    """Five metrics on shadow pairs: two wait for the label."""
    share = {"kind": "proportion", "unit": "share", "direction": "lower"}
    metrics = (
        Metric(
            id="cost",
            title="Cost per flight",
            unit="USD",
            direction="lower",
            kind="mean",
            source=LabelCost(costs={"true": {"false": 8.0}, "false": {"true": 30.0}}, answer_field="warn"),
            hi=30.0,
            shift=6.0,
        ),
        Metric(id="right", title="Right", source=LabelMatch(answer_field="warn"), **(share | {"direction": "higher"})),
        Metric(id="slow", title="Slow", source=Latency(limit_ms=50.0), **share),
        Metric(id="errors", title="Errors", source=ErrorShare(), **share),
        Metric(id="warned", title="Warned", source=AnswerEquals(equals="true", answer_field="warn"), **share),
    )
    target = Target(
        metric="cost",
        form="share",
        baseline=6.0,
        floor=0.02,
        target=0.1,
        expected=0.15,
        calls_per_week=5_000,
        deviation=9.0,
    )
    guardrails = (Guardrail(metric="slow", limit=0.01), Guardrail(metric="errors", margin=0.01))
    plan = MeasurementPlan(metrics=metrics, target=target, guardrails=guardrails, counted_sources=("replay",))
    return msgspec.structs.replace(plan, bets=bets_for(plan))


def wire(rows: int, batch: int, make: object, seed: int = 7) -> Iterator[bytes]:
    """Batches as they come over the network."""
    rng = random.Random(seed)
    for start in range(0, rows, batch):
        yield encode([make(rng, number) for number in range(start, min(start + batch, rows))])


def bare_sqlite(folder: Path, batches: list[bytes]) -> float:
    """Processor seconds of bare inserts of the same rows."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE calls (id BLOB PRIMARY KEY, packed BLOB) WITHOUT ROWID")
    used = 0.0
    for content in batches:
        calls = decode_calls(content)
        began = time.process_time()
        connection.execute("BEGIN IMMEDIATE")
        rows = [(bytes.fromhex(call.call_id), encode(call)) for call in calls]
        connection.executemany("INSERT OR IGNORE INTO calls VALUES (?, ?)", rows)
        connection.execute("COMMIT")
        used += time.process_time() - began
    connection.close()
    return used


def appended(store: EmbeddedCallStore, batches: list[bytes]) -> dict[str, float]:
    """Processor seconds of decoding and of appending, and each append's milliseconds."""
    decoding = appending = 0.0
    latencies_ms = []
    for content in batches:
        began = time.process_time()
        calls = decode_calls(content)
        decoded, start = time.process_time(), time.perf_counter()
        store.append_calls(SLUG, calls)
        latencies_ms.append((time.perf_counter() - start) * 1e3)
        appending += time.process_time() - decoded
        decoding += decoded - began
    return {
        "decoding": decoding,
        "appending": appending,
        "median ms": statistics.median(latencies_ms),
        "max ms": max(latencies_ms),
    }


def one_round(folder: Path, calls: int) -> dict[str, float]:
    """Every figure once."""
    figures: dict[str, float] = {}
    for size in BATCHES:
        batches = list(wire(calls, size, packed_call))
        gc.collect()
        inner = folder / str(size)
        inner.mkdir()
        figures[f"bare SQLite, batches of {size}: rows/CPU-s"] = calls / bare_sqlite(inner, batches)
        with EmbeddedCallStore(inner / "store") as store:
            taken = appended(store, batches)
        figures[f"append, batches of {size}: rows/CPU-s"] = calls / taken["appending"]
        figures[f"append with decoding, batches of {size}: rows/CPU-s"] = calls / (
            taken["appending"] + taken["decoding"]
        )
        figures[f"append, batches of {size}: median ms"] = taken["median ms"]
        figures[f"append, batches of {size}: max ms (writes a segment)"] = taken["max ms"]
    return figures | projected(folder, calls)


def projected(folder: Path, calls: int) -> dict[str, float]:
    """Keeping the sums: of new calls as they come, then of their labels."""
    batches, labels = list(wire(calls, 2_500, packed_call)), list(wire(calls, 2_500, packed_outcome))
    plan = measurement_plan()
    figures = {}
    gc.collect()
    with EmbeddedCallStore(folder / "projected") as store:
        used = 0.0
        for content in batches:
            store.append_calls(SLUG, decode_calls(content))
            began = time.process_time()
            store.project(SLUG, plan, EARLY)
            used += time.process_time() - began
        figures["project, 5 metrics on pairs: calls/CPU-s"] = calls / used
        began = time.process_time()
        for content in labels:
            store.append_outcomes(SLUG, decode_outcomes(content))
        figures["append outcomes, with decoding: rows/CPU-s"] = calls / (time.process_time() - began)
        began = time.process_time()
        store.project(SLUG, plan, EARLY)
        figures["project their labels: labels/CPU-s"] = calls / (time.process_time() - began)
        began = time.process_time()
        store.project(SLUG, plan, CLOSED)
        figures["project 2 metrics whose label window closed: calls/CPU-s"] = calls / (time.process_time() - began)
        began = time.process_time()
        store.project(SLUG, plan, LATE)
        figures["place the bets of closed units: units/CPU-s"] = units_in(store) / (time.process_time() - began)
        idle = []
        for _ in range(20):
            start = time.perf_counter()
            store.project(SLUG, plan, LATE)
            idle.append((time.perf_counter() - start) * 1e3)
        figures["project when nothing came: median ms"] = statistics.median(idle)
    return figures


def units_in(store: EmbeddedCallStore) -> int:
    """How many units there are."""
    return round(max(row.totals.units for row in store.totals(SLUG)))


def main() -> None:
    """Print medians over some rounds."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=CALLS)
    arguments.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    chosen = arguments.parse_args()
    rounds = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(dir=chosen.folder) as fresh:
            rounds.append(one_round(Path(fresh), chosen.calls))
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"pyarrow {version('pyarrow')}, DuckDB {version('duckdb')}; "
        f"{chosen.calls:,} calls, medians of {ROUNDS} rounds"
    )
    for name in rounds[0]:
        value = statistics.median(figures[name] for figures in rounds)
        print(f"{name:62} {value:12,.0f}" if value >= 100 else f"{name:62} {value:12,.2f}")


if __name__ == "__main__":
    main()
