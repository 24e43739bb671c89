"""Values as JSON text at the moment of the call, so that later mutation cannot falsify the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

DEPTH_MAX = 32


def _plain(value: object) -> object:
    """What is encoded of an object without a JSON form: an array's list, a pydantic model's map, else the repr."""
    for method in ("tolist", "model_dump"):
        convert = getattr(value, method, None)
        if callable(convert):
            return convert()
    return repr(value)


encode = msgspec.json.Encoder(enc_hook=_plain).encode
"""JSON of a value, in C. May raise: `snapshot` is the form that does not."""

decode = msgspec.json.decode


def snapshot(value: object) -> str | None:
    """JSON text of a value; what has no JSON form is its `repr`. None when even that cannot be had."""
    try:
        return encode(value).decode()
    except Exception:  # noqa: BLE001 - encoding runs the value's own code, which may raise anything
        return _snapshot_of_parts(value)


def as_bytes(text: str | None) -> bytes | None:
    """The text as the encoder would have given it."""
    return None if text is None else text.encode()


def as_text(data: bytes | None) -> str | None:
    """What the encoder gave, as text."""
    return None if data is None else data.decode()


def _snapshot_of_parts(value: object) -> str | None:
    try:
        return encode(_spelt(value, DEPTH_MAX)).decode()
    except Exception:  # noqa: BLE001 - same; a call is worth more than its record
        return None


def _spelt(value: object, depth: int) -> object:
    """The value rebuilt from plain parts, cut at a depth: for circular values, broken text and stubborn objects."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return spelt_out(value)
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {spelt_out(key): _spelt(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_spelt(item, depth - 1) for item in value]
    return spelt_out(repr(value))


def spelt_out(value: object) -> str:
    """Text that can be hashed and stored, whatever was given: broken Unicode becomes escapes."""
    text = value if isinstance(value, str) else str(value)
    return text.encode("utf-8", "backslashreplace").decode()


def arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> object:
    """What is recorded as the input: one positional argument is that value, anything else `{"args", "kwargs"}`."""
    if len(args) == 1 and not kwargs:
        return args[0]
    return {"args": args, "kwargs": kwargs}
