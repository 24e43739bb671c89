"""What a call answers, and what an arm may answer with: the value and how it came about."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from pilotage.runtime.records import Arm


class Account(Struct, frozen=True, kw_only=True):
    """What an arm may report of its own work beside the value. Costs in US dollars; `detail` is any JSON value."""

    confidence: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    detail: Any = None


class Answer(Account, frozen=True):
    """A value with its account: `Answer(value, confidence=…)` from an arm, and what `call` returns.

    The runtime fills the other fields: `arm` that served, `release` of it (None for the incumbent), `fallback`
    (None, or why the candidate's answer is missing although the exposure would have given it), `suggestion`
    (the candidate's value in suggest mode) and `call_id`, the handle for everything that is learned later, which
    is kept as a `number` until somebody asks.
    """

    value: Any
    arm: Arm = "candidate"
    release: str | None = None
    fallback: str | None = None
    number: int = -1
    suggestion: Any = None

    @property
    def call_id(self) -> str:
        """128 bits in hexadecimal; "" for an answer that no call has given."""
        return f"{self.number:032x}" if self.number >= 0 else ""
