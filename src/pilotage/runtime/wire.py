"""HTTP to the server with the standard library alone: one address, one connection per user of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse
    from urllib.parse import SplitResult

TAKEN, REFUSED = 2, 4
"""Classes of HTTP status."""

OK = 200
ANSWER_BYTES_MAX = 2**20
RETRY_AFTER_S_MAX = 60.0
WAITS = frozenset({401, 403, 404, 408, 425, 429})
"""Refusals that another try may cure, since they speak of the token, the workload or the moment, not of the batch."""


class Unreachable(Exception):
    """The server did not take it now; worth another try. `retry_after_s` is what the server asked for."""

    def __init__(self, sentence: str, *, retry_after_s: float = 0.0, status: int = 0) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s
        self.status = status


class Refused(Exception):
    """The server will not take this body, ever. `status` and what it said."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status}: {sentence}")
        self.status = status


class Endpoint(Struct, frozen=True, kw_only=True):
    """The server's address and this runtime's token."""

    url: str
    token: str | None = None

    def path(self, rest: str) -> str:
        """The path of an interface address under the server's own."""
        return f"{self._parts().path}/api/v1/{rest}"

    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def connect(self, timeout_s: float) -> HTTPConnection:
        """A connection, not yet opened; the system's certificate authorities decide for https."""
        from http.client import HTTPConnection, HTTPSConnection  # noqa: PLC0415 - 30 ms that the import must not cost

        parts = self._parts()
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=timeout_s)

    def _parts(self) -> SplitResult:
        from urllib.parse import urlsplit  # noqa: PLC0415 - as above

        return urlsplit(self.url)


class Line:
    """A kept-alive connection for posting. Used by one thread."""

    def __init__(self, endpoint: Endpoint, timeout_s: float) -> None:
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._connection: HTTPConnection | None = None

    def post(self, rest: str, body: bytes, content_type: str) -> bytes:
        """Post a body; the answer's. Raises `Unreachable` or `Refused`."""
        from http.client import HTTPException  # noqa: PLC0415 - as above

        headers = {**self._endpoint.headers(), "Content-Type": content_type}
        if self._connection is None:
            self._connection = self._endpoint.connect(self._timeout_s)
        try:
            self._connection.request("POST", self._endpoint.path(rest), body, headers)
            response = self._connection.getresponse()
            answer = response.read(ANSWER_BYTES_MAX)
        except (OSError, HTTPException) as error:
            self.close()
            raise Unreachable(f"{self._endpoint.url} does not answer: {error!r}") from error
        if not response.isclosed():
            self.close()
        _raise_unless_taken(response, answer)
        return answer

    def close(self) -> None:
        """Close the connection; the next post opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def jittered_s(first_s: float, most_s: float, failures: int) -> float:
    """How long to wait before another try: doubling, with full jitter, so that runtimes do not return all at once."""
    from random import uniform  # noqa: PLC0415 - as above

    return uniform(0, min(most_s, first_s * 2**failures))  # noqa: S311 - not a secret


def _raise_unless_taken(response: HTTPResponse, answer: bytes) -> None:
    status = response.status
    if status // 100 == TAKEN:
        return
    said = answer[:500].decode("utf-8", "replace").strip() or response.reason
    if status // 100 == REFUSED and status not in WAITS:
        raise Refused(status, said)
    raise Unreachable(f"the server answered {status}: {said}", retry_after_s=_retry_after_s(response), status=status)


def _retry_after_s(response: HTTPResponse) -> float:
    text = response.headers.get("Retry-After", "")
    return min(float(text), RETRY_AFTER_S_MAX) if text.isdecimal() else 0.0
