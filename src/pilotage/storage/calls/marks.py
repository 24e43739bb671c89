"""What a call counts for in the traffic figures: one set of marks per call, tallied by stage and source. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntFlag
from typing import Any

import msgspec

from pilotage.evidence.labels import is_taken
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.values import MICROS_PER_HOUR
from pilotage.playbook.metrics import INCUMBENT_ANSWER
from pilotage.runtime.records import Call, Execution, Outcome

_ACTION = "action"


class Mark(IntFlag):
    """One thing that holds of a call. A field's `_DUE` mark says that the field ought to be there."""

    PAIRED = 1 << 0
    CANDIDATE_RAN = 1 << 1
    CANDIDATE_FAILED = 1 << 2
    CANDIDATE_SERVED = 1 << 3
    SUGGESTED = 1 << 4
    DROPPED = 1 << 5
    LABELLED = 1 << 6
    FEEDBACK = 1 << 7
    SHADOWED = 1 << 8
    LEAKED = 1 << 9
    INPUT = 1 << 10
    UNIT = 1 << 11
    OUTPUT = 1 << 12
    OUTPUT_DUE = 1 << 13
    LATENCY = 1 << 14
    LATENCY_DUE = 1 << 15
    CONFIDENCE = 1 << 16
    CONFIDENCE_DUE = 1 << 17
    ACTION = 1 << 18
    LABEL_INDEPENDENT = 1 << 19
    LABEL_AFTER = 1 << 20
    LABEL_UNSAID = 1 << 21
    LABEL_OWN = 1 << 22


# Arithmetic on IntFlag members costs a microsecond each; a call has twenty.
_PAIRED, _RAN, _FAILED, _SERVED, _SUGGESTED, _DROPPED, _LABELLED, _FEEDBACK, _SHADOWED, _LEAKED = (
    1 << bit for bit in range(10)
)
_INPUT, _UNIT, _OUTPUT, _OUTPUT_DUE, _LATENCY, _LATENCY_DUE, _CONFIDENCE, _CONFIDENCE_DUE, _ACTED = (
    1 << bit for bit in range(10, 19)
)
_INDEPENDENT, _AFTER, _UNSAID, _OWN = (1 << bit for bit in range(19, 23))
SAID = ("", "independent", "after_suggestion")
"""What a label that counts can be said to be known from."""
_MARK_OF = {"": _UNSAID, "independent": _INDEPENDENT, "after_suggestion": _AFTER}


class Known(msgspec.Struct, frozen=True):
    """What is known of a call from its outcomes: first values and their times by name, feedback, and action; where
    somebody said what such a value is known from; and when one arm's own answer was first given for one, which counts
    for nothing.
    """

    values: dict[str, str]
    at_us: dict[str, int]
    feedback_us: int | None = None
    acted: bool = False
    basis: dict[str, str] = {}
    own_us: dict[str, int] = {}

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> Known:
        """From a call's outcomes, earliest first; a later one of the same name is a correction and does not count."""
        values: dict[str, str] = {}
        at_us: dict[str, int] = {}
        basis: dict[str, str] = {}
        own_us: dict[str, int] = {}
        feedback_us = None
        acted = False
        for outcome in outcomes:
            if not is_taken(outcome.name, outcome.basis):
                own_us.setdefault(outcome.name, outcome.at_us)
            elif outcome.name not in values:
                values[outcome.name] = outcome.value
                at_us[outcome.name] = outcome.at_us
                if outcome.basis:
                    basis[outcome.name] = outcome.basis
            if outcome.kind == "feedback":
                feedback_us = outcome.at_us if feedback_us is None else feedback_us
                acted = acted or tells_action(outcome.name, outcome.value)
        return cls(values, at_us, feedback_us, acted, basis, own_us)


NOTHING_KNOWN = Known({}, {})


def tells_action(name: str, value: str) -> bool:
    """Whether feedback says what the person did."""
    if name == _ACTION:
        return True
    if _ACTION not in value:
        return False
    try:
        told: Any = msgspec.json.decode(value)
    except msgspec.DecodeError:
        return False
    return isinstance(told, Mapping) and told.get(_ACTION) is not None


