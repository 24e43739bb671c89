"""Drift: has anything changed since this was proven? The page of the sections on monitoring, and its tables as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from litestar import get
from litestar.params import FromPath
from litestar.response import Response

from pilotage.evidence.burning import Budget
from pilotage.evidence.drift import Effect, FieldDrift
from pilotage.evidence.measurements import Estimate
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.pages.charting import links_to_monitoring
from pilotage.server.pages.charting_drift import of_field
from pilotage.server.pages.csv_files import Cell, csv_answer, csv_of
from pilotage.server.pages.evidence_frame import evidence_page
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.wording import Badge
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow import before_labels_section, drift_section, labels_section, service_section
from pilotage.workflow.desk import Judgement
from pilotage.workflow.workspace import Workspace

PATH = "/drift"
STATES: dict[str, Badge] = {
    "alert": Badge(tone="bad", shape="alert", word="alert"),
    "moved": Badge(tone="warn", shape="flag", word="moved"),
    "steady": Badge(tone="good", shape="check", word="steady"),
    "not_estimable": Badge(tone="calm", shape="dash", word="not estimable"),
    "firing": Badge(tone="bad", shape="alert", word="firing"),
    "within": Badge(tone="good", shape="check", word="within"),
    "quiet": Badge(tone="calm", shape="dots", word="too few calls"),
}
FIELD_COLUMNS = (
    "field", "kind", "status", "reason", "since", "until", "reference_calls", "current_calls", "psi", "psi_debiased",
    "p_value", "jensen_shannon", "total_variation", "kolmogorov_smirnov", "wasserstein_sd", "missing_reference",
    "missing_current", "largest_change", "new", "vanished", "retyped", "effect", "effect_low", "effect_high",
)  # fmt: skip
LABEL_COLUMNS = ("group", "hours", "share", "calls")
TEST_COLUMNS = ("since", "until", "foretold", "foretold_low", "foretold_high", "realised", "calls", "error")
SERVICE_COLUMNS = (
    "objective", "promised", "from_charter", "budget_used", "rate", "long_hours", "short_hours", "status", "long_rate",
    "short_rate", "long_calls", "long_bad",
)  # fmt: skip


def _shown(workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
    return {
        "drift": drift_section.build(workspace, judgement),
        "labels": labels_section.build(workspace, judgement),
        "before": before_labels_section.build(workspace, judgement),
        "service": service_section.build(workspace, judgement),
        "states": STATES,
        "charts": links_to_monitoring(workspace, judgement),
        "of_field": of_field,
    }


@get("/w/{slug:str}/evidence/drift", opt={"access": READ}, include_in_schema=False)
async def show_drift(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """What has changed, how labels come, what they will probably say, and whether it serves well."""
    return await evidence_page(request, slug, "drift.html", _shown, path=PATH, title="Drift")


async def _table(
    request: AnyRequest,
    slug: str,
    name: str,
    columns: tuple[str, ...],
    rows: Callable[[Workspace, Judgement], Iterable[tuple[Cell, ...]]],
) -> Response[bytes]:
    def work() -> bytes:
        workspace = workspace_of(request)
        return csv_of(columns, rows(workspace, workspace.desk.judge(slug)))

    return csv_answer(f"{slug}-{name}", await run_in(parts_of(request).threads.reading, work))


@get("/w/{slug:str}/evidence/drift.csv", opt={"access": READ}, include_in_schema=False)
async def export_drift(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Every field's newest window as a table."""
    return await _table(request, slug, "drift", FIELD_COLUMNS, _field_rows)


@get("/w/{slug:str}/evidence/labels.csv", opt={"access": READ}, include_in_schema=False)
async def export_labels(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The curves of label arrival as a table."""
    return await _table(request, slug, "labels", LABEL_COLUMNS, _label_rows)


@get("/w/{slug:str}/evidence/before-labels.csv", opt={"access": READ}, include_in_schema=False)
async def export_before_labels(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Every back-test as a table."""
    return await _table(request, slug, "before-labels", TEST_COLUMNS, _test_rows)


@get("/w/{slug:str}/evidence/service.csv", opt={"access": READ}, include_in_schema=False)
async def export_service(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Every objective and rule as a table."""
    return await _table(request, slug, "service", SERVICE_COLUMNS, _service_rows)


def _field_rows(workspace: Workspace, judgement: Judgement) -> Iterable[tuple[Cell, ...]]:
    for story in drift_section.build(workspace, judgement).fields:
        one = story.newest
        effect = one.effect if isinstance(one.effect, Effect) else None
        yield (
            one.field, one.kind, one.status, one.reason, story.window.since, story.window.until, one.reference_calls,
            one.current_calls, *_shift_cells(one), one.kolmogorov_smirnov, one.wasserstein,
            one.missing.reference if one.missing else None, one.missing.current if one.missing else None,
            one.largest.name if one.largest else None, *(_names(part) for part in (one.new, one.vanished, one.retyped)),
            effect.change if effect else None, effect.low if effect else None, effect.high if effect else None,
        )  # fmt: skip


def _shift_cells(one: FieldDrift) -> tuple[Cell, ...]:
    shift = one.shift
    if shift is None:
        return (None,) * 5
    return shift.psi, shift.psi_debiased, shift.p_value, shift.jensen_shannon, shift.total_variation


def _names(changes: Iterable[Any]) -> str:
    return "; ".join(one.name for one in changes)


def _label_rows(workspace: Workspace, judgement: Judgement) -> Iterable[tuple[Cell, ...]]:
    for one in labels_section.build(workspace, judgement).arrivals:
        for point in one.curve:
            yield one.group, point.hours, point.share, point.calls


def _test_rows(workspace: Workspace, judgement: Judgement) -> Iterable[tuple[Cell, ...]]:
    for test in before_labels_section.build(workspace, judgement).found.tests:
        told = test.foretold if isinstance(test.foretold, Estimate) else None
        truth = test.realised if isinstance(test.realised, Estimate) else None
        yield (
            test.since, test.until, told.value if told else None, told.low if told else None,
            told.high if told else None, truth.value if truth else None, truth.calls if truth else None, test.error,
        )  # fmt: skip


def _service_rows(workspace: Workspace, judgement: Judgement) -> Iterable[tuple[Cell, ...]]:
    for level in service_section.build(workspace, judgement).levels:
        used = level.budget.used if isinstance(level.budget, Budget) else None
        for burn in level.burns:
            yield (
                level.objective.id, level.objective.share, level.objective.from_charter, used, burn.rate,
                burn.long_hours, burn.short_hours, burn.status, burn.long_rate, burn.short_rate, burn.long_calls,
                burn.long_bad,
            )  # fmt: skip


handlers = [show_drift, export_drift, export_labels, export_before_labels, export_service]
