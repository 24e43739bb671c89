"""What production is estimated to cost and bring: lines in the forecast, likely sums, and when it has paid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from pilotage.evidence.cost import (
    WEEKS_A_YEAR,
    Assumptions,
    Forecast,
    UnitCost,
    Volume,
    drawn,
    forecast,
    likely_sums,
    unit_cost,
)
from pilotage.evidence.estimate import CostLine, LikelySums, Spread, Worth
from pilotage.evidence.measurements import Estimate, NotEstimable
from pilotage.evidence.payback import by_volume, paid_back, payback

CALLS_A_WEEK = 1000.0
CALLS = CALLS_A_WEEK * WEEKS_A_YEAR


def exact(value: float) -> Spread:
    """A figure that is known."""
    return Spread(low=value, likely=value, high=value)


def priced(value: float, *, failed: int = 0) -> UnitCost:
    """A candidate whose answer costs exactly this."""
    return UnitCost(
        arm="candidate",
        release="r1",
        executions=1000,
        reported=1000 - failed,
        unreported=0,
        failed=failed,
        estimate=Estimate(value=value, low=value, high=value, calls=1000, units=1000, method="stated by the test"),
        tokens=NotEstimable(reason="none"),
        tokens_reported=0,
    )


INCUMBENT = unit_cost("incumbent", "")
KNOWN = Assumptions(
    volume=Volume(low=CALLS_A_WEEK, likely=CALLS_A_WEEK, high=CALLS_A_WEEK),
    lines=(
        CostLine(category="rebuild", per="once", usd=exact(3000.0)),
        CostLine(category="support", per="year", usd=exact(1200.0)),
        CostLine(category="model_usage", per="call", usd=exact(0.02)),
    ),
    worth=Worth(usd=exact(0.1)),
    years=2,
)


def test_what_is_known_is_added_up_exactly():
    """Where every figure is known there is nothing to simulate: each sum is that of its lines, once, a year, a call."""
    found, sums = forecast(priced(0.5), INCUMBENT, KNOWN, seed=1), likely_sums(priced(0.5), INCUMBENT, KNOWN)
    assert isinstance(found, Forecast)
    assert isinstance(sums, LikelySums)
    year = 1200.0 + 0.02 * CALLS
    assert found.candidate_usd_a_year.median == pytest.approx(year)
    assert found.once_usd is not None
    assert found.once_usd.median == 3000.0
    assert found.whole is not None
    assert found.whole.cost_usd.median == pytest.approx(3000.0 + 2 * year)
    assert found.whole.net_usd is not None
    assert found.whole.net_usd.median == pytest.approx(2 * (0.1 * CALLS - year) - 3000.0)
    assert sums.first_year_usd == pytest.approx(3000.0 + year)
    assert sums.whole_cost_usd == pytest.approx(3000.0 + 2 * year)
    assert sums.whole_value_usd == pytest.approx(2 * 0.1 * CALLS)


def test_an_estimate_of_the_model_stands_in_place_of_the_measured_cost():
    """What the model costs is counted once: as estimated where a line says so, else as measured."""
    without = structs.replace(KNOWN, lines=KNOWN.lines[:2])
    found = forecast(priced(0.5), INCUMBENT, without, seed=1)
    assert isinstance(found, Forecast)
    assert found.candidate_usd_a_year.median == pytest.approx(1200.0 + 0.5 * CALLS)


def test_an_estimate_needs_no_measured_cost_and_none_means_none():
    """A candidate that never said what it costs has a forecast once a line estimates it, and none before."""
    silent = unit_cost("candidate", "r1")
    assert isinstance(forecast(silent, INCUMBENT, KNOWN, seed=1), Forecast)
    without = structs.replace(KNOWN, lines=KNOWN.lines[:2])
    assert isinstance(forecast(silent, INCUMBENT, without, seed=1), NotEstimable)
    assert isinstance(likely_sums(silent, INCUMBENT, without), NotEstimable)


@given(st.floats(0.0, 50.0), st.floats(0.0, 50.0), st.floats(0.0, 50.0))
def test_a_simulated_line_keeps_its_limits_and_its_mean(low, more, most):
    """The draws of a line lie between its figures, and their mean is that of a triangular distribution."""
    spread = Spread(low=low, likely=low + more, high=low + more + most)
    lines = (CostLine(category="risk", per="once", usd=spread),)
    found = drawn(priced(0.0), INCUMBENT, structs.replace(KNOWN, lines=lines), seed=3, draws=4000)
    assert not isinstance(found, NotEstimable)
    assert spread.low - 1e-9 <= found.once.min()
    assert found.once.max() <= spread.high + 1e-9
    mean = (spread.low + spread.likely + spread.high) / 3
    error = (spread.high - spread.low) / np.sqrt(18 * 4000)
    assert abs(found.once.mean() - mean) <= 5 * error + 1e-9


def test_a_measured_gain_carries_its_error_into_the_value():
    """The value of a unit times the units gained varies as the measured gain does."""
    worth = Worth(usd=exact(10.0), gain=0.05, gain_error=0.01)
    found = drawn(priced(0.0), INCUMBENT, structs.replace(KNOWN, worth=worth), seed=5)
    assert not isinstance(found, NotEstimable)
    assert found.worth is not None
    assert found.worth.mean() == pytest.approx(0.5, rel=0.01)
    assert found.worth.std() == pytest.approx(0.1, rel=0.05)


def test_it_is_paid_back_in_the_month_in_which_what_was_earned_passes_what_was_spent():
    """From what is paid once, each month earns its part; the first month at or above zero has paid it back."""
    found = drawn(priced(0.0), INCUMBENT, KNOWN, seed=1)
    assert not isinstance(found, NotEstimable)
    months = payback(found, KNOWN.years)
    monthly = (0.1 * CALLS - 0.02 * CALLS - 1200.0) / 12
    assert months[0].p50 == -3000.0
    assert months[7].p50 == pytest.approx(7 * monthly - 3000.0)
    expected = next(month for month in range(1, 25) if month * monthly >= 3000.0)
    assert paid_back(months) == expected
    never = structs.replace(KNOWN, worth=Worth(usd=exact(0.01)))
    losing = drawn(priced(0.0), INCUMBENT, never, seed=1)
    assert not isinstance(losing, NotEstimable)
    assert paid_back(payback(losing, 2)) is None


SKEWED = structs.replace(
    KNOWN,
    lines=(
        CostLine(category="rebuild", per="once", usd=Spread(low=2000.0, likely=3000.0, high=9000.0)),
        CostLine(category="support", per="year", usd=Spread(low=1000.0, likely=1200.0, high=4000.0)),
        CostLine(category="model_usage", per="call", usd=exact(0.02)),
    ),
    worth=Worth(usd=Spread(low=0.04, likely=0.1, high=0.11)),
)


@pytest.mark.parametrize("assumptions", [KNOWN, SKEWED], ids=["known", "skewed"])
def test_the_lines_by_volume_cross_where_the_forecast_breaks_even(assumptions):
    """Below the break-even volume a year costs more than it earns, above it less, also where figures are lopsided."""
    found = drawn(priced(0.0), INCUMBENT, assumptions, seed=1)
    year = forecast(priced(0.0), INCUMBENT, assumptions, seed=1)
    assert not isinstance(found, NotEstimable)
    assert isinstance(year, Forecast)
    even = year.break_even_calls_a_week
    assert even is not None
    points = by_volume(found, assumptions)
    assert points[0].calls_a_week == 0.0
    told = [point for point in points if abs(point.calls_a_week - even) > 0.02 * even]
    assert len(told) >= len(points) - 2
    assert any(point.calls_a_week < even for point in told)
    for point in told:
        assert (point.earned >= point.cost) == (point.calls_a_week >= even)


def test_without_a_value_there_is_nothing_to_pay_back():
    """A cost alone has neither a month nor a volume from which it pays."""
    found = drawn(priced(0.0), INCUMBENT, structs.replace(KNOWN, worth=None), seed=1)
    assert not isinstance(found, NotEstimable)
    assert payback(found, 2) == ()
    assert by_volume(found, KNOWN) == ()


def test_figures_out_of_order_are_refused():
    """A line whose likely figure lies outside the other two is no distribution."""
    wrong = (CostLine(category="risk", per="year", usd=Spread(low=3.0, likely=2.0, high=5.0)),)
    with pytest.raises(ValueError, match="runs from a low over a likely"):
        drawn(priced(0.0), INCUMBENT, structs.replace(KNOWN, lines=wrong), seed=1)
