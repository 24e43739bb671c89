"""The parts of the system card about people: who oversees, reviews, watches and answers, and under which tags. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pilotage.playbook.types import Playbook
from pilotage.record.areas.operating import accepted_role
from pilotage.record.areas.runbook import triggers
from pilotage.record.review_standing import ReviewStanding
from pilotage.record.workload import Workload
from pilotage.reports.documents.model import Block, Column, Facts, Heading, Note, Paragraph, Table
from pilotage.reports.documents.wording import Named, day, entry
from pilotage.reports.numbers import NOTHING, TOGETHER, plural

_NUMBERS = re.compile(r"([0-9]+)")
FRAMEWORKS = ("EU AI Act", "ISO/IEC 42001", "NIST AI RMF")
RISK_CLASS = "EU AI Act risk class"
STATES = {
    "no_reviewer": "no reviewer",
    "not_open": "not open",
    "open": "open",
    "approved": "approved",
    "approved_with_conditions": "approved with conditions",
    "rejected": "rejected",
    "changed": "changed since",
    "expired": "expired",
    "void": "void",
}


def overseen(workload: Workload, exposure: str, named: Named) -> Iterator[Block]:
    """What people see, when they have to override it, whom they ask."""
    yield Heading("How people oversee it")
    placed, release = workload.planning.place, workload.release
    rows = [("Exposed now", exposure)]
    if placed is None:
        yield Note(text="Where in the work the answer arrives is not on record.", tone="warn")
    else:
        rows += [
            ("Arrives", named.named(placed.fact.arrives)),
            ("Seen by", placed.fact.seen_by),
            ("When absent", named.named(placed.fact.when_absent)),
        ]
    said = workload.training.seen.get(release.name) if release else None
    if said is not None:
        rows.append(("What people see", named.named(said.fact.explanation)))
    yield Facts(tuple(rows))
    modules = [
        one.fact
        for one in workload.training.modules.values()
        if one.fact.required and release is not None and one.fact.release == release.name
    ]
    if not modules:
        yield Note(text="No training says when to override this release.", tone="warn")
    for module in modules:
        yield Heading(module.title, 2)
        yield Facts(
            (
                ("It does", named.named(module.does)),
                ("It does not", named.named(module.does_not)),
                ("Override when", named.named(module.when_to_override)),
                ("Ask", named.named(module.whom_to_ask)),
            )
        )


def reviewed(reviews: tuple[ReviewStanding, ...], named: Named) -> Iterator[Block]:
    """Every review with its state, who gave it, and until when it holds."""
    yield Heading("Reviews")
    yield Table(
        columns=(
            Column(title="review", share=1.6),
            Column(title="state", verdict=True, share=1.5),
            Column(title="by", share=1.6),
            Column(title="concluded", share=2.2),
            Column(title="holds until", share=1.2),
            Column(title="open", numeric=True, share=0.6),
        ),
        rows=tuple(
            (
                one.title,
                STATES[one.state],
                named.name(one.reviewer) if one.reviewer else "nobody",
                f"{day(one.conclusion.stamp.at)}, {entry(one.conclusion.stamp.position)}"
                if one.conclusion
                else NOTHING,
                day(one.valid_until) if one.valid_until else NOTHING,
                str(len(one.conditions)),
            )
            for one in reviews
        ),
    )


def _concluded(one: ReviewStanding) -> str:
    given = one.conclusion
    return f"{day(given.stamp.at)}, {entry(given.stamp.position)}" if given else NOTHING


def watched(workload: Workload) -> Iterator[Block]:
    """What rings, and whether somebody wrote what to do then."""
    yield Heading("What is watched")
    written = workload.runbook.procedures
    yield Table(
        columns=(Column(title="rings when", share=3.0), Column(title="what to do", share=1.5)),
        rows=tuple(
            (title, f"written, {entry(written[name].stamp.position)}" if name in written else "not written")
            for name, title in triggers(workload).items()
        ),
    )


def answering(workload: Workload, playbook: Playbook, named: Named) -> Iterator[Block]:
    """Who answers for it."""
    yield Heading("Who answers for it")
    roles = [(role, accepted_role(workload, role.id)) for role in playbook.ownership]
    yield Facts(
        (
            ("Owner", named.name(workload.owner) if workload.owner else "nobody"),
            ("Sponsor", named.name(workload.sponsor) if workload.sponsor else "nobody"),
            *((role.title, named.name(found.stamp.by) if found else "nobody accepted it") for role, found in roles),
        )
    )


def tagged(workload: Workload, playbook: Playbook, named: Named) -> Iterator[Block]:
    """The risk class as answered, and which public frameworks' ids the answers on record speak to."""
    yield Heading("Public frameworks")
    answers = workload.reviews.answers
    classes = [one for one in playbook.questions if RISK_CLASS in one.frameworks and one.id in answers]
    given = [answers[one.id] for one in classes]
    rows = [("Risk class", f"{named.named(one.fact.answer)} ({entry(one.stamp.position)})") for one in given]
    if not classes:
        yield Note(text="Its risk class under the EU AI Act is not on record.", tone="warn")
    answered = [one for one in playbook.questions if one.id in answers]
    if not answered:
        yield Paragraph("No question of the reviews is answered yet, so nothing speaks to a framework.")
        return
    tags = sorted({tag for one in answered for tag in one.frameworks}, key=_as_numbered)
    yield Facts((*rows, *((name, _of_framework(name, tags)) for name in FRAMEWORKS)))
    yield Paragraph(
        f"{len(answered)} of {plural(len(playbook.questions), 'question')} are answered on record, and speak to these. "
        "An id claims no conformity.",
        "quiet",
    )


def _as_numbered(tag: str) -> tuple[tuple[bool, int, str], ...]:
    """Numbers in an id count as numbers: 2.3 before 2.10."""
    return tuple((part.isdigit(), int(part) if part.isdigit() else 0, part) for part in _NUMBERS.split(tag))


def _of_framework(name: str, tags: list[str]) -> str:
    """The ids of one framework that answers speak to, without its name."""
    return (
        ", ".join(tag.removeprefix(name).strip().replace(" ", TOGETHER) for tag in tags if tag.startswith(name))
        or NOTHING
    )
