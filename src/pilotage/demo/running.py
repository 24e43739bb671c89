"""`pilotage demo`: make the workspace and its people, start the server, let the story happen, leave the server up.

Interrupt it at any point and start it again: it goes on where it was.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from pilotage.bootstrap import Environment, open_workspace
from pilotage.client import Client
from pilotage.demo.cast import ADMIN, CAST, ENGINEER, OWNER, Person
from pilotage.demo.directing import Director, Script
from pilotage.demo.replaying import Replay, Running
from pilotage.demo.stage import Account, Stage
from pilotage.operations.announcing import read_announcement
from pilotage.runtime.process import workload
from pilotage.storage.accounts import Accounts

BLOCK = dt.timedelta(hours=6)
ACCOUNTS = "demo-accounts.json"
SCOPES = ("record", "read", "command", "admin")
START_SECONDS = 60.0
STOP_SECONDS = 10.0
TOKENS_LAST = dt.timedelta(days=365)
PLAYED = "demo-example.txt"


class Options(Struct, frozen=True, kw_only=True):
    """What the demonstration is asked to do. `unit_every` takes about every k-th unit, for a quick look; `table` is
    an exported table, for an example that needs one.
    """

    example: str = "flight-delay-desk"
    home: Path = Path(".pilotage-demo")
    port: int = 8400
    until: dt.date | None = None
    unit_every: int = 1
    fresh: bool = False
    serve: bool = True
    table: Path | None = None


class Progress(Struct, frozen=True, kw_only=True):
    """How the story reports: a line that stays, and how far the replay is."""

    tell: Callable[[str], None]
    moved: Callable[[dt.datetime, float, int], None]


class Outcome(Struct, frozen=True, kw_only=True):
    """How the demonstration ended."""

    calls: int
    seconds: float
    phase: str
    answer: str
    url: str


class Production(Protocol):
    """An example with all that its story is played with: what is learned, planned and decided on."""

    @property
    def script(self) -> Script:
        """What its people say and do."""

    @property
    def time_zone(self) -> str:
        """Whose days its story is told in."""

    def played(self, stage: Stage, running: Running) -> tuple[Director, Replay]:
        """Who lets the people act, and what is decided on, with both arms registered."""


def run(options: Options, progress: Progress) -> Outcome:
    """Run the demonstration; returns when the story is told, or, with `serve`, when the server is interrupted."""
    if options.fresh:
        _forget(options.home)
    _same_example(options)
    accounts = _people(options.home)
    (options.home / PLAYED).write_text(options.example, encoding="utf-8")
    production = _produced(options, progress)
    with _server(options) as url:
        stage = Stage(url, accounts, progress.tell, slug=production.script.slug)
        try:
            outcome = _play(options, progress, stage, production)
            _farewell(options, progress, outcome, accounts)
            if options.serve:
                _wait()
        finally:
            stage.close()
    return outcome


def _produced(options: Options, progress: Progress) -> Production:
    """The example that was asked for; what only the other one needs is not imported."""
    if options.example == "credit-referral":
        from pilotage.demo.credit.production import produce as credit  # noqa: PLC0415 - same

        return credit(options, progress.tell)
    from pilotage.demo.production import produce as flights  # noqa: PLC0415 - same

    return flights(options, progress.tell)


def _same_example(options: Options) -> None:
    """A folder holds one example: the simulated time of another would make its record old at once."""
    marker = options.home / PLAYED
    if not (options.home / ACCOUNTS).exists():
        return
    played = marker.read_text(encoding="utf-8") if marker.exists() else Options().example
    if played != options.example:
        raise FileExistsError(f"{options.home} holds the example {played}; it is left alone. Choose another --home.")


def _forget(home: Path) -> None:
    """Remove an earlier demonstration, and nothing else."""
    if not home.exists():
        return
    if not (home / ACCOUNTS).exists():
        raise FileExistsError(f"{home} is not a demonstration's folder; it is left alone. Choose another --home.")
    shutil.rmtree(home)


def _people(home: Path) -> dict[str, Account]:
    """The story's accounts: made once, with random passwords that only this folder knows."""
    path = home / ACCOUNTS
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Account])
    workspace = open_workspace(Environment(home=home, name="demonstration"), demonstration=True)
    try:
        made = {person.username: _account(workspace.accounts, person) for person in CAST}
    finally:
        workspace.close()
    partial = path.with_suffix(".partial")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(made), indent=1))
    partial.replace(path)
    return made


