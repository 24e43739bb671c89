"""The OpenAPI description of this very interface."""

from __future__ import annotations

from typing import Any

from litestar.response import Response

from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import PUBLIC
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.parts import parts_of


@endpoint(
    "GET",
    "/api/v1/openapi.json",
    operation="getDescription",
    tag="Health",
    access=PUBLIC,
    answers={200: Answer(of=dict[str, Any], means="The OpenAPI document.")},
)
async def get_description(request: AnyRequest) -> Response[bytes]:
    """Describe this interface in OpenAPI 3.1."""
    return json_answer(parts_of(request).description)
