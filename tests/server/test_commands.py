"""Commands through the interface: one way for all of them, refused with every reason, and done once."""

from __future__ import annotations

import asyncio
import datetime as dt

import msgspec
import pytest
from litestar.testing import AsyncTestClient
from tests.server.cast import PASSWORD, PROPOSAL, enrol, propose, sign_in

from pilotage.record.commands import ASKS_CREDENTIAL, COMMANDS, PERMITTED
from pilotage.record.organisation import ORGANISATION_COMMANDS
from pilotage.server.api.commands import COMMAND_ENDPOINTS, ORGANISATION_ENDPOINTS
from pilotage.server.app import create_app
from pilotage.server.description.examples import CHARTER, COMMAND_EXAMPLES, ORGANISATION_EXAMPLES
from pilotage.storage.errors import StorageUnavailable

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
CHARTER_JSON = msgspec.to_builtins(CHARTER)
ACCEPTANCE = {"technical": True, "operational": True, "statement": "I own it and may switch it off."}


def command(client, who, name, body, slug="triage", **headers):
    """Give a command with a token."""
    return client.post(f"/api/v1/workloads/{slug}/commands/{name}", json=body, headers=who.bearer | headers)


def entries(client, who):
    """Everything in the ledger."""
    return client.get("/api/v1/ledger", headers=who.bearer).json()["entries"]


def test_every_command_has_its_address():
    """There is one endpoint for each command of the record, and no other."""
    paths = {path for handler in COMMAND_ENDPOINTS for path in handler.paths}
    assert paths == {f"/api/v1/workloads/{{slug:str}}/commands/{name}" for name in COMMANDS}
    assert set(COMMAND_EXAMPLES) == set(COMMANDS)
    about = {path for handler in ORGANISATION_ENDPOINTS for path in handler.paths}
    assert about == {f"/api/v1/organisation/commands/{name}" for name in ORGANISATION_COMMANDS}
    assert set(ORGANISATION_EXAMPLES) == set(ORGANISATION_COMMANDS)


def test_a_command_answers_with_what_it_wrote(client, ada):
    """The receipt names the ledger entries, and they are in the ledger under the person's name."""
    answer = command(client, ada, "propose", PROPOSAL)
    assert answer.status_code == 201
    assert answer.json() == {"workload": "triage", "sequence": 1, "positions": [1], "kinds": ["proposed"]}
    (entry,) = entries(client, ada)
    assert (entry["workload"], entry["kind"], entry["actor"]) == ("triage", "proposed", ada.person)


def test_the_command_s_name_may_be_repeated_in_its_body_but_not_another(client, ada):
    """A body may say its type, as files of commands do; a wrong one is refused."""
    assert command(client, ada, "propose", PROPOSAL | {"type": "propose"}).status_code == 201
    answer = command(client, ada, "comment", {"type": "kill", "comment": "Looks right."})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "type")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": "ab"}, "title"),
        ({"title": 3}, "title"),
        ({"title": None}, "title"),
        ({"lane": "motorway"}, "lane"),
        ({"personal_data": "yes"}, "personal_data"),
        ({"surprise": 1}, ""),
    ],
)
def test_a_field_that_does_not_fit_is_named(client, ada, changed, field):
    """Bad input is a 400 that names the field, and nothing is written."""
    answer = command(client, ada, "propose", PROPOSAL | changed)
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert (problem["code"], problem["errors"][0]["field"]) == ("invalid", field)
    assert entries(client, ada) == []


def test_a_field_deep_inside_is_named_by_its_path(client, ada):
    """The path of a nested field is spelt out."""
    propose(client, ada)
    charter = CHARTER_JSON | {"metrics": [CHARTER_JSON["metrics"][0] | {"lo": "low"}]}
    answer = command(client, ada, "revise_charter", {"base_version": 0, "charter": charter})
    assert answer.json()["errors"][0]["field"] == "charter.metrics[0].lo"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"null", b"{" * 5000])
def test_a_body_that_is_no_object_is_refused(client, ada, body):
    """Broken or foreign JSON is a 400, however broken."""
    headers = ada.bearer | {"Content-Type": "application/json"}
    answer = client.post("/api/v1/workloads/triage/commands/propose", content=body, headers=headers)
    assert answer.status_code == 400, answer.text


def test_other_media_types_are_refused(client, ada):
    """A command is JSON; anything else is a 415."""
    answer = client.post("/api/v1/workloads/triage/commands/propose", data={"title": "Ticket"}, headers=ada.bearer)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


