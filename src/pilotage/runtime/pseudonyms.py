"""Units as keyed pseudonyms, so that no name of a customer is recorded, and the key that makes them."""

from __future__ import annotations

import hashlib

PSEUDONYM_BYTES = 16
KEY_BYTES = 32
REMEMBERED = 65_536


def pseudonym(key: bytes, unit: str) -> str:
    """The unit's pseudonym: BLAKE2b of its UTF-8 bytes under the workload's key, 16 bytes in hexadecimal (RFC 7693)."""
    data = unit.encode("utf-8", "backslashreplace")
    return hashlib.blake2b(data, key=key, digest_size=PSEUDONYM_BYTES).hexdigest()


class Pseudonyms(dict[str, str]):
    """Pseudonyms by unit, remembered up to a bound: looking one up makes it."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self.key = key

    def __missing__(self, unit: str) -> str:
        if len(self) >= REMEMBERED:
            self.clear()
        made = self[unit] = pseudonym(self.key, unit if isinstance(unit, str) else str(unit))
        return made
