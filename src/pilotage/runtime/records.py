"""What a runtime records of each call and what is learned about it later: the wire format.

Pure types. The SDK sends the packed forms (MessagePack arrays); the HTTP interface also takes the
same records as JSON objects, which is why each packed type is a subclass of a plain one.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Arm = Literal["incumbent", "candidate"]
Source = Literal["real", "replay", "synthetic"]
Mode = Literal["none", "shadow", "suggest", "live"]
Action = Literal["accepted", "edited", "overridden"]
OutcomeKind = Literal["outcome", "incumbent_answer", "feedback"]
Basis = Annotated[
    Literal["", "independent", "after_suggestion", "candidate", "incumbent"],
    Meta(
        description="where it is known from: `independent` (from the world, or somebody who saw neither answer), "
        "`after_suggestion` (given after seeing the candidate's answer), `candidate` or `incumbent` (that arm's own "
        "answer taken for the label, which counts for no metric); empty where nobody said"
    ),
]

CallId = Annotated[
    str,
    Meta(
        pattern="^[0-9a-f]{32}$",
        description="128 bits in hexadecimal: a random prefix per process and a counter",
    ),
]
JsonText = Annotated[str, Meta(description="one JSON value, encoded")]
Micros = Annotated[int, Meta(ge=0, le=2**53, description="microseconds since 1970-01-01T00:00Z")]
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z_][A-Za-z0-9_.-]*$")]
Short = Annotated[str, Meta(max_length=200)]


def begun_us(took_ns: int) -> int:
    """Nanoseconds as microseconds begun. The fastest arm took some time too: 0 says that nobody measured it."""
    return (took_ns + 999) // 1000 or 1


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One arm's run on a call. `error` is "" when it answered, else `timeout`, `late` or the error's class."""

    arm: Arm
    release: Short = ""
    value: JsonText | None = None
    latency_us: Annotated[int, Meta(ge=0, description="microseconds begun; 0 where it was not measured")] = 0
    error: Short = ""
    confidence: float | None = None
    tokens_in: Annotated[int, Meta(ge=0)] | None = None
    tokens_out: Annotated[int, Meta(ge=0)] | None = None
    cost_usd: Annotated[float, Meta(ge=0)] | None = None
    scores: dict[str, float] = {}
    detail: JsonText | None = None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request through the runtime: the execution that served, and the one beside it, if any.

    `assigned` is the arm that the unit's bucket gives under the lease's exposure (always the
    incumbent outside live), whatever then served. `stage` is the stratum the lease names: mode,
    percentage and evaluation attempt, so that strata are never pooled by accident.
    `unit` is a pseudonym ("" when the caller gave none). A candidate that failed while live is the
    `beside` execution with its error, and `fallback` says why the incumbent served.
    """

    call_id: CallId
    at_us: Micros
    served: Execution
    beside: Execution | None = None
    assigned: Arm = "incumbent"
    unit: Short = ""
    cohort: Short = ""
    segment: dict[str, str] = {}
    source: Source = "real"
    mode: Mode = "none"
    percent: Annotated[float, Meta(ge=0, le=100)] = 0.0
    stage: Short = "none/0"
    serial: Annotated[int, Meta(ge=0)] = 0
    fallback: Short = ""
    beside_dropped: bool = False
    added_us: Annotated[int, Meta(ge=0, description="time the caller waited beyond the serving arm")] = 0
    input: JsonText | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Something learned about a call later. The first `label` inside its window counts, unless it is one arm's own
    answer (`basis`).
    """

    outcome_id: CallId
    call_id: CallId
    name: Name
    value: JsonText
    at_us: Micros
    kind: OutcomeKind = "outcome"
    reporter: Short = ""
    basis: Basis = ""


class PackedExecution(Execution, frozen=True, array_like=True, kw_only=True):
    """`Execution` as a MessagePack array."""


class PackedCall(Call, frozen=True, array_like=True, kw_only=True):
    """`Call` as a MessagePack array."""

    served: PackedExecution
    beside: PackedExecution | None = None


class PackedOutcome(Outcome, frozen=True, array_like=True, kw_only=True):
    """`Outcome` as a MessagePack array."""


Slug = Annotated[str, Meta(pattern="^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$", description="a workload's short name")]


class CallBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Calls of one workload. `counters` are the runtime's running totals of what it dropped, by reason."""

    workload: Slug
    calls: Annotated[list[Call], Meta(max_length=20_000)]
    runtime: Short = ""
    counters: dict[str, int] = {}


class OutcomeBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes of one workload."""

    workload: Slug
    outcomes: Annotated[list[Outcome], Meta(max_length=20_000)]


class PackedCallBatch(CallBatch, frozen=True, kw_only=True):
    """`CallBatch` as sent by the SDK."""

    calls: Annotated[list[PackedCall], Meta(max_length=20_000)]  # type: ignore[assignment]


class PackedOutcomeBatch(OutcomeBatch, frozen=True, kw_only=True):
    """`OutcomeBatch` as sent by the SDK."""

    outcomes: Annotated[list[PackedOutcome], Meta(max_length=20_000)]  # type: ignore[assignment]
