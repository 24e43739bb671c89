"""Assess: what do past answers and labels say, before anything is wired? The file is read once and not kept."""

from __future__ import annotations

import base64
import math
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from zoneinfo import available_timezones

from litestar import get, post
from litestar.datastructures import UploadFile
from litestar.response import Response
from msgspec import Struct

from pilotage.evidence.assess import PILOT_WEEKS, Assessment
from pilotage.record.errors import Problem
from pilotage.reports.assessment import view_of
from pilotage.reports.documents.assessment import assessment_document
from pilotage.reports.documents.page import page_of
from pilotage.reports.documents.typesetting import typesetter
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.pages.frame import Frame, Shown, page
from pilotage.server.parts import parts_of
from pilotage.server.threads import run_in
from pilotage.storage.history import Columns, HistoryInvalid
from pilotage.workflow.assessing import Question, assess_file, costs_of, draft
from pilotage.workflow.workspace import Workspace

UPLOAD_BYTES_MAX = 512_000_000
WEEKS_MAX = 520
ROLES = ("incumbent", "candidate", "label", "time", "unit")
WAYS = ("answers", "numbers", "costs")
UNTYPED: Mapping[str, str] = {"judge": "answers", "better": "lower", "weeks": str(PILOT_WEEKS), "time_zone": "UTC"}


class Form(Struct, frozen=True, kw_only=True):
    """What was typed and chosen, and what is wrong with it."""

    typed: Mapping[str, str]
    problems: tuple[Problem, ...] = ()
    more: int = 0

    def value(self, name: str) -> str:
        """What stands in a field."""
        return self.typed.get(name, "")

    def wrong(self, name: str) -> tuple[str, ...]:
        """What is wrong with a field, in sentences."""
        return tuple(problem.message for problem in self.problems if problem.field == name)


class _Asked:
    """What is read off the form, and what is wrong with it so far."""

    def __init__(self, typed: Mapping[str, str]) -> None:
        self.typed = typed
        self.problems: list[Problem] = []

    def wrong(self, field: str, message: str) -> None:
        self.problems.append(Problem(code="invalid", field=field, message=message))

    def outcome(self) -> str:
        name = self.typed.get("outcome", "").strip()
        if not name:
            self.wrong("outcome", "Name the numbers: minutes, for the columns incumbent_minutes and candidate_minutes.")
        return name

    def costs(self) -> dict[str, dict[str, float]]:
        costs, bad = costs_of(self.typed.get("costs", "").splitlines())
        for line in bad:
            self.wrong("costs", f"{line!r} is not of the form ANSWER/LABEL=AMOUNT; write one like delivery/billing=20.")
        if not costs and not bad:
            self.wrong("costs", "Give the cost of at least one kind of error, one to a line.")
        return costs

    def number(self, name: str) -> float | None:
        """A number that was typed; None when nothing was, or when it is none, which is then said."""
        text = self.typed.get(name, "").strip()
        if not text:
            return None
        with suppress(ValueError):
            if math.isfinite(number := float(text)):
                return number
        self.wrong(name, f"{text!r} is no number.")
        return None

    def caps(self) -> tuple[float | None, float | None]:
        lo, hi = self.number("lo"), self.number("hi")
        if lo is not None and hi is not None and lo >= hi:
            self.wrong("hi", "The largest value has to lie above the least.")
        return lo, hi

    def weeks(self) -> float:
        weeks = self.number("weeks")
        if weeks is not None and not 1 <= weeks <= WEEKS_MAX:
            self.wrong("weeks", f"A pilot takes from 1 to {WEEKS_MAX} weeks.")
        return float(PILOT_WEEKS) if weeks is None else weeks

    def time_zone(self) -> str:
        zone = self.typed.get("time_zone", "").strip() or "UTC"
        if zone not in available_timezones():
            self.wrong("time_zone", f"{zone} is no time zone; write one like Europe/Berlin.")
        return zone

    def columns(self) -> Columns:
        names = {role: self.typed.get(role, "").strip() or None for role in ROLES}
        by = tuple(part for name in self.typed.get("by", "").split(",") if (part := name.strip()))
        return Columns(**names, by=by)


