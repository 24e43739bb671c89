"""The ledger's entries and their proof, and the keys that leases are signed with."""

from __future__ import annotations

from typing import Annotated

from litestar.response import Response
from msgspec import Meta, Struct

from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest, query_of
from pilotage.server.auth.access import PUBLIC, READ
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.storage.protocols import Entry, Verification


class EntriesQuery(Struct, frozen=True, kw_only=True):
    """Which entries."""

    after: Annotated[int, Meta(ge=0, le=2**53, description="the position after which to begin")] = 0
    limit: Annotated[int, Meta(ge=1, le=1000, description="how many to a page")] = 100


class EntriesJson(Struct, frozen=True, kw_only=True):
    """A page of entries in order; `next` is the `after` of the next page, null at the end."""

    entries: tuple[Entry, ...]
    next: int | None


class KeysJson(Struct, frozen=True, kw_only=True):
    """The Ed25519 key that checks this workspace's leases, 32 bytes in hexadecimal."""

    workspace: str
    demonstration: bool
    algorithm: str
    public_key: str


@endpoint(
    "GET",
    "/api/v1/ledger",
    operation="listEntries",
    tag="Ledger",
    access=READ,
    query=EntriesQuery,
    answers={200: Answer(of=EntriesJson, means="A page of entries.")},
)
async def list_entries(request: AnyRequest) -> Response[bytes]:
    """List the ledger's entries in order."""
    query = query_of(request, EntriesQuery)
    read_all = workspace_of(request).ledger.read_all
    entries = await run_in(parts_of(request).threads.reading, read_all, query.after, query.limit + 1)
    shown = entries[: query.limit]
    return json_answer(EntriesJson(entries=shown, next=shown[-1].position if len(entries) > len(shown) else None))


@endpoint(
    "GET",
    "/api/v1/ledger/verify",
    operation="verifyLedger",
    tag="Ledger",
    access=READ,
    answers={200: Answer(of=Verification, means="What the check found; no problems means that it holds.")},
)
async def verify_ledger(request: AnyRequest) -> Response[bytes]:
    """Recompute every hash, sequence and commitment of the ledger."""
    return json_answer(await run_in(parts_of(request).threads.reading, workspace_of(request).ledger.verify))


@endpoint(
    "GET",
    "/api/v1/keys",
    operation="getKeys",
    tag="Ledger",
    access=PUBLIC,
    answers={200: Answer(of=KeysJson, means="The public key.")},
)
async def get_keys(request: AnyRequest) -> Response[bytes]:
    """Show the public key that checks leases. It is no secret."""
    workspace = workspace_of(request)
    shown = KeysJson(
        workspace=workspace.workspace_id,
        demonstration=workspace.demonstration,
        algorithm="Ed25519",
        public_key=workspace.public_key,
    )
    return json_answer(shown)
