"""What users told of answers: outcomes of the kind `feedback`, summed up. Pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from pilotage.evidence.measurements import Asking, FeedbackSeen
from pilotage.runtime.records import Outcome

MICROS = 1_000_000
IN_WORDS = ("comment", "reason")
EDGE_CASE = "edge_case"
WHOLE = "feedback"


class Told(Struct, frozen=True, kw_only=True):
    """What was told about one call, in the order told: the last word on each point."""

    call: str
    first_us: int
    last_us: int
    asking_us: int | None = None
    action: str | None = None
    rating: float | None = None
    comment: str = ""
    override: str = ""
    reason: str = ""
    edge_case: bool = False
    reporter: str = ""


def told(outcomes: Iterable[Outcome]) -> tuple[Told, ...]:
    """What was told, call by call, what was told last first."""
    calls: dict[str, dict[str, Any]] = {}
    for one in sorted(outcomes, key=lambda outcome: (outcome.at_us, outcome.outcome_id)):
        held = calls.setdefault(one.call_id, {"call": one.call_id, "first_us": one.at_us, "asking_us": None})
        held["last_us"] = one.at_us
        held["reporter"] = one.reporter or held.get("reporter", "")
        for name, value in _points(one):
            found = _understood(name, value)
            if found is not None:
                held[name] = found
                if name in {*IN_WORDS, EDGE_CASE} and found and held["asking_us"] is None:
                    held["asking_us"] = one.at_us
    return tuple(Told(**held) for held in sorted(calls.values(), key=lambda held: held["last_us"], reverse=True))


def _points(outcome: Outcome) -> Iterator[tuple[str, Any]]:
    """What an outcome tells: one point by its name, or several at once where `feedback` is an object of them."""
    value = _value(outcome.value)
    if outcome.name == WHOLE and isinstance(value, dict):
        yield from value.items()
    else:
        yield outcome.name, value


def _value(text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _understood(name: str, value: Any) -> Any:  # noqa: ANN401 - one of the fields of Told
    """What a point of feedback says; None for what it cannot mean."""
    match name:
        case "rating":
            number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            return float(value) if number else None
        case "edge_case":
            return value is True
        case "action":
            return value if isinstance(value, str) else None
        case "comment" | "reason" | "override":
            return value if isinstance(value, str) else msgspec.json.encode(value).decode()
        case _:
            return None


def seen(calls: Iterable[Told], since: dt.datetime, *, complete: bool = True) -> FeedbackSeen:
    """What was told since then, in figures."""
    found = list(calls)
    actions: dict[str, int] = {}
    for one in found:
        if one.action is not None:
            actions[one.action] = actions.get(one.action, 0) + 1
    ratings = [one.rating for one in found if one.rating is not None]
    return FeedbackSeen(
        since=since,
        calls=len(found),
        actions=dict(sorted(actions.items())),
        rated=len(ratings),
        rating=math.fsum(ratings) / len(ratings) if ratings else None,
        judged=sum(one.action is not None or one.rating is not None for one in found),
        edge_cases=sum(one.edge_case for one in found),
        newest_at=max((moment(one.last_us) for one in found), default=None),
        asking=tuple(Asking(call=one.call, at=moment(one.asking_us)) for one in found if one.asking_us is not None),
        complete=complete,
    )


def moment(at_us: int) -> dt.datetime:
    """The moment that microseconds since 1970 stand for."""
    return dt.datetime.fromtimestamp(at_us / MICROS, dt.UTC)
