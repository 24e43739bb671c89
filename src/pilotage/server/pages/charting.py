"""Charts by address: one Vega-Lite specification, as itself, as SVG and PNG in both themes, and its data as CSV."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Literal
from urllib.parse import quote

from litestar import get
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct

from pilotage.evidence.measurements import Estimate
from pilotage.evidence.plan import shifted
from pilotage.playbook.metrics import Metric
from pilotage.record.charter import Charter
from pilotage.record.digests import digest_of
from pilotage.record.stages import stage_of
from pilotage.reports.charts import bundle
from pilotage.reports.charts.catalogue import ChartData, box_of
from pilotage.reports.charts.daily import DailyData, daily_data
from pilotage.reports.charts.drawing import Drawings
from pilotage.reports.charts.forest import ForestData, ForestRow
from pilotage.reports.charts.outcomes import OutcomesData, differences_data, outcomes_data
from pilotage.server.asking import AnyRequest, query_of
from pilotage.server.auth.access import PUBLIC, READ
from pilotage.server.pages.charting_drift import Monitored, monitored_data
from pilotage.server.pages.csv_files import MEDIA_TYPE as CSV
from pilotage.server.pages.csv_files import csv_of
from pilotage.server.pages.estimates import comparison_scale, own_scale
from pilotage.server.pages.evidence_rows import sums_of
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.problems import not_found
from pilotage.server.threads import run_in
from pilotage.storage.protocols import DayRow, SumRow
from pilotage.workflow import value_section
from pilotage.workflow.charting_cost import months_data, payback_data, paying_data, year_data
from pilotage.workflow.charting_target import looks_data, segments_data
from pilotage.workflow.cost_section import CostSection, Curves, WhatIf, curves, what_if
from pilotage.workflow.desk import Judgement
from pilotage.workflow.value_section import ValueSection, quarters_data
from pilotage.workflow.workspace import Workspace

DRAWINGS = Drawings()
MEDIA = {"svg": "image/svg+xml", "png": "image/png", "json": "application/json", "csv": CSV}
# A picture opened by itself may style its own letters, and nothing else.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
DIGITS = 12


class ChartQuery(Struct, frozen=True, kw_only=True):
    """How a chart is drawn. `v` changes with the data, so that a browser asks anew."""

    theme: Literal["light", "dark"] = "light"
    size: Literal["wide", "narrow"] = "wide"
    v: str = ""


class Sources:
    """What charts are made of: a workload as judged, and its sums, read once for all charts of a page."""

    def __init__(self, workspace: Workspace, judgement: Judgement, charter: Charter, target: Metric) -> None:
        self.judgement = judgement
        self.charter = charter
        self.target = target
        self._workspace = workspace

    @classmethod
    def of(cls, workspace: Workspace, judgement: Judgement) -> Sources | None:
        """The sources of a workload that has promised something."""
        charter = judgement.workload.measured_charter
        target = charter.metric(charter.target.metric) if charter else None
        return cls(workspace, judgement, charter, target) if charter and target else None

    @cached_property
    def days(self) -> tuple[DayRow, ...]:
        """Every metric's sums by day."""
        return self._workspace.calls.days(self.judgement.workload.slug)

    @cached_property
    def costs(self) -> CostSection:
        """What answers cost and what a year in production would, as known."""
        return what_if(self._workspace, self.judgement, WhatIf())

    @cached_property
    def value(self) -> ValueSection:
        """What each quarter brought."""
        return value_section.build(self._workspace, self.judgement)

    @cached_property
    def curves(self) -> Curves | None:
        """When production has paid for itself, and from how many calls on."""
        return curves(self._workspace, self.judgement, WhatIf())

    @property
    def starts_on(self) -> dt.date:
        """The day from which production is reckoned: the one to decide by, which the charter gives."""
        return self.judgement.workload.decision_on or self.charter.decision_on

    @cached_property
    def totals(self) -> tuple[SumRow, ...]:
        """Every metric's sums."""
        return self._workspace.calls.totals(self.judgement.workload.slug)


