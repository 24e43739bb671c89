"""From a call and what was learned of it to the values that the sums are made of. Pure.

A value is missing (None) for both arms or for neither: where a metric waits for a label, a failed execution
waits for it too. Otherwise failures would enter at once and successes later, and the candidate would look
worse the younger its calls are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol

import msgspec

from pilotage.evidence.dues import ASSIGNED, Dues, assigned_to, dues_of, missing_of
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.sums import Series
from pilotage.playbook.metrics import (
    AnswerEquals,
    Cost,
    ErrorShare,
    LabelCost,
    LabelMatch,
    Latency,
    Metric,
    OutcomeValue,
    Score,
)
from pilotage.runtime.records import Call, Execution

INCUMBENT_ANSWER = "incumbent_answer"
MICROS_PER_HOUR = 3_600_000_000
MICROS_PER_MS = 1000.0
_OVERALL = ("",)
_NUMBER_STARTS = frozenset("-0123456789")

Outcomes = Mapping[str, Any]
Reader = Callable[[Execution | None, Outcomes], float | None]
"""A metric's value of an execution; None in place of the execution means that the arm never ran: a failure."""


class Contribution(msgspec.Struct, frozen=True, gc=False):
    """What one call adds to one series. `y` and `z` are capped and shifted, as `UnitSum` asks."""

    metric: str
    series: Series
    segment: str
    y: float
    z: float = 0.0


class Contributor(Protocol):
    """A compiled plan: what a call contributes, given its first outcomes by name."""

    def __call__(
        self, call: Call, outcomes: Outcomes, outcome_at_us: Mapping[str, int] | None = None
    ) -> list[Contribution]:
        """With the outcomes' times, each metric sees only those inside its own window; without, all of them."""


def in_window(metric: Metric, call_at_us: int, outcome_at_us: int) -> bool:
    """Whether an outcome of that time still counts. One that seems older than its call comes from a clock that
    is behind, since nobody can report on a call before it has an id: it counts.
    """
    return outcome_at_us - call_at_us <= metric.window_hours * MICROS_PER_HOUR


def matured(metric: Metric, call_at_us: int, now_us: int) -> bool:
    """Whether the call's value can be taken as it is: at once, or when its label's window has closed.

    Labels that come at a different speed for good and bad results bias an estimate made of those at hand.
    """
    return not metric.labelled or now_us - call_at_us > metric.window_hours * MICROS_PER_HOUR


def value_range(metric: Metric) -> tuple[float, float]:
    """The least and the greatest value that the metric can take, a failed execution's included."""
    return min(metric.lo, metric.worst), max(metric.hi, metric.worst)


def orientation(metric: Metric) -> float:
    """1 where higher is better, -1 where lower is."""
    return 1.0 if metric.direction == "higher" else -1.0


def value(metric: Metric, execution: Execution, outcomes: Outcomes) -> float | None:
    """One arm's value of a call: capped, not shifted; None while it is not known.

    Outcome values may be JSON text or decoded. For an `outcome` metric, give the execution that served.
    """
    return reader(metric)(execution, outcomes)


def contributions(plan: MeasurementPlan, call: Call, outcomes: Outcomes) -> list[Contribution]:
    """What a call contributes under a plan; whoever has many calls compiles the plan once."""
    return compile_plan(plan)(call, outcomes)


