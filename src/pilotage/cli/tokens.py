"""`pilotage token`: what programs sign in with, for a person, within scopes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from pilotage.cli.acting import acting, real_now
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.users import administering, keeping

if TYPE_CHECKING:
    from pilotage.cli.screen import Screen
    from pilotage.storage.accounts import Token

DAYS = 90


class Issued(Struct, frozen=True, kw_only=True):
    """A token with its secret, which is shown this once."""

    token: str
    name: str
    person: str
    scopes: tuple[str, ...]
    workload: str | None
    expires: dt.datetime | None
    secret: str


@click.group("token")
def token() -> None:
    """Tokens for programs: make, list, revoke.

    A runtime needs the scope record, a pipeline that checks gates needs read. Scopes: record, read, command, admin.
    """


@command("new")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help="What it may do; may be given again.")
@click.option("--workload", help="Only for this workload.")
@click.option("--service", is_flag=True, help="Acts for a service of this NAME, not for you: it outlives your account.")
@click.option("--days", type=click.IntRange(1, 3660), default=DAYS, show_default=True, help="How long it is good for.")
def new(
    run: Invocation, *, name: str, scopes: tuple[str, ...], workload: str | None, service: bool, days: int
) -> Answer:
    """Make a token called NAME. Its secret is shown this once: keep it where PILOTAGE_TOKEN is set from."""
    with administering(run) if service else keeping(run) as (accounts, admin):
        now = real_now()
        person = (
            accounts.create_person(name, created_by=admin, now=now).person if service else acting(run, accounts).person
        )
        by = admin if service else person
        expires = now + dt.timedelta(days=days)
        issued = accounts.issue_token(
            name, person=person, scopes=scopes, created_by=by, now=now, workload=workload, expires=expires
        )
    shown = Issued(
        token=issued.token.token,
        name=name,
        person=person,
        scopes=tuple(sorted(issued.token.scopes)),
        workload=workload,
        expires=issued.token.expires,
        secret=issued.secret,
    )

    def draw(screen: Screen) -> None:
        screen.line(issued.secret)
        screen.remark(
            f"{shown.token}, {name}: {', '.join(shown.scopes)} on {workload or 'every workload'}, "
            f"until {expires.date()}. It is not shown again."
        )

    run.screen.answer(shown, draw)
    return None


@command("list")
@click.option("--all", "every", is_flag=True, help="Also those that are revoked or over.")
def listing(run: Invocation, *, every: bool) -> Answer:
    """List the tokens that are good now, without their secrets."""
    now = real_now()
    with administering(run) as (accounts, _):
        tokens = [t for t in accounts.tokens() if every or _is_good(t, now)]
    rows = [
        (t.token, t.name, t.person, ", ".join(sorted(t.scopes)), t.workload or "every workload", _state(t, now))
        for t in tokens
    ]
    heads = ("token", "name", "person", "scopes", "workload", "state")
    run.screen.answer({"tokens": tokens}, lambda screen: screen.table(heads, rows))
    return None


def _is_good(listed: Token, now: dt.datetime) -> bool:
    return listed.revoked is None and (listed.expires is None or listed.expires > now)


def _state(listed: Token, now: dt.datetime) -> str:
    if listed.revoked is not None:
        return f"revoked {listed.revoked.date()}"
    if listed.expires is not None and listed.expires <= now:
        return f"ended {listed.expires.date()}"
    return f"until {listed.expires.date()}" if listed.expires else "without end"


@command("revoke")
@click.argument("token_id", metavar="TOKEN")
def revoke(run: Invocation, token_id: str) -> Answer:
    """End a TOKEN by its id, at once."""
    with administering(run) as (accounts, _):
        accounts.revoke_token(token_id, real_now())
    run.screen.answer({"token": token_id, "revoked": True}, lambda s: s.line(f"{token_id} is revoked.", "good"))
    return None


for one in (new, listing, revoke):
    token.add_command(one)
