"""Signing in and out, and finding out who asks: everything that the server wants of the accounts.

Sessions and tokens live in real time, whatever a demonstration simulates. These functions block; handlers run them on
a thread.
"""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from pilotage.server.auth.identity import Identity, session_scopes
from pilotage.storage import accounts
from pilotage.workflow.workspace import Workspace


class SignedIn(Struct, frozen=True, kw_only=True):
    """A new session: its secret token, for the cookie alone, and whose it is."""

    token: str
    identity: Identity


def real_now(workspace: Workspace) -> dt.datetime:
    """Real time, UTC."""
    return dt.datetime.fromtimestamp(workspace.clock.real(), dt.UTC)


def of_token(workspace: Workspace, token: str) -> Identity | None:
    """Whose token it is; None when it is nobody's, or over."""
    found = workspace.accounts.find_token(token, real_now(workspace))
    if found is None:
        return None
    return Identity(
        person=found.person,
        name=found.name,
        username=found.username,
        roles=found.roles,
        scopes=found.scopes,
        via="token",
        workload=found.workload,
    )


def of_session(workspace: Workspace, session: str) -> Identity | None:
    """Whose session it is; None when it is nobody's, or over."""
    found = workspace.accounts.find_session(session, real_now(workspace))
    if found is None:
        return None
    return Identity(
        person=found.person,
        name=found.name,
        username=found.username,
        roles=found.roles,
        scopes=session_scopes(found.roles),
        via="session",
        csrf=found.csrf,
    )


def sign_in(workspace: Workspace, username: str, password: str, address: str) -> SignedIn:
    """Open a session by name and password. Raises `SignInRefused`."""
    return _opened(workspace, workspace.accounts.authenticate(username, password, real_now(workspace), address=address))


def sign_in_by_link(workspace: Workspace, secret: str) -> SignedIn:
    """Open a session by a one-time link, which is used up. Raises `SignInRefused`."""
    return _opened(workspace, workspace.accounts.redeem_link(secret, real_now(workspace)))


def _opened(workspace: Workspace, who: accounts.Identity) -> SignedIn:
    token = workspace.accounts.open_session(who, real_now(workspace))
    identity = of_session(workspace, token)
    if identity is None:
        raise accounts.SignInRefused("wrong-credentials", "The account was just disabled: ask an administrator.")
    return SignedIn(token=token, identity=identity)


def close_session(workspace: Workspace, token: str) -> None:
    """End a session; one that is over already is no error."""
    workspace.accounts.close_session(token)
