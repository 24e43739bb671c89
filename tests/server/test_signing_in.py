"""Sessions: opened by password or link, held by a cookie, ended for good; and forms that prove where they come from."""

from __future__ import annotations

import datetime as dt

from litestar.testing import TestClient
from tests.server.cast import PASSWORD, enrol, open_here, propose, sign_in

from pilotage.server.app import create_app

COMMENT = {"comment": "Looks right."}


def comment(client, **headers):
    """Comment on the workload, with these headers alone."""
    return client.post("/api/v1/workloads/triage/commands/comment", json=COMMENT, headers=headers)


def test_signing_in_opens_a_session_that_no_script_can_read(client, ada):
    """The session's cookie is HttpOnly and SameSite, and the answer says who one is."""
    answer = client.post("/api/v1/sign-in", json={"username": "ada", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    me = client.get("/api/v1/me").json()
    assert me == answer.json()
    assert (me["person"], me["via"], me["roles"]) == (ada.person, "session", ["admin", "engineer", "owner"])
    assert me["csrf"] not in cookie


def test_behind_https_the_cookie_is_secure(workspace, ada):
    """A server that is reached by HTTPS says so of its cookie and to browsers."""
    with TestClient(create_app(workspace, secure_cookies=True)) as client:
        answer = client.post("/api/v1/sign-in", json={"username": "ada", "password": PASSWORD})
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


def test_a_wrong_password_and_an_unknown_name_look_the_same(client, ada):
    """A refused sign-in does not tell whether the name exists."""
    wrong = client.post("/api/v1/sign-in", json={"username": "ada", "password": "not this one at all"})
    unknown = client.post("/api/v1/sign-in", json={"username": "nobody", "password": "not this one at all"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


def test_guessing_is_slowed_down(client, ada):
    """After several wrong passwords one has to wait, and is told how long."""
    for _ in range(10):
        answer = client.post("/api/v1/sign-in", json={"username": "ada", "password": "not this one at all"})
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert client.post("/api/v1/sign-in", json={"username": "ada", "password": PASSWORD}).status_code == 429


def test_signing_out_ends_the_session_for_whoever_kept_the_cookie(client, ada):
    """A session that was signed out is over, not only forgotten by the browser."""
    csrf = sign_in(client, ada)
    kept = client.cookies["pilotage_session"]
    assert client.post("/api/v1/sign-out", headers={"X-CSRF-Token": csrf}).json() == {"signed_in": False}
    assert client.get("/api/v1/me").status_code == 401
    client.cookies.set("pilotage_session", kept)
    assert client.get("/api/v1/me").status_code == 401


def test_a_link_signs_in_once(client, workspace, ada):
    """A one-time link opens one session; used again it opens none."""
    secret = workspace.accounts.issue_link("ada", created_by="tests", now=dt.datetime.now(dt.UTC))
    first = client.post("/api/v1/sign-in/link", json={"token": secret})
    assert first.json()["person"] == ada.person
    second = client.post("/api/v1/sign-in/link", json={"token": secret})
    assert (second.status_code, second.json()["code"]) == (401, "wrong-credentials")


def test_a_disabled_account_is_out_at_once(client, workspace, ada):
    """Disabling an account ends its sessions and tokens."""
    enrol(workspace, "root", roles={"admin"})
    sign_in(client, ada)
    workspace.accounts.disable_account("ada", now=dt.datetime.now(dt.UTC))
    assert client.get("/api/v1/me").status_code == 401
    assert client.get("/api/v1/me", headers=ada.bearer).status_code == 401


def test_an_unsafe_request_of_a_session_repeats_its_secret(client, ada):
    """With the cookie alone nothing is changed: the session's secret has to come with it."""
    propose(client, ada)
    csrf = sign_in(client, ada)
    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": csrf[:-1]}, {"X-CSRF-Token": "ä"}):
        answer = comment(client, **{name: value.encode() for name, value in headers.items()})
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf"), headers
    assert comment(client, **{"X-CSRF-Token": csrf}).status_code == 201


def test_the_secret_of_one_session_is_no_good_for_another(client, workspace, ada):
    """A form's secret belongs to the session that it was made for."""
    propose(client, ada)
    foreign = sign_in(client, enrol(workspace, "eve", roles={"engineer"}))
    sign_in(client, ada)
    assert comment(client, **{"X-CSRF-Token": foreign}).status_code == 403


def test_a_form_repeats_the_secret_in_a_field(client, ada):
    """A form without scripts sends the secret as the field csrf."""
    csrf = sign_in(client, ada)
    refused = client.post("/api/v1/sign-out", data={"csrf": "wrong"})
    assert refused.status_code == 403
    assert client.post("/api/v1/sign-out", data={"csrf": csrf}).status_code == 200


def test_another_site_cannot_act_for_somebody(client, ada):
    """What a browser sends on behalf of another site is refused, even with the right secret, even signing in."""
    propose(client, ada)
    csrf = sign_in(client, ada)
    for foreign in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert comment(client, **{"X-CSRF-Token": csrf} | foreign).status_code == 403, foreign
        answer = client.post("/api/v1/sign-in", json={"username": "ada", "password": PASSWORD}, headers=foreign)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    own = {"Origin": "http://testserver.local", "Sec-Fetch-Site": "same-origin"}
    assert comment(client, **{"X-CSRF-Token": csrf} | own).status_code == 201


def test_a_token_needs_no_secret(client, ada):
    """Programs with a token send no cookie, so nobody can send it for them, and nothing more is asked."""
    propose(client, ada)
    assert comment(client, **ada.bearer).status_code == 201


def test_a_session_outlives_simulated_time(tmp_path):
    """In a demonstration the clock may jump by years; who is signed in stays so."""
    workspace = open_here(tmp_path, demonstration=True)
    ada = enrol(workspace, "ada", roles={"admin"}, scopes={"admin", "read"})
    with TestClient(create_app(workspace)) as client:
        sign_in(client, ada)
        moved = client.post("/api/v1/demonstration/clock", json={"now": "2035-01-01T00:00:00Z"}, headers=ada.bearer)
        assert moved.status_code == 200, moved.text
        assert client.get("/api/v1/me").status_code == 200
    workspace.close()
