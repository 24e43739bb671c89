"""Completions from a learning system: taken in batches, once, or refused with everything that is wrong."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.server.cast import enrol, make_live

TODAY = dt.datetime.now(dt.UTC).date().isoformat()


def batch(*learners, **changed):
    """Completions of the introduction by these learners."""
    given = {"audience": "desk", "module": "intro", "completed_on": TODAY, **changed}
    return {"completions": [{"learner": learner, **given} for learner in learners]}


@pytest.fixture
def owner(workspace):
    """The owner of a live workload whose one person is trained, and whose audience then grows to four."""
    people = [
        enrol(workspace, name, roles={"owner", "sponsor", "operator"}, scopes={"read", "command"})
        for name in ("olga", "sven")
    ]
    make_live(workspace, *people)
    return people[0]


def send(client, who, body):
    """A batch is sent."""
    return client.post("/api/v1/workloads/triage/training/completions", json=body, headers=who.bearer)


def grow(client, who, people):
    """The audience has so many people."""
    fields = {"id": "desk", "title": "The desk", "people": people}
    answer = client.post("/api/v1/workloads/triage/commands/name_audience", json=fields, headers=who.bearer)
    assert answer.status_code == 201, answer.text


def test_a_batch_is_taken_once(client, owner):
    """A batch answers how many it recorded and how many were known; sent again, it changes nothing."""
    grow(client, owner, 4)
    answer = send(client, owner, batch("p-1", "p-2", "p-3"))
    assert answer.status_code == 200, answer.text
    taken = answer.json()
    assert (taken["recorded"], taken["known"]) == (2, 1)
    again = send(client, owner, batch("p-1", "p-2", "p-3"))
    assert again.json() == {"workload": "triage", "recorded": 0, "known": 3, "ledger": None}


def test_a_batch_with_something_wrong_is_refused_whole(client, owner):
    """Every completion that cannot be taken is named, and none is recorded."""
    grow(client, owner, 4)
    answer = send(
        client, owner, {"completions": batch("p-2")["completions"] + batch("p-3", module="dance")["completions"]}
    )
    assert answer.status_code == 422
    assert [(error["code"], error["field"]) for error in answer.json()["errors"]] == [
        ("unknown-module", "completions[1]")
    ]
    assert send(client, owner, batch("p-2")).json()["recorded"] == 1


def test_an_address_is_no_learner(client, owner):
    """An address would stay in the ledger for ever; it is refused before anything is written."""
    assert send(client, owner, batch("anna@example.org")).status_code == 400
