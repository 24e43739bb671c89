"""Inbox: what waits for me? That is the one question of its page."""

from __future__ import annotations

from math import ceil
from typing import Annotated

from litestar import get
from litestar.response import Response
from msgspec import Meta, Struct

from pilotage.server.asking import AnyRequest, query_of
from pilotage.server.auth.access import READ
from pilotage.server.auth.identity import current_identity
from pilotage.server.pages.board import PAGE_MAX
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.frame import Frame, Shown, page
from pilotage.server.parts import parts_of
from pilotage.server.threads import run_in
from pilotage.workflow.inbox import Inbox
from pilotage.workflow.waiting import Waiting
from pilotage.workflow.workspace import Workspace

COLUMNS = ("due", "overdue", "workload", "title", "kind", "what", "since", "action", "address")
KINDS = {
    "area": "architecture",
    "classification": "risk",
    "criterion": "gate",
    "decision": "decision",
    "finding": "finding",
    "gap": "gap",
    "handoff": "handoff",
    "lapsing": "about to lapse",
    "outside": "result from outside",
    "ownership": "ownership",
    "questions": "review",
    "receipt": "decision",
    "review": "review",
    "role": "role",
    "score": "score",
    "send": "decision",
    "signature": "signature",
    "silence": "sponsor",
    "stream": "change",
    "training": "training",
    "wound-down": "wound down",
}


class InboxQuery(Struct, frozen=True, kw_only=True):
    """Which page of the inbox is shown, as the address says it."""

    page: Annotated[int, Meta(ge=1, le=10_000)] = 1


@get("/inbox", opt={"access": READ}, include_in_schema=False)
async def show_inbox(request: AnyRequest) -> Response[bytes]:
    """What waits for whoever signed in."""
    query = query_of(request, InboxQuery)

    def build(_workspace: Workspace, _frame: Frame) -> Shown:
        inbox = _inbox(request)
        content = {
            "inbox": inbox,
            "lines": inbox.waiting[(query.page - 1) * PAGE_MAX : query.page * PAGE_MAX],
            "query": query,
            "pages": ceil(len(inbox.waiting) / PAGE_MAX),
            "to": lambda page: f"/inbox?page={page}",
            "kinds": KINDS,
        }
        return {"title": "Inbox", "here": "inbox", "live": True}, content

    return await page(request, "inbox.html", build)


def _inbox(request: AnyRequest) -> Inbox:
    return parts_of(request).inboxes.of(current_identity(request))


@get("/inbox.csv", opt={"access": READ}, include_in_schema=False)
async def export_inbox(request: AnyRequest) -> Response[bytes]:
    """The inbox as a table."""
    found = await run_in(parts_of(request).threads.reading, _inbox, request)
    return csv_answer("inbox", csv_of(COLUMNS, map(_row, found.waiting)))


def _row(one: Waiting) -> tuple[Cell, ...]:
    return one.due, one.overdue, one.workload, one.title, one.kind, one.what, one.since, one.action, one.href


handlers = [show_inbox, export_inbox]
