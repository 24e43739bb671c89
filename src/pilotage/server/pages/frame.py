"""What stands around every page: who is signed in, where one is, what time it is, what must never be silent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from litestar.response import Response
from markupsafe import Markup
from msgspec import Struct

from pilotage.server.asking import AnyRequest
from pilotage.server.auth.identity import Identity, found_identity
from pilotage.server.pages.people import People
from pilotage.server.pages.rendering import html, render
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.workspace import Workspace

PRODUCT = "Pilotage"


class Frame(Struct, frozen=True, kw_only=True):
    """The frame of one page. `here` is the entry of the navigation that is marked, `slug` the workload shown.

    `waiting` is how much waits in the reader's inbox, `overdue` how much of it is past its day.
    `live` lets the page look again when something changes; `now` is the workspace's time.
    """

    identity: Identity | None
    path: str
    demonstration: bool
    now: dt.datetime
    simulated: bool
    position: int
    people: People
    waiting: int = 0
    overdue: int = 0
    title: str = ""
    here: str = ""
    slug: str = ""
    live: bool = False

    @property
    def document_title(self) -> str:
        """The title in the browser's tab: a demonstration says so first."""
        parts = ["Demonstration"] if self.demonstration else []
        return " · ".join([*parts, *([self.title] if self.title else []), PRODUCT])

    def who(self, person: str) -> str:
        """A person's name."""
        return self.people.name(person)

    def named(self, text: str) -> Markup | str:
        """A sentence of the record, with names in place of ids."""
        return self.people.named(text)


def frame_of(request: AnyRequest, workspace: Workspace) -> Frame:
    """The frame of a request's page, before its page says more."""
    identity = found_identity(request)
    inbox = parts_of(request).inboxes.of(identity) if identity else None
    return Frame(
        identity=identity,
        waiting=len(inbox.waiting) if inbox else 0,
        overdue=inbox.overdue if inbox else 0,
        path=request.url.path,
        demonstration=workspace.demonstration,
        now=workspace.clock.now(),
        simulated=workspace.clock.simulated,
        position=workspace.ledger.position(),
        people=People.of(workspace),
    )


Shown = tuple[Mapping[str, Any], Mapping[str, Any]]
"""What a page says of its frame, and what its template is given."""


async def page(
    request: AnyRequest, template: str, build: Callable[[Workspace, Frame], Shown], status: int = 200
) -> Response[bytes]:
    """Build and render a page on a reading thread. `build` gives the frame's changes and the template's content."""
    workspace = workspace_of(request)

    def work() -> bytes:
        frame = frame_of(request, workspace)
        changes, content = build(workspace, frame)
        framed = Frame(**{name: getattr(frame, name) for name in Frame.__struct_fields__} | dict(changes))
        return render(template, {"frame": framed, **content})

    return html(await run_in(parts_of(request).threads.reading, work), status)
