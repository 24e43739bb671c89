"""Who gives a request, and what the way they came in lets them do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from pilotage.server.problems import HttpProblem

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection

Scope = Literal["read", "record", "command", "admin"]
SCOPES: tuple[Scope, ...] = ("read", "record", "command", "admin")
RECORDING_ROLES = frozenset({"engineer", "operator", "owner", "admin"})
ADMIN_ROLE = "admin"


class Identity(Struct, frozen=True, kw_only=True):
    """A person who signed in, or a token that acts for one.

    `roles` hold everywhere; roles on one workload come with the workload. `scopes` is what the way in allows,
    `workload` the only one that a token is bound to. `csrf` is what forms of this session carry, "" for tokens.
    """

    person: str
    name: str
    username: str
    roles: frozenset[str]
    scopes: frozenset[str]
    via: Literal["session", "token"]
    workload: str | None = None
    csrf: str = ""

    @property
    def is_admin(self) -> bool:
        """Whether the person may administer the installation, and came in by a way that allows it."""
        return ADMIN_ROLE in self.roles and "admin" in self.scopes


def session_scopes(roles: frozenset[str]) -> frozenset[str]:
    """What somebody who signed in may do; each command asks for its roles besides."""
    scopes = {"read", "command"}
    if roles & RECORDING_ROLES:
        scopes.add("record")
    if ADMIN_ROLE in roles:
        scopes.add("admin")
    return frozenset(scopes)


def found_identity(request: ASGIConnection[Any, Any, Any, Any]) -> Identity | None:
    """Who gives the request; None on public addresses when nobody has signed in."""
    identity = request.scope.get("user")
    return identity if isinstance(identity, Identity) else None


def current_identity(request: ASGIConnection[Any, Any, Any, Any]) -> Identity:
    """Who gives the request. Raises a 401 problem when nobody did, which only public addresses can meet."""
    identity = found_identity(request)
    if identity is None:
        raise not_signed_in()
    return identity


def not_signed_in() -> HttpProblem:
    """The refusal of a request without a valid session or token."""
    return HttpProblem(
        401,
        "not-signed-in",
        "Sign in, or send a token: Authorization: Bearer <token>.",
        headers={"WWW-Authenticate": 'Bearer realm="pilotage"'},
    )
