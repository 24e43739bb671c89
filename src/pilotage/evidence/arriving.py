"""When labels arrive: what share of the calls is labelled by which age. Pure.

Only calls old enough to show an age count for it, so that young calls do not pass for calls whose label never came.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from msgspec import Struct

from pilotage.evidence.measurements import NotEstimable

AGES_HOURS = (1 / 60, 0.25, 1, 2, 4, 8, 12, 24, 36, 48, 72, 96, 120, 168, 240, 336, 504, 720)
CALLS_MIN = 20


class ArrivalDay(Struct, frozen=True, kw_only=True):
    """The calls of one day and one group. `delays` counts the labelled ones by age: one bin up to each of
    `AGES_HOURS` (inclusive), and one beyond.
    """

    day: dt.date
    group: str
    calls: int
    delays: tuple[int, ...]

    @property
    def labelled(self) -> int:
        """The calls whose label has come."""
        return sum(self.delays)


class ArrivalPoint(Struct, frozen=True, kw_only=True):
    """By that age the share of the calls that had a label, of the calls that are old enough to tell."""

    hours: float
    share: float
    calls: int


class Arrival(Struct, frozen=True, kw_only=True):
    """One group's arrival: the curve, the age by which half of the labels that ever come have come, and the share
    that has come when the window closes. A figure that cannot be had is not estimable.
    """

    group: str
    calls: int
    labelled: int
    curve: tuple[ArrivalPoint, ...]
    median_hours: float | NotEstimable
    in_window: float | NotEstimable


def arrival(days: Iterable[ArrivalDay], *, today: dt.date, window_hours: float) -> tuple[Arrival, ...]:
    """One arrival for each group, in order of name; `today` is the day that has not ended yet."""
    groups: dict[str, list[ArrivalDay]] = {}
    for day in days:
        groups.setdefault(day.group, []).append(day)
    return tuple(_arrival(group, groups[group], today, window_hours) for group in sorted(groups))


def _arrival(group: str, days: Sequence[ArrivalDay], today: dt.date, window_hours: float) -> Arrival:
    curve = tuple(
        ArrivalPoint(hours=hours, share=came / calls, calls=calls)
        for number, hours in enumerate(AGES_HOURS)
        for calls, came in [_by_age(days, today, hours, number)]
        if calls >= CALLS_MIN
    )
    return Arrival(
        group=group,
        calls=sum(day.calls for day in days),
        labelled=sum(day.labelled for day in days),
        curve=curve,
        median_hours=_median(curve),
        in_window=_in_window(curve, window_hours),
    )


def _by_age(days: Sequence[ArrivalDay], today: dt.date, hours: float, number: int) -> tuple[int, int]:
    """Calls old enough, and those of them labelled by then. A day is old enough when its last call is."""
    needed = dt.timedelta(days=1, hours=hours)
    old = [
        day for day in days if dt.datetime.combine(today, dt.time()) - dt.datetime.combine(day.day, dt.time()) >= needed
    ]
    return sum(day.calls for day in old), sum(sum(day.delays[: number + 1]) for day in old)


def _median(curve: Sequence[ArrivalPoint]) -> float | NotEstimable:
    if not curve or curve[-1].share == 0.0:
        return NotEstimable(reason="No label has come yet of calls that are old enough to tell.")
    half = curve[-1].share / 2.0
    return next(point.hours for point in curve if point.share >= half)


def _in_window(curve: Sequence[ArrivalPoint], window_hours: float) -> float | NotEstimable:
    """The share at the last age that the window still holds."""
    inside = [point for point in curve if point.hours <= window_hours]
    closed = [hours for hours in AGES_HOURS if hours <= window_hours]
    if not inside or not closed or inside[-1].hours < closed[-1]:
        return NotEstimable(reason="No call's window has closed yet.")
    return inside[-1].share
