"""`pilotage up`: the server of a workspace, and the jobs for runtimes that are embedded in its folder."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from pilotage.cli.acting import CONSOLE, first_account, real_now
from pilotage.cli.failures import CliError
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.cli.reaching import running_server
from pilotage.cli.sign_in_links import LIFETIME, link_to

if TYPE_CHECKING:
    from pilotage.cli.screen import Screen
    from pilotage.workflow.workspace import Workspace

HOST = "127.0.0.1"
PORT = 8400
READER = "read by whoever has this folder"
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class Serving(Struct, frozen=True, kw_only=True):
    """A server that takes requests now. `link` signs the first account in once, while it has no password."""

    url: str
    home: str
    demonstration: bool
    link: str | None


@command("up", acts=False, makes=True)
@click.option("--host", default=HOST, show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="The port; 0 takes a free one."
)
@click.option("--behind-https", is_flag=True, help="It is reached by HTTPS only, through a proxy: cookies say so.")
@click.option("--access-log", is_flag=True, help="Log every request.")
def up(run: Invocation, *, host: str, port: int, behind_https: bool, access_log: bool) -> Answer:
    """Serve the workspace until interrupted: pages, API, leases, and the jobs behind them.

    A folder without a workspace gets one, with an account named admin and a link that signs it in once.
    """
    from pilotage.cli.in_place import opened
    from pilotage.operations.jobs import Jobs
    from pilotage.server.app import create_app
    from pilotage.server.serving import AddressTaken, serve

    _check_alone(run)
    logging.basicConfig(format=LOG_FORMAT, level=logging.WARNING)
    logging.getLogger("pilotage").setLevel(logging.INFO)
    if not _is_loopback(host):
        run.screen.remark(f"Listening on {host}: others can reach it. Put HTTPS in front and add --behind-https.")
    workspace = opened(run.home)
    try:
        first_account(workspace.accounts)
        app = create_app(workspace, secure_cookies=behind_https)
        jobs = Jobs(workspace, on_traffic=app.state.parts.changes.traffic)
        with ExitStack() as stack:

            def ready(url: str) -> None:
                stack.enter_context(_announced(workspace, url))
                jobs.start()
                serving = _serving(workspace, run, url)
                run.screen.answer(serving, lambda screen: _draw(screen, serving))

            try:
                serve(app, host=host, port=port, access_log=access_log, ready=ready)
            finally:
                jobs.stop()
    except AddressTaken as error:
        raise CliError("address-taken", str(error)) from error
    finally:
        workspace.close()
    run.screen.remark("Stopped.")
    return None


def _check_alone(run: Invocation) -> None:
    running = running_server(run.home)
    if running is not None:
        raise CliError(
            "already-up", f"{run.home} is served at {running.url} already, by process {running.pid}; stop that first."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _announced(workspace: Workspace, url: str) -> Iterator[None]:
    """Say in the folder that the server runs, with a token by which the folder's owner may read through it."""
    from pilotage.operations.announcing import announced

    accounts = workspace.accounts
    _end_readers(workspace)
    admin = next(p for p in accounts.people() if not p.disabled and "admin" in p.roles)
    issued = accounts.issue_token(READER, person=admin.person, scopes=("read",), created_by=CONSOLE, now=real_now())
    try:
        with announced(workspace.home, url, issued.secret):
            yield
    finally:
        accounts.revoke_token(issued.token.token, real_now())


def _end_readers(workspace: Workspace) -> None:
    """End the tokens that a server left when it was killed."""
    for token in workspace.accounts.tokens():
        if token.name == READER and token.created_by == CONSOLE and token.revoked is None:
            workspace.accounts.revoke_token(token.token, real_now())


def _serving(workspace: Workspace, run: Invocation, url: str) -> Serving:
    accounts = workspace.accounts
    enabled = [a for person in accounts.people() for a in person.accounts if not a.disabled]
    link = None
    if len(enabled) == 1 and not enabled[0].has_password:
        secret = accounts.issue_link(enabled[0].username, created_by=CONSOLE, now=real_now(), lifetime=LIFETIME)
        link = link_to(url, secret)
    return Serving(url=url, home=str(run.home), demonstration=workspace.demonstration, link=link)


def _draw(screen: Screen, serving: Serving) -> None:
    mark = " (a demonstration)" if serving.demonstration else ""
    screen.line(f"{serving.home}{mark} is served at {serving.url}; Ctrl-C stops it.", "good")
    if serving.link is not None:
        screen.line(f"Sign in once, within {int(LIFETIME.total_seconds() // 60)} minutes: {serving.link}")
