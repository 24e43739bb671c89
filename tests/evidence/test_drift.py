from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence.flights import arrival_delays

from pilotage.evidence.distances import kolmogorov_smirnov, wasserstein
from pilotage.evidence.drift import BinValue, Effect, compare, effect, persisted
from pilotage.evidence.measurements import NotEstimable
from pilotage.evidence.profiles import (
    Points,
    Profile,
    bin_counts,
    bins_of_categories,
    bins_of_numbers,
    cell_of,
    points_of,
    summed,
    with_cells,
)

FIELDS = 10


def number_profile(bins, values):
    """Values (NaN: missing) counted in the field's frozen bins."""
    known = [float(value) for value in values if not np.isnan(value)]
    cells, counts = np.unique([cell_of(bins, value) for value in known], return_counts=True)
    return with_cells(
        Profile(
            calls=len(values),
            missing=len(values) - len(known),
            types={"number": len(known)},
            below_sum=sum(value for value in known if value < bins.low),
            above_sum=sum(value for value in known if value > bins.high),
            total=sum(known),
            squares=sum(value * value for value in known),
        ),
        cells.tolist(),
        counts.tolist(),
    )


def frozen(values):
    """Bins from a reference's values."""
    known = values[~np.isnan(values)]
    deciles = np.quantile(known, np.arange(1, 10) / 10, method="inverted_cdf")
    return bins_of_numbers("arr_delay", deciles.tolist(), known.min(), known.max(), ["number"])


def category_profile(counts, missing=0):
    """A profile of text."""
    calls = sum(counts.values()) + missing
    return Profile(calls=calls, missing=missing, categories=counts, types={"text": calls - missing})


def test_the_size_of_septembers_shift():
    """0.18, as the whole month against the whole time before."""
    delays, month = arrival_delays()
    before, september = delays[month < 9], delays[month == 9]
    bins = frozen(before)
    found = compare(bins, number_profile(bins, before[::10]), number_profile(bins, september), fields=FIELDS)
    assert found.shift is not None
    assert found.shift.psi == pytest.approx(0.18, abs=0.01)


def test_an_alert_needs_two_windows_running():
    """One window that moved is shown as moved; an alert is the second in a row."""
    bins = bins_of_categories("carrier", {"UA": 500, "B6": 500}, 1000, ["text"])
    reference = category_profile({"UA": 500, "B6": 500})
    same, other = category_profile({"UA": 480, "B6": 520}), category_profile({"UA": 100, "B6": 900})
    steady, changed = (compare(bins, reference, one, fields=FIELDS) for one in (same, other))
    assert persisted([changed]).status == "moved"
    assert persisted([steady, changed]).status == "moved"
    assert persisted([changed, steady]).status == "steady"
    assert persisted([steady, changed, changed]).status == "alert"


def test_the_order_of_calls_and_days_does_not_matter():
    """Profiles add: any partition in any order gives the same comparison."""
    rng = Random(3)
    values = np.array([rng.gauss(0, 2) for _ in range(900)] + [float("nan")] * 40)
    bins = frozen(values[:500])
    reference = number_profile(bins, values[:500])
    whole = compare(bins, reference, number_profile(bins, values), fields=FIELDS)
    for _ in range(5):
        shuffled = rng.sample(list(values), len(values))
        cuts = sorted(rng.sample(range(1, len(values)), 6))
        parts = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(values)], strict=True)]
        found = compare(bins, reference, summed(number_profile(bins, np.array(part)) for part in parts), fields=FIELDS)
        assert found.shift == whole.shift
        assert found.kolmogorov_smirnov == pytest.approx(whole.kolmogorov_smirnov, abs=1e-9)
        assert found.wasserstein == pytest.approx(whole.wasserstein, rel=1e-9)


@given(st.lists(st.floats(-50, 150, allow_subnormal=False), min_size=1, max_size=40))
def test_the_grid_is_close_to_the_exact_values(values):
    """On the grid a Wasserstein distance is off by at most a cell's width, tails taken at their mean; the bins' counts
    are exact.
    """
    bins = bins_of_numbers("x", [20.0, 40.0, 60.0], 0.0, 100.0, ["number"])
    reference = np.linspace(0.0, 100.0, 101)
    exact = Points(*np.unique(np.array(values), return_counts=True))
    profile = number_profile(bins, np.array(values))
    grid = wasserstein(points_of(bins, number_profile(bins, reference)), points_of(bins, profile))
    assert grid == pytest.approx(wasserstein(Points(reference, np.ones(101)), exact), abs=0.0101)
    expected = np.histogram(values, [-np.inf, *(np.nextafter(np.array(bins.cuts), np.inf)), np.inf])[0]
    assert bin_counts(bins, profile) == (*expected.tolist(), 0.0)


