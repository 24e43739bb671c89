"""Page loads at the server: Portfolio and Workload, of a workspace with one rich workload and two hundred others.

Run: python bench/pages.py [--others N] [--loads N]. The story that the pages are tested on is told once, with its
traffic; then `pilotage up` serves the folder in a process of its own, and one signed-in reader loads each page again
and again over one connection. Times are those of the reader, from the request to the last byte.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.server.pages.story import PASSWORD, TRIAGE, people, tell  # noqa: E402 - the path comes first

from pilotage.bootstrap import Environment, open_workspace  # noqa: E402 - the path comes first
from pilotage.operations.announcing import read_announcement  # noqa: E402 - the path comes first
from pilotage.record import commands as c  # noqa: E402 - the path comes first
from pilotage.record.context import Actor  # noqa: E402 - the path comes first

OTHERS = 200
LOADS = 50
WARM_UP = 5
PATIENCE_S = 60.0
TARGET_MS = 100.0
READER = "nadia"


def fill(home: Path, others: int) -> int:
    """Tell the story, and propose the others, each with an owner, a sponsor and a score; how many entries."""
    workspace = open_workspace(Environment(home=home), demonstration=True)
    try:
        ids = people(workspace)
        tell(workspace, ids)
        ann = Actor(person=ids["ines"], roles=frozenset({"owner"}))
        for number in range(others):
            slug = f"problem-{number:03}"
            propose = c.Propose(
                title=f"Problem {number}",
                problem="One of many that somebody thought worth writing down.",
                incumbent="People, by hand",
                demonstration=True,
            )
            workspace.desk.issue(ann, slug, propose)
            score = c.ScoreProblem(impact=1 + number % 5, feasibility=1 + number % 3, readiness=2)
            workspace.desk.issue(ann, slug, score)
            workspace.desk.issue(ann, slug, c.Assign(role="owner", person=ids["ines"]))
            workspace.desk.issue(ann, slug, c.Assign(role="sponsor", person=ids["jonas"]))
        return workspace.ledger.position()
    finally:
        workspace.close()


class Served:
    """`pilotage up` on a folder, and somebody who is signed in to it."""

    def __init__(self, home: Path) -> None:
        command = [sys.executable, "-m", "pilotage", "up", "--home", str(home), "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"PILOTAGE_URL": ""})
        deadline = time.monotonic() + PATIENCE_S
        while (said := read_announcement(home)) is None:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the server did not start")
            time.sleep(0.05)
        self.connection = http.client.HTTPConnection(said.url.removeprefix("http://"), timeout=PATIENCE_S)
        self.cookie = self.secret = ""
        body = json.dumps({"username": READER, "password": PASSWORD})
        answer, content = self.asked("POST", "/api/v1/sign-in", body)
        self.cookie = str(answer.getheader("Set-Cookie")).partition(";")[0]
        self.secret = json.loads(content)["csrf"]

    def asked(self, method: str, path: str, body: str | None = None) -> tuple[http.client.HTTPResponse, bytes]:
        """One request over the connection."""
        headers = {"Cookie": self.cookie, "X-CSRF-Token": self.secret, "Content-Type": "application/json"}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status not in {http.client.OK, http.client.CREATED}:
            raise SystemExit(f"{method} {path}: {answer.status} {content[:300]!r}")
        return answer, content

    def close(self) -> None:
        """Stop the server in order."""
        self.connection.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE_S)


def loads_ms(served: Served, path: str, loads: int) -> tuple[list[float], int]:
    """How long each load of a page took after a few to warm up, in order, and the page's bytes."""
    content = b""
    taken = []
    for number in range(WARM_UP + loads):
        start = time.perf_counter()
        _, content = served.asked("GET", path)
        if number >= WARM_UP:
            taken.append((time.perf_counter() - start) * 1e3)
    return sorted(taken), len(content)


def main() -> None:
    """Fill, serve, load, and say what it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--others", type=int, default=OTHERS)
    parser.add_argument("--loads", type=int, default=LOADS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        entries = fill(home, asked.others)
        served = Served(home)
        try:
            calls = json.loads(served.asked("GET", f"/api/v1/workloads/{TRIAGE}/calls?limit=1")[1])
            assert calls, "the rich workload has no calls"
            print(f"{asked.others + 4} workloads, {entries:,} entries in the ledger, {asked.loads} loads of each page")
            print(f"\n  {'page':32} {'median':>8} {'95 %':>8} {'slowest':>8} {'KB':>6}")
            for title, path in (
                ("Portfolio  /", "/"),
                (f"Workload   /w/{TRIAGE}", f"/w/{TRIAGE}"),
                ("Workload   /w/problem-007", "/w/problem-007"),
                (f"Evidence   /w/{TRIAGE}/evidence", f"/w/{TRIAGE}/evidence"),
            ):
                taken, size = loads_ms(served, path, asked.loads)
                median, high = statistics.median(taken), taken[int(0.95 * (len(taken) - 1))]
                mark = "" if median < TARGET_MS else f"  above the target of {TARGET_MS:g} ms"
                print(f"  {title:32} {median:5.1f} ms {high:5.1f} ms {taken[-1]:5.1f} ms {size / 1024:6.1f}{mark}")
        finally:
            served.close()
    libraries = ", ".join(f"{name} {version(name)}" for name in ("litestar", "jinja2", "uvicorn", "msgspec"))
    print(f"\n  Python {platform.python_version()}, {libraries}, {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
