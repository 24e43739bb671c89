"""What the charts share: sizes, axes, lines, labels at the end of a line, and what the pointer reads. Pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from pilotage.reports.charts.palette import Palette

HEADROOM = 0.08
LABEL_GAP = 16.0
LONG = 10_000
DAY = dt.timedelta(days=1)
NOTHING = "\u2013"


class Box(Struct, frozen=True, kw_only=True):
    """The size of a picture and where the plot area lies in it, in pixels."""

    width: int
    height: int
    left: int
    right: int
    top: int = 12
    bottom: int = 34

    @property
    def inner_width(self) -> int:
        """The width of the plot area."""
        return self.width - self.left - self.right

    @property
    def inner_height(self) -> int:
        """The height of the plot area."""
        return self.height - self.top - self.bottom


BOXES = {
    "wide": Box(width=960, height=360, left=64, right=96),
    "narrow": Box(width=400, height=300, left=52, right=84),
}


class Plot(Struct, frozen=True, kw_only=True):
    """A chart, and the picture that it goes into."""

    chart: Any
    box: Box


def tall(box: Box, inner_height: int, **edges: int) -> Box:
    """The box with a plot area of that height, and other edges where they are given."""
    changed = structs.replace(box, **edges)
    return structs.replace(changed, height=inner_height + changed.top + changed.bottom)


def domain(values: Sequence[float]) -> tuple[float, float]:
    """A range that holds all values with some room."""
    low, high = min(values), max(values)
    room = (high - low) * HEADROOM or abs(high) * HEADROOM or HEADROOM
    return low - room, high + room


Y = Callable[[str], Any]


def rows_of(rows: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - altair's own data
    """Rows as a chart's data."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    return alt.InlineData(values=list(rows))


def axes(days: Sequence[dt.date], y_domain: tuple[float, float], unit: str, box: Box) -> tuple[Any, Y]:
    """The x of days, and a maker of y for a field. A single day gets room on both sides."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    first, last = (days[0], days[-1]) if days[0] < days[-1] else (days[0] - DAY, days[0] + DAY)
    shown = [first.isoformat(), last.isoformat()]
    axis = alt.Axis(
        format="%-d %b", grid=False, title=None, tickCount=max(2, box.inner_width // 110), labelOverlap=True
    )
    x = alt.X("day:T", scale=alt.Scale(domain=shown, type="utc"), axis=axis)

    thousands = {"format": "~s"} if max(map(abs, y_domain)) >= LONG else {}
    axis_y = alt.Axis.from_dict({"title": unit, "tickCount": 5, **thousands})

    def y(field: str) -> Any:  # noqa: ANN401 - altair's own channel
        return alt.Y(
            f"{field}:Q",
            scale=alt.Scale(domain=list(y_domain), nice=False, zero=False),
            axis=axis_y,
        )

    return x, y


def written(value: float | None, digits: int = 3) -> str:
    """A number as people read it: so many digits, thousands apart, a true minus sign; a dash when there is none."""
    if value is None or not math.isfinite(value):
        return NOTHING
    after = 0 if value == 0 else max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(after, 8)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "\u2212")


def spelled(day: dt.date) -> str:
    """A day as the pages write it."""
    return f"{day.day} {day:%b %Y}"


def read_by_pointing(rows: Sequence[Mapping[str, Any]], tips: Sequence[str], x: Any, palette: Palette, box: Box) -> Any:  # noqa: ANN401 - altair's own
    """What the pointer reads: one band a row over the whole height, unseen until it is pointed at.

    `tips` are the fields that are read, in order, under their own names; their values are written already.
    """
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    pointed = alt.selection_point(name="pointed", on="pointerover", clear="pointerout", empty=False)
    width = max(4.0, 0.98 * box.inner_width / max(1, len(rows)))
    bands = alt.Chart(rows_of(rows)).mark_rule(color=palette.edge, strokeWidth=min(width, 60.0), clip=True)
    shade = alt.condition(pointed, alt.value(0.18), alt.value(0))
    readings = [alt.Tooltip(f"{tip}:N", title=tip) for tip in tips]
    return bands.encode(x=x, opacity=shade, tooltip=readings).add_params(pointed).properties(name="days")


def rule(value: float, y: Y, colour: str, *, dash: tuple[int, int]) -> Any:  # noqa: ANN401 - altair's own chart
    """A line across the whole plot."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    return (
        alt.Chart(rows_of([{"at": value}]))
        .mark_rule(color=colour, strokeDash=list(dash), strokeWidth=1.5)
        .encode(y=y("at"))
    )


class Label(Struct, frozen=True, kw_only=True):
    """A word beside a line, to the right of one of its points."""

    day: dt.date
    at: float
    word: str
    colour: str
    dx: int = 8


def words(labels: Sequence[Label], y_domain: tuple[float, float], x: Any, y: Y) -> Any:  # noqa: ANN401 - altair's own
    """Words beside lines, moved apart where they would cover each other."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    layers = []
    for label in apart(labels, y_domain):
        rows = rows_of([{"day": label.day.isoformat(), "at": label.at, "word": label.word}])
        text = alt.Chart(rows).mark_text(align="left", dx=label.dx, baseline="middle", color=label.colour)
        layers.append(text.encode(x=x, y=y("at"), text="word:N"))
    return alt.layer(*layers)


def apart(labels: Sequence[Label], y_domain: tuple[float, float], pixels: float = 300.0) -> list[Label]:
    """The labels inside the range; those of one day from the top down, each a line's height below the one before."""
    low, high = y_domain
    step = (high - low) * LABEL_GAP / pixels
    inside = sorted((label for label in labels if low <= label.at <= high), key=lambda label: -label.at)
    placed: list[Label] = []
    for label in inside:
        above = [other.at for other in placed if other.day == label.day]
        placed.append(structs.replace(label, at=min([label.at, *(at - step for at in above)])))
    return placed
