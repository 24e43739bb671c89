"""Random secrets that are shown once and kept as digests, and random ids."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable

RandomBytes = Callable[[int], bytes]

SECRET_BYTES = 32
ID_BYTES = 7
ID_CHARACTERS = 10


def new_secret(prefix: str, random_bytes: RandomBytes) -> str:
    """A secret of 256 random bits. The prefix lets people and secret scanners see what they found."""
    return prefix + base64.urlsafe_b64encode(random_bytes(SECRET_BYTES)).rstrip(b"=").decode()


def digest(secret: str) -> bytes:
    """What is kept of a secret. Plain SHA-256 serves, since there is nothing to guess in 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def csrf_of(session: str) -> str:
    """What the forms of a session repeat, derived from the session's token: nothing more needs to be kept."""
    return hmac.new(session.encode("utf-8", "surrogatepass"), b"pilotage csrf", hashlib.sha256).hexdigest()


def new_id(prefix: str, random_bytes: RandomBytes) -> str:
    """An id of ten base32 characters (50 random bits) after its prefix."""
    return prefix + base64.b32encode(random_bytes(ID_BYTES)).decode().lower()[:ID_CHARACTERS]
