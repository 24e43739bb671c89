"""The one gate before every handler: who asks, may they, and does the request come from our own pages."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, cast

from litestar import Request

from pilotage.server.asking import check_slug
from pilotage.server.auth.access import READ, Access
from pilotage.server.auth.cookies import session_token
from pilotage.server.auth.csrf import SAFE_METHODS, check_same_origin, check_secret
from pilotage.server.auth.identity import Identity, not_signed_in
from pilotage.server.auth.signing_in import of_session, of_token
from pilotage.server.parts import parts_of
from pilotage.server.problems import HttpProblem
from pilotage.server.threads import run_in

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler

BEARER = "bearer "
ASK_AGAIN_S = 30.0


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let a request pass to its handler, or raise the problem that it is answered with."""
    request = cast("Request[Any, Any, Any]", connection)
    access = cast("Access", handler.opt.get("access", READ))
    identity = await _identified(request, records=access.scope == "record")
    request.scope["user"] = identity
    unsafe = request.method not in SAFE_METHODS
    if unsafe:
        check_same_origin(request)
    if access.scope == "public":
        return
    if identity is None:
        raise not_signed_in()
    _check_scope(access, identity, request)
    if unsafe and identity.via == "session":
        await check_secret(request, identity.csrf)
    slug = request.path_params.get("slug")
    if slug is not None:
        check_slug(slug)


async def while_allowed(
    request: Request[Any, Any, Any], events: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    """A stream's events for as long as its token or session is good, asked again every `ASK_AGAIN_S`."""
    asked = time.monotonic()
    async with contextlib.aclosing(events):
        async for event in events:
            if time.monotonic() - asked >= ASK_AGAIN_S:
                if not await _is_known(request):
                    return
                asked = time.monotonic()
            yield event


async def _is_known(request: Request[Any, Any, Any]) -> bool:
    try:
        return await _identified(request, records=False) is not None
    except HttpProblem:
        return False


async def _identified(request: Request[Any, Any, Any], *, records: bool) -> Identity | None:
    """A token counts before a cookie; one that is not valid is not passed over."""
    parts, token = parts_of(request), _bearer(request)
    if token is None:
        session = session_token(request)
        return None if session is None else await run_in(parts.threads.prompt, of_session, parts.workspace, session)
    known = parts.recognised.find(token) if records else None
    identity = known or await run_in(parts.threads.prompt, of_token, parts.workspace, token)
    if identity is None:
        raise not_signed_in()
    if known is None:
        parts.recognised.remember(token, identity)
    return identity


def _bearer(request: Request[Any, Any, Any]) -> str | None:
    header = request.headers.get("authorization")
    if header is None:
        return None
    if not header.lower().startswith(BEARER):
        raise not_signed_in()
    return header[len(BEARER) :].strip()


def _check_scope(access: Access, identity: Identity, request: Request[Any, Any, Any]) -> None:
    if access.scope != "any" and access.scope not in identity.scopes:
        raise HttpProblem(403, "not-permitted", f"This needs the scope {access.scope}; ask an administrator.")
    if access.scope == "admin" and not identity.is_admin:
        raise HttpProblem(403, "not-permitted", "Only an administrator may do this.")
    if identity.workload is None or access.bound:
        return
    if request.path_params.get("slug") != identity.workload:
        raise HttpProblem(403, "other-workload", f"This token is bound to {identity.workload}.")
