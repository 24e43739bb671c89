"""Assessments over the interface: answered, concluded, listed, and nowhere among the workloads."""

from __future__ import annotations

import pytest
from tests.record.assessed import READINESS, questions
from tests.server.cast import enrol, propose

from pilotage.record.organisation import ORGANISATION


@pytest.fixture
def people(workspace):
    """An owner, an engineer, a sponsor and a viewer."""
    roles = {"olga": {"owner"}, "yuki": {"engineer"}, "sam": {"sponsor"}, "vera": {"viewer"}}
    return {name: enrol(workspace, name, roles=held, scopes={"read", "command"}) for name, held in roles.items()}


def gives(client, who, name, body, **headers):
    """Give a command about the organisation."""
    return client.post(f"/api/v1/organisation/commands/{name}", json=body, headers=who.bearer | headers)


def answered(client, who, question, level=2, **more):
    """Answer a question."""
    body = {"assessment": READINESS, "question": question, "level": level, "statement": "As we talked over."}
    return gives(client, who, "answer_assessment", body | more)


def test_a_round_is_answered_concluded_and_shown(client, people):
    """What was answered stands in the open round, then in the round that was concluded, and the scores with it."""
    olga, yuki, sam = people["olga"], people["yuki"], people["sam"]
    propose(client, olga)
    assert answered(client, yuki, "one-owner", 4).json()["errors"][0]["code"] == "evidence-missing"
    answer = answered(client, yuki, "one-owner", 4, evidence=["triage/select.owner", "the minutes"])
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert (receipt["workload"], receipt["kinds"]) == (ORGANISATION, ["assessment_answered"])
    found = client.get(f"/api/v1/assessments/{READINESS}", headers=olga.bearer).json()
    one = next(question for question in found["questions"] if question["id"] == "one-owner")
    assert (one["answer"]["level"], one["answer"]["given"]["by"]) == (4, yuki.person)
    assert one["answer"]["evidence"] == [
        {"said": "triage/select.owner", "workload": "triage", "criterion": "select.owner", "verdict": "unmet"},
        {"said": "the minutes", "workload": None, "criterion": None, "verdict": None},
    ]
    assert (found["summary"]["answered"], found["base"], found["stands"]) == (1, receipt["positions"][0], None)
    for question in questions():
        if question != "one-owner":
            assert answered(client, olga, question).status_code == 201
    closing = {"assessment": READINESS, "statement": "Ready for one workload."}
    late = gives(client, sam, "conclude_assessment", closing | {"base": found["base"]})
    assert (late.status_code, late.json()["errors"][0]["code"]) == (422, "overtaken")
    newest = client.get(f"/api/v1/assessments/{READINESS}", headers=olga.bearer).json()["base"]
    assert gives(client, sam, "conclude_assessment", closing | {"base": newest}).status_code == 201
    stands = client.get(f"/api/v1/assessments/{READINESS}", headers=olga.bearer).json()
    (held,) = stands["rounds"]
    assert held["answered_by"] == sorted([olga.person, yuki.person])
    assert held["overall"] == pytest.approx((2 + 8 / 3 + 2 + 2 + 2 + 2) / 6)
    people_now = next(one for one in stands["dimensions"] if one["id"] == "people")
    assert people_now["score"] == pytest.approx(8 / 3)
    assert [(need["question"], need["level"]) for need in people_now["needs"]] == [
        ("skills", 2), ("users-take-part", 2),
    ]  # fmt: skip
    listed = client.get("/api/v1/assessments", headers=olga.bearer).json()["assessments"]
    assert [(one["id"], one["rounds"], one["round"]) for one in listed] == [
        (READINESS, 1, 2), ("llm-operations-maturity", 0, 1),
    ]  # fmt: skip
    ready = client.get("/api/v1/candidates", headers=olga.bearer).json()["readiness"]
    assert (ready["score"], ready["caution"]) == (held["overall"], "")


def test_the_organisation_is_no_workload_anywhere(client, people):
    """It is on the ledger, verified, and in no list of workloads, nor at any address of one."""
    olga = people["olga"]
    propose(client, olga)
    assert answered(client, olga, "skills").status_code == 201
    entries = client.get("/api/v1/ledger", headers=olga.bearer).json()["entries"]
    assert [entry["workload"] for entry in entries] == ["triage", ORGANISATION]
    assert client.get("/api/v1/ledger/verify", headers=olga.bearer).json()["problems"] == []
    items = client.get("/api/v1/workloads", headers=olga.bearer).json()["items"]
    assert [item["workload"] for item in items] == ["triage"]
    portfolio = client.get("/api/v1/portfolio", headers=olga.bearer).json()
    assert (portfolio["total"], [one["workload"] for one in portfolio["workloads"]]) == (1, ["triage"])
    assert client.get(f"/api/v1/workloads/{ORGANISATION}", headers=olga.bearer).status_code in {400, 404}
    body = {"comment": "Hello there."}
    refused = client.post(f"/api/v1/workloads/{ORGANISATION}/commands/comment", json=body, headers=olga.bearer)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid-slug")


def test_who_may_not_is_refused_by_name(client, workspace, people):
    """A viewer answers nothing, an engineer concludes nothing, a token for one workload speaks for nothing else."""
    assert answered(client, people["vera"], "skills").status_code == 403
    closing = {"assessment": READINESS, "statement": "Ready for one workload."}
    assert gives(client, people["yuki"], "conclude_assessment", closing).status_code == 403
    bound = enrol(workspace, "bob", roles={"engineer"}, scopes={"read", "command"}, workload="triage")
    assert answered(client, bound, "skills").json()["detail"] == "This token is bound to triage."
    assert workspace.ledger.position() == 0


def test_a_command_that_is_sent_twice_is_carried_out_once(client, workspace, people):
    """The same key and body get the same receipt."""
    body = {"assessment": READINESS, "question": "skills", "level": 2, "statement": "As we talked over."}
    headers = {"Idempotency-Key": "abc-123-abc-123"}
    first = gives(client, people["olga"], "answer_assessment", body, **headers)
    again = gives(client, people["olga"], "answer_assessment", body, **headers)
    assert first.json() == again.json()
    assert workspace.ledger.position() == 1


def test_what_is_not_asked_is_not_there(client, people):
    """An assessment of another name is a 404 that says which there are; a question too is refused."""
    missing = client.get("/api/v1/assessments/astrology", headers=people["olga"].bearer)
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown-assessment")
    assert READINESS in missing.json()["detail"]
    assert answered(client, people["olga"], "astrology").json()["errors"][0]["code"] == "unknown-question"
