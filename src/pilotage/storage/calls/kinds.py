"""Judges each kind of call once: calls that no rule of the plan can tell apart get the values of one of them. Pure.

The values come from `evidence/values.py` alone. Here it is only said what a metric looks at; calls that are alike in
all of it are one kind. So a column of ten thousand calls costs as much as the few dozen kinds that are in it, and the
figures are those of a pass call by call, whatever the rules are; those of kinds of metrics from elsewhere too, which
make their figures of one number of a source that is known here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct, structs
from numpy.typing import NDArray

from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.readers import MICROS_PER_MS, answer_texts
from pilotage.evidence.values import MICROS_PER_HOUR, Contributor, compile_plan
from pilotage.playbook.metrics import (
    INCUMBENT_ANSWER,
    AnswerEquals,
    Beyond,
    Confidence,
    Cost,
    ErrorShare,
    LabelCost,
    LabelMatch,
    Latency,
    Metric,
    MetricSource,
    OutcomeValue,
    Score,
    Tokens,
    UserAction,
    awaited_outcome,
)
from pilotage.runtime.records import Call
from pilotage.storage.calls.accumulators import distinct
from pilotage.storage.calls.columns import NEVER_US, Learned
from pilotage.storage.calls.marks import SAID, Marking
from pilotage.storage.calls.packing import Floats, Integers
from pilotage.storage.calls.rows import calls_of

SIDES = ("served", "beside")
_PROBE = "\x00any"
_FEW = 4096

Look = tuple[Integers, int]
"""By call a code, and how many codes there are."""


class Values(Struct):
    """What calls add to one series, row by row: how often, and the sums of both values. `segmented`: to the series of
    each declared segment as well.
    """

    metric: str
    series: str
    segment: str
    n: Floats
    y: Floats
    z: Floats
    segmented: bool = False


class Kinds:
    """Which kind each of the calls is, as one number per call; looking at more tells more of them apart."""

    def __init__(self, size: int) -> None:
        self.codes: Integers = np.zeros(size, dtype=np.int64)
        self._count = 1

    def split(self, codes: Integers, count: int) -> None:
        """Tell calls apart that differ in a code from 0 to below `count`."""
        if count == 1:
            return
        if self._count * count > max(_FEW, len(self.codes)):
            self.condense()
        self.codes = self.codes * count + codes
        self._count *= count

    def condense(self) -> None:
        """Number the kinds that occur without gaps."""
        firsts, self.codes = distinct(self.codes, self._count)
        self._count = len(firsts)

    def firsts(self, rows: Integers) -> tuple[Integers, Integers]:
        """Of some rows the first of each kind, and by row the place of its kind among these."""
        firsts, places = distinct(self.codes[rows], self._count)
        return rows[firsts], places

    def copy(self) -> Kinds:
        """The same kinds, to be told apart further."""
        twin = Kinds(0)
        twin.codes, twin._count = self.codes, self._count
        return twin


class View:
    """A table of calls with what is known of them, looked at column by column; every look is taken once."""

    def __init__(self, table: pa.Table, learned: Learned) -> None:
        self.table = table
        self.learned = learned
        self.at_us: Integers = table.column("at_us").to_numpy().astype(np.int64, copy=False)
        self._looks: dict[object, Look] = {}
        self._base: Kinds | None = None

    def raw(self, column: str) -> Look:
        """By each value of a column, whatever it is."""
        look = self._looks.get(column)
        if look is None:
            look = self._looks[column] = encoded(self.table.column(column))
        return look

    def present(self, column: str) -> Look:
        """By whether there is a value."""
        return self.table.column(column).is_valid().to_numpy().astype(np.int64), 2

    def answer(self, side: str, field: str | None) -> Look:
        """By what an execution answered, as answers are compared."""
        key = (side, field)
        look = self._looks.get(key)
        if look is None:
            texts = self.table.column(f"{side}_value").combine_chunks().dictionary_encode()
            look = self._looks[key] = _by_text(texts, field)
        return look

    def heard(self, name: str, window_us: float, field: str | None = None, *, compared: bool) -> Look:
        """By an outcome that came within a window; `compared` as answers are, else by its own text."""
        key = (name, window_us, field, compared)
        look = self._looks.get(key)
        if look is None:
            codes, count = self._text(name, field, compared=compared)
            told_us = self.learned.at_us[name]
            late = (told_us == NEVER_US) | (told_us > self.at_us + window_us)
            look = self._looks[key] = np.where(late, count, codes), count + 1
        return look

    def _text(self, name: str, field: str | None, *, compared: bool) -> Look:
        key = (name, field, compared, "text")
        look = self._looks.get(key)
        if look is None:
            texts = pa.array(self.learned.texts[name], pa.string())
            look = _by_text(texts.dictionary_encode(), field) if compared else encoded(texts)
            self._looks[key] = look
        return look

    def base(self) -> Kinds:
        """By what every metric looks at: the arms, whether they answered, who was assigned to what, and the mode."""
        if self._base is None:
            kinds = Kinds(self.table.num_rows)
            for column in ("assigned", "mode", "cohort", "served_arm", "served_error", "beside_arm", "beside_error"):
                kinds.split(*self.raw(column))
            for side in SIDES:
                kinds.split(*self.present(f"{side}_value"))
            kinds.split(np.asarray(pc.not_equal(self.table.column("unit"), "")).astype(np.int64), 2)
            kinds.condense()
            self._base = kinds
        return self._base.copy()

    def firsts(self, kinds: Kinds, rows: Integers) -> tuple[list[tuple[int, Call]], Integers]:
        """One call of each kind among the rows, with its row, and by row the place of its kind in that list."""
        examples, places = kinds.firsts(rows)
        calls = calls_of(self.table.take(pa.array(examples)))
        return [(int(row), call) for row, (_, call) in zip(examples, calls, strict=True)], places


def encoded(column: pa.ChunkedArray | pa.Array) -> Look:
    """A column's values as codes, a missing one as the highest."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    texts = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
    count = len(texts.dictionary)
    return texts.indices.fill_null(count).to_numpy(zero_copy_only=False).astype(np.int64), count + 1


