"""A write sent twice under one Idempotency-Key is done once and answered twice."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Awaitable, Callable

from litestar.response import Response

from pilotage.server.asking import AnyRequest
from pilotage.server.auth.identity import current_identity
from pilotage.server.description.endpoint import Header
from pilotage.server.parts import parts_of
from pilotage.server.problems import field_problem
from pilotage.server.threads import run_in
from pilotage.storage.errors import StorageError
from pilotage.storage.ledger import StoredResponse

logger = logging.getLogger("pilotage.server")

HEADER = "Idempotency-Key"
IDEMPOTENCY_KEY = Header(
    name=HEADER,
    means="Any text of your own, up to 200 characters: the same request under the same key is done once. Kept a day.",
    schema={"type": "string", "pattern": "^[!-~]{1,200}$"},
)
REPLAYED = {"Idempotency-Replayed": "true"}

_KEY = re.compile(r"[!-~]{1,200}")


async def once(
    request: AnyRequest, request_digest: str, work: Callable[[], Awaitable[Response[bytes]]]
) -> Response[bytes]:
    """Do the work, or answer as it was answered before. Only what succeeded is kept; a refusal may be tried again."""
    key = request.headers.get(HEADER)
    if key is None:
        return await work()
    if not _KEY.fullmatch(key):
        raise field_problem(400, "invalid", HEADER, "An Idempotency-Key has 1 to 200 printable ASCII characters.")
    parts, actor = parts_of(request), current_identity(request).person
    keys, pool = parts.workspace.idempotency, parts.threads.prompt
    real_now = dt.datetime.fromtimestamp(parts.workspace.clock.real(), dt.UTC)
    named = f"{request.method} {request.url.path} {key}"
    before = await run_in(pool, keys.claim, named, actor, request_digest, real_now)
    if before is not None:
        return Response(before.body, status_code=before.status, media_type="application/json", headers=REPLAYED)
    try:
        response = await work()
    except BaseException:
        await run_in(pool, keys.release, named, actor)
        raise
    answered = StoredResponse(status=response.status_code or 200, body=response.content)
    try:
        await run_in(pool, keys.complete, named, actor, answered)
    except StorageError:
        logger.exception("The answer to %s could not be kept; it was done, and a copy of it would be done again", named)
    return response
