from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from pilotage.evidence.foretelling import Cell, CellSum, DayCells, expected, foretold
from pilotage.evidence.measurements import Estimate, NotEstimable

DAY = dt.date(2026, 3, 1)


def days(count, *, right=lambda _day, tenth: (tenth + 0.5) / 10, mix=(1,) * 10, seed=1, labelled=True):
    """Days of a thousand calls with the share of right answers that each tenth of confidence is worth."""
    rng = np.random.default_rng(seed)
    share = np.array(mix) / sum(mix)
    found = []
    for number in range(count):
        cells = {}
        for tenth, calls in enumerate(rng.multinomial(1000, share)):
            y = float(rng.binomial(calls, right(number, tenth)))
            known = int(calls) if labelled else 0
            cells[Cell("a", tenth)] = CellSum(calls=int(calls), known=known, y=y * labelled, yy=y * labelled)
        found.append(DayCells(day=DAY + dt.timedelta(days=number), cells=cells))
    return found


def test_a_shifted_mix_of_confidence_is_foretold():
    """The share of right answers follows what the tenths were worth: less confident calls, worse performance."""
    past = days(10)
    now = [
        DayCells(day=DAY + dt.timedelta(days=20 + n), cells=one.cells)
        for n, one in enumerate(days(3, mix=(4, 4, 3, 2, 1, 1, 1, 1, 1, 1), labelled=False, seed=2))
    ]
    found = foretold([*past, *now], closed_before=DAY + dt.timedelta(days=15))
    assert isinstance(found.estimate, Estimate)
    weights = np.array((4, 4, 3, 2, 1, 1, 1, 1, 1, 1)) / 19
    assert found.estimate.value == pytest.approx(float(weights @ ((np.arange(10) + 0.5) / 10)), abs=0.02)
    assert found.estimate.low < found.estimate.value < found.estimate.high
    assert "no concept drift" in found.estimate.method
    assert found.assumes == "no concept drift"


def test_past_estimates_are_held_against_what_labels_said():
    """Week by week: where nothing changed, the error is small and inside the interval most of the time."""
    found = foretold(days(28), closed_before=DAY + dt.timedelta(days=28))
    tested = [test for test in found.tests if test.error is not None]
    assert len(tested) == 3
    assert found.error_mean is not None
    assert found.error_mean < 0.02


def test_concept_drift_shows_in_the_back_test_and_nowhere_else():
    """When answers become worse at the same confidence, the estimate does not move; its past errors do."""
    found = foretold(
        days(28, right=lambda day, tenth: (tenth + 0.5) / 10 * (1.0 if day < 14 else 0.7)),
        closed_before=DAY + dt.timedelta(days=28),
    )
    assert [round(test.error, 1) for test in found.tests if test.error is not None][:1] == [0.0]
    assert found.error_mean is not None
    assert found.error_mean > 0.05


def test_a_test_knows_only_the_labels_that_were_in():
    """Labels that take ten days are not used to foretell the week after them."""
    late = foretold(days(21), closed_before=DAY + dt.timedelta(days=21), wait_days=10)
    assert [test.error is None for test in late.tests] == [True, True, False]


def test_what_was_never_seen_with_a_label_is_not_foretold():
    """A new answer on every call: not estimable, and why."""
    past = days(5)
    now = DayCells(day=DAY + dt.timedelta(days=9), cells={Cell("new", 3): CellSum(calls=500)})
    found = foretold([*past, now], closed_before=DAY + dt.timedelta(days=6))
    assert isinstance(found.estimate, NotEstimable)
    assert "not yet seen" in found.estimate.reason


def test_too_few_labels_foretell_nothing():
    """Fewer than 200 known values, or no call that waits: absent with the reason."""
    some = {Cell("a", 1): CellSum(calls=100, known=100, y=50, yy=50)}
    assert isinstance(expected(some, some), NotEstimable)
    assert isinstance(expected(some, {}), NotEstimable)
