"""Charts by address: SVG and PNG in both themes, and the data behind them as JSON and CSV."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import msgspec
from litestar import get
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct

from pilotage.evidence.measurements import Estimate
from pilotage.evidence.plan import shifted
from pilotage.reports.charts.daily import ARMS, DailyData, daily_data, daily_plot
from pilotage.reports.charts.drawing import Draw, Drawings
from pilotage.reports.charts.palette import LIGHT
from pilotage.reports.charts.plots import BOXES
from pilotage.reports.charts.target import TargetData, target_data, target_plot
from pilotage.server.asking import AnyRequest, query_of
from pilotage.server.auth.access import READ
from pilotage.server.pages.csv_files import MEDIA_TYPE as CSV
from pilotage.server.pages.csv_files import csv_of
from pilotage.server.pages.estimates import comparison_scale, own_scale
from pilotage.server.pages.written import number
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.problems import not_found
from pilotage.server.threads import run_in
from pilotage.workflow.desk import Judgement
from pilotage.workflow.workspace import Workspace

DRAWINGS = Drawings()
MEDIA = {"svg": "image/svg+xml", "png": "image/png", "json": "application/json", "csv": CSV}
# A picture opened by itself may style its own letters, and nothing else.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
TARGET = "target"
Data = TargetData | DailyData


class ChartQuery(Struct, frozen=True, kw_only=True):
    """How a chart is drawn. `v` changes with the data, so that a browser asks anew."""

    theme: Literal["light", "dark"] = "light"
    size: Literal["wide", "narrow"] = "wide"
    v: str = ""


class ChartJson(Struct, frozen=True, kw_only=True):
    """A chart's data, where its plot area lies (pixels of a picture `width` wide), and a reading for each day."""

    data: TargetData | DailyData
    width: int
    height: int
    left: int
    right: int
    first: dt.date | None
    last: dt.date | None
    readings: tuple[tuple[dt.date, str], ...]


def data_of(workspace: Workspace, judgement: Judgement, name: str) -> tuple[Data, Draw] | None:
    """What a chart shows: the target with its looks, or any metric by day. None when there is nothing yet."""
    charter = judgement.workload.measured_charter
    if charter is None:
        return None
    metric = charter.metric(charter.target.metric if name == TARGET else name)
    if metric is None:
        return None
    answer = judgement.measurements.answer if judgement.measurements else None
    if name == TARGET and answer is not None:
        scale = comparison_scale(metric.unit, charter.target.form)
        looks = target_data(answer, charter.target, title=metric.title, unit=scale.after, factor=scale.factor)
        if looks.points:
            return looks, target_plot
    scale = own_scale(metric.unit)
    rows = workspace.calls.days(judgement.workload.slug)
    days = daily_data(rows, shifted(metric, charter.target), title=metric.title, unit=scale.after, factor=scale.factor)
    return (days, daily_plot) if days.points else None


class Charts(Struct, frozen=True, kw_only=True):
    """Which charts there are, each with what its address ends with: it changes when the data do."""

    target: str = ""
    daily: dict[str, str] = {}


def charts_of(workspace: Workspace, judgement: Judgement) -> Charts:
    """The charts of a workload that have something to show."""
    charter, measured = judgement.workload.measured_charter, judgement.measurements
    if charter is None or measured is None:
        return Charts()
    newest: dict[str, dt.date] = {}
    for row in workspace.calls.days(judgement.workload.slug):
        if row.n > 0 and row.series in ARMS:
            newest[row.metric] = max(row.day, newest.get(row.metric, row.day))
    daily = {metric.id: newest[metric.id].isoformat() for metric in charter.metrics if metric.id in newest}
    looks = [look for look in measured.answer.looks if isinstance(look.estimate, Estimate)] if measured.answer else []
    target = f"{len(judgement.workload.attempts)}-{len(looks)}" if looks else daily.get(charter.target.metric, "")
    return Charts(target=target, daily=daily)


@get("/w/{slug:str}/charts/{name:str}", opt={"access": READ}, include_in_schema=False)
async def show_chart(request: AnyRequest, slug: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """A chart as a picture or as data, by the ending of its name."""
    query = query_of(request, ChartQuery)
    stem, _, form = name.rpartition(".")
    if form not in MEDIA:
        raise not_found("A chart ends in .svg, .png, .json or .csv.")

    def work() -> bytes | None:
        workspace = workspace_of(request)
        found = data_of(workspace, workspace.desk.judge(slug), stem)
        return None if found is None else _content(*found, query, form)

    content = await run_in(parts_of(request).threads.reading, work)
    if content is None:
        raise not_found(f"There is nothing to draw of {stem} yet.")
    headers = {"Cache-Control": "private, max-age=60"}
    if form in {"svg", "png"}:
        headers["Content-Security-Policy"] = PICTURE_POLICY
    if form == "csv":
        headers["Content-Disposition"] = f'attachment; filename="{slug}-{stem}.csv"'
    return Response(content, media_type=MEDIA[form], headers=headers)


def _content(data: Data, draw: Draw, query: ChartQuery, form: str) -> bytes:
    if form == "csv":
        fields = data.points[0].__struct_fields__
        return csv_of(fields, ([getattr(point, field) for field in fields] for point in data.points))
    if form == "json":
        return msgspec.json.encode(_json(data, draw, query.size))
    return DRAWINGS.draw(data, draw, theme=query.theme, size=query.size, form=form)


def _json(data: Data, draw: Draw, size: str) -> ChartJson:
    box = BOXES[size]
    plot = draw(data, LIGHT, box)
    return ChartJson(
        data=data,
        width=box.width,
        height=box.height,
        left=box.left,
        right=box.right,
        first=plot.first,
        last=plot.last,
        readings=tuple(_readings(data)),
    )


def _readings(data: Data) -> list[tuple[dt.date, str]]:
    """What is shown at a day, line by line."""
    unit = data.unit
    if isinstance(data, TargetData):
        return [(p.day, _look_reading(p, unit)) for p in data.points]
    by_day: dict[dt.date, list[str]] = {}
    for point in data.points:
        text = f"{point.arm} {number(point.value, 3)} {unit} on {number(point.calls)} calls"
        by_day.setdefault(point.day, []).append(text)
    return [(day, "\n".join(lines)) for day, lines in sorted(by_day.items())]


def _look_reading(point: Any, unit: str) -> str:  # noqa: ANN401 - a point of a look
    lines = [
        f"{number(point.value, 3)} {unit}".rstrip(),
        f"{number(point.low, 3)} to {number(point.high, 3)}",
        f"on {number(point.calls)} calls",
    ]
    if point.go is not None:
        lines.append(f"go above {number(point.go, 3)}")
    return "\n".join(lines)


handlers = [show_chart]
