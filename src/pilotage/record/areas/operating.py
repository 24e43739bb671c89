"""Who runs it in production: ownership roles and the handoff, each offered to a person and accepted in person. Pure.

What was accepted before a workload went back over the gate `harden` counts no more; what was offered stands.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from msgspec import Meta, Struct, structs

from pilotage.record.areas.area import Area, Entry
from pilotage.record.errors import Problem, Refused
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.texts import Base, PersonId, Remark, Said, Text

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Workload

Answer = TypeVar("Answer", bound=Struct)
GATE = "harden"
RECEIVING = ("operations", "engineering")
RoleId = Annotated[
    str, Meta(pattern="^[a-z][a-z-]{0,63}$", description="an ownership role of the playbook, such as operations")
]
ItemId = Annotated[
    str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,39}$", description="a short name, such as switch-off: a to z, 0 to 9, -")
]


class OfferRole(Struct, frozen=True, kw_only=True, tag="offer_role", forbid_unknown_fields=True):
    """Offer an ownership role to one person. It is theirs once they accept it themselves."""

    role: RoleId
    person: PersonId
    base: Base = None


class RoleOffered(Struct, frozen=True, kw_only=True, tag="role_offered"):
    """An ownership role is offered to a person."""

    role: str
    person: str


class AcceptRole(Struct, frozen=True, kw_only=True, tag="accept_role", forbid_unknown_fields=True):
    """Accept an ownership role that was offered to you, or confirm that you still hold it."""

    role: RoleId
    statement: Annotated[Remark, Meta(description="what you take on, and what not")] = ""


class RoleAccepted(Struct, frozen=True, kw_only=True, tag="role_accepted"):
    """The person to whom a role was offered accepts it."""

    role: str
    statement: Text


class RefuseRole(Struct, frozen=True, kw_only=True, tag="refuse_role", forbid_unknown_fields=True):
    """Refuse an ownership role that was offered to you, or give back one that you accepted."""

    role: RoleId
    reason: Said


class RoleRefused(Struct, frozen=True, kw_only=True, tag="role_refused"):
    """The person to whom a role was offered refuses it, or gives it back."""

    role: str
    reason: Text


class ListHandoffItem(Struct, frozen=True, kw_only=True, tag="list_handoff_item", forbid_unknown_fields=True):
    """Offer one responsibility to the production team. Offered with other words, it has to be accepted again."""

    item: ItemId
    what: Annotated[Said, Meta(description="what the production team is to take care of, and what it gets for that")]
    base: Base = None


class HandoffItemListed(Struct, frozen=True, kw_only=True, tag="handoff_item_listed"):
    """The pilot team offers one responsibility."""

    item: str
    what: Text


class AcceptHandoffItem(Struct, frozen=True, kw_only=True, tag="accept_handoff_item", forbid_unknown_fields=True):
    """Take over one responsibility for the production team, as an operations or engineering owner."""

    item: ItemId
    remark: Remark = ""


class HandoffItemAccepted(Struct, frozen=True, kw_only=True, tag="handoff_item_accepted"):
    """The production team takes over one responsibility."""

    item: str
    remark: Text


class RefuseHandoffItem(Struct, frozen=True, kw_only=True, tag="refuse_handoff_item", forbid_unknown_fields=True):
    """Refuse one responsibility for the production team, or give it back, and say what is missing."""

    item: ItemId
    reason: Annotated[Said, Meta(description="what has to be different before you take it over")]


class HandoffItemRefused(Struct, frozen=True, kw_only=True, tag="handoff_item_refused"):
    """The production team does not take over one responsibility."""

    item: str
    reason: Text


class Operating(Struct, frozen=True, kw_only=True):
    """What was offered to whom, and the last answer to it. Roles and items stand by their ids; `vacated` holds since
    when a role that somebody had accepted is held by nobody.
    """

    offers: dict[str, Standing[RoleOffered]] = {}
    role_answers: dict[str, Standing[RoleAccepted | RoleRefused]] = {}
    items: dict[str, Standing[HandoffItemListed]] = {}
    item_answers: dict[str, Standing[HandoffItemAccepted | HandoffItemRefused]] = {}
    vacated: dict[str, Stamp] = {}

    def role_answer(self, role: str) -> Standing[RoleAccepted | RoleRefused] | None:
        """What the person to whom a role is offered last said to that offer."""
        return _answering(self.role_answers.get(role), self.offers.get(role))

    def item_answer(self, item: str) -> Standing[HandoffItemAccepted | HandoffItemRefused] | None:
        """What the production team last said to an item as it is offered now."""
        return _answering(self.item_answers.get(item), self.items.get(item))


def _answering(answer: Standing[Answer] | None, offer: Standing[Any] | None) -> Standing[Answer] | None:
    """An answer is to what was offered when it was given."""
    return answer if answer and offer and answer.stamp.position > offer.stamp.position else None


def accepted_role(workload: Workload, role: str) -> Standing[RoleAccepted] | None:
    """The acceptance of a role that counts now, or None."""
    answer = workload.operating.role_answer(role)
    if answer is None or not isinstance(answer.fact, RoleAccepted) or not counts(workload, answer.stamp):
        return None
    return Standing(fact=answer.fact, stamp=answer.stamp)


def accepted_item(workload: Workload, item: str) -> Standing[HandoffItemAccepted] | None:
    """The acceptance of a handoff item that counts now, or None."""
    answer = workload.operating.item_answer(item)
    if answer is None or not isinstance(answer.fact, HandoffItemAccepted) or not counts(workload, answer.stamp):
        return None
    return Standing(fact=answer.fact, stamp=answer.stamp)


def counts(workload: Workload, given: Stamp | None) -> bool:
    """Whether a word given for the gate `harden` still counts: since it was given, nobody went back over that gate."""
    reopened = workload.reopened.get(GATE)
    return given is not None and (reopened is None or given.position > reopened.position)


def holder(workload: Workload, role: str) -> str | None:
    """Who holds an ownership role: the person who accepted it, or None."""
    accepted = accepted_role(workload, role)
    return accepted.stamp.by if accepted else None


def offered_to(workload: Workload, role: str) -> str | None:
    """The person whose own answer to an offered role is awaited, or None."""
    offer = workload.operating.offers.get(role)
    waits = offer is not None and not _answered(workload, workload.operating.role_answer(role))
    return offer.fact.person if offer and waits else None


def receives(workload: Workload, person: str) -> bool:
    """Whether a person speaks for the production team: holds its operations or engineering role."""
    return any(holder(workload, role) == person for role in RECEIVING)


def open_items(workload: Workload) -> tuple[Standing[HandoffItemListed], ...]:
    """The items that nobody took over, in the order in which they were first offered."""
    return tuple(listed for item, listed in workload.operating.items.items() if accepted_item(workload, item) is None)


def offered_roles(workload: Workload, person: str) -> tuple[str, ...]:
    """The ownership roles that wait for a person's own answer."""
    return tuple(role for role in workload.operating.offers if offered_to(workload, role) == person)


