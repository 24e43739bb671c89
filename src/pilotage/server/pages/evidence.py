"""Evidence: what does the traffic show? That is the one question of its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from litestar import get
from litestar.params import FromPath
from litestar.response import Response

from pilotage.evidence.measurements import Measurements
from pilotage.record.charter import Charter
from pilotage.record.stages import stage_of
from pilotage.record.workload import Attempt
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.pages.answering import target_of
from pilotage.server.pages.charting import links_to
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.estimates import comparison_scale
from pilotage.server.pages.evidence_frame import evidence_page
from pilotage.server.pages.evidence_rows import (
    Row,
    baseline_rows,
    guardrail_row,
    look_rows,
    other_rows,
    plain_value,
    target_row,
    together_rows,
)
from pilotage.server.pages.frame import Frame
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow import answer_section, trust_section
from pilotage.workflow.answer_section import FigureJson
from pilotage.workflow.desk import Judgement
from pilotage.workflow.segments_section import tables
from pilotage.workflow.workspace import Workspace

CHARTS = ("target", "paired-outcomes", "paired-differences", "segment-forest")
FIGURE_COLUMNS = (
    "what", "metric", "stage", "arm", "value", "low", "high", "calls", "status", "reason",
)  # fmt: skip
LOOK_COLUMNS = ("attempt", "day", "information", "estimate", "low", "high", "calls", "z", "efficacy", "futility")


def rows_of(judgement: Judgement, workspace: Workspace) -> tuple[Row, ...]:
    """Target, guardrails and every other metric, compared where the attempt is judged."""
    workload, measured = judgement.workload, judgement.measurements
    charter, attempt = workload.measured_charter, workload.attempt
    if charter is None or attempt is None or measured is None:
        return ()
    stage = stage_of("shadow", 0, attempt)
    rows = [target_row(measured.answer, charter, stage)] if measured.answer else []
    rows += [guardrail_row(result, charter, stage) for result in measured.guardrails]
    sums = workspace.calls.totals(workload.slug)
    return (*rows, *other_rows(charter, {row.metric for row in rows}, sums, attempt))


def _row_of(figure: FigureJson) -> tuple[str, str, str]:
    """Which row of the tables shows a figure: by role, metric and stage."""
    return figure.role.removeprefix("live "), figure.metric, figure.stage


def _shown(workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
    workload, measured = judgement.workload, judgement.measurements
    charter, attempt = workload.measured_charter, workload.attempt
    answered = answer_section.build(workspace, judgement)
    content: dict[str, Any] = {
        "figures": {_row_of(figure): figure for figure in answered.figures},
        "decisions": answered.decisions,
        "together": together_rows(answered.stages_together, charter) if charter else (),
        "measured": measured if measured and measured.traffic.calls else None,
        "target": target_of(judgement),
        "trust": trust_section.build(workspace, judgement),
        "attempt": attempt,
        "charts": links_to(workspace, judgement, *CHARTS, "*"),
        "rows": rows_of(judgement, workspace),
        "flagged": _flagged(judgement, workspace, attempt),
        "looks": (),
        "live": (),
        "baselines": (),
        "metrics": charter.metrics if charter else (),
    }
    if charter is not None and measured is not None:
        content |= _of_charter(charter, measured)
    return content


def _of_charter(charter: Charter, measured: Measurements) -> dict[str, Any]:
    metric = charter.metric(charter.target.metric)
    scale = comparison_scale(metric.unit if metric else "", charter.target.form)
    return {
        "baselines": baseline_rows(measured.baseline, charter),
        "looks": look_rows(measured.answer, scale) if measured.answer else (),
        "live": [guardrail_row(result, charter, result.stage) for result in measured.live_guardrails],
    }


def _flagged(judgement: Judgement, workspace: Workspace, attempt: Attempt | None) -> tuple[int, int] | None:
    """How many segments of the target are flagged, and how many there are; None without any."""
    workload = judgement.workload
    found = tables(workload, workspace.calls.totals(workload.slug))[:1] if attempt else ()
    return (len(found[0].flagged), len(found[0].segments)) if found and found[0].segments else None


@get("/w/{slug:str}/evidence", opt={"access": READ}, include_in_schema=False)
async def show_evidence(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Every figure with its interval, what it rests on, and what it means."""
    return await evidence_page(request, slug, "evidence.html", _shown)


@get("/w/{slug:str}/evidence.csv", opt={"access": READ}, include_in_schema=False)
async def export_evidence(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Every figure as a table, in the metric's own unit."""

    def work() -> bytes:
        workspace = workspace_of(request)
        judgement = workspace.desk.judge(slug)
        return csv_of(FIGURE_COLUMNS, (*_figures(judgement), *_segments(judgement, workspace), *_coverage(judgement)))

    return csv_answer(f"{slug}-evidence", await run_in(parts_of(request).threads.reading, work))


def _figures(judgement: Judgement) -> Iterator[tuple[Cell, ...]]:
    measured = judgement.measurements
    if measured is None:
        return
    for one in measured.baseline:
        yield "baseline", one.metric, "none/0", "incumbent", *plain_value(one.estimate), None, None
    if answer := measured.answer:
        place = stage_of("shadow", 0, judgement.workload.attempt)
        for arm, estimate in (("incumbent", answer.incumbent), ("candidate", answer.candidate)):
            yield "target", answer.metric, place, arm, *plain_value(estimate), None, None
        yield "target", answer.metric, place, answer.form, *plain_value(answer.estimate), answer.answer, answer.reason
    for what, results in (("guardrail", measured.guardrails), ("live guardrail", measured.live_guardrails)):
        for result in results:
            for arm, estimate in (("incumbent", result.incumbent), ("candidate", result.candidate)):
                yield what, result.metric, result.stage, arm, *plain_value(estimate), None, None
            compared = plain_value(result.difference)
            yield what, result.metric, result.stage, "difference", *compared, result.status, result.reason


def _segments(judgement: Judgement, workspace: Workspace) -> Iterator[tuple[Cell, ...]]:
    workload = judgement.workload
    if workload.attempt is None:
        return
    place = stage_of("shadow", 0, workload.attempt)
    for table in tables(workload, workspace.calls.totals(workload.slug))[:1]:
        for one in table.segments:
            name = f"segment {one.segment}"
            for arm, estimate in (("incumbent", one.incumbent), ("candidate", one.candidate)):
                yield name, table.metric, place, arm, *plain_value(estimate), None, None
            yield name, table.metric, place, table.form, *plain_value(one.raw), None, one.why


def _coverage(judgement: Judgement) -> Iterator[tuple[Cell, ...]]:
    for one in judgement.measurements.coverage if judgement.measurements else ():
        asked = f"asked on {one.required:.0%} of the calls that are due"
        verdict = "pending" if one.share is None else "met" if one.share >= one.required else "unmet"
        yield "coverage", one.field, None, None, one.share, None, None, one.calls, verdict, asked


@get("/w/{slug:str}/looks.csv", opt={"access": READ}, include_in_schema=False)
async def export_looks(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Every look of the running attempt as a table."""
    judgement = await run_in(parts_of(request).threads.reading, workspace_of(request).desk.judge, slug)
    answer = judgement.measurements.answer if judgement.measurements else None
    attempt, looks = (answer.attempt, answer.looks) if answer else (0, ())
    rows = (
        (attempt, look.day, look.information, *plain_value(look.estimate), look.z, look.efficacy, look.futility)
        for look in looks
    )
    return csv_answer(f"{slug}-looks", csv_of(LOOK_COLUMNS, rows))


handlers = [show_evidence, export_evidence, export_looks]
