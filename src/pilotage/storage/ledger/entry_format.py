"""The form in which an entry is hashed. It is final: what is written once can be proven only as it was written.

An entry is the canonical JSON (RFC 8785) of its nine members; its leaf is the RFC 9162 leaf hash of those bytes.
A personal text is not in it: its member of the payload is `{"commitment": hex SHA-256(salt || UTF-8 text)}`.
See docs/ledger-format.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec
import rfc8785

from pilotage.storage.errors import StorageRefused

FORMAT = 1
SALT_BYTES = 32
NAME_CHARACTERS_MAX = 200

_SAFE_INTEGER_MAX = 2**53 - 1
_MANY_DIGITS = re.compile(r"[0-9]{16}")


def canonical(value: Any) -> bytes:  # noqa: ANN401 - whatever JSON can say
    """RFC 8785 bytes of a JSON value. Raises `StorageRefused` for what has no canonical form (NaN, 2**53, sets…)."""
    try:
        return rfc8785.dumps(value)
    except (ValueError, RecursionError) as error:
        raise StorageRefused("ledger-payload", f"The payload has no canonical JSON form: {error}.") from error


def json_value(text: str) -> Any:  # noqa: ANN401 - whatever JSON can say
    """The value of canonical JSON. Raises `ValueError` for what is not JSON.

    A whole number beyond 2**53 was a double, and is one again: RFC 8785 pads its shortest digits with zeros, so that
    read as an integer it would be another number.
    """
    if _MANY_DIGITS.search(text):
        return json.loads(text, parse_int=_number)
    return msgspec.json.decode(text)


def _number(digits: str) -> int | float:
    number = int(digits)
    return number if abs(number) <= _SAFE_INTEGER_MAX else float(number)


def entry_bytes(
    *, position: int, workload: str, sequence: int, kind: str, actor: str, at: str, simulated: bool, payload: bytes
) -> bytes:
    """The canonical JSON of an entry whose `payload` is canonical already.

    It is put together by hand so that the large part, the payload, is made canonical before the position is known,
    outside the write transaction; the members stand in the order that RFC 8785 sorts them into.
    """
    before = b'{"actor":%b,"at":%b,"format":%d,"kind":%b,"payload":' % (
        canonical(actor),
        canonical(at),
        FORMAT,
        canonical(kind),
    )
    after = b',"position":%d,"sequence":%d,"simulated":%b,"workload":%b}' % (
        position,
        sequence,
        b"true" if simulated else b"false",
        canonical(workload),
    )
    return before + payload + after


def commitment(salt: bytes, text: bytes) -> str:
    """What stands in an entry for a personal text: hexadecimal SHA-256 of salt and UTF-8 text."""
    return hashlib.sha256(salt + text).hexdigest()


def is_commitment(value: object) -> bool:
    """Whether a member of a payload has the form that is kept for commitments."""
    return isinstance(value, Mapping) and value.keys() == {"commitment"}


def commitments(payload: Mapping[str, Any]) -> dict[str, object]:
    """The commitments of a payload by field."""
    return {field: value["commitment"] for field, value in payload.items() if is_commitment(value)}


def check_name(what: str, name: str) -> None:
    """Refuse a workload, kind or actor that is empty, overlong or holds a control character."""
    if not 0 < len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
        raise StorageRefused(
            f"ledger-{what}", f"The {what} of an entry has 1 to {NAME_CHARACTERS_MAX} printable characters."
        )
