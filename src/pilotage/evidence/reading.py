"""The reading list: which disagreements teach most, and in which order to read them. Pure.

Where both arms agree, reading teaches little; where they differ, one of them is wrong. The order is fixed and simple:

1. `candidate_worse`: the label speaks for the incumbent. The surest of its mistakes first, then the costliest.
2. `candidate_better`: the label speaks for the candidate. What it gains most on first, then the least sure.
3. `neither`: both came to the same value. Those nearest to a confidence of one half first.
4. `unlabelled`: no label yet. The surest first: one of the two is surely wrong there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from msgspec import Struct

from pilotage.evidence.readers import Outcomes, answer_of, reader
from pilotage.evidence.values import orientation
from pilotage.playbook.metrics import Metric
from pilotage.runtime.records import Call, Execution

EACH = 25
ReadingGroup = Literal["candidate_worse", "candidate_better", "neither", "unlabelled"]
GROUPS: tuple[ReadingGroup, ...] = get_args(ReadingGroup)


class Disagreement(Struct, frozen=True, kw_only=True):
    """One call to read. `gain` is what the candidate is better by, in the metric's unit and oriented; None without a
    label. Answers are as they are compared; `why` says in words why it is in the list.
    """

    call_id: str
    at_us: int
    unit: str
    group: ReadingGroup
    incumbent: str
    candidate: str
    confidence: float | None
    gain: float | None
    why: str


class ReadingList(Struct, frozen=True, kw_only=True):
    """The calls to read, in order; `found` counts the disagreements of each group among those looked at."""

    looked_at: int
    found: dict[str, int]
    calls: tuple[Disagreement, ...]


def reading_list(
    metric: Metric, field: str | None, calls: Iterable[tuple[Call, Outcomes]], *, each: int = EACH
) -> ReadingList:
    """The list from calls on which the arms differ, at most `each` of a group; `field` is what is compared."""
    read, text_of = reader(metric), answer_of(field)
    groups: dict[ReadingGroup, list[Disagreement]] = {group: [] for group in GROUPS}
    looked_at = 0
    for call, outcomes in calls:
        arms = _arms(call)
        if arms is None:
            continue
        looked_at += 1
        incumbent, candidate = arms
        mine, theirs = read(candidate, outcomes), read(incumbent, outcomes)
        gain = None if mine is None or theirs is None else orientation(metric) * (mine - theirs)
        group = _group(gain)
        groups[group].append(
            Disagreement(
                call_id=call.call_id,
                at_us=call.at_us,
                unit=call.unit or "",
                group=group,
                incumbent=_shown(text_of(incumbent, outcomes)),
                candidate=_shown(text_of(candidate, outcomes)),
                confidence=candidate.confidence,
                gain=gain,
                why=_why(group, gain, candidate.confidence, metric),
            )
        )
    return ReadingList(
        looked_at=looked_at,
        found={group: len(held) for group, held in groups.items()},
        calls=tuple(one for group in GROUPS for one in sorted(groups[group], key=_order)[:each]),
    )


def _arms(call: Call) -> tuple[Execution, Execution] | None:
    served, beside = call.served, call.beside
    if beside is None or served.arm == beside.arm:
        return None
    return (served, beside) if served.arm == "incumbent" else (beside, served)


def _group(gain: float | None) -> ReadingGroup:
    if gain is None:
        return "unlabelled"
    return "candidate_worse" if gain < 0.0 else "candidate_better" if gain > 0.0 else "neither"


def _order(one: Disagreement) -> tuple[float, float, int, str]:
    """What comes first within a group; an unknown confidence counts as one half, and newer ones come before older."""
    sure = 0.5 if one.confidence is None else one.confidence
    gain = one.gain or 0.0
    match one.group:
        case "candidate_worse":
            first = (-sure, gain)
        case "candidate_better":
            first = (-gain, sure)
        case "neither":
            first = (abs(sure - 0.5), 0.0)
        case "unlabelled":
            first = (-sure, 0.0)
    return (*first, -one.at_us, one.call_id)


def _shown(answer: str | None) -> str:
    return "" if answer is None else answer.replace("\x00", "")


def _why(group: ReadingGroup, gain: float | None, confidence: float | None, metric: Metric) -> str:
    sure = "" if confidence is None else f", and it was {confidence:.0%} sure"
    match group:
        case "candidate_worse":
            return f"The candidate's answer was worse by {abs(gain or 0.0):g} {metric.unit}{sure}."
        case "candidate_better":
            return f"The candidate's answer was better by {gain or 0.0:g} {metric.unit}{sure}."
        case "neither":
            return f"They differ and came to the same value{sure}."
        case "unlabelled":
            return f"They differ and no label says yet who was right{sure}."
