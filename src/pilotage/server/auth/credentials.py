"""The credential that a signature asks for again."""

from __future__ import annotations

from pilotage.record.errors import refuse
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.identity import Identity
from pilotage.workflow.workspace import Workspace

CREDENTIAL_HEADER = "Pilotage-Credential"
CREDENTIAL_FIELD = "credential"


def given_credential(request: AnyRequest) -> str | None:
    """The password in the request's header, which is UTF-8 though HTTP itself knows only ASCII."""
    raw = request.headers.get(CREDENTIAL_HEADER)
    if raw is None:
        return None
    try:
        return raw.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return raw


def check_credential(workspace: Workspace, identity: Identity, credential: str | None) -> None:
    """Refuse a signature without the signer's password. Takes a third of a second on purpose."""
    if not credential:
        raise refuse("credential-required", CREDENTIAL_FIELD, "This is a signature: enter your password again.")