@contextmanager
def _server(options: Options) -> Iterator[str]:
    """The real server, in a process of its own, for as long as the block runs."""
    url = f"http://127.0.0.1:{options.port}"
    _stop_left_over(options.home)
    if _answers(url):
        raise ConnectionError(f"Something answers at {url} already; stop it, or choose another --port.")
    command = [sys.executable, "-m", "pilotage", "up", "--home", str(options.home), "--port", str(options.port)]
    # A server named by the environment is not this one.
    settings = {name: value for name, value in os.environ.items() if not name.startswith("PILOTAGE_")}
    with (options.home / "server.log").open("ab") as log:
        # Of its own session, so that an interrupt reaches the story first and the server is stopped in order.
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env=settings)  # noqa: S603 - our own program
        try:
            _await(process, url, options.home)
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(process: subprocess.Popen[bytes], url: str, home: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise ConnectionError(f"The server did not start; its own words are in {home}/server.log.")
        time.sleep(0.05)


def _stop_left_over(home: Path) -> None:
    """Stop the server that an earlier run left when it was killed: it announced itself in this folder."""
    left = read_announcement(home)
    if left is None or not _answers(left.url):
        return
    os.kill(left.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _answers(left.url):
        if time.monotonic() > deadline:
            raise ConnectionError(f"The server of an earlier run, process {left.pid}, does not stop; stop it yourself.")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status < 500)  # noqa: PLR2004 - HTTP's own number
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _play(options: Options, progress: Progress, stage: Stage, production: Production) -> Outcome:
    """Day by day: in the morning people act, then what is due is decided on, four stretches a day."""
    calendar, zone = production.script.calendar, ZoneInfo(production.time_zone)
    last_day = options.until or calendar.last_day
    first, last = _midnight(calendar.first_day, zone), _midnight(last_day + dt.timedelta(days=1), zone)
    director, replay = production.played(stage, _running(options, stage, since=first))
    began, at, day = time.monotonic(), replay.reached(), None
    try:
        while at < last:
            stage.set_time(ADMIN, at)
            today = at.astimezone(zone).date()
            if today != day:
                director.morning(today)
                day = today
            replay.settle()
            end = min(at + BLOCK, last)
            replay.play(at, end)
            at = end
            progress.moved(at, (at - first) / (last - first), replay.calls)
    finally:
        replay.close()
    stage.set_time(ADMIN, at)
    shown = stage.workload(OWNER) or {}
    return Outcome(
        calls=replay.calls,
        seconds=time.monotonic() - began,
        phase=str(shown.get("phase")),
        answer=str(shown.get("target", {}).get("answer")),
        url=stage.url,
    )


def _midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=zone).astimezone(dt.UTC)


def _running(options: Options, stage: Stage, *, since: dt.datetime) -> Running:
    """The example's runtime, as the engineer's service has it."""
    token = stage.token_of(ENGINEER)
    return Running(
        runtime=workload(stage.slug, url=stage.url, token=token, home=options.home / "runtime", source="replay"),
        client=Client(stage.url, token),
        since=since,
        progress=options.home / "replayed.json",
    )


def _farewell(options: Options, progress: Progress, outcome: Outcome, accounts: dict[str, Account]) -> None:
    progress.tell(
        f"{outcome.calls:,} calls replayed in this run, in {outcome.seconds:.0f} s. Phase: {outcome.phase}. "
        f"Answer on the target: {outcome.answer.replace('_', ' ')}."
    )
    if not options.serve:
        progress.tell(f"See it with: pilotage up --home {options.home}, as {OWNER.username}.")
        return
    password = accounts[OWNER.username].password
    progress.tell(
        f"Look at {outcome.url}/w/{options.example}; sign in as {OWNER.username} with {password}. "
        "Ctrl-C stops the server."
    )
    progress.tell(f"The other people's passwords are in {options.home / ACCOUNTS}.")


def _wait() -> None:
    """Until interrupted."""
    while True:
        time.sleep(3600)


def _account(accounts: Accounts, person: Person) -> Account:
    now = dt.datetime.now(dt.UTC)
    password = "-".join(secrets.token_hex(3) for _ in range(3))
    made = accounts.create_person(person.name, created_by="pilotage demo", now=now)
    accounts.create_account(
        made.person, person.username, roles=person.roles, created_by="pilotage demo", now=now, password=password
    )
    token = accounts.issue_token(
        "demonstration",
        person=made.person,
        scopes=SCOPES,
        created_by="pilotage demo",
        now=now,
        expires=now + TOKENS_LAST,
    )
    return Account(person=made.person, password=password, token=token.secret)
