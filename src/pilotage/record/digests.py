"""Digests of what is signed: SHA-256 over canonical JSON (RFC 8785). Pure.

The same content has the same digest before and after it was in the ledger, whichever way its numbers were
written, so anybody with the content and a library for RFC 8785 can recompute what was signed.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import rfc8785


def digest_of(value: Any) -> str:  # noqa: ANN401 - anything that can be written as JSON
    """The SHA-256 digest of a value's canonical JSON, as 64 hexadecimal digits.

    Raises ValueError for what canonical JSON cannot hold: infinite numbers, integers beyond 2^53, half characters.
    """
    return digest_of_text(canonical_text(value))


def canonical_text(value: Any) -> str:  # noqa: ANN401 - anything that can be written as JSON
    """A value's canonical JSON. Raises ValueError as `digest_of` does."""
    return rfc8785.dumps(msgspec.to_builtins(value)).decode()


def digest_of_text(text: str) -> str:
    """The SHA-256 digest of a text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
