"""Where a missed target was missed: each segment's part in the gap, and the ways of being wrong. Pure.

The gap is the target less the estimate, per call. It is a mean over calls, so the segments of one key share it out
without a rest: each its share of the calls times its own gap.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from msgspec import Struct

from pilotage.evidence.betting import contrast
from pilotage.evidence.measurements import NotEstimable
from pilotage.evidence.moments import moments
from pilotage.evidence.readers import UNREADABLE, Outcomes, answer_of, reader, scalar_text
from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import AnswerEquals, LabelCost, LabelMatch, Metric, Target
from pilotage.runtime.records import Execution

REST = "(no segment)"
KINDS_SHOWN = 12
TIMED_OUT = frozenset({"timeout", "late"})

FailureName = Literal["error", "timeout", "unreadable", "wrong"]


class GapPart(Struct, frozen=True, kw_only=True):
    """One segment's part in the gap: `share` of the calls, its own `gap` per call of its own, and `part` = share x gap.

    Positive falls short. `of_gap` is the part as a share of the whole; None where nothing falls short.
    """

    segment: str
    key: str
    calls: int
    units: int
    share: float
    gap: float
    part: float
    of_gap: float | None


class Gap(Struct, frozen=True, kw_only=True, tag="gap"):
    """The gap per call under the target's form (for a share: in the metric's unit), and its parts by key."""

    gap: float
    calls: int
    unit: str
    parts: tuple[GapPart, ...]


class FailureKind(Struct, frozen=True, kw_only=True):
    """One way of failing, of the candidate: calls, and what they add up to against the best value that there can be.

    `answer` is what it answered, or the error's name; `label` what it ought to have been, where a label says so.
    """

    kind: FailureName
    answer: str
    label: str
    calls: int
    share: float
    loss: float


class Failures(Struct, frozen=True, kw_only=True):
    """The candidate's failures over the `judged` calls that were read, the costliest kind first."""

    judged: int
    kinds: tuple[FailureKind, ...]


def gap_of(target: Target, metric: Metric, whole: Totals, segments: Mapping[str, Totals]) -> Gap | NotEstimable:
    """The gap and its parts, from the totals of the series that the target is judged on. What no segment of a key
    holds is a part of its own, so that the parts of every key add up to the gap.
    """
    if whole.n <= 0:
        return NotEstimable(reason="No call of the attempt has a known value yet.")
    a, b, level = contrast(target, metric, target.target)
    gap = level - moments(whole, a, b, metric.shift).mean
    keys: dict[str, dict[str, Totals]] = defaultdict(dict)
    for name, totals in segments.items():
        if totals.n > 0:
            keys[name.partition("=")[0]][name] = totals
    parts: list[GapPart] = []
    for key, of_key in keys.items():
        rest = whole
        for totals in of_key.values():
            rest = rest - totals
        held = {**of_key, REST: rest} if rest.n > 0 else of_key
        for name, totals in held.items():
            own = level - moments(totals, a, b, metric.shift).mean
            share = totals.n / whole.n
            parts.append(
                GapPart(
                    segment=name,
                    key=key,
                    calls=round(totals.n),
                    units=max(round(totals.units), 0),
                    share=share,
                    gap=own,
                    part=share * own,
                    of_gap=share * own / gap if gap > 0.0 else None,
                )
            )
    parts.sort(key=lambda part: (part.key, -part.part, part.segment))
    return Gap(gap=gap, calls=round(whole.n), unit=metric.unit, parts=tuple(parts))


def failures(metric: Metric, calls: Iterable[tuple[Execution, Outcomes]]) -> Failures:
    """The ways in which the candidate failed: calls are its executions with the outcomes known of each; those whose
    value is not known are left out. What counts as a failure is any value short of the best.
    """
    best = metric.hi if metric.direction == "higher" else metric.lo
    read, told = reader(metric), _teller(metric)
    judged = 0
    count: Counter[_Kind] = Counter()
    lost: defaultdict[_Kind, float] = defaultdict(float)
    for execution, outcomes in calls:
        found = read(execution, outcomes)
        if found is None:
            continue
        judged += 1
        if found == best:
            continue
        kind = told(execution, outcomes)
        count[kind] += 1
        lost[kind] += abs(best - found)
    kinds = [
        FailureKind(kind=k, answer=answer, label=label, calls=n, share=n / judged, loss=lost[k, answer, label])
        for (k, answer, label), n in count.items()
    ]
    kinds.sort(key=lambda kind: (-kind.loss, kind.kind, kind.answer, kind.label))
    return Failures(judged=judged, kinds=tuple(kinds[:KINDS_SHOWN]))


_Kind = tuple[FailureName, str, str]


def _teller(metric: Metric) -> Callable[[Execution, Outcomes], _Kind]:
    """What to call a failure: by the error, else by the answer and the label, where the metric reads them."""
    source = metric.source
    text_of = answer_of(source.answer_field) if isinstance(source, LabelCost | LabelMatch | AnswerEquals) else None
    name = source.label if isinstance(source, LabelCost | LabelMatch) else None

    def told(execution: Execution, outcomes: Outcomes) -> _Kind:
        label = scalar_text(outcomes[name]) if name is not None and name in outcomes else ""
        if execution.error:
            return "timeout" if execution.error in TIMED_OUT else "error", execution.error, ""
        answer = text_of(execution, outcomes) if text_of is not None else ""
        if answer is None or answer == UNREADABLE:
            return "unreadable", "", label
        return "wrong", answer, label

    return told
