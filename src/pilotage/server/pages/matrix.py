"""Permissions: which role may give which command? The table that the record decides by, with one's own roles marked."""

from __future__ import annotations

from typing import Any

from litestar import get
from litestar.response import Response

from pilotage.record.permissions import ROLE_MEANINGS, Permission, matrix
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import SIGNED_IN
from pilotage.server.auth.identity import current_identity
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.frame import Frame, Shown, page
from pilotage.workflow.workspace import Workspace


@get("/permissions", opt={"access": SIGNED_IN}, include_in_schema=False)
async def show_matrix(request: AnyRequest) -> Response[bytes]:
    """Every command and role."""
    identity = current_identity(request)

    def build(workspace: Workspace, _frame: Frame) -> Shown:
        named = {
            role.partition(":")[0] for workload in workspace.desk.all() for role in workload.roles_of(identity.person)
        }
        parts: dict[str, list[Permission]] = {}
        for one in matrix():
            parts.setdefault(one.part, []).append(one)
        content: dict[str, Any] = {"parts": parts, "roles": ROLE_MEANINGS, "mine": identity.roles | named}
        return {"title": "Permissions", "here": "permissions"}, content

    return await page(request, "permissions.html", build)


@get("/permissions.csv", opt={"access": SIGNED_IN}, include_in_schema=False)
async def export_matrix(request: AnyRequest) -> Response[bytes]:  # noqa: ARG001 - every handler takes the request
    """The same as a table."""
    rows: list[tuple[Cell, ...]] = [
        (one.command, one.part, *(role in one.roles for role in ROLE_MEANINGS), one.signature, one.does)
        for one in matrix()
    ]
    return csv_answer("permissions", csv_of(("command", "part", *ROLE_MEANINGS, "signature", "does"), rows))


handlers = [show_matrix, export_matrix]
