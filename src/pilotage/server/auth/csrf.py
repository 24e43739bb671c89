"""Proof that an unsafe request with a session cookie came from our own pages.

Three checks: the browser's word on where it came from, a cookie that other sites do not send along (SameSite), and
a secret of the session that the form or the script repeats.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pilotage.server.problems import HttpProblem

if TYPE_CHECKING:
    from litestar import Request

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FIELD = "csrf"
HEADER = "X-CSRF-Token"
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


def check_same_origin(request: Request[Any, Any, Any]) -> None:
    """Refuse a request that a browser sends on behalf of another site."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise _refusal("The request came from another site.")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise _refusal("The request came from another site.")


async def check_secret(request: Request[Any, Any, Any], expected: str) -> None:
    """Refuse a request that does not repeat the session's secret, in its header or its form."""
    given = request.headers.get(HEADER)
    if given is None and request.content_type[0] in FORM_TYPES:
        field = (await request.form()).get(FIELD)
        given = field if isinstance(field, str) else None
    if not given or not hmac.compare_digest(given.encode(), expected.encode()):
        raise _refusal(f"Repeat the session's secret in the header {HEADER} or the field {FIELD}; load the page anew.")


def _refusal(sentence: str) -> HttpProblem:
    return HttpProblem(403, "csrf", sentence)
