"""Whom a decision concerns: it is sent to every stakeholder, each confirms receipt in person, and may dissent. Pure.

A decision is sent once it is in force. Whoever signed it has it; everybody else confirms. What was sent and confirmed
belongs to one decision, by its digest: the next one has to be sent anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct, structs

from pilotage.record.areas.area import Area, Entry
from pilotage.record.areas.operating import holder
from pilotage.record.errors import Problem, Refused
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.texts import Base, Digest, PersonId, Remark, Said, Text

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Decision, Workload


class NameRecipient(Struct, frozen=True, kw_only=True, tag="name_recipient", forbid_unknown_fields=True):
    """Name somebody who gets the decision besides the stakeholders, who get it anyway."""

    person: PersonId
    why: Annotated[str, Meta(min_length=3, max_length=400, description="why it concerns them")]
    base: Base = None


class RecipientNamed(Struct, frozen=True, kw_only=True, tag="recipient_named"):
    """Somebody gets the decision besides the stakeholders."""

    person: str
    why: str


class SendDecision(Struct, frozen=True, kw_only=True, tag="send_decision", forbid_unknown_fields=True):
    """Send the decision in force to every stakeholder and every recipient who was named besides."""

    digest: Annotated[Digest, Meta(description="the digest of the decision that you send")]
    message: Annotated[Remark, Meta(description="what the recipients should know besides what the decision says")] = ""


class DecisionSent(Struct, frozen=True, kw_only=True, tag="decision_sent"):
    """A decision was sent: to its stakeholders, and to others who were named."""

    digest: str
    stakeholders: tuple[str, ...]
    others: tuple[str, ...]
    message: Text


class ConfirmReceipt(Struct, frozen=True, kw_only=True, tag="confirm_receipt", forbid_unknown_fields=True):
    """Confirm in person that the decision reached you. It does not say that you agree."""

    digest: Annotated[Digest, Meta(description="the digest of the decision that reached you")]


class ReceiptConfirmed(Struct, frozen=True, kw_only=True, tag="receipt_confirmed"):
    """A recipient says that the decision arrived."""

    digest: str


class Dissent(Struct, frozen=True, kw_only=True, tag="dissent", forbid_unknown_fields=True):
    """Say that you disagree with the newest decision, and why. It stays beside the decision for good."""

    digest: Annotated[Digest, Meta(description="the digest of the decision that you disagree with")]
    reason: Annotated[Said, Meta(description="what you would have decided, and why")]


class Dissented(Struct, frozen=True, kw_only=True, tag="dissented"):
    """Somebody disagrees with a decision."""

    digest: str
    reason: Text


DecidingFact = RecipientNamed | DecisionSent | ReceiptConfirmed | Dissented
DecidingCommand = NameRecipient | SendDecision | ConfirmReceipt | Dissent


class Deciding(Struct, frozen=True, kw_only=True):
    """Who gets decisions besides the stakeholders, what was sent, who confirmed it by digest, and who dissented."""

    recipients: dict[str, Standing[RecipientNamed]] = {}
    sent: tuple[Standing[DecisionSent], ...] = ()
    receipts: dict[str, dict[str, Stamp]] = {}
    dissents: tuple[Standing[Dissented], ...] = ()

    def sent_of(self, digest: str) -> tuple[Standing[DecisionSent], ...]:
        """Every time that a decision was sent, in order."""
        return tuple(one for one in self.sent if one.fact.digest == digest)

    def addressed(self, digest: str) -> tuple[str, ...]:
        """Everybody to whom a decision was sent."""
        people = (person for one in self.sent_of(digest) for person in (*one.fact.stakeholders, *one.fact.others))
        return tuple(dict.fromkeys(people))

    def dissents_of(self, digest: str) -> tuple[Standing[Dissented], ...]:
        """Who disagrees with a decision, in the order in which they said so."""
        return tuple(one for one in self.dissents if one.fact.digest == digest)


def stakeholders(workload: Workload) -> dict[str, tuple[str, ...]]:
    """Whom a decision concerns by what they hold on the workload, each with what that is."""
    found: dict[str, list[str]] = {}
    for person, holds in _holdings(workload):
        if person is not None:
            found.setdefault(person, []).append(holds)
    return {person: tuple(dict.fromkeys(holds)) for person, holds in found.items()}


def _holdings(workload: Workload) -> Iterator[tuple[str | None, str]]:
    yield workload.owner, "owner"
    yield workload.sponsor, "sponsor"
    yield from ((person, f"{review} reviewer") for review, person in workload.reviewers.items())
    yield from ((holder(workload, role), f"{role} role") for role in workload.operating.offers)
    yield from ((one.fact.owner, "prepares people") for one in workload.change.streams.values())
    yield from ((one.contact, f"speaks for {one.title}") for one in workload.change.present.values())


def received(workload: Workload, digest: str) -> dict[str, Stamp]:
    """Whom a decision reached, and when they said so: who signed it has it."""
    signed = {given.stamp.by: given.stamp for given in workload.signed("decision", digest).values()}
    return {**signed, **workload.deciding.receipts.get(digest, {})}


class Recipient(Struct, frozen=True, kw_only=True):
    """One person whom a decision concerns: why, when it was sent to them, and when they had it: who signed has it."""

    person: str
    holds: str
    sent: Stamp | None = None
    received: Stamp | None = None
    signed: bool = False


def recipients_of(workload: Workload, digest: str) -> tuple[Recipient, ...]:
    """Everybody who got a decision or is to get it; an empty digest asks who would get the next one."""
    holding = {person: ", ".join(holds) for person, holds in stakeholders(workload).items()}
    named = {person: one.fact.why for person, one in workload.deciding.recipients.items()}
    before = dict.fromkeys(workload.deciding.addressed(digest), "held a role when it was sent")
    had = received(workload, digest)
    signers = {given.stamp.by for given in workload.signed("decision", digest).values()}
    sent = {
        person: one.stamp
        for one in reversed(workload.deciding.sent_of(digest))
        for person in (*one.fact.stakeholders, *one.fact.others)
    }
    return tuple(
        Recipient(
            person=person,
            holds=holds,
            sent=sent.get(person),
            received=had.get(person),
            signed=person in signers,
        )
        for person, holds in {**before, **named, **holding}.items()
    )


def concerned(workload: Workload, digest: str) -> tuple[str, ...]:
    """The stakeholders whose receipt a decision needs: those of now, and once its gate is passed those of then."""
    if "evaluate" not in workload.passed:
        return tuple(stakeholders(workload))
    sent = (person for one in workload.deciding.sent_of(digest) for person in one.fact.stakeholders)
    return tuple(dict.fromkeys(sent))


def newest(workload: Workload) -> Decision | None:
    """The decision that was put last, unless the workload went back or declared another attempt since."""
    last = workload.decisions[-1] if workload.decisions else None
    return None if last is None or workload.overtaken(last) else last


def to_confirm(workload: Workload, person: str) -> str | None:
    """The digest of the decision that was sent to a person who has not confirmed receipt; None when there is none."""
    last = newest(workload)
    if last is None or person not in workload.deciding.addressed(last.digest):
        return None
    return None if person in received(workload, last.digest) else last.digest


def unsent(workload: Workload, digest: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Whom a decision was not sent to: the stakeholders of now, and who was named besides."""
    had = workload.deciding.addressed(digest)
    holding = tuple(person for person in stakeholders(workload) if person not in had)
    return holding, tuple(p for p in workload.deciding.recipients if p not in had and p not in holding)


