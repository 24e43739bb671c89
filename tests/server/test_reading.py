"""Reading workloads, the ledger and the rest through the interface."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from litestar.testing import TestClient
from tests.server.cast import enrol, open_here, propose

from pilotage.lease import load_public_key
from pilotage.playbook.loading import load
from pilotage.server.app import create_app
from pilotage.workflow.views import WorkloadJson


def read(client, who, path, **headers):
    """Read something with a token."""
    return client.get(f"/api/v1{path}", headers=who.bearer | headers)


def test_a_workload_is_shown_as_promised(client, ada, vera):
    """The JSON of a workload has exactly the members of the contract."""
    propose(client, ada)
    shown = read(client, vera, "/workloads/triage")
    assert shown.status_code == 200
    workload = msgspec.json.decode(shown.content, type=WorkloadJson)
    assert list(shown.json()) == [
        "workload", "demonstration", "phase", "lane", "exposure", "gate", "target", "stall", "compressed", "lapsing",
        "waived", "sponsor",
    ]  # fmt: skip
    assert (workload.phase, workload.exposure.mode, workload.exposure.ceiling.mode) == ("select", "none", "none")
    assert workload.gate.total == len(load("standard").phase("select").criteria)
    assert workload.target.answer == "not_estimable"


def test_what_has_not_changed_is_not_sent_again(client, ada, vera):
    """With the ETag of an answer one learns that it still holds, until something changes."""
    propose(client, ada)
    tag = read(client, vera, "/workloads/triage").headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = read(client, vera, "/workloads/triage", **{"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    score = {"impact": 4, "feasibility": 4, "readiness": 4}
    client.post("/api/v1/workloads/triage/commands/score", json=score, headers=ada.bearer)
    changed = read(client, vera, "/workloads/triage", **{"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


@pytest.mark.parametrize("what", ["", "/gates", "/record", "/evidence"])
def test_an_unknown_workload_is_a_404(client, vera, what):
    """Nothing is made up for a workload that nobody proposed."""
    answer = read(client, vera, f"/workloads/nobody{what}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-workload")


def test_gates_record_and_evidence_are_shown_in_full(client, ada, vera):
    """Every gate in order, everything on record, and everything measured."""
    propose(client, ada)
    gates = read(client, vera, "/workloads/triage/gates").json()
    assert [gate["phase"] for gate in gates] == [phase.id for phase in load("standard").phases]
    record = read(client, vera, "/workloads/triage/record").json()
    assert (record["title"], record["proposed"]["by"]) == ("Ticket triage", ada.person)
    evidence = read(client, vera, "/workloads/triage/evidence").json()
    assert evidence["workload"] == "triage"
    assert evidence["measurements"]["traffic"]["calls"] == 0


def test_workloads_come_page_by_page(client, ada, vera):
    """Following `next` shows every workload once, in the order of their names."""
    slugs = ["delta", "alpha", "charlie", "bravo", "echo"]
    for slug in slugs:
        propose(client, ada, slug)
    seen, after = [], ""
    while after is not None:
        page = read(client, vera, f"/workloads?limit=2{f'&after={after}' if after else ''}").json()
        assert len(page["items"]) <= 2
        seen += [item["workload"] for item in page["items"]]
        after = page["next"]
    assert seen == sorted(slugs)


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("limit=0", "invalid", "limit"),
        ("limit=201", "invalid", "limit"),
        ("limit=two", "invalid", "limit"),
        ("limit=1&limit=2", "repeated-parameter", "limit"),
        ("limit=", "invalid", "limit"),
        ("page=2", "unknown-parameter", "page"),
    ],
)
def test_a_query_that_does_not_fit_is_refused(client, vera, query, code, field):
    """A parameter that is wrong, repeated or unknown is a 400 that names it."""
    answer = read(client, vera, f"/workloads?{query}")
    assert answer.status_code == 400
    assert [(error["code"], error["field"]) for error in answer.json()["errors"]] == [(code, field)]


def test_the_ledger_is_listed_and_verified(client, ada, vera):
    """Entries come in order and page by page, and the whole can be verified."""
    for slug in ("alpha", "bravo", "charlie"):
        propose(client, ada, slug)
    first = read(client, vera, "/ledger?limit=2").json()
    assert [entry["position"] for entry in first["entries"]] == [1, 2]
    rest = read(client, vera, f"/ledger?after={first['next']}").json()
    assert ([entry["position"] for entry in rest["entries"]], rest["next"]) == ([3], None)
    verified = read(client, vera, "/ledger/verify").json()
    assert (verified["entries"], verified["problems"]) == (3, [])


def test_playbooks_are_listed_and_shown(client, vera):
    """Every shipped playbook can be read, and no other."""
    listed = read(client, vera, "/playbooks").json()["playbooks"]
    assert [book["id"] for book in listed] == ["standard", "ninety-day"]
    for book in listed:
        shown = read(client, vera, f"/playbooks/{book['id']}").json()
        assert len(shown["phases"]) == len(load(book["id"]).phases)
    missing = read(client, vera, "/playbooks/our-own")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown-playbook")


def test_the_public_key_is_public(client, workspace):
    """Anybody may have the key that checks leases."""
    keys = client.get("/api/v1/keys").json()
    assert keys["algorithm"] == "Ed25519"
    assert keys["public_key"] == workspace.public_key
    assert load_public_key(keys["public_key"])


def test_people_are_listed_without_their_credentials(client, workspace, vera):
    """Names and roles are shown; hashes, user names and tokens are not."""
    enrol(workspace, "ada", roles={"owner", "reviewer:privacy"})
    answer = read(client, vera, "/people")
    assert [(person["name"], person["roles"]) for person in answer.json()["people"]] == [
        ("Ada", ["owner", "reviewer", "reviewer:privacy"]),
        ("Vera", ["viewer"]),
    ]
    assert "argon2" not in answer.text


def test_health_is_told_to_anybody_and_meters_to_readers(client, ada, vera):
    """Liveness and readiness need no sign-in; the meters count what happens."""
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}
    propose(client, ada)
    meters = client.get("/metrics", headers=vera.bearer)
    assert meters.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'pilotage_commands_total{command="propose",result="done"} 1.0' in meters.text


def test_every_answer_protects_whoever_reads_it(client, ada, vera):
    """Pages, data and errors alike carry the headers that keep browsers safe, and signed-in content is not kept."""
    for path, who in (("/healthz", None), ("/api/v1/workloads", vera), ("/api/v1/nothing", vera), ("/nowhere", None)):
        headers = client.get(path, headers=who.bearer if who else {}).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


def test_a_wrong_method_is_told_the_right_ones(client, vera):
    """A method that an address does not take is a 405 with those that it takes."""
    answer = client.put("/api/v1/workloads", headers=vera.bearer)
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert "GET" in answer.headers["allow"]


def test_only_a_demonstration_has_a_clock_to_move(client, ada):
    """Elsewhere there is no such clock."""
    answer = client.post("/api/v1/demonstration/clock", json={"now": "2030-01-01T00:00:00Z"}, headers=ada.bearer)
    assert answer.status_code == 404


def test_a_demonstration_s_clock_moves_forward_only(tmp_path):
    """Simulated time stamps what happens, is said to be simulated, and never goes back."""
    workspace = open_here(tmp_path, demonstration=True)
    ada = enrol(workspace, "ada", roles={"admin", "owner"}, scopes={"admin", "command", "read"})
    with TestClient(create_app(workspace)) as client:
        body = {"now": "2030-01-01T06:00:00Z"}
        moved = client.post("/api/v1/demonstration/clock", json=body, headers=ada.bearer)
        assert moved.json() == body
        propose(client, ada, demonstration=True)
        (entry,) = read(client, ada, "/ledger").json()["entries"]
        assert (entry["at"], entry["simulated"]) == ("2030-01-01T06:00:00Z", True)
        back = client.post("/api/v1/demonstration/clock", json={"now": "2029-01-01T00:00:00Z"}, headers=ada.bearer)
        assert (back.status_code, back.json()["code"]) == (409, "simulated-time")
        vague = client.post("/api/v1/demonstration/clock", json={"now": "2031-01-01T00:00:00"}, headers=ada.bearer)
        assert (vague.status_code, vague.json()["errors"][0]["field"]) == (400, "now")
        shown = read(client, ada, "/workloads/triage").json()
        assert shown["demonstration"] is True
    workspace.close()


def test_an_entity_tag_is_of_position_and_content(client, ada, vera):
    """The tag can be explained: the ledger's position and a digest of what was sent."""
    propose(client, ada)
    answer = read(client, vera, "/workloads/triage")
    digest = hashlib.sha256(answer.content).hexdigest()[:32]
    assert answer.headers["etag"] == f'"1-{digest}"'
