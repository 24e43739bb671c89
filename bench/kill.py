"""From the kill command to the last call that any of 50 connected runtimes let the AI serve.

Run: python bench/kill.py [--kills 40]. A real server in a process of its own, and five processes with ten runtimes
each, every runtime with its own stream and serving live at a steady rate. Each round sends `kill` over HTTP, and asks
every process afterwards when it last let the candidate answer; `revive` and `expose` bring it back. The clock is the
machine's monotonic one, which all processes share.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import http.client
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from argon2 import PasswordHasher

import pilotage
from pilotage.bootstrap import Environment, open_workspace
from pilotage.record import facts as f
from pilotage.record.areas import change, training
from pilotage.record.facts import Fact, encode
from pilotage.storage.protocols import Draft
from pilotage.workflow.workspace import Workspace

SLUG = "kill-switch"
RELEASE = "1"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
PROCESSES = 5
RUNTIMES_EACH = 10
CALLS_A_SECOND = 20
QUIET_S = 1.0
PATIENCE_S = 60.0
TARGET_MS = 250.0


def main() -> None:
    """Measure, or play one of the parts that are measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--serve", metavar="HOME", help=argparse.SUPPRESS)
    parser.add_argument("--runtimes", nargs=3, metavar=("URL", "TOKEN", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        play_server(Path(asked.serve))
    elif asked.runtimes:
        play_runtimes(*asked.runtimes)
    else:
        measure(asked.kills)


def measure(kills: int) -> None:
    """Kill so many times, and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        token = prepare(Path(folder))
        with played("--serve", folder) as server:
            url = server.readline()
            with contextlib.ExitStack() as stack:
                runtimes = [
                    stack.enter_context(played("--runtimes", url, token, f"{folder}/runtimes-{number}"))
                    for number in range(PROCESSES)
                ]
                rounds = [killed_once(url, token, runtimes) for _ in range(kills)]
                calls = sum(process.ask("calls") for process in runtimes)
    report(rounds, calls)


def killed_once(url: str, token: str, runtimes: list[Played]) -> tuple[float, float]:
    """One kill among runtimes that all serve the AI: ms until its last answer anywhere, and until the command's own."""
    deadline = time.monotonic() + PATIENCE_S
    while sum(process.ask("serving") for process in runtimes) < PROCESSES * RUNTIMES_EACH:
        if time.monotonic() > deadline:
            raise TimeoutError("the runtimes do not all serve the candidate")
        time.sleep(0.05)
    connection = Command(url, token)
    sent_ns = time.monotonic_ns()
    connection.give("kill", {"reason": "The bench kills it."})
    answered_ns = time.monotonic_ns()
    time.sleep(QUIET_S)
    still = sum(process.ask("serving") for process in runtimes)
    last_ns = max(process.ask("last_ns") for process in runtimes)
    if still:
        raise TimeoutError(f"{still} runtimes serve the candidate a second after the kill")
    connection.give("revive", {"reason": "The bench revives it."})
    connection.give("expose", {"mode": "live", "percent": 100.0, "reason": "The bench exposes it again."})
    return max(0.0, (last_ns - sent_ns) / 1e6), (answered_ns - sent_ns) / 1e6


def report(rounds: list[tuple[float, float]], calls: int) -> None:
    """Print the figures."""
    last, answer = sorted(r[0] for r in rounds), sorted(r[1] for r in rounds)
    versions = ", ".join(f"{name} {version(name)}" for name in ("pilotage", "litestar", "uvicorn", "uvloop"))
    print(f"{versions}; Python {platform.python_version()}, {os.cpu_count()} cores")
    print(
        f"{len(rounds)} kills, {PROCESSES * RUNTIMES_EACH} runtimes in {PROCESSES} processes, "
        f"{PROCESSES * RUNTIMES_EACH * CALLS_A_SECOND} calls a second, {calls} calls in all"
    )
    print(f"{'':44}{'p50':>9}{'p99':>9}{'max':>9}")
    for what, figures in (
        ("kill sent to last call served by the AI (ms)", last),
        ("kill sent to its answer (ms)", answer),
    ):
        print(f"{what:44}{statistics.median(figures):9.1f}{percentile(figures, 0.99):9.1f}{figures[-1]:9.1f}")
    print(f"target: p99 under {TARGET_MS:g} ms: {'reached' if percentile(last, 0.99) < TARGET_MS else 'MISSED'}")


def percentile(figures: list[float], share: float) -> float:
    """The nearest-rank percentile of sorted figures."""
    return figures[max(0, -(-len(figures) * int(share * 100) // 100) - 1)]


class Command:
    """Gives commands over one connection."""

    def __init__(self, url: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE_S)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._connection.connect()

    def give(self, name: str, body: dict[str, object]) -> None:
        """Give one, and see that it was done."""
        path = f"/api/v1/workloads/{SLUG}/commands/{name}"
        self._connection.request("POST", path, json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status == 201, text


class Played:
    """A part that is played in another process, asked line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def readline(self) -> str:
        """What it says of itself."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def ask(self, name: str) -> int:
        """A figure of its own."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()
        return int(self.readline())


@contextlib.contextmanager
def played(*arguments: str) -> Iterator[Played]:
    """A part, for as long as the block runs."""
    process = subprocess.Popen(
        [sys.executable, __file__, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Played(process)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def play_runtimes(url: str, token: str, folder: str) -> None:
    """Ten runtimes of one process, called in turn at a steady rate; answers questions about them."""
    runtimes = [one_runtime(url, token, Path(folder) / str(number)) for number in range(RUNTIMES_EACH)]
    figures = {"calls": 0, "serving": 0, "last_ns": 0}
    by_ai = [False] * RUNTIMES_EACH

    def drive() -> None:
        interval_s, due = 1 / (CALLS_A_SECOND * RUNTIMES_EACH), time.monotonic()
        while True:
            number = figures["calls"] % RUNTIMES_EACH
            by_ai[number] = runtimes[number].call(figures["calls"], unit=f"unit-{figures['calls'] % 997}").value == "ai"
            if by_ai[number]:
                figures["last_ns"] = time.monotonic_ns()
            figures["calls"] += 1
            due = max(due + interval_s, time.monotonic() - 1.0)
            time.sleep(max(0.0, due - time.monotonic()))

    threading.Thread(target=drive, daemon=True).start()
    for line in sys.stdin:
        figures["serving"] = sum(by_ai)
        print(figures[line.strip()], flush=True)


def one_runtime(url: str, token: str, home: Path) -> pilotage.Workload:
    """A runtime with both arms."""
    one = pilotage.workload(SLUG, url=url, token=token, home=home)
    one.incumbent(lambda _: "rules")
    one.candidate(release=RELEASE, digest=DIGEST)(lambda _: "ai")
    return one


def play_server(home: Path) -> None:
    """The server, on a free port that it prints."""
    from pilotage.server.app import create_app  # noqa: PLC0415 - the runtimes' processes must not pay for it
    from pilotage.server.serving import serve  # noqa: PLC0415 - as above

    workspace = open_workspace(Environment(home=home))
    try:
        serve(create_app(workspace), port=0, ready=lambda url: print(url, flush=True))
    finally:
        workspace.close()


def prepare(home: Path) -> str:
    """A workload in operation at 100 %, written down without the months that its commands would ask for; a token."""
    workspace = open_workspace(
        Environment(home=home), demonstration=False, hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    )
    owner, sponsor = (someone(workspace, name) for name in ("owner", "sponsor"))
    cleared = {"fields": ("number",), "processors": (), "retention_days": 9, "statement": "Fine.", "digest": DIGEST}
    outcome = {"outcome": "go", "reasons": "A bench.", "dissent": "", "extend_until": None, "answer": "reached"}
    release = {
        "code_revision": "bench",
        "environment": "bench",
        "model": "none",
        "parameters": "",
        "data_source": "none",
    }
    facts: list[tuple[str, Fact]] = [
        (
            owner,
            f.Proposed(
                title="Kill switch",
                problem="How fast does it act?",
                incumbent="Rules.",
                cadence="standard",
                lane="standard",
                demonstration=False,
                personal_data=False,
                outside_processor=False,
            ),
        ),
        (owner, f.Assigned(role="owner", person=owner)),
        (owner, f.Assigned(role="sponsor", person=sponsor)),
        (sponsor, f.PilotCleared(area="privacy", **cleared)),
        (sponsor, f.PilotCleared(area="security", **cleared)),
        (owner, f.ReleaseRegistered(name=RELEASE, digest=DIGEST, **release)),
        (owner, f.Decided(verdicts={}, digest=DIGEST, **outcome)),
        (owner, f.Signed(subject="decision", digest=DIGEST, role="owner", meaning="go")),
        (sponsor, f.Signed(subject="decision", digest=DIGEST, role="sponsor", meaning="go")),
        (owner, f.Advanced(from_phase="select", to_phase="operate", verdicts={}, digest=DIGEST)),
        *trained(owner, RELEASE),
        (owner, f.ExposureSet(mode="live", percent=100.0, cohorts=(), reason="A bench.")),
    ]
    for number, (actor, fact) in enumerate(facts):
        kind, payload, texts = encode(fact)
        draft = Draft(kind=kind, payload=payload, texts=texts, actor=actor, at=dt.datetime.now(dt.UTC))
        workspace.ledger.append(SLUG, number, [draft])
    now = dt.datetime.now(dt.UTC)
    issued = workspace.accounts.issue_token(
        "bench", person=owner, scopes={"record", "command"}, created_by="bench", now=now
    )
    workspace.close()
    return issued.secret


def trained(owner: str, release: str) -> list[tuple[str, Fact]]:
    """What lets everybody be exposed: one audience of one person, who completed what the release asks."""
    day, said = dt.datetime.now(dt.UTC).date(), "Said."
    module = training.TrainingRequired(
        id="intro",
        title="Introduction",
        release=release,
        does=said,
        does_not=said,
        when_to_override=said,
        whom_to_ask=said,
        audiences=(),
        valid_days=None,
        required=True,
    )
    done = training.Completed(learner="p-1", audience="desk", module="intro", release=release, completed_on=day)
    return [
        (owner, change.AudienceNamed(id="desk", title="The desk", people=1, sees_answers=True, cohort="")),
        (owner, module),
        (owner, training.TrainingCompleted(completions=(done,))),
    ]


def someone(workspace: Workspace, name: str) -> str:
    """A person with an account; the id."""
    now = dt.datetime.now(dt.UTC)
    person = workspace.accounts.create_person(name, created_by="bench", now=now).person
    workspace.accounts.create_account(person, name, roles={"owner", "operator"}, created_by="bench", now=now)
    return person


if __name__ == "__main__":
    main()
