"""The operations playbook, assembled from the record: who owns it, whom to call, how to roll back, what to do. Pure.

It is nobody's file: whatever is changed on the record is changed in it, and it says what it still lacks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from msgspec import Struct

from pilotage.gates.stall import REASONS
from pilotage.playbook.types import Playbook
from pilotage.record.areas.operating import accepted_item, accepted_role
from pilotage.record.areas.runbook import triggers, walked_through
from pilotage.record.digests import digest_of_text
from pilotage.record.stamps import Stamp
from pilotage.record.workload import Workload, day_of

Named = Callable[[str], str]
NOBODY = "nobody"


class Role(Struct, frozen=True, kw_only=True):
    """An ownership role with who holds it; nobody until a person accepted it."""

    title: str
    purpose: str
    holder: str
    accepted: Stamp | None


class Call(Struct, frozen=True, kw_only=True):
    """Somebody to call: at a step of the escalation path, after so many minutes the next one."""

    step: str
    person: str
    reach: str
    minutes: int
    position: int


class Shift(Struct, frozen=True, kw_only=True):
    """A stretch of the rotation. `is_now` where it covers the day on which the playbook is read."""

    person: str
    reach: str
    starts_on: dt.date
    ends_on: dt.date
    is_now: bool
    position: int


class Procedure(Struct, frozen=True, kw_only=True):
    """What to do when something happens; `steps` is empty where nobody wrote it yet."""

    trigger: str
    title: str
    steps: str = ""
    position: int | None = None


class Clearing(Struct, frozen=True, kw_only=True):
    """What clears a reason to stall: the actions that the playbook names, each with who takes it."""

    reason: str
    title: str
    actions: tuple[tuple[str, str], ...]


class Taken(Struct, frozen=True, kw_only=True):
    """A responsibility that the production team took over, or has not yet."""

    item: str
    what: str
    by: str
    position: int | None


class OperationsPlaybook(Struct, frozen=True, kw_only=True):
    """The whole, as it stands at a position of the ledger."""

    slug: str
    title: str
    phase: str
    release: str
    position: int
    read_at: dt.datetime
    owner: str
    sponsor: str
    roles: tuple[Role, ...]
    taken: tuple[Taken, ...]
    path: tuple[Call, ...]
    rotation: tuple[Shift, ...]
    commands: tuple[tuple[str, str], ...]
    procedures: tuple[Procedure, ...]
    clearings: tuple[Clearing, ...]
    walked: Stamp | None
    walked_by: str

    @property
    def on_call(self) -> tuple[Shift, ...]:
        """Who is on call now."""
        return tuple(shift for shift in self.rotation if shift.is_now)


def assemble(playbook: Playbook, workload: Workload, named: Named, now: dt.datetime) -> OperationsPlaybook:
    """The operations playbook of a workload. `named` turns a person's id into a name; `now` is UTC."""
    walked = walked_through(workload)
    return OperationsPlaybook(
        slug=workload.slug,
        title=workload.title,
        phase=workload.phase,
        release=workload.release.name if workload.release else "none registered",
        position=workload.position,
        read_at=now,
        owner=named(workload.owner) if workload.owner else NOBODY,
        sponsor=named(workload.sponsor) if workload.sponsor else NOBODY,
        roles=tuple(_roles(playbook, workload, named)),
        taken=tuple(_taken(workload, named)),
        path=tuple(
            Call(
                step=one.fact.step,
                person=named(one.fact.person),
                reach=one.fact.reach,
                minutes=one.fact.minutes,
                position=one.stamp.position,
            )
            for one in workload.runbook.path
        ),
        rotation=tuple(_rotation(workload, named, day_of(workload, now))),
        commands=rollback(workload.slug),
        procedures=tuple(_procedures(workload)),
        clearings=tuple(_clearings(playbook)),
        walked=walked.stamp if walked else None,
        walked_by=named(walked.stamp.by) if walked else "",
    )


def rollback(slug: str) -> tuple[tuple[str, str], ...]:
    """How exposure is taken back, each by one command, with what it does."""
    return (
        (f'pilotage kill {slug} --reason "…"', "Off at once, everywhere: the incumbent answers."),
        (f'pilotage expose {slug} shadow --reason "…"', "Back to shadow: the candidate runs on unseen."),
    )


