"""Which pair is put before whom to be judged blind, and in which order its answers stand.

Sample, turn and order are keyed hashes of the call under a secret of the workspace: the same for as long as the record
and the calls are, nobody's choice, and not to be guessed from what a reader is sent. Only pairs whose answers differ
are put before anybody, and of each unit one: those that agree would be ties, and pairs of one unit hang together.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Literal

from msgspec import Struct

from pilotage.evidence.readers import UNREADABLE, answer_of
from pilotage.record.context import PairShown
from pilotage.record.workload import Workload
from pilotage.runtime.records import Call, Execution
from pilotage.storage.protocols import CallFilter, CallStore, StoredCall
from pilotage.workflow.pairs import pairs_of

LOOKED_AT = 2000
PAGE = 1000
SAMPLE = 200
NAME_DIGITS = 32


class PairToJudge(Struct, frozen=True, kw_only=True):
    """A pair as it is put before somebody: its name for them, what was asked, and two answers, nobody's by name.

    `left` is how many pairs of the sample nobody has judged yet, this one included. A `pair` of None says why there is
    none in `reason`.
    """

    workload: str
    pair: str | None
    input: str = ""
    first: str = ""
    second: str = ""
    left: int = 0
    reason: str = ""


class _Pair(Struct, frozen=True):
    call: str
    unit: str
    input: str
    candidate: str
    incumbent: str


class BlindPairs:
    """Draws pairs. `seed_of` gives a workload's secret."""

    def __init__(self, *, calls: CallStore, seed_of: Callable[[str], bytes]) -> None:
        self._calls = calls
        self._seed_of = seed_of

    def next_for(self, workload: Workload, person: str) -> PairToJudge:
        """The pair that is put before a person now."""
        if workload.attempt is None:
            return PairToJudge(
                workload=workload.slug, pair=None, reason="No release has been declared for evaluation yet."
            )
        left = self._left(workload)
        if not left:
            why = "Every sampled pair was judged." if workload.blind.judged else "No pair is kept whose answers differ."
            return PairToJudge(workload=workload.slug, pair=None, reason=why)
        found = self._turn(workload, person, left)
        texts = {"candidate": found.candidate, "incumbent": found.incumbent}
        first = self._first(workload, person, found.call)
        second = "incumbent" if first == "candidate" else "candidate"
        return PairToJudge(
            workload=workload.slug,
            pair=self._name(workload, person, found.call),
            input=found.input,
            first=texts[first],
            second=texts[second],
            left=len(left),
        )

    def shown(self, workload: Workload, person: str, pair: str) -> PairShown | None:
        """What the server alone knows of a pair that it put before a person; None for a name that it never gave them.

        Calls that came since may have changed whose turn it is; the pair that was read is judged all the same.
        """
        attempt = workload.attempt
        for kept in self._kept(workload) if attempt else ():
            if attempt and hmac.compare_digest(self._name(workload, person, kept.call), pair):
                first = self._first(workload, person, kept.call)
                return PairShown(pair=pair, call=kept.call, attempt=attempt.number, first=first)
        return None

    def _left(self, workload: Workload) -> tuple[_Pair, ...]:
        """The sampled pairs that nobody judged, of units of which nothing was judged."""
        judged, units = workload.blind.judged, dict[str, _Pair]()
        kept = sorted(self._kept(workload), key=lambda pair: self._rank(workload, "sample", pair.call))
        done = {pair.unit for pair in kept if pair.call in judged and pair.unit}
        for pair in kept:
            if pair.call not in judged and pair.unit not in done:
                units.setdefault(pair.unit or pair.call, pair)
        return tuple(units.values())[: max(0, SAMPLE - len(workload.blind.of_attempt(_number(workload))))]

    def _kept(self, workload: Workload) -> Iterator[_Pair]:
        """The newest pairs of the attempt that are kept and whose answers can be read and differ."""
        if workload.attempt is None:
            return
        asked = pairs_of(workload, workload.attempt)
        where = CallFilter(stage=asked.stage, disagree=True, compared=asked.compared)
        cursor: str | None = None
        for _ in range(LOOKED_AT // PAGE):
            page = self._calls.search(workload.slug, where, cursor, PAGE)
            for stored in page.calls:
                if stored.call.source in asked.sources:
                    yield from _read(stored, asked.release, asked.compared)
            cursor = page.next
            if cursor is None:
                return

    def _turn(self, workload: Workload, person: str, left: tuple[_Pair, ...]) -> _Pair:
        """Each reader goes through the sample in an order of their own, so that two seldom meet."""
        return min(left, key=lambda pair: self._rank(workload, f"turn\0{person}", pair.call))

    def _first(self, workload: Workload, person: str, call: str) -> Literal["candidate", "incumbent"]:
        return "candidate" if self._rank(workload, f"order\0{person}", call)[0] & 1 else "incumbent"

    def _name(self, workload: Workload, person: str, call: str) -> str:
        return self._rank(workload, f"name\0{person}", call).hex()[:NAME_DIGITS]

    def _rank(self, workload: Workload, purpose: str, call: str) -> bytes:
        message = f"{purpose}\0{_number(workload)}\0{call}".encode()
        return hmac.new(self._seed_of(workload.slug), message, hashlib.sha256).digest()


def _number(workload: Workload) -> int:
    return workload.attempt.number if workload.attempt else 0


def _read(stored: StoredCall, release: str, compared: str | None) -> Iterator[_Pair]:
    call = stored.call
    runs = {run.arm: run for run in _runs(call)}
    candidate, incumbent = runs.get("candidate"), runs.get("incumbent")
    if candidate is None or incumbent is None or candidate.release != release or candidate.error or incumbent.error:
        return
    known: dict[str, str] = {}
    for outcome in sorted(stored.outcomes, key=lambda one: (one.at_us, one.outcome_id)):
        known.setdefault(outcome.name, outcome.value)
    text_of = answer_of(compared)
    theirs, ours = text_of(candidate, known), text_of(incumbent, known)
    if theirs is None or ours is None or UNREADABLE in {theirs, ours} or theirs == ours:
        return
    yield _Pair(call.call_id, call.unit or "", call.input or "", theirs, ours)


def _runs(call: Call) -> tuple[Execution, ...]:
    return (call.served,) if call.beside is None else (call.served, call.beside)
