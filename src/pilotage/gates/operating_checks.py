"""Checks of the operating model: roles held by people who are there, the handoff accepted, the playbook whole. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from msgspec import structs

from pilotage.gates.case import Case, Check, Finding, item, met, unmet
from pilotage.record.areas.operating import HandoffItemRefused, RoleRefused, accepted_item, accepted_role
from pilotage.record.areas.runbook import triggers, walked_through
from pilotage.record.verdicts import EvidenceItem


def ownership(case: Case) -> Finding:
    """Each ownership role is accepted by the person to whom it is offered, and that person still has an account."""
    roles = case.playbook.ownership
    evidence = [*_held(case)]
    for role in roles:
        found = _role_open(case, role.id, role.title.lower(), evidence)
        if found is not None:
            return structs.replace(found, ceased=_vacant_since(case))
    given = [accepted.stamp.at for role in roles if (accepted := accepted_role(case.workload, role.id))]
    return met(f"All {len(roles)} roles are accepted, each in person.", *evidence, since=min(given))


def _vacant_since(case: Case) -> dt.datetime | None:
    """Since when the first of the roles that somebody held is held by nobody who is there, as far as is known."""
    workload, roles = case.workload, [role.id for role in case.playbook.ownership]
    vacated = (one.at for role, one in workload.operating.vacated.items() if role in roles)
    holders = (accepted.stamp for role in roles if (accepted := accepted_role(workload, role)))
    left = (max(stamp.at, case.portfolio.left[stamp.by]) for stamp in holders if stamp.by in case.portfolio.left)
    return min((*vacated, *left), default=None)


def _role_open(case: Case, role: str, title: str, evidence: list[EvidenceItem]) -> Finding | None:
    """Why a role is held by nobody, and who can change that; None where somebody holds it."""
    operating = case.workload.operating
    offer = operating.offers.get(role)
    if offer is None:
        offers = f"Offer to one person to be {title}, on the Operating model page."
        return unmet(f"Nobody was asked to be {title}.", *evidence, next=offers)
    person = offer.fact.person
    if person in case.portfolio.absent:
        another = f"Offer to somebody who is there to be {title}."
        return unmet(f"{person}, who was asked to be {title}, has no account any more.", *evidence, next=another)
    if accepted_role(case.workload, role) is not None:
        return None
    answer = operating.role_answer(role)
    if answer is not None and isinstance(answer.fact, RoleRefused):
        another = f"Offer to somebody else to be {title}, or settle what keeps {person} from it."
        return unmet(f"{person} does not want to be {title}.", *evidence, next=another)
    reopened = "was accepted before the workload went back, which counts no more" if answer else "is not answered yet"
    accepts = "Accept or refuse the role in person, on the Operating model page."
    return unmet(f"The offer to {person} to be {title} {reopened}.", *evidence, next=accepts, by=person)


def _held(case: Case) -> Iterator[EvidenceItem]:
    for role in case.playbook.ownership:
        accepted = accepted_role(case.workload, role.id)
        if accepted is not None:
            yield item(role.title, accepted.stamp.by, ledger=accepted.stamp.position)


def handoff(case: Case) -> Finding:
    """Enough is listed, and the production team took each item over; later items may wait some days for an answer."""
    items = case.workload.operating.items
    evidence = [*_items(case)]
    least = int(case.number("items_min", 1))
    if len(items) < least:
        return unmet(
            f"{len(items)} of at least {least} responsibilities are listed.",
            *evidence,
            next="List what there is to take care of, item by item, on the Operating model page.",
            by="engineer",
        )
    waits = [name for name in items if accepted_item(case.workload, name) is None]
    due = [name for name in waits if not _may_wait(case, items[name].stamp.position, items[name].stamp.at)]
    if due:
        return _not_taken_over(case, due, evidence)
    later = f" Offered since and not answered yet: {', '.join(waits)}." if waits else ""
    return met(f"The production team took over {len(items) - len(waits)} of {len(items)} items.{later}", *evidence)


def _may_wait(case: Case, position: int, offered: dt.datetime) -> bool:
    """What was offered after the gate passed has some days to be answered; before that, nothing is open."""
    passed = case.workload.passed.get(case.phase)
    days = case.number("answer_days", 0)
    return passed is not None and position > passed.stamp.position and case.now - offered < dt.timedelta(days=days)


def _not_taken_over(case: Case, due: list[str], evidence: list[EvidenceItem]) -> Finding:
    refused = [
        name
        for name in due
        if (answer := case.workload.operating.item_answer(name)) and isinstance(answer.fact, HandoffItemRefused)
    ]
    receivers = [role for role in ("operations", "engineering") if accepted_role(case.workload, role)]
    if refused:
        action, by = f"Settle why {refused[0]} was refused, and offer it with other words.", "engineer"
    elif not receivers:
        action, by = "Accept the operations role; its holder takes the items over.", None
    else:
        action, by = f"Take over or refuse {due[0]} on the Operating model page.", _receiver(case, due[0])
    said = f" Refused: {', '.join(refused)}." if refused else ""
    return unmet(f"Not taken over: {', '.join(due)}.{said}", *evidence, next=action, by=by)


def _receiver(case: Case, name: str) -> str | None:
    """Who can take an item over: a holder of operations or engineering who did not offer it."""
    offered = case.workload.operating.items[name].stamp.by
    for role in ("operations", "engineering"):
        accepted = accepted_role(case.workload, role)
        if accepted is not None and accepted.stamp.by != offered:
            return accepted.stamp.by
    return None


def _items(case: Case) -> Iterator[EvidenceItem]:
    for name in case.workload.operating.items:
        accepted = accepted_item(case.workload, name)
        if accepted is not None:
            yield item(f"{name} taken over by", accepted.stamp.by, ledger=accepted.stamp.position)


def runbook(case: Case) -> Finding:
    """Owner, whom to call, who is on call, a procedure for whatever rings, walked through by whoever operates it."""
    gaps = dict(_playbook_gaps(case))
    evidence = [*_parts(case)]
    if gaps:
        first = next(iter(gaps.values()))
        return unmet(f"It lacks {'; '.join(gaps)}.", *evidence, next=first[0], by=first[1])
    walked = walked_through(case.workload)
    if walked is None:
        accepted = accepted_role(case.workload, "operations")
        return unmet(
            "It is whole, but its present wording was not walked through.",
            *evidence,
            next="Walk through the operations playbook with the people on call, and sign that it holds.",
            by=accepted.stamp.by if accepted else None,
        )
    signed = item("walked through", walked.stamp.by, ledger=walked.stamp.position)
    return met("It is whole, and was walked through as it stands.", *evidence, signed, since=walked.stamp.at)


def _playbook_gaps(case: Case) -> Iterator[tuple[str, tuple[str, str | None]]]:
    """What the operations playbook lacks, with what to do and who does it; None is whom the criterion names."""
    workload, book = case.workload, case.workload.runbook
    if workload.owner is None:
        yield "an owner", ("Assign an owner.", "sponsor")
    if accepted_role(workload, "operations") is None:
        yield "an operations owner", ("Offer the operations role and have it accepted.", "owner")
    # Whoever stands on two steps is one person, and whoever has no account any more is nobody who answers.
    called, least = {step.fact.person for step in book.path}, case.number("steps_min", 1)
    if len(called - case.portfolio.absent) < least:
        gone = sorted(called & case.portfolio.absent)
        instead = f" {' and '.join(gone)} has no account any more." if gone else " Each step calls somebody else."
        yield f"{least:.0f} people to call", (f"Set the escalation path on the Operating model page.{instead}", None)
    days = int(case.number("covered_days", 1))
    uncovered = book.first_uncovered(case.today, days)
    if uncovered is not None:
        plan = f"Plan who is on call on {uncovered} on the Operating model page."
        yield f"somebody on call on {uncovered}", (plan, None)
    missing = [name for name in triggers(workload) if name not in book.procedures]
    if missing:
        write = f"Write the procedure for {missing[0]} on the Operating model page."
        yield f"a procedure for {', '.join(missing)}", (write, None)


def _parts(case: Case) -> Iterator[EvidenceItem]:
    book = case.workload.runbook
    for step in book.path:
        yield item(f"called {step.fact.step}", step.fact.person, ledger=step.stamp.position)
    for shift in book.on_call(case.today):
        yield item("on call today", shift.fact.person, ledger=shift.stamp.position)
    for name, procedure in book.procedures.items():
        yield item(f"procedure {name}", procedure.stamp.by, ledger=procedure.stamp.position)


CHECKS: dict[str, Check] = {
    "harden.ownership": ownership,
    "harden.handoff": handoff,
    "harden.runbook": runbook,
    "operate.ownership": ownership,
}
