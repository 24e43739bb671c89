"""The ledger, and the small stores beside it that must be as durable."""

from pilotage.storage.ledger.idempotency_keys import IdempotencyKeys, StoredResponse
from pilotage.storage.ledger.lease_serials import LeaseSerials
from pilotage.storage.ledger.settings import Settings, Workspace
from pilotage.storage.ledger.sql_ledger import SqlLedger, TreeHead

__all__ = ["IdempotencyKeys", "LeaseSerials", "Settings", "SqlLedger", "StoredResponse", "TreeHead", "Workspace"]
