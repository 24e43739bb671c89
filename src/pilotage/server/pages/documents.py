"""Documents: what can be printed, signed and sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import get
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct

from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import READ
from pilotage.server.pages.frame import Frame
from pilotage.server.pages.workload_frame import workload_page
from pilotage.workflow.desk import Judgement
from pilotage.workflow.documents import DocumentKind, document_of, kinds_of
from pilotage.workflow.workspace import Workspace


class Listed(Struct, frozen=True, kw_only=True):
    """One document of the list, with the digest and the ledger position it would be made at now."""

    kind: DocumentKind
    missing: str
    digest: str
    position: int


@get("/w/{slug:str}/documents", opt={"access": READ}, include_in_schema=False)
async def show_documents(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Every document, with what it says and where it stands."""

    def build(workspace: Workspace, _frame: Frame, judgement: Judgement) -> Mapping[str, Any]:
        return {"documents": [_listed(workspace, judgement, kind) for kind in kinds_of(judgement.workload).values()]}

    return await workload_page(request, slug, "documents.html", build, here="documents", title="Documents")


def _listed(workspace: Workspace, judgement: Judgement, kind: DocumentKind) -> Listed:
    missing = kind.missing(judgement.workload)
    if missing:
        return Listed(kind=kind, missing=missing, digest="", position=0)
    document = document_of(workspace, judgement, kind.id)
    return Listed(kind=kind, missing="", digest=document.digest, position=document.imprint.position)


handlers = [show_documents]
