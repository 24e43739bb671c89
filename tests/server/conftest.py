"""A server on a real workspace in a temporary folder, and people who may use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from tests.server.cast import Enrolled, enrol, open_here

from pilotage.server.app import create_app
from pilotage.workflow.workspace import Workspace

EVERYTHING = frozenset({"record", "read", "command", "admin"})


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace that is no demonstration."""
    workspace = open_here(tmp_path / "home")
    yield workspace
    workspace.close()


@pytest.fixture
def app(workspace: Workspace) -> Litestar:
    """The application on the workspace."""
    return create_app(workspace)


@pytest.fixture
def client(app: Litestar) -> Iterator[TestClient[Litestar]]:
    """A client of the application, which runs."""
    with TestClient(app) as client:
        yield client


@pytest.fixture
def ada(workspace: Workspace) -> Enrolled:
    """An administrator who may also build and own."""
    return enrol(workspace, "ada", roles={"admin", "owner", "engineer"}, scopes=EVERYTHING)


@pytest.fixture
def vera(workspace: Workspace) -> Enrolled:
    """A viewer, with a token that can do no more."""
    return enrol(workspace, "vera", roles={"viewer"}, scopes={"read"})