def _by_text(texts: pa.DictionaryArray, field: str | None) -> Look:
    compared = answer_texts(texts.dictionary.to_pylist(), field)
    numbers = {text: number for number, text in enumerate(dict.fromkeys(compared))}
    same = np.array([*map(numbers.__getitem__, compared), len(numbers)], dtype=np.int64)
    codes, _ = encoded(texts)
    return same[codes], len(numbers) + 1


class Judge:
    """The metrics of a plan, each with what it looks at."""

    def __init__(self, plan: MeasurementPlan, marking: Marking) -> None:
        self.plan = structs.replace(plan, segments=(_PROBE,))
        self._marking = marking
        self._rules = {
            m.id: compile_plan(structs.replace(self.plan, metrics=(m,)), assigned=False) for m in plan.metrics
        }
        self._assigned = compile_plan(structs.replace(self.plan, metrics=()))

    @property
    def names(self) -> list[str]:
        """The outcomes that any rule looks at."""
        return sorted({INCUMBENT_ANSWER, *self._marking.awaited, *(n for m in self.plan.metrics for n in m.awaited)})

    def values(self, metric: Metric, view: View, rows: Integers) -> list[Values]:
        """What the calls in these rows add to the metric's series."""
        return self._judged(self._rules[metric.id], _looked_at(metric, view), view, rows) if len(rows) else []

    def assigned(self, view: View, rows: Integers) -> list[Values]:
        """What the calls in these rows add to the series of who was assigned to which arm."""
        return self._judged(self._assigned, view.base(), view, rows) if len(rows) else []

    def _judged(self, rule: Contributor, kinds: Kinds, view: View, rows: Integers) -> list[Values]:
        examples, places = view.firsts(kinds, rows)
        probe = {_PROBE: "1"}
        found: dict[tuple[str, str], Values] = {}
        for place, (row, call) in enumerate(examples):
            known = view.learned.known(row)
            for c in rule(structs.replace(call, segment=probe), known.values, known.at_us):
                segment = "" if c.segment == f"{_PROBE}=1" else c.segment
                values = found.get((c.series, segment))
                if values is None:
                    values = Values(c.metric, c.series, segment, *np.zeros((3, len(examples))))
                    found[c.series, segment] = values
                if c.segment == segment:
                    values.n[place] += 1.0
                    values.y[place] += c.y
                    values.z[place] += c.z
                else:
                    values.segmented = True
        size = view.table.num_rows
        return [
            structs.replace(values, **{name: _spread(getattr(values, name), places, rows, size) for name in "nyz"})
            for values in found.values()
        ]

    def marks(self, view: View) -> Integers:
        """The marks of every call."""
        kinds = view.base()
        for column in ("served_confidence", "beside_confidence", "input"):
            kinds.split(*view.present(column))
        for side in SIDES:
            kinds.split(_is_zero(view.table, f"{side}_latency_us"), 2)
        kinds.split(*view.raw("beside_dropped"))
        learned = view.learned
        kinds.split((learned.at_us[INCUMBENT_ANSWER] != NEVER_US).astype(np.int64), 2)
        for name, window_us in self._marking.awaited.items():
            kinds.split(_in_time(learned.at_us[name], view, window_us), 2)
        for name, window_us in self._marking.labels.items():
            in_time = _in_time(learned.at_us[name], view, window_us)
            kinds.split((learned.basis[name] + 1) * in_time, len(SAID) + 1)
            kinds.split(_in_time(learned.own_us[name], view, window_us), 2)
        kinds.split((learned.feedback_us != NEVER_US).astype(np.int64), 2)
        kinds.split(learned.acted.astype(np.int64), 2)
        examples, places = view.firsts(kinds, np.arange(view.table.num_rows))
        marks = [self._marking.marks(call, learned.known(row)) for row, call in examples]
        return np.array(marks, dtype=np.int64)[places]


