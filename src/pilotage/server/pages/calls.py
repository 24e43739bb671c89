"""Calls: what exactly happened? Found, listed, taken away as a table, and one of them in full."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
from litestar import get
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta, Struct

from pilotage.evidence.labels import is_taken
from pilotage.record.workload import Workload, start_of
from pilotage.runtime.records import Outcome
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.pages.call_in_full import call_in_full, json_text, part_of
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.workload_frame import workload_page
from pilotage.server.pages.written import moment_of_us
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.problems import HttpProblem, field_problem, not_found
from pilotage.server.threads import run_in
from pilotage.storage.protocols import CallFilter, StoredCall
from pilotage.workflow.desk import Judgement
from pilotage.workflow.pairs import compared_on
from pilotage.workflow.workspace import Workspace

PAGE = 50
EXPORTED_MAX = 10_000
EXPORT_PAGE = 1000
_CALL_ID = re.compile(r"[0-9a-f]{32}")
_TRUTH = {"true": True, "false": False, "": None}
COLUMNS = (
    "call", "at", "unit", "cohort", "source", "mode", "stage", "assigned", "served by", "served release",
    "served value", "served latency us", "served error", "beside", "beside value", "beside latency us", "beside error",
    "fallback", "label", "label basis", "input",
)  # fmt: skip

Text = Annotated[str, Meta(max_length=200)]


class CallsQuery(Struct, frozen=True, kw_only=True):
    """Which calls, as the form sends it: what is empty was not asked. Days are of the charter's time zone."""

    text: Text = ""
    unit: Text = ""
    since: Text = ""
    until: Text = ""
    arm: Literal["", "incumbent", "candidate"] = ""
    mode: Literal["", "none", "shadow", "suggest", "live"] = ""
    stage: Text = ""
    disagree: Literal["", "true", "false"] = ""
    failed: Literal["", "true", "false"] = ""
    fallback: Text = ""
    after: Text = ""


def query_of_form(request: AnyRequest) -> CallsQuery:
    """The form's query. Raises a 400 that names the field."""
    known = CallsQuery.__struct_fields__
    unknown = next((name for name in request.query_params if name not in known), None)
    if unknown is not None:
        raise field_problem(400, "unknown-parameter", unknown, f"There is no parameter {unknown} here.")
    try:
        return msgspec.convert(dict(request.query_params), CallsQuery, strict=False)
    except msgspec.ValidationError as error:
        raise HttpProblem(400, "invalid", f"The filter cannot be read: {error}.") from error


def filter_of(query: CallsQuery, workload: Workload) -> CallFilter:
    """The store's filter. A day means the whole of it, in the charter's time zone."""
    return CallFilter(
        since=_day(query.since, workload, "since"),
        until=_day(query.until, workload, "until", after=True),
        unit=query.unit or None,
        arm=query.arm or None,
        stage=query.stage or None,
        mode=query.mode or None,
        disagree=_TRUTH[query.disagree],
        failed=_TRUTH[query.failed],
        fallback=query.fallback or None,
        text=query.text or None,
        compared=compared_on(workload),
    )


def _day(text: str, workload: Workload, field: str, *, after: bool = False) -> dt.datetime | None:
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text)
        zone = start_of(workload, day + dt.timedelta(days=after))
    except (ValueError, OverflowError) as error:
        raise field_problem(400, "invalid", field, "Give a day as year-month-day.") from error
    return zone


class Listed(Struct, frozen=True, kw_only=True):
    """A call as a row. `agrees`: whether the answers are the same; `same`: the field on which at least they are."""

    stored: StoredCall
    at: dt.datetime
    incumbent: str
    candidate: str
    label: str
    agrees: bool | None
    same: str
    failed: bool


