"""Two distributions over the same frozen bins: incumbent against candidate, or reference against current. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from pilotage.reports.charts.palette import Palette
from pilotage.reports.charts.plots import Box, Plot, rows_of, tall, written

PERCENT = 100.0
NARROW = 500
CROWDED = 7


class BinShare(Struct, frozen=True, kw_only=True):
    """One bin of one group. Bins are in order; `label` names the bin with its edges: below 10, 10 to 20, missing."""

    group: str
    label: str
    count: float
    share: float


class DistributionData(Struct, frozen=True, kw_only=True):
    """Everything that the chart shows. `groups` are two, the one compared against first."""

    title: str
    unit: str
    groups: tuple[str, str]
    points: tuple[BinShare, ...]


def edge_labels(cuts: Sequence[float]) -> tuple[str, ...]:
    """Names of the bins between cuts, the first and the last open: `below 10`, `10 to 20`, `20 or more`."""
    inner = [f"{written(a)} to {written(b)}" for a, b in pairwise(cuts)]
    return (f"below {written(cuts[0])}", *inner, f"{written(cuts[-1])} or more")


def distribution_data(
    *, title: str, unit: str, labels: Sequence[str], counts: Mapping[str, Sequence[float]]
) -> DistributionData | None:
    """Shares of each group over the same bins, given counts by group (two of them, as many counts as labels).

    None when a group holds nothing: a share of nothing is no number.
    """
    first, second = counts
    if any(sum(values) <= 0 for values in counts.values()):
        return None
    points = tuple(
        BinShare(group=group, label=label, count=count, share=PERCENT * count / sum(values))
        for group, values in counts.items()
        for label, count in zip(labels, values, strict=True)
    )
    return DistributionData(title=title, unit=unit, groups=(first, second), points=points)


def distribution_box(data: DistributionData, box: Box) -> Box:
    """Room below for bins' names, which lie aslant when there are many or the picture is narrow."""
    labels = {p.label for p in data.points}
    aslant = _aslant(data, box)
    longest = min(22, max(map(len, labels)))
    return tall(box, 240, top=34, right=24, bottom=58 + (5 * longest if aslant else 0))


def _aslant(data: DistributionData, box: Box) -> bool:
    return len({p.label for p in data.points}) > (CROWDED if box.width > NARROW else 3)


def distribution_plot(data: DistributionData, palette: Palette, box: Box) -> Plot:
    """Bars side by side from zero: the first group in outline, the second full, named in a legend of the same marks."""
    import altair as alt  # noqa: PLC0415 - takes most of a second, and only charts need it

    labels = list(dict.fromkeys(p.label for p in data.points))
    tick = alt.Axis(labelAngle=-40 if _aslant(data, box) else 0, labelLimit=150, ticks=False, labelOverlap=False)
    rows = [
        {
            "group": p.group,
            "bin": p.label,
            "share": p.share,
            "calls": written(p.count, 9),
            "of": f"{written(p.share)} %",
        }
        for p in data.points
    ]
    order = list(data.groups)
    base = alt.Chart(rows_of(rows)).mark_bar(strokeWidth=1.5)
    bars = base.encode(
        x=alt.X("bin:O", sort=labels, title=data.unit or None, axis=tick, scale=alt.Scale(paddingInner=0.25)),
        xOffset=alt.XOffset("group:N", sort=order),
        y=alt.Y("share:Q", title="% of calls", axis=alt.Axis(tickCount=5), scale=alt.Scale(zero=True)),
        fill=alt.Fill(
            "group:N",
            sort=order,
            scale=alt.Scale(domain=order, range=[palette.surface, palette.accent]),
            legend=alt.Legend(title=None, orient="none", legendX=0, legendY=-32, direction="horizontal"),
        ),
        stroke=alt.Stroke("group:N", sort=order, scale=alt.Scale(domain=order, range=[palette.soft, palette.accent])),
        tooltip=[
            alt.Tooltip("group:N", title="group"),
            alt.Tooltip("bin:N", title="bin"),
            alt.Tooltip("of:N", title="share"),
            alt.Tooltip("calls:N", title="calls"),
        ],
    )
    return Plot(chart=bars, box=box)
