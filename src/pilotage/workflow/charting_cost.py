"""What the charts of the cost are made of: a year in production, when it has paid for itself, from how many calls."""

from __future__ import annotations

import datetime as dt

from pilotage.evidence.cost import Range
from pilotage.reports.charts.fan import FanData, FanPoint
from pilotage.reports.charts.forest import ForestData, ForestLine, ForestRow
from pilotage.reports.charts.paying import PayingData, PayingPoint
from pilotage.workflow.cost_section import CostSection, Curves

DAYS_A_MONTH = 365.25 / 12
MONTHS_SHOWN = 6


def payback_data(section: CostSection, found: Curves | None, starts_on: dt.date) -> FanData | None:
    """Earned less spent by month from the day of the decision on; None without a value to set against the cost."""
    if found is None or not found.months:
        return None
    day_of = {one.month: starts_on + dt.timedelta(days=round(one.month * DAYS_A_MONTH)) for one in found.months}
    return FanData(
        title="Earned less spent since the start of production",
        unit="USD",
        points=tuple(
            FanPoint(day=day_of[one.month], p5=one.p5, p25=one.p25, p50=one.p50, p75=one.p75, p95=one.p95)
            for one in found.months
        ),
        line=0.0,
        line_word="even",
        crossed=None if section.paid_back_month is None else day_of[section.paid_back_month],
        crossed_word="paid back",
    )


def paying_data(section: CostSection, found: Curves | None) -> PayingData | None:
    """A year's cost and earnings by calls a week; None without a value to set against the cost."""
    year, assumed = section.forecast, section.assumptions
    if found is None or not found.volumes or year is None or assumed is None:
        return None
    return PayingData(
        title="A year's cost and earnings by calls a week",
        unit="USD",
        likely=assumed.volume.likely,
        even=year.break_even_calls_a_week or None,
        points=tuple(
            PayingPoint(
                calls_a_week=one.calls_a_week,
                cost=one.cost,
                cost_low=one.cost_low,
                cost_high=one.cost_high,
                earned=one.earned,
                earned_low=one.earned_low,
                earned_high=one.earned_high,
            )
            for one in found.volumes
        ),
    )


def year_data(section: CostSection) -> ForestData | None:
    """What a year in production costs and brings, each as the middle and the limits of 95 in 100 draws."""
    year, assumed = section.forecast, section.assumptions
    if year is None or assumed is None:
        return None
    calls = assumed.volume.likely
    named: list[tuple[str, Range | None]] = [
        ("value", year.value_usd_a_year),
        ("incumbent's answers", year.incumbent_usd_a_year),
        ("candidate, running", year.candidate_usd_a_year),
        ("rebuild and the like, once", year.once_usd),
        ("value less running cost", year.net_usd_a_year),
    ]
    rows = tuple(
        ForestRow(label=label, calls=calls, value=one.median, low=one.low, high=one.high)
        for label, one in named
        if one is not None
    )
    return ForestData(title="A year in production", unit="USD", points=rows, lines=(ForestLine(value=0.0, word="0"),))


def months_data(section: CostSection) -> ForestData | None:
    """The last months: what was estimated, low to high, and below it what was really paid as far as it is known; None
    before it is live.
    """
    shown = [one for one in section.months if one.share > 0.0][-MONTHS_SHOWN:]
    rows = []
    for one in shown:
        name = one.month if one.whole else f"{one.month} in part"
        lacking = f"without {len(one.missing)} {'line' if len(one.missing) == 1 else 'lines'}" if one.missing else ""
        rows.append(
            ForestRow(label=f"{name}, estimated", calls=one.calls, value=one.likely, low=one.low, high=one.high)
        )
        paid = one.actual
        rows.append(ForestRow(label="actual", calls=one.calls, value=paid, low=paid, high=paid, note=lacking))
    return ForestData(title="What each month cost", unit="USD a month", points=tuple(rows)) if rows else None
