"""`pilotage user`: people's accounts, kept where the workspace is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from pilotage.cli.acting import CONSOLE, acting, real_now
from pilotage.cli.failures import CliError
from pilotage.cli.invocation import Answer, Invocation, command, typed
from pilotage.cli.reaching import check_workspace, running_server

if TYPE_CHECKING:
    from pilotage.cli.screen import Screen
    from pilotage.storage.accounts import Accounts

ADMIN = "admin"
PLACEHOLDER = "http://127.0.0.1:8400"


class Listed(Struct, frozen=True, kw_only=True):
    """An account, as it is listed. Who set the password could sign as the person, and is therefore shown."""

    username: str
    name: str
    person: str
    roles: tuple[str, ...]
    disabled: bool
    has_password: bool
    password_set_by: str | None


class Linked(Struct, frozen=True, kw_only=True):
    """A link that signs an account in once."""

    username: str
    link: str
    minutes: int


@contextmanager
def keeping(run: Invocation, *, makes: bool = False) -> Iterator[tuple[Accounts, str]]:
    """The accounts of the workspace on this machine, and the name for whoever has its files."""
    if os.environ.get("PILOTAGE_URL"):
        message = "Accounts and tokens are kept where the workspace is: run this there, without PILOTAGE_URL."
        raise CliError("elsewhere", message)
    if not makes:
        check_workspace(run.home)
    from pilotage.cli.in_place import opened

    workspace = opened(run.home)
    try:
        yield workspace.accounts, CONSOLE
    finally:
        workspace.close()


@contextmanager
def administering(run: Invocation, *, makes: bool = False) -> Iterator[tuple[Accounts, str]]:
    """The accounts, and who administers them: an administrator with --as, else whoever has the workspace's files."""
    with keeping(run, makes=makes) as (accounts, console):
        if run.username is None:
            yield accounts, console
            return
        who = acting(run, accounts)
        if ADMIN not in who.roles:
            raise CliError("not-permitted", f"{who.username} is no administrator; ask one.")
        yield accounts, who.person


@click.group("user")
def user() -> None:
    """People's accounts: add, list, passwords, sign-in links.

    These work on the workspace's own files. Without --as they are recorded as done at its console.
    """


@command("add", makes=True)
@click.argument("who", metavar="USERNAME")
@click.option("--name", required=True, help="The person's name, as others read it.")
@click.option("--role", "roles", multiple=True, help="A role on every workload; may be given again.")
@click.option("--person", help="An existing person's id, who gets another account.")
@click.option("--password", "wants_password", is_flag=True, help="Ask for a password now; a link is printed otherwise.")
def add(
    run: Invocation,
    *,
    who: str,
    name: str,
    roles: tuple[str, ...],
    person: str | None,
    wants_password: bool,
) -> Answer:
    """Add a person with an account named USERNAME.

    Roles: viewer, engineer, operator, reviewer, owner, sponsor, auditor, admin.
    """
    password = new_password(who) if wants_password else None
    with administering(run, makes=True) as (accounts, by):
        now = real_now()
        held = person or accounts.create_person(name, created_by=by, now=now).person
        account = accounts.create_account(held, who, roles=roles, created_by=by, now=now, password=password)
        listed = Listed(
            username=account.username,
            name=name,
            person=held,
            roles=tuple(sorted(account.roles)),
            disabled=False,
            has_password=account.has_password,
            password_set_by=account.password_set_by,
        )
        linked = None if wants_password else _link(run, accounts, account.username, by)

    def draw(screen: Screen) -> None:
        roles_said = ", ".join(listed.roles) or "no role yet"
        screen.line(f"{listed.username} is {name}, {held}, with {roles_said}.", "good")
        if linked is not None:
            screen.line(f"Sign in once, within {linked.minutes} minutes, and set a password: {linked.link}")

    run.screen.answer({"account": listed, "link": linked}, draw)
    return None


@command("list")
def listing(run: Invocation) -> Answer:
    """List everybody's accounts."""
    with administering(run) as (accounts, _):
        everybody = [
            Listed(
                username=account.username,
                name=person.name,
                person=person.person,
                roles=tuple(sorted(account.roles)),
                disabled=account.disabled,
                has_password=account.has_password,
                password_set_by=account.password_set_by,
            )
            for person in accounts.people()
            for account in person.accounts
        ]
    rows = [(a.username, a.name, a.person, ", ".join(a.roles) or "no role", _state(a)) for a in everybody]
    heads = ("user", "name", "person", "roles", "state")
    run.screen.answer({"accounts": everybody}, lambda screen: screen.table(heads, rows))
    return None


def _state(account: Listed) -> str:
    if account.disabled:
        return "disabled"
    return f"password set by {account.password_set_by}" if account.has_password else "no password"


@command("password")
@click.argument("who", metavar="USERNAME")
def password(run: Invocation, who: str) -> Answer:
    """Set the password of USERNAME; it ends that account's sessions. Who set it is shown beside its signatures.

    The new password is asked for, or read from PILOTAGE_NEW_PASSWORD.
    """
    with administering(run) as (accounts, by):
        accounts.account(who)
        accounts.set_password(who, new_password(who), set_by=by, now=real_now())
    changed = {"username": who, "set_by": by}
    run.screen.answer(changed, lambda screen: screen.line(f"The password of {who} is set, by {by}.", "good"))
    return None


@command("link")
@click.argument("who", metavar="USERNAME")
def link(run: Invocation, who: str) -> Answer:
    """Print a link that signs USERNAME in once, for a quarter of an hour."""
    with administering(run) as (accounts, by):
        linked = _link(run, accounts, who, by)
    run.screen.answer(linked, lambda screen: screen.line(linked.link))
    return None


@command("role")
@click.argument("who", metavar="USERNAME")
@click.argument("roles", nargs=-1)
def role(run: Invocation, who: str, roles: tuple[str, ...]) -> Answer:
    """Replace the roles that USERNAME has on every workload by these ROLES; none takes them all."""
    with administering(run) as (accounts, _):
        accounts.set_roles(who, roles)
        held = tuple(sorted(accounts.account(who).roles))
    said = ", ".join(held) or "no role"
    run.screen.answer({"username": who, "roles": held}, lambda s: s.line(f"{who} has {said}.", "good"))
    return None


@command("disable")
@click.argument("who", metavar="USERNAME")
def disable(run: Invocation, who: str) -> Answer:
    """End an account, its sessions and its links. What it did stays on the record."""
    with administering(run) as (accounts, _):
        accounts.disable_account(who, now=real_now())
    run.screen.answer({"username": who, "disabled": True}, lambda s: s.line(f"{who} is disabled.", "good"))
    return None


for one in (add, listing, password, link, role, disable):
    user.add_command(one)


def new_password(username: str) -> str:
    """A new password, typed twice; or PILOTAGE_NEW_PASSWORD."""
    return os.environ.get("PILOTAGE_NEW_PASSWORD") or typed(
        f"A new password of {username}", "PILOTAGE_NEW_PASSWORD", twice=True
    )


def _link(run: Invocation, accounts: Accounts, username: str, by: str) -> Linked:
    from pilotage.cli.sign_in_links import LIFETIME, link_to

    secret = accounts.issue_link(username, created_by=by, now=real_now(), lifetime=LIFETIME)
    running = running_server(run.home)
    url = running.url if running else PLACEHOLDER
    return Linked(username=username, link=link_to(url, secret), minutes=int(LIFETIME.total_seconds() // 60))
