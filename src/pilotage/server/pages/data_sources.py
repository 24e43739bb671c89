"""Data: may it be used, and can it be? The sources with their right to use, and what was seen in a real sample."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct

from pilotage.record.areas.data import BASES, SAMPLE_BYTES_MAX, CheckSample
from pilotage.record.errors import Problem
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import COMMAND, READ
from pilotage.server.pages.csv_files import csv_answer, csv_of
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.giving import recorded, tried
from pilotage.server.pages.rendering import see
from pilotage.server.pages.workload_frame import workload_page
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.data_sources import DataJson, data_json
from pilotage.workflow.desk import Judgement, Receipt
from pilotage.workflow.workspace import Workspace

MEGA = 1_000_000
UPLOAD_BYTES_MAX = 64_000_000
FIELDS = {"source": "Source", "sample": "File", "label_column": "Column of labels", "time_column": "Column of times"}
COLUMNS = ("source", "column", "missing", "share")


class SampleForm(Struct, frozen=True, kw_only=True):
    """What was chosen for a look at a sample, and what is wrong with it."""

    typed: Mapping[str, str] = {}
    problems: tuple[Problem, ...] = ()

    def value(self, name: str) -> str:
        """What stands in a field."""
        return self.typed.get(name, "")

    def wrong(self, name: str) -> tuple[str, ...]:
        """What is wrong with a field, in sentences."""
        return tuple(problem.message for problem in self.problems if problem.field == name)


async def _page(request: AnyRequest, slug: str, form: SampleForm, status: int = HTTPStatus.OK) -> Response[bytes]:
    def build(_workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        return {
            "data": data_json(judgement),
            "form": form,
            "fields": FIELDS,
            "bases": BASES,
            "size_max": SAMPLE_BYTES_MAX // MEGA,
        }

    return await workload_page(request, slug, "data.html", build, here="data", title="Data", status=status)


@get("/w/{slug:str}/data", opt={"access": READ}, include_in_schema=False)
async def show_data(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The sources, and a form to hand in a sample; the address may name its source."""
    return await _page(request, slug, SampleForm(typed=dict(request.query_params)))


@post(
    "/w/{slug:str}/data",
    opt={"access": COMMAND},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    request_max_body_size=UPLOAD_BYTES_MAX,
)
async def take_sample(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """Look at a sample and put its figures on record, or show the form again with everything that is wrong."""
    sent = await request.form()
    typed = {name: str(sent.get(name, "")).strip() for name in FIELDS if name != "sample"}
    file = sent.get("sample")
    content = await file.read() if isinstance(file, UploadFile) else b""
    if isinstance(file, UploadFile):
        await file.close()
    problems = tuple(_problems(typed, content))
    if problems:
        return await _page(request, slug, SampleForm(typed=typed, problems=problems), HTTPStatus.UNPROCESSABLE_ENTITY)
    outcome = await tried(request, slug, CheckSample(sample=content, **typed), None)
    if isinstance(outcome, Receipt):
        return see(recorded(f"/w/{slug}/data", outcome))
    problems, status = outcome
    return await _page(request, slug, SampleForm(typed=typed, problems=problems), status)


def _problems(typed: Mapping[str, str], content: bytes) -> list[Problem]:
    """What a browser should have kept anybody from sending."""
    found = []
    if not typed["source"]:
        found.append(Problem(code="missing", field="source", message="Choose the source that it is taken from."))
    if not content:
        found.append(Problem(code="missing", field="sample", message="Choose a CSV or Parquet file with rows in it."))
    if len(content) > SAMPLE_BYTES_MAX:
        size = f"The file has {len(content) / MEGA:.1f} MB; take a sample of at most {SAMPLE_BYTES_MAX // MEGA} MB."
        found.append(Problem(code="too-large", field="sample", message=size))
    return found


@get("/w/{slug:str}/data.csv", opt={"access": READ}, include_in_schema=False)
async def export_columns(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The columns of every newest sample with what is missing in them, as a table."""

    def work() -> DataJson:
        return data_json(workspace_of(request).desk.judge(slug))

    found = await run_in(parts_of(request).threads.reading, work)
    rows = [
        (source.id, column.name, column.missing, column.share)
        for source in found.sources
        if source.sample
        for column in source.sample.columns
    ]
    return csv_answer(f"{slug}-data", csv_of(COLUMNS, rows))


handlers = [show_data, take_sample, export_columns]
