"""Exact counts of what the runtime did not record or run, by reason."""

from __future__ import annotations

import threading


class Counters:
    """Running totals by reason, safe to add to from any thread. Only failures are counted, so the lock is cold."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: dict[str, int] = {}

    def add(self, reason: str, count: int = 1) -> int:
        """Add to a reason; its new total."""
        with self._lock:
            total = self._totals.get(reason, 0) + count
            self._totals[reason] = total
            return total

    def totals(self) -> dict[str, int]:
        """A copy of the totals."""
        with self._lock:
            return dict(self._totals)
