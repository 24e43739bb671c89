"""Answers: JSON by msgspec, with an entity tag where a client may ask again, and streams of events."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
from litestar.response import Response, Stream

from pilotage.server.asking import AnyRequest
from pilotage.server.problems import MEDIA_TYPE, HttpProblem

JSON = "application/json"
EVENT_STREAM = "text/event-stream"


def json_answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """A value as JSON."""
    content = msgspec.json.encode(value)
    return Response(content, status_code=status, media_type=JSON, headers=dict(headers or {}))


def tagged_answer(request: AnyRequest, value: object, position: int) -> Response[bytes]:
    """A value as JSON with an entity tag of ledger position and content; 304 without it when the client has it."""
    content = msgspec.json.encode(value)
    tag = f'"{position}-{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in _known_tags(request.headers.get("if-none-match", "")):
        return Response(b"", status_code=304, headers=headers)
    return Response(content, status_code=200, media_type=JSON, headers=headers)


def _known_tags(header: str) -> set[str]:
    return {part.strip().removeprefix("W/") for part in header.split(",")}


def event_stream(events: AsyncIterator[bytes]) -> Stream:
    """Server-sent events, which no proxy may hold back."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(events, media_type=EVENT_STREAM, headers=headers)


def problem_answer(problem: HttpProblem) -> Response[Any]:
    """A problem as RFC 9457 says it."""
    content = msgspec.json.encode(problem.json)
    return Response(content, status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers)
