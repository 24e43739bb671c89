"""Whether a command can be recorded at all: its own bounds, and what canonical JSON can hold. Pure.

Commands that come over HTTP are checked when they are read; one made in the same process is not, and what the
ledger cannot hold, or cannot give back, must never reach it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from pilotage.record.errors import Problem

INTEGER_MAX = 2**53 - 1
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<field>.*)`)?$", re.DOTALL)


def unsound(command: Struct) -> list[Problem]:
    """What keeps a command from being recorded; none when it is sound."""
    plain = msgspec.to_builtins(command)
    return [*_unwritable(plain, ""), *_out_of_bounds(plain, type(command)), *_blank(plain, type(command))]


def _unwritable(value: Any, field: str) -> Iterator[Problem]:  # noqa: ANN401 - anything that JSON may hold
    """RFC 8785 knows no numbers beyond those of IEEE 754 doubles, and no text outside Unicode."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _unwritable(key, field)
            yield from _unwritable(below, f"{field}.{key}" if field else str(key))
    elif isinstance(value, list | tuple):
        for below in value:
            yield from _unwritable(below, field)
    elif isinstance(value, float) and not math.isfinite(value):
        yield Problem(code="not-a-number", field=field, message=f"{value} cannot be recorded; give a finite number.")
    elif isinstance(value, int) and abs(value) > INTEGER_MAX:
        message = "This number is too large to be recorded exactly; give one below 2^53."
        yield Problem(code="not-a-number", field=field, message=message)
    elif isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        message = "The text holds half of a character; paste it again, or leave that sign out."
        yield Problem(code="not-text", field=field, message=message)


def _out_of_bounds(plain: dict[str, Any], kind: type[Struct]) -> Iterator[Problem]:
    try:
        msgspec.convert(plain, kind, strict=True)
    except msgspec.ValidationError as error:
        found = _AT.match(str(error))
        what, field = (found["what"], found["field"]) if found else (str(error), None)
        message = f"{what}; change it so that it fits."
        yield Problem(code="out-of-bounds", field=field or "", message=message)


@lru_cache
def _lengths(kind: type[Struct]) -> dict[str, int]:
    """The least length of each text that has one."""
    info = msgspec.inspect.type_info(kind)
    if not isinstance(info, msgspec.inspect.StructType):
        raise TypeError(kind)
    found = {}
    for field in info.fields:
        of = field.type.type if isinstance(field.type, msgspec.inspect.Metadata) else field.type
        if isinstance(of, msgspec.inspect.StrType) and of.min_length:
            found[field.encode_name] = of.min_length
    return found


def _blank(plain: dict[str, Any], kind: type[Struct]) -> Iterator[Problem]:
    """Spaces are no reason: what has to be said is counted without those around it."""
    for field, least in _lengths(kind).items():
        text = plain.get(field)
        if isinstance(text, str) and len(text.strip()) < least <= len(text):
            message = f"Write at least {least} characters that say something; spaces do not count."
            yield Problem(code="blank", field=field, message=message)
