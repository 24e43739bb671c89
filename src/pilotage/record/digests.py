"""Digests of what is signed: SHA-256 over canonical JSON. Pure.

The canonical form is msgspec's sorted, whitespace-free JSON of plain values. The ledger hashes its entries
under RFC 8785; a signed digest only needs to be reproducible by this product and its exports, which say so.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec


def digest_of(value: Any) -> str:  # noqa: ANN401 - anything that can be written as JSON
    """The SHA-256 digest of a value's canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()
