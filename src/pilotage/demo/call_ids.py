"""The ids of replayed calls."""

from __future__ import annotations

import hashlib


def call_id_for(key: str) -> str:
    """The call id of what is decided on: the same on every replay, so that a second start repeats nothing."""
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
