"""The serials of leases: they rise with every change of content and never fall, restarts and restores included."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, Row

from pilotage.storage.ledger.tables import LEASE_SERIALS
from pilotage.storage.transactions import LOCK_SERIALS, reading, writing


class LeaseSerials:
    """Which serial a lease of a workload carries. Safe to use from many threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def serial_for(self, workload: str, content_digest: str, floor: int = 0) -> int:
        """The serial for this content: the last one if the content is the same, else a higher one.

        Never below `floor`: pass one more than the highest serial known to be out there, so that a database restored
        from an old copy issues nothing that a runtime would refuse.
        """
        with reading(self._engine) as connection:
            held = _held(connection, workload)
        if held is not None and _serves(held, content_digest, floor):
            return int(held.serial)
        with writing(self._engine, LOCK_SERIALS) as connection:
            held = _held(connection, workload)
            if held is not None and _serves(held, content_digest, floor):
                return int(held.serial)
            serial = max(floor, 1 if held is None else held.serial + 1)
            values = {"serial": serial, "content_digest": content_digest}
            if held is None:
                connection.execute(sa.insert(LEASE_SERIALS).values(workload=workload, **values))
            else:
                connection.execute(
                    sa.update(LEASE_SERIALS).where(LEASE_SERIALS.c.workload == workload).values(**values)
                )
            return serial


def _held(connection: Connection, workload: str) -> Row[Any] | None:
    return connection.execute(sa.select(LEASE_SERIALS).where(LEASE_SERIALS.c.workload == workload)).first()


def _serves(held: Row[Any], content_digest: str, floor: int) -> bool:
    return bool(held.content_digest == content_digest and held.serial >= floor)
