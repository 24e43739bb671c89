"""Which role may give which command."""

from __future__ import annotations

from litestar.response import Response
from msgspec import Struct

from pilotage.record.permissions import ROLE_MEANINGS, Permission, matrix
from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.description.endpoint import Answer, endpoint


class PermissionsJson(Struct, frozen=True, kw_only=True):
    """The matrix: what each role is, and for each command the roles that may give it."""

    roles: dict[str, str]
    commands: tuple[Permission, ...]


@endpoint(
    "GET",
    "/api/v1/permissions",
    operation="getPermissions",
    tag="Commands",
    access=READ,
    answers={200: Answer(of=PermissionsJson, means="Every command with the roles that may give it.")},
)
async def get_permissions(request: AnyRequest) -> Response[bytes]:  # noqa: ARG001 - every handler takes the request
    """Show which role may give which command; the record decides by this very table."""
    return json_answer(PermissionsJson(roles=ROLE_MEANINGS, commands=matrix()))
