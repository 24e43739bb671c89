"""What all relational tables share: the metadata that names their constraints, and how a time is stored."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from pilotage.storage.errors import StorageRefused

METADATA = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# A 64-bit integer on both engines; on SQLite it must be spelled INTEGER to be the row's own key.
Count = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def rfc3339(at: dt.datetime) -> str:
    """An aware time as RFC 3339 in UTC with microseconds: `2026-11-23T17:25:00.000000Z`, always 27 characters.

    Such texts sort as the times do. Raises `StorageRefused` for a time without a zone, or outside years 1 to 9999.
    """
    if at.tzinfo is None:
        raise StorageRefused("time-without-zone", f"The time {at.isoformat()} has no time zone; give it in UTC.")
    try:
        utc = at.astimezone(dt.UTC)
    except OverflowError as error:
        raise StorageRefused("time-out-of-range", f"The time {at.isoformat()} is beyond what UTC can say.") from error
    return utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def parse_rfc3339(text: str) -> dt.datetime:
    """The time that `rfc3339` wrote. Raises `ValueError` for any other form."""
    return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=dt.UTC)


class Instant(TypeDecorator[dt.datetime]):
    """A time, stored as `rfc3339` text, the same on every engine and the same as in the ledger's entries."""

    impl = sa.String(27)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base's
        """The text of a time."""
        return None if value is None else rfc3339(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002 - the base's
        """The time of a text."""
        return None if value is None else parse_rfc3339(value)
