"""How the server says no: RFC 9457 problem details with a stable code and every field at fault.

Errors of the layers below are translated here and nowhere else. What nobody foresaw is logged with its traceback
and answered without it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from litestar.exceptions import HTTPException
from msgspec import Struct

from pilotage.playbook.errors import PlaybookUnknown
from pilotage.record.errors import Problem, Refused
from pilotage.storage.errors import StorageError, StorageRefused, StorageUnavailable
from pilotage.workflow.errors import NoDocument, Overtaken, UnknownAssessment, UnknownWorkload

logger = logging.getLogger("pilotage.server")

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1

FORBIDDEN = frozenset(
    {
        "not-permitted",
        "not-owner",
        "not-accountable",
        "not-offered",
        "not-reviewer",
        "credential-required",
        "credential-wrong",
    }
)
CONFLICTS = frozenset({"conflict", "charter-changed", "already-proposed"})
REFUSED_STORAGE = {
    "idempotency-mismatch": 422,
    "idempotency-in-progress": 409,
    "simulated-time": 409,
    "wrong-credentials": 401,
    "account-disabled": 403,
    "too-many-attempts": 429,
}
DISCONNECTED = "client disconnected prematurely"
"""What the framework says of it, as a failure of the server's, which it is not."""

KNOWN: dict[type[Exception], tuple[int, str]] = {
    UnknownWorkload: (404, UnknownWorkload.code),
    UnknownAssessment: (404, UnknownAssessment.code),
    NoDocument: (404, NoDocument.code),
    Overtaken: (409, Overtaken.code),
    PlaybookUnknown: (404, "unknown-playbook"),
}
HTTP_CODES = {
    400: "malformed",
    401: "not-signed-in",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
}


class ProblemJson(Struct, frozen=True, kw_only=True):
    """A refusal or failure (RFC 9457). `code` is stable; `errors` lists everything at fault at once."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[Problem, ...] = ()


class HttpProblem(Exception):
    """A refusal with its status. `headers` go with the answer."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: tuple[Problem, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})

    @property
    def json(self) -> ProblemJson:
        """The problem as it is answered."""
        return ProblemJson(
            type=f"urn:pilotage:problem:{self.code}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            code=self.code,
            errors=self.errors,
        )


def field_problem(status: int, code: str, field: str, message: str) -> HttpProblem:
    """A refusal because of a single field."""
    return HttpProblem(status, code, message, (Problem(code=code, field=field, message=message),))


def not_found(what: str) -> HttpProblem:
    """There is nothing of that name."""
    return HttpProblem(404, "not-found", what)


def problem_of(error: Exception) -> HttpProblem:
    """The answer to any error; an unforeseen one is logged."""
    if isinstance(error, HttpProblem):
        return error
    if isinstance(error, Refused):
        return _refused(error)
    if isinstance(error, StorageError):
        return _storage_problem(error)
    if isinstance(error, HTTPException) and (refusal := _framework_problem(error)):
        return refusal
    for kind, (status, code) in KNOWN.items():
        if isinstance(error, kind):
            return HttpProblem(status, code, str(error))
    logger.error("A request failed", exc_info=error)
    return HttpProblem(500, "unexpected", "The server failed at this request; its log says how. Try again later.")


def _framework_problem(error: HTTPException) -> HttpProblem | None:
    if error.detail == DISCONNECTED:
        return HttpProblem(400, "disconnected", "The connection ended before the request did.")
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return None
    code = HTTP_CODES.get(error.status_code, "refused")
    return HttpProblem(error.status_code, code, _sentence(error), headers=error.headers)


def _storage_problem(error: StorageError) -> HttpProblem:
    if isinstance(error, StorageUnavailable):
        return HttpProblem(503, error.code, error.sentence, headers={"Retry-After": str(RETRY_AFTER_S)})
    if isinstance(error, StorageRefused):
        wait_s = getattr(error, "retry_after_s", None)
        headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
        return HttpProblem(REFUSED_STORAGE.get(error.code, 422), error.code, error.sentence, headers=headers)
    logger.error("The store is damaged", exc_info=error)
    return HttpProblem(500, error.code, error.sentence)


def _refused(error: Refused) -> HttpProblem:
    codes = {problem.code for problem in error.problems}
    if codes & FORBIDDEN:
        status = 403
    elif codes & CONFLICTS:
        status = 409
    elif "unknown-workload" in codes:
        status = 404
    else:
        status = 422
    first = error.problems[0]
    detail = first.message if len(error.problems) == 1 else f"{len(error.problems)} problems; nothing was written."
    return HttpProblem(status, first.code, detail, error.problems)


def _sentence(error: HTTPException) -> str:
    sentences = {
        404: "There is nothing at this address.",
        405: "This address does not take that method.",
        413: "The request is too large; send it in smaller parts.",
    }
    return sentences.get(error.status_code, error.detail)
