"""Identifiers of calls and outcomes: 128 bits, a random prefix per process and a counter."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from itertools import count

from pilotage.runtime.errors import InvalidUse

PREFIX_BITS = 80
COUNTER_BITS = 48
RELEASE_LETTERS_MAX = 200

_CALL_ID = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")


def new_mint() -> tuple[str, Callable[[], int]]:
    """A new random prefix in hexadecimal, and what counts up under it: `"%x" % next()` is an id of 32 digits.

    79 bits are random, the first is set, so that no id loses a leading zero. A process takes a new one when it
    starts and after every fork. The counter is atomic, since one step of it is one step of a C iterator.
    """
    prefix = int.from_bytes(os.urandom(PREFIX_BITS // 8)) | 1 << PREFIX_BITS - 1
    return f"{prefix:x}", count((prefix << COUNTER_BITS) + 1).__next__


def replayed_outcome_id(call_id: str, name: str, at_us: int) -> str:
    """The id of an outcome that is replayed: the same one in every replay, so that a second is a duplicate."""
    return hashlib.blake2b(f"{call_id}|{name}|{at_us}".encode(), digest_size=16).hexdigest()


def checked_call_id(call_id: str) -> str:
    """The call id, if it is 32 hexadecimal digits in lower case."""
    if not isinstance(call_id, str) or _CALL_ID.fullmatch(call_id) is None:
        raise InvalidUse("bad-call-id", "call_id", f"{call_id!r} is not 32 hexadecimal digits; use answer.call_id")
    return call_id


def checked_name(name: str) -> str:
    """The name of an outcome, if it is one."""
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise InvalidUse("bad-name", "name", f"{name!r} is not a name of 1 to 64 letters, digits, '_', '.' or '-'")
    return name


def checked_release(release: str) -> str:
    """The name of a release, if it is one."""
    if not isinstance(release, str) or not 1 <= len(release) <= RELEASE_LETTERS_MAX:
        raise InvalidUse("bad-release", "release", f"{release!r} is not a name of 1 to 200 letters")
    return release


def checked_slug(slug: str) -> str:
    """A workload's slug, if it is one."""
    if not isinstance(slug, str) or _SLUG.fullmatch(slug) is None:
        raise InvalidUse("bad-slug", "slug", f"{slug!r} is not 1 to 64 lower-case letters, digits and inner hyphens")
    return slug