class Marking:
    """Marks calls under one plan. A call is labelled when it has every outcome that the plan's shadow metrics wait for,
    each inside the window of its metric. What its labels are known from is told of every metric that reads one.
    """

    def __init__(self, plan: MeasurementPlan) -> None:
        self.awaited: dict[str, float] = {}
        self.labels: dict[str, float] = {}
        for metric in plan.metrics:
            for name in metric.labels - {INCUMBENT_ANSWER}:
                window_us = metric.window_hours * MICROS_PER_HOUR
                self.labels[name] = max(window_us, self.labels.get(name, 0.0))
            for name in metric.awaited if metric.observable == "shadow" else ():
                window_us = metric.window_hours * MICROS_PER_HOUR
                self.awaited[name] = max(window_us, self.awaited.get(name, 0.0))

    @property
    def label_window_us(self) -> int | None:
        """How long after a call its labels are due; None when the plan waits for none."""
        return int(max(self.awaited.values())) if self.awaited else None

    def labelled(self, call: Call, known: Known) -> bool:
        """Whether every awaited outcome came in time."""
        at_us = known.at_us
        if not at_us or not self.awaited:
            return False
        for name, window_us in self.awaited.items():
            if name not in at_us or at_us[name] - call.at_us > window_us:
                return False
        return True

    def marks(self, call: Call, known: Known) -> int:
        """The call's marks, as the sum of `Mark` values."""
        served, beside = call.served, call.beside
        marks = _of_execution(served, known)
        if beside is not None:
            marks = _together(marks, _of_execution(beside, known))
            if _pairs(served, beside, known):
                marks |= _PAIRED
        if served.arm == "candidate":
            marks |= _SERVED
        if call.mode == "suggest" and marks & _CONFIDENCE_DUE:
            marks |= _SUGGESTED
        elif call.mode == "shadow":
            marks |= _SHADOWED
            if served.arm == "candidate":
                marks |= _LEAKED
        if call.beside_dropped:
            marks |= _DROPPED
        if call.input is not None:
            marks |= _INPUT
        if call.unit:
            marks |= _UNIT
        return marks | self._learned(call, known) if known is not NOTHING_KNOWN else marks

    def _learned(self, call: Call, known: Known) -> int:
        marks = _LABELLED if self.labelled(call, known) else 0
        marks |= self._known_from(call, known)
        if known.feedback_us is not None:
            marks |= _FEEDBACK
        return marks | _ACTED if known.acted else marks

    def _known_from(self, call: Call, known: Known) -> int:
        """Of several labels the weakest tells: one given after a suggestion, then one of which nobody said."""
        marks = 0
        for name, window_us in self.labels.items():
            told_us, own_us = known.at_us.get(name), known.own_us.get(name)
            if told_us is not None and told_us - call.at_us <= window_us:
                marks |= _MARK_OF.get(known.basis.get(name, ""), _UNSAID)
            if own_us is not None and own_us - call.at_us <= window_us:
                marks |= _OWN
        if marks & _AFTER:
            return marks & ~(_UNSAID | _INDEPENDENT)
        return marks & ~_INDEPENDENT if marks & _UNSAID else marks


def _by_person(execution: Execution) -> bool:
    """Whether a person does the work: the runtime has no answer of theirs and timed nothing."""
    return execution.arm == "incumbent" and execution.value is None and not execution.latency_us


def _of_execution(execution: Execution, known: Known) -> int:
    is_candidate = execution.arm == "candidate"
    if execution.error:
        return _RAN | _FAILED if is_candidate else 0
    if not is_candidate and _by_person(execution):
        return _OUTPUT_DUE | _OUTPUT if INCUMBENT_ANSWER in known.values else _OUTPUT_DUE
    marks = _OUTPUT_DUE | _LATENCY_DUE
    if execution.value is not None:
        marks |= _OUTPUT
    if execution.latency_us:
        marks |= _LATENCY
    if is_candidate:
        marks |= _RAN | _CONFIDENCE_DUE
        if execution.confidence is not None:
            marks |= _CONFIDENCE
    return marks


def _together(one: int, other: int) -> int:
    """Both executions' marks. An answer or a confidence is there only when every execution that owes it gave it."""
    marks = one | other
    for mark, due in ((_OUTPUT, _OUTPUT_DUE), (_CONFIDENCE, _CONFIDENCE_DUE)):
        if (one & due and not one & mark) or (other & due and not other & mark):
            marks &= ~mark
    return marks


def _pairs(served: Execution, beside: Execution, known: Known) -> bool:
    """Whether the incumbent and the candidate both answered."""
    if served.arm == beside.arm or served.error or beside.error:
        return False
    incumbent = served if served.arm == "incumbent" else beside
    return not _by_person(incumbent) or INCUMBENT_ANSWER in known.values
