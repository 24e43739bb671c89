"""What is learned about a call later, as rows for the recorder."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, get_args

from pilotage.runtime.errors import InvalidUse
from pilotage.runtime.identity import checked_call_id, checked_name, replayed_outcome_id
from pilotage.runtime.packing import SHORT, OutcomeRow
from pilotage.runtime.records import Action, Basis, OutcomeKind
from pilotage.runtime.snapshot import snapshot, spelt_out
from pilotage.runtime.turn import microseconds

UNENCODABLE = '"unencodable"'
BASES: tuple[Basis, ...] = ("independent", "after_suggestion", "candidate", "incumbent")


class Learned(NamedTuple):
    """One thing that was learned."""

    kind: OutcomeKind
    name: str
    value: object
    basis: Basis = ""


def outcome_rows(
    call_id: str,
    learned: Iterable[Learned],
    *,
    at: dt.datetime | None,
    reporter: str,
    now_ns: int,
    mint: Callable[[], int],
) -> Iterator[OutcomeRow]:
    """The rows, each with its id: a new one, or for a stated time (a replay) the same as in every other replay.
    Raises `InvalidUse`, before the first row.
    """
    checked_call_id(call_id)
    items = [*learned]
    if not items:
        raise InvalidUse(
            "nothing-given", "feedback", "give at least one of action, rating, comment, override, reason, edge_case"
        )
    for item in items:
        checked_name(item.name)
        if item.kind == "feedback" and item.name == "action" and item.value not in get_args(Action):
            raise InvalidUse("bad-action", "action", f"{item.value!r} is not one of {', '.join(get_args(Action))}")
        if item.basis and item.basis not in BASES:
            raise InvalidUse("bad-basis", "basis", f"{item.basis!r} is not one of {', '.join(BASES)}")
    at_us = now_ns // 1000 if at is None else microseconds(at)
    for item in items:
        outcome_id = f"{mint():x}" if at is None else replayed_outcome_id(call_id, item.name, at_us)
        value = snapshot(item.value) or UNENCODABLE
        yield (outcome_id, call_id, item.name, value, at_us, item.kind, spelt_out(reporter)[:SHORT], item.basis)
