"""Runs every benchmark in turn, each in a process of its own, and writes what they print to docs/performance.md."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
TARGET = HERE.parent / "docs" / "performance.md"
ORDER = (
    ("import_time", "Importing the SDK"),
    ("cli_start", "Starting the command line"),
    ("sdk", "What recording a call costs, beside a span and a log line"),
    ("ledger", "Commits to the ledger"),
    ("ingestion", "Durable ingestion"),
    ("verdicts", "Verdicts over a million calls"),
    ("evaluation", "One complete evaluation, and boundaries"),
    ("sums", "Keeping the sums, and making them anew"),
    ("assess", "Assessing a history of a million calls"),
    ("drift", "Drift of ten fields over ten million rows"),
    ("pages", "Page loads at the server"),
    ("kill", "From the kill switch to the last call served by the AI"),
    ("desk", "The demonstration's two arms"),
)


def measured(name: str) -> str:
    """What one benchmark prints; raises if it fails."""
    done = subprocess.run([sys.executable, str(HERE / f"{name}.py")], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise SystemExit(f"bench/{name}.py failed")
    return done.stdout.rstrip()


def main() -> None:
    """Run what was named, or everything, and write the page when everything ran."""
    chosen = sys.argv[1:]
    parts = [
        "# Performance",
        "",
        (
            f"Measured by `make bench` on {time.strftime('%Y-%m-%d')}: {os.cpu_count()} cores, {platform.system()}, "
            f"Python {platform.python_version()}. Shared machines are noisy: figures are medians of several runs, "
            "ratios were taken in the same run."
        ),
    ]
    for name, title in ORDER:
        if chosen and name not in chosen:
            continue
        print(f"== {title}", flush=True)
        text = measured(name)
        print(text, flush=True)
        parts += ["", f"## {title}", "", f"`python bench/{name}.py`", "", "```", text, "```"]
    if not chosen:
        TARGET.write_text("\n".join(parts) + "\n")
        print(f"written: {TARGET.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
