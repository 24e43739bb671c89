"""The embedded call store."""

from pilotage.storage.calls.store import EmbeddedCallStore

__all__ = ["EmbeddedCallStore"]
