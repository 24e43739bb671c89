from __future__ import annotations

import numpy as np
import pytest

from pilotage.evidence.measurements import NotEstimable
from pilotage.evidence.pooling import Pool, between_variance, heterogeneity, pool


def test_segments_without_any_spread_between_them_are_given_none():
    """Estimates closer together than their errors say nothing of a spread."""
    assert between_variance([0.1, 0.11, 0.09, 0.1], [0.1] * 4) == 0.0


def test_the_spread_brings_the_weighted_squares_to_their_expectation():
    """At Paule and Mandel's variance the squares about the weighted mean are k - 1."""
    values, errors = [0.0, 0.5, 1.2, -0.7, 0.3], [0.1, 0.2, 0.15, 0.3, 0.25]
    between = between_variance(values, errors)
    weights = [1.0 / (e * e + between) for e in errors]
    mean = np.average(values, weights=weights)
    assert sum(w * (v - mean) ** 2 for w, v in zip(weights, values, strict=True)) == pytest.approx(4.0)


def test_the_spread_agrees_with_statsmodels():
    """Paule and Mandel's estimate and Cochran's Q are those of an independent implementation."""
    meta = pytest.importorskip("statsmodels.stats.meta_analysis")
    rng = np.random.default_rng(3)
    errors = rng.uniform(0.05, 0.4, 12)
    values = rng.normal(0.0, 0.5, 12) + rng.normal(0.0, errors)
    theirs = meta.combine_effects(values, errors**2, method_re="iterated", atol=1e-13)
    assert between_variance(list(values), list(errors)) == pytest.approx(theirs.tau2, rel=1e-6)
    assert heterogeneity(list(values), list(errors)) == pytest.approx(theirs.q)


def test_fewer_than_four_segments_are_not_pooled():
    """Below four segments shrinking is not sure to help, so the raw figures stand."""
    found = pool([0.0, 1.0, 2.0], [0.1, 0.1, 0.1])
    assert isinstance(found, NotEstimable)
    assert "there are 3" in found.reason


def test_a_small_segment_is_drawn_to_the_mean_and_a_large_one_stays():
    """What rests on little moves, what rests on much does not."""
    found = pool([0.0, 0.2, -0.2, 0.1, -0.1, 0.15, -0.1, 0.9], [0.02] * 7 + [0.6])
    assert isinstance(found, Pool)
    large, small = found.segments[1], found.segments[7]
    assert large.kept > 0.95
    assert abs(small.value - found.mean) < 0.5 * abs(0.9 - found.mean)


def test_pooled_figures_err_less_than_raw_ones_and_their_intervals_cover():
    """Over 600 draws of 12 segments of very different sizes the pooled squared error lies below the raw one, and the
    95 % intervals cover the true values at least 94 times in a hundred, whatever the spread between segments.
    """
    rng = np.random.default_rng(11)
    for spread in (0.0, 0.05, 0.2):
        raw = pooled = covered = 0.0
        errors = rng.uniform(0.03, 0.25, 12)
        for _ in range(600):
            truth = rng.normal(0.1, spread, 12)
            seen = truth + rng.normal(0.0, errors)
            found = pool(list(seen), list(errors))
            assert isinstance(found, Pool)
            values = np.array([one.value for one in found.segments])
            raw += float(((seen - truth) ** 2).sum())
            pooled += float(((values - truth) ** 2).sum())
            covered += sum(one.low <= t <= one.high for one, t in zip(found.segments, truth, strict=True))
        assert pooled < raw
        assert covered / (600 * 12) >= 0.94


def test_pooling_does_not_depend_on_the_order_of_the_segments():
    """The same segments in another order have the same figures."""
    values, errors = [0.0, 0.4, -0.1, 0.2, 0.3], [0.1, 0.2, 0.1, 0.3, 0.05]
    one, other = pool(values, errors), pool(values[::-1], errors[::-1])
    assert isinstance(one, Pool)
    assert isinstance(other, Pool)
    assert [s.value for s in one.segments] == pytest.approx([s.value for s in other.segments[::-1]], abs=1e-12)
