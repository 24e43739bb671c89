"""Every area of the record, and the facts and commands that they bring. Pure."""

from __future__ import annotations

from pilotage.record.areas import planning
from pilotage.record.areas.area import Area, Entry

AreaFact = planning.PlanningFact
AreaCommand = planning.PlanningCommand

AREAS: tuple[Area, ...] = (planning.AREA,)


def area_of(command: type) -> tuple[Area, Entry] | None:
    """The area and the entry that a command records; None for an act, and for a command of no area."""
    for area in AREAS:
        entry = area.entry_of(command)
        if entry is not None:
            return area, entry
    return None
