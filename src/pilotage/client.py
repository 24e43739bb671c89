"""A small client of the HTTP interface, for the command line and the demonstration."""

from __future__ import annotations

import http.client
import json
import selectors
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from msgspec import Struct

TIMEOUT_SECONDS = 60.0


class FieldProblem(Struct, frozen=True, kw_only=True):
    """One of the problems that the server named."""

    code: str
    field: str
    message: str


class ApiError(Exception):
    """The server said no, or could not be reached.

    ApiError
    ├── ApiUnreachable   nobody answered
    └── ApiRefused       a status of 300 and above, with the problems it named
    """


class ApiUnreachable(ApiError):
    """Nobody answered at that address."""


class ApiRefused(ApiError):
    """The server refused. `status` is HTTP's, `code` is stable, `problems` lists everything wrong."""

    def __init__(self, status: int, code: str, detail: str, problems: tuple[FieldProblem, ...]) -> None:
        self.status = status
        self.code = code
        self.problems = problems
        super().__init__(detail)


class Client:
    """One kept-alive connection to a server, for one token. Not for several threads at once."""

    def __init__(self, url: str, token: str, *, timeout_s: float = TIMEOUT_SECONDS) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            parts, host, port = urlsplit(""), None, None
        if parts.scheme not in {"http", "https"} or not host:
            raise ApiUnreachable(f"{url!r} is no address of a server; write one like http://127.0.0.1:8400.")
        self._url = url.rstrip("/")
        make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = make(host, port, timeout=timeout_s)
        self._prefix = parts.path.rstrip("/") + "/api/v1"
        self._token = token

    def get(self, path: str, **query: str | int | None) -> Any:  # noqa: ANN401 - whatever JSON the endpoint promises
        """GET a path below /api/v1."""
        asked = urlencode({name: value for name, value in query.items() if value is not None})
        return self._send("GET", f"{path}?{asked}" if asked else path, None, {})

    def file(self, path: str) -> bytes:
        """GET what is no JSON: a document."""
        return self._answered("GET", path, None, {})

    def post(self, path: str, body: object, *, credential: str | None = None, key: str | None = None) -> Any:  # noqa: ANN401 - whatever JSON the endpoint promises
        """POST a JSON body. `credential` is asked for again by signatures; `key` makes a repetition harmless."""
        headers = {"Pilotage-Credential": credential, "Idempotency-Key": key}
        return self._send("POST", path, body, {name: value for name, value in headers.items() if value})

    def command(
        self, workload: str, name: str, fields: object, *, credential: str | None = None, key: str | None = None
    ) -> Any:  # noqa: ANN401 - a receipt
        """Give a command to a workload."""
        path = f"/workloads/{quote(workload, safe='')}/commands/{quote(name, safe='')}"
        return self.post(path, fields, credential=credential, key=key)

    def organisation_command(self, name: str, fields: object, *, key: str | None = None) -> Any:  # noqa: ANN401 - a receipt
        """Give a command about the organisation."""
        return self.post(f"/organisation/commands/{quote(name, safe='')}", fields, key=key)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _send(self, method: str, path: str, body: object, headers: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
        text = self._answered(method, path, body, {"Accept": "application/json", **headers})
        try:
            return json.loads(text) if text else None
        except ValueError:
            raise ApiUnreachable(f"What answers at {self._url} is no server of Pilotage; check the address.") from None

    def _answered(self, method: str, path: str, body: object, headers: dict[str, str]) -> bytes:
        content = None if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self._token}", **headers}
        if content is not None:
            sent["Content-Type"] = "application/json"
        self._leave_what_was_closed()
        try:
            self._connection.request(method, self._prefix + path, content, sent)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise ApiUnreachable(f"No server answers at {self._url} ({error}); start it with `pilotage up`.") from error
        if answer.status >= http.client.MULTIPLE_CHOICES:
            raise _refusal(answer.status, text)
        return text

    def _leave_what_was_closed(self) -> None:
        """A server closes connections that were idle for some seconds: a request on one would be lost, perhaps."""
        if self._connection.sock is None:
            return
        with selectors.DefaultSelector() as selector:
            selector.register(self._connection.sock, selectors.EVENT_READ)
            if selector.select(0):
                self._connection.close()


def _refusal(status: int, text: bytes) -> ApiRefused:
    try:
        problem = json.loads(text)
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    named = tuple(
        FieldProblem(code=str(e.get("code", "")), field=str(e.get("field", "")), message=str(e.get("message", "")))
        for e in problem.get("errors") or ()
        if isinstance(e, dict)
    )
    detail = str(problem.get("detail") or problem.get("title") or f"The server answered {status}.")
    return ApiRefused(status, str(problem.get("code", f"http-{status}")), detail, named)
