"""Blind reviews: somebody judges two answers without being told which arm gave which. Pure.

Which pair is put before whom, and in which order, follows from a secret of the server: neither is the reader's choice.
The reader says which of the two is better; the order that the server alone knows turns that into an arm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct, structs

from pilotage.record.areas.area import Area
from pilotage.record.errors import Problem, Refused
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.texts import Said, Text

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Workload

Better = Literal["first", "second", "same"]
Preferred = Literal["candidate", "incumbent", "same"]


class JudgePair(Struct, frozen=True, kw_only=True, tag="judge_pair", forbid_unknown_fields=True):
    """Judge the two answers that are put before you: whether the first is better, the second, or neither."""

    pair: Annotated[
        str, Meta(pattern="^[0-9a-f]{32}$", description="the pair that is put before you, by the name it was given")
    ]
    better: Annotated[Better, Meta(description="which of the two answers is better")]
    reason: Annotated[Said, Meta(description="why")]


class PairJudged(Struct, frozen=True, kw_only=True, tag="pair_judged"):
    """A pair was judged blind: of which call and attempt, which arm's answer stood first, and whose is better."""

    call: str
    attempt: int
    first: Literal["candidate", "incumbent"]
    preferred: Preferred
    reason: Text


BlindFact = PairJudged
BlindCommand = JudgePair


class BlindReviewing(Struct, frozen=True, kw_only=True):
    """The pairs that were judged, by call: each once, so that pairs are independent of each other."""

    judged: dict[str, Standing[PairJudged]] = {}

    def of_attempt(self, number: int) -> tuple[Standing[PairJudged], ...]:
        """What was judged of an attempt's pairs."""
        return tuple(one for one in self.judged.values() if one.fact.attempt == number)


def judge_pair(workload: Workload, command: JudgePair, context: Context) -> list[PairJudged]:
    """Only a pair that the server put before this person, and only while nobody has judged it."""
    shown = context.pair
    if shown is None or shown.pair != command.pair or shown.call in workload.blind.judged:
        message = "This pair was not put before you, or was judged meanwhile; take the next one from the Feedback page."
        raise Refused([Problem(code="not-your-pair", field="pair", message=message)])
    second: Preferred = "incumbent" if shown.first == "candidate" else "candidate"
    arms: dict[str, Preferred] = {"first": shown.first, "second": second, "same": "same"}
    return [
        PairJudged(
            call=shown.call,
            attempt=shown.attempt,
            first=shown.first,
            preferred=arms[command.better],
            reason=command.reason,
        )
    ]


def _was_judged(state: BlindReviewing, fact: PairJudged, stamp: Stamp) -> BlindReviewing:
    return structs.replace(state, judged={**state.judged, fact.call: Standing(fact=fact, stamp=stamp)})


AREA = Area(
    name="blind",
    rules={JudgePair: judge_pair},
    folds={PairJudged: _was_judged},
    # Whoever built the candidate knows its answers by their ways.
    permitted={"judge_pair": frozenset({"owner", "sponsor", "operator", "reviewer"})},
)
