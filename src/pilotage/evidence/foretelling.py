"""The target before its labels arrive: what calls with the same answer and confidence were worth so far. Pure.

Confidence is taken for what it has been worth on labelled calls, not for what it says: per answer and tenth of
confidence, the mean of the target on calls whose window has closed (histogram binning; Zadrozny and Elkan, ICML 2001).
The estimate assumes no concept drift, is always marked so, and counts for no gate.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from pilotage.evidence.measurements import Estimate, Estimated, NotEstimable
from pilotage.evidence.normal import two_sided

METHOD = "by confidence, before labels; assumes no concept drift"
CELL_VALUES_MIN = 20
UNKNOWN_SHARE_MAX = 0.1
LEARNED_MIN = 200


class Cell(Struct, frozen=True):
    """An answer and a tenth of confidence (-1: it gave none)."""

    answer: str
    tenth: int


class CellSum(Struct, frozen=True, kw_only=True):
    """Calls of one cell: all, those with a known value, and the sum and sum of squares of the values."""

    calls: int = 0
    known: int = 0
    y: float = 0.0
    yy: float = 0.0

    def __add__(self, other: CellSum) -> CellSum:
        return CellSum(
            calls=self.calls + other.calls,
            known=self.known + other.known,
            y=self.y + other.y,
            yy=self.yy + other.yy,
        )


class DayCells(Struct, frozen=True, kw_only=True):
    """One day's cells."""

    day: dt.date
    cells: Mapping[Cell, CellSum]


class BackTest(Struct, frozen=True, kw_only=True):
    """One past stretch of days: what was foretold from the labels known before it, and what its labels then said."""

    since: dt.date
    until: dt.date
    foretold: Estimated
    realised: Estimated
    error: float | None


class Foretold(Struct, frozen=True, kw_only=True):
    """The estimate of the days without labels, and how such estimates have fared. `error_mean` is the mean of the
    absolute errors of the back-tests.
    """

    since: dt.date | None
    until: dt.date | None
    estimate: Estimated
    learned_from: int
    tests: tuple[BackTest, ...]
    error_mean: float | None
    assumes: str = "no concept drift"


def foretold(days: Iterable[DayCells], *, closed_before: dt.date, wait_days: int = 0, step_days: int = 7) -> Foretold:
    """The days from `closed_before` on, by what earlier days taught; back-tested on the earlier days in steps, each
    foretold from the days alone whose labels were all in when it began: `wait_days` is how long labels take.
    """
    ordered = sorted(days, key=lambda one: one.day)
    closed = [one for one in ordered if one.day < closed_before]
    open_ = [one for one in ordered if one.day >= closed_before]
    learned = _together(closed)
    tests = tuple(_tests(closed, wait_days, step_days))
    errors = [abs(test.error) for test in tests if test.error is not None]
    return Foretold(
        since=open_[0].day if open_ else None,
        until=open_[-1].day if open_ else None,
        estimate=expected(learned, _together(open_)),
        learned_from=sum(cell.known for cell in learned.values()),
        tests=tests,
        error_mean=sum(errors) / len(errors) if errors else None,
    )


def expected(learned: Mapping[Cell, CellSum], current: Mapping[Cell, CellSum]) -> Estimated:
    """The mean of the target over the current calls if each cell is worth what it was; the interval allows for both
    the cells' means and the calls' own scatter.
    """
    calls, known = sum(cell.calls for cell in current.values()), sum(cell.known for cell in learned.values())
    if not calls:
        return NotEstimable(reason="No call waits for its label.")
    if known < LEARNED_MIN:
        return NotEstimable(reason=f"Values of {known} calls are known: {LEARNED_MIN} are needed.", calls=calls)
    sure = {name: cell for name, cell in learned.items() if cell.known >= CELL_VALUES_MIN}
    covered = sum(cell.calls for name, cell in current.items() if name in sure)
    if covered < (1.0 - UNKNOWN_SHARE_MAX) * calls:
        return NotEstimable(
            reason=f"{1.0 - covered / calls:.0%} of the calls have an answer and confidence not yet seen with a label.",
            calls=calls,
        )
    mean, variance = 0.0, 0.0
    for name, cell in current.items():
        if name in sure:
            past = sure[name]
            weight, value = cell.calls / covered, past.y / past.known
            scatter = max(past.yy / past.known - value**2, 0.0)
            mean += weight * value
            variance += weight**2 * scatter / past.known + weight * scatter / covered
    half = two_sided(0.95) * math.sqrt(variance)
    return Estimate(value=mean, low=mean - half, high=mean + half, calls=calls, units=calls, method=METHOD)


def _together(days: Sequence[DayCells]) -> dict[Cell, CellSum]:
    found: dict[Cell, CellSum] = {}
    for day in days:
        for name, cell in day.cells.items():
            found[name] = found[name] + cell if name in found else cell
    return found


def _tests(closed: Sequence[DayCells], wait_days: int, step_days: int) -> Iterable[BackTest]:
    """Steps counted back from the last closed day, so that a day's step changes only with that day."""
    if not closed:
        return
    until = closed[-1].day + dt.timedelta(days=1)
    steps = []
    while until > closed[0].day:
        since = until - dt.timedelta(days=step_days)
        steps.append((since, until))
        until = since
    for since, until in reversed(steps):
        past = _together([one for one in closed if one.day < since - dt.timedelta(days=wait_days)])
        now = _together([one for one in closed if since <= one.day < until])
        guess, truth = expected(past, now), _realised(now)
        if isinstance(truth, Estimate):
            error = guess.value - truth.value if isinstance(guess, Estimate) else None
            yield BackTest(since=since, until=until, foretold=guess, realised=truth, error=error)


def _realised(cells: Mapping[Cell, CellSum]) -> Estimated:
    total = CellSum()
    for cell in cells.values():
        total += cell
    if total.known < CELL_VALUES_MIN:
        return NotEstimable(reason=f"Values of {total.known} calls are known: {CELL_VALUES_MIN} are needed.")
    mean = total.y / total.known
    half = two_sided(0.95) * math.sqrt(max(total.yy / total.known - mean**2, 0.0) / total.known)
    return Estimate(
        value=mean, low=mean - half, high=mean + half, calls=total.known, units=total.known, method="mean per call"
    )
