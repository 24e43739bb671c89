"""How long `pilotage --help` takes from the shell, against Python itself and click alone: medians of several runs."""

from __future__ import annotations

import os
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


def time_once(command: list[str]) -> tuple[float, float]:
    """Wall and processor seconds of one run."""
    before, began = os.times(), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    taken, after = time.perf_counter() - began, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return taken, used


def main() -> None:
    """Measure in turns, so that a busy moment of the machine meets every command, and print medians."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS + 1):
        for name, command in COMMANDS.items():
            found[name].append(time_once(command))
    print(f"Python {sys.version.split()[0]}, click {version('click')}, median of {RUNS}, in milliseconds")
    for name, times in found.items():
        wall_s, used_s = (statistics.median(part) for part in zip(*times[1:], strict=True))
        print(f"{name:24} wall {wall_s * 1000:7.1f}   processor {used_s * 1000:7.1f}")
    help_s = statistics.median(wall for wall, _ in found["pilotage --help"][1:])
    print(f"pilotage --help within {LIMIT_S * 1000:.0f} ms: {'yes' if help_s < LIMIT_S else 'no'}")


if __name__ == "__main__":
    main()
