"""A history of answers and labels as sums: what every figure of an assessment is made of. Pure.

The same sums come from rows in memory (`sums_of`) and from a file by way of an engine (`storage.history`), to 1e-9.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from functools import reduce
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from pilotage.evidence.readers import reader
from pilotage.evidence.sums import Totals, UnitSum
from pilotage.playbook.metrics import (
    INCUMBENT_ANSWER,
    AnswerEquals,
    Cost,
    LabelCost,
    LabelMatch,
    Latency,
    Metric,
    OutcomeValue,
    Score,
)
from pilotage.runtime.records import Execution

CLASSES_MAX = 20
VALUES_MAX = 50
_PERSON = Execution(arm="incumbent")  # its answer is read from an outcome, as any JSON value
_NUMBER = "number"

Worth = Callable[[Any, Any], float | None]
"""What an answer (or a number) is worth under a metric, given the row's label; None where it cannot be judged."""


class HistoryRow(Struct, frozen=True, kw_only=True):
    """One past call. Answers and label are scalars or JSON; None where there is none. Under a metric of numbers
    (minutes, cost), `incumbent` and `candidate` are those numbers. Rows without `unit` are each a unit of their
    own. `at` is needed to know how many calls come in a week. `values`: by column that is compared within.
    """

    incumbent: Any
    candidate: Any
    label: Any = None
    at: dt.datetime | None = None
    unit: str | None = None
    values: dict[str, str] = {}


class DaySums(Struct, frozen=True, kw_only=True):
    """The compared calls of one day: how many, and the sums of both arms' values and of their squared difference."""

    day: dt.date
    n: float
    candidate: float
    incumbent: float
    squares: float


class PartSums(Struct, frozen=True, kw_only=True):
    """The rows with one value in a column: the incumbent's totals, and those of both arms on the same calls."""

    rows: int = 0
    before: Totals = Totals()
    pairs: Totals = Totals()


class Split(Struct, frozen=True, kw_only=True):
    """A column's values, most rows first; `left_out` counts the values beyond the first `VALUES_MAX`."""

    parts: dict[str, PartSums]
    left_out: int = 0


class LabelCounts(Struct, frozen=True, kw_only=True):
    """Which labels there are, most frequent first, and whether they came as often where the arms agree."""

    labelled: int = 0
    classes: dict[str, int] = {}
    classes_left_out: int = 0
    same: int = 0
    same_labelled: int = 0
    split: int = 0
    split_labelled: int = 0


class HistorySums(Struct, frozen=True, kw_only=True):
    """Everything that is read from a history.

    `rows` were read, `both` have both answers, `without_unit` no unit. `before` are the incumbent's totals over all
    rows that can be judged, `pairs` both arms' on the rows where both can (y the candidate's, z the incumbent's).
    `squares` is the sum over compared calls of (y - z)^2. `largest_unit` is the most compared calls of one unit.
    `timed` rows have a time, `zoneless` of them without a zone; `first` and `last` are in UTC, `days` in the zone.
    """

    rows: int = 0
    both: int = 0
    without_unit: int = 0
    before: Totals = Totals()
    pairs: Totals = Totals()
    squares: float = 0.0
    largest_unit: float = 0.0
    timed: int = 0
    zoneless: int = 0
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    calendar: tuple[dt.date, ...] = ()
    days: tuple[DaySums, ...] = ()
    labels: LabelCounts = LabelCounts()
    splits: dict[str, Split] = {}


def needs_label(metric: Metric) -> bool:
    """Whether the metric judges an answer by its label."""
    return isinstance(metric.source, LabelCost | LabelMatch)


def number_column(metric: Metric) -> str | None:
    """What the columns with each arm's number are called after `incumbent_` and `candidate_`; None for a metric that
    judges answers.
    """
    match metric.source:
        case OutcomeValue(outcome=name):
            return name
        case Cost():
            return "cost_usd"
        case Latency():
            return "latency_ms"
        case Score(scorer=name):
            return name
        case _:
            return None


def not_in_a_history(metric: Metric) -> str | None:
    """Why a metric cannot be judged from a file of answers, labels and numbers; None when it can."""
    if metric.kind not in {"proportion", "mean"}:
        return f"{metric.id} is a {metric.kind}; a history is judged by a proportion or a mean."
    if needs_label(metric) or number_column(metric) or isinstance(metric.source, AnswerEquals):
        return None
    return (
        f"{metric.id} is measured by something that a history does not hold; take a source of the type label_match, "
        "label_cost, outcome, cost, latency, score or answer."
    )


def worth_of(metric: Metric) -> Worth:
    """The metric as a function of one arm's answer or number, and the label. Raises ValueError for other sources."""
    if reason := not_in_a_history(metric):
        raise ValueError(reason)
    source = metric.source
    if number_column(metric) is None:
        read, label_name = reader(metric), source.label if isinstance(source, LabelCost | LabelMatch) else "label"
        return lambda answer, label: (
            None if answer is None else read(_PERSON, {INCUMBENT_ANSWER: answer, label_name: label})
        )
    limit_ms = source.limit_ms if isinstance(source, Latency) else None
    if limit_ms is not None:  # the number is compared uncapped; what is capped is whether it was too long
        exact = structs.replace(metric, source=OutcomeValue(outcome=_NUMBER), lo=-1e300, hi=1e300)
        number, above, below = reader(exact), min(max(1.0, metric.lo), metric.hi), min(max(0.0, metric.lo), metric.hi)

        def over(found: Any, _label: Any) -> float | None:  # noqa: ANN401 - a file's cell
            value = number(_PERSON, {_NUMBER: found})
            return None if value is None else above if value > limit_ms else below

        return over
    plain = reader(structs.replace(metric, source=OutcomeValue(outcome=_NUMBER)))
    return lambda found, _label: None if found is None else plain(_PERSON, {_NUMBER: found})