def _in_time(told_us: Integers, view: View, window_us: float) -> Integers:
    """1 where something was told within a window, else 0."""
    in_time: Integers = ((told_us != NEVER_US) & (told_us - view.at_us <= window_us)).astype(np.int64)
    return in_time


def _spread(by_kind: Floats, places: Integers, rows: Integers, size: int) -> Floats:
    spread = np.zeros(size)
    spread[rows] = by_kind[places]
    return spread


def _looked_at(metric: Metric, view: View) -> Kinds:
    """The kinds of calls that a metric tells apart: by all that `evidence/readers.py` reads of them."""
    kinds, window_us = view.base(), metric.window_hours * MICROS_PER_HOUR
    for source in metric.sources:
        for look in _looks(source, view, window_us):
            kinds.split(*look)
    return kinds


def _looks(source: MetricSource, view: View, window_us: float) -> list[Look]:
    awaited = awaited_outcome(source)
    looks = [] if awaited is None else [view.heard(awaited, window_us, compared=False)]
    match source:
        case LabelCost() | LabelMatch() | AnswerEquals():
            looks += _answers(view, source.answer_field, window_us)
        case Latency(limit_ms=float(limit_ms)):
            looks += [_beyond(view, side, source, limit_ms, None) for side in SIDES]
        case Beyond(of=Latency(limit_ms=None) | Cost() | Confidence() as of):
            looks += [_beyond(view, side, of, source.above, source.below) for side in SIDES]
        case Beyond():
            looks += _looks(source.of, view, window_us)
        case ErrorShare() | OutcomeValue() | UserAction():
            pass
        case Latency() | Cost() | Score() | Tokens() | Confidence():
            looks += [view.raw(f"{side}_{column}") for side in SIDES for column in _columns(source)]
    return looks


def _columns(source: Latency | Cost | Score | Tokens | Confidence) -> tuple[str, ...]:
    match source:
        case Latency():
            return ("latency_us",)
        case Cost():
            return ("cost_usd",)
        case Score():
            return ("scores",)
        case Tokens():
            return ("tokens_in", "tokens_out")
        case Confidence():
            return ("confidence",)


def _answers(view: View, field: str | None, window_us: float) -> list[Look]:
    return [view.answer(side, field) for side in SIDES] + [
        view.heard(INCUMBENT_ANSWER, window_us, field, compared=True)
    ]


def _beyond(
    view: View, side: str, source: Latency | Cost | Confidence, above: float | None, below: float | None
) -> Look:
    """By what can be told of a number when only its limits matter: whether it is there and finite, whether it is
    nothing, and on which side of the limits it lies.
    """
    column = view.table.column(f"{side}_{_columns(source)[0]}")
    number: NDArray[Any] = column.cast(pa.float64(), safe=False).fill_null(math.nan).to_numpy()
    if isinstance(source, Latency):
        number = number / MICROS_PER_MS
    codes = np.isfinite(number) * 2 + (number == 0)
    codes = codes * 2 + (False if above is None else number > above)
    codes = codes * 2 + (False if below is None else number < below)
    return codes.astype(np.int64), 16


def _is_zero(table: pa.Table, column: str) -> Integers:
    zero: Integers = np.asarray(table.column(column).fill_null(0).to_numpy() == 0).astype(np.int64)
    return zero
