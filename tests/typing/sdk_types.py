"""What an application may rely on of the SDK's types. Checked by mypy, never run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Literal, assert_type

import pilotage
from pilotage.runtime.packing import Part

triage = pilotage.workload("ticket-triage", url=None, token=None, home="x", source="replay", environment="production")
assert_type(triage, pilotage.Workload)


@triage.incumbent
def rules(ticket: dict[str, str]) -> str:
    """An incumbent keeps its own type."""
    return ticket["text"]


@triage.candidate(release="2026.11.2", digest="d", artifacts=["weights.bin"], timeout_ms=250)
async def model(ticket: dict[str, str]) -> pilotage.Answer:
    """So does a candidate, async or not."""
    return pilotage.Answer(ticket["text"], confidence=0.9, tokens_in=1, tokens_out=1, cost_usd=0.1, detail=[1])


@triage.redact
def mask(value: Any, part: Part) -> Any:
    """A redactor gets the value and where it stands."""
    return value if part == "output" else None


@triage.scorer("length")
def length(ticket: Any, value: Any) -> float:
    """A scorer gives a number."""
    return float(len(ticket) + len(value))


@triage.trainer
def train() -> None:
    """A trainer is anything that can be called."""


assert_type(rules({"text": "x"}), str)
function: Callable[[Any, Any], float] = length

answer = triage.call({"text": "x"}, unit="customer-831", cohort="berlin", segment={"language": "de"})
assert_type(answer, pilotage.Answer)
assert_type(answer.arm, Literal["incumbent", "candidate"])
assert_type(answer.release, str | None)
assert_type(answer.fallback, str | None)
assert_type(answer.call_id, str)
assert_type(answer.confidence, float | None)
triage.call("x", source="replay", at=dt.datetime.now(dt.UTC), call_id="0" * 32)
triage.outcome(answer.call_id, "label", "billing", at=dt.datetime.now(dt.UTC), reporter="desk", basis="independent")
triage.incumbent_answer(answer.call_id, "billing", handling_minutes=3.5)
triage.feedback(answer.call_id, action="overridden", rating=-1, comment="no", override="billing", reason="invoice")


async def ask() -> pilotage.Answer:
    """An async call gives the same answer."""
    return await triage.acall("x", unit="customer-831")


assert_type(triage.exposure.mode, Literal["none", "shadow", "suggest", "live"])
assert_type(triage.lease is None, bool)
assert_type(triage.counters(), dict[str, int])
assert_type(triage.wait_for_lease(1.0), bool)
assert_type(triage.flush(1.0), bool)
assert_type(pilotage.flush(1.0), bool)
assert_type(pilotage.release_digest(rules, ["weights.bin"]), str)

triage.call("x", source="test")  # type: ignore[arg-type]
triage.feedback("0" * 32, action="ignored")  # type: ignore[arg-type]
pilotage.workload("x", source="live")  # type: ignore[arg-type]