def offered_items(workload: Workload, person: str) -> tuple[str, ...]:
    """The items of the handoff that wait for a person's own answer."""
    if not receives(workload, person):
        return ()
    return tuple(
        listed.fact.item
        for listed in open_items(workload)
        if listed.stamp.by != person and not _answered(workload, workload.operating.item_answer(listed.fact.item))
    )


def waiting_for(workload: Workload, person: str) -> tuple[str, ...]:
    """What waits for a person's own answer, in sentences: roles that are offered, and items of the handoff."""
    return (
        *(f"Accept or refuse the {role} role." for role in offered_roles(workload, person)),
        *(f"Take over or refuse {item} of the handoff." for item in offered_items(workload, person)),
    )


def _answered(workload: Workload, answer: Standing[Any] | None) -> bool:
    return answer is not None and counts(workload, answer.stamp)


OperatingFact = RoleOffered | RoleAccepted | RoleRefused | HandoffItemListed | HandoffItemAccepted | HandoffItemRefused
OperatingCommand = OfferRole | AcceptRole | RefuseRole | ListHandoffItem | AcceptHandoffItem | RefuseHandoffItem


def _role_problems(role: str, context: Context) -> Iterator[Problem]:
    known = [one.id for one in context.playbook.ownership]
    if role not in known:
        message = f"{role} is no ownership role of this playbook; take one of {', '.join(known)}."
        yield Problem(code="unknown-role", field="role", message=message)


def _offer_problems(_workload: Workload, command: OfferRole, context: Context) -> Iterator[Problem]:
    yield from _role_problems(command.role, context)
    if command.person not in context.people:
        message = f"{command.person} is nobody's id here; add the person first."
        yield Problem(code="unknown-person", field="person", message=message)


def _answering_problems(workload: Workload, role: str, context: Context) -> Iterator[Problem]:
    """Nobody answers for another."""
    problems = [*_role_problems(role, context)]
    yield from problems
    offer = workload.operating.offers.get(role)
    if not problems and (offer is None or offer.fact.person != context.actor.person):
        message = f"The {role} role was not offered to you; ask the owner to offer it to you first."
        yield Problem(code="not-offered", field="role", message=message)


def accept_role(workload: Workload, command: AcceptRole, context: Context) -> list[OperatingFact]:
    """Only the person to whom a role was offered accepts it; who holds it may confirm it on a later day."""
    problems = [*_answering_problems(workload, command.role, context)]
    held = accepted_role(workload, command.role)
    if not problems and held is not None and context.now - held.stamp.at < dt.timedelta(days=1):
        message = f"You accepted the {command.role} role within the last day; there is nothing to confirm yet."
        problems.append(Problem(code="already-accepted", field="role", message=message))
    if problems:
        raise Refused(problems)
    return [RoleAccepted(role=command.role, statement=command.statement)]


