"""Segments: where does it work, and where does it not? Agreement, what to read, and a missed target's shortfall."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import get
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct

from pilotage.evidence.measurements import Estimated, NotEstimable
from pilotage.evidence.reading import Disagreement
from pilotage.evidence.segments import SegmentTable
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.pages.charting import links_to
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.estimates import Drawn, Figure, comparison_scale, drawn, figure, own_scale
from pilotage.server.pages.evidence_frame import evidence_page
from pilotage.server.pages.evidence_rows import plain_value
from pilotage.server.pages.frame import Frame
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow import agreement_section, disagreements_section, segments_section, shortfall_section
from pilotage.workflow.desk import Judgement
from pilotage.workflow.workspace import Workspace

SEGMENT_COLUMNS = (
    "metric", "role", "form", "segment", "share", "calls", "raw", "raw low", "raw high", "pooled", "pooled low",
    "pooled high", "bound", "p bound", "adjusted p bound", "p others", "adjusted p others", "flags", "why",
)  # fmt: skip
AGREEMENT_COLUMNS = ("figure", "incumbent", "candidate", "value", "low", "high", "calls", "reason")
READING_COLUMNS = ("order", "call", "group", "unit", "incumbent", "candidate", "confidence", "gain", "why")
SHORTFALL_COLUMNS = ("what", "name", "answer", "label", "calls", "share", "gap", "part", "value")
Rows = Iterable[tuple[Cell, ...]]


SHOWN_OF_EACH = 6


def first_of_each(calls: Sequence[Disagreement]) -> tuple[Disagreement, ...]:
    """The first few of each reason to read: the page shows these, the CSV all."""
    seen: Counter[str] = Counter()
    shown = []
    for call in calls:
        seen[call.group] += 1
        if seen[call.group] <= SHOWN_OF_EACH:
            shown.append(call)
    return tuple(shown)


class ShownSegment(Struct, frozen=True, kw_only=True):
    """One segment as it is shown."""

    segment: str
    share: float
    incumbent: Figure
    candidate: Figure
    raw: Figure
    pooled: Figure
    drawn: Drawn | None
    flagged: bool
    why: str


class ShownTable(Struct, frozen=True, kw_only=True):
    """One metric's table as it is shown."""

    table: SegmentTable
    allowed: str
    rows: tuple[ShownSegment, ...]
    spreads: tuple[str, ...]


def shown_table(table: SegmentTable) -> ShownTable:
    """A table in words, with each interval drawn against what is allowed."""
    own, scale = own_scale(table.unit), comparison_scale(table.unit, table.form)
    return ShownTable(
        table=table,
        allowed=("floor " if table.role == "target" else "allowed: ") + scale.text(table.bound),
        rows=tuple(
            ShownSegment(
                segment=one.segment,
                share=one.share,
                incumbent=figure(one.incumbent, own),
                candidate=figure(one.candidate, own),
                raw=figure(one.raw, scale),
                pooled=figure(one.pooled, scale),
                drawn=drawn(_told(one.pooled, one.raw), [("bound", table.bound)]),
                flagged=bool(one.flags),
                why=one.why,
            )
            for one in table.segments
        ),
        spreads=tuple(
            spread.reason
            or f"{spread.key}: {scale.interval(0.0, spread.range)} between {spread.worst} and {spread.best}"
            f"{', pooled' if spread.pooled else ''}"
            f"{'' if spread.p is None else f'; chance alone would do as much with p = {spread.p:.2g}'}."
            for spread in table.spreads
        ),
    )


def _told(pooled: Estimated, raw: Estimated) -> Estimated:
    return raw if isinstance(pooled, NotEstimable) else pooled


