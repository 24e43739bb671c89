"""The operations playbook as a document: what one takes along to where this product cannot be reached. Pure.

What is needed first stands first: how to switch it off, then whom to call.
"""

from __future__ import annotations

from collections.abc import Iterator

from pilotage.reports.documents.model import (
    Block,
    Bullets,
    Code,
    Column,
    Document,
    Facts,
    Heading,
    Imprint,
    Note,
    Paragraph,
    Table,
)
from pilotage.reports.documents.wording import day, entry, moment, unmarked
from pilotage.reports.numbers import plural
from pilotage.reports.operations_playbook import OperationsPlaybook


def operations_document(book: OperationsPlaybook, imprint: Imprint) -> Document:
    """The whole playbook. Who is on call is read from the rotation's days: paper does not know what day it is."""
    return Document(
        kicker="Operations playbook",
        title=book.title,
        subtitle=f"Release {book.release} · phase {book.phase}",
        blocks=(
            _walked(book),
            *_switch_off(book),
            *_calling(book),
            *_answering(book),
            *_procedures(book),
            *_stalling(book),
        ),
        imprint=imprint,
    )


def _walked(book: OperationsPlaybook) -> Block:
    if book.walked is None:
        return Note(text="Nobody has walked through this playbook as it stands.", tone="warn")
    place = entry(book.walked.position)
    return Paragraph(f"Walked through by {book.walked_by}, {moment(book.walked.at)} ({place}).", "quiet")


def _switch_off(book: OperationsPlaybook) -> Iterator[Block]:
    yield Heading("Switch it off")
    for command, does in book.commands:
        yield Paragraph(does)
        yield Code(command)


def _calling(book: OperationsPlaybook) -> Iterator[Block]:
    yield Heading("Who is called")
    if book.path:
        yield Table(
            columns=(
                Column(title="step"),
                Column(title="who", share=2.0),
                Column(title="reached at", share=3.0),
                Column(title="no answer within", numeric=True, share=1.4),
            ),
            rows=tuple((one.step, one.person, one.reach, plural(one.minutes, "minute")) for one in book.path),
        )
    else:
        yield Note(text="No escalation path is set.", tone="bad")
    yield Heading("On call", 2)
    if book.rotation:
        yield Table(
            columns=(
                Column(title="from", share=1.2),
                Column(title="to", share=1.2),
                Column(title="who", share=2.0),
                Column(title="reached at", share=3.0),
            ),
            rows=tuple((day(one.starts_on), day(one.ends_on), one.person, one.reach) for one in book.rotation),
        )
    else:
        yield Note(text="Nobody is planned.", tone="bad")


def _answering(book: OperationsPlaybook) -> Iterator[Block]:
    yield Heading("Who answers for it")
    yield Table(
        columns=(Column(title="role", share=1.5), Column(title="who", share=1.5), Column(title="for what", share=3.0)),
        rows=(
            ("Owner", book.owner, "The workload, and its decisions."),
            ("Sponsor", book.sponsor, "The money, and that it goes on or ends."),
            *((role.title, role.holder, role.purpose) for role in book.roles),
        ),
    )
    if book.taken:
        yield Heading("What the production team took over", 2)
        yield Table(
            columns=(
                Column(title="item", share=1.5),
                Column(title="taken by", share=1.5),
                Column(title="what", share=3.0),
            ),
            rows=tuple((one.item, one.by, one.what) for one in book.taken),
        )


def _procedures(book: OperationsPlaybook) -> Iterator[Block]:
    yield Heading("When something happens")
    for one in book.procedures:
        yield Heading(one.title, 2)
        place = f" · {entry(one.position)}" if one.position else ""
        yield Paragraph(f"{one.trigger}{place}", "quiet")
        yield Paragraph(one.steps) if one.steps else Note(text="Nobody has written this procedure yet.", tone="bad")


def _stalling(book: OperationsPlaybook) -> Iterator[Block]:
    yield Heading("When it stalls")
    for one in book.clearings:
        yield Heading(one.title, 2)
        yield Bullets(tuple(f"{unmarked(action)} ({by})" for action, by in one.actions))
    yield Facts((("Assembled from", f"everything recorded up to {entry(book.position)}"),))
