"""Signing in, by password or by a one-time link, and signing out. The forms work without a script."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from litestar import get, post
from litestar.response import Response
from msgspec import Struct

from pilotage.server.asking import AnyRequest
from pilotage.server.auth.access import PUBLIC, SIGNED_IN
from pilotage.server.auth.cookies import ended_cookie, session_cookie, session_token
from pilotage.server.auth.credentials import address_of
from pilotage.server.auth.identity import found_identity
from pilotage.server.auth.signing_in import close_session, sign_in, sign_in_by_link
from pilotage.server.pages.frame import Frame, Shown, page
from pilotage.server.pages.rendering import see
from pilotage.server.parts import parts_of
from pilotage.server.problems import problem_of
from pilotage.server.threads import run_in
from pilotage.storage.accounts import SignInRefused
from pilotage.workflow.workspace import Workspace

_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x1f]*")


class Attempt(Struct, frozen=True, kw_only=True):
    """What was typed into the form, without the password, and why it was refused."""

    username: str = ""
    next: str = "/"
    token: str = ""
    problem: str = ""


def own_path(wanted: str) -> str:
    """A page of our own to go on to; anything that could lead elsewhere becomes the Portfolio."""
    return wanted if _OWN_PATH.fullmatch(wanted) else "/"


async def _form(request: AnyRequest, attempt: Attempt, status: int = HTTPStatus.OK) -> Response[bytes]:
    def build(_workspace: Workspace, _frame: Frame) -> Shown:
        return {"title": "Sign in", "here": "sign-in"}, {"attempt": attempt}

    return await page(request, "sign_in.html", build, status)


@get("/sign-in", opt={"access": PUBLIC}, include_in_schema=False)
async def show_sign_in(request: AnyRequest) -> Response[Any]:
    """The form; who is signed in already goes on."""
    wanted = own_path(request.query_params.get("next", "/"))
    token = request.query_params.get("token", "")
    if found_identity(request) is not None and not token:
        return see(wanted)
    return await _form(request, Attempt(next=wanted, token=token))


@post("/sign-in", opt={"access": PUBLIC}, include_in_schema=False, status_code=HTTPStatus.OK)
async def take_sign_in(request: AnyRequest) -> Response[Any]:
    """Open a session, or say why not and keep what was typed."""
    typed = await request.form()
    username, token = str(typed.get("username", "")), str(typed.get("token", ""))
    wanted = own_path(str(typed.get("next", "/")))
    parts = parts_of(request)
    try:
        if token:
            signed_in = await run_in(parts.threads.signing, sign_in_by_link, parts.workspace, token)
        else:
            password = str(typed.get("password", ""))
            signed_in = await run_in(
                parts.threads.signing, sign_in, parts.workspace, username, password, address_of(request)
            )
    except SignInRefused as refusal:
        # A link that was used up is not offered again; the password remains a way.
        attempt = Attempt(username=username, next=wanted, problem=refusal.sentence)
        return await _form(request, attempt, problem_of(refusal).status)
    answer = see("/me" if token else wanted)
    answer.cookies.append(session_cookie(signed_in.token, secure=parts.secure_cookies))
    return answer


@post("/sign-out", opt={"access": SIGNED_IN}, include_in_schema=False, status_code=HTTPStatus.OK)
async def take_sign_out(request: AnyRequest) -> Response[Any]:
    """End the session."""
    parts, token = parts_of(request), session_token(request)
    if token is not None:
        await run_in(parts.threads.prompt, close_session, parts.workspace, token)
    answer = see("/sign-in")
    answer.cookies.append(ended_cookie(secure=parts.secure_cookies))
    return answer


handlers = [show_sign_in, take_sign_in, take_sign_out]
