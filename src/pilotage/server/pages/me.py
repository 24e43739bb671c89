"""Who I am here: name, roles, my own password, and signing out."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import get, post
from litestar.response import Response

from pilotage.record.errors import Problem, Refused, refuse
from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import SIGNED_IN
from pilotage.server.auth.cookies import session_cookie
from pilotage.server.auth.credentials import CREDENTIAL_FIELD, address_of, check_credential
from pilotage.server.auth.identity import Identity, current_identity
from pilotage.server.auth.signing_in import real_now, sign_in
from pilotage.server.pages.frame import Frame, Shown, page
from pilotage.server.pages.rendering import see
from pilotage.server.parts import parts_of
from pilotage.server.problems import problem_of
from pilotage.server.threads import run_in
from pilotage.storage.accounts import SignInRefused
from pilotage.storage.accounts.passwords import CHARACTERS_MIN
from pilotage.storage.errors import StorageRefused
from pilotage.workflow.workspace import Workspace

Wrong = Mapping[str, str]


async def _shown(request: AnyRequest, wrong: Wrong, status: int = HTTPStatus.OK) -> Response[bytes]:
    identity = current_identity(request)

    def build(workspace: Workspace, _frame: Frame) -> Shown:
        held = {w.slug: (w.title, sorted(w.roles_of(identity.person))) for w in workspace.desk.all()}
        granted = {slug: sorted(workspace.accounts.roles_of(identity.person, slug)) for slug in held}
        here = [(slug, title, [*roles, *granted[slug]]) for slug, (title, roles) in held.items()]
        content = {
            "roles": sorted(identity.roles),
            "workloads": [one for one in here if one[2]],
            "has_password": _has_password(workspace, identity),
            "characters_min": CHARACTERS_MIN,
            "wrong": wrong,
            "changed": "changed" in request.query_params and not wrong,
        }
        return {"title": "Your account", "here": "me"}, content

    return await page(request, "me.html", build, status)


def _has_password(workspace: Workspace, identity: Identity) -> bool:
    return bool(identity.username) and workspace.accounts.account(identity.username).has_password


@get("/me", opt={"access": SIGNED_IN}, include_in_schema=False)
async def show_me(request: AnyRequest) -> Response[bytes]:
    """The account of whoever signed in."""
    return await _shown(request, {})


@post("/me/password", opt={"access": SIGNED_IN}, include_in_schema=False, status_code=HTTPStatus.OK)
async def take_password(request: AnyRequest) -> Response[Any]:
    """Set one's own password. It ends every session of the account; this browser gets a new one."""
    parts, identity, typed = parts_of(request), current_identity(request), await request.form()
    given, new = str(typed.get(CREDENTIAL_FIELD, "")), str(typed.get("new_password", ""))
    address = address_of(request)
    try:
        await run_in(parts.threads.signing, _set_password, parts.workspace, identity, given, new, address)
        signed_in = await run_in(parts.threads.signing, sign_in, parts.workspace, identity.username, new, address)
    except Refused as refusal:
        return await _shown(request, _by_field(refusal.problems), problem_of(refusal).status)
    except SignInRefused as refusal:
        return await _shown(request, {CREDENTIAL_FIELD: refusal.sentence}, problem_of(refusal).status)
    except StorageRefused as refusal:
        return await _shown(request, {"new_password": refusal.sentence}, problem_of(refusal).status)
    answer = see("/me?changed=yes")
    answer.cookies.append(session_cookie(signed_in.token, secure=parts.secure_cookies))
    return answer


def _set_password(workspace: Workspace, identity: Identity, given: str, new: str, address: str) -> None:
    """Whoever has a password gives it first; a first one is set by whoever came in by a link."""
    if identity.via != "session":
        raise refuse("not-permitted", "", "A token sets no password; sign in.")
    if _has_password(workspace, identity):
        check_credential(workspace, identity, given, address)
    workspace.accounts.set_password(identity.username, new, set_by=identity.person, now=real_now(workspace))


def _by_field(problems: tuple[Problem, ...]) -> dict[str, str]:
    return {problem.field: problem.message for problem in problems}


handlers = [show_me, take_password]
