"""What the calls of a month cost, from the daily sums: a sum needs no interval, so returning units do no harm. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from msgspec import Struct

from pilotage.evidence.cost import FAILED, REPORTED_MIN, SPENT
from pilotage.evidence.measurements import MonthSpent

CANDIDATE = "candidate"


class DaySum(Struct, frozen=True):
    """One day's count and sum of a metric of the candidate while it served."""

    day: dt.date
    metric: str
    n: float
    y: float


def spent_by_month(days: Iterable[DaySum]) -> tuple[MonthSpent, ...]:
    """Each month's calls of the candidate and what they cost, in order.

    Calls that said nothing of their cost are taken to have cost what the others did on average, as long as nearly all
    reported; else what the month's calls cost is not known. What a failed call cost never is.
    """
    held: dict[str, dict[str, list[float]]] = {}
    for one in days:
        sums = held.setdefault(f"{one.day:%Y-%m}", {}).setdefault(one.metric, [0.0, 0.0])
        sums[0] += one.n
        sums[1] += one.y
    return tuple(_month(month, held[month]) for month in sorted(held))


def _month(month: str, sums: dict[str, list[float]]) -> MonthSpent:
    calls, failed = sums.get(FAILED.id, [0.0, 0.0])
    told, spent = sums.get(SPENT.id, [0.0, 0.0])
    reported, answered = told - failed, calls - failed
    known = answered > 0 and reported / answered >= REPORTED_MIN
    return MonthSpent(
        month=month,
        calls=round(calls),
        failed=round(failed),
        reported=max(round(reported), 0),
        usd=spent * answered / reported if known else None,
    )
