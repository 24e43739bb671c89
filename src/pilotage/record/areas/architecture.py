"""Architecture: the pilot's and production's answer in each area, what is rebuilt, and which gaps are left. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from msgspec import Meta, Struct, structs

from pilotage.record.areas.area import Area, Entry
from pilotage.record.errors import Problem, Refused
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.texts import Base, PersonId, Said, Short, Text

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Workload

Act = TypeVar("Act", bound=Struct)
Fate = Literal["undecided", "keep", "rebuild", "replace"]
DesignState = Literal["open", "in_progress", "decided"]
AreaId = Annotated[
    str, Meta(pattern="^[a-z][a-z-]{0,63}$", description="an architecture area of the playbook, such as scale")
]
GapId = Annotated[
    str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,39}$", description="a short name, such as no-load-test: a to z, 0 to 9, -")
]
TO_DO = frozenset({"rebuild", "replace"})


class DesignArea(Struct, frozen=True, kw_only=True, tag="design_area", forbid_unknown_fields=True):
    """Say what the pilot does in one architecture area, what production needs, what becomes of it, and who decides."""

    area: AreaId
    pilot: Annotated[Said, Meta(description="what the pilot does here, also when that is nothing")]
    production: Annotated[Said, Meta(description="what production needs")]
    fate: Annotated[Fate, Meta(description="what becomes of the pilot's part")] = "undecided"
    decision: Annotated[DesignState, Meta(description="how far the decision is")] = "open"
    owner: Annotated[PersonId, Meta(description="who decides, and sees to the work")]
    base: Base = None


class AreaDesigned(Struct, frozen=True, kw_only=True, tag="area_designed"):
    """One architecture area: the pilot's answer, production's answer, and what becomes of the pilot's part."""

    area: str
    pilot: Text
    production: Text
    fate: Fate
    decision: DesignState
    owner: str


class FinishArea(Struct, frozen=True, kw_only=True, tag="finish_area", forbid_unknown_fields=True):
    """Mark the rebuilding or replacing of an area as done, with what was done. A later change of plan undoes it."""

    area: AreaId
    done: Annotated[Said, Meta(description="what was done, and where it can be seen")]


class AreaFinished(Struct, frozen=True, kw_only=True, tag="area_finished"):
    """The work that an area was marked for is done."""

    area: str
    done: Text


class ListGap(Struct, frozen=True, kw_only=True, tag="list_gap", forbid_unknown_fields=True):
    """List something that production still lacks. Listing a closed gap anew opens it again."""

    gap: GapId
    what: Annotated[Said, Meta(description="what is missing")]
    area: AreaId
    effort: Annotated[Short, Meta(description="what closing it takes: people, time, money")]
    owner: Annotated[PersonId, Meta(description="who closes it")]
    blocking: Annotated[bool, Meta(description="going live has to wait for it")] = False
    base: Base = None


class GapListed(Struct, frozen=True, kw_only=True, tag="gap_listed"):
    """A gap between the pilot and production."""

    gap: str
    what: Text
    area: str
    effort: str
    owner: str
    blocking: bool


class CloseGap(Struct, frozen=True, kw_only=True, tag="close_gap", forbid_unknown_fields=True):
    """Close a gap, with how it was closed."""

    gap: GapId
    how: Annotated[Said, Meta(description="what closed it, and where it can be seen")]


class GapClosed(Struct, frozen=True, kw_only=True, tag="gap_closed"):
    """A gap was closed."""

    gap: str
    how: Text


class Architecture(Struct, frozen=True, kw_only=True):
    """The areas by their ids, and the gaps by their short names."""

    designs: dict[str, Standing[AreaDesigned]] = {}
    finishes: dict[str, Standing[AreaFinished]] = {}
    gaps: dict[str, Standing[GapListed]] = {}
    closures: dict[str, Standing[GapClosed]] = {}

    def finished(self, area: str) -> Standing[AreaFinished] | None:
        """Who marked the work of an area as done; None where the plan changed since."""
        return _after(self.finishes.get(area), self.designs.get(area))

    def closed(self, gap: str) -> Standing[GapClosed] | None:
        """Who closed a gap; None where it was listed anew since."""
        return _after(self.closures.get(gap), self.gaps.get(gap))

    @property
    def open_gaps(self) -> tuple[Standing[GapListed], ...]:
        """The gaps that nobody has closed, in the order in which they were first listed."""
        return tuple(listed for gap, listed in self.gaps.items() if self.closed(gap) is None)

    def to_do(self, area: str) -> bool:
        """Whether an area is marked for work that is not done."""
        design = self.designs.get(area)
        return design is not None and design.fact.fate in TO_DO and self.finished(area) is None

    def waiting_for(self, person: str) -> tuple[str, ...]:
        """What a person has to do here, in sentences: areas to decide, work to finish, gaps to close."""
        mine = [design.fact for design in self.designs.values() if design.fact.owner == person]
        gaps = [gap.fact for gap in self.open_gaps if gap.fact.owner == person]
        return (
            *(f"Decide what becomes of {one.area}." for one in mine if one.decision != "decided"),
            *(f"Finish to {one.fate} {one.area}, and mark it as done." for one in mine if _due(self, one)),
            *(f"Close the gap {one.gap}." for one in gaps),
        )


