"""The looks at the target: each with its statistic, its share of the information and its bounds. Pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from pilotage.evidence.band import band
from pilotage.evidence.clusters import clustered_figures
from pilotage.evidence.measurements import Estimated, Look, NotEstimable
from pilotage.evidence.sequential import (
    INFORMATION_STEP_MIN,
    bounds,
    crossing_probability,
    efficacy_bounds,
    planned_drift,
)
from pilotage.evidence.statistic import Statistic, counted_in, statistic
from pilotage.evidence.strata import LookSums, StageTotals
from pilotage.playbook.metrics import Metric, Target

EVEN_CHANCE = 0.5
PROJECTED_LOOKS_MAX = 60
# A look's past is fixed: what it came to is computed once, for every look of many workloads.
_LOOKS_KEPT = 2**14
Value = TypeVar("Value")


class _ByContent(Generic[Value]):
    """A value that can be looked up by what it says: a metric may hold a table, which has no hash."""

    __slots__ = ("content", "value")

    def __init__(self, value: Value) -> None:
        self.value = value
        self.content = msgspec.msgpack.encode(value)

    def __hash__(self) -> int:
        return hash(self.content)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByContent) and self.content == other.content


Stages = _ByContent[tuple[StageTotals, ...]]


class Reading(Struct, frozen=True, kw_only=True):
    """All looks with their bounds. `crossed_on`: the first day above efficacy. `futile`: the last tested look is
    below futility. `tested` and `z` are the information fractions and the last statistic of the looks that count.
    """

    looks: tuple[Look, ...] = ()
    crossed_on: dt.date | None = None
    futile: bool = False
    tested: tuple[float, ...] = ()
    tested_on: dt.date | None = None
    z: float | None = None


class _Seen(Struct, frozen=True):
    """A look's sums with its statistic, and the information fraction; `counts` if it is tested."""

    day: dt.date
    stages: Stages
    statistic: Statistic | NotEstimable
    information: float
    counts: bool


def read_looks(
    target: Target,
    metric: Metric,
    looks: Sequence[LookSums],
    *,
    planned: float,
    alpha: float,
    deadline: dt.date,
    final: bool,
) -> Reading:
    """Every look, judged. A look is not tested when its statistic cannot be had, when it brings less than a
    thousandth of new information, when full information (`planned`) was reached before, or after the deadline.
    `final`: there will be no further look, so the last one spends what is left. Futility is meant for the least
    gain over the target that full information shows with the target's power.
    """
    full = counted_in(target, planned)
    seen = _seen(target, metric, sorted(looks, key=lambda look: look.day), full, deadline)
    tested = [look for look in seen if look.counts]
    information = tuple(look.information for look in tested)
    drift = planned_drift(alpha, target.power) * _sharpness(target, tested[-1] if tested else None, planned)
    limits = bounds(information, alpha, 1.0 - target.power, drift, final=final)
    by_day = {
        look.day: limit for look, limit in zip(tested, zip(limits.efficacy, limits.futility, strict=True), strict=True)
    }
    judged = tuple(_look(target, metric, look, by_day.get(look.day, (None, None))) for look in seen)
    crossed = [look.day for look in judged if _above(look.z, look.efficacy)]
    last = tested[-1] if tested else None
    last_z = last.statistic.z if last and isinstance(last.statistic, Statistic) else None
    futility = limits.futility[-1] if tested else None
    return Reading(
        looks=judged,
        crossed_on=crossed[0] if crossed else None,
        futile=last_z is not None and futility is not None and last_z < futility,
        tested=information,
        tested_on=last.day if last else None,
        z=last_z,
    )


def _sharpness(target: Target, last: _Seen | None, planned: float) -> float:
    """The drift at full information as a share of the planned, at most 1: where looks are counted in days and those are
    wilder than planned, a good candidate's statistic rises more slowly, and must not be called futile for it.
    """
    if last is None or isinstance(last.statistic, NotEstimable) or target.cluster == "unit":
        return 1.0
    return math.sqrt(min(last.statistic.precision / planned / last.information, 1.0))


