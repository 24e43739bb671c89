"""A portfolio of a thousand workloads with three hundred facts each: its pages, one command, one fold from nothing.

Run: python bench/portfolio.py [--workloads N] [--facts N] [--loads N]. The story that the pages are tested on is told
once, with its traffic. The other workloads hold the facts of its three workloads anew, cut at different moments, so
that every phase is there, and comments up to the number asked for; each has a few calls. Then `pilotage up` serves the
folder in a process of its own, and one signed-in reader loads each page again and again over one connection; in the
last row but one a command is given to some workload between two loads.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import msgspec

from pages import Served, loads_ms

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.server.pages.story import MATCHING, SUMMARIES, TRIAGE, people, tell  # noqa: E402 - the path comes first

from pilotage.bootstrap import Environment, open_workspace  # noqa: E402 - the path comes first
from pilotage.record.facts import Commented, Fact, encode  # noqa: E402 - the path comes first
from pilotage.record.fold import fold  # noqa: E402 - the path comes first
from pilotage.storage.protocols import CallFilter, Draft, Entry  # noqa: E402 - the path comes first
from pilotage.workflow.desk import recorded_of  # noqa: E402 - the path comes first
from pilotage.workflow.workspace import Workspace  # noqa: E402 - the path comes first

STORIES = (TRIAGE, MATCHING, SUMMARIES)
FULLEST = "workload-0057"
WORKLOADS = 1_000
FACTS = 300
CALLS = 5
LOADS = 30
ROUNDS = 30
TARGETS_MS = {"page": 150.0, "command": 30.0, "fold": 5.0}


def draft(fact: Fact, like: Entry) -> Draft:
    """A fact said by whoever said the entry, at that moment."""
    kind, payload, texts = encode(fact)
    return Draft(kind=kind, payload=payload, texts=texts, actor=like.actor, at=like.at, simulated=like.simulated)


def lives(workspace: Workspace, count: int, facts: int) -> Iterator[tuple[str, list[Draft]]]:
    """The facts of each workload: the story's up to a moment that moves from one to the next, then comments."""
    stories = [workspace.ledger.read(slug) for slug in STORIES]
    for number in range(count):
        told = stories[number % len(stories)]
        cut = max(1, round(len(told) * (0.3 + 0.7 * (number % 29) / 28)))
        kept = told[: min(cut, facts)]
        drafts = [draft(recorded_of(entry).fact, entry) for entry in kept]
        remarks = (f"Remark {number} on how the week went." for number in range(facts - len(drafts)))
        drafts.extend(draft(Commented(comment=remark), kept[-1]) for remark in remarks)
        yield f"workload-{number:04}", drafts


def fill(home: Path, count: int, facts: int) -> int:
    """Tell the story and write the others; how many entries the ledger holds."""
    workspace = open_workspace(Environment(home=home), demonstration=True)
    try:
        tell(workspace, people(workspace))
        some = [found.call for found in workspace.calls.search(TRIAGE, CallFilter(), limit=CALLS).calls]
        for number, (slug, drafts) in enumerate(lives(workspace, count, facts)):
            workspace.ledger.append(slug, 0, drafts)
            calls = [msgspec.structs.replace(call, call_id=f"{number:08x}{call.call_id[8:]}") for call in some]
            workspace.calls.append_calls(slug, calls)
        return workspace.ledger.position()
    finally:
        workspace.close()


def folding_ms(home: Path, slug: str) -> float:
    """The median time of folding one workload's facts from nothing, once they are decoded from the ledger."""
    workspace = open_workspace(Environment(home=home), demonstration=True)
    try:
        facts = [recorded_of(entry) for entry in workspace.ledger.read(slug)]
    finally:
        workspace.close()
    return statistics.median(timed(lambda: fold(slug, facts)) for _ in range(ROUNDS))


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def comment(served: Served, number: int) -> None:
    """One command, answered once it is durable, on a workload of the story whose owner reads."""
    body = json.dumps({"comment": f"Seen, and noted under number {number}."})
    served.asked("POST", f"/api/v1/workloads/workload-{len(STORIES) * number:04}/commands/comment", body)


def line(title: str, taken: list[float], target: float, size: int = 0) -> None:
    """One row of the table."""
    median, high = statistics.median(taken), sorted(taken)[int(0.95 * (len(taken) - 1))]
    mark = "" if median < target else f"  above the {target:g} ms asked"
    print(f"  {title:44} {median:7.1f} ms {high:7.1f} ms {size / 1024:8.1f}{mark}")


def measure(served: Served, loads: int, fold_ms: float) -> None:
    """The table."""
    print(f"\n  {'':44} {'median':>10} {'95 %':>10} {'KB':>8}")
    start = time.perf_counter()
    served.asked("GET", "/")
    print(f"  {'Portfolio, the first of the process':44} {(time.perf_counter() - start) * 1e3:7.0f} ms")
    for path in ("/", "/inbox", "/candidates", "/w/workload-0007"):
        taken, size = loads_ms(served, path, loads)
        line(f"page {path}", taken, TARGETS_MS["page"], size)
    line("one command", [timed(lambda n=n: comment(served, n)) for n in range(loads)], TARGETS_MS["command"])
    after = []
    for number in range(loads):
        comment(served, number)
        after.append(timed(lambda: served.asked("GET", "/")))
    line("page / after a command", after, TARGETS_MS["page"])
    line("fold of one workload from nothing", [fold_ms], TARGETS_MS["fold"])


def main() -> None:
    """Fill, serve, load, and say what it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workloads", type=int, default=WORKLOADS)
    parser.add_argument("--facts", type=int, default=FACTS)
    parser.add_argument("--loads", type=int, default=LOADS)
    parser.add_argument("--home", type=Path, help="keep the workspace here, and use it again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = asked.home or Path(folder) / "home"
        if not home.exists():
            start = time.perf_counter()
            entries = fill(home, asked.workloads, asked.facts)
            print(f"{asked.workloads} workloads, {entries:,} entries, filled in {time.perf_counter() - start:.0f} s")
        fold_ms = folding_ms(home, FULLEST)
        served = Served(home)
        try:
            measure(served, asked.loads, fold_ms)
        finally:
            served.close()
    libraries = ", ".join(f"{name} {version(name)}" for name in ("litestar", "jinja2", "uvicorn", "msgspec"))
    print(f"\nPython {platform.python_version()}, {os.cpu_count()} cores; {libraries}")


if __name__ == "__main__":
    main()
