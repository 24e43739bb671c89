"""Keeping the sums: calls per second of processor time as they come, and all of them made anew for another plan.

Run: python bench/sums.py [--calls N] [--rebuilt N] [--folder FOLDER]. The plan has a target on costs of errors, five
guardrails and a declared segment; two calls in three have a label, which comes hours later. Calls come in batches of
10,000 and are summed after each, or after every five, as when nobody projected for a while; then their labels, a batch
at a time, then the closed windows. For the rebuild a store is filled with segments by the store's own writer from
copies of one block of calls with other ids and times, in a process of its own, and another process projects another
plan; beside it, one bare DuckDB statement groups the same calls by unit and counts them, which is the least that any
rebuild has to do.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pyarrow as pa

from ingestion import SLUG, START_US, UNITS, measurement_plan, packed_call, packed_outcome
from pilotage.evidence.betting import bets_for
from pilotage.evidence.plan import MeasurementPlan
from pilotage.playbook.metrics import Guardrail
from pilotage.storage.calls import EmbeddedCallStore
from pilotage.storage.calls.connection import DATABASE
from pilotage.storage.calls.rows import SCHEMA, table_of
from pilotage.storage.calls.schema import lowest_id
from pilotage.storage.calls.segments import SegmentFiles, list_segment

CALLS = 100_000
REBUILT = 10_000_000
BATCH = 10_000
TOGETHER = (1, 5)
STEP_US = 20_000
LABEL_AFTER_US = 4 * 3_600_000_000
LANGUAGES = ("de", "en", "fr")
WORKLOAD = 1


def plan(**more: object) -> MeasurementPlan:
    """A target on costs, five guardrails, a segment."""
    base = measurement_plan()
    guardrails = (
        Guardrail(metric="slow", limit=0.01),
        Guardrail(metric="errors", margin=0.01),
        Guardrail(metric="right", margin=0.02),
        Guardrail(metric="warned", margin=0.05),
        Guardrail(metric="cost", margin=0.5),
    )
    made = msgspec.structs.replace(base, guardrails=guardrails, segments=("language",), **more)
    return msgspec.structs.replace(made, bets=bets_for(made))


def calls_of_batch(rng: random.Random, first: int) -> list[object]:
    """Calls as they come, with a segment."""
    return [
        msgspec.structs.replace(packed_call(rng, number), segment={"language": rng.choice(LANGUAGES)})
        for number in range(first, first + BATCH)
    ]


def incremental(folder: Path, calls: int, together: int = 1) -> dict[str, float]:
    """Calls, so many batches together, their labels, and their closed windows."""
    rng, used = random.Random(7), {"calls": 0.0, "labels": 0.0}
    start = dt.datetime.fromtimestamp(START_US / 1e6, dt.UTC)
    with EmbeddedCallStore(folder / f"incremental-{together}") as store:
        for number, first in enumerate(range(0, calls, BATCH), start=1):
            store.append_calls(SLUG, calls_of_batch(rng, first))
            if number % together == 0 or first + BATCH >= calls:
                used["calls"] += projected(store, start)
        for first in range(0, calls, BATCH):
            labels = [packed_outcome(rng, n) for n in range(first, first + BATCH) if n % 3]
            store.append_outcomes(SLUG, labels)
            used["labels"] += projected(store, start)
        closing = projected(store, start + dt.timedelta(days=4))
    return {
        f"new calls, {together * BATCH:,} at a time: calls/CPU-s": calls / used["calls"],
        "their labels: labels/CPU-s": calls * 2 / 3 / used["labels"],
        "closed label windows: calls/CPU-s": calls / closing,
    }


def projected(store: EmbeddedCallStore, now: dt.datetime) -> float:
    """Processor seconds of a projection."""
    began = time.process_time()
    store.project(SLUG, plan(), now)
    return time.process_time() - began


def fill(folder: Path, calls: int) -> None:
    """A store with so many calls in segments and two in three labelled, without taking each one in."""
    rng = random.Random(7)
    store = EmbeddedCallStore(folder)
    store.append_calls(SLUG, [packed_call(rng, 0)])
    store.close()
    block = table_of(range(BATCH), calls_of_batch(rng, 0))
    files, draw = SegmentFiles(folder), np.random.default_rng(7)
    with sqlite3.connect(folder / DATABASE, isolation_level=None) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("DELETE FROM fresh")
        for first in range(0, calls, BATCH):
            connection.execute("BEGIN")
            one_segment(connection, files, block, first, draw)
            connection.execute("COMMIT")
        connection.execute(
            "UPDATE workloads SET next_call = ?, next_outcome = ? WHERE id = ?", (calls + 1, calls + 1, WORKLOAD)
        )


def one_segment(
    connection: sqlite3.Connection, files: SegmentFiles, block: pa.Table, first: int, draw: np.random.Generator
) -> None:
    """The block once more, with numbers, ids, times and units of its own, and the labels of its calls."""
    numbers = np.arange(first + 1, first + BATCH + 1)
    ids = [f"{number:032x}" for number in numbers.tolist()]
    units = [f"{unit:032x}" for unit in draw.integers(0, 10 * UNITS, BATCH).tolist()]
    at_us = START_US + numbers * STEP_US
    columns = {name: block.column(name) for name in SCHEMA.names}
    columns |= {"number": pa.array(numbers), "call_id": pa.array(ids), "at_us": pa.array(at_us)}
    columns["unit"] = pa.array(units)
    table = pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)
    list_segment(connection, WORKLOAD, files.write(SLUG, table))
    rows = [
        (
            lowest_id(WORKLOAD, number),
            bytes.fromhex(call_id),
            bytes.fromhex(call_id),
            "label",
            "outcome",
            "true" if number % 4 == 0 else "false",
            START_US + number * STEP_US + LABEL_AFTER_US,
            "",
        )
        for number, call_id in zip(numbers.tolist(), ids, strict=True)
        if number % 3
    ]
    connection.executemany("INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def rebuild(folder: Path) -> dict[str, float]:
    """Another plan over everything."""
    now = dt.datetime.fromtimestamp(START_US / 1e6, dt.UTC) + dt.timedelta(days=60)
    began, start = time.process_time(), time.perf_counter()
    with EmbeddedCallStore(folder) as store:
        taken = store.project(SLUG, plan(), now)
        counted = store.traffic(SLUG).counted
    figures = {"wall": time.perf_counter() - start, "CPU": time.process_time() - began, "records": taken}
    figures["counted"] = counted
    figures["peak memory: MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def bare(folder: Path) -> dict[str, float]:
    """One statement over the same files."""
    began, start = time.process_time(), time.perf_counter()
    duckdb.sql(
        "SELECT count(*), sum(n), sum(y) FROM (SELECT stage, unit, count(*) AS n, sum(beside_latency_us) AS y "
        "FROM read_parquet($files) GROUP BY stage, unit)",
        params={"files": str(folder / "segments" / SLUG / "*.parquet")},
    ).fetchall()
    return {"wall": time.perf_counter() - start, "CPU": time.process_time() - began}


def apart(work: str, folder: Path, calls: int) -> dict[str, float]:
    """The work in a process of its own, so that its memory is its own."""
    command = [sys.executable, __file__, "--work", work, "--folder", str(folder), "--rebuilt", str(calls)]
    found: dict[str, float] = json.loads(subprocess.check_output(command))
    return found


def main() -> None:
    """Both figures, once."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=CALLS)
    arguments.add_argument("--rebuilt", type=int, default=REBUILT)
    arguments.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    arguments.add_argument("--work", choices=("fill", "rebuild", "bare"), help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.work == "fill":
        fill(chosen.folder, chosen.rebuilt)
        print("{}")
        return
    if chosen.work:
        print(json.dumps(rebuild(chosen.folder) if chosen.work == "rebuild" else bare(chosen.folder)))
        return
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"DuckDB {version('duckdb')}, pyarrow {version('pyarrow')}, NumPy {version('numpy')}"
    )
    with tempfile.TemporaryDirectory(dir=chosen.folder) as fresh:
        for together in TOGETHER:
            for name, value in incremental(Path(fresh), chosen.calls, together).items():
                print(f"{name:60} {value:12,.0f}")
        folder = Path(fresh) / "rebuilt"
        apart("fill", folder, chosen.rebuilt)
        made, least = (apart(work, folder, chosen.rebuilt) for work in ("rebuild", "bare"))
    if made["counted"] != chosen.rebuilt:
        raise SystemExit(f"{made['counted']:,.0f} of {chosen.rebuilt:,} calls were counted.")
    print(f"{chosen.rebuilt:,} calls made anew, {10 * UNITS:,} units, two in three labelled:")
    print(f"{'  seconds, wall':60} {made['wall']:12,.1f}")
    print(f"{'  seconds, CPU':60} {made['CPU']:12,.1f}")
    print(f"{'  peak memory: MB':60} {made['peak memory: MB']:12,.0f}")
    print(f"{'  times the CPU of one bare DuckDB statement':60} {made['CPU'] / least['CPU']:12,.1f}")


if __name__ == "__main__":
    main()
