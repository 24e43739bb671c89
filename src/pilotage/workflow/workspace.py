"""A workspace's open parts, as bootstrap wires them and server, jobs and command line use them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pilotage.lease import Lease
from pilotage.storage.accounts import Accounts
from pilotage.storage.ledger import IdempotencyKeys
from pilotage.storage.protocols import CallStore, Ledger
from pilotage.workflow.blind_pairs import BlindPairs
from pilotage.workflow.clock import Clock
from pilotage.workflow.desk import Desk
from pilotage.workflow.leasing import Leasing
from pilotage.workflow.measuring import Measuring


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Everything that one installation keeps in one folder. `close` releases it.

    `sign` turns a lease into the token that runtimes obey; `public_key` (hexadecimal) checks it.
    `advance_clock` moves a demonstration's simulated time and is None elsewhere.
    """

    home: Path
    workspace_id: str
    demonstration: bool
    clock: Clock
    ledger: Ledger
    calls: CallStore
    accounts: Accounts
    idempotency: IdempotencyKeys
    measuring: Measuring
    desk: Desk
    leasing: Leasing
    pairs: BlindPairs
    sign: Callable[[Lease], str]
    public_key: str
    advance_clock: Callable[[dt.datetime], None] | None
    close: Callable[[], None]
