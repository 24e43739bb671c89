"""Tables as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Sequence

from litestar.response import Response

MEDIA_TYPE = "text/csv"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")

Cell = str | float | int | bool | dt.date | dt.datetime | None


def cell(value: Cell) -> str:
    """A value as one cell: nothing is empty, times are ISO 8601 in UTC.

    Text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV injection).
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() else repr(value)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def csv_of(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A table as CSV (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def csv_answer(name: str, content: bytes) -> Response[bytes]:
    """A CSV file to keep. `name` is made of slugs and words of our own."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(content, media_type=MEDIA_TYPE, headers=headers)
