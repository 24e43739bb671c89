"""Signing in and out, and who one is."""

from __future__ import annotations

from typing import Annotated

from litestar.response import Response
from msgspec import Meta, Struct

from pilotage.server.answering import json_answer
from pilotage.server.asking import AnyRequest, body_of
from pilotage.server.auth.access import PUBLIC, READ, SIGNED_IN
from pilotage.server.auth.cookies import ended_cookie, session_cookie, session_token
from pilotage.server.auth.credentials import address_of
from pilotage.server.auth.identity import Identity, current_identity
from pilotage.server.auth.signing_in import SignedIn, close_session, sign_in, sign_in_by_link
from pilotage.server.description.endpoint import Answer, endpoint
from pilotage.server.parts import parts_of, workspace_of
from pilotage.server.threads import run_in
from pilotage.workflow.workspace import Workspace

Username = Annotated[str, Meta(min_length=1, max_length=200)]
Secret = Annotated[str, Meta(min_length=1, max_length=1024)]


class SignInJson(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A local account's name and password."""

    username: Username
    password: Secret


class LinkJson(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The secret of a one-time link."""

    token: Secret


class MeJson(Struct, frozen=True, kw_only=True):
    """Who is signed in, by which way, and what it allows. `csrf` is what unsafe requests of a session repeat."""

    person: str
    name: str
    username: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    via: str
    workload: str | None
    csrf: str


class GoneJson(Struct, frozen=True, kw_only=True):
    """Whether anybody is signed in now."""

    signed_in: bool


class PersonJson(Struct, frozen=True, kw_only=True):
    """A person of the organisation."""

    person: str
    name: str
    roles: tuple[str, ...]


class PeopleJson(Struct, frozen=True, kw_only=True):
    """Everybody known, in the order of their names."""

    people: tuple[PersonJson, ...]


def me_json(identity: Identity) -> MeJson:
    """Who is signed in, as the interface shows it."""
    return MeJson(
        person=identity.person,
        name=identity.name,
        username=identity.username,
        roles=tuple(sorted(identity.roles)),
        scopes=tuple(sorted(identity.scopes)),
        via=identity.via,
        workload=identity.workload,
        csrf=identity.csrf,
    )


@endpoint(
    "POST",
    "/api/v1/sign-in",
    operation="signIn",
    tag="Sign-in",
    access=PUBLIC,
    body=SignInJson,
    body_example={"username": "ada", "password": "correct horse battery staple"},
    answers={200: Answer(of=MeJson, means="Signed in; the session's cookie is set.")},
    refusals=(401, 403, 429),
)
async def sign_in_by_form(request: AnyRequest) -> Response[bytes]:
    """Sign in with a name and a password."""
    asked = await body_of(request, SignInJson)
    parts, address = parts_of(request), address_of(request)
    signed_in = await run_in(parts.threads.signing, sign_in, parts.workspace, asked.username, asked.password, address)
    return signed_in_answer(request, signed_in)


@endpoint(
    "POST",
    "/api/v1/sign-in/link",
    operation="signInByLink",
    tag="Sign-in",
    access=PUBLIC,
    body=LinkJson,
    body_example={"token": "Xl3n0vQ2m8sT"},
    answers={200: Answer(of=MeJson, means="Signed in; the session's cookie is set.")},
    refusals=(401, 403, 429),
)
async def sign_in_with_link(request: AnyRequest) -> Response[bytes]:
    """Sign in with the secret of a one-time link, which is used up by it."""
    asked = await body_of(request, LinkJson)
    parts = parts_of(request)
    signed_in = await run_in(parts.threads.signing, sign_in_by_link, parts.workspace, asked.token)
    return signed_in_answer(request, signed_in)


def signed_in_answer(request: AnyRequest, signed_in: SignedIn) -> Response[bytes]:
    """The answer to a sign-in: who it is, and the session's cookie."""
    answer = json_answer(me_json(signed_in.identity))
    answer.cookies.append(session_cookie(signed_in.token, secure=parts_of(request).secure_cookies))
    return answer


@endpoint(
    "POST",
    "/api/v1/sign-out",
    operation="signOut",
    tag="Sign-in",
    access=SIGNED_IN,
    answers={200: Answer(of=GoneJson, means="Signed out.")},
)
async def sign_out(request: AnyRequest) -> Response[bytes]:
    """End this session. A token is not ended by it."""
    parts, token = parts_of(request), session_token(request)
    if token is not None:
        await run_in(parts.threads.prompt, close_session, parts.workspace, token)
    answer = json_answer(GoneJson(signed_in=False))
    answer.cookies.append(ended_cookie(secure=parts.secure_cookies))
    return answer


@endpoint(
    "GET",
    "/api/v1/me",
    operation="getMe",
    tag="Sign-in",
    access=SIGNED_IN,
    answers={200: Answer(of=MeJson, means="Who is signed in.")},
)
async def get_me(request: AnyRequest) -> Response[bytes]:
    """Show who is signed in and what that allows."""
    return json_answer(me_json(current_identity(request)))


@endpoint(
    "GET",
    "/api/v1/people",
    operation="listPeople",
    tag="Sign-in",
    access=READ,
    answers={200: Answer(of=PeopleJson, means="Everybody.")},
)
async def list_people(request: AnyRequest) -> Response[bytes]:
    """List the people of the organisation with their roles."""
    return json_answer(await run_in(parts_of(request).threads.reading, _people, workspace_of(request)))


def _people(workspace: Workspace) -> PeopleJson:
    everybody = sorted(workspace.accounts.people(), key=lambda person: (person.name, person.person))
    return PeopleJson(
        people=tuple(PersonJson(person=p.person, name=p.name, roles=tuple(sorted(p.roles))) for p in everybody)
    )
