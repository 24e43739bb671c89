from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

from pilotage.evidence.distances import (
    chi_square,
    jensen_shannon,
    kolmogorov_smirnov,
    proportions,
    psi,
    psi_by_chance,
    shift,
    total_variation,
    wasserstein,
)
from pilotage.evidence.profiles import Points

counts = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), min_size=2, max_size=12).filter(
    lambda rows: sum(a for a, _ in rows) and sum(b for _, b in rows) and all(a or b for a, b in rows)
)
samples = st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=60)


def points(values):
    """A plain sample as a weighted one."""
    places, weights = np.unique(np.asarray(values), return_counts=True)
    return Points(places, weights.astype(float))


@given(counts)
def test_chi_square_is_scipys(rows):
    """Statistic, degrees and p-value are those of scipy's contingency test without a correction."""
    left, right = zip(*rows, strict=True)
    found = stats.chi2_contingency(np.array([left, right]), correction=False)
    statistic, freedom, p_value = chi_square(left, right)
    assert statistic == pytest.approx(found.statistic, rel=1e-9, abs=1e-9)
    assert freedom == found.dof
    assert p_value == pytest.approx(found.pvalue, rel=1e-9, abs=1e-12)


@given(counts)
def test_jensen_shannon_is_scipys(rows):
    """The distance to base 2 of the shares."""
    left, right = zip(*rows, strict=True)
    assert jensen_shannon(left, right) == pytest.approx(distance.jensenshannon(left, right, base=2), abs=1e-7)


@given(samples, samples)
def test_distances_of_samples_are_scipys(left, right):
    """Kolmogorov-Smirnov and Wasserstein on exact values agree with scipy to 1e-9."""
    one, other = points(left), points(right)
    assert kolmogorov_smirnov(one, other) == pytest.approx(
        stats.ks_2samp(left, right, method="asymp").statistic, abs=1e-9
    )
    assert wasserstein(one, other) == pytest.approx(stats.wasserstein_distance(left, right), rel=1e-9, abs=1e-9)


def test_the_index_by_hand():
    """Two bins, worked out on paper: half a call is added to each."""
    p, q = (10.5 / 31, 20.5 / 31), (5.5 / 11, 5.5 / 11)
    expected = sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))
    assert psi((10, 20), (5, 5)) == pytest.approx(expected, rel=1e-12)


def test_the_index_less_chance_is_nothing_on_average():
    """Over 2,000 draws without a change the debiased index has mean zero, within three standard errors."""
    rng = np.random.default_rng(20)
    shares = np.array([0.4, 0.2, 0.2, 0.1, 0.1])
    found = []
    for _ in range(2000):
        left, right = rng.multinomial(2000, shares), rng.multinomial(400, shares)
        found.append(psi(left.tolist(), right.tolist()) - psi_by_chance(5, 2000, 400))
    assert abs(np.mean(found)) < 3 * np.std(found) / math.sqrt(len(found)) + 2e-4


def test_total_variation_says_what_part_would_have_to_move():
    """A tenth of the calls in another bin is a total variation of a tenth."""
    assert total_variation((50, 50), (60, 40)) == pytest.approx(0.1)


def test_bins_that_are_empty_on_both_sides_do_not_count():
    """They add no degree of freedom and no chance part."""
    assert shift((30, 0, 70), (40, 0, 60)) == shift((30, 70), (40, 60))


def test_one_bin_alone_cannot_differ():
    """Where everything is the same value on both sides, p is 1 and the index 0."""
    found = shift((30, 0), (900, 0))
    assert (found.psi, found.p_value, found.freedom) == (0.0, 1.0, 0)


def test_nothing_to_compare_is_refused():
    """Counts without a call on one side have no distance."""
    with pytest.raises(ValueError, match="one of them is empty"):
        shift((0, 0), (3, 4))
    with pytest.raises(ValueError, match="both sides have calls"):
        proportions(0, 0, 1, 2)


def test_two_shares_are_compared_as_statsmodels_does():
    """The pooled z-test's p-value."""
    from statsmodels.stats.proportion import proportions_ztest  # noqa: PLC0415 - the oracle, slow to import

    found = proportions(12, 200, 40, 300)
    assert found.p_value == pytest.approx(proportions_ztest([12, 40], [200, 300])[1], rel=1e-9)
    assert proportions(0, 5, 0, 9).p_value == 1.0
