"""The history of the relational schema, and the way to bring a database up to its newest revision."""

from pilotage.storage.migrations.upgrading import HEAD, revisions, upgrade

__all__ = ["HEAD", "revisions", "upgrade"]
