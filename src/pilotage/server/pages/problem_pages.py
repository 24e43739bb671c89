"""The page that shows a refusal or a failure to a person, in the same frame as every other."""

from __future__ import annotations

from litestar.response import Response
from msgspec import structs

from pilotage.server.asking import AnyRequest
from pilotage.server.auth.identity import found_identity
from pilotage.server.pages.frame import Frame, frame_of
from pilotage.server.pages.people import People
from pilotage.server.pages.rendering import html, render
from pilotage.server.parts import workspace_of
from pilotage.server.problems import ProblemJson
from pilotage.storage.errors import StorageError

TITLES = {
    400: "The address cannot be read",
    401: "Sign in first",
    403: "Not allowed",
    404: "Nothing here",
    405: "Not this way",
    409: "Somebody was first",
    413: "Too large",
    422: "Refused",
    429: "Too many attempts",
    500: "The server failed",
    503: "The store cannot be reached",
}
NEXT = {
    401: "Sign in in another tab, then go back here and send the form again: the browser keeps what you typed.",
    403: "Ask an administrator for the role, or go back.",
    404: "It may have been renamed, or the address was mistyped.",
    500: "Nothing was written by this request. Try again; the server's log says what happened.",
    503: "Nothing was written. Try again in a moment.",
}


def problem_page(request: AnyRequest, problem: ProblemJson) -> Response[bytes]:
    """A problem as a page. It must not fail itself, so it asks the store only for what it can do without."""
    title = TITLES.get(problem.status, problem.title)
    content = {
        "frame": structs.replace(_frame(request), title=title),
        "problem": problem,
        "title": title,
        "advice": NEXT.get(problem.status, ""),
    }
    return html(render("problem.html", content), problem.status)


def _frame(request: AnyRequest) -> Frame:
    workspace = workspace_of(request)
    try:
        return frame_of(request, workspace)
    except StorageError:
        return Frame(
            identity=found_identity(request),
            path=request.url.path,
            demonstration=workspace.demonstration,
            now=workspace.clock.now(),
            simulated=workspace.clock.simulated,
            position=0,
            people=People(),
        )
