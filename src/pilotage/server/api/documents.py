"""Documents of a workload, as PDF and as HTML from the same source."""

from __future__ import annotations

from litestar.params import FromPath
from litestar.response import Response

from pilotage.reports.documents.page import policy
from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.audit_pack import audit_pack
from pilotage.workflow.documents import MEDIA, DocumentListed, Made, listed, made

DIGEST = {"Pilotage-Document-Digest": "SHA-256 over the canonical JSON of what the document says; in its footer too."}

ZIP = "application/zip"
HEAD = {"Pilotage-Tree-Head": "The tree head over the whole ledger that the pack's entries are proven in."}


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}/documents",
    operation="listDocuments",
    tag="Documents",
    access=READ,
    answers={200: Answer(of=tuple[DocumentListed, ...], means="The documents.")},
    refusals=(404,),
)
async def list_documents(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """List the documents of a workload, and which of them can be made now."""
    workload = await run_in(parts_of(request).threads.reading, workspace_of(request).desk.load, slug)
    return json_answer(listed(workload))


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}/documents/{file}",
    operation="getDocument",
    tag="Documents",
    access=READ,
    answers={200: Answer(of=None, means="The document.", media=tuple(MEDIA.values()), headers=DIGEST)},
    refusals=(404,),
)
async def get_document(request: AnyRequest, slug: FromPath[str], file: FromPath[str]) -> Response[bytes]:
    """Make a document of a workload.

    `file` is its id with the form that is asked for: `charter.pdf` or `charter.html`.
    """
    document, _, form = file.rpartition(".")
    return as_file(await run_in(parts_of(request).threads.reading, made, workspace_of(request), slug, document, form))


@endpoint(
    "GET",
    "/api/v1/workloads/{slug}/audit-pack",
    operation="getAuditPack",
    tag="Documents",
    access=READ,
    answers={200: Answer(of=None, means="The pack.", media=(ZIP,), headers=HEAD)},
    refusals=(404,),
)
async def get_audit_pack(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Make the audit pack of a workload: its part of the ledger, what was frozen, every document, and a verifier."""
    found = await run_in(parts_of(request).threads.reading, audit_pack, workspace_of(request), slug)
    headers = {"Content-Disposition": f'attachment; filename="{found.name}"', "Pilotage-Tree-Head": found.root}
    return Response(found.content, media_type=ZIP, headers=headers)


def as_file(found: Made) -> Response[bytes]:
    """A document as an answer, shown where it is opened and saved under its own name."""
    headers = {
        "Content-Disposition": f'inline; filename="{found.name}"',
        "Pilotage-Document-Digest": found.digest,
        **({"Content-Security-Policy": policy()} if found.media == MEDIA["html"] else {}),
    }
    return Response(found.content, media_type=found.media, headers=headers)
