"""Both arms on many past flights: what each would have cost, how sure that is, and the figures a charter is
planned with.

For planning and for reports about the past; nothing here takes part in a replay, where every answer is given
inside its own call.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from pilotage.demo.desk import Desk
from pilotage.demo.economics import FLOOR_SHARE, PRICES, TARGET_SHARE, Prices
from pilotage.demo.flights import FlightInput, Flights, minutes_of, moment_of
from pilotage.demo.timetable import Bools, Floats, Ints, Texts
from pilotage.playbook.metrics import Target

HISTORY_COLUMNS = ("input", "incumbent", "candidate", "label", "time", "unit")


class Judged(Struct, frozen=True, kw_only=True, eq=False):
    """What both arms answered on the same flights; one array element a flight, in their order.

    `unit` and `day` (of departure) are numbered, for clustering.
    """

    unit: Ints
    day: Ints
    late: Bools
    incumbent_risk: Floats
    candidate_risk: Floats
    incumbent_warns: Bools
    candidate_warns: Bools
    incumbent_usd: Floats
    candidate_usd: Floats

    def select(self, keep: Bools) -> Judged:
        """Those flights alone."""
        return Judged(**{name: getattr(self, name)[keep] for name in self.__struct_fields__})

    @property
    def improvement(self) -> float:
        """The share of the incumbent's cost that the candidate saves."""
        return 1.0 - float(self.candidate_usd.sum() / self.incumbent_usd.sum())

    def improvement_error(self, cluster: Ints) -> float:
        """The standard error of `improvement`, robust to clusters such as `unit` or `day`.

        Linearised: with r the improvement and d = candidate - (1 - r) incumbent per flight, the square root of the
        sum over clusters of (sum d)^2, over the incumbent's total (Liang & Zeger, Biometrika 1986, for a ratio).
        """
        residual = self.candidate_usd - (1.0 - self.improvement) * self.incumbent_usd
        sums = np.bincount(cluster, weights=residual)
        return math.sqrt(float(np.square(sums).sum())) / float(self.incumbent_usd.sum())


class Planning(Struct, frozen=True, kw_only=True):
    """What months that were not learned from say, for a charter written before the candidate ever ran.

    Costs are US dollars a flight. `deviation_usd` is the standard deviation of one flight's cost difference,
    `design_effect` how much its variance grows because a unit's flights resemble each other. The errors are
    standard errors of `improvement`; the one by day is the larger, since one storm touches every unit.
    """

    flights: int
    weeks: float
    incumbent_usd: float
    candidate_usd: float
    improvement: float
    improvement_error_by_unit: float
    improvement_error_by_day: float
    incumbent_warning_rate: float
    candidate_warning_rate: float
    deviation_usd: float
    design_effect: float

    @property
    def calls_per_week(self) -> float:
        """Flights to decide on in a week."""
        return self.flights / self.weeks

    @property
    def expected_share(self) -> float:
        """What the charter expects: one standard error (by day) under what planning found, in whole per cent."""
        return math.floor((self.improvement - self.improvement_error_by_day) * 100) / 100

    def target(self) -> Target:
        """The promise: the share of the incumbent's cost to save, with the figures to plan the pilot by."""
        return Target(
            metric="cost_per_flight",
            form="share",
            baseline=round(self.incumbent_usd, 2),
            floor=FLOOR_SHARE,
            target=TARGET_SHARE,
            expected=self.expected_share,
            calls_per_week=round(self.calls_per_week),
            deviation=round(self.deviation_usd, 2),
            design_effect=round(self.design_effect, 2),
        )


def judge(
    flights: Flights,
    desk: Desk,
    *,
    prices: Prices = PRICES,
    seen_by_candidate: Callable[[FlightInput], FlightInput] = lambda flight: flight,
) -> Judged:
    """Both arms on each of these flights; `seen_by_candidate` may spoil what the candidate is given."""
    answers = [(desk.incumbent(each), desk.candidate(seen_by_candidate(each))) for each in flights.inputs()]
    risks = np.array([[old["risk"], new["risk"]] for old, new in answers], dtype=np.float64)
    warns = np.array([[old["warn"], new["warn"]] for old, new in answers], dtype=np.bool_)
    silent = np.where(flights.late, prices.missed_delay_usd, 0.0)
    warned = np.where(flights.late, 0.0, prices.false_warning_usd)
    incumbent_warns, candidate_warns = warns.T
    return Judged(
        unit=_numbered(np.array(flights.units())),
        day=_numbered(flights.month * 100 + flights.day),
        late=flights.late,
        incumbent_risk=risks[:, 0],
        candidate_risk=risks[:, 1],
        incumbent_warns=incumbent_warns,
        candidate_warns=candidate_warns,
        incumbent_usd=np.where(incumbent_warns, warned, silent),
        candidate_usd=np.where(candidate_warns, warned, silent),
    )


def plan(flights: Flights, desk: Desk) -> Planning:
    """The planning figures, from flights that `desk` has not learned from.

    Raises:
        ValueError: some of the flights are from the months it learned from.
    """
    _refuse_learned(flights, desk)
    judged = judge(flights, desk)
    difference = judged.candidate_usd - judged.incumbent_usd
    residual = difference - difference.mean()
    by_unit = np.bincount(judged.unit, weights=residual)
    return Planning(
        flights=len(flights),
        weeks=len(np.unique(judged.day)) / 7,
        incumbent_usd=float(judged.incumbent_usd.mean()),
        candidate_usd=float(judged.candidate_usd.mean()),
        improvement=judged.improvement,
        improvement_error_by_unit=judged.improvement_error(judged.unit),
        improvement_error_by_day=judged.improvement_error(judged.day),
        incumbent_warning_rate=float(judged.incumbent_warns.mean()),
        candidate_warning_rate=float(judged.candidate_warns.mean()),
        deviation_usd=float(difference.std()),
        design_effect=max(1.0, float(np.square(by_unit).sum() / np.square(residual).sum())),
    )


def write_history(path: Path, flights: Flights, desk: Desk, start: dt.datetime, end: dt.datetime) -> int:
    """Writes the flights decided from `start` until before `end` for `pilotage assess`; returns how many.

    One row a flight: input, both answers and the label as JSON, the time of the decision in UTC, the unit.

    Raises:
        ValueError: the desk learned from some of those flights, so that its answers on them prove nothing.
    """
    decided = flights.select((flights.decision_at >= minutes_of(start)) & (flights.decision_at < minutes_of(end)))
    _refuse_learned(decided, desk)
    rows = zip(decided.inputs(), decided.late.tolist(), decided.decision_at.tolist(), decided.units(), strict=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HISTORY_COLUMNS)
        for flight, late, at, unit in rows:
            texts = (_json(part) for part in (flight, desk.incumbent(flight), desk.candidate(flight), late))
            writer.writerow((*texts, moment_of(at).isoformat(), unit))
    return len(decided)


def _refuse_learned(flights: Flights, desk: Desk) -> None:
    learned = sorted(set(flights.month.tolist()) & set(desk.months))
    if learned:
        raise ValueError(f"The desk learned from the months {learned}: its answers on them prove nothing")


def _numbered(names: Texts | Ints) -> Ints:
    return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.int64)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
