"""Every area of the record, and the facts and commands that they bring. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from pilotage.record.areas import (
    adopting,
    architecture,
    auditing,
    benefiting,
    blind_reviewing,
    change,
    classifying,
    costing,
    data,
    deciding,
    drifting,
    feedback,
    operating,
    outside,
    planning,
    reviewing,
    runbook,
    training,
)
from pilotage.record.areas.area import Area, Entry

if TYPE_CHECKING:
    from pilotage.record.workload import Workload

AreaFact = (
    classifying.ClassifyingFact
    | planning.PlanningFact
    | reviewing.ReviewingFact
    | costing.CostingFact
    | architecture.ArchitectureFact
    | operating.OperatingFact
    | runbook.RunbookFact
    | change.ChangeFact
    | training.TrainingFact
    | outside.OutsideFact
    | auditing.AuditingFact
    | drifting.DriftingFact
    | deciding.DecidingFact
    | feedback.FeedbackFact
    | blind_reviewing.BlindFact
    | data.DataFact
    | adopting.AdoptingFact
    | benefiting.BenefitingFact
)
AreaCommand = (
    classifying.ClassifyingCommand
    | planning.PlanningCommand
    | reviewing.ReviewingCommand
    | costing.CostingCommand
    | architecture.ArchitectureCommand
    | operating.OperatingCommand
    | runbook.RunbookCommand
    | change.ChangeCommand
    | training.TrainingCommand
    | outside.OutsideCommand
    | drifting.DriftingCommand
    | deciding.DecidingCommand
    | feedback.FeedbackCommand
    | blind_reviewing.BlindCommand
    | data.DataCommand
    | adopting.AdoptingCommand
)

AREAS: tuple[Area, ...] = (
    classifying.AREA,
    planning.AREA,
    reviewing.AREA,
    costing.AREA,
    architecture.AREA,
    operating.AREA,
    runbook.AREA,
    change.AREA,
    training.AREA,
    outside.AREA,
    auditing.AREA,
    drifting.AREA,
    deciding.AREA,
    feedback.AREA,
    blind_reviewing.AREA,
    data.AREA,
    adopting.AREA,
    benefiting.AREA,
)


def area_of(command: type) -> tuple[Area, Entry] | None:
    """The area and the entry that a command records; None for an act, and for a command of no area."""
    for area in AREAS:
        entry = area.entry_of(command)
        if entry is not None:
            return area, entry
    return None


def stands(workload: Workload | None, command: Any) -> bool:  # noqa: ANN401 - any command
    """Whether the record says already what an entry's command would write."""
    found = area_of(type(command))
    if found is None or workload is None:
        return False
    area, entry = found
    standing = entry.standing(getattr(workload, area.name), getattr(command, entry.key) if entry.key else None)
    return standing is not None and entry.as_command(standing) == structs.replace(command, base=None)
