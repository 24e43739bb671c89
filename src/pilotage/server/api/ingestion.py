"""Taking in calls and outcomes: the answer comes when they are durable, and sending twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from litestar.response import Response

from pilotage.runtime.records import CallBatch, Outcome, OutcomeBatch, PackedCallBatch, PackedOutcomeBatch
from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest, decoded_json, decoded_msgpack, unpacked
from pilotage.server.auth.access import RECORD_BOUND
from pilotage.server.auth.identity import current_identity
from pilotage.server.description.endpoint import JSON, MSGPACK, Answer, endpoint
from pilotage.server.description.examples import CALL_BATCH, OUTCOME_BATCH
from pilotage.server.parts import Parts, parts_of
from pilotage.server.problems import HttpProblem, field_problem
from pilotage.server.threads import run_in
from pilotage.storage.protocols import Accepted

WIRE_BYTES_MAX = 16_000_000
PLAIN_BYTES_MAX = 64_000_000
_SHOWN_LETTERS = 40
TAKEN = Answer(of=Accepted, means="How many are stored now, and how many were stored before. They are durable.")

Batch = TypeVar("Batch", CallBatch, OutcomeBatch)


class _Form(NamedTuple, Generic[Batch]):
    """What a batch may come as."""

    kind: type[Batch]
    plain: msgspec.json.Decoder[Batch]
    packed: msgspec.msgpack.Decoder[Any]


_CALLS = _Form(CallBatch, msgspec.json.Decoder(CallBatch), msgspec.msgpack.Decoder(PackedCallBatch))
_OUTCOMES = _Form(OutcomeBatch, msgspec.json.Decoder(OutcomeBatch), msgspec.msgpack.Decoder(PackedOutcomeBatch))


@endpoint(
    "POST",
    "/api/v1/calls",
    operation="recordCalls",
    tag="Runtime",
    access=RECORD_BOUND,
    body=CallBatch,
    body_media={JSON: CallBatch, MSGPACK: PackedCallBatch},
    body_example=CALL_BATCH,
    body_bytes_max=WIRE_BYTES_MAX,
    answers={200: TAKEN},
    refusals=(422,),
)
async def record_calls(request: AnyRequest) -> Response[bytes]:
    """Store a batch of calls of one workload, declared or not.

    The body may be compressed: `Content-Encoding: zstd`. MessagePack takes the packed form: each call and execution
    an array in the order of the fields. A call id stored before is a duplicate and changes nothing. A demonstration
    refuses calls whose source is `real`.
    """
    received = await _received(request)
    parts, bound = parts_of(request), current_identity(request).workload
    slug, taken = await run_in(parts.threads.ingesting, _store_calls, parts, received, bound)
    parts.changes.traffic(slug)
    return json_answer(taken)


@endpoint(
    "POST",
    "/api/v1/outcomes",
    operation="recordOutcomes",
    tag="Runtime",
    access=RECORD_BOUND,
    body=OutcomeBatch,
    body_media={JSON: OutcomeBatch, MSGPACK: PackedOutcomeBatch},
    body_example=OUTCOME_BATCH,
    body_bytes_max=WIRE_BYTES_MAX,
    answers={200: TAKEN},
    refusals=(422,),
)
async def record_outcomes(request: AnyRequest) -> Response[bytes]:
    """Store a batch of outcomes of one workload's calls; they may come before their call.

    The body may be compressed: `Content-Encoding: zstd`. MessagePack takes each outcome as an array.
    """
    received = await _received(request)
    parts, bound = parts_of(request), current_identity(request).workload
    slug, taken = await run_in(parts.threads.ingesting, _store_outcomes, parts, received, bound)
    parts.changes.traffic(slug)
    return json_answer(taken)


class _Received(NamedTuple):
    data: bytes
    kind: str
    encoding: str | None


async def _received(request: AnyRequest) -> _Received:
    kind = request.content_type[0]
    if kind not in {JSON, MSGPACK}:
        raise HttpProblem(415, "unsupported-media-type", f"Send the batch as {MSGPACK} or {JSON}.")
    return _Received(await request.body(), kind, request.headers.get("content-encoding"))


def _store_calls(parts: Parts, received: _Received, bound: str | None) -> tuple[str, Accepted]:
    with _metered(parts, "calls"):
        batch = _opened(received, _CALLS, bound)
        if parts.workspace.demonstration and any(call.source == "real" for call in batch.calls):
            raise field_problem(
                422,
                "real-in-demonstration",
                "calls.source",
                "This is a demonstration: it takes no real traffic. Send source replay or synthetic.",
            )
        taken = parts.workspace.calls.append_calls(batch.workload, batch.calls, batch.counters, batch.runtime)
    parts.meters.calls.inc(taken.accepted)
    parts.meters.duplicates.labels("calls").inc(taken.duplicates)
    return batch.workload, taken


def _store_outcomes(parts: Parts, received: _Received, bound: str | None) -> tuple[str, Accepted]:
    with _metered(parts, "outcomes"):
        batch = _opened(received, _OUTCOMES, bound)
        _refuse_what_is_no_json(batch.outcomes)
        taken = parts.workspace.calls.append_outcomes(batch.workload, batch.outcomes)
    parts.meters.outcomes.inc(taken.accepted)
    parts.meters.duplicates.labels("outcomes").inc(taken.duplicates)
    return batch.workload, taken


def _refuse_what_is_no_json(outcomes: Sequence[Outcome]) -> None:
    """A value that no JSON reader can read, such as NaN, would be missing for good without anybody noticing."""
    for row, outcome in enumerate(outcomes):
        try:
            msgspec.json.decode(outcome.value, type=msgspec.Raw)
        except msgspec.DecodeError:
            shown = outcome.value[:_SHOWN_LETTERS]
            raise field_problem(
                422,
                "not-json",
                f"outcomes[{row}].value",
                f"{shown!r} is not JSON; send one encoded value, such as 3.5, true or a text in quotes. "
                "Nothing of the batch was taken.",
            ) from None


def _opened(received: _Received, form: _Form[Batch], bound: str | None) -> Batch:
    data = unpacked(received.data, received.encoding, PLAIN_BYTES_MAX)
    if received.kind == MSGPACK:
        batch: Batch = decoded_msgpack(data, form.packed)
    else:
        batch = decoded_json(data, form.plain, form.kind)
    if bound not in {None, batch.workload}:
        raise field_problem(403, "other-workload", "workload", f"This token is bound to {bound}.")
    return batch


@contextmanager
def _metered(parts: Parts, what: str) -> Iterator[None]:
    """Count the batch by what becomes of it, and time it."""
    try:
        with parts.meters.ingestion.time():
            yield
    except Exception:
        parts.meters.batches.labels(what, "refused").inc()
        raise
    parts.meters.batches.labels(what, "stored").inc()