def _roles(playbook: Playbook, workload: Workload, named: Named) -> Iterator[Role]:
    for role in playbook.ownership:
        accepted = accepted_role(workload, role.id)
        yield Role(
            title=role.title,
            purpose=role.purpose,
            holder=named(accepted.stamp.by) if accepted else NOBODY,
            accepted=accepted.stamp if accepted else None,
        )


def _taken(workload: Workload, named: Named) -> Iterator[Taken]:
    for name, listed in workload.operating.items.items():
        accepted = accepted_item(workload, name)
        yield Taken(
            item=name,
            what=listed.fact.what,
            by=named(accepted.stamp.by) if accepted else NOBODY,
            position=accepted.stamp.position if accepted else None,
        )


def _rotation(workload: Workload, named: Named, today: dt.date) -> Iterator[Shift]:
    """Shifts that are not over."""
    for one in workload.runbook.rotation:
        if one.fact.ends_on >= today:
            yield Shift(
                person=named(one.fact.person),
                reach=one.fact.reach,
                starts_on=one.fact.starts_on,
                ends_on=one.fact.ends_on,
                is_now=one.fact.starts_on <= today,
                position=one.stamp.position,
            )


def _procedures(workload: Workload) -> Iterator[Procedure]:
    """What is needed, in order, then what was written for something that rings no more."""
    asked, written = triggers(workload), workload.runbook.procedures
    for name in [*asked, *(name for name in written if name not in asked)]:
        title = asked.get(name, f"{name.partition(':')[2]} is watched no more")
        found = written.get(name)
        if found is None:
            yield Procedure(trigger=name, title=title)
        else:
            yield Procedure(trigger=name, title=title, steps=found.fact.steps, position=found.stamp.position)


def _clearings(playbook: Playbook) -> Iterator[Clearing]:
    known = {criterion.id: criterion for phase in playbook.phases for criterion in phase.criteria}
    for reason in REASONS:
        actions = tuple((known[one].next, known[one].by) for one in reason.criteria if one in known)
        if actions:
            yield Clearing(reason=reason.id, title=reason.title, actions=actions)


def as_markdown(book: OperationsPlaybook) -> str:
    """The whole as Markdown; its last line names the ledger's position and the digest of everything above it."""
    text = "\n".join(_lines(book)) + "\n"
    return f"{text}\n---\n\nLedger position {book.position}. SHA-256 of the text above: {digest_of_text(text)}\n"


def _lines(book: OperationsPlaybook) -> Iterator[str]:
    yield from (f"# Operations playbook: {book.title}", "")
    yield f"Workload `{book.slug}`, phase {book.phase}, release {book.release}. Read {_moment(book.read_at)}."
    walked = f"Walked through by {book.walked_by}, {_moment(book.walked.at)}." if book.walked else ""
    yield walked or "Nobody has walked through it as it stands."
    yield from ("", "## Switch it off", "")
    for command, does in book.commands:
        yield from (f"    {command}", "", does, "")
    yield from _calling(book)
    yield from _answering(book)
    yield from ("", "## When something happens")
    for procedure in book.procedures:
        yield from ("", f"### {procedure.title}", "", f"`{procedure.trigger}`", "")
        yield procedure.steps or "Nobody has written this procedure yet."
    yield from ("", "## When it stalls")
    for clearing in book.clearings:
        yield from ("", f"### {clearing.title}", "", *(f"- {action} ({by})" for action, by in clearing.actions))


def _calling(book: OperationsPlaybook) -> Iterator[str]:
    now = "; ".join(f"{one.person} ({one.reach})" for one in book.on_call) or NOBODY
    yield from ("## Who is called", "", f"On call now: {now}.", "")
    calls = [f"1. {one.person}: {one.reach}. No answer within {one.minutes} minutes: the next." for one in book.path]
    yield from calls or ["No escalation path is set."]
    yield from ("", "## Rotation", "")
    shifts = [f"- {one.starts_on} to {one.ends_on}: {one.person} ({one.reach})" for one in book.rotation]
    yield from shifts or ["Nobody is planned."]


def _answering(book: OperationsPlaybook) -> Iterator[str]:
    yield from ("", "## Who answers for it", "", f"- Owner: {book.owner}", f"- Sponsor: {book.sponsor}")
    yield from (f"- {role.title}: {role.holder}. {role.purpose}" for role in book.roles)
    yield from (f"- {taken.item}: {taken.by}. {_inline(taken.what)}" for taken in book.taken)


def _moment(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


def _inline(text: str) -> str:
    return " ".join(text.split())
