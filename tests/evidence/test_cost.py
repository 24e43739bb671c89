"""What an answer costs, what a year costs, and from when it pays."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from pilotage.evidence.cost import (
    FAILED,
    KEPT,
    KEPT_IDS,
    SPENT,
    TOKENS,
    WEEKS_A_YEAR,
    Assumptions,
    Forecast,
    Volume,
    forecast,
    unit_cost,
    waiting_usd_a_week,
)
from pilotage.evidence.measurements import Estimate, NotEstimable
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.sums import Totals, UnitSum
from pilotage.evidence.values import contributions
from pilotage.runtime.records import Call, Execution

STEADY = Volume(low=1000.0, likely=1000.0, high=1000.0)
PLAN = MeasurementPlan(metrics=KEPT, alone=KEPT_IDS)


def totals(values) -> Totals:
    """Totals of units with one call each."""
    return reduce(Totals.__add__, (Totals.of(UnitSum(1.0, float(v))) for v in values), Totals())


def cost(of="candidate", *, costs=(0.02,) * 50, unreported=0, failed=0):
    """An arm's cost: executions that reported, that did not, and that failed."""
    costs = list(costs)
    runs = totals([0.0] * (len(costs) + unreported) + [1.0] * failed)
    return unit_cost(of, "r1", spent=[totals([*costs, *[0.0] * failed])], failed=[runs])


def call(number, **candidate):
    """A shadow call with a person as incumbent and what the candidate's execution says."""
    return Call(
        call_id=f"{number:032x}",
        at_us=number,
        served=Execution(arm="incumbent"),
        beside=Execution(arm="candidate", release="r1", value='"a"', **candidate),
        mode="shadow",
        stage="shadow/1",
    )


def series(calls, metric, arm="candidate"):
    """The values that calls contribute to one series."""
    return [c.y for one in calls for c in contributions(PLAN, one, {}) if (c.metric, c.series) == (metric.id, arm)]


def test_a_call_without_a_reported_cost_is_missing_and_not_free():
    """The mean is over the calls that reported; the others are counted as missing, and failures apart."""
    found = cost(costs=[0.01, 0.03] * 50, unreported=300, failed=10)
    assert (found.executions, found.reported, found.unreported, found.failed) == (410, 100, 300, 10)
    assert isinstance(found.estimate, Estimate)
    assert found.estimate.value == pytest.approx(0.02)
    assert found.estimate.low < 0.02 < found.estimate.high
    assert found.reported_share == 0.25


def test_an_arm_that_never_says_what_it_costs_has_no_cost():
    """Without a single report there is no figure, and the reason says what to give or that nothing has run."""
    silent = cost(costs=(), unreported=20)
    assert isinstance(silent.estimate, NotEstimable)
    assert "None of the candidate's 20 executions reported a cost; give cost_usd" in silent.estimate.reason
    failing = cost(costs=(), failed=5)
    assert isinstance(failing.estimate, NotEstimable)
    idle = unit_cost("incumbent", "")
    assert isinstance(idle.estimate, NotEstimable)
    assert idle.estimate.reason == "The incumbent has not run yet."


def test_a_fixed_price_is_known_exactly():
    """Where every call reports the same cost, that is the cost of an answer, without a wide interval."""
    found = cost(costs=(0.02,) * 30).estimate
    assert isinstance(found, Estimate)
    assert (found.value, found.low, found.high) == (pytest.approx(0.02), found.value, found.value)


def test_what_calls_report_reaches_the_sums_also_beside_a_person():
    """A candidate in shadow of a person is summed up though the person reports nothing, and only what it reported."""
    calls = [call(1, cost_usd=0.5, tokens_in=10, tokens_out=5), call(2), call(3, cost_usd=9.0, error="TimeoutError")]
    assert series(calls, SPENT) == [0.5, 0.0]
    assert series(calls, TOKENS) == [15.0, 0.0]
    assert series(calls, FAILED) == [0.0, 0.0, 1.0]
    assert series(calls, SPENT, "incumbent") == []
    found = unit_cost(
        "candidate",
        "r1",
        spent=[totals(series(calls, SPENT))],
        tokens=[totals(series(calls, TOKENS))],
        failed=[totals(series(calls, FAILED))],
    )
    assert (found.reported, found.unreported, found.failed, found.tokens_reported) == (1, 1, 1, 1)


@given(
    st.lists(st.tuples(st.one_of(st.none(), st.floats(0, 5)), st.booleans()), min_size=1, max_size=40),
    st.integers(0, 40),
)
def test_sums_of_parts_are_the_sums_of_the_whole(said, cut):
    """Unit costs come out the same however the calls are parted: the sums only add."""
    calls = [
        call(number, cost_usd=cost_usd, error="Error" if failed else None)
        for number, (cost_usd, failed) in enumerate(said, start=1)
    ]

    def of(*parts):
        return unit_cost(
            "candidate",
            "r1",
            spent=[totals(series(part, SPENT)) for part in parts],
            failed=[totals(series(part, FAILED)) for part in parts],
        )

    whole, parted = of(calls), of(calls[cut:], calls[:cut])
    assert (whole.executions, whole.reported, whole.unreported, whole.failed) == (
        parted.executions,
        parted.reported,
        parted.unreported,
        parted.failed,
    )
    assert type(whole.estimate) is type(parted.estimate)
    if isinstance(whole.estimate, Estimate) and isinstance(parted.estimate, Estimate):
        assert whole.estimate.value == pytest.approx(parted.estimate.value, rel=1e-9, abs=1e-12)