def listed(stored: StoredCall, field: str | None = None) -> Listed:
    """A call as a row: both arms' answers, whether they agree, and the label."""
    call = stored.call
    runs = {call.served.arm: call.served} | ({call.beside.arm: call.beside} if call.beside else {})
    said = next((o.value for o in stored.outcomes if o.kind == "incumbent_answer"), None)
    incumbent = runs["incumbent"].value if "incumbent" in runs else said
    if "incumbent" in runs and incumbent is None:
        incumbent = said
    candidate = runs["candidate"].value if "candidate" in runs else None
    both = incumbent is not None and candidate is not None
    label = _label_of(stored)
    alike = both and field is not None and part_of(incumbent, field) == part_of(candidate, field) is not None
    return Listed(
        stored=stored,
        at=moment_of_us(call.at_us),
        incumbent=json_text(incumbent),
        candidate=json_text(candidate),
        label=json_text(label.value if label else None),
        agrees=incumbent == candidate if both else None,
        same=field or "" if alike else "",
        failed=any(run.error for run in runs.values()),
    )


@get("/w/{slug:str}/calls", opt={"access": READ}, include_in_schema=False)
async def show_calls(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Calls that match the filter, newest first."""
    query = query_of_form(request)

    def build(workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        where = filter_of(query, judgement.workload)
        found = workspace.calls.search(slug, where, query.after or None, PAGE)
        asked = {name: value for name in CallsQuery.__struct_fields__ if (value := getattr(query, name))}
        without = {name: value for name, value in asked.items() if name != "after"}
        return {
            "query": query,
            "calls": [listed(stored, compared_on(judgement.workload)) for stored in found.calls],
            "next": urlencode({**without, "after": found.next}) if found.next else "",
            "first": urlencode(without),
            "asked": without,
            "stages": sorted({row.stage for row in workspace.calls.totals(slug)}),
            "exported_max": EXPORTED_MAX,
        }

    return await workload_page(request, slug, "calls.html", build, here="calls", title="Calls")


@get("/w/{slug:str}/calls.csv", opt={"access": READ}, include_in_schema=False)
async def export_calls(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The calls that match the filter as a table, the newest ten thousand at most."""
    query = query_of_form(request)

    def work() -> bytes:
        workspace = workspace_of(request)
        where = filter_of(query, workspace.desk.load(slug))
        return csv_of(COLUMNS, map(_row, _all(workspace, slug, where)))

    return csv_answer(f"{slug}-calls", await run_in(parts_of(request).threads.reading, work))


def _all(workspace: Workspace, slug: str, where: CallFilter) -> Iterator[StoredCall]:
    cursor: str | None = None
    for _ in range(EXPORTED_MAX // EXPORT_PAGE):
        found = workspace.calls.search(slug, where, cursor, EXPORT_PAGE)
        yield from found.calls
        cursor = found.next
        if cursor is None:
            return


def _label_of(stored: StoredCall) -> Outcome | None:
    """The label that counts: the first that is no arm's own answer."""
    return next((o for o in stored.outcomes if o.name == "label" and is_taken(o.name, o.basis)), None)


def _row(stored: StoredCall) -> tuple[Cell, ...]:
    call = stored.call
    label = _label_of(stored)
    beside = call.beside
    return (
        call.call_id,
        moment_of_us(call.at_us),
        call.unit,
        call.cohort,
        call.source,
        call.mode,
        call.stage,
        call.assigned,
        call.served.arm,
        call.served.release,
        call.served.value,
        call.served.latency_us,
        call.served.error,
        beside.arm if beside else None,
        beside.value if beside else None,
        beside.latency_us if beside else None,
        beside.error if beside else None,
        call.fallback,
        label.value if label else None,
        label.basis if label else None,
        call.input,
    )


@get("/w/{slug:str}/calls/{call_id:str}", opt={"access": READ}, include_in_schema=False)
async def show_call(request: AnyRequest, slug: FromPath[str], call_id: FromPath[str]) -> Response[bytes]:
    """One call in full."""

    def build(workspace: Workspace, _frame: Frame, _judgement: Judgement) -> Mapping[str, Any]:
        stored = workspace.calls.call(slug, call_id) if _CALL_ID.fullmatch(call_id) else None
        if stored is None:
            raise not_found(f"No call {call_id} of {slug} is kept. It may have been erased, or be too old.")
        return {"full": call_in_full(stored)}

    return await workload_page(request, slug, "call.html", build, here="calls", title=f"Call {call_id[-8:]}")


handlers = [show_calls, export_calls, show_call]
