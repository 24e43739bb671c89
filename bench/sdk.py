"""What recording a call costs: the SDK's own paths, beside an OpenTelemetry span and a structlog line, in one run.

A trivial function returns a two-key dict. What the caller pays is its thread's processor time for a call beyond the
function's own: processor time, so that neighbours on the machine do not count. What the process pays is its whole
processor time for several bursts in a row, everything in the background included, until all is on disk and, live, at
the server, which is another process. Medians of several repeats, the subjects taking turns.
"""

from __future__ import annotations

import http.server
import json
import logging
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

import pilotage
from pilotage.lease import Lease, Policy, ReleaseRef, generate_key, public_key_bytes, sign

REPEATS = 11
BURST = 20_000
BURSTS = 3
CALLER_US_MAX, PROCESS_US_MAX = 2.0, 3.0
SPAN_RATIO_MIN, LINE_RATIO_MIN = 25.0, 8.0
TICKET = {"text": "my invoice is wrong", "id": 7}
UNITS = [f"customer-{number % 1000}" for number in range(BURST)]
SEGMENT = {"language": "de"}
SLUG = "bench-desk"


def triage(ticket: dict) -> dict:
    """The work: next to nothing."""
    del ticket
    return {"label": "billing", "score": 0.9}


class Cost(NamedTuple):
    """Microseconds for one call, beyond the function's own."""

    caller_us: float
    process_us: float


class Subject(NamedTuple):
    """Something to measure: a burst of calls, and a wait until nothing is left to do in the background."""

    name: str
    burst: Callable[[], None]
    settle: Callable[[], object]


def bare() -> None:
    """The function alone."""
    for _ in UNITS:
        triage(TICKET)


def nothing() -> None:
    """No background."""


def measure(subject: Subject) -> Cost:
    """One repeat: bursts that are settled one by one for the caller's time, then bursts in a row for the process's."""
    caller_us = []
    for _ in range(BURSTS):
        began = time.thread_time()
        subject.burst()
        caller_us.append((time.thread_time() - began) / BURST * 1e6)
        subject.settle()
    began = time.process_time()
    for _ in range(BURSTS):
        subject.burst()
    subject.settle()
    return Cost(statistics.median(caller_us), (time.process_time() - began) / (BURST * BURSTS) * 1e6)


def embedded(home: Path) -> Subject:
    """The incumbent-only path: recording into the folder."""
    workload = pilotage.workload(SLUG, home=home)
    workload.incumbent(triage)
    workload.call(TICKET)

    def burst() -> None:
        call = workload.call
        for unit in UNITS:
            call(TICKET, unit=unit, cohort="berlin")

    return Subject("pilotage, incumbent only", burst, lambda: workload.flush(30))


def connected(home: Path, url: str) -> pilotage.Workload:
    """A workload on the live path: every unit gets the candidate, and calls are sent to the stand-in."""
    workload = pilotage.workload(SLUG, home=home, url=url)
    workload.incumbent(triage)
    workload.candidate(release="r1", digest="d")(triage)
    assert workload.wait_for_lease(10)
    assert workload.call(TICKET, unit="u").arm == "candidate"
    return workload


def live(workload: pilotage.Workload) -> Subject:
    """The live path."""

    def burst() -> None:
        call = workload.call
        for unit in UNITS:
            call(TICKET, unit=unit, cohort="berlin")

    return Subject("pilotage, live", burst, lambda: workload.flush(30))


def live_with_segment(workload: pilotage.Workload) -> Subject:
    """The live path, with what figures are split by."""

    def burst() -> None:
        call = workload.call
        for unit in UNITS:
            call(TICKET, unit=unit, cohort="berlin", segment=SEGMENT)

    return Subject("pilotage, live, with a segment", burst, lambda: workload.flush(30))


def live_with_strangers(workload: pilotage.Workload) -> Subject:
    """The live path, with units that need a pseudonym each."""
    numbers = iter(range(10**12))
    prepared: list[list[str]] = []

    def prepare() -> bool:
        done = workload.flush(30)
        while len(prepared) < BURSTS:
            prepared.append([f"stranger-{next(numbers)}" for _ in range(BURST)])
        return done

    def burst() -> None:
        call = workload.call
        for unit in prepared.pop():
            call(TICKET, unit=unit, cohort="berlin")

    prepare()
    return Subject("pilotage, live, units never seen before", burst, prepare)


class Discard(SpanExporter):
    """Takes spans and does nothing with them: only what the caller and the processor do is measured."""

    def export(self, spans: object) -> SpanExportResult:
        """Nothing."""
        del spans
        return SpanExportResult.SUCCESS


