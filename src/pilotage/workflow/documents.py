"""The documents of a workload, each made from the record and the evidence as they stand."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from pilotage.record.charter import PageFit
from pilotage.record.commands import ReviseCharter
from pilotage.record.workload import Workload
from pilotage.reports.documents.charter import CharterTold, charter_document
from pilotage.reports.documents.imprints import imprint
from pilotage.reports.documents.model import Document
from pilotage.reports.documents.operations import operations_document
from pilotage.reports.documents.page import page_of
from pilotage.reports.documents.typesetting import typesetter
from pilotage.reports.operations_playbook import assemble
from pilotage.workflow.brief_document import brief
from pilotage.workflow.card_document import card
from pilotage.workflow.desk import Judgement
from pilotage.workflow.errors import NoDocument
from pilotage.workflow.memo_document import memo, memo_of, newest_put
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


def kinds_of(workload: Workload) -> dict[str, DocumentKind]:
    """Every kind of document that a workload may have: those that all have, and a memo for each decision but the one
    that the memo is about now.
    """
    now = newest_put(workload)
    numbers = [number for number in range(1, len(workload.decisions) + 1) if number != now]
    return DOCUMENTS | {kind.id: kind for kind in map(_memo_before, numbers)}


def _memo_before(number: int) -> DocumentKind:
    def build(workspace: Workspace, judgement: Judgement, names: Names) -> Document:
        return memo_of(workspace, judgement, names, number)

    return DocumentKind(
        id=f"decision-memo-{number}",
        title=f"Decision memo {number}",
        says="An earlier decision, as it was put and signed.",
        missing=_nothing_missing,
        build=build,
    )


def listed(workload: Workload) -> tuple[DocumentListed, ...]:
    """Every document, and which of them can be made now."""
    return tuple(
        DocumentListed(id=kind.id, title=kind.title, says=kind.says, missing=kind.missing(workload) or None)
        for kind in kinds_of(workload).values()
    )


def document_of(workspace: Workspace, judgement: Judgement, document: str) -> Document:
    """A document of a workload. Raises `NoDocument` for one that does not exist, or cannot be made yet."""
    workload = judgement.workload
    kinds = kinds_of(workload)
    kind = kinds.get(document)
    if kind is None:
        raise NoDocument(f"There is no document {document}; choose one of {', '.join(kinds)}.")
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
            id="decision-memo",
            title="Decision memo",
            says="Go or no-go: what was found, what it costs, what is open and not known. A draft until it is put.",
            missing=_no_charter,
            build=memo,
        ),
        DocumentKind(
            id="sponsors-brief",
            title="Sponsor's brief",
            says="On one page: what it brings, what it costs, what waiting costs, and what is needed from the sponsor.",
            missing=_nothing_missing,
            build=brief,
        ),
        DocumentKind(
            id="system-card",
            title="System card",
            says="What it is for, what runs, on which data, how well, within which limits, who oversees and answers.",
            missing=_nothing_missing,
            build=card,
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
