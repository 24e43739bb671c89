"""What the caller's thread puts its rows into: bounded, and read by the recorder alone."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

ROWS_MAX = 50_000
ROWS_MIN = 16
BYTES = 64 * 2**20
GROUP_ROWS_FIRST = 256
GROUP_ROWS_MAX = 16_384
GROUP_BYTES = 3 * 2**18


class Buffer(deque[Any]):
    """Rows of the short path. Whoever adds one looks at `room` first: a row count, so that looking costs next to
    nothing, set so that the rows take about 64 MiB.
    """

    __slots__ = ("group", "room")

    def __init__(self) -> None:
        super().__init__()
        self.room = ROWS_MAX
        self.group = GROUP_ROWS_FIRST

    def fit(self, row_bytes: float) -> None:
        """Set the bound, and how many rows are taken at once, for rows of this size."""
        self.room = int(max(ROWS_MIN, min(ROWS_MAX, BYTES / max(1.0, row_bytes))))
        self.group = int(max(1, min(GROUP_ROWS_MAX, GROUP_BYTES / max(1.0, row_bytes))))


class Weighed:
    """All other rows, bounded by what they weigh."""

    def __init__(self) -> None:
        self._rows: deque[tuple[Any, int]] = deque()
        self._weight = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._rows)

    def has_room(self) -> bool:
        """Whether another row may come."""
        return self._weight < BYTES and len(self._rows) < ROWS_MAX

    def add(self, row: object, weight: int) -> bool:
        """Take a row of this many letters, or refuse it."""
        with self._lock:
            if not self.has_room():
                return False
            self._weight += weight
            self._rows.append((row, weight))
            return True

    def take(self) -> list[Any]:
        """The next group, oldest first; empty when there is nothing."""
        group: list[Any] = []
        weight = 0
        with self._lock:
            while self._rows and weight < GROUP_BYTES and len(group) < GROUP_ROWS_MAX:
                row, letters = self._rows.popleft()
                weight += letters
                group.append(row)
            self._weight -= weight
        return group
