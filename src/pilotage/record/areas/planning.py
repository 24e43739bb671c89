"""How it would go live, written down before the pilot: path, place in the work, build or buy, suitability. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

from pilotage.record.areas.area import Area, Entry
from pilotage.record.errors import Problem
from pilotage.record.stamps import Standing
from pilotage.record.texts import Base, PersonId, Remark, Said, Short, Text

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Workload

Choice = Literal["build", "buy", "both"]


class PlanProduction(Struct, frozen=True, kw_only=True, tag="plan_production", forbid_unknown_fields=True):
    """Write down how the workload would run in production. A plan binds nobody, and has to be kept up to date."""

    deployment: Annotated[Said, Meta(description="where and how it would run, and how it gets there")]
    production_owner: Annotated[PersonId, Meta(description="who would operate it")]
    dates: Annotated[Short, Meta(description="when, roughly")]
    running_cost: Annotated[Short, Meta(description="what a year would cost to run, roughly")]
    change_effort: Annotated[Short, Meta(description="what the people who work with it would have to change")]
    base: Base = None


class ProductionPlanned(Struct, frozen=True, kw_only=True, tag="production_planned"):
    """The production path as it is planned now."""

    deployment: Text
    production_owner: str
    dates: str
    running_cost: str
    change_effort: str


class PlaceInWork(Struct, frozen=True, kw_only=True, tag="place_in_work", forbid_unknown_fields=True):
    """Say where in the work the answer arrives, who sees it, and what happens when it does not come."""

    arrives: Annotated[Said, Meta(description="the step of the work, and the tool, where the answer arrives")]
    seen_by: Annotated[Short, Meta(description="who sees it")]
    when_absent: Annotated[Said, Meta(description="what happens when there is no answer")]
    base: Base = None


class PlacedInWork(Struct, frozen=True, kw_only=True, tag="placed_in_work"):
    """Where in the work the answer arrives."""

    arrives: Text
    seen_by: str
    when_absent: Text


class ChooseSource(Struct, frozen=True, kw_only=True, tag="choose_source", forbid_unknown_fields=True):
    """Choose between building and buying: buy what everybody needs, build what sets you apart or cannot be had."""

    choice: Choice
    compared: Annotated[
        tuple[Short, ...], Meta(min_length=1, max_length=20, description="what was compared: products, services")
    ]
    reason: Said
    base: Base = None


class SourceChosen(Struct, frozen=True, kw_only=True, tag="source_chosen"):
    """Build, buy or both, with the reason."""

    choice: Choice
    compared: tuple[str, ...]
    reason: Text


class JudgeSuitability(Struct, frozen=True, kw_only=True, tag="judge_suitability", forbid_unknown_fields=True):
    """Answer whether this is work of the kind that a pilot can prove something on."""

    high_volume: Annotated[bool, Meta(description="it comes often")] = False
    repetitive: Annotated[bool, Meta(description="it repeats itself")] = False
    costly_or_error_prone: Annotated[bool, Meta(description="it takes long, or goes wrong")] = False
    structured: Annotated[bool, Meta(description="it has some structure")] = False
    measurable: Annotated[bool, Meta(description="whether it went well can be measured")] = False
    data_at_hand: Annotated[bool, Meta(description="the data are at hand")] = False
    champion: Annotated[str, Meta(max_length=400, description="who in the team wants it; empty when nobody does")] = ""
    needs_perfection: Annotated[bool, Meta(description="no mistake is forgiven")] = False
    regulated: Annotated[bool, Meta(description="the work is regulated")] = False
    warnings_met_by: Annotated[Remark, Meta(description="how you live with each warning and each no")] = ""
    base: Base = None


class SuitabilityJudged(Struct, frozen=True, kw_only=True, tag="suitability_judged"):
    """Whether the work suits, question by question."""

    high_volume: bool
    repetitive: bool
    costly_or_error_prone: bool
    structured: bool
    measurable: bool
    data_at_hand: bool
    champion: str
    needs_perfection: bool
    regulated: bool
    warnings_met_by: Text

    @property
    def lacking(self) -> tuple[str, ...]:
        """What the work lacks, in words."""
        wrong = {
            "it does not come often": not self.high_volume,
            "it does not repeat itself": not self.repetitive,
            "it neither takes long nor goes wrong": not self.costly_or_error_prone,
            "it has no structure": not self.structured,
            "it cannot be measured": not self.measurable,
            "the data are not at hand": not self.data_at_hand,
            "nobody in the team wants it": not self.champion.strip(),
        }
        return tuple(words for words, present in wrong.items() if present)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to be careful with, in words."""
        careful = {"no mistake is forgiven": self.needs_perfection, "the work is regulated": self.regulated}
        return tuple(words for words, present in careful.items() if present)


class Planning(Struct, frozen=True, kw_only=True):
    """What is planned now."""

    production_path: Standing[ProductionPlanned] | None = None
    place: Standing[PlacedInWork] | None = None
    source: Standing[SourceChosen] | None = None
    suitability: Standing[SuitabilityJudged] | None = None


PlanningFact = ProductionPlanned | PlacedInWork | SourceChosen | SuitabilityJudged
PlanningCommand = PlanProduction | PlaceInWork | ChooseSource | JudgeSuitability


def _known_owner(_workload: Workload, command: PlanProduction, context: Context) -> Iterator[Problem]:
    if command.production_owner not in context.people:
        message = f"{command.production_owner} is nobody's id here; add the person first."
        yield Problem(code="unknown-person", field="production_owner", message=message)


_WRITERS = frozenset({"owner", "engineer"})
AREA = Area(
    name="planning",
    entries=(
        Entry(command=PlanProduction, fact=ProductionPlanned, attribute="production_path", check=_known_owner),
        Entry(command=PlaceInWork, fact=PlacedInWork, attribute="place"),
        Entry(command=ChooseSource, fact=SourceChosen, attribute="source"),
        Entry(command=JudgeSuitability, fact=SuitabilityJudged, attribute="suitability"),
    ),
    permitted={
        "plan_production": _WRITERS,
        "place_in_work": _WRITERS,
        "choose_source": _WRITERS,
        "judge_suitability": _WRITERS,
    },
)