def refuse_role(workload: Workload, command: RefuseRole, context: Context) -> list[OperatingFact]:
    """Only the person to whom a role was offered refuses it or gives it back, and only once."""
    problems = [*_answering_problems(workload, command.role, context)]
    answer = workload.operating.role_answer(command.role)
    if not problems and answer is not None and isinstance(answer.fact, RoleRefused):
        message = f"You refused the {command.role} role already; accept it if you changed your mind."
        problems.append(Problem(code="already-refused", field="role", message=message))
    if problems:
        raise Refused(problems)
    return [RoleRefused(role=command.role, reason=command.reason)]


def _receiving_problems(workload: Workload, item: str, context: Context) -> Iterator[Problem]:
    """The production team answers, in person, to what somebody else offered."""
    person = context.actor.person
    listed = workload.operating.items.get(item)
    if listed is None:
        message = f"No handoff item is listed as {item}; take a name from the list."
        yield Problem(code="unknown-item", field="item", message=message)
    if not receives(workload, person):
        message = "You hold neither the operations nor the engineering role; accept one that is offered to you first."
        yield Problem(code="not-receiving", field="", message=message)
    if listed is not None and listed.stamp.by == person:
        message = f"You offered {item} yourself; somebody else of the production team has to answer."
        yield Problem(code="own-submission", field="item", message=message)


def accept_handoff_item(workload: Workload, command: AcceptHandoffItem, context: Context) -> list[OperatingFact]:
    """One item, by one person of the production team who did not offer it."""
    problems = [*_receiving_problems(workload, command.item, context)]
    if not problems and accepted_item(workload, command.item) is not None:
        message = f"{command.item} was taken over already; there is nothing to accept."
        problems.append(Problem(code="already-accepted", field="item", message=message))
    if problems:
        raise Refused(problems)
    return [HandoffItemAccepted(item=command.item, remark=command.remark)]


def refuse_handoff_item(workload: Workload, command: RefuseHandoffItem, context: Context) -> list[OperatingFact]:
    """One item, with what has to be different; what was taken over can be given back."""
    problems = [*_receiving_problems(workload, command.item, context)]
    answer = workload.operating.item_answer(command.item)
    if not problems and answer is not None and isinstance(answer.fact, HandoffItemRefused):
        message = f"{command.item} was refused already; it waits for a better offer."
        problems.append(Problem(code="already-refused", field="item", message=message))
    if problems:
        raise Refused(problems)
    return [HandoffItemRefused(item=command.item, reason=command.reason)]


def _role_offered(state: Operating, fact: RoleOffered, stamp: Stamp) -> Operating:
    """A role that is offered anew is held by nobody until it is accepted."""
    vacated = _vacated(state, fact.role, stamp)
    return structs.replace(state, offers={**state.offers, fact.role: Standing(fact=fact, stamp=stamp)}, vacated=vacated)


def _role_answered(state: Operating, fact: RoleAccepted | RoleRefused, stamp: Stamp) -> Operating:
    answers = {**state.role_answers, fact.role: Standing(fact=fact, stamp=stamp)}
    if isinstance(fact, RoleAccepted):
        vacated = {role: since for role, since in state.vacated.items() if role != fact.role}
    else:
        vacated = _vacated(state, fact.role, stamp)
    return structs.replace(state, role_answers=answers, vacated=vacated)


def _vacated(state: Operating, role: str, stamp: Stamp) -> dict[str, Stamp]:
    """Since when roles are held by nobody, once this one is not any more; offering it again does not begin anew."""
    answer = state.role_answer(role)
    held = answer is not None and isinstance(answer.fact, RoleAccepted)
    return {**state.vacated, role: stamp} if held else state.vacated


def _item_answered(state: Operating, fact: HandoffItemAccepted | HandoffItemRefused, stamp: Stamp) -> Operating:
    return structs.replace(state, item_answers={**state.item_answers, fact.item: Standing(fact=fact, stamp=stamp)})


_OFFERING = frozenset({"owner", "sponsor"})
_ANYBODY = frozenset({"owner", "sponsor", "engineer", "operator", "reviewer", "admin"})
_TEAM = frozenset({"owner", "engineer", "operator"})
AREA = Area(
    name="operating",
    entries=(
        Entry(command=OfferRole, fact=RoleOffered, attribute="offers", key="role", check=_offer_problems),
        Entry(command=ListHandoffItem, fact=HandoffItemListed, attribute="items", key="item"),
    ),
    rules={
        AcceptRole: accept_role,
        RefuseRole: refuse_role,
        AcceptHandoffItem: accept_handoff_item,
        RefuseHandoffItem: refuse_handoff_item,
    },
    folds={
        RoleOffered: _role_offered,
        RoleAccepted: _role_answered,
        RoleRefused: _role_answered,
        HandoffItemAccepted: _item_answered,
        HandoffItemRefused: _item_answered,
    },
    permitted={
        "offer_role": _OFFERING,
        "accept_role": _ANYBODY,
        "refuse_role": _ANYBODY,
        "list_handoff_item": frozenset({"owner", "engineer"}),
        "accept_handoff_item": _TEAM,
        "refuse_handoff_item": _TEAM,
    },
    asks_credential=frozenset({"accept_role", "accept_handoff_item"}),
)