def _seen(target: Target, metric: Metric, looks: Sequence[LookSums], planned: float, deadline: dt.date) -> list[_Seen]:
    seen: list[_Seen] = []
    newest = 0.0
    promised, measured = _ByContent(target), _ByContent(metric)
    for sums in looks:
        stages = _ByContent(sums.stages)
        found = _statistic(promised, measured, stages)
        if isinstance(found, NotEstimable):
            seen.append(_Seen(sums.day, stages, found, newest, counts=False))
            continue
        fraction = round(found.information / planned, 6)
        news = fraction - newest > INFORMATION_STEP_MIN * max(newest, INFORMATION_STEP_MIN)
        counts = news and newest < 1.0 and sums.day <= deadline
        newest = fraction if counts else newest
        seen.append(_Seen(sums.day, stages, found, fraction, counts=counts))
    return seen


@lru_cache(maxsize=_LOOKS_KEPT)
def _statistic(target: _ByContent[Target], metric: _ByContent[Metric], stages: Stages) -> Statistic | NotEstimable:
    return statistic(target.value, metric.value, stages.value)


@lru_cache(maxsize=_LOOKS_KEPT)
def _shown(target: _ByContent[Target], metric: _ByContent[Metric], stages: Stages) -> Estimated:
    return clustered_figures(target.value, metric.value, stages.value).comparison


def _look(target: Target, metric: Metric, seen: _Seen, limits: tuple[float | None, float | None]) -> Look:
    estimate = _shown(_ByContent(target), _ByContent(metric), seen.stages)
    low, high = band(metric, target.form, estimate, seen.information)
    return Look(
        day=seen.day,
        information=seen.information,
        estimate=estimate,
        z=seen.statistic.z if isinstance(seen.statistic, Statistic) else None,
        efficacy=limits[0],
        futility=limits[1],
        band_low=low,
        band_high=high,
    )


def _above(z: float | None, efficacy: float | None) -> bool:
    return z is not None and efficacy is not None and z >= efficacy


def project(
    reading: Reading, *, alpha: float, started: dt.date, deadline: dt.date, today: dt.date, last: bool = True
) -> dt.date | None:
    """The first day until the deadline by which the efficacy bound is crossed with at least an even chance, if
    the present estimate is right and information comes at the present rate; None when there is no such day.
    `last`: the look at the deadline spends what is left.
    """
    if reading.z is None or reading.tested_on is None or reading.tested[-1] >= 1.0:
        return None
    seen = _Course(reading.tested, reading.tested_on, reading.z, alpha, last)
    return _projected(seen, started, deadline, today)


class _Course(Struct, frozen=True):
    """How far a test has come: the information of its looks, the last one's day and statistic, its error, and whether
    the look at the deadline spends what is left of it.
    """

    tested: tuple[float, ...]
    tested_on: dt.date
    z: float
    alpha: float
    last: bool


@lru_cache(maxsize=1024)
def _projected(reading: _Course, started: dt.date, deadline: dt.date, today: dt.date) -> dt.date | None:
    """As `project`: the same until the next look."""
    now, days_so_far = reading.tested[-1], max((reading.tested_on - started).days, 1)
    days_left = (deadline - today).days
    step_days = max(1, math.ceil(days_left / PROJECTED_LOOKS_MAX))
    days = [today + dt.timedelta(days=d) for d in range(days_left, 0, -step_days)][::-1]
    rate = now / days_so_far
    coming: list[tuple[dt.date, float]] = []
    for day in days:
        then = round(now + rate * (day - reading.tested_on).days, 6)
        if then - (coming[-1][1] if coming else now) > INFORMATION_STEP_MIN * then:
            coming.append((day, then))
        if then >= 1.0:
            break
    if not coming:
        return None
    information = tuple(then for _, then in coming)
    final = coming[-1][0] == deadline and reading.last
    limits = efficacy_bounds((*reading.tested, *information), reading.alpha, final=final)
    chances = crossing_probability(
        information,
        limits[len(reading.tested) :],
        drift=reading.z / math.sqrt(now),
        start=(now, reading.z),
    )
    return next((day for (day, _), chance in zip(coming, chances, strict=True) if chance >= EVEN_CHANCE), None)
