"""Who may call what. Every address is walked, so that a new one cannot be forgotten."""

from __future__ import annotations

import datetime as dt

import pytest
from litestar import Request, get
from litestar.routes import HTTPRoute
from litestar.testing import TestClient
from tests.server.cast import PASSWORD, enrol, propose, sign_in

from pilotage.server.app import create_app
from pilotage.server.auth import guard, recognised

OPEN = {
    ("GET", "/api/v1/keys"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("POST", "/api/v1/sign-in"),
    ("POST", "/api/v1/sign-in/link"),
}
OPEN_PAGES = ("/sign-in", "/static", "/charting")
VALUES = {"slug": "triage", "position": "1", "call_id": "0" * 32, "unit": "u1", "playbook": "standard"}


def addresses(app):
    """Every method and path that the application answers, with values for its parameters."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        path = route.path
        for parameter in route.path_parameters.values():
            value = "1" if parameter.type is int else VALUES.get(parameter.name, "x")
            path = path.replace("{" + parameter.full + "}", value)
        for method in sorted(route.methods):
            yield method, path


def is_open(method, path):
    """Whether strangers may call it."""
    return (method, path) in OPEN or path.startswith(OPEN_PAGES)


def test_nothing_is_open_to_strangers_but_what_has_to_be(app, client):
    """Without a session or token every address refuses, except sign-in, health, the public key and the description."""
    walked = 0
    for method, path in addresses(app):
        if is_open(method, path):
            continue
        answer = client.request(method, path, follow_redirects=False)
        walked += 1
        if path.startswith(("/api/", "/metrics")) or method != "GET":
            assert answer.status_code == 401, (method, path, answer.status_code)
        else:
            assert answer.status_code in {303, 401}, (method, path, answer.status_code)
            assert answer.status_code == 401 or answer.headers["location"].startswith("/sign-in?next=")
    assert walked > 40


def test_nothing_can_be_changed_with_the_cookie_alone(app, client, ada):
    """Every unsafe address refuses a session that does not repeat its secret, pages and interface alike."""
    sign_in(client, ada)
    walked = 0
    for method, path in addresses(app):
        if method in {"GET", "HEAD", "OPTIONS"} or is_open(method, path):
            continue
        answer = client.request(method, path, follow_redirects=False)
        walked += 1
        assert answer.status_code == 403, (method, path, answer.status_code)
    assert walked > 25


def test_a_token_that_is_not_valid_is_refused_even_where_a_session_would_do(client, ada):
    """A wrong token is not passed over in favour of a valid cookie."""
    sign_in(client, ada)
    assert client.get("/api/v1/me").status_code == 200
    assert client.get("/api/v1/me", headers={"Authorization": "Bearer nobody"}).status_code == 401
    assert client.get("/api/v1/me", headers={"Authorization": "Basic YWRhOnB3"}).status_code == 401


@pytest.mark.parametrize("scope", ["read", "record", "command", "admin"])
def test_a_scope_opens_what_it_names_and_nothing_else(app, client, workspace, scope):
    """A token reaches exactly the addresses that ask for its scopes."""
    person = enrol(workspace, "tomo", roles={"admin", "owner", "engineer"}, scopes={scope})
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            described = handler.opt.get("described")
            if (
                described is None
                or described.access.scope in {"public", "any"}
                or described.operation == "watchChanges"
            ):
                continue
            path = described.path
            for name, value in VALUES.items():
                path = path.replace("{" + name + "}", value)
            answer = client.request(described.method, path, headers=person.bearer)
            refused = answer.status_code == 403 and answer.json()["code"] == "not-permitted"
            assert refused == (described.access.scope != scope), (described.operation, answer.status_code, answer.text)


def test_the_scope_admin_is_worth_nothing_without_the_role(client, workspace):
    """A token with the scope admin of somebody who is no administrator administers nothing."""
    person = enrol(workspace, "eve", roles={"engineer"}, scopes={"admin"})
    answer = client.delete("/api/v1/workloads/triage/units/u1", headers=person.bearer)
    assert answer.status_code == 403


def test_a_bound_token_sees_its_own_workload_only(client, workspace, ada):
    """A token bound to one workload reads and records there, and nowhere else."""
    propose(client, ada, "triage")
    propose(client, ada, "routing")
    bound = enrol(workspace, "bot", roles={"engineer"}, scopes={"read", "record", "command"}, workload="triage")
    assert client.get("/api/v1/workloads/triage", headers=bound.bearer).status_code == 200
    for path in ("/api/v1/workloads/routing", "/api/v1/workloads", "/api/v1/ledger", "/api/v1/people", "/metrics"):
        answer = client.get(path, headers=bound.bearer)
        assert (answer.status_code, answer.json()["code"]) == (403, "other-workload"), path
    for name, empty in (("calls", {"calls": []}), ("outcomes", {"outcomes": []})):
        own = client.post(f"/api/v1/{name}", json={"workload": "triage"} | empty, headers=bound.bearer)
        other = client.post(f"/api/v1/{name}", json={"workload": "routing"} | empty, headers=bound.bearer)
        assert own.status_code == 200, own.text
        assert (other.status_code, other.json()["code"]) == (403, "other-workload")
    assert client.get("/api/v1/me", headers=bound.bearer).json()["workload"] == "triage"


def test_a_revoked_token_stops_at_once(client, workspace, vera):
    """Revoking a token takes effect with the next request."""
    assert client.get("/api/v1/workloads", headers=vera.bearer).status_code == 200
    (token,) = workspace.accounts.tokens(vera.person)
    workspace.accounts.revoke_token(token.token, dt.datetime.now(dt.UTC))
    assert client.get("/api/v1/workloads", headers=vera.bearer).status_code == 401


def test_a_revoked_token_records_for_a_second_at_most(client, workspace, monkeypatch):
    """What records often is recognised for a moment without asking the accounts, and never for longer."""
    bot = enrol(workspace, "bot", roles={"engineer"}, scopes={"record"})
    empty = {"workload": "triage", "calls": []}
    assert client.post("/api/v1/calls", json=empty, headers=bot.bearer).status_code == 200
    (token,) = workspace.accounts.tokens(bot.person)
    workspace.accounts.revoke_token(token.token, dt.datetime.now(dt.UTC))
    assert recognised.RECOGNISED_S <= 1.0
    monkeypatch.setattr(recognised, "RECOGNISED_S", 0.0)
    assert client.post("/api/v1/calls", json=empty, headers=bot.bearer).status_code == 401


async def test_a_stream_ends_when_its_token_is_revoked(app, client, workspace, monkeypatch):
    """Who may no longer read hears no more, although the stream was opened in time."""
    bot = enrol(workspace, "bot", roles={"engineer"}, scopes={"record"})
    monkeypatch.setattr(guard, "ASK_AGAIN_S", 0.0)
    scope = {"type": "http", "headers": [(b"authorization", f"Bearer {bot.token}".encode())], "litestar_app": app}

    async def events():
        yield b"first"
        (token,) = workspace.accounts.tokens(bot.person)
        workspace.accounts.revoke_token(token.token, dt.datetime.now(dt.UTC))
        yield b"second"

    assert [event async for event in guard.while_allowed(Request(scope), events())] == [b"first"]


def test_a_handler_that_forgets_to_say_who_may_call_it_is_closed(workspace, ada):
    """An address without a word on access asks for somebody who is signed in."""

    @get("/forgotten")
    async def forgotten() -> str:
        return "secret"

    app = create_app(workspace)
    app.register(forgotten)
    with TestClient(app) as client:
        assert "secret" not in client.get("/forgotten").text
        assert client.get("/forgotten", headers=ada.bearer).text == "secret"


def test_roles_of_a_workload_count_for_its_commands(client, workspace, ada):
    """A role granted on one workload lets a person command that one and no other."""
    propose(client, ada, "triage")
    propose(client, ada, "routing")
    vik = enrol(workspace, "vik", roles={"viewer"}, scopes={"command"})
    now = dt.datetime.now(dt.UTC)
    workspace.accounts.grant_roles(vik.person, "triage", {"engineer"}, granted_by=ada.person, now=now)
    score = {"impact": 4, "feasibility": 4, "readiness": 4}
    there = client.post("/api/v1/workloads/triage/commands/score", json=score, headers=vik.bearer)
    elsewhere = client.post("/api/v1/workloads/routing/commands/score", json=score, headers=vik.bearer)
    assert there.status_code == 201, there.text
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "not-permitted")


def test_a_page_for_strangers_leads_back_after_sign_in(client):
    """Whoever asks for a page without being signed in is sent to sign-in with the way back."""
    answer = client.get("/w/triage?tab=gates", follow_redirects=False)
    assert answer.status_code in {303, 404}
    if answer.status_code == 303:
        assert answer.headers["location"] == "/sign-in?next=/w/triage%3Ftab%3Dgates"
    assert PASSWORD not in answer.text
