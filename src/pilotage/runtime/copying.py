"""A call's arguments set aside for an arm that runs beside it, whatever anybody does to them meanwhile."""

from __future__ import annotations

import contextvars
import pickle
from typing import Any

ATOMS = (str, int, float, bool, bytes, type(None))

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


class Copy:
    """Arguments set aside for later. What cannot be copied is shared; `shared` says so."""

    __slots__ = ("_args", "_kwargs", "_pickled", "context", "shared")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._args, self._kwargs = args, kwargs
        self._pickled: bytes | None = None
        self.shared = False
        self.context = contextvars.copy_context()
        if all(type(arg) in ATOMS for arg in args) and all(type(arg) in ATOMS for arg in kwargs.values()):
            return
        try:
            self._pickled = pickle.dumps((args, kwargs), protocol=pickle.HIGHEST_PROTOCOL)
        except Exception:  # noqa: BLE001 - pickling runs the arguments' own code; the count of these is public
            self.shared = True

    @property
    def original(self) -> Arguments:
        """The arguments themselves, which others hold too."""
        return self._args, self._kwargs

    def arguments(self) -> Arguments:
        """Fresh arguments."""
        if self._pickled is None:
            return self.original
        restored: Arguments = pickle.loads(self._pickled)  # noqa: S301 - this process pickled it a moment ago
        return restored
