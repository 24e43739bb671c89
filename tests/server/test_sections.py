"""The evidence section by section, through the interface."""

from __future__ import annotations

import msgspec
import pytest
from litestar.testing import TestClient
from tests.server.cast import enrol, open_here, propose

from pilotage.server.app import create_app
from pilotage.workflow.sections import LISTED


@pytest.fixture(scope="module")
def interface(tmp_path_factory):
    """A client of an interface where one workload was proposed, and who asks."""
    workspace = open_here(tmp_path_factory.mktemp("sections") / "home")
    ada = enrol(workspace, "ada", roles={"owner"}, scopes={"read", "command"})
    with TestClient(create_app(workspace)) as client:
        propose(client, ada)
        yield client, ada
    workspace.close()


@pytest.mark.parametrize("section", LISTED, ids=lambda section: section.id)
def test_a_section_is_of_its_type_from_the_first_day(section, interface):
    """Before anything was promised or measured, each section answers in its own type, and is not sent twice."""
    client, ada = interface
    address = f"/api/v1/workloads/triage/evidence/{section.id}"
    answer = client.get(address, headers=ada.bearer)
    assert answer.status_code == 200, answer.text
    msgspec.json.decode(answer.content, type=section.of)
    again = client.get(address, headers=ada.bearer | {"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_there_is_no_section_of_a_workload_that_is_not_there(interface):
    """An unknown workload is refused as everywhere; so is an unknown section."""
    client, ada = interface
    unknown = client.get("/api/v1/workloads/nope/evidence/answer", headers=ada.bearer)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown-workload")
    assert client.get("/api/v1/workloads/triage/evidence/nope", headers=ada.bearer).status_code == 404
