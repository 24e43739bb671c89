"""What pages keep of each workload: made anew at once when its record changes, and bit by bit as it grows old."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from pilotage.record.workload import Workload
from pilotage.workflow.clock import Clock
from pilotage.workflow.desk import Judgement

FRESH_S = 30.0
STALE_S = 600.0
ANEW_MAX = 25
Made = TypeVar("Made")


class _One(Struct, Generic[Made], frozen=True):
    """What was made of one workload, from which record and when; real time too, should time be simulated."""

    workload: Workload
    at: dt.datetime
    real_s: float
    made: Made


class Kept(Generic[Made]):
    """Something made of every workload. A thousand of them are not made anew for each page.

    What a changed record says is in it at once. What only time or traffic changes is made anew once it is `FRESH_S`
    old, at most `ANEW_MAX` workloads a page, the oldest first; nothing older than `STALE_S` is given.
    """

    def __init__(self) -> None:
        self._held: dict[str, _One[Made]] = {}

    def of(
        self, judgements: Sequence[Judgement], clock: Clock, make: Callable[[Judgement, dt.datetime], Made]
    ) -> list[Made]:
        """What is made of each workload, in the order of the judgements."""
        now, real_s = clock.now(), clock.real()
        old: list[tuple[float, Judgement]] = []
        for judgement in judgements:
            held = self._held.get(judgement.workload.slug)
            age_s = STALE_S if held is None else _age_s(held, now, real_s)
            if held is None or held.workload is not judgement.workload or not 0 <= age_s < STALE_S:
                self._keep(judgement, now, real_s, make)
            elif age_s >= FRESH_S:
                old.append((age_s, judgement))
        old.sort(key=lambda pair: -pair[0])
        for _, judgement in old[:ANEW_MAX]:
            self._keep(judgement, now, real_s, make)
        return [self._held[judgement.workload.slug].made for judgement in judgements]

    def _keep(
        self, judgement: Judgement, now: dt.datetime, real_s: float, make: Callable[[Judgement, dt.datetime], Made]
    ) -> None:
        self._held[judgement.workload.slug] = _One(judgement.workload, now, real_s, make(judgement, now))


def _age_s(held: _One[Made], now: dt.datetime, real_s: float) -> float:
    """How old something is by the clock that ran further; a clock that was set back makes it too old."""
    passed, real = (now - held.at).total_seconds(), real_s - held.real_s
    return STALE_S if passed < 0 or real < 0 else max(passed, real)
