"""What every page under Evidence has around it: the pages beside it. To add one, see `workflow/sections.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar.response import Response

from pilotage.server.asking import AnyRequest
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.workload_frame import Build, workload_page
from pilotage.workflow.desk import Judgement
from pilotage.workflow.resting import RestsOn, rests_on
from pilotage.workflow.sections import LISTED
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


def rests_of(
    page: str, shown: Mapping[str, Any], workspace: Workspace, judgement: Judgement
) -> list[tuple[str, RestsOn]]:
    """By title what each section that the page shows rests on; those that it was given already are not built again."""
    found = []
    for section in LISTED:
        if section.page == page:
            built = next((one for one in shown.values() if isinstance(one, section.of)), None)
            answer = section.build(workspace, judgement) if built is None else built
            found.append((section.title, rests_on(section, workspace, judgement, answer)))
    return found


async def evidence_page(
    request: AnyRequest, slug: str, template: str, build: Build, *, path: str = "", title: str = "Evidence"
) -> Response[bytes]:
    """A page under Evidence; `path` is its entry of `SUBPAGES`. Raises `UnknownWorkload`."""

    def content(workspace: Workspace, frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        shown = build(workspace, frame, judgement)
        rests = rests_of(f"/evidence{path}", shown, workspace, judgement)
        return {"subpages": SUBPAGES, "subpage": path, **shown, "rests": rests}

    return await workload_page(request, slug, template, content, here="evidence", title=title, live=True)