def _target(of: Sources) -> ChartData | None:
    """The target with its looks; before the first one, its metric by day."""
    answer = of.judgement.measurements.answer if of.judgement.measurements else None
    if answer is not None:
        looks = looks_data(answer, of.charter.target, of.target)
        if looks is not None:
            return looks
    return _daily(of, of.target)


def _daily(of: Sources, metric: Metric) -> DailyData | None:
    if not _has_days(metric):
        return None
    scale, kept = own_scale(metric.unit), shifted(metric, of.charter.target)
    days = daily_data(of.days, kept, title=metric.title, unit=scale.after, factor=scale.factor)
    return days if days.points else None


def _has_days(metric: Metric) -> bool:
    """Whether a day's mean over its calls is the metric; of a ratio, a quantile or a unit's sum it is not."""
    return metric.kind in {"proportion", "mean"} and metric.per == "call"


def _outcomes(of: Sources) -> OutcomesData | None:
    """On how many calls of the attempt both arms were right, one, or neither, where the sums can tell."""
    attempt = of.judgement.workload.attempt
    if attempt is None:
        return None
    stage = stage_of("shadow", 0, attempt)
    found = sums_of(of.totals, of.target.id, stage, attempt.release, "")
    return (
        outcomes_data(shifted(of.target, of.charter.target), found[0].paired, title=of.target.title) if found else None
    )


def _differences(of: Sources) -> ChartData | None:
    """By how much the arms differed on each day's calls, while the attempt ran in shadow."""
    attempt = of.judgement.workload.attempt
    if attempt is None or not _has_days(of.target):
        return None
    stage = stage_of("shadow", 0, attempt)
    days = [row for row in of.days if row.stage == stage and row.release in {"", attempt.release}]
    scale = comparison_scale(of.target.unit, "difference")
    return differences_data(days, of.target, title=of.target.title, unit=scale.after, factor=scale.factor)


def _unit_costs(of: Sources) -> ForestData | None:
    """What an answer cost, by arm and release; whoever reported nothing has no row, which is no zero."""
    rows = tuple(
        ForestRow(
            label=f"{cost.arm} {cost.release}".strip(), calls=cost.reported, value=one.value, low=one.low, high=one.high
        )
        for cost in of.costs.unit_costs
        if isinstance(one := cost.estimate, Estimate)
    )
    return ForestData(title="What an answer costs", unit="USD an answer", points=rows) if rows else None


BUILDERS: dict[str, Callable[[Sources], ChartData | None]] = {
    "target": _target,
    "paired-outcomes": _outcomes,
    "paired-differences": _differences,
    "segment-forest": lambda of: segments_data(of.judgement.workload, of.totals),
    "unit-costs": _unit_costs,
    "month-costs": lambda of: months_data(of.costs),
    "value-by-quarter": lambda of: quarters_data(of.value),
    "payback": lambda of: payback_data(of.costs, of.curves, of.starts_on),
    "break-even": lambda of: paying_data(of.costs, of.curves),
    "year-in-production": lambda of: year_data(of.costs),
}
"""Every chart by the name in its address, which no metric's name can be; other names are metrics, day by day."""


def data_of(of: Sources, name: str) -> ChartData | None:
    """What a chart shows. None when there is nothing yet, or no chart of that name."""
    if name in BUILDERS:
        return BUILDERS[name](of)
    metric = of.charter.metric(name)
    return _daily(of, metric) if metric else None


class Link(Struct, frozen=True, kw_only=True):
    """A chart as a page shows it: its address without the ending, what tells one drawing of it from the next, the
    sizes of the wide and the narrow picture, and the script that makes it answer to the pointer (none: "").
    """

    address: str
    version: str
    wide: tuple[int, int]
    narrow: tuple[int, int]
    script: str


def _links(judgement: Judgement, found: Iterable[tuple[str, ChartData | None]]) -> dict[str, Link]:
    return {name: _link(judgement, name, data) for name, data in found if data is not None}


def _link(judgement: Judgement, name: str, data: ChartData) -> Link:
    return link_of(f"/w/{judgement.workload.slug}/charts/{quote(name)}", data)


