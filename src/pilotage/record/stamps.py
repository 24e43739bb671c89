"""Who recorded something, when, and where in the ledger. Pure."""

from __future__ import annotations

import datetime as dt
from typing import Generic, TypeVar

from msgspec import Struct

Content = TypeVar("Content", bound=Struct)


class Stamp(Struct, frozen=True, kw_only=True):
    """Who recorded something, when, and where in the ledger."""

    by: str
    at: dt.datetime
    position: int


class Act(Struct, frozen=True, kw_only=True):
    """Something that a person put on the record: the kind of fact, and when."""

    kind: str
    stamp: Stamp


class Said(Struct, frozen=True, kw_only=True):
    """A statement on the record."""

    text: str
    stamp: Stamp


class Standing(Struct, Generic[Content], frozen=True, kw_only=True):
    """A fact that stands until the next of its kind, with who recorded it."""

    fact: Content
    stamp: Stamp