def test_whole_numbers_lie_on_the_grid_exactly_enough():
    """Kolmogorov-Smirnov of hours of the day is that of the values themselves."""
    rng = np.random.default_rng(5)
    left, right = rng.integers(5, 24, 3000).astype(float), rng.integers(6, 23, 800).astype(float)
    bins = frozen(left)
    exact = [Points(*np.unique(one, return_counts=True)) for one in (left, right)]
    grid = [points_of(bins, number_profile(bins, one)) for one in (left, right)]
    assert kolmogorov_smirnov(*grid) == pytest.approx(kolmogorov_smirnov(*exact), abs=1e-12)


def test_new_and_vanished_categories_are_named():
    """With their shares; what is rare, or was only rare before, is not."""
    bins = bins_of_categories("carrier", {"UA": 600, "B6": 300, "OO": 95, "HA": 5}, 1000, ["text"])
    reference = category_profile({"UA": 600, "B6": 300, "OO": 95, "HA": 5})
    found = compare(bins, reference, category_profile({"UA": 600, "HA": 200, "ZZ": 190, "YY": 10}), fields=FIELDS)
    assert [one.name for one in found.new] == ["YY", "ZZ"]
    assert [one.name for one in found.vanished] == ["B6", "OO"]
    assert found.largest is not None
    assert found.largest.name == "B6"


def test_missing_values_are_a_bin_of_their_own():
    """A field that half of the calls no longer have has moved, and the two shares are given."""
    bins = bins_of_categories("carrier", {"UA": 500, "B6": 500}, 1000, ["text"])
    reference = category_profile({"UA": 500, "B6": 500})
    found = compare(bins, reference, category_profile({"UA": 260, "B6": 240}, missing=500), fields=FIELDS)
    assert found.status == "moved"
    assert found.missing is not None
    assert (found.missing.reference, found.missing.current) == (0.0, 0.5)


def test_another_type_of_value_is_a_change():
    """Numbers that arrive as text have moved, whatever their shares."""
    bins = bins_of_numbers("hour", [6.0, 12.0, 18.0], 0.0, 23.0, ["number"])
    reference = number_profile(bins, np.arange(2400) % 24)
    current = number_profile(bins, np.arange(240) % 24) + Profile(calls=10, mistyped=10, types={"text": 10})
    found = compare(bins, reference, current, fields=FIELDS)
    assert found.status == "moved"
    assert [one.name for one in found.retyped] == ["text"]


def test_few_calls_are_not_compared():
    """Below a hundred calls on a side nothing is said."""
    bins = bins_of_categories("carrier", {"UA": 500}, 500, ["text"])
    found = compare(bins, category_profile({"UA": 500}), category_profile({"B6": 99}), fields=FIELDS)
    assert found.status == "not_estimable"
    assert found.shift is None


def test_the_effect_on_the_target_is_the_reweighted_mean():
    """Half as many calls in the cheap bin: the mean rises by what the difference between the bins says."""
    worth = [BinValue(n=400, y=400, yy=800), BinValue(n=600, y=3000, yy=21000), BinValue()]
    found = effect([400, 600, 0], [20, 80, 0], worth)
    assert isinstance(found, Effect)
    assert found.change == pytest.approx(0.2 * (5.0 - 1.0))
    assert found.low < found.change < found.high
    assert "assumes" in found.assumes


def test_the_effect_is_not_guessed_where_the_reference_knows_nothing():
    """A tenth of the calls in a bin without known values: not estimable, and why."""
    worth = [BinValue(n=400, y=400, yy=800), BinValue(n=3, y=3, yy=3)]
    found = effect([400, 3], [90, 10], worth)
    assert isinstance(found, NotEstimable)
    assert "10%" in found.reason


def test_a_grid_without_width_is_refused():
    """A constant has no grid; whoever freezes it must treat it as a category."""
    with pytest.raises(ValueError, match="two finite ends"):
        bins_of_numbers("x", [1.0], 1.0, 1.0, ["number"])
