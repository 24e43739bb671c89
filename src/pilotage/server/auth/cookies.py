"""The session's cookie: a random token that no script can read and no other site can send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar.datastructures import Cookie

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection

SESSION_COOKIE = "pilotage_session"


def session_cookie(token: str, *, secure: bool) -> Cookie:
    """The cookie to set on sign-in; it ends with the browser, the session itself earlier."""
    return Cookie(key=SESSION_COOKIE, value=token, path="/", httponly=True, samesite="lax", secure=secure)


def ended_cookie(*, secure: bool) -> Cookie:
    """The cookie to set on sign-out."""
    return Cookie(key=SESSION_COOKIE, value="", path="/", httponly=True, samesite="lax", secure=secure, max_age=0)


def session_token(request: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The token in the cookie, or None."""
    return request.cookies.get(SESSION_COOKIE) or None
