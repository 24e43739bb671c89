"""What every page under Evidence has around it: the pages beside it. To add one, see `workflow/sections.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar.response import Response

from pilotage.server.asking import AnyRequest
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.workload_frame import Build, workload_page
from pilotage.workflow.desk import Judgement
from pilotage.workflow.workspace import Workspace

SUBPAGES: tuple[tuple[str, str], ...] = (
    ("", "The answer"),
    ("/segments", "Segments"),
    ("/drift", "Drift"),
    ("/attempts", "All attempts"),
    ("/cost", "Cost"),
    ("/value", "Value"),
)  # fmt: skip
"""Path below `/w/{slug}/evidence`, and title."""


async def evidence_page(
    request: AnyRequest, slug: str, template: str, build: Build, *, path: str = "", title: str = "Evidence"
) -> Response[bytes]:
    """A page under Evidence; `path` is its entry of `SUBPAGES`. Raises `UnknownWorkload`."""

    def content(workspace: Workspace, frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        return {"subpages": SUBPAGES, "subpage": path, **build(workspace, frame, judgement)}

    return await workload_page(request, slug, template, content, here="evidence", title=title, live=True)
