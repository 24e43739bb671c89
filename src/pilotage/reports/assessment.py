"""An assessment in words and pictures, for its page; as a report it is a document (`documents/assessment.py`)."""

from __future__ import annotations

import base64
import datetime as dt
import math
from pathlib import Path

from msgspec import Struct

from pilotage.evidence.assess import Assessment, Segmented
from pilotage.evidence.cautions import Caution
from pilotage.evidence.measurements import Estimate, Estimated
from pilotage.playbook.metrics import Metric
from pilotage.reports.charts.catalogue import ChartData
from pilotage.reports.charts.chance import ChanceData, ChancePoint
from pilotage.reports.charts.drawing import Drawings
from pilotage.reports.charts.forest import ForestData, ForestLine, ForestRow

TEMPLATES = Path(__file__).parent / "templates"
PERCENT = 100.0
MINUS = "\u2212"
TOGETHER = "\u00a0"
SIGNIFICANT = 3
THEMES = ("light", "dark")
SIZES = ("wide", "narrow")
DRAWINGS = Drawings()
Pictures = dict[str, str]


class Shown(Struct, frozen=True, kw_only=True):
    """An estimate in words; `text` is empty when it could not be had, and `reason` then says why."""

    text: str = ""
    interval: str = ""
    reason: str = ""


class SegmentShown(Struct, frozen=True, kw_only=True):
    """One line of a table of segments."""

    value: str
    rows: str
    incumbent: Shown
    candidate: Shown
    difference: Shown
    pooled: Shown
    flagged: bool
    why: str


class SplitShown(Struct, frozen=True, kw_only=True):
    """A column's segments, with their picture: by size and theme, as addresses that hold the drawing themselves."""

    column: str
    segments: tuple[SegmentShown, ...]
    left_out: int
    pictures: Pictures


class AssessmentView(Struct, frozen=True, kw_only=True):
    """Everything that the template says, as words."""

    name: str
    made_on: str
    verdict: str
    metric: str
    better: str
    rows: str
    compared: str
    units: str
    pace: str
    span: str
    incumbent: Shown
    candidate: Shown
    difference: Shown
    classes: tuple[tuple[str, str], ...]
    splits: tuple[SplitShown, ...]
    reachable: str
    chances: tuple[tuple[str, str, str], ...]
    chance_pictures: Pictures
    weighty: tuple[Caution, ...]
    cautions: tuple[Caution, ...]
    draft: str


def view_of(found: Assessment, name: str, *, draft: str, today: dt.date) -> AssessmentView:
    """The words and pictures of an assessment. `draft` is the workload's file to begin from."""
    metric = found.metric
    return AssessmentView(
        name=name,
        made_on=today.isoformat(),
        verdict=_verdict(found),
        metric=f"{metric.title} ({metric.unit})",
        better=f"{metric.direction} is better",
        rows=f"{found.rows:,}",
        compared=f"{found.compared:,}",
        units=f"{found.units:,}",
        pace=f"{found.calls_per_week:,.0f}" if found.calls_per_week else "",
        span=_span(found),
        incumbent=shown(found.baseline.estimate, metric),
        candidate=shown(found.candidate, metric),
        difference=shown(found.difference, metric, compared=True),
        classes=_classes(found),
        splits=tuple(_split(split, found) for split in found.segments),
        reachable=found.reachability.reason if found.reachability else "",
        chances=tuple(
            (f"{c.weeks:g}", f"{c.at_expected:.0%}", f"{c.at_target:.1%}")
            for c in found.curve
            if c.at_expected is not None and c.at_target is not None
        ),
        chance_pictures=_chance_pictures(found),
        weighty=tuple(caution for caution in found.cautions if caution.weighty),
        cautions=tuple(caution for caution in found.cautions if not caution.weighty),
        draft=draft,
    )