def span() -> Subject:
    """A span with eight attributes, on the SDK's batch processor, whose queue is large enough to drop none."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Discard(), max_queue_size=2 * BURST * BURSTS))
    tracer = provider.get_tracer("bench")

    def burst() -> None:
        for unit in UNITS:
            with tracer.start_as_current_span("call") as current:
                value = triage(TICKET)
                current.set_attribute("workload", SLUG)
                current.set_attribute("unit", unit)
                current.set_attribute("cohort", "berlin")
                current.set_attribute("arm", "candidate")
                current.set_attribute("release", "r1")
                current.set_attribute("stage", "live/100/1")
                current.set_attribute("label", value["label"])
                current.set_attribute("score", value["score"])

    return Subject("opentelemetry, a span with 8 attributes", burst, provider.force_flush)


def line() -> Subject:
    """A line of JSON with eight fields, written to the null device."""
    with_time = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.JSONRenderer(),
    ]
    sink = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process
    log = structlog.wrap_logger(structlog.WriteLogger(sink), processors=with_time)

    def burst() -> None:
        for unit in UNITS:
            value = triage(TICKET)
            log.info(
                "call",
                workload=SLUG,
                unit=unit,
                cohort="berlin",
                arm="candidate",
                release="r1",
                stage="live/100/1",
                label=value["label"],
                score=value["score"],
            )

    return Subject("structlog, a line with 8 fields", burst, sink.flush)


class StandIn(http.server.BaseHTTPRequestHandler):
    """A server in a process of its own: gives one live lease, takes every batch and forgets it."""

    protocol_version = "HTTP/1.1"
    event = b""

    def log_message(self, *_args: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        """The lease, then silence."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(self.event)
        while True:
            time.sleep(5)
            self.wfile.write(b": alive\n\n")

    def do_POST(self) -> None:
        """Whatever it is, it is taken."""
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = b'{"accepted": 0, "duplicates": 0}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def serve() -> None:
    """The stand-in's process: print the port, then serve until killed."""
    key, now = generate_key(), time.time()
    lease = Lease(
        workload=SLUG,
        serial=1,
        mode="live",
        percent=100.0,
        stage="live/100/1",
        release=ReleaseRef(name="r1", digest="d"),
        salt="0123456789abcdef",
        policy=Policy(paired_share=0.0),
        issued_at=now,
        not_after=now + 3600,
    )
    offer = {"token": sign(lease, key), "public_key": public_key_bytes(key).hex(), "pseudonym_key": "ab" * 16}
    StandIn.event = b"event: lease\ndata: " + json.dumps(offer).encode() + b"\n\n"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    print(server.server_port, flush=True)
    server.serve_forever()


def compare(home: Path, url: str) -> dict[str, Cost]:
    """Every subject in turn, several times; medians, less the bare function."""
    workload = connected(home / "b", url)
    subjects = [
        embedded(home / "a"),
        live(workload),
        live_with_segment(workload),
        live_with_strangers(workload),
        span(),
        line(),
    ]
    alone = Subject("the function alone", bare, nothing)
    costs: dict[str, list[Cost]] = {subject.name: [] for subject in subjects}
    for _ in range(REPEATS):
        base = measure(alone)
        for subject in subjects:
            cost = measure(subject)
            costs[subject.name].append(Cost(cost.caller_us - base.caller_us, cost.process_us - base.process_us))
    return {
        name: Cost(*(statistics.median(figures) for figures in zip(*measured, strict=True)))
        for name, measured in costs.items()
    }


def report(costs: dict[str, Cost]) -> None:
    """Print the table, the ratios and whether the figures to reach are reached."""
    names = ", ".join(
        f"{name} {version(name)}" for name in ("pilotage", "msgspec", "mmh3", "opentelemetry-sdk", "structlog")
    )
    print(f"Python {platform.python_version()}; {names}")
    print(f"bursts of {BURST:,} calls, {BURSTS} a repeat, medians of {REPEATS} repeats, microseconds a call\n")
    print(f"{'':44}{'caller':>8}{'process':>9}")
    for name, cost in costs.items():
        print(f"{name:44}{cost.caller_us:8.2f}{cost.process_us:9.2f}")
    print()
    budgeted = {"incumbent only": costs["pilotage, incumbent only"], "live": costs["pilotage, live"]}
    for name, cost in budgeted.items():
        print(f"{name}, caller: {verdict(cost.caller_us, CALLER_US_MAX)}")
        print(f"{name}, process: {verdict(cost.process_us, PROCESS_US_MAX)}")
    slowest = max(cost.caller_us for cost in budgeted.values())
    for name, least in (
        ("opentelemetry, a span with 8 attributes", SPAN_RATIO_MIN),
        ("structlog, a line with 8 fields", LINE_RATIO_MIN),
    ):
        ratio = costs[name].caller_us / slowest
        print(
            f"{name}: {ratio:.1f} times the live call (at least {least:g}: {'reached' if ratio >= least else 'missed'})"
        )


def verdict(figure_us: float, most_us: float) -> str:
    """The figure against its limit."""
    return f"{figure_us:.2f} of at most {most_us:g} ({'reached' if figure_us <= most_us else 'missed'})"


def main() -> None:
    """Start the stand-in server, measure, print."""
    # The stand-in is killed at the end, which the runtime would remark upon.
    logging.getLogger("pilotage").setLevel(logging.ERROR)
    server = subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True)
    try:
        port = server.stdout.readline().strip()
        with tempfile.TemporaryDirectory() as folder:
            report(compare(Path(folder), f"http://127.0.0.1:{port}"))
            pilotage.flush()
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else main()
