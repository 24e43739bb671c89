"""How long `pilotage --help` takes from the shell, against Python itself and click alone: medians of several runs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

RUNS = 15
LIMIT_S = 0.2
PILOTAGE = Path(sys.executable).with_name("pilotage")
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import click": [sys.executable, "-c", "import click"],
    "import pilotage": [sys.executable, "-c", "import pilotage"],
    "pilotage --help": [str(PILOTAGE), "--help"],
    "pilotage playbook list": [str(PILOTAGE), "playbook", "list"],
}


def median_s(command: list[str]) -> float:
    """The median wall time of a command, the first run left out."""
    times = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def main() -> None:
    """Measure and print; fails when the help takes longer than it may."""
    print(f"Python {sys.version.split()[0]}, click {version('click')}, median of {RUNS}")
    found = {name: median_s(command) for name, command in COMMANDS.items()}
    for name, taken_s in found.items():
        print(f"{name:24} {taken_s * 1000:7.1f} ms")
    assert found["pilotage --help"] < LIMIT_S, "the help takes longer than 0.2 s"


if __name__ == "__main__":
    main()