def shown(found: Estimated, metric: Metric, *, compared: bool = False) -> Shown:
    """An estimate on the metric's scale: shares as per cent, differences between shares in points."""
    if not isinstance(found, Estimate):
        return Shown(reason=found.reason)
    share = metric.kind == "proportion"
    unit = ("points" if compared else "%") if share else metric.unit
    factor = PERCENT if share else 1.0
    low, high = (_number(edge * factor, signed=compared) for edge in (found.low, found.high))
    value = _number(found.value * factor, signed=compared)
    return Shown(
        text=f"{value}{TOGETHER}{unit}",
        interval=f"{low} to {high}{TOGETHER}{unit}",
    )


def _number(value: float, *, signed: bool) -> str:
    """Three significant digits, thousands apart, with a true minus sign."""
    after = max(0, SIGNIFICANT - 1 - math.floor(math.log10(abs(value)))) if value else 0
    text = f"{value:,.{min(after, 8)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    if text in {"0", "-0"}:
        return "0"
    return f"+{text}" if signed and value > 0 else text.replace("-", MINUS)


def _verdict(found: Assessment) -> str:
    """The first sentence."""
    difference = found.difference
    if not isinstance(difference, Estimate):
        return f"Nothing can be compared: {difference.reason}"
    if difference.low > 0.0:
        return "In this history the candidate was better than the incumbent."
    if difference.high < 0.0:
        return "In this history the candidate was worse than the incumbent."
    return "This history does not tell which of the two is better."


def _span(found: Assessment) -> str:
    base = found.baseline
    if base.first_day is None or base.last_day is None:
        return ""
    return f"{base.first_day} to {base.last_day} ({found.time_zone})"


def _classes(found: Assessment) -> tuple[tuple[str, str], ...]:
    labelled = found.labels.labelled
    return tuple((label, f"{count / labelled:.1%}") for label, count in found.labels.classes.items())


def _split(split: Segmented, found: Assessment) -> SplitShown:
    metric = found.metric
    segments = tuple(
        SegmentShown(
            value=one.value,
            rows=f"{one.rows:,}",
            incumbent=shown(one.incumbent, metric),
            candidate=shown(one.candidate, metric),
            difference=shown(one.difference, metric, compared=True),
            pooled=shown(one.pooled, metric, compared=True),
            flagged=one.flagged,
            why=one.why,
        )
        for one in split.segments
    )
    return SplitShown(
        column=split.column, segments=segments, left_out=split.left_out, pictures=_forest_pictures(split, found)
    )


def _forest_pictures(split: Segmented, found: Assessment) -> Pictures:
    data = forest_of(split, found)
    return {} if data is None else _pictures(data)


def forest_of(split: Segmented, found: Assessment) -> ForestData | None:
    """The chart of a column's segments; None where none of them has a figure."""
    factor = PERCENT if found.metric.kind == "proportion" else 1.0
    lines = [("all", found.difference), *((one.value, one.difference) for one in split.segments)]
    rows = tuple(
        ForestRow(label=name, calls=one.calls, value=one.value * factor, low=one.low * factor, high=one.high * factor)
        for name, one in lines
        if isinstance(one, Estimate)
    )
    if not rows:
        return None
    unit = "points" if found.metric.kind == "proportion" else found.metric.unit
    return ForestData(
        title=split.column,
        unit=f"{unit}; plus is better",
        points=rows,
        lines=(ForestLine(value=0.0, word="no difference"),),
    )


def _chance_pictures(found: Assessment) -> Pictures:
    data = chance_of(found)
    return {} if data is None else _pictures(data)


def chance_of(found: Assessment) -> ChanceData | None:
    """The chart of the chance of a go by weeks; None where there is no line to draw."""
    points = tuple(
        ChancePoint(weeks=c.weeks, expected=c.at_expected * PERCENT, target=c.at_target * PERCENT)
        for c in found.curve
        if c.at_expected is not None and c.at_target is not None
    )
    if len(points) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    return ChanceData(title="Chance of a go", planned=found.weeks, points=points)


def _pictures(data: ChartData) -> Pictures:
    """A chart in every size and theme, as `data:` addresses: vectors that no request is made for."""
    return {
        f"{size}_{theme}": "data:image/svg+xml;base64,"
        + base64.b64encode(DRAWINGS.draw(data, theme=theme, size=size, form="svg")).decode()
        for size in SIZES
        for theme in THEMES
    }
