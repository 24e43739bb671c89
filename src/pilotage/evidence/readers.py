"""A metric's source as a function of an execution and of what was learned of the call. Pure.

Every number that is not finite, and every value that is not what the source asks for, is missing: never guessed,
never averaged.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, get_args

import msgspec
from msgspec import structs

from pilotage.playbook.kinds import kind_of
from pilotage.playbook.metrics import (
    ACTION_OUTCOME,
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
    NumberSource,
    OutcomeValue,
    Score,
    Tokens,
    UserAction,
)
from pilotage.runtime.records import Action, Execution

MICROS_PER_MS = 1000.0
_NUMBER_STARTS = frozenset("-0123456789")

Outcomes = Mapping[str, Any]
Reader = Callable[[Execution | None, Outcomes], float | None]
"""A metric's value of an execution; None in place of the execution means that the arm never ran: a failure."""


def reader(metric: Metric) -> Reader:
    """What is summed up of an execution: the source's number, capped, or a failure's, as the metric's kind takes it.
    Raises `KindInvalid` where the kind is not installed.
    """
    read, made_of = _source_reader(metric), kind_of(metric).value
    if made_of is None:
        return read

    def made(execution: Execution | None, outcomes: Outcomes) -> float | None:
        number = read(execution, outcomes)
        return None if number is None else made_of(metric, number)

    return made


def denominator_reader(metric: Metric) -> Reader:
    """The same of a ratio's denominator; a failed execution counts the end of its range that makes the ratio worst.
    ValueError where the metric has no denominator.
    """
    return _source_reader(denominator_of(metric))


Cut = Callable[[Execution | None, Outcomes], bool]
"""Whether the number that a metric reads of an execution lies beyond the metric's caps, so that the cap counts instead.
A failed execution was given its own value, which is no cut."""


def cut_reader(metric: Metric) -> Cut | None:
    """What tells values that were capped; None where no cap can cut anything off: of a source that gives 0 or 1, and of
    costs that all lie inside.
    """
    found = [_cut_of(one) for one in ((metric,) if metric.denominator is None else (metric, denominator_of(metric)))]
    cuts = [one for one in found if one is not None]
    if not cuts:
        return None
    return lambda execution, outcomes: any(cut(execution, outcomes) for cut in cuts)


def _cut_of(metric: Metric) -> Cut | None:
    source = metric.source
    if not isinstance(source, NumberSource) or (isinstance(source, Latency) and source.limit_ms is not None):
        return None
    if isinstance(source, LabelCost):
        costs = [source.otherwise, *(cost for by_label in source.costs.values() for cost in by_label.values())]
        if all(metric.lo <= cost <= metric.hi for cost in costs):
            return None
    # A failure is marked by a number that no source gives, since only finite ones count.
    read = _source_reader(structs.replace(metric, lo=-math.inf, hi=math.inf, failure_value=math.inf))
    lo, hi = metric.lo, metric.hi

    def cut(execution: Execution | None, outcomes: Outcomes) -> bool:
        number = read(execution, outcomes)
        return number is not None and number != math.inf and not lo <= number <= hi

    return cut


def denominator_of(metric: Metric) -> Metric:
    """A ratio's denominator as a metric of its own. ValueError where there is none."""
    if metric.denominator is None:
        raise ValueError(f"Metric {metric.id} has no denominator.")
    lo, hi = metric.denominator_lo, metric.denominator_hi
    return structs.replace(
        metric,
        kind="mean",
        source=metric.denominator,
        denominator=None,
        lo=lo,
        hi=hi,
        failure_value=lo if metric.direction == "lower" else hi,
        shift=0.0,
    )


def _source_reader(metric: Metric) -> Reader:
    """Every value it gives lies between `lo` and `hi`, or is a failure's."""
    source = metric.source
    match source:
        case LabelCost() | LabelMatch():
            read = _label_reader(metric, source)
        case OutcomeValue():
            read = _outcome_reader(metric, source)
        case Latency():
            read = _latency_reader(metric, source)
        case ErrorShare():
            read = _error_reader(metric)
        case AnswerEquals():
            read = _answer_reader(metric, source)
        case Cost() | Score() | Tokens() | Confidence():
            read = _reported_reader(metric, _reported(source))
        case UserAction():
            read = _action_reader(metric, source)
        case Beyond():
            read = _beyond_reader(metric, source)
    return read


def _label_reader(metric: Metric, source: LabelCost | LabelMatch) -> Reader:
    label_name, text_of, failed = source.label, answer_of(source.answer_field), metric.worst
    judge = _costing(metric, source) if isinstance(source, LabelCost) else _matching(metric)

    def read(execution: Execution | None, outcomes: Outcomes) -> float | None:
        # What the incumbent answered is no label: it would be right by construction.
        reported = None if label_name == INCUMBENT_ANSWER else outcomes.get(label_name)
        if reported is None or reported == "null":
            return None
        if execution is None or execution.error:
            return failed
        answer = text_of(execution, outcomes)
        if answer is None:
            return None
        return failed if answer is UNREADABLE else judge(answer, scalar_text(reported))

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
    equals, text_of, failed = _scalar(source.equals), answer_of(source.answer_field), metric.worst
    same, other = _capped(metric, 1.0), _capped(metric, 0.0)

    def read(execution: Execution | None, outcomes: Outcomes) -> float | None:
        if execution is None or execution.error:
            return failed
        answer = text_of(execution, outcomes)
        if answer is None:
            return None
        if answer is UNREADABLE:
            return failed
        return same if answer == equals else other

    return read