def question_of(typed: Mapping[str, str]) -> Question | tuple[Problem, ...]:
    """What the form asks, or everything that is wrong with it."""
    asked, judge = _Asked(typed), typed.get("judge") or "answers"
    if judge not in WAYS:
        asked.wrong("judge", "Choose what to judge by.")
    numbers = judge == "numbers"
    lo, hi = asked.caps() if numbers else (None, None)
    question = Question(
        outcome=asked.outcome() if numbers else "",
        costs=asked.costs() if judge == "costs" else {},
        direction=("higher" if typed.get("better") == "higher" else "lower") if numbers else None,
        lo=lo,
        hi=hi,
        columns=asked.columns(),
        weeks=asked.weeks(),
        time_zone=asked.time_zone(),
    )
    return tuple(asked.problems) or question


async def _form(request: AnyRequest, form: Form, status: int = HTTPStatus.OK) -> Response[bytes]:
    def build(_workspace: Workspace, _frame: Frame) -> Shown:
        content = {"form": form, "roles": ROLES, "size_max": UPLOAD_BYTES_MAX // 1_000_000}
        return {"title": "Assess a history", "here": "assess"}, content

    return await page(request, "assess.html", build, status)


@get("/assess", opt={"access": READ}, include_in_schema=False)
async def show_assessing(request: AnyRequest) -> Response[bytes]:
    """The form for a history."""
    return await _form(request, Form(typed=UNTYPED))


@post(
    "/assess",
    opt={"access": READ},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    request_max_body_size=UPLOAD_BYTES_MAX,
)
async def assess_upload(request: AnyRequest) -> Response[bytes]:
    """Read the file and show what it says, or the form again with everything that is wrong."""
    sent = await request.form()
    file = sent.get("file")
    typed = {name: text for name, text in sent.multi_items() if isinstance(text, str)}
    try:
        question = question_of(typed)
        problems = question if isinstance(question, tuple) else ()
        if not isinstance(file, UploadFile) or not file.filename:
            problems = (Problem(code="missing", field="file", message="Choose a CSV or Parquet file."), *problems)
        if problems or isinstance(question, tuple) or not isinstance(file, UploadFile):
            return await _form(request, Form(typed=typed, problems=problems), HTTPStatus.UNPROCESSABLE_ENTITY)
        try:
            found = await run_in(parts_of(request).threads.reading, _assess, file, question)
        except HistoryInvalid as invalid:
            return await _form(request, _refused(typed, invalid), HTTPStatus.UNPROCESSABLE_ENTITY)
    finally:
        if isinstance(file, UploadFile):
            await file.close()
    return await _result(request, found, file.filename)


def _assess(file: UploadFile, question: Question) -> Assessment:
    """The assessment of an upload. Its copy on disk is gone when this returns, whatever happens."""
    with tempfile.NamedTemporaryFile(prefix="pilotage-upload-", suffix=".history") as copy:
        file.file.seek(0)
        shutil.copyfileobj(file.file, copy)
        copy.flush()
        return assess_file(Path(copy.name), question)


def _refused(typed: Mapping[str, str], invalid: HistoryInvalid) -> Form:
    """The form with what is wrong with the file; a missing column is a problem of the field that names it."""
    problems = []
    for wrong in invalid.found:
        if wrong.code == "columns":
            hint = f"Perhaps it is {wrong.guess}?" if wrong.guess else "Say what it is called."
            problems.append(Problem(code=wrong.code, field=wrong.column, message=f"{wrong.message} {hint}"))
            continue
        place = ", ".join(part for part in (f"line {wrong.line}" if wrong.line else "", wrong.column) if part)
        message = f"{place}: {wrong.message}" if place else wrong.message
        problems.append(Problem(code=wrong.code, field="file", message=message))
    return Form(typed=typed, problems=tuple(problems), more=invalid.more)


async def _result(request: AnyRequest, found: Assessment, name: str) -> Response[bytes]:
    def build(_workspace: Workspace, frame: Frame) -> Shown:
        today = frame.now.date()
        view = view_of(found, name, draft=draft(name, found, today=today), today=today)
        made = assessment_document(found, view, frame.now)
        files = {"report": page_of(made).encode(), "pdf": typesetter().pdf(made), "text": view.draft.encode()}
        held = {what: base64.b64encode(content).decode() for what, content in files.items()}
        return {"title": f"Assessment of {name}", "here": "assess"}, {"view": view, **held}

    return await page(request, "assessed.html", build)


handlers = [show_assessing, assess_upload]
