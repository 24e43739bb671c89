"""What every page of one workload has around it: name, tabs, kill switch, waivers, and what waits for the reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from litestar.response import Response

from pilotage.record.workload import day_of
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.identity import current_identity
from pilotage.server.pages.frame import Frame, Shown, page
from pilotage.server.pages.permissions import offered
from pilotage.server.pages.standing import waivers
from pilotage.workflow.desk import Judgement
from pilotage.workflow.signing import to_sign
from pilotage.workflow.workspace import Workspace

Build = Callable[[Workspace, Frame, Judgement], Mapping[str, Any]]

TABS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("Now", (("workload", "", "Overview"),)),
    ("Promise", (("charter", "/charter", "Charter"), ("plan", "/plan", "Plan"), ("data", "/data", "Data"))),
    (
        "Proof",
        (
            ("evidence", "/evidence", "Evidence"),
            ("calls", "/calls", "Calls"),
            ("feedback", "/feedback", "Feedback"),
            ("outside", "/outside", "Outside results"),
        ),
    ),
    ("Consent", (("reviews", "/reviews", "Reviews"), ("decision", "/decision", "Decision"))),
    (
        "Production",
        (
            ("architecture", "/architecture", "Architecture"),
            ("operating", "/operating", "Operating model"),
            ("change", "/change", "Change"),
        ),
    ),
    ("Record", (("documents", "/documents", "Documents"),)),
)
"""The pages of a workload by what they are about. The ledger, a page of all workloads, follows the last."""


async def workload_page(
    request: AnyRequest,
    slug: str,
    template: str,
    build: Build,
    *,
    here: str,
    title: str = "",
    live: bool = False,
    status: int = 200,
) -> Response[bytes]:
    """A page of one workload, judged now. Raises `UnknownWorkload`."""
    identity = current_identity(request)

    def whole(workspace: Workspace, frame: Frame) -> Shown:
        judgement = workspace.desk.judge(slug)
        workload = judgement.workload
        content = {
            "judgement": judgement,
            "workload": workload,
            "playbook": judgement.playbook,
            "phase": judgement.playbook.phase(workload.phase),
            "tabs": TABS,
            "waivers": waivers(judgement),
            "offered": offered(workspace, identity, judgement),
            "to_sign": to_sign(workload, identity.person, day_of(workload, frame.now)),
            "recorded": request.query_params.get("recorded", "") if request.method == "GET" else "",
            **build(workspace, frame, judgement),
        }
        named = f"{workload.title} · {title}" if title else workload.title
        return {"title": named, "here": here, "slug": slug, "live": live}, content

    return await page(request, template, whole, status)