def test_a_huge_body_is_refused(client, ada):
    """A command larger than a megabyte is a 413."""
    answer = command(client, ada, "propose", PROPOSAL | {"problem": "x" * 1_100_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_a_refusal_lists_everything_wrong_at_once(client, ada):
    """A charter with several faults is answered with all of them, each with its field."""
    propose(client, ada)
    charter = CHARTER_JSON | {"decision_on": "2026-11-01", "time_zone": "Europe/Nowhere"}
    answer = command(client, ada, "revise_charter", {"base_version": 0, "charter": charter})
    problem = answer.json()
    assert answer.status_code == 422
    assert {"charter.decision_on", "charter.time_zone"} <= {error["field"] for error in problem["errors"]}
    assert problem["type"] == f"urn:pilotage:problem:{problem['code']}"
    assert problem["status"] == 422


def test_what_the_roles_do_not_allow_is_a_403(client, workspace, ada):
    """A viewer's command is refused with the roles that it needs."""
    viewer = enrol(workspace, "vik", roles={"viewer"}, scopes={"command"})
    propose(client, ada)
    answer = command(client, viewer, "kill", {"reason": "Wrong teams."})
    assert (answer.status_code, answer.json()["code"]) == (403, "not-permitted")
    assert all(role in answer.json()["detail"] for role in PERMITTED["kill"])


def test_proposing_what_exists_is_a_conflict(client, ada):
    """Two workloads cannot have one name."""
    propose(client, ada)
    answer = command(client, ada, "propose", PROPOSAL)
    assert (answer.status_code, answer.json()["code"]) == (409, "already-proposed")


def test_editing_an_old_version_is_a_conflict(client, ada):
    """Whoever saves a charter that somebody else saved meanwhile is told so."""
    propose(client, ada)
    body = {"base_version": 0, "charter": CHARTER_JSON}
    assert command(client, ada, "revise_charter", body).status_code == 201
    answer = command(client, ada, "revise_charter", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "charter-changed")


def test_commanding_what_is_not_there_is_a_404(client, ada):
    """An unknown workload is a 404, an impossible name a 400."""
    assert command(client, ada, "comment", {"comment": "Hello."}).status_code == 404
    answer = command(client, ada, "propose", PROPOSAL, slug="Not A Slug")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-slug")


def test_a_signature_asks_for_the_password_again(client, workspace, ada):
    """What counts as a signature needs the signer's own password with it."""
    propose(client, ada)
    assert command(client, ada, "assign", {"role": "owner", "person": ada.person}).status_code == 201
    for credential, code in ((None, "credential-required"), ("not this one at all", "credential-wrong")):
        headers = {} if credential is None else {"Pilotage-Credential": credential}
        answer = command(client, ada, "accept_ownership", ACCEPTANCE, **headers)
        assert (answer.status_code, answer.json()["code"]) == (403, code)
        assert answer.json()["errors"][0]["field"] == "credential"
    assert len(entries(client, ada)) == 2
    signed = command(client, ada, "accept_ownership", ACCEPTANCE, **{"Pilotage-Credential": PASSWORD})
    assert signed.status_code == 201


def test_a_password_outside_ascii_can_be_given_again(client, workspace):
    """The header carries the password as UTF-8."""
    dan = enrol(workspace, "dan", roles={"owner", "engineer", "admin"}, scopes={"command"})
    workspace.accounts.set_password("dan", "pässwörter öfter", set_by=dan.person, now=NOW)
    propose(client, dan)
    command(client, dan, "assign", {"role": "owner", "person": dan.person})
    headers = dan.bearer | {"Pilotage-Credential": "pässwörter öfter".encode()}
    answer = client.post("/api/v1/workloads/triage/commands/accept_ownership", json=ACCEPTANCE, headers=headers)
    assert answer.status_code == 201, answer.text


def test_guessing_at_signatures_is_slowed_down(client, ada):
    """Wrong passwords at a signature count like wrong sign-ins."""
    propose(client, ada)
    for _ in range(10):
        answer = command(client, ada, "accept_ownership", ACCEPTANCE, **{"Pilotage-Credential": "not this one"})
        if answer.status_code == 429:
            break
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-attempts")


def test_every_signature_is_protected():
    """Every command that counts as a signature documents the header for the password."""
    for handler in COMMAND_ENDPOINTS:
        described = handler.opt["described"]
        name = described.path.rsplit("/", 1)[1]
        asks = any(header.name == "Pilotage-Credential" for header in described.headers)
        assert asks == (name in ASKS_CREDENTIAL), name


def test_a_service_signs_nothing(client, workspace, ada):
    """A token of somebody without an account cannot give a signature."""
    propose(client, ada)
    now = NOW
    service = workspace.accounts.create_person("Service", created_by="tests", now=now).person
    workspace.accounts.grant_roles(service, "triage", {"owner"}, granted_by=ada.person, now=now)
    token = workspace.accounts.issue_token("job", person=service, scopes={"command"}, created_by="tests", now=now)
    headers = {"Authorization": f"Bearer {token.secret}", "Pilotage-Credential": PASSWORD}
    answer = client.post("/api/v1/workloads/triage/commands/accept_ownership", json=ACCEPTANCE, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-permitted")


def test_a_session_commands_too(client, ada):
    """Whoever signed in gives commands with the session's secret."""
    csrf = sign_in(client, ada)
    answer = client.post("/api/v1/workloads/triage/commands/propose", json=PROPOSAL, headers={"X-CSRF-Token": csrf})
    assert answer.status_code == 201


def test_the_same_key_does_it_once_and_answers_twice(client, ada):
    """A command that is sent again under its key is answered as before and not done again."""
    first = command(client, ada, "propose", PROPOSAL, **{"Idempotency-Key": "k1"})
    again = command(client, ada, "propose", PROPOSAL, **{"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len(entries(client, ada)) == 1


def test_a_key_is_for_one_request(client, ada):
    """Another body under a key that was used is refused."""
    command(client, ada, "propose", PROPOSAL, **{"Idempotency-Key": "k1"})
    answer = command(client, ada, "propose", PROPOSAL | {"title": "Another"}, **{"Idempotency-Key": "k1"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-mismatch")


def test_a_key_is_its_sender_s_own(client, workspace, ada):
    """Two people may choose the same key."""
    bob = enrol(workspace, "bob", roles={"owner", "engineer"}, scopes={"command"})
    assert command(client, ada, "propose", PROPOSAL, **{"Idempotency-Key": "k1"}).status_code == 201
    assert command(client, bob, "propose", PROPOSAL, "routing", **{"Idempotency-Key": "k1"}).status_code == 201


def test_a_refused_command_may_be_tried_again_under_its_key(client, ada):
    """A refusal is not kept: once the reason is gone, the same key serves."""
    body = {"comment": "Hello there."}
    assert command(client, ada, "comment", body, **{"Idempotency-Key": "k1"}).status_code == 404
    propose(client, ada)
    assert command(client, ada, "comment", body, **{"Idempotency-Key": "k1"}).status_code == 201


def test_an_impossible_key_is_refused(client, ada):
    """A key has to be printable and short."""
    answer = command(client, ada, "propose", PROPOSAL, **{"Idempotency-Key": "k" * 201})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "Idempotency-Key")


async def test_many_at_once_are_all_done_or_refused_as_conflicts(workspace, ada):
    """Commands that race for one workload all end in an entry of their own."""
    async with AsyncTestClient(create_app(workspace)) as client:
        await client.post("/api/v1/workloads/triage/commands/propose", json=PROPOSAL, headers=ada.bearer)
        path = "/api/v1/workloads/triage/commands/comment"
        answers = await asyncio.gather(
            *(client.post(path, json={"comment": f"Number {n}."}, headers=ada.bearer) for n in range(12))
        )
    done = [answer.json()["sequence"] for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len(done) == len(set(done)) == workspace.ledger.position() - 1


class AwayLedger:
    """A ledger whose database is away."""

    def __init__(self, ledger):
        self._ledger = ledger

    def append(self, *_args):
        """Fail as a database does that is away."""
        raise StorageUnavailable("database-unavailable", "The database did not do it: try again.")

    def __getattr__(self, name):
        return getattr(self._ledger, name)


def test_when_the_store_is_away_one_is_told_to_come_back(client, workspace, ada):
    """A ledger that cannot be written is a 503 that says when to try again."""
    workspace.desk._ledger = AwayLedger(workspace.ledger)
    answer = command(client, ada, "propose", PROPOSAL)
    assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")
    assert int(answer.headers["retry-after"]) > 0


class BrokenLedger(AwayLedger):
    """A ledger with a bug."""

    def append(self, *_args):
        """Fail as a bug does."""
        raise ZeroDivisionError("secret inner workings")


def test_what_nobody_foresaw_is_logged_and_not_shown(client, workspace, ada, caplog):
    """A bug is a 500 without a word about the inside; the log has the traceback."""
    workspace.desk._ledger = BrokenLedger(workspace.ledger)
    answer = command(client, ada, "propose", PROPOSAL)
    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected")
    assert "secret" not in answer.text
    assert "secret inner workings" in caplog.text
