"""Run every promise in its full form and write docs/guarantees.md from what was seen: `make guarantees`.

Exits with 1 when a promise is broken; the page is written all the same, and says so.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy
from tests.guarantees.promises import PROMISES

PAGE = Path(__file__).parents[2] / "docs" / "guarantees.md"
SEED = 20261128
INTRODUCTION = (
    "Written by `make guarantees`; do not edit. Each line is a promise of [statistics.md](statistics.md), tried on "
    "simulated traffic whose truth is known, with the product's own functions. The same simulations run in every "
    "test with fewer runs.\n"
)


class Seen(NamedTuple):
    """What one promise's simulation showed, and the careless method's where there is one."""

    figure: float
    contrast: float | None
    cpu_s: float


def run(number: int) -> Seen:
    """One promise in full."""
    promise, began = PROMISES[number], time.process_time()
    figure = promise.simulate(promise.full, SEED)
    contrast = promise.contrast[1](promise.full, SEED) if promise.contrast else None
    return Seen(figure, contrast, time.process_time() - began)


def page(found: list[Seen], wall_s: float) -> str:
    """The page, made of nothing but what was seen."""
    parts = [
        "# Guarantees, as simulated\n",
        INTRODUCTION,
        (
            f"Seed {SEED}; Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}; "
            f"{sum(p.full for p in PROMISES):,} runs in {wall_s / 60:.1f} minutes "
            f"({sum(s.cpu_s for s in found):,.0f} CPU-seconds)."
        ),
    ]
    group = None
    for promise, seen in zip(PROMISES, found, strict=True):
        if promise.group != group:
            group = promise.group
            parts.append(f"\n## {group}\n\n| simulated | runs | promised | seen | kept | careless instead |")
            parts.append("|---|---|---|---|---|---|")
        kept = "yes" if promise.kept(seen.figure, promise.full) else "**no**"
        careless = f"{promise.shown(seen.contrast)}: {promise.contrast[0]}" if promise.contrast else ""
        cells = (promise.says, f"{promise.full:,}", promise.bound, promise.shown(seen.figure), kept, careless)
        parts.append(f"| {' | '.join(cells)} |")
    return "\n".join(parts) + "\n"


def main() -> int:
    """Run all, the longest first, on all cores; write the page; 1 when a promise is broken."""
    began, found = time.monotonic(), {}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        order = sorted(range(len(PROMISES)), key=lambda number: -PROMISES[number].full)
        waiting = {number: pool.submit(run, number) for number in order}
        for number, future in waiting.items():
            seen, promise = future.result(), PROMISES[number]
            found[number] = seen
            kept = "kept" if promise.kept(seen.figure, promise.full) else "BROKEN"
            print(
                f"{kept}  {promise.group}: {promise.says}: {promise.shown(seen.figure)} ({promise.bound})", flush=True
            )
    results = [found[number] for number in range(len(PROMISES))]
    PAGE.write_text(page(results, time.monotonic() - began))
    return 0 if all(p.kept(s.figure, p.full) for p, s in zip(PROMISES, results, strict=True)) else 1


if __name__ == "__main__":
    sys.exit(main())
