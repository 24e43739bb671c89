"""One decorator for every endpoint of the interface: it routes, closes, and describes.

What is described is what is checked: `query_of` and `body_of` read a request by the types that the endpoint names.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from pilotage.server.auth.access import Access

Method = Literal["GET", "POST", "DELETE"]
Handler = Callable[..., Awaitable[Response[Any]]]

JSON = "application/json"
MSGPACK = "application/msgpack"
EVENT_STREAM = "text/event-stream"
BODY_BYTES_MAX = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A successful response: its type (None: no body), its media types, and what it means."""

    of: Any
    means: str
    media: tuple[str, ...] = (JSON,)
    headers: Mapping[str, str] = field(default_factory=dict)
    example: Any = None


@dataclass(frozen=True, kw_only=True)
class Header:
    """A request header that the endpoint reads. `schema` is its JSON Schema."""

    name: str
    means: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, kw_only=True)
class Described:
    """What the description says of one endpoint. `path` carries its parameters as `{slug}`."""

    method: Method
    path: str
    operation: str
    summary: str
    text: str
    tag: str
    access: Access
    answers: Mapping[int, Answer]
    refusals: tuple[int, ...]
    query: type | None
    body_media: Mapping[str, Any]
    body_example: object
    headers: tuple[Header, ...]


def endpoint(
    method: Method,
    path: str,
    *,
    operation: str,
    tag: str,
    access: Access,
    answers: Mapping[int, Answer],
    refusals: tuple[int, ...] = (),
    query: type | None = None,
    body: type | None = None,
    body_media: Mapping[str, Any] | None = None,
    body_example: object = None,
    body_bytes_max: int = BODY_BYTES_MAX,
    headers: tuple[Header, ...] = (),
    summary: str = "",
) -> Callable[[Handler], HTTPRouteHandler]:
    """Make a handler the endpoint at `path`. Its docstring's first sentence is the summary, the rest the text."""

    def make(handler: Handler) -> HTTPRouteHandler:
        said = summary or (handler.__doc__ or "")
        first, _, rest = said.partition("\n\n")
        described = Described(
            method=method,
            path=path,
            operation=operation,
            summary=" ".join(first.split()).rstrip("."),
            text=" ".join(rest.split()),
            tag=tag,
            access=access,
            answers=answers,
            refusals=refusals,
            query=query,
            body_media=body_media or ({JSON: body} if body is not None else {}),
            body_example=body_example,
            headers=headers,
        )
        return HTTPRouteHandler(
            path.replace("}", ":str}"),
            http_method=[method],
            name=operation,
            status_code=200,
            opt={"access": access, "described": described},
            include_in_schema=False,
            request_max_body_size=body_bytes_max,
        )(handler)

    return make
