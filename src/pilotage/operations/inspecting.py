"""What the product sees of its own security: who can read its keys, how it is reached, who can sign in with what.

The watch writes it down, weekly and when it changed. It says how many, never who: names belong to the commands that
list accounts and tokens and to `pilotage doctor`, not into the ledger.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pilotage.operations.announcing import read_announcement
from pilotage.record.areas.auditing import SelfSeen, WorkspaceInspected
from pilotage.record.workload import Workload
from pilotage.storage.accounts import Accounts, Person
from pilotage.workflow.workspace import Workspace

PHASES = frozenset({"harden", "deploy", "operate"})
EVERY = dt.timedelta(days=7)
LOOKED_AT = dt.timedelta(hours=6)
UNUSED_AFTER = dt.timedelta(days=90)
OTHERS = stat.S_IRWXG | stat.S_IRWXO
PRIVATE = ("keys", "pilotage.db", "calls.db", "server.json")
READING = frozenset({"read"})
Inspect = Callable[[], tuple[SelfSeen, ...]]


def private_paths(home: Path) -> tuple[Path, ...]:
    """The files that nobody but their owner may read, as far as they are there."""
    return tuple(path for name in PRIVATE for path in ((home / name), *(home / name).glob("*")) if path.is_file())


def open_to_others(home: Path) -> tuple[Path, ...]:
    """Those of them that others on this machine can read."""
    return tuple(path for path in private_paths(home) if path.stat().st_mode & OTHERS)


def inspect(workspace: Workspace, *, secure: bool, now: dt.datetime) -> tuple[SelfSeen, ...]:
    """Everything that is looked at, in order. `secure`: it is reached by HTTPS only; `now` is real time."""
    return tuple(_seen(workspace, secure=secure, now=now))


def _seen(workspace: Workspace, *, secure: bool, now: dt.datetime) -> Iterator[SelfSeen]:
    yield _files(workspace.home)
    yield _reached(workspace.home, secure=secure)
    yield _passwords(workspace.accounts)
    yield _endless_tokens(workspace.accounts, now)
    yield _unused(workspace.accounts, now)


def _files(home: Path) -> SelfSeen:
    kept, opened = private_paths(home), open_to_others(home)
    if os.name != "posix":
        return SelfSeen(check="files", holds=False, found="Who can read the keys cannot be seen on this system.")
    found = f"{len(opened)} of {len(kept)} files with keys and data can be read by others on the machine."
    return SelfSeen(check="files", holds=bool(kept) and not opened, found=found)


def _reached(home: Path, *, secure: bool) -> SelfSeen:
    """By HTTPS alone, so that cookies say so, or from this machine alone."""
    if secure:
        return SelfSeen(check="transport", holds=True, found="It is reached by HTTPS only, and cookies say so.")
    announced = read_announcement(home)
    if announced is None:
        return SelfSeen(check="transport", holds=False, found="It is not known where it is reached: no server says so.")
    if _is_here(urlsplit(announced.url).hostname or ""):
        return SelfSeen(check="transport", holds=True, found="It listens on this machine alone.")
    return SelfSeen(check="transport", holds=False, found="Others reach it without HTTPS: use --behind-https.")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _passwords(accounts: Accounts) -> SelfSeen:
    """Everybody who can sign in has a password; who has none yet can still be let in by a link alone."""
    enabled = [account for person in accounts.people() for account in person.accounts if not account.disabled]
    without = sum(not account.has_password for account in enabled)
    found = f"{len(enabled) - without} of {len(enabled)} accounts have a password."
    return SelfSeen(check="passwords", holds=bool(enabled) and not without, found=found)


def _endless_tokens(accounts: Accounts, now: dt.datetime) -> SelfSeen:
    """Tokens that may do more than read end by themselves."""
    valid = [one for one in accounts.tokens() if one.revoked is None and (one.expires is None or one.expires > now)]
    endless = sum(one.expires is None and not one.scopes <= READING for one in valid)
    found = f"{endless} of {len(valid)} tokens may do more than read and never end."
    return SelfSeen(check="tokens", holds=not endless, found=found)


def _unused(accounts: Accounts, now: dt.datetime) -> SelfSeen:
    """Rights that nobody uses are taken away: who was let in long ago shows in a session or a token that was used."""
    used = accounts.seen_lately(now - UNUSED_AFTER)
    idle = sum(
        person.person not in used and bool(person.roles - {"viewer"}) and _let_in_before(person, now - UNUSED_AFTER)
        for person in accounts.people()
    )
    found = f"{idle} people with rights have used neither a session nor a token for {UNUSED_AFTER.days} days."
    return SelfSeen(check="unused rights", holds=not idle, found=found)


def _let_in_before(person: Person, moment: dt.datetime) -> bool:
    held = [account.created_at for account in person.accounts if not account.disabled]
    return bool(held) and max(held) < moment


class Inspector:
    """Looks at the workspace for every workload that is due; one look serves all of some hours."""

    def __init__(self, look: Inspect | None, now: Callable[[], dt.datetime]) -> None:
        self._look = look
        self._now = now
        self._held: tuple[dt.datetime, tuple[SelfSeen, ...]] | None = None

    def inspect(self, workload: Workload) -> WorkspaceInspected | None:
        """What is to be written down; None where no look is due, or it shows what is written already."""
        if self._look is None or workload.phase not in PHASES:
            return None
        now, newest = self._now(), workload.auditing.inspected
        if self._held is None or not dt.timedelta() <= now - self._held[0] < LOOKED_AT:
            self._held = now, self._look()
        fact = WorkspaceInspected(seen=self._held[1])
        if newest is not None and now - newest.stamp.at < EVERY and _same(newest.fact, fact):
            return None
        return fact


def _same(one: WorkspaceInspected, other: WorkspaceInspected) -> bool:
    return [(s.check, s.holds) for s in one.seen] == [(s.check, s.holds) for s in other.seen]
