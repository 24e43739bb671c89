"""What a month's calls cost: the sum of what they said, filled up for the few that said nothing, or not known."""

from __future__ import annotations

import datetime as dt

import pytest

from pilotage.evidence.cost import FAILED, SPENT
from pilotage.evidence.spending import DaySum, spent_by_month


def day(number: int, *, calls: int, failed: int, reported: int, usd: float, month: int = 5) -> list[DaySum]:
    """A day's sums as the store keeps them: a failed execution adds nothing to what is spent, and is counted in it."""
    when = dt.date(2026, month, number)
    return [DaySum(when, FAILED.id, calls, failed), DaySum(when, SPENT.id, reported + failed, usd)]


def test_a_month_is_the_sum_of_its_days():
    """Every day of the month, and none of the next; failed calls have no cost that is known."""
    days = [
        *day(1, calls=100, failed=10, reported=90, usd=1.8),
        *day(31, calls=50, failed=0, reported=50, usd=1.0),
        *day(1, calls=10, failed=0, reported=10, usd=0.5, month=6),
    ]
    may, june = spent_by_month(days)
    assert (may.month, may.calls, may.failed, may.reported) == ("2026-05", 150, 10, 140)
    assert may.usd == pytest.approx(2.8)
    assert june.usd == pytest.approx(0.5)


def test_the_few_that_said_nothing_cost_what_the_others_did():
    """Missing is not free: two of a hundred calls without a cost are taken at the mean of the others."""
    (may,) = spent_by_month(day(1, calls=100, failed=0, reported=98, usd=0.98))
    assert may.usd == pytest.approx(1.0)


def test_many_that_said_nothing_leave_it_unknown():
    """Where fewer than 95 of 100 answered calls say what they cost, it is not known; nor without calls."""
    (may,) = spent_by_month(day(1, calls=100, failed=0, reported=90, usd=0.9))
    assert may.usd is None
    (none,) = spent_by_month(day(1, calls=5, failed=5, reported=0, usd=0.0))
    assert none.usd is None
    assert spent_by_month([]) == ()