def _due(architecture: Architecture, design: AreaDesigned) -> bool:
    return design.decision == "decided" and architecture.to_do(design.area)


def _after(act: Standing[Act] | None, basis: Standing[Any] | None) -> Standing[Act] | None:
    """An act counts for what stood when it was done."""
    return act if act and basis and act.stamp.position > basis.stamp.position else None


ArchitectureFact = AreaDesigned | AreaFinished | GapListed | GapClosed
ArchitectureCommand = DesignArea | FinishArea | ListGap | CloseGap


def _area_known(area: str, context: Context) -> Iterator[Problem]:
    known = [one.id for one in context.playbook.areas]
    if area not in known:
        message = f"{area} is no architecture area of this playbook; take one of {', '.join(known)}."
        yield Problem(code="unknown-area", field="area", message=message)


def _owner_known(person: str, context: Context) -> Iterator[Problem]:
    if person not in context.people:
        message = f"{person} is nobody's id here; add the person first."
        yield Problem(code="unknown-person", field="owner", message=message)


def _design_problems(_workload: Workload, command: DesignArea, context: Context) -> Iterator[Problem]:
    yield from _area_known(command.area, context)
    yield from _owner_known(command.owner, context)
    if command.decision == "decided" and command.fate == "undecided":
        message = "A decision says what becomes of the part; choose keep, rebuild or replace."
        yield Problem(code="decided-without-fate", field="fate", message=message)


def _gap_problems(_workload: Workload, command: ListGap, context: Context) -> Iterator[Problem]:
    yield from _area_known(command.area, context)
    yield from _owner_known(command.owner, context)


def finish_area(workload: Workload, command: FinishArea, context: Context) -> list[ArchitectureFact]:
    """Only what was decided to be rebuilt or replaced, and is not done, can be marked as done."""
    problems = [*_area_known(command.area, context)] or [*_finish_problems(workload.architecture, command.area)]
    if problems:
        raise Refused(problems)
    return [AreaFinished(area=command.area, done=command.done)]


def _finish_problems(architecture: Architecture, area: str) -> Iterator[Problem]:
    design = architecture.designs.get(area)
    if design is None or design.fact.decision != "decided":
        message = f"Nothing is decided on {area} yet; decide what becomes of it first."
        yield Problem(code="not-decided", field="area", message=message)
    elif design.fact.fate not in TO_DO:
        message = f"{area} is kept as it is; there is no work to mark as done."
        yield Problem(code="nothing-to-do", field="area", message=message)
    elif not architecture.to_do(area):
        message = f"{area} is marked as done already; change its plan if there is more to do."
        yield Problem(code="already-done", field="area", message=message)


def close_gap(workload: Workload, command: CloseGap, _context: Context) -> list[ArchitectureFact]:
    """Only an open gap can be closed."""
    if command.gap not in workload.architecture.gaps:
        message = f"No gap is listed as {command.gap}; take a name from the list."
        raise Refused([Problem(code="unknown-gap", field="gap", message=message)])
    if workload.architecture.closed(command.gap) is not None:
        message = f"{command.gap} is closed already; list it anew if it is open again."
        raise Refused([Problem(code="already-closed", field="gap", message=message)])
    return [GapClosed(gap=command.gap, how=command.how)]


def _finished(state: Architecture, fact: AreaFinished, stamp: Stamp) -> Architecture:
    return structs.replace(state, finishes={**state.finishes, fact.area: Standing(fact=fact, stamp=stamp)})


def _closed(state: Architecture, fact: GapClosed, stamp: Stamp) -> Architecture:
    return structs.replace(state, closures={**state.closures, fact.gap: Standing(fact=fact, stamp=stamp)})


_WRITERS = frozenset({"owner", "engineer", "operator"})
AREA = Area(
    name="architecture",
    entries=(
        Entry(command=DesignArea, fact=AreaDesigned, attribute="designs", key="area", check=_design_problems),
        Entry(command=ListGap, fact=GapListed, attribute="gaps", key="gap", check=_gap_problems),
    ),
    rules={FinishArea: finish_area, CloseGap: close_gap},
    folds={AreaFinished: _finished, GapClosed: _closed},
    permitted={"design_area": _WRITERS, "finish_area": _WRITERS, "list_gap": _WRITERS, "close_gap": _WRITERS},
)