def link_of(address: str, data: ChartData) -> Link:
    """A chart at an address of its own, as a page shows it."""
    wide, narrow = box_of(data, "wide"), box_of(data, "narrow")
    return Link(
        address=address,
        version=digest_of(data)[:DIGITS],
        wide=(wide.width, wide.height),
        narrow=(narrow.width, narrow.height),
        script=script(),
    )


def links_to(workspace: Workspace, judgement: Judgement, *names: str) -> dict[str, Link]:
    """Those of the charts named that have something to show. The name `*` stands for every metric, day by day."""
    of = Sources.of(workspace, judgement)
    if of is None:
        return {}
    asked = [one for name in names for one in ([m.id for m in of.charter.metrics] if name == "*" else [name])]
    return _links(judgement, ((name, data_of(of, name)) for name in asked))


def links_to_monitoring(workspace: Workspace, judgement: Judgement) -> dict[str, Link]:
    """The charts of what is monitored that have something to show; a field's under `of_field` of its name."""
    of = Monitored(workspace, judgement)
    return _links(judgement, ((name, monitored_data(of, name)) for name in of.names))


def script() -> str:
    """The address of the script that lets charts answer to the pointer; empty where it has not been built."""
    return f"/charting/{bundle.file_name()}" if bundle.found() else ""


@get("/charting/{name:str}", opt={"access": PUBLIC}, include_in_schema=False)
async def give_script(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
    """The script, compressed where the browser takes it so. Its name changes when it does, so it is kept for good."""
    path = bundle.found()
    if path is None or name != path.name:
        raise not_found("The charts' script is another one, or not built: pilotage charts builds it.")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        path, headers["Content-Encoding"] = path.with_name(path.name + ".gz"), "gzip"
    content = await run_in(parts_of(request).threads.reading, path.read_bytes)
    return Response(content, media_type="text/javascript", headers=headers)


@get("/w/{slug:str}/charts/{name:str}", opt={"access": READ}, include_in_schema=False)
async def show_chart(request: AnyRequest, slug: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """A chart as a picture, as its specification or as data, by the ending of its name."""

    def found(stem: str) -> ChartData | None:
        workspace = workspace_of(request)
        judgement = workspace.desk.judge(slug)
        monitored = monitored_data(Monitored(workspace, judgement), stem)
        if monitored is not None or (of := Sources.of(workspace, judgement)) is None:
            return monitored
        return data_of(of, stem)

    return await chart_answer(request, name, f"{slug}-", found)


async def chart_answer(
    request: AnyRequest, name: str, before: str, find: Callable[[str], ChartData | None]
) -> Response[bytes]:
    """A chart by the ending of its name. `find` gives its data by the rest of the name, on a reading thread; `before`
    stands before the name of a file of its data.
    """
    query = query_of(request, ChartQuery)
    stem, _, form = name.rpartition(".")
    if form not in MEDIA:
        raise not_found("A chart ends in .svg, .png, .json or .csv.")

    def work() -> bytes | None:
        data = find(stem)
        return None if data is None else content_of(data, query, form)

    content = await run_in(parts_of(request).threads.reading, work)
    if content is None:
        raise not_found(f"There is nothing to draw of {stem} yet.")
    headers = {"Cache-Control": "private, max-age=60"}
    if form in {"svg", "png"}:
        headers["Content-Security-Policy"] = PICTURE_POLICY
    if form == "csv":
        headers["Content-Disposition"] = f'attachment; filename="{before}{stem}.csv"'
    return Response(content, media_type=MEDIA[form], headers=headers)


def content_of(data: ChartData, query: ChartQuery, form: str) -> bytes:
    """A chart in one of the forms that it can be taken away in."""
    if form == "csv":
        fields = data.points[0].__struct_fields__
        return csv_of(fields, ([getattr(point, field) for field in fields] for point in data.points))
    return DRAWINGS.draw(data, theme=query.theme, size=query.size, form=form)


handlers = [give_script, show_chart]
