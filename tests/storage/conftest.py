"""Databases for every storage test: SQLite in a file, and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from tests.storage.postgres import PostgresServer, database_of, postgres_server

from pilotage.storage.database import open_database

__all__ = ["postgres_server"]

NewDatabase = Callable[[], str]


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresServer) -> str:
    """The name of a migrated database to copy: a copy is quicker than migrating each."""
    url = postgres_server.new_database()
    open_database(url).dispose()
    return database_of(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Each engine in turn; a test that asks for a database runs once on each."""
    return str(request.param)


@pytest.fixture
def new_database(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewDatabase]:
    """Makes the address of a fresh database: migrated on PostgreSQL, not there yet on SQLite."""
    made: list[str] = []

    def new_file() -> str:
        made.append(str(tmp_path / f"{len(made)}.db"))
        return made[-1]

    def new_copy() -> str:
        made.append(server.new_database(template))
        return made[-1]

    if dialect == "sqlite":
        yield new_file
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    template: str = request.getfixturevalue("migrated_template")
    yield new_copy
    for address in made:
        server.drop_database(address)


@pytest.fixture
def database(new_database: NewDatabase) -> str:
    """The address of a fresh database."""
    return new_database()


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """An engine on a fresh, migrated database."""
    engine = open_database(database)
    yield engine
    engine.dispose()