def test_the_interval_of_the_year_covers_what_the_year_costs():
    """With a known volume the limits hold the true yearly cost in 95 of 100 worlds, also where costs are skewed."""
    generator = np.random.default_rng(12)
    truth = 0.02
    hits = 0
    for world in range(400):
        costs = generator.lognormal(np.log(truth) - 0.18, 0.6, 400)
        found = forecast(
            cost(costs=costs), cost("incumbent", costs=()), Assumptions(volume=STEADY), seed=world, draws=2000
        )
        assert isinstance(found, Forecast)
        year = found.candidate_usd_a_year
        hits += year.low <= truth * 1000.0 * WEEKS_A_YEAR <= year.high
    assert 0.92 <= hits / 400 <= 0.98


def test_the_same_seed_gives_the_same_year():
    """A forecast can be computed again: it depends on its sums, assumptions and seed alone."""
    assumptions = Assumptions(volume=Volume(low=500.0, likely=1000.0, high=3000.0))
    one, other = (forecast(cost(), cost("incumbent", costs=()), assumptions, seed=7) for _ in range(2))
    assert one == other
    assert forecast(cost(), cost("incumbent", costs=()), assumptions, seed=8) != one


def test_an_unsure_volume_widens_the_year():
    """The year's limits span the volume's."""
    wide = forecast(
        cost(), cost("incumbent", costs=()), Assumptions(volume=Volume(low=500.0, likely=1000.0, high=3000.0)), seed=1
    )
    assert isinstance(wide, Forecast)
    assert wide.candidate_usd_a_year.low < 0.02 * 700 * WEEKS_A_YEAR
    assert wide.candidate_usd_a_year.high > 0.02 * 2500 * WEEKS_A_YEAR


def test_what_falls_back_pays_twice():
    """A call on which the candidate failed costs the incumbent's answer on top."""
    assumptions = Assumptions(volume=STEADY)
    incumbent = cost("incumbent", costs=(2.0,) * 400)
    sound, failing = (forecast(cost(failed=n, costs=(0.02,) * 400), incumbent, assumptions, seed=1) for n in (0, 100))
    assert isinstance(sound, Forecast)
    assert isinstance(failing, Forecast)
    assert failing.fallback_share == pytest.approx(0.2)
    extra = failing.candidate_usd_a_year.median - sound.candidate_usd_a_year.median
    assert extra == pytest.approx(0.2 * 2.0 * 1000.0 * WEEKS_A_YEAR, rel=0.05)


def test_break_even_is_where_value_and_cost_meet():
    """At the break-even volume the year's net is nothing, and at the break-even value too."""
    incumbent = cost("incumbent", costs=())
    assumptions = Assumptions(volume=STEADY, running_usd_a_year=20_000.0, value_usd_a_year=40_000.0)
    found = forecast(cost(costs=(0.1,) * 5000), incumbent, assumptions, seed=3)
    assert isinstance(found, Forecast)
    calls = found.break_even_calls_a_week
    assert calls is not None
    worth = 40_000.0 / (1000.0 * WEEKS_A_YEAR)
    assert calls * WEEKS_A_YEAR * (worth - 0.1) == pytest.approx(20_000.0)
    needed = structs.replace(assumptions, value_usd_a_year=found.break_even_usd_a_call * 1000.0 * WEEKS_A_YEAR)
    even = forecast(cost(costs=(0.1,) * 5000), incumbent, needed, seed=3)
    assert isinstance(even, Forecast)
    assert even.net_usd_a_year is not None
    assert even.net_usd_a_year.median == pytest.approx(0.0, abs=60.0)


def test_a_call_that_costs_more_than_it_brings_pays_at_no_volume():
    """Then there is no break-even volume; without running costs a paying call pays from the first one."""
    incumbent = cost("incumbent", costs=())
    dear = forecast(cost(costs=(5.0,) * 50), incumbent, Assumptions(volume=STEADY, value_usd_a_year=1000.0), seed=1)
    cheap = forecast(cost(), incumbent, Assumptions(volume=STEADY, value_usd_a_year=100_000.0), seed=1)
    assert isinstance(dear, Forecast)
    assert isinstance(cheap, Forecast)
    assert (dear.break_even_calls_a_week, dear.pays) == (None, 0.0)
    assert (cheap.break_even_calls_a_week, cheap.pays) == (0.0, 1.0)
    week = waiting_usd_a_week(cheap)
    assert week is not None
    assert week.median == pytest.approx((100_000.0 - 0.02 * 1000.0 * WEEKS_A_YEAR) / WEEKS_A_YEAR, rel=0.01)


def test_without_a_value_nothing_is_set_against_the_cost():
    """Then there is no net, no chance of paying and no week's worth, only the value that a call would have to have."""
    found = forecast(cost(), cost("incumbent", costs=()), Assumptions(volume=STEADY), seed=1)
    assert isinstance(found, Forecast)
    assert (found.net_usd_a_year, found.pays, waiting_usd_a_week(found)) == (None, None, None)
    assert found.break_even_usd_a_call == pytest.approx(0.02)


def test_a_volume_has_to_run_from_low_to_high():
    """A volume whose likely figure lies outside its limits is refused."""
    with pytest.raises(ValueError, match="runs from a low"):
        forecast(cost(), cost(), Assumptions(volume=Volume(low=5.0, likely=1.0, high=9.0)), seed=1)