def _shown(workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
    segments = segments_section.build(workspace, judgement)
    agreed = agreement_section.build(workspace, judgement)
    reading = disagreements_section.build(workspace, judgement)
    short = shortfall_section.build(workspace, judgement)
    share, metric = own_scale("share"), disagreements_section.target_metric(judgement)
    scale = comparison_scale(metric.unit if metric else "", "difference")
    filled = {"segments": "\n".join(short.segments), "curve": "\n".join(short.curve_lines)}
    return {
        "segments": segments,
        "charts": links_to(workspace, judgement, "segment-forest"),
        "tables": [shown_table(table) for table in segments.figures if table.segments],
        "agreement": agreed,
        "agreed": figure(agreed.found.agreement, share),
        "kappa": figure(agreed.found.kappa, own_scale("")),
        "reading": reading,
        "to_read": first_of_each(reading.list.calls),
        "short": short,
        "gap": None if isinstance(short.gap, NotEstimable) else short.gap,
        "curve": None if isinstance(short.curve, NotEstimable) else short.curve,
        "missed": short.answer in {"below_floor", "harmed", "futile"},
        "scale": scale,
        "own": own_scale(metric.unit if metric else ""),
        "form": urlencode(filled),
    }


@get("/w/{slug:str}/evidence/segments", opt={"access": READ}, include_in_schema=False)
async def show_segments(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Segments, agreement, what to read, and what a missed target fell short by."""
    return await evidence_page(
        request, slug, "evidence_segments.html", _shown, path="/segments", title=segments_section.SECTION.title
    )


def _segment_rows(workspace: Workspace, judgement: Judgement) -> Rows:
    for table in segments_section.build(workspace, judgement).figures:
        for one in table.segments:
            raw, low, high, calls = plain_value(one.raw)
            yield (
                table.metric, table.role, table.form, one.segment, one.share, calls, raw, low, high,
                *plain_value(one.pooled)[:3], table.bound, one.p_bound, one.q_bound, one.p_others, one.q_others,
                " ".join(one.flags), one.why,
            )  # fmt: skip


def _agreement_rows(workspace: Workspace, judgement: Judgement) -> Rows:
    found = agreement_section.build(workspace, judgement).found
    for name, one in (("agreement", found.agreement), ("kappa", found.kappa)):
        yield name, None, None, *plain_value(one), one.reason if isinstance(one, NotEstimable) else None
    for pair in found.differing:
        yield "differing", pair.incumbent, pair.candidate, None, None, None, pair.calls, None


def _reading_rows(workspace: Workspace, judgement: Judgement) -> Rows:
    for order, one in enumerate(disagreements_section.build(workspace, judgement).list.calls, 1):
        yield (
            order, one.call_id, one.group, one.unit, one.incumbent, one.candidate, one.confidence, one.gain, one.why,
        )  # fmt: skip


def _shortfall_rows(workspace: Workspace, judgement: Judgement) -> Rows:
    found = shortfall_section.build(workspace, judgement)
    if not isinstance(found.gap, NotEstimable):
        yield "gap", "all", None, None, found.gap.calls, 1.0, found.gap.gap, found.gap.gap, None
        for part in found.gap.parts:
            yield "segment", part.segment, None, None, part.calls, part.share, part.gap, part.part, None
    for kind in found.failures.kinds:
        yield "failure", kind.kind, kind.answer, kind.label, kind.calls, kind.share, None, None, kind.loss
    for point in found.points:
        yield "learning curve", point.origin, None, None, point.examples, None, None, None, point.value


async def _table(
    request: AnyRequest, slug: str, name: str, columns: tuple[str, ...], rows: Callable[[Workspace, Judgement], Rows]
) -> Response[bytes]:
    def work() -> bytes:
        workspace = workspace_of(request)
        return csv_of(columns, rows(workspace, workspace.desk.judge(slug)))

    return csv_answer(f"{slug}-{name}", await run_in(parts_of(request).threads.reading, work))


@get("/w/{slug:str}/segments.csv", opt={"access": READ}, include_in_schema=False)
async def export_segments(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Every metric's segments as a table."""
    return await _table(request, slug, "segments", SEGMENT_COLUMNS, _segment_rows)


@get("/w/{slug:str}/agreement.csv", opt={"access": READ}, include_in_schema=False)
async def export_agreement(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Agreement and the most frequent differences as a table."""
    return await _table(request, slug, "agreement", AGREEMENT_COLUMNS, _agreement_rows)


@get("/w/{slug:str}/disagreements.csv", opt={"access": READ}, include_in_schema=False)
async def export_disagreements(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The reading list as a table."""
    return await _table(request, slug, "disagreements", READING_COLUMNS, _reading_rows)


@get("/w/{slug:str}/shortfall.csv", opt={"access": READ}, include_in_schema=False)
async def export_shortfall(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The gap's parts, the failures and the points of the learning curve as a table."""
    return await _table(request, slug, "shortfall", SHORTFALL_COLUMNS, _shortfall_rows)


handlers = [show_segments, export_segments, export_agreement, export_disagreements, export_shortfall]
