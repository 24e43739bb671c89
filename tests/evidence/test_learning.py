from __future__ import annotations

import numpy as np
import pytest

from pilotage.evidence.learning import CurvePoint, LearningCurve, learning_curve
from pilotage.evidence.measurements import NotEstimable

SIZES = (500, 1000, 2000, 4000, 8000, 16000)


def points(limit, scale, rate, noise=0.0, *, sizes=SIZES, seed=1):
    """Accuracies 1 - (limit + scale n^-rate) with a little noise."""
    rng = np.random.default_rng(seed)
    return [
        CurvePoint(examples=n, value=float(1.0 - (limit + scale * n**-rate + rng.normal(0.0, noise)))) for n in sizes
    ]


def fitted(given, target, **changes):
    """The curve of accuracies."""
    found = learning_curve(given, target=target, best=1.0, higher=True, **changes)
    assert isinstance(found, LearningCurve)
    return found


def test_a_clean_curve_gives_its_own_figures_back():
    """Limit, rate and the examples needed come out as they went in."""
    found = fitted(points(0.05, 2.0, 0.4), 0.92)
    assert found.limit == pytest.approx(0.95, abs=0.002)
    assert found.rate == pytest.approx(0.4, rel=0.03)
    assert found.needed == pytest.approx((2.0 / 0.03) ** 2.5, rel=0.1)


def test_a_curve_that_still_falls_says_how_much_data_would_do():
    """The target lies a little beyond the last point on a steep curve: more data would reach it."""
    found = fitted(points(0.02, 3.0, 0.5, 0.0005), 0.96)
    assert found.verdict == "more_data"
    assert found.needed is not None
    assert found.needed > SIZES[-1]


def test_a_curve_that_has_flattened_says_so():
    """The limit lies well below the target: more of the same data will not do."""
    found = fitted(points(0.12, 5.0, 0.9, 0.0005), 0.95)
    assert found.verdict == "plateau"
    assert found.needed is None
    assert found.limit_high < 0.95


def test_points_that_cannot_tell_are_not_made_to():
    """Four noisy points leave it open."""
    found = fitted(points(0.05, 1.0, 0.3, 0.01, sizes=SIZES[:4], seed=4), 0.9)
    assert found.verdict == "undecided"


def test_costs_fall_where_accuracies_rise():
    """A metric of which less is better is read the other way up."""
    given = [CurvePoint(examples=n, value=float(4.0 + 100.0 * n**-0.5)) for n in SIZES]
    found = learning_curve(given, target=4.5, best=0.0, higher=False)
    assert isinstance(found, LearningCurve)
    assert found.limit == pytest.approx(4.0, abs=0.05)
    assert found.needed == pytest.approx(40000, rel=0.1)


def test_a_limits_interval_covers_it():
    """Over 60 noisy curves of eight points the 90 % interval holds the true limit at least 80 times in a hundred."""
    sizes = tuple(int(400 * 2**k) for k in range(8))
    curves = [fitted(points(0.05, 2.0, 0.5, 0.002, sizes=sizes, seed=seed), 0.92) for seed in range(60)]
    assert sum(one.limit_low <= 0.95 <= one.limit_high for one in curves) >= 0.8 * 60


def test_the_same_points_give_the_same_figures():
    """The bootstrap's seed is given."""
    given = points(0.05, 1.0, 0.3, 0.01)
    assert fitted(given, 0.9) == fitted(given[::-1], 0.9)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (points(0.05, 2.0, 0.4)[:3], "there are 3"),
        ([CurvePoint(examples=100, value=0.8)] * 6, "there are 1"),
        ([CurvePoint(examples=n, value=1.2) for n in SIZES], "beyond"),
        ([CurvePoint(examples=n, value=float("nan")) for n in SIZES], "beyond"),
        ([CurvePoint(examples=n, value=0.5) for n in (0, *SIZES)], "1 or more"),
    ],
)
def test_too_little_or_impossible_points_are_refused(given, said):
    """Without four sizes, or with values that cannot be, there is no curve, and it says why."""
    found = learning_curve(given, target=0.9, best=1.0, higher=True)
    assert isinstance(found, NotEstimable)
    assert said in found.reason
