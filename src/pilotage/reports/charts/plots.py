"""What the charts share: sizes, axes of days and values, lines, and labels at the end of a line. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, structs

HEADROOM = 0.08
LABEL_GAP = 16.0
DAY = dt.timedelta(days=1)


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
    """A chart, its box, and the days (of a chart over days) and values that its edges stand for."""

    chart: Any
    box: Box
    first: dt.date | None = None
    last: dt.date | None = None
    y_domain: tuple[float, float]


def domain(values: Sequence[float]) -> tuple[float, float]:
    """A range that holds all values with some room."""
    low, high = min(values), max(values)
    room = (high - low) * HEADROOM or max(abs(high), 1.0) * HEADROOM
    return low - room, high + room


Y = Callable[[str], Any]


def rows_of(rows: Sequence[dict[str, Any]]) -> Any:  # noqa: ANN401 - altair's own data
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

    def y(field: str) -> Any:  # noqa: ANN401 - altair's own channel
        return alt.Y(
            f"{field}:Q",
            scale=alt.Scale(domain=list(y_domain), nice=False, zero=False),
            axis=alt.Axis(title=unit, tickCount=5),
        )

    return x, y


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
