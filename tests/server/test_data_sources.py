"""Data sources over the interface: a sample is looked at by the server, or refused with everything that is wrong."""

from __future__ import annotations

import base64
import hashlib

import pytest
from tests.record.given import SAMPLE
from tests.server.cast import enrol, propose

from pilotage.record.areas.data import SAMPLE_BYTES_MAX

ADDRESS = "/api/v1/workloads/triage"
SOURCE = {
    "id": "tickets",
    "title": "Closed tickets",
    "holds": "Two years of tickets.",
    "basis": "own",
    "granted_by": "the head of support",
    "retention": "three years",
}


@pytest.fixture
def owner(workspace, client):
    """The owner of a workload with one source."""
    person = enrol(workspace, "olga", roles={"owner", "engineer"}, scopes={"read", "command"})
    propose(client, person)
    assert give(client, person, "list_source", SOURCE | {"owner": person.person}).status_code == 201
    return person


def give(client, who, command, fields):
    """A command is given."""
    return client.post(f"{ADDRESS}/commands/{command}", json=fields, headers=who.bearer)


def look(client, who, content, **fields):
    """A sample is handed in."""
    encoded = base64.b64encode(content).decode()
    return give(client, who, "check_sample", {"source": "tickets", "sample": encoded, **fields})


def data(client, who):
    """The sources as the interface shows them."""
    return client.get(f"{ADDRESS}/data", headers=who.bearer).json()


def test_a_sample_is_looked_at_by_the_server(client, owner, workspace):
    """The figures are the server's own, with the file's digest; the file is in no entry of the ledger."""
    content = SAMPLE.encode()
    assert look(client, owner, content, label_column="team", time_column="closed_at").status_code == 201
    (source,) = data(client, owner)["sources"]
    sample = source["sample"]
    assert sample["digest"] == hashlib.sha256(content).hexdigest()
    assert (sample["rows"], sample["labelled"], sample["label_kinds"]) == (400, 400, 4)
    assert [one["name"] for one in sample["columns"]] == ["subject", "team", "closed_at"]
    assert data(client, owner)["verdict"]["verdict"] == ("met" if not sample["beyond"] else "unmet")
    assert not any("Ticket 7" in str(entry) for entry in workspace.ledger.read_all())


def test_what_cannot_be_read_writes_nothing(client, owner):
    """A broken file and a column that is not there are 422 with their fields, and no sample is on record."""
    answer = look(client, owner, b"team,x\n1\n", label_column="label")
    assert answer.status_code == 422
    assert {(one["code"], one["field"]) for one in answer.json()["errors"]} == {("columns", "label_column")}
    answer = look(client, owner, b"team,x\n1\n")
    assert {(one["code"], one["field"]) for one in answer.json()["errors"]} == {("bad-row", "sample")}
    assert data(client, owner)["sources"][0]["sample"] is None


def test_too_large_a_sample_is_refused(client, owner):
    """A file above the limit is refused by its size, however it is sent."""
    answer = look(client, owner, b"x\n" * (SAMPLE_BYTES_MAX // 2 + 1))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "sample"


def test_no_figure_can_be_typed(client, owner):
    """A command that brings figures of its own is refused: only the file says what it holds."""
    assert look(client, owner, SAMPLE.encode(), rows=10**6).status_code == 400


def test_only_those_who_build_it_hand_in_samples(client, owner, workspace):
    """A viewer's sample is refused, and whoever reads may read the figures."""
    viewer = enrol(workspace, "vic", roles={"viewer"}, scopes={"read", "command"})
    answer = look(client, viewer, SAMPLE.encode())
    assert "not-permitted" in {one["code"] for one in answer.json()["errors"]}
    assert data(client, viewer)["sources"][0]["title"] == "Closed tickets"
