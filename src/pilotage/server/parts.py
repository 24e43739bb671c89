"""What one running server holds, and how handlers and pages reach it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pilotage.server.auth.recognised import Recognised
from pilotage.server.changes import Changes
from pilotage.server.inboxes import Inboxes
from pilotage.server.leases.hub import LeaseHub
from pilotage.server.leases.runtimes import Runtimes
from pilotage.server.metering import Meters
from pilotage.server.problems import ProblemJson
from pilotage.server.rounds import Rounds
from pilotage.server.shelves import Shelves
from pilotage.server.threads import Threads
from pilotage.workflow.workspace import Workspace

if TYPE_CHECKING:
    from litestar import Request, Response
    from litestar.connection import ASGIConnection


@dataclass(kw_only=True)
class Parts:
    """The workspace and what the server keeps beside it in memory. `description` is the OpenAPI document;
    `problem_page` shows a problem to people.
    """

    workspace: Workspace
    threads: Threads
    meters: Meters
    runtimes: Runtimes
    recognised: Recognised
    changes: Changes
    inboxes: Inboxes
    shelves: Shelves
    hub: LeaseHub
    rounds: Rounds
    secure_cookies: bool
    description: dict[str, Any]
    problem_page: Callable[[Request[Any, Any, Any], ProblemJson], Response[Any]] | None = None


def parts_of(request: ASGIConnection[Any, Any, Any, Any]) -> Parts:
    """The server's parts."""
    return cast("Parts", request.app.state.parts)


def workspace_of(request: ASGIConnection[Any, Any, Any, Any]) -> Workspace:
    """The workspace that the server serves."""
    return parts_of(request).workspace
