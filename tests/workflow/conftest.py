"""Offices in temporary folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from tests.workflow.office import Office

from pilotage.storage.database import open_database

NewOffice = Callable[..., Office]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    """A database of its own, for what is no desk."""
    engine = open_database(tmp_path / "own.db")
    yield engine
    engine.dispose()


@pytest.fixture
def new_office(tmp_path: Path) -> Iterator[NewOffice]:
    """Opens offices on one database, and closes them."""
    opened: list[Office] = []

    def open_one(**wishes: Any) -> Office:
        opened.append(Office(tmp_path / "pilotage.db", **wishes))
        return opened[-1]

    yield open_one
    for office in opened:
        office.close()


@pytest.fixture
def office(new_office: NewOffice) -> Office:
    """One office."""
    return new_office()
