"""The one clock: bootstrap provides it, a demonstration may simulate it."""

from __future__ import annotations

import datetime as dt
from typing import Protocol


class Clock(Protocol):
    """Tells the workspace's time. Real time decides leases and sessions, whatever this says."""

    @property
    def simulated(self) -> bool:
        """Whether the time is made up; every fact recorded under it says so."""

    def now(self) -> dt.datetime:
        """The time, UTC and aware."""

    def real(self) -> float:
        """Real time in seconds since 1970 UTC."""
