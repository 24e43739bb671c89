"""What an administrator of the database can do to the ledger behind its back."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection


def drop_triggers(connection: Connection, dialect: str) -> None:
    """Take the guards away from the ledger's tables."""
    if dialect == "sqlite":
        for name in (
            connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        ):
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
    else:
        connection.exec_driver_sql("ALTER TABLE entries DISABLE TRIGGER USER")
        connection.exec_driver_sql("ALTER TABLE entry_texts DISABLE TRIGGER USER")