def compile_plan(plan: MeasurementPlan, *, assigned: bool = True) -> Contributor:
    """The plan as a function of a call and its outcomes, for calls whose labels' windows have closed.

    `incumbent` and `candidate` go by the assigned arm: what the candidate was given and failed to do counts
    against it, though the incumbent answered in its place. Outside live, where everything is assigned to the
    incumbent, `candidate` holds what ran beside it, for the metrics that are judged on the candidate alone (the
    target's under the form `own`, and guardrails with a limit). `paired` needs an execution of both arms. While
    live, pairs hold every failure but only a sample of the successes: compare the arms there, not the pairs.
    What a label is missing for has series of its own, and so has, where `assigned`, who was assigned to which arm.
    """
    counted = frozenset(plan.counted_sources)
    segment_keys = plan.segments
    alone = {g.metric for g in plan.guardrails if g.limit is not None}
    if plan.target is not None and plan.target.form == "own":
        alone.add(plan.target.metric)
    rules = tuple(_Rule(metric, alone=metric.id in alone, dues=dues_of(plan, metric)) for metric in plan.metrics)
    shortest_us = min((m.window_hours for m in plan.metrics), default=0.0) * MICROS_PER_HOUR

    def contribute(
        call: Call, outcomes: Outcomes, outcome_at_us: Mapping[str, int] | None = None
    ) -> list[Contribution]:
        if call.source not in counted:
            return []
        due = outcome_at_us is not None and any(at - call.at_us > shortest_us for at in outcome_at_us.values())
        segments: tuple[str, ...] = _OVERALL
        if segment_keys:
            segments += tuple(f"{key}={call.segment[key]}" for key in segment_keys if key in call.segment)
        found: list[Contribution] = []
        if assigned and call.mode == "live" and call.unit:
            found += [Contribution(ASSIGNED, call.assigned, place, 0.0) for place in assigned_to(call)]
        for rule in rules:
            known = rule.within(call, outcomes, outcome_at_us) if due and outcome_at_us is not None else outcomes
            rule.add(call, known, segments, found)
        return found

    return contribute


class _Rule:
    """One metric, ready to be read off calls. `alone`: the candidate is also judged without the incumbent. `dues`:
    what it adds where a label is missing.
    """

    __slots__ = ("alone", "answer_of", "by_server", "dues", "metric_id", "read", "shift", "window_us")

    def __init__(self, metric: Metric, *, alone: bool, dues: Dues | None = None) -> None:
        self.metric_id = metric.id
        self.shift = metric.shift
        self.read = reader(metric)
        self.alone = alone
        self.dues = dues
        source = metric.source
        self.answer_of = _answer_of(source.answer_field) if isinstance(source, LabelCost | LabelMatch) else None
        self.by_server = isinstance(metric.source, OutcomeValue)
        self.window_us = metric.window_hours * MICROS_PER_HOUR

    def within(self, call: Call, outcomes: Outcomes, outcome_at_us: Mapping[str, int]) -> Outcomes:
        """The outcomes inside this metric's window."""
        last_us = call.at_us + self.window_us
        return {name: value for name, value in outcomes.items() if outcome_at_us[name] <= last_us}

    def add(self, call: Call, outcomes: Outcomes, segments: tuple[str, ...], found: list[Contribution]) -> None:
        """Append what the call contributes to this metric's series."""
        served, beside, assigned = call.served, call.beside, call.assigned
        if served.arm == assigned:
            own, other = served, beside
        elif beside is not None and beside.arm == assigned:
            own, other = beside, served
        else:
            own, other = None, served
        if self.by_server:  # what was learned of the call is the doing of the arm that served
            mine = self.read(own if own is served else None, outcomes)
            theirs = None
        else:
            mine = self.read(own, outcomes)
            theirs = self.read(other, outcomes) if other is not None and other.arm != assigned else None
        if self.dues is not None:
            self.owed(call, outcomes, found, mine=mine, theirs=theirs)
        if mine is not None:
            self.append(assigned, segments, found, mine)
        if theirs is None:
            return
        if self.alone and call.mode != "live":
            self.append("candidate", segments, found, theirs)
        if mine is None or own is None:
            return
        if assigned == "incumbent":
            self.append("paired", segments, found, theirs, mine - self.shift)
        else:
            self.append("paired", segments, found, mine, theirs - self.shift)

    def owed(
        self,
        call: Call,
        outcomes: Outcomes,
        found: list[Contribution],
        *,
        mine: float | None,
        theirs: float | None,
    ) -> None:
        """Append what the call owes: a value that did not come in time, and whether the arms' answers differ."""
        dues, served, beside = self.dues, call.served, call.beside
        if dues is None:
            return
        if call.mode == "live":
            if mine is None and call.unit:
                owed = dues.worst if call.assigned == "candidate" else dues.best
                self.append(missing_of(call.assigned), _OVERALL, found, owed)
            return
        if call.mode != "shadow" or not dues.shadow or self.answer_of is None or beside is None:
            return
        if served.arm == beside.arm or call.assigned != "incumbent":
            return
        incumbent, candidate, values = served, beside, (theirs, mine)
        if served.arm == "candidate":
            incumbent, candidate = beside, served
        same = self.same_answer(incumbent, candidate, outcomes)
        owing = dues.in_pair(candidate, incumbent, values, same=same)
        if owing is not None:
            self.append("missing", _OVERALL, found, owing[0], owing[1] - self.shift)
        if not same:
            found.append(Contribution(self.metric_id, "differ", "", 0.0 if owing is None else 1.0))

    def same_answer(self, incumbent: Execution, candidate: Execution, outcomes: Outcomes) -> bool:
        """Whether both arms answered, and alike as far as the metric reads answers."""
        if self.answer_of is None or incumbent.error or candidate.error:
            return False
        answer = self.answer_of(candidate, outcomes)
        return answer not in {None, _UNREADABLE} and answer == self.answer_of(incumbent, outcomes)

    def append(
        self, series: Series, segments: tuple[str, ...], found: list[Contribution], y: float, z: float = 0.0
    ) -> None:
        """One contribution over all calls, and one for each declared segment that the call belongs to."""
        y -= self.shift
        for segment in segments:
            found.append(Contribution(self.metric_id, series, segment, y, z))  # noqa: PERF401 - a generator costs more