def to_send(workload: Workload) -> tuple[str, ...]:
    """Whom the newest decision could be sent to now: nobody before it is in force, and once everybody has it."""
    last = newest(workload)
    if last is None or last.digest not in workload.in_force:
        return ()
    holding, others = unsent(workload, last.digest)
    return (*holding, *others)


def _recipient(workload: Workload, command: NameRecipient, context: Context) -> Iterator[Problem]:
    if command.person not in context.people:
        message = f"{command.person} is nobody's id here; add the person first."
        yield Problem(code="unknown-person", field="person", message=message)
    if command.person in stakeholders(workload):
        message = f"{command.person} is a stakeholder already and gets every decision; there is nobody to add."
        yield Problem(code="stakeholder", field="person", message=message)


def _the_decision(workload: Workload, digest: str) -> Iterator[Problem]:
    last = newest(workload)
    if last is None:
        message = "There is no decision that still counts; put one first."
        yield Problem(code="no-decision", field="digest", message=message)
    elif last.digest != digest:
        message = f"The newest decision is another one; read the one of digest {last.digest[:12]}."
        yield Problem(code="content-changed", field="digest", message=message)


def send_decision(workload: Workload, command: SendDecision, context: Context) -> list[DecisionSent]:
    """A decision in force goes to everybody whom it concerns; once more only where somebody joined since."""
    del context
    problems = [*_the_decision(workload, command.digest)]
    if not problems and command.digest not in workload.in_force:
        message = "Owner and sponsor have not both signed it; a decision is sent once it is in force."
        problems.append(Problem(code="not-in-force", field="digest", message=message))
    holding, others = unsent(workload, command.digest)
    if not problems and not holding and not others:
        message = "Everybody whom it concerns was sent this decision already; name a further recipient first."
        problems.append(Problem(code="sent-before", field="digest", message=message))
    if problems:
        raise Refused(problems)
    return [DecisionSent(digest=command.digest, stakeholders=holding, others=others, message=command.message)]


