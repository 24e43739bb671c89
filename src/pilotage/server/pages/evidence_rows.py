"""The evidence as rows: each metric with both arms, the comparison and what it means; segments; looks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from pilotage.evidence.figures import figures
from pilotage.evidence.measurements import Answer, Baseline, Estimated, GuardrailResult, NotEstimable
from pilotage.evidence.over_stages import OverStages
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals
from pilotage.record.charter import Charter
from pilotage.record.stages import stage_of
from pilotage.record.workload import Attempt
from pilotage.server.pages.estimates import Drawn, Figure, Scale, comparison_scale, drawn, figure, own_scale
from pilotage.server.pages.wording import ANSWERS, GUARDRAILS, Badge
from pilotage.storage.protocols import SumRow


class Row(Struct, frozen=True, kw_only=True):
    """One metric: both arms, how they compare, and the verdict on it."""

    metric: str
    title: str
    role: str
    incumbent: Figure
    candidate: Figure
    comparison: Figure
    drawn: Drawn | None
    allowed: str
    badge: Badge
    reason: str
    stage: str


def target_row(answer: Answer, charter: Charter, stage: str) -> Row:
    """The target metric's row."""
    metric, target = charter.metric(answer.metric), charter.target
    unit = metric.unit if metric else ""
    own, scale = own_scale(unit), comparison_scale(unit, target.form)
    marks = [("bound", target.floor), ("goal", target.target)]
    return Row(
        metric=answer.metric,
        title=metric.title if metric else answer.metric,
        role="target",
        incumbent=figure(answer.incumbent, own),
        candidate=figure(answer.candidate, own),
        comparison=figure(answer.estimate, scale),
        drawn=drawn(answer.estimate, marks),
        allowed=f"target {scale.text(target.target)}, floor {scale.text(target.floor)}",
        badge=ANSWERS[answer.answer],
        reason=answer.reason,
        stage=stage,
    )


def guardrail_row(result: GuardrailResult, charter: Charter, stage: str) -> Row:
    """A guardrail's row. With a limit, the candidate's own mean is what counts."""
    metric = charter.metric(result.metric)
    unit = metric.unit if metric else ""
    own, scale = own_scale(unit), comparison_scale(unit, "difference")
    if result.limit is not None:
        shown, estimate, marks = own, result.candidate, [("bound", result.limit)]
        allowed = f"limit {own.text(result.limit)}"
    else:
        shown, estimate = scale, result.difference
        marks = [("bound", -result.margin), ("zero", 0.0)]
        allowed = f"at worst {scale.text(-result.margin)}"
    return Row(
        metric=result.metric,
        title=result.title,
        role="guardrail",
        incumbent=figure(result.incumbent, own),
        candidate=figure(result.candidate, own),
        comparison=figure(estimate, shown),
        drawn=drawn(estimate, marks),
        allowed=allowed,
        badge=GUARDRAILS[result.status],
        reason=result.reason,
        stage=result.stage or stage,
    )


def other_rows(charter: Charter, shown: Iterable[str], rows: Sequence[SumRow], attempt: Attempt) -> tuple[Row, ...]:
    """Metrics that are neither target nor guardrail, compared in the same place, with no verdict on them."""
    seen, stage = set(shown), stage_of("shadow", 0, attempt)
    found = []
    for metric in charter.metrics:
        if metric.id in seen:
            continue
        figured = figures(metric, "difference", sums_of(rows, metric.id, stage, attempt.release, ""))
        scale = comparison_scale(metric.unit, "difference")
        found.append(
            Row(
                metric=metric.id,
                title=metric.title,
                role="observed",
                incumbent=figure(figured.incumbent, own_scale(metric.unit)),
                candidate=figure(figured.candidate, own_scale(metric.unit)),
                comparison=figure(figured.comparison, scale),
                drawn=drawn(figured.comparison, [("zero", 0.0)]),
                allowed="",
                badge=Badge(tone="calm", shape="dash", word="no promise"),
                reason="",
                stage=stage,
            )
        )
    return tuple(found)


def sums_of(rows: Iterable[SumRow], metric: str, stage: str, release: str, segment: str) -> tuple[StageTotals, ...]:
    """One metric's sums of one stage, release and segment."""
    series: dict[str, Totals] = {}
    for row in rows:
        here = (row.metric, row.stage, row.segment) == (metric, stage, segment) and row.release in {"", release}
        if here:
            held = series.get(row.series)
            series[row.series] = held + row.totals if held else row.totals
    return (StageTotals(stage=stage, apart=False, **series),) if series else ()


class TogetherRow(Struct, frozen=True, kw_only=True):
    """One metric over all live stages."""

    title: str
    comparison: Figure
    drawn: Drawn | None
    over: OverStages


def together_rows(found: Iterable[OverStages], charter: Charter) -> tuple[TogetherRow, ...]:
    """Every metric that was compared over the live stages."""
    return tuple(
        TogetherRow(
            title=one.title,
            comparison=figure(one.difference, comparison_scale(metric.unit if metric else "", "difference")),
            drawn=drawn(one.difference, [("zero", 0.0)]),
            over=one,
        )
        for one in found
        for metric in (charter.metric(one.metric),)
    )


class BaselineRow(Struct, frozen=True, kw_only=True):
    """The incumbent before the candidate ran."""

    title: str
    figure: Figure
    baseline: Baseline


def baseline_rows(baselines: Iterable[Baseline], charter: Charter) -> tuple[BaselineRow, ...]:
    """Every metric's baseline."""
    return tuple(
        BaselineRow(
            title=metric.title if metric else one.metric,
            figure=figure(one.estimate, own_scale(metric.unit if metric else "")),
            baseline=one,
        )
        for one in baselines
        for metric in (charter.metric(one.metric),)
    )


class LookRow(Struct, frozen=True, kw_only=True):
    """One look in words, with the statistic and its bounds as numbers."""

    day: str
    information: float
    figure: Figure
    z: float | None
    go: float | None
    futile: float | None


def look_rows(answer: Answer, scale: Scale) -> tuple[LookRow, ...]:
    """Every look, the newest first."""
    return tuple(
        LookRow(
            day=look.day.isoformat(),
            information=look.information,
            figure=figure(look.estimate, scale),
            z=look.z,
            go=look.efficacy,
            futile=look.futility,
        )
        for look in reversed(answer.looks)
    )


def plain_value(estimated: Estimated) -> tuple[float | None, float | None, float | None, int]:
    """An estimate as bare numbers, for a table that is taken away."""
    if isinstance(estimated, NotEstimable):
        return None, None, None, estimated.calls
    return estimated.value, estimated.low, estimated.high, estimated.calls
