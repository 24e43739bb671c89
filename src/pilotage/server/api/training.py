"""Completions of training from a learning system: batches that may be sent again."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta, Struct

from pilotage.record.areas.change import ShortName
from pilotage.record.areas.training import BATCH_MAX, Learner, RecordCompletions, TrainingCompleted
from pilotage.record.errors import Refused
from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest, body_of
from pilotage.server.auth.access import COMMAND
from pilotage.server.carrying_out import carry_out
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.desk import recorded_of
from pilotage.workflow.workspace import Workspace


class CompletionJson(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody of an audience completed a module. Who it was is an opaque id of the learning system's own."""

    learner: Learner
    audience: ShortName
    module: ShortName
    completed_on: dt.date


class CompletionBatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Completions, in any order."""

    completions: Annotated[tuple[CompletionJson, ...], Meta(min_length=1, max_length=BATCH_MAX)]


class CompletionsTaken(Struct, frozen=True, kw_only=True):
    """How many completions are on the record now, and how many were before; `ledger` is the entry written, if any."""

    workload: str
    recorded: int
    known: int
    ledger: int | None


EXAMPLE = CompletionBatch(
    completions=(
        CompletionJson(learner="lms-20417", audience="desk", module="intro", completed_on=dt.date(2026, 12, 2)),
        CompletionJson(learner="lms-20418", audience="desk", module="intro", completed_on=dt.date(2026, 12, 3)),
    )
)


@endpoint(
    "POST",
    "/api/v1/workloads/{slug}/training/completions",
    operation="takeCompletions",
    tag="Training",
    access=COMMAND,
    body=CompletionBatch,
    body_example=EXAMPLE,
    answers={
        200: Answer(
            of=CompletionsTaken,
            means="What is on the record now, durably.",
            example=CompletionsTaken(workload="ticket-triage", recorded=2, known=0, ledger=41),
        )
    },
    refusals=(404, 409, 422),
)
async def take_completions(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Record completions of training, as a learning system reports them.

    Sending a batch again changes nothing: what is on the record already is passed over. One completion that cannot be
    taken keeps the whole batch out, and every one that is wrong is named.
    """
    batch = await body_of(request, CompletionBatch)
    given = len(set(batch.completions))
    lines = (f"{one.learner}, {one.audience}, {one.module}, {one.completed_on}" for one in batch.completions)
    try:
        receipt = await carry_out(request, slug, RecordCompletions(completions=tuple(lines)))
    except Refused as refusal:
        if {problem.code for problem in refusal.problems} != {"no-change"}:
            raise
        return json_answer(CompletionsTaken(workload=slug, recorded=0, known=given, ledger=None))
    position = receipt.positions[0]
    recorded = await run_in(parts_of(request).threads.reading, _recorded, workspace_of(request), position)
    return json_answer(CompletionsTaken(workload=slug, recorded=recorded, known=given - recorded, ledger=position))


def _recorded(workspace: Workspace, position: int) -> int:
    (entry,) = workspace.ledger.read_all(position - 1, 1)
    return len(msgspec.convert(recorded_of(entry).fact, TrainingCompleted).completions)
