"""A million past calls assessed: `pilotage assess` beside pandas and statsmodels on the same file.

Both read the CSV file and judge right answers; the peer then fits least squares clustered by unit (its baseline, its
paired difference, and the difference within each value of one column), which is only part of what the command does.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

ROWS = 1_000_000
UNITS = 150_000
KINDS = ("billing", "access", "delivery", "refund", "other")
HEAD = ("incumbent", "candidate", "label", "time", "unit", "language")
START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
MEGA = 1024

PEER = """
import sys
import numpy as np, pandas as pd, statsmodels.api as sm
rows = pd.read_csv(sys.argv[1], parse_dates=["time"])
rows["y"] = (rows.candidate == rows.label).astype(float)
rows["z"] = (rows.incumbent == rows.label).astype(float)
rows["d"] = rows.y - rows.z
codes = pd.factorize(rows.unit)[0]
def clustered(values, groups):
    fit = sm.OLS(values.to_numpy(), np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": groups})
    return float(fit.params[0]), fit.conf_int()[0]
print(*("%.6f (%.6f to %.6f)" % (m, *ci) for m, ci in (clustered(rows.z, codes), clustered(rows.d, codes))), sep=", ")
for value, part in rows.groupby("language"):
    print(value, clustered(part.d, codes[part.index]))
"""


def write(path: Path) -> None:
    """A history in which the candidate is right in 80 % and the incumbent in 72 %."""
    chance = random.Random(11)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(HEAD)
        for number in range(ROWS):
            label = chance.choice(KINDS)
            incumbent = label if chance.random() < 0.72 else chance.choice(KINDS)
            candidate = label if chance.random() < 0.80 else chance.choice(KINDS)
            at = START + dt.timedelta(seconds=15 * number)
            unit = f"customer-{chance.randrange(UNITS)}"
            table.writerow((incumbent, candidate, label, at.isoformat(), unit, chance.choice(("de", "en", "fr"))))


def spent(*command: str) -> tuple[float, float, float, str]:
    """Seconds, CPU-seconds and MB at the peak of a program, and what it printed."""
    meter = "import resource, subprocess, sys\n"
    meter += "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True)\n"
    meter += "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
    meter += "print(used.ru_utime + used.ru_stime, used.ru_maxrss)\nsys.stdout.write(done.stdout.decode())"
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", meter, *command], capture_output=True, text=True, check=True)
    wall_s = time.perf_counter() - start
    figures, _, printed = done.stdout.partition("\n")
    cpu_s, peak = figures.split()
    return wall_s, float(cpu_s), float(peak) / MEGA, printed


def main() -> None:
    """Print both programs' cost on one file, and their agreement."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "history.csv"
        write(file)
        print(f"{ROWS:,} rows, {UNITS:,} units, {file.stat().st_size / 1e6:.0f} MB of CSV")
        own = spent(sys.executable, "-m", "pilotage", "assess", str(file), "--by", "language", "--json")
        peer = spent(sys.executable, "-c", PEER, str(file))
    found = json.loads(own[3])["assessment"]["difference"]
    peers = f"pandas {version('pandas')}, statsmodels {version('statsmodels')}"
    for name, (wall_s, cpu_s, peak, _) in (("pilotage assess", own), (peers, peer)):
        print(f"{name:38s} {wall_s:6.1f} s  {cpu_s:6.1f} CPU-s  {peak:6.0f} MB at the peak")
    print(f"ratio: {peer[1] / own[1]:.1f} times the CPU, {peer[2] / own[2]:.1f} times the memory")
    said = f"{found['value']:.6f} ({found['low']:.6f} to {found['high']:.6f})"
    print(f"difference: {said}; the peer's baseline and difference: {peer[3].splitlines()[0]}")


if __name__ == "__main__":
    assert resource.getrusage(resource.RUSAGE_SELF)
    main()