def reader(metric: Metric) -> Reader:
    """The metric's source as a function; every value it gives lies between `lo` and `hi` or is a failure's."""
    source = metric.source
    match source:
        case LabelCost() | LabelMatch():
            return _label_reader(metric, source)
        case OutcomeValue():
            return _outcome_reader(metric, source)
        case Latency():
            return _latency_reader(metric, source)
        case ErrorShare():
            return _error_reader(metric)
        case AnswerEquals():
            return _answer_reader(metric, source)
        case Cost() | Score():
            return _reported_reader(metric, source)


def _label_reader(metric: Metric, source: LabelCost | LabelMatch) -> Reader:
    label_name, answer_of, failed = source.label, _answer_of(source.answer_field), metric.worst
    judge = _costing(metric, source) if isinstance(source, LabelCost) else _matching(metric)

    def read(execution: Execution | None, outcomes: Outcomes) -> float | None:
        reported = outcomes.get(label_name)
        if reported is None or reported == "null":
            return None
        if execution is None or execution.error:
            return failed
        answer = answer_of(execution, outcomes)
        if answer is None:
            return None
        return failed if answer is _UNREADABLE else judge(answer, _text(reported))

    return read


def _costing(metric: Metric, source: LabelCost) -> Callable[[str, str], float]:
    otherwise = _capped(metric, source.otherwise)
    costs = {
        (_scalar(answer), _scalar(label)): _capped(metric, cost)
        for answer, by_label in source.costs.items()
        for label, cost in by_label.items()
    }
    return lambda answer, label: costs.get((answer, label), otherwise)


def _matching(metric: Metric) -> Callable[[str, str], float]:
    right, wrong = _capped(metric, 1.0), _capped(metric, 0.0)
    return lambda answer, label: right if answer == label else wrong


def _outcome_reader(metric: Metric, source: OutcomeValue) -> Reader:
    name, lo, hi, failed = source.outcome, metric.lo, metric.hi, metric.worst

    def read(execution: Execution | None, outcomes: Outcomes) -> float | None:
        number = _number(outcomes.get(name))
        if number is None:
            return None
        return failed if execution is None or execution.error else min(max(number, lo), hi)

    return read


