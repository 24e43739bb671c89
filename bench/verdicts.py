"""What verdicts need of a workload with a million calls stored: read cold, read warm, and after new calls came.

Run: python bench/verdicts.py [--calls N] [--folder FOLDER]. Fills a store once (calls on 20,000 units, two in three
labelled), then starts a fresh process for each cold read: it opens the store, projects, and reads every total, bet,
day, count and look. The operating system's cache of the files is left as it is. Pages and single calls are timed too.
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
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from ingestion import SLUG, START_US, decode_calls, decode_outcomes, measurement_plan, packed_call, packed_outcome, wire
from pilotage.storage.calls import EmbeddedCallStore
from pilotage.storage.protocols import CallFilter, LookRow

CALLS = 1_000_000
NEWS = 1_000
BATCH = 5_000
COLD_READS = 5
WARM_READS = 20
DAY = dt.timedelta(days=1)
START = dt.datetime.fromtimestamp(START_US / 1e6, dt.UTC)
NOW = START + 40 * DAY
UNLABELLED = 3


def fill(folder: Path, calls: int) -> dict[str, float]:
    """Store, label and project everything; processor seconds of each."""
    plan = measurement_plan()
    with EmbeddedCallStore(folder) as store:
        began = time.process_time()
        for content in wire(calls, BATCH, packed_call):
            store.append_calls(SLUG, decode_calls(content))
        for content in wire(calls, BATCH, packed_outcome):
            store.append_outcomes(
                SLUG, decode_outcomes(content)[::UNLABELLED] + decode_outcomes(content)[1::UNLABELLED]
            )
        stored = time.process_time()
        store.project(SLUG, plan, NOW)
        projected = time.process_time()
        rows = store.totals(SLUG)
        for attempt in range(30):
            look = LookRow(day=(START + attempt * DAY).date(), attempt=1, rows=rows, bets=store.bets(SLUG))
            store.save_look(SLUG, look)
    return {"making and storing": stored - began, "building all sums": projected - stored}


def read(store: EmbeddedCallStore) -> None:
    """Everything that a measurement asks of the store."""
    store.project(SLUG, measurement_plan(), NOW)
    assert store.totals(SLUG)
    assert store.bets(SLUG)
    assert store.days(SLUG)
    assert store.traffic(SLUG).calls
    assert store.coverage(SLUG)
    assert store.shadow(SLUG).pairs
    assert store.looks(SLUG, 1)


def milliseconds(work: Callable[[], object], times: int = 1) -> float:
    """The median time of the work."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1e3)
    return statistics.median(taken)


def cold(folder: Path) -> dict[str, float]:
    """What a fresh process needs, its imports left aside."""
    start = time.perf_counter()
    store = EmbeddedCallStore(folder)
    read(store)
    figures = {"open and read, cold: ms": (time.perf_counter() - start) * 1e3}
    figures["read when nothing came: ms"] = milliseconds(lambda: read(store), WARM_READS)
    rng = random.Random(5)
    count = store.traffic(SLUG).calls
    some = [f"{n >> 18:024x}{n:08x}" for n in (rng.randrange(count) for _ in range(WARM_READS))]
    unit = store.search(SLUG, CallFilter(), limit=1).calls[0].call.unit
    figures["one call in full: ms"] = statistics.median(milliseconds(lambda i=i: store.call(SLUG, i)) for i in some)
    figures["newest fifty calls: ms"] = milliseconds(lambda: store.search(SLUG, CallFilter()), 5)
    figures["a unit's calls: ms"] = milliseconds(lambda: store.search(SLUG, CallFilter(unit=unit)), 5)
    figures["newest disagreements: ms"] = milliseconds(lambda: store.search(SLUG, CallFilter(disagree=True)), 5)
    figures["a text that no call has: ms"] = milliseconds(lambda: store.search(SLUG, CallFilter(text="nowhere")), 3)
    store.close()
    figures["memory of that process: MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def news(folder: Path, calls: int) -> dict[str, float]:
    """A thousand calls come, then their labels; each time everything is read."""
    taken: dict[str, list[float]] = {"read after 1,000 new calls: ms": [], "read after their labels: ms": []}
    rng = random.Random(11)
    with EmbeddedCallStore(folder) as store:
        for turn in range(5):
            numbers = range(calls + turn * NEWS, calls + (turn + 1) * NEWS)
            store.append_calls(SLUG, [packed_call(rng, number) for number in numbers])
            taken["read after 1,000 new calls: ms"].append(milliseconds(lambda: read(store)))
            store.append_outcomes(SLUG, [packed_outcome(rng, number) for number in numbers])
            taken["read after their labels: ms"].append(milliseconds(lambda: read(store)))
    return {name: statistics.median(values) for name, values in taken.items()}


def main() -> None:
    """Fill once, read in fresh processes, print medians."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=CALLS)
    arguments.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    arguments.add_argument("--cold", type=Path, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.cold:
        print(json.dumps(cold(chosen.cold)))
        return
    with tempfile.TemporaryDirectory(dir=chosen.folder) as fresh:
        folder = Path(fresh) / "store"
        filled = fill(folder, chosen.calls)
        command = [sys.executable, __file__, "--cold", str(folder)]
        reads = [json.loads(subprocess.check_output(command)) for _ in range(COLD_READS)]
        after = news(folder, chosen.calls)
        size_mb = {
            "calls.db": (folder / "calls.db").stat().st_size / 1e6,
            "segments": sum(f.stat().st_size for f in (folder / "segments").rglob("*.parquet")) / 1e6,
        }
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"DuckDB {version('duckdb')}, pyarrow {version('pyarrow')}; {chosen.calls:,} calls; "
        f"medians over {COLD_READS} fresh processes"
    )
    for name, seconds in filled.items():
        print(f"{name + ', once: CPU-s':44} {seconds:10,.1f}")
    for name, value in size_mb.items():
        print(f"{name + ': MB':44} {value:10,.1f}")
    for name in reads[0]:
        print(f"{name:44} {statistics.median(figures[name] for figures in reads):10,.1f}")
    for name, value in after.items():
        print(f"{name:44} {value:10,.1f}")


if __name__ == "__main__":
    main()
