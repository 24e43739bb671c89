"""The persons that a command names, under other names: a file and a story say usernames, the record says ids. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec import Struct, structs

Given = TypeVar("Given", bound=Struct)


def person_fields(kind: type[Struct]) -> tuple[str, ...]:
    """The fields of a command that name a person, whether they have to or not."""
    info = msgspec.inspect.type_info(kind)
    if not isinstance(info, msgspec.inspect.StructType):
        raise TypeError(kind)
    return tuple(
        field.name
        for field in info.fields
        if isinstance(field.type, msgspec.inspect.Metadata) and (field.type.extra or {}).get("person")
    )


def persons_renamed(command: Given, named: Callable[[str], str]) -> Given:
    """The command with every person it names under another name."""
    persons = {field: getattr(command, field) for field in person_fields(type(command))}
    return structs.replace(command, **{field: named(person) for field, person in persons.items() if person is not None})
