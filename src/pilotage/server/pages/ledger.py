"""Ledger: can I trust this? Entries with what they hash, the check of the whole, and how to do it without us."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from litestar import get
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta, Struct

from pilotage.record.facts import KINDS
from pilotage.record.organisation import ORGANISATION
from pilotage.server.asking import AnyRequest, query_of
from pilotage.server.auth.access import READ
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.entries import line
from pilotage.server.pages.frame import Frame, Shown, page
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.problems import not_found
from pilotage.server.threads import run_in
from pilotage.storage.protocols import Entry, Ledger
from pilotage.workflow.workspace import Workspace

PAGE = 50
WINDOW = 500
COLUMNS = ("position", "workload", "sequence", "kind", "actor", "at", "simulated", "leaf", "payload", "texts")

Text = Annotated[str, Meta(max_length=100)]


class LedgerQuery(Struct, frozen=True, kw_only=True):
    """Which entries. `before` is the position from which to go back; 0 is the newest."""

    workload: Text = ""
    kind: Text = ""
    actor: Text = ""
    before: Annotated[int, Meta(ge=0, le=2**53)] = 0
    recorded: Text = ""


def matching(ledger: Ledger, query: LedgerQuery) -> Iterator[Entry]:
    """Entries that match, newest first. One workload's entries are read alone, all others window by window."""
    top = query.before or ledger.position() + 1

    def fits(entry: Entry) -> bool:
        return (
            entry.position < top
            and query.workload in {"", entry.workload}
            and query.kind in {"", entry.kind}
            and query.actor in {"", entry.actor}
        )

    if query.workload:
        yield from filter(fits, reversed(ledger.read(query.workload)))
        return
    end = top - 1
    while end > 0:
        start = max(0, end - WINDOW)
        yield from filter(fits, reversed(ledger.read_all(after=start, limit=end - start)))
        end = start


def _page_of(ledger: Ledger, query: LedgerQuery) -> tuple[list[Entry], bool]:
    found: list[Entry] = []
    for entry in matching(ledger, query):
        if len(found) == PAGE:
            return found, True
        found.append(entry)
    return found, False


@get("/ledger", opt={"access": READ}, include_in_schema=False)
async def show_ledger(request: AnyRequest) -> Response[bytes]:
    """The entries, newest first."""
    query = query_of(request, LedgerQuery)

    def build(workspace: Workspace, frame: Frame) -> Shown:
        entries, more = _page_of(workspace.ledger, query)
        asked = {name: value for name in ("workload", "kind", "actor") if (value := getattr(query, name))}
        content = {
            "query": query,
            "lines": [line(entry, frame.people) for entry in entries],
            "payloads": {entry.position: payload_of(entry) for entry in entries},
            "older": urlencode({**asked, "before": entries[-1].position}) if more else "",
            "asked": asked,
            "search": urlencode(asked),
            "kinds": sorted(KINDS),
            "workloads": workspace.ledger.workloads(),
            "organisation": ORGANISATION,
            "actors": sorted(frame.people.names.items(), key=lambda one: one[1].casefold()),
        }
        workload = workspace.desk.find(query.workload) if query.workload else None
        title = f"{workload.title} · Ledger" if workload else "Ledger"
        return {
            "title": title,
            "here": "ledger",
            "slug": query.workload if workload else "",
            "live": not query.before,
        }, content

    return await page(request, "ledger.html", build)


def payload_of(entry: Entry) -> str:
    """The payload as it is hashed, in lines."""
    return msgspec.json.format(msgspec.json.encode(entry.payload), indent=2).decode()


@get("/ledger/{position:int}", opt={"access": READ}, include_in_schema=False)
async def show_entry(request: AnyRequest, position: FromPath[int]) -> Response[bytes]:
    """One entry, with the texts that it commits to and how its hash comes about."""

    def build(workspace: Workspace, frame: Frame) -> Shown:
        found = workspace.ledger.read_all(after=position - 1, limit=1) if position > 0 else ()
        if not found or found[0].position != position:
            raise not_found(f"The ledger has no entry {position}.")
        entry = found[0]
        content = {
            "line": line(entry, frame.people),
            "payload": payload_of(entry),
            "newest": workspace.ledger.position(),
            "organisation": ORGANISATION,
        }
        return {"title": f"Ledger entry {position}", "here": "ledger"}, content

    return await page(request, "ledger_entry.html", build)


@get("/ledger/verification", opt={"access": READ}, include_in_schema=False)
async def show_verification(request: AnyRequest) -> Response[bytes]:
    """Every hash, sequence and commitment, checked now."""

    def build(workspace: Workspace, _frame: Frame) -> Shown:
        return {"title": "The ledger, checked", "here": "ledger"}, {
            "found": workspace.ledger.verify(),
            "home": str(workspace.home),
        }

    return await page(request, "ledger_verification.html", build)


@get("/ledger.csv", opt={"access": READ}, include_in_schema=False)
async def export_ledger(request: AnyRequest) -> Response[bytes]:
    """The entries that match as a table, the oldest first."""
    query = query_of(request, LedgerQuery)

    def work() -> bytes:
        found = list(matching(workspace_of(request).ledger, query))
        return csv_of(COLUMNS, map(_row, reversed(found)))

    return csv_answer("ledger", await run_in(parts_of(request).threads.reading, work))


def _row(entry: Entry) -> tuple[Cell, ...]:
    return (
        entry.position,
        entry.workload,
        entry.sequence,
        entry.kind,
        entry.actor,
        entry.at,
        entry.simulated,
        entry.leaf,
        msgspec.json.encode(entry.payload).decode(),
        msgspec.json.encode(entry.texts).decode(),
    )


handlers = [show_ledger, show_entry, show_verification, export_ledger]