def _latency_reader(metric: Metric, source: Latency) -> Reader:
    lo, hi, limit_ms = metric.lo, metric.hi, source.limit_ms
    above, below = _capped(metric, 1.0), _capped(metric, 0.0)
    failed = metric.worst if limit_ms is None else above

    def read(execution: Execution | None, _outcomes: Outcomes) -> float | None:
        if execution is None or execution.error:
            return failed
        if execution.value is None and execution.latency_us == 0:
            return None  # a person did the work: nobody timed it
        latency_ms = execution.latency_us / MICROS_PER_MS
        if limit_ms is not None:
            return above if latency_ms > limit_ms else below
        return min(max(latency_ms, lo), hi)

    return read


def _error_reader(metric: Metric) -> Reader:
    failed, answered = _capped(metric, 1.0), _capped(metric, 0.0)
    return lambda execution, _outcomes: failed if execution is None or execution.error else answered


def _answer_reader(metric: Metric, source: AnswerEquals) -> Reader:
    equals, answer_of, failed = _scalar(source.equals), _answer_of(source.answer_field), metric.worst
    same, other = _capped(metric, 1.0), _capped(metric, 0.0)

    def read(execution: Execution | None, outcomes: Outcomes) -> float | None:
        if execution is None or execution.error:
            return failed
        answer = answer_of(execution, outcomes)
        if answer is None:
            return None
        if answer is _UNREADABLE:
            return failed
        return same if answer == equals else other

    return read


def _reported_reader(metric: Metric, source: Cost | Score) -> Reader:
    lo, hi, failed = metric.lo, metric.hi, metric.worst
    scorer = source.scorer if isinstance(source, Score) else None

    def read(execution: Execution | None, _outcomes: Outcomes) -> float | None:
        if execution is None or execution.error:
            return failed
        number = execution.cost_usd if scorer is None else execution.scores.get(scorer)
        if number is None or not math.isfinite(number):
            return None
        return min(max(number, lo), hi)

    return read


def _capped(metric: Metric, number: float) -> float:
    return min(max(number, metric.lo), metric.hi)


_UNREADABLE = "\x00unreadable"
"""An answer without the field that the metric reads: nonsense counts as a failure, for either arm."""


def _answer_of(field: str | None) -> Callable[[Execution, Outcomes], str | None]:
    """The answer's text. A person's answer comes later, as the outcome `incumbent_answer`: None until then."""

    def answer_of(execution: Execution, outcomes: Outcomes) -> str | None:
        answer = execution.value
        if answer is None:
            if execution.arm != "incumbent" or (reported := outcomes.get(INCUMBENT_ANSWER)) is None:
                return None
            answer = reported if isinstance(reported, str) else msgspec.json.encode(reported).decode()
        return _scalar(answer) if field is None else _field(answer, field)

    return answer_of


@lru_cache(maxsize=4096)
def _scalar(json_text: str) -> str:
    """JSON text of a scalar without quotes. `3.0` and `3` are the same number, so they give the same text."""
    text = json_text
    if text.startswith('"'):
        try:
            text = msgspec.json.decode(text, type=str)
        except msgspec.DecodeError:
            return text  # already decoded: the text itself begins with a quote
    if text[:1] not in _NUMBER_STARTS or text.lstrip("-").isdigit():
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else repr(number)


@lru_cache(maxsize=4096)
def _field(json_text: str, field: str) -> str:
    """The text of one key of an answer that is an object."""
    try:
        answer = msgspec.json.decode(json_text)
    except msgspec.DecodeError:
        return _UNREADABLE
    if not isinstance(answer, dict) or answer.get(field) is None:
        return _UNREADABLE
    return _text(answer[field])


def _text(value: Any) -> str:  # noqa: ANN401 - an outcome is any JSON value
    return _scalar(value if isinstance(value, str) else msgspec.json.encode(value).decode())


def _number(value: Any) -> float | None:  # noqa: ANN401 - an outcome is any JSON value
    """A reported number or truth value; None where it is neither, or not finite."""
    if isinstance(value, str):
        text = _scalar(value)
        if text in {"true", "false"}:
            return float(text == "true")
        try:
            number = float(text)
        except ValueError:
            return None
        return number if math.isfinite(number) else None
    if isinstance(value, bool | int | float) and math.isfinite(value):
        return float(value)
    return None
