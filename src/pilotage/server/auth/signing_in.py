"""Signing in and out, and finding out who asks: everything that the server wants of the accounts.

Sessions and tokens live in real time, whatever a demonstration simulates.
"""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from pilotage.server.auth.cookies import csrf_of
from pilotage.server.auth.identity import Identity, session_scopes
from pilotage.workflow.workspace import Workspace


class SignedIn(Struct, frozen=True, kw_only=True):
    """A new session: its secret token, for the cookie alone, and whose it is."""

    token: str
    identity: Identity


def real_now(workspace: Workspace) -> dt.datetime:
    """Real time, UTC."""
    return dt.datetime.fromtimestamp(workspace.clock.real(), dt.UTC)


def identify(workspace: Workspace, session: str | None, token: str | None) -> Identity | None:
    """Whose token or session it is; a token counts first. None when it is nobody's, or over."""
    if token is not None:
        return _of_token(workspace, token)
    return None if session is None else _of_session(workspace, session)


def _of_token(workspace: Workspace, token: str) -> Identity | None:
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


def _of_session(workspace: Workspace, session: str) -> Identity | None:
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
        csrf=csrf_of(session),
    )


def sign_in(workspace: Workspace, username: str, password: str) -> SignedIn:
    """Open a session. Raises `StorageRefused` for a wrong name or password, or after too many of them."""
    account = workspace.accounts.authenticate(username, password, real_now(workspace))
    token = workspace.accounts.open_session(account, real_now(workspace))
    identity = identify(workspace, token, None)
    return SignedIn(token=token, identity=identity)


def close_session(workspace: Workspace, token: str) -> None:
    """End a session; one that is over already is no error."""
    workspace.accounts.close_session(token)


def sign_in_by_link(workspace: Workspace, token: str) -> SignedIn:
    raise NotImplementedError
