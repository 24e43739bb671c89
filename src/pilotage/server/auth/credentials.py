"""The credential that a signature asks for again."""

from __future__ import annotations

from pilotage.record.errors import Refused, refuse
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.identity import Identity
from pilotage.server.auth.signing_in import real_now
from pilotage.storage.accounts import SignInRefused
from pilotage.workflow.workspace import Workspace

CREDENTIAL_HEADER = "Pilotage-Credential"
CREDENTIAL_FIELD = "credential"


def given_credential(request: AnyRequest) -> str | None:
    """The password in the request's header. It is sent as UTF-8, which HTTP takes for Latin-1."""
    raw = request.headers.get(CREDENTIAL_HEADER)
    if raw is None:
        return None
    try:
        return raw.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return raw


def address_of(request: AnyRequest) -> str:
    """Where a request comes from, for the limits on failed attempts."""
    return request.client.host if request.client else ""


def check_credential(workspace: Workspace, identity: Identity, credential: str | None, address: str) -> None:
    """Refuse a signature without the signer's own password. Blocks, and takes a while on purpose.

    Raises `Refused`: `credential-required`, `credential-wrong`; `SignInRefused` after too many wrong ones.
    """
    if not identity.username:
        raise refuse("not-permitted", "", "A service signs nothing; a person with an account has to.")
    if not credential:
        raise refuse("credential-required", CREDENTIAL_FIELD, "This is a signature: enter your password again.")
    try:
        who = workspace.accounts.authenticate(identity.username, credential, real_now(workspace), address=address)
    except SignInRefused as error:
        if error.code == "too-many-attempts":
            raise
        raise _wrong() from error
    if who.person != identity.person:
        raise _wrong()


def _wrong() -> Refused:
    return refuse("credential-wrong", CREDENTIAL_FIELD, "The password is wrong; nothing was signed.")
