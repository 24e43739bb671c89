"""Checks of the architecture: each area thought through beside the pilot, gaps listed, the marked work done. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pilotage.gates.case import Case, Check, Finding, item, met, unmet
from pilotage.playbook.types import Named
from pilotage.record.verdicts import EvidenceItem


def production_design(case: Case) -> Finding:
    """Every area has a decision in progress, or one that is made, while the pilot still runs."""
    designs, areas = case.workload.architecture.designs, case.playbook.areas
    waiting = [one for one in areas if one.id not in designs or designs[one.id].fact.decision == "open"]
    evidence = _areas(case, areas)
    if waiting:
        first = designs.get(waiting[0].id)
        return unmet(
            f"Nobody works on a decision for {_titles(waiting)}: {len(areas) - len(waiting)} of {len(areas)} areas "
            "have one.",
            *evidence,
            next=f"Say for {waiting[0].title.lower()} what the pilot does, what production needs and who decides, on "
            "the Architecture page.",
            by=first.fact.owner if first else None,
        )
    decided = sum(designs[one.id].fact.decision == "decided" for one in areas)
    return met(f"All {len(areas)} areas are worked on; {decided} are decided.", *evidence)


def gaps(case: Case) -> Finding:
    """Every area that is not kept as it is says what production still lacks there."""
    architecture, areas = case.workload.architecture, case.playbook.areas
    listed = {gap.fact.area for gap in architecture.gaps.values()}
    silent = [one for one in areas if one.id not in listed and not _kept(case, one.id)]
    evidence = [*_gaps(case)]
    if silent:
        design = architecture.designs.get(silent[0].id)
        return unmet(
            f"Nothing is listed for {_titles(silent)}, and it was not decided to keep it as it is.",
            *evidence,
            next=f"List what production still lacks in {silent[0].title.lower()}, or decide to keep it, on the "
            "Architecture page.",
            by=design.fact.owner if design else None,
        )
    blocking = sum(gap.fact.blocking for gap in architecture.open_gaps)
    found = len(architecture.gaps)
    if not found:
        return met("Nothing is lacking: every area is kept as it is.", *_areas(case, areas))
    blocks = f"{blocking or 'none'} of those that are open {'blocks' if blocking == 1 else 'block'} going live"
    return met(f"{found} listed, each with effort and owner; {blocks}.", *evidence)


def rebuild(case: Case) -> Finding:
    """Every area is decided, what was marked for work is done, and no blocking gap is open."""
    architecture, areas = case.workload.architecture, case.playbook.areas
    for one in areas:
        design = architecture.designs.get(one.id)
        if design is None or design.fact.decision != "decided":
            return unmet(
                f"It is not decided whether {one.title.lower()} is kept, rebuilt or replaced.",
                *_areas(case, areas),
                next=f"Decide on {one.title.lower()} on the Architecture page.",
                by=design.fact.owner if design else None,
            )
    undone = [one for one in areas if architecture.to_do(one.id)]
    if undone:
        design = architecture.designs[undone[0].id]
        return unmet(
            f"Not done yet: {', '.join(f'{architecture.designs[a.id].fact.fate} {a.title.lower()}' for a in undone)}.",
            *_areas(case, areas),
            next=f"Finish to {design.fact.fate} {undone[0].title.lower()}, and mark it as done on the Architecture "
            "page.",
            by=design.fact.owner,
        )
    blocking = [gap for gap in architecture.open_gaps if gap.fact.blocking]
    if blocking:
        return unmet(
            f"Blocking and open: {', '.join(gap.fact.gap for gap in blocking)}.",
            *_gaps(case),
            next=f"Close the gap {blocking[0].fact.gap}.",
            by=blocking[0].fact.owner,
        )
    left = len(architecture.open_gaps)
    return met(
        f"All {len(areas)} areas are decided and done. Open gaps that do not block: {left}.",
        *_areas(case, areas),
        *_gaps(case),
    )


def _kept(case: Case, area: str) -> bool:
    design = case.workload.architecture.designs.get(area)
    return design is not None and design.fact.decision == "decided" and design.fact.fate == "keep"


def _titles(areas: list[Named]) -> str:
    return ", ".join(one.title.lower() for one in areas)


def _areas(case: Case, areas: tuple[Named, ...]) -> Iterator[EvidenceItem]:
    """Each area with what becomes of it; never what anybody wrote about it."""
    architecture = case.workload.architecture
    for one in areas:
        design = architecture.designs.get(one.id)
        if design is None:
            continue
        finished = architecture.finished(one.id)
        yield item(
            one.title,
            f"{design.fact.fate}, {design.fact.decision.replace('_', ' ')}{', done' if finished else ''}",
            ledger=(finished or design).stamp.position,
        )


def _gaps(case: Case) -> Iterator[EvidenceItem]:
    architecture = case.workload.architecture
    for name, gap in architecture.gaps.items():
        closed = architecture.closed(name)
        state = "closed" if closed else "open, blocking" if gap.fact.blocking else "open"
        yield item(f"gap {name}", state, ledger=(closed or gap).stamp.position)


CHECKS: dict[str, Check] = {
    "pilot.production-design": production_design,
    "evaluate.gaps": gaps,
    "harden.rebuild": rebuild,
}
