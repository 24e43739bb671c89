"""The section `records` of a workload's file: the entries of the record's areas, by the command that writes them.

An entry of which there is one stands as itself, one that is told apart by a key stands in a list. Persons stand by the
names that the file uses elsewhere. What has to be accepted, approved or signed is no entry, and no file says it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, structs

from pilotage.record.areas.listing import AREAS
from pilotage.record.areas.persons import persons_renamed
from pilotage.record.commands import name_of
from pilotage.record.workload import Workload

if TYPE_CHECKING:
    Records = Any
else:
    Records = msgspec.defstruct(
        "Records",
        [
            (
                str(entry.command.__struct_config__.tag),
                *((tuple[entry.command, ...], ()) if entry.key else (entry.command | None, None)),
            )
            for area in AREAS
            for entry in area.entries
        ],
        frozen=True,
        kw_only=True,
    )

Naming = Callable[[str], str]


class PlacedEntry(Struct, frozen=True, kw_only=True):
    """A command of the section, and where in the file it stands."""

    command: Any
    place: str


def entries_of(records: Any) -> Iterator[PlacedEntry]:  # noqa: ANN401 - the section, whose type is made of the areas
    """The section's commands, in the areas' order."""
    for field in structs.fields(records):
        given = getattr(records, field.name)
        if isinstance(given, tuple):
            for index, command in enumerate(given):
                yield PlacedEntry(command=command, place=f"records.{field.name}[{index}]")
        elif given is not None:
            yield PlacedEntry(command=given, place=f"records.{field.name}")


def records_of(workload: Workload, named: Naming) -> Any:  # noqa: ANN401 - the section
    """What the section would say to bring about what stands."""
    found: dict[str, Any] = {}
    for area in AREAS:
        for entry in area.entries:
            standing = entry.all_standing(getattr(workload, area.name))
            commands = tuple(persons_renamed(entry.as_command(one), named) for one in standing)
            if commands:
                found[name_of(commands[0])] = commands if entry.key else commands[0]
    return Records(**found)