def sums_of(rows: Iterable[HistoryRow], metric: Metric, *, time_zone: str = "UTC") -> HistorySums:
    """The sums of rows in memory. Raises ValueError for a metric that a history cannot be judged by."""
    gathered = _Gathered(worth_of(metric), metric, ZoneInfo(time_zone))
    for row in rows:
        gathered.add(row)
    return gathered.sums()


def totals_of(units: Iterable[UnitSum]) -> Totals:
    """The totals over units."""
    return reduce(Totals.__add__, map(Totals.of, units), Totals())


class _Part:
    """What is gathered of the rows with one value, or of all."""

    def __init__(self) -> None:
        self.rows = 0
        self.before: dict[str, UnitSum] = defaultdict(UnitSum)
        self.pairs: dict[str, UnitSum] = defaultdict(UnitSum)

    def add(self, unit: str, incumbent: float | None, candidate: float | None) -> None:
        self.rows += 1
        if incumbent is None:
            return
        old = self.before[unit]
        self.before[unit] = UnitSum(old.n + 1.0, old.y + incumbent)
        if candidate is not None:
            old = self.pairs[unit]
            self.pairs[unit] = UnitSum(old.n + 1.0, old.y + candidate, old.z + incumbent)

    def sums(self) -> PartSums:
        return PartSums(rows=self.rows, before=totals_of(self.before.values()), pairs=totals_of(self.pairs.values()))


class _Gathered:
    """Rows as they come, by unit, day, label and value."""

    def __init__(self, worth: Worth, metric: Metric, zone: ZoneInfo) -> None:
        self.worth, self.metric, self.zone = worth, metric, zone
        self.whole = _Part()
        self.parts: dict[str, dict[str, _Part]] = defaultdict(lambda: defaultdict(_Part))
        self.days: dict[dt.date, list[float]] = defaultdict(lambda: [0.0] * 4)
        self.calendar: set[dt.date] = set()
        self.classes: Counter[str] = Counter()
        self.tally: Counter[str] = Counter()
        self.squares = 0.0
        self.times: list[dt.datetime] = []
        self.numbers = count()

    def add(self, row: HistoryRow) -> None:
        unit = f"row {next(self.numbers)}" if row.unit is None else f"unit {row.unit}"
        self.tally["without_unit"] += row.unit is None
        self._count_labels(row)
        at = self._time(row.at)
        worths = (self.worth(row.incumbent, row.label), self.worth(row.candidate, row.label))
        incumbent, candidate = (None if one is None else one - self.metric.shift for one in worths)
        self.whole.add(unit, incumbent, candidate)
        for column, value in row.values.items():
            self.parts[column][value].add(unit, incumbent, candidate)
        if incumbent is None or candidate is None:
            return
        off = (candidate - incumbent) ** 2
        self.squares += off
        if at is not None:
            day = self.days[at.astimezone(self.zone).date()]
            day[:] = day[0] + 1.0, day[1] + candidate, day[2] + incumbent, day[3] + off

    def _time(self, at: dt.datetime | None) -> dt.datetime | None:
        if at is None:
            return None
        if at.tzinfo is None:
            self.tally["zoneless"] += 1
            at = at.replace(tzinfo=self.zone)
        self.times.append(at.astimezone(dt.UTC))
        self.calendar.add(at.astimezone(self.zone).date())
        return at

    def _count_labels(self, row: HistoryRow) -> None:
        has_label = row.label is not None
        if has_label:
            self.classes[str(row.label)] += 1
        if row.incumbent is not None and row.candidate is not None:
            agree = "same" if row.incumbent == row.candidate else "split"
            self.tally[agree] += 1
            self.tally[f"{agree}_labelled"] += has_label

    def sums(self) -> HistorySums:
        whole, tally = self.whole.sums(), self.tally
        return HistorySums(
            rows=whole.rows,
            both=tally["same"] + tally["split"],
            without_unit=tally["without_unit"],
            before=whole.before,
            pairs=whole.pairs,
            squares=self.squares,
            largest_unit=max((unit.n for unit in self.whole.pairs.values()), default=0.0),
            timed=len(self.times),
            zoneless=tally["zoneless"],
            first=min(self.times, default=None),
            last=max(self.times, default=None),
            calendar=tuple(sorted(self.calendar)),
            days=tuple(
                DaySums(day=day, n=n, candidate=y, incumbent=z, squares=off)
                for day, (n, y, z, off) in sorted(self.days.items())
            ),
            labels=LabelCounts(
                labelled=self.classes.total(),
                classes=dict(_first(self.classes, CLASSES_MAX)),
                classes_left_out=max(len(self.classes) - CLASSES_MAX, 0),
                same=tally["same"],
                same_labelled=tally["same_labelled"],
                split=tally["split"],
                split_labelled=tally["split_labelled"],
            ),
            splits={column: self._split(parts) for column, parts in self.parts.items()},
        )

    @staticmethod
    def _split(parts: dict[str, _Part]) -> Split:
        shown = _first(Counter({value: part.rows for value, part in parts.items()}), VALUES_MAX)
        return Split(parts={value: parts[value].sums() for value, _ in shown}, left_out=max(len(parts) - VALUES_MAX, 0))


def _first(counts: Counter[str], most: int) -> list[tuple[str, int]]:
    """The most frequent, then by name: the same whatever order the rows came in."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]
