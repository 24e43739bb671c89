"""Whom a decision reaches, in its memo: who gets it and why, when it was sent, and who confirmed it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pilotage.record.areas.deciding import Recipient, recipients_of
from pilotage.record.workload import Decision, Workload
from pilotage.reports.documents.model import Block, Column, Heading, Paragraph, Table
from pilotage.reports.documents.wording import Named, day, entry
from pilotage.reports.numbers import plural


def reaches(workload: Workload, decision: Decision | None, named: Named) -> Iterator[Block]:
    """The recipients with their receipts, as the record stood at the memo's own position."""
    found = recipients_of(workload, decision.digest if decision else "")
    yield Heading("Whom it reaches")
    yield Paragraph(_said(found, decision, workload), "quiet")
    if found:
        yield Table(
            columns=(
                Column(title="recipient", share=1.4),
                Column(title="because of", share=2.2),
                Column(title="sent", share=1.9),
                Column(title="receipt", share=2.7),
            ),
            rows=tuple((named.name(one.person), named.named(one.holds), _sent(one), _receipt(one)) for one in found),
        )


def _said(found: tuple[Recipient, ...], decision: Decision | None, workload: Workload) -> str:
    if decision is None:
        return "Who would get the decision now. It is sent once owner and sponsor have signed it."
    if not any(one.sent for one in found):
        waits = "Nobody was sent it yet" if workload.decision_in_force(decision) else "It is sent once it is in force"
        return f"{waits}. These are to get it, and each confirms in person that it arrived."
    had = sum(one.received is not None for one in found)
    return (
        f"It reached {had} of {plural(len(found), 'recipient')} by the entry that this memo ends with. A receipt says "
        "that it arrived, not that one agrees."
    )


def _sent(one: Recipient) -> str:
    return f"{day(one.sent.at.date())}, {entry(one.sent.position)}" if one.sent else "not yet"


def _receipt(one: Recipient) -> str:
    if one.received is None:
        return "not confirmed"
    how = "signed" if one.signed else "confirmed"
    return f"{how} {day(one.received.at.date())}, {entry(one.received.position)}"
