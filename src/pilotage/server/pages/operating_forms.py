"""Forms of architecture and the operating model: what can be chosen, what fits whom, how entries read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pilotage.playbook.types import Named
from pilotage.record.areas import architecture as a
from pilotage.record.areas import operating as o
from pilotage.record.areas import runbook as r
from pilotage.record.facts import AnyFact
from pilotage.server.pages.forms import Option
from pilotage.server.pages.people import People
from pilotage.workflow.desk import Judgement

Choices = Mapping[str, Sequence[Option]]
FATES = {"undecided": "Not decided yet", "keep": "Keep it", "rebuild": "Rebuild it", "replace": "Replace it"}
DECISIONS = {"open": "Open", "in_progress": "In progress", "decided": "Decided"}


def _named(entries: Iterable[Named]) -> list[Option]:
    return [Option(value=one.id, label=one.title) for one in entries]


def _words(words: Mapping[str, str]) -> list[Option]:
    return [Option(value=value, label=label) for value, label in words.items()]


def _as_they_are(names: Iterable[str]) -> list[Option]:
    return [Option(value=name, label=name) for name in names]


def _design(judgement: Judgement, people: People, _person: str) -> Choices:
    areas = _named(judgement.playbook.areas)
    return {"area": areas, "fate": _words(FATES), "decision": _words(DECISIONS), "owner": people.options}


def _finish(judgement: Judgement, _people: People, _person: str) -> Choices:
    return {"area": _named(one for one in judgement.playbook.areas if one.id in _unfinished(judgement))}


def _list_gap(judgement: Judgement, people: People, _person: str) -> Choices:
    return {"area": _named(judgement.playbook.areas), "owner": people.options}


def _close_gap(judgement: Judgement, _people: People, _person: str) -> Choices:
    return {"gap": _as_they_are(gap.fact.gap for gap in judgement.workload.architecture.open_gaps)}


def _offer_role(judgement: Judgement, people: People, _person: str) -> Choices:
    return {"role": _named(judgement.playbook.ownership), "person": people.options}


def _my_roles(judgement: Judgement, _people: People, person: str) -> Choices:
    return {"role": _named(one for one in judgement.playbook.ownership if one.id in _offered_to(judgement, person))}


def _items(judgement: Judgement, _people: People, person: str) -> Choices:
    items = judgement.workload.operating.items.values()
    return {"item": _as_they_are(one.fact.item for one in items if one.stamp.by != person)}


def _person(_judgement: Judgement, people: People, _person: str) -> Choices:
    return {"person": people.options}


def _procedure(judgement: Judgement, _people: People, _person: str) -> Choices:
    named = r.triggers(judgement.workload).items()
    return {"trigger": [Option(value=name, label=f"{name}: {title}") for name, title in named]}


CHOICES: dict[str, Callable[[Judgement, People, str], Choices]] = {
    "design_area": _design,
    "finish_area": _finish,
    "list_gap": _list_gap,
    "close_gap": _close_gap,
    "offer_role": _offer_role,
    "accept_role": _my_roles,
    "refuse_role": _my_roles,
    "accept_handoff_item": _items,
    "refuse_handoff_item": _items,
    "set_escalation": _person,
    "plan_shift": _person,
    "write_procedure": _procedure,
}


def _unfinished(judgement: Judgement) -> tuple[str, ...]:
    architecture = judgement.workload.architecture
    decided = (one.fact.area for one in architecture.designs.values() if one.fact.decision == "decided")
    return tuple(area for area in decided if architecture.to_do(area))


def _offered_to(judgement: Judgement, person: str) -> tuple[str, ...]:
    offers = judgement.workload.operating.offers
    return tuple(role for role, offer in offers.items() if offer.fact.person == person)


def _accepts_role(judgement: Judgement, person: str) -> bool:
    return bool(_offered_to(judgement, person))


def _answers_items(judgement: Judgement, person: str) -> bool:
    workload = judgement.workload
    listed = workload.operating.items.values()
    return o.receives(workload, person) and any(one.stamp.by != person for one in listed)


def _walks_through(judgement: Judgement, person: str) -> bool:
    return o.holder(judgement.workload, "operations") == person


FITS: dict[str, Callable[[Judgement, str], bool]] = {
    "finish_area": lambda judgement, _person: bool(_unfinished(judgement)),
    "close_gap": lambda judgement, _person: bool(judgement.workload.architecture.open_gaps),
    "accept_role": _accepts_role,
    "refuse_role": _accepts_role,
    "accept_handoff_item": _answers_items,
    "refuse_handoff_item": _answers_items,
    "walk_through_playbook": _walks_through,
}

SAID = ("production", "done", "what", "how", "remark", "steps")
SENTENCES: dict[type[AnyFact], Callable[[Any, People], str]] = {
    a.AreaDesigned: lambda fact, _: (
        f"answered for {fact.area}: {fact.fate}, {fact.decision.replace('_', ' ')}"
        if fact.fate != "undecided"
        else f"answered for {fact.area}, {fact.decision.replace('_', ' ')}"
    ),
    a.AreaFinished: lambda fact, _: f"marked the work on {fact.area} as done",
    a.GapListed: lambda fact, _: f"listed the gap {fact.gap}{', which blocks' if fact.blocking else ''}",
    a.GapClosed: lambda fact, _: f"closed the gap {fact.gap}",
    o.RoleOffered: lambda fact, people: f"offered the {fact.role} role to {people.name(fact.person)}",
    o.RoleAccepted: lambda fact, _: f"accepted the {fact.role} role",
    o.RoleRefused: lambda fact, _: f"refused the {fact.role} role",
    o.HandoffItemListed: lambda fact, _: f"offered {fact.item} to the production team",
    o.HandoffItemAccepted: lambda fact, _: f"took over {fact.item}",
    o.HandoffItemRefused: lambda fact, _: f"did not take over {fact.item}",
    r.EscalationSet: lambda fact, people: f"named {people.name(fact.person)} to be called {fact.step}",
    r.ShiftPlanned: lambda fact, people: (
        f"put {people.name(fact.person)} on call from {fact.starts_on} to {fact.ends_on}"
    ),
    r.ProcedureWritten: lambda fact, _: f"wrote the procedure for {fact.trigger}",
    r.PlaybookWalkedThrough: lambda _fact, _: "walked through the operations playbook",
}
