from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.proportion import test_proportions_2indep as score_test

from pilotage.evidence.intervals import (
    fieller,
    join_difference,
    join_strata,
    tango,
    tango_z,
    two_shares_variance,
    wilson,
)
from pilotage.evidence.normal import quantile, two_sided, upper_tail

counts = st.integers(0, 60)


def test_tangos_interval_matches_the_published_example():
    """(a, b, c, d) = (4, 9, 3, 16) has the 95 % interval -0.027 to 0.390 (Tango 1998, table I)."""
    low, high = tango(9, 3, 32)
    assert (round(low, 3), round(high, 3)) == (-0.027, 0.390)


@given(b=counts, c=counts, rest=counts)
def test_tangos_score_at_zero_is_mcnemars(b, c, rest):
    """Of no difference, Tango's score is McNemar's statistic without continuity correction."""
    if b + c == 0:
        assert tango_z(b, c, rest + 1, 0.0) is None
        return
    oracle = mcnemar([[rest, b], [c, rest]], exact=False, correction=False)
    score = tango_z(b, c, b + c + 2 * rest, 0.0)
    assert score is not None
    assert score**2 == pytest.approx(oracle.statistic, rel=1e-9, abs=1e-12)


@given(b=counts, c=counts, rest=st.integers(1, 60))
def test_tangos_interval_contains_the_estimate_and_mirrors(b, c, rest):
    """The interval lies around the estimate inside -1 to 1, and swapping the arms mirrors it."""
    n = b + c + rest
    low, high = tango(b, c, n)
    assert -1.0 <= low <= (b - c) / n <= high <= 1.0
    mirrored = tango(c, b, n)
    assert mirrored[0] == pytest.approx(-high, abs=1e-9)
    assert mirrored[1] == pytest.approx(-low, abs=1e-9)


def test_pairs_that_never_part_still_have_an_interval():
    """No split pair among n says that a difference beyond about 3.84/n is unlikely, not that there is none."""
    low, high = tango(0, 0, 100)
    assert -0.04 < low < -0.035
    assert high == pytest.approx(-low)


@given(right=counts, wrong=counts, level=st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilsons_interval_agrees_with_statsmodels(right, wrong, level):
    """The score interval of a proportion is that of the reference implementation."""
    n = right + wrong
    if n == 0:
        return
    oracle = proportion_confint(right, n, alpha=1.0 - level, method="wilson")
    assert wilson(right / n, n, level) == pytest.approx(oracle, abs=1e-12)


@given(a=st.integers(1, 59), b=st.integers(1, 59))
def test_joined_score_intervals_are_newcombes(a, b):
    """The difference of two proportions gets Newcombe's interval (1998, method 10)."""
    oracle = confint_proportions_2indep(a, 60, b, 80, method="newcomb", compare="diff")
    joined = join_difference((a / 60, wilson(a / 60, 60, 0.95)), (b / 80, wilson(b / 80, 80, 0.95)))
    assert joined == pytest.approx(oracle, abs=1e-9)


def test_strata_are_averaged_by_weight_and_never_narrowed():
    """Two strata with the same figures give those figures back, since their units may be the same."""
    assert join_strata([(1.0, (0.1, 0.0, 0.3)), (3.0, (0.1, 0.0, 0.3))]) == pytest.approx((0.1, 0.0, 0.3))
    assert join_strata([(1.0, (0.0, -1.0, 1.0)), (3.0, (0.4, 0.2, 0.6))]) == pytest.approx((0.3, -0.1, 0.7))


def test_fiellers_interval_solves_its_equation():
    """At both ends of the interval the contrast above - r * below is z standard errors from zero."""
    above, below, var_above, var_below, cov, z = 3.0, 4.0, 0.04, 0.09, 0.02, 1.96
    ends = fieller(above, below, var_above, var_below, cov, z=z)
    assert ends is not None
    for ratio in ends:
        error = math.sqrt(var_above - 2.0 * ratio * cov + ratio**2 * var_below)
        assert abs(above - ratio * below) / error == pytest.approx(z)


def test_a_ratio_to_something_near_zero_has_no_interval():
    """Where the denominator could be zero, any ratio is possible."""
    assert fieller(3.0, 0.1, 0.04, 0.09, 0.0, z=1.96) is None


def test_the_normal_tail_keeps_its_precision():
    """Far out, the tail is the known 6.22e-16 at z = 8, not zero; and the quantile is its inverse."""
    assert upper_tail(8.0) == pytest.approx(6.220960574271785e-16, rel=1e-12)
    assert upper_tail(-quantile(0.025)) == pytest.approx(0.025, rel=1e-12)
    with pytest.raises(ValueError, match="between 0 and 1"):
        two_sided(1.0)


HITS_AND_SIZES = [((48, 130), (60, 240)), ((3, 40), (100, 1000)), ((19, 19), (20, 20))]


@pytest.mark.parametrize(("hits", "sizes"), HITS_AND_SIZES)
def test_two_shares_are_tested_as_statsmodels_tests_them(hits, sizes):
    """Against no difference, the score statistic is that of statsmodels."""
    theirs = score_test(
        hits[0], sizes[0], hits[1], sizes[1], value=0.0, method="score", compare="diff", correction=False
    )
    first, second = ((hit / size, size) for hit, size in zip(hits, sizes, strict=True))
    ours = (first[0] - second[0]) / math.sqrt(two_shares_variance(first, second, 0.0))
    assert ours == pytest.approx(theirs.statistic, rel=1e-9)


@pytest.mark.parametrize("difference", [0.05, -0.1])
@pytest.mark.parametrize(("hits", "sizes"), HITS_AND_SIZES)
def test_two_shares_vary_as_the_likelihood_says(hits, sizes, difference):
    """The variance is that at the shares which maximise the likelihood under the hypothesis, found by search."""

    def unlikely(low):
        pairs = zip((low + difference, low), hits, sizes, strict=True)
        return -sum(hit * math.log(p) + (size - hit) * math.log(1.0 - p) for p, hit, size in pairs)

    ends = (max(0.0, -difference) + 1e-9, min(1.0, 1.0 - difference) - 1e-9)
    low = minimize_scalar(unlikely, bounds=ends, method="bounded", options={"xatol": 1e-12}).x
    sought = sum(p * (1.0 - p) / size for p, size in zip((low + difference, low), sizes, strict=True))
    first, second = ((hit / size, size) for hit, size in zip(hits, sizes, strict=True))
    assert two_shares_variance(first, second, difference) == pytest.approx(sought, rel=1e-6)


def test_two_equal_shares_at_an_extreme_have_no_variance():
    """Where both shares are 1 and the hypothesis is no difference, there is nothing to test with."""
    assert two_shares_variance((1.0, 50.0), (1.0, 80.0), 0.0) == pytest.approx(0.0, abs=1e-12)
