from __future__ import annotations

from functools import reduce

import numpy as np
import pytest
import scipy.stats
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence.simulated import totals

from pilotage.evidence.moments import covariance, moments
from pilotage.evidence.sums import Totals, UnitSum

unit_sums = st.builds(
    lambda n, y, z: UnitSum(float(n), n * y, n * z),
    st.integers(1, 50),
    st.floats(-100, 100),
    st.floats(-100, 100),
)


def clustered(seed, units=60, calls=900):
    """Values that are alike within a unit, with the unit of each."""
    rng = np.random.default_rng(seed)
    unit = rng.integers(0, units, calls)
    return 5.0 + rng.normal(size=units)[unit] + rng.normal(size=calls), unit


@pytest.mark.parametrize("seed", range(5))
def test_the_variance_is_that_of_clustered_least_squares(seed):
    """The mean and its variance are those of least squares clustered by unit, without small-sample correction."""
    values, unit = clustered(seed)
    fit = sm.OLS(values, np.ones(values.size)).fit(
        cov_type="cluster", cov_kwds={"groups": unit, "use_correction": False, "df_correction": False}
    )
    found = moments(totals(values, units=unit, shift=4.0), 1.0, 0.0, 4.0)
    assert found.mean == pytest.approx(fit.params[0], rel=1e-12)
    assert found.variance == pytest.approx(fit.bse[0] ** 2, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_two_arms_are_those_of_clustered_least_squares(seed):
    """The difference between arms and its variance are those of regression on the arm, clustered by unit."""
    values, unit = clustered(seed)
    treated = (unit % 3 == 0).astype(float)
    fit = sm.OLS(values, sm.add_constant(treated)).fit(
        cov_type="cluster", cov_kwds={"groups": unit, "use_correction": False, "df_correction": False}
    )
    arms = [moments(totals(values[treated == k], units=unit[treated == k]), 1.0, 0.0, 0.0) for k in (1.0, 0.0)]
    assert arms[0].mean - arms[1].mean == pytest.approx(fit.params[1], rel=1e-9)
    assert arms[0].variance + arms[1].variance == pytest.approx(fit.bse[1] ** 2, rel=1e-9)


def test_a_contrast_has_the_moments_of_its_values():
    """Mean, variance, skewness and covariance of a*y + b*z are those of the values themselves."""
    rng = np.random.default_rng(3)
    y, z = rng.gamma(2.0, size=400), rng.gamma(1.0, size=400)
    contrast = 0.8 * z - y
    found = moments(totals(y, z, shift=1.5), -1.0, 0.8, 1.5)
    assert found.mean == pytest.approx(contrast.mean(), rel=1e-12)
    assert found.variance == pytest.approx(contrast.var() / 400, rel=1e-10)
    assert found.skewness == pytest.approx(scipy.stats.skew(contrast), rel=1e-8)
    assert covariance(totals(y, z, shift=1.5)) == pytest.approx(np.cov(y, z, bias=True)[0, 1] / 400, rel=1e-9)


def test_a_unit_with_many_calls_is_not_a_skewed_value():
    """Skewness is that of what units add to the mean, so unequal numbers of calls alone make none."""
    unit = np.repeat(np.arange(200), np.random.default_rng(1).geometric(0.05, 200))
    values = 50.0 + np.random.default_rng(2).normal(size=unit.size)
    assert abs(moments(totals(values, units=unit), 1.0, 0.0, 0.0).skewness) < 1.0


@pytest.mark.parametrize(
    ("values", "mean", "deviation", "digits"),
    [
        ([10000001.0, 10000003.0, 10000002.0], 10000002.0, 1.0, 1e-14),
        ([1.2] + [1.1, 1.3] * 500, 1.2, 0.1, 1e-13),
        ([1000000.2] + [1000000.1, 1000000.3] * 500, 1000000.2, 0.1, 1e-8),
        ([10000000.2] + [10000000.1, 10000000.3] * 500, 10000000.2, 0.1, 1e-7),
    ],
    ids=["NumAcc1", "NumAcc2", "NumAcc3", "NumAcc4"],
)
def test_shifted_sums_reach_the_certified_figures(values, mean, deviation, digits):
    """NIST certifies mean and standard deviation of NumAcc1 to NumAcc4 (StRD, univariate statistics), which sums
    of raw squares miss in the last one and shifted ones do not; what is lost is lost in writing the values in binary.
    """
    found = moments(totals(values, shift=mean), 1.0, 0.0, mean)
    assert found.mean == pytest.approx(mean, rel=1e-15)
    n = len(values)
    assert found.variance * n * n / (n - 1) == pytest.approx(deviation**2, rel=digits)


def test_the_score_interval_holds_what_the_score_test_keeps():
    """At each end of the interval the mean is z standard errors away, by the variance under the hypothesis."""
    values, unit = clustered(7)
    found = moments(totals(values, units=unit), 1.0, 0.0, 0.0)
    interval = found.score_interval(1.96)
    assert interval is not None
    assert interval[0] < found.mean < interval[1]
    for end in interval:
        assert abs(found.mean - end) / found.variance_at(end) ** 0.5 == pytest.approx(1.96)


def test_a_handful_of_units_has_no_interval():
    """Three units weigh too little for a 95 % interval of a mean."""
    assert moments(totals([1.0, 2.0, 3.0]), 1.0, 0.0, 0.0).score_interval(1.96) is None


@given(st.lists(unit_sums, min_size=2, max_size=40), st.randoms(use_true_random=False), st.integers(1, 5))
def test_order_and_partition_do_not_matter(sums, random, parts):
    """Units may be added in any order and from any number of shards: the estimates are the same."""
    whole = reduce(Totals.__add__, map(Totals.of, sums))
    shuffled = random.sample(sums, len(sums))
    shards = [reduce(Totals.__add__, map(Totals.of, shuffled[i::parts]), Totals()) for i in range(parts)]
    expected, found = (moments(t, 1.0, -0.8, 3.0) for t in (whole, reduce(Totals.__add__, shards)))
    scale = max(1.0, abs(expected.mean))
    assert found.mean == pytest.approx(expected.mean, abs=1e-9 * scale)
    assert found.variance == pytest.approx(expected.variance, rel=1e-9, abs=1e-9)


@given(st.lists(unit_sums, min_size=1, max_size=20), unit_sums, unit_sums)
def test_a_returning_unit_replaces_its_old_share(sums, old, new):
    """Taking out a unit's old share and putting in its new one gives the totals of the new units alone."""
    rest = reduce(Totals.__add__, map(Totals.of, sums))
    replaced = rest + Totals.of(old) - Totals.of(old) + Totals.of(new)
    fresh = rest + Totals.of(new)
    for field in Totals.__struct_fields__:
        assert getattr(replaced, field) == pytest.approx(getattr(fresh, field), rel=1e-9, abs=1e-3)
