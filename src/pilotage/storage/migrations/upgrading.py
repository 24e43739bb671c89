"""Bring a database to a schema revision, safely when several processes open it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from pilotage.storage.errors import StorageError
from pilotage.storage.transactions import LOCK_MIGRATIONS, reading, writing

if TYPE_CHECKING:
    from alembic.config import Config

# The newest revision, so that opening a database that is up to date need not import Alembic.
HEAD = "0002"


def upgrade(engine: Engine, revision: str = HEAD) -> None:
    """Migrate to `revision` in one transaction: wholly or not at all.

    Raises `StorageError` (`database-newer`) when the database carries a revision unknown to this version.
    """
    with reading(engine) as connection:
        if _stored(connection) == HEAD:
            return
    with writing(engine, LOCK_MIGRATIONS) as connection:
        _migrate(connection, revision)


def revisions() -> tuple[str, ...]:
    """Every revision there has been, oldest first."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - costly, and needed only to migrate

    scripts = ScriptDirectory.from_config(_config())
    return tuple(reversed([script.revision for script in scripts.walk_revisions()]))


def _migrate(connection: Connection, revision: str) -> None:
    from alembic import command  # noqa: PLC0415 - costly, and needed only to migrate

    stored = _stored(connection)
    if stored == revision:
        return
    if stored is not None and stored not in revisions():
        raise StorageError(
            "database-newer",
            f"The database has schema {stored}, which this version does not know: "
            "a newer Pilotage wrote it. Upgrade Pilotage.",
        )
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _stored(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415 - costly, and needed only to migrate

    config = Config()
    config.set_main_option("script_location", "pilotage.storage:migrations")
    config.set_main_option("path_separator", "os")
    return config
