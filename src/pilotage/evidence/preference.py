"""What blind reviews say: of the pairs in which one answer is better, how often it is the candidate's. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from pilotage.evidence.intervals import exact

LEVEL = 0.95


class Preference(Struct, frozen=True, kw_only=True):
    """How often each arm's answer was preferred. `share` is the candidate's of the pairs that were decided, with its
    exact 95 % interval; None while every pair is a tie, or there is none.
    """

    pairs: int
    candidate: int
    incumbent: int
    same: int
    share: float | None
    low: float | None
    high: float | None
    reason: str


def preference(preferred: Iterable[str]) -> Preference:
    """What the judgements of independent pairs come to: each `candidate`, `incumbent` or `same`."""
    judged = list(preferred)
    candidate, incumbent = judged.count("candidate"), judged.count("incumbent")
    decided, same = candidate + incumbent, judged.count("same")
    if decided == 0:
        why = (
            f"All {len(judged)} pairs were judged as good as each other." if judged else "No pair was judged blind yet."
        )
        return Preference(
            pairs=len(judged), candidate=0, incumbent=0, same=same, share=None, low=None, high=None, reason=why
        )
    low, high = exact(candidate, decided, LEVEL)
    return Preference(
        pairs=len(judged),
        candidate=candidate,
        incumbent=incumbent,
        same=same,
        share=candidate / decided,
        low=low,
        high=high,
        reason=f"Of {len(judged)} pairs, the candidate's answer was preferred in {candidate}, the incumbent's in "
        f"{incumbent}, and neither in {same}: {_said(low, high)}.",
    )


def _said(low: float, high: float) -> str:
    if low > 1 / 2:
        return "readers prefer the candidate"
    return "readers prefer the incumbent" if high < 1 / 2 else "too close to say whose answers readers prefer"
