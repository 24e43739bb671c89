"""The documents of a workload, each made from the record and the evidence as they stand."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from pilotage.record.charter import PageFit
from pilotage.record.commands import ReviseCharter
from pilotage.record.stamps import Stamp
from pilotage.record.workload import Workload
from pilotage.reports.documents.charter import CharterTold, charter_document
from pilotage.reports.documents.model import Document, Imprint
from pilotage.reports.documents.operations import operations_document
from pilotage.reports.documents.page import page_of
from pilotage.reports.documents.typesetting import typesetter
from pilotage.reports.operations_playbook import assemble
from pilotage.workflow.desk import Judgement
from pilotage.workflow.errors import NoDocument
from pilotage.workflow.naming import Names
from pilotage.workflow.workspace import Workspace

MEDIA = {"pdf": "application/pdf", "html": "text/html"}


class DocumentKind(Struct, frozen=True, kw_only=True):
    """One kind of document. `missing` says why there is none yet, and what to do; empty where it can be made."""

    id: str
    title: str
    says: str
    missing: Callable[[Workload], str]
    build: Callable[[Workspace, Judgement, Names], Document]


class DocumentListed(Struct, frozen=True, kw_only=True):
    """One document of the list. `missing` says why it cannot be made yet; null where it can."""

    id: str
    title: str
    says: str
    missing: str | None


class Made(Struct, frozen=True, kw_only=True):
    """A document as a file."""

    name: str
    media: str
    content: bytes
    digest: str


def listed(workload: Workload) -> tuple[DocumentListed, ...]:
    """Every document, and which of them can be made now."""
    return tuple(
        DocumentListed(id=kind.id, title=kind.title, says=kind.says, missing=kind.missing(workload) or None)
        for kind in DOCUMENTS.values()
    )


def document_of(workspace: Workspace, judgement: Judgement, document: str) -> Document:
    """A document of a workload. Raises `NoDocument` for one that does not exist, or cannot be made yet."""
    workload = judgement.workload
    kind = DOCUMENTS.get(document)
    if kind is None:
        raise NoDocument(f"There is no document {document}; choose one of {', '.join(DOCUMENTS)}.")
    missing = kind.missing(workload)
    if missing:
        raise NoDocument(missing)
    return kind.build(workspace, judgement, Names.of(workspace))


def made(workspace: Workspace, slug: str, document: str, form: str) -> Made:
    """A document of a workload as a file: `pdf` or `html`. Raises `UnknownWorkload` and `NoDocument`."""
    if form not in MEDIA:
        raise NoDocument(f"A document is written as {' or '.join(MEDIA)}, not as {form or 'nothing'}.")
    found = document_of(workspace, workspace.desk.judge(slug), document)
    content = typesetter().pdf(found) if form == "pdf" else page_of(found).encode()
    return Made(name=f"{slug}-{document}.{form}", media=MEDIA[form], content=content, digest=found.digest)


def charter_fit(workload: Workload, command: ReviseCharter) -> PageFit:
    """How much of one page a charter takes that is being written. Who signs, and when, moves nothing on the page."""
    return typesetter().fit(
        charter_document(
            CharterTold(
                title=workload.title,
                charter=command.charter,
                team=command.team,
                version=len(workload.charters) + 1,
                holders={},
                given={},
                reach=None,
                name=str,
                imprint=imprint(workload),
            )
        )
    )


def imprint(workload: Workload, *stamps: Stamp) -> Imprint:
    """Where a document comes from: the newest of these entries, or the workload's newest where none is named."""
    newest = max(stamps, key=lambda stamp: stamp.position, default=None)
    return Imprint(
        workload=workload.slug,
        position=newest.position if newest else workload.position,
        made_at=newest.at if newest else workload.updated_at,
        demonstration=workload.demonstration,
        simulated=workload.simulated,
    )


def _charter(_workspace: Workspace, judgement: Judgement, names: Names) -> Document:
    workload = judgement.workload
    version = workload.charters[-1]
    given = workload.signed("charter", version.digest)
    return charter_document(
        CharterTold(
            title=workload.title,
            charter=version.charter,
            team=version.team,
            version=version.version,
            holders={"owner": workload.owner, "sponsor": workload.sponsor},
            given=given,
            signed_on={
                role: on.version for role, one in given.items() if (on := workload.signed_version(one)) is not None
            },
            reach=judgement.measurements.reachability if judgement.measurements else None,
            name=names.name,
            imprint=imprint(workload, version.stamp, *(one.stamp for one in given.values())),
        )
    )


def _operations(_workspace: Workspace, judgement: Judgement, names: Names) -> Document:
    """Read at the time of the newest entry, not at the printer's: shifts that were over by then are left out."""
    workload = judgement.workload
    book = assemble(judgement.playbook, workload, names.name, workload.updated_at)
    return operations_document(book, imprint(workload))


def _nothing_missing(_workload: Workload) -> str:
    return ""


def _no_charter(workload: Workload) -> str:
    return "" if workload.charters else "There is no charter yet; write it on the Charter page."


DOCUMENTS: dict[str, DocumentKind] = {
    kind.id: kind
    for kind in (
        DocumentKind(
            id="charter",
            title="Charter",
            says="What was promised, on one page, with its signatures.",
            missing=_no_charter,
            build=_charter,
        ),
        DocumentKind(
            id="operations-playbook",
            title="Operations playbook",
            says="How to switch it off, whom to call, and what to do when something happens.",
            missing=_nothing_missing,
            build=_operations,
        ),
    )
}
