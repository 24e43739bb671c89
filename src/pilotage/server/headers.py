"""Headers that every response carries, pages, files and errors alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar.datastructures import MutableScopeHeaders

if TYPE_CHECKING:
    from litestar.types import BeforeMessageSendHookHandler, Message, Scope

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
    "img-src 'self' data:"
)

# With "no-referrer" a browser sends "Origin: null" with forms, and the check of where a form came from would fail.
ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
STRICT_TRANSPORT = "max-age=31536000"


def protective_headers(*, secure: bool) -> BeforeMessageSendHookHandler:
    """A hook that adds the headers which a response does not set itself. `secure`: the server is reached by HTTPS."""
    named = {**ALWAYS, **({"Strict-Transport-Security": STRICT_TRANSPORT} if secure else {})}
    always = [(name.lower().encode(), value.encode()) for name, value in named.items()]

    async def protect(message: Message, scope: Scope) -> None:
        if message["type"] == "http.response.start":
            given = {name for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(pair for pair in always if pair[0] not in given)]
            if scope.get("method") == "OPTIONS" and b"allow" in given:
                MutableScopeHeaders.from_message(message)["Allow"] = _allowed(scope)

    return protect


def _allowed(scope: Scope) -> str:
    """Every method of an address: the framework's own answer knows only the first that was registered there."""
    methods = {
        m for route in scope["litestar_app"].routes if route.path == scope["path_template"] for m in route.methods
    }
    return ", ".join(sorted(methods))