def confirm_receipt(workload: Workload, command: ConfirmReceipt, context: Context) -> list[ReceiptConfirmed]:
    """Nobody confirms for another, nor what was not sent to them."""
    person = context.actor.person
    problems = [*_the_decision(workload, command.digest)]
    if not problems and person not in workload.deciding.addressed(command.digest):
        message = "This decision was not sent to you; ask the owner to name you as a recipient and send it."
        problems.append(Problem(code="not-a-recipient", field="digest", message=message))
    elif not problems and person in received(workload, command.digest):
        message = "You signed this decision, or confirmed its receipt, already; there is nothing to confirm."
        problems.append(Problem(code="already-confirmed", field="digest", message=message))
    if problems:
        raise Refused(problems)
    return [ReceiptConfirmed(digest=command.digest)]


def dissent(workload: Workload, command: Dissent, context: Context) -> list[Dissented]:
    """Whoever the decision concerns, or was sent it, may disagree, unless they signed it."""
    person = context.actor.person
    problems = [*_the_decision(workload, command.digest)]
    if not problems and person in {s.stamp.by for s in workload.signed("decision", command.digest).values()}:
        message = "You signed this decision; put another one, or have its owner do so, if you think otherwise now."
        problems.append(Problem(code="signed-it", field="digest", message=message))
    elif not problems and person not in {*stakeholders(workload), *workload.deciding.addressed(command.digest)}:
        message = "This decision does not concern you as a stakeholder or recipient; comment on the workload instead."
        problems.append(Problem(code="not-a-recipient", field="digest", message=message))
    if problems:
        raise Refused(problems)
    return [Dissented(digest=command.digest, reason=command.reason)]


def _was_sent(state: Deciding, fact: DecisionSent, stamp: Stamp) -> Deciding:
    return structs.replace(state, sent=(*state.sent, Standing(fact=fact, stamp=stamp)))


def _was_received(state: Deciding, fact: ReceiptConfirmed, stamp: Stamp) -> Deciding:
    of_it = {**state.receipts.get(fact.digest, {}), stamp.by: stamp}
    return structs.replace(state, receipts={**state.receipts, fact.digest: of_it})


def _was_dissented(state: Deciding, fact: Dissented, stamp: Stamp) -> Deciding:
    return structs.replace(state, dissents=(*state.dissents, Standing(fact=fact, stamp=stamp)))


_SENDERS = frozenset({"owner", "sponsor"})
_ANYBODY = frozenset({"owner", "sponsor", "engineer", "operator", "reviewer", "admin"})
AREA = Area(
    name="deciding",
    entries=(
        Entry(command=NameRecipient, fact=RecipientNamed, attribute="recipients", key="person", check=_recipient),
    ),
    rules={SendDecision: send_decision, ConfirmReceipt: confirm_receipt, Dissent: dissent},
    folds={DecisionSent: _was_sent, ReceiptConfirmed: _was_received, Dissented: _was_dissented},
    permitted={
        "name_recipient": _SENDERS,
        "send_decision": _SENDERS,
        "confirm_receipt": _ANYBODY,
        "dissent": _ANYBODY,
    },
)