def _reported(source: Cost | Score | Tokens | Confidence) -> Callable[[Execution], float | None]:
    """What an execution reports of itself."""
    match source:
        case Score(scorer=scorer):
            return lambda execution: execution.scores.get(scorer)
        case Tokens(which="in"):
            return attrgetter("tokens_in")
        case Tokens(which="out"):
            return attrgetter("tokens_out")
        case Tokens():
            return _tokens
        case Confidence():
            return attrgetter("confidence")
        case Cost():
            return attrgetter("cost_usd")


def _tokens(execution: Execution) -> float | None:
    read, written = execution.tokens_in, execution.tokens_out
    return None if read is None or written is None else read + written


def _reported_reader(metric: Metric, reported: Callable[[Execution], float | None]) -> Reader:
    lo, hi, failed = metric.lo, metric.hi, metric.worst

    def read(execution: Execution | None, _outcomes: Outcomes) -> float | None:
        if execution is None or execution.error:
            return failed
        number = reported(execution)
        if number is None or not math.isfinite(number):
            return None
        return min(max(number, lo), hi)

    return read


def _action_reader(metric: Metric, source: UserAction) -> Reader:
    wanted, known, failed = frozenset(source.actions), frozenset(get_args(Action)), metric.worst
    yes, no = _capped(metric, 1.0), _capped(metric, 0.0)

    def read(execution: Execution | None, outcomes: Outcomes) -> float | None:
        reported = outcomes.get(ACTION_OUTCOME)
        action = None if reported is None else scalar_text(reported)
        if action not in known:
            return None
        if execution is None or execution.error:
            return failed
        return yes if action in wanted else no

    return read


def _beyond_reader(metric: Metric, source: Beyond) -> Reader:
    # A failure is marked by a number that no source gives, since only finite ones count.
    whole = structs.replace(metric, source=source.of, lo=-math.inf, hi=math.inf, failure_value=math.inf)
    read_number, failed = _source_reader(whole), metric.worst
    yes, no = _capped(metric, 1.0), _capped(metric, 0.0)
    above = math.inf if source.above is None else source.above
    below = -math.inf if source.below is None else source.below

    def read(execution: Execution | None, outcomes: Outcomes) -> float | None:
        number = read_number(execution, outcomes)
        if number is None:
            return None
        if number == math.inf:
            return failed
        return yes if number > above or number < below else no

    return read


def _capped(metric: Metric, number: float) -> float:
    return min(max(number, metric.lo), metric.hi)


UNREADABLE = "\x00unreadable"
"""An answer without the field that the metric reads: nonsense counts as a failure, for either arm."""


def answer_of(field: str | None) -> Callable[[Execution, Outcomes], str | None]:
    """The answer's text. A person's answer comes later, as the outcome `incumbent_answer`: None until then."""

    def text_of(execution: Execution, outcomes: Outcomes) -> str | None:
        answer = execution.value
        if answer is None:
            if execution.arm != "incumbent" or (reported := outcomes.get(INCUMBENT_ANSWER)) is None:
                return None
            answer = reported if isinstance(reported, str) else msgspec.json.encode(reported).decode()
        return _scalar(answer) if field is None else _field(answer, field)

    return text_of


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
    return _text_read(_reader(field), json_text)


@lru_cache(maxsize=256)
def _reader(field: str) -> Callable[[str], Any]:
    """Reads an object's value under one key, None where there is none; the other values are passed over, not built."""
    kept = msgspec.defstruct("Kept", [("value", Any, None)], rename={"value": field})
    decode = msgspec.json.Decoder(kept).decode
    return lambda json_text: decode(json_text).value  # type: ignore[attr-defined]


def _text_read(read: Callable[[str], Any], json_text: str) -> str:
    try:
        value = read(json_text)
    except msgspec.DecodeError:
        return UNREADABLE
    if value is True:
        return "true"
    if value is False:
        return "false"
    return UNREADABLE if value is None else scalar_text(value)


def answer_texts(json_texts: Sequence[str], field: str | None) -> list[str]:
    """What answers are compared by: the texts of scalars, or of one key of objects."""
    if field is None:
        return [_scalar(text) for text in json_texts]
    # Many different answers would only push one another out of the cache.
    read = _reader(field)
    return [_text_read(read, text) for text in json_texts]


def scalar_text(value: Any) -> str:  # noqa: ANN401 - an outcome is any JSON value
    """An outcome's value as answers are compared: the text of a scalar's JSON without quotes."""
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
