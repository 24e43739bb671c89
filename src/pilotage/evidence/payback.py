"""When production has paid for itself, and from how many calls on it would: what the charts of the cost show. Pure."""

from __future__ import annotations

from msgspec import Struct

from pilotage.evidence.cost import WEEKS_A_YEAR, Assumptions, Drawn

MONTHS_A_YEAR = 12
MONTHS_MIN = 24
STEPS = 24
WIDER = 1.25
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


class PaybackMonth(Struct, frozen=True, kw_only=True):
    """What was earned less what was spent so many months after the start, in US dollars: percentiles of the draws."""

    month: int
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float


class VolumePoint(Struct, frozen=True, kw_only=True):
    """A year at so many calls a week, in US dollars: what it costs and what it earns, with the limits of nine in ten
    draws. What is paid once is spread over the estimate's years.
    """

    calls_a_week: float
    cost: float
    cost_low: float
    cost_high: float
    earned: float
    earned_low: float
    earned_high: float


def payback(found: Drawn, years: int) -> tuple[PaybackMonth, ...]:
    """Month by month from the start, where what is paid once has just been spent; empty without a value."""
    import numpy as np  # noqa: PLC0415 - numpy is loaded only where a figure needs it

    net = found.net_a_year
    if net is None:
        return ()
    rows = []
    for month in range(max(MONTHS_MIN, MONTHS_A_YEAR * years) + 1):
        p5, p25, p50, p75, p95 = np.quantile(net * (month / MONTHS_A_YEAR) - found.once, SHARES).tolist()
        rows.append(PaybackMonth(month=month, p5=p5, p25=p25, p50=p50, p75=p75, p95=p95))
    return tuple(rows)


def paid_back(months: tuple[PaybackMonth, ...]) -> int | None:
    """The month from which on at least half of the draws have earned what they spent; None when none has."""
    return next((one.month for one in months if one.month and one.p50 >= 0.0), None)


def by_volume(found: Drawn, assumptions: Assumptions) -> tuple[VolumePoint, ...]:
    """A year's cost and earnings from no calls to somewhat more than the highest volume; empty without a value."""
    import numpy as np  # noqa: PLC0415 - see `payback`

    earned = found.earned
    if earned is None:
        return ()
    fixed = found.fixed(assumptions.years)
    rows = []
    for step in range(STEPS + 1):
        calls_a_week = assumptions.volume.high * WIDER * step / STEPS
        calls = calls_a_week * WEEKS_A_YEAR
        cost_low, cost, cost_high = np.quantile(calls * found.each + fixed, (0.05, 0.5, 0.95)).tolist()
        low, middle, high = np.quantile(calls * earned, (0.05, 0.5, 0.95)).tolist()
        rows.append(
            VolumePoint(
                calls_a_week=calls_a_week,
                cost=cost,
                cost_low=cost_low,
                cost_high=cost_high,
                earned=middle,
                earned_low=low,
                earned_high=high,
            )
        )
    return tuple(rows)
