"""Tokens recognised a moment ago, so that runtimes which send often do not cost a look into the accounts each time.

Only recording asks here; whatever reads, commands or administers looks every time. A revoked token may record for
`RECOGNISED_S` longer.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict

from pilotage.server.auth.identity import Identity

RECOGNISED_S = 1.0
TOKENS_MAX = 10_000


class Recognised:
    """Identities by token's digest. Lives on the event loop."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, tuple[float, Identity]] = OrderedDict()

    def find(self, token: str) -> Identity | None:
        """Whose token it was a moment ago."""
        found = self._known.get(_digest(token))
        return found[1] if found and time.monotonic() - found[0] < RECOGNISED_S else None

    def remember(self, token: str, identity: Identity) -> None:
        """Whose token it is now."""
        key = _digest(token)
        self._known[key] = (time.monotonic(), identity)
        self._known.move_to_end(key)
        while len(self._known) > TOKENS_MAX:
            self._known.popitem(last=False)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
