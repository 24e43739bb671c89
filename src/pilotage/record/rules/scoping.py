"""Rules of choosing and scoping: propose, score, choose, assign, accept ownership, charter, sign, comment. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.charter import Charter, charter_digest, charter_problems, material_digest, promised
from pilotage.record.context import Context
from pilotage.record.errors import Problem, Refused, refuse
from pilotage.record.workload import Workload, day_of


def propose(command: c.Propose, context: Context) -> list[f.Fact]:
    """A new workload; its demonstration flag is fixed here and must be the workspace's own."""
    if command.demonstration != context.demonstration_workspace:
        kind = "a demonstration" if context.demonstration_workspace else "not a demonstration"
        raise refuse(
            "demonstration-mismatch", "demonstration", f"This workspace is {kind}; propose the workload as such."
        )
    if command.lane == "low":
        raise refuse(
            "lane-unclassified",
            "lane",
            "Nobody enters the low lane by asking for it. Propose it in the standard lane and answer the six questions "
            "of its risk (classify_risk): harmless work comes into the low lane by them.",
        )
    return [
        f.Proposed(
            title=command.title,
            problem=command.problem,
            incumbent=command.incumbent,
            cadence=command.cadence,
            lane=command.lane,
            demonstration=command.demonstration,
            personal_data=command.personal_data,
            outside_processor=command.outside_processor,
        )
    ]


def score(_workload: Workload, command: c.ScoreProblem, _context: Context) -> list[f.Fact]:
    """One score per person; a second one replaces the first."""
    return [
        f.Scored(impact=command.impact, feasibility=command.feasibility, readiness=command.readiness, note=command.note)
    ]


def choose(_workload: Workload, command: c.Choose, _context: Context) -> list[f.Fact]:
    """The argument for this problem."""
    return [f.Chosen(argument=command.argument)]


def assign(workload: Workload, command: c.Assign, context: Context) -> list[f.Fact]:
    """A role is offered to one known person; owner and sponsor are two people, and the owner reviews nothing."""
    return _or_refuse(
        _assignment_problems(workload, command, context), f.Assigned(role=command.role, person=command.person)
    )


def _assignment_problems(workload: Workload, command: c.Assign, context: Context) -> Iterator[Problem]:
    if command.person not in context.people:
        yield Problem(
            code="unknown-person",
            field="person",
            message=f"{command.person} is nobody's id here; add the person first.",
        )
    other = {"owner": workload.sponsor, "sponsor": workload.owner}.get(command.role)
    if other == command.person:
        yield Problem(
            code="same-person",
            field="person",
            message="Owner and sponsor must be two people: one signs what the other runs.",
        )
    reviews = command.role.startswith("reviewer:") and command.person == workload.owner
    if reviews or (command.role == "owner" and command.person in workload.reviewers.values()):
        yield Problem(
            code="own-submission",
            field="person",
            message="Nobody reviews what they own; name another owner or another reviewer.",
        )


def accept_ownership(workload: Workload, command: c.AcceptOwnership, context: Context) -> list[f.Fact]:
    """Only the person to whom ownership was offered can accept it."""
    if workload.owner != context.actor.person:
        raise refuse("not-offered", "", "Ownership was not offered to you; ask for it to be assigned to you first.")
    return [
        f.OwnershipAccepted(technical=command.technical, operational=command.operational, statement=command.statement)
    ]


def revise_charter(workload: Workload, command: c.ReviseCharter, context: Context) -> list[f.Fact]:
    """A new version, based on the newest: two people editing at once get a conflict, and neither is overwritten."""
    current = len(workload.charters)
    if command.base_version != current:
        raise refuse(
            "charter-changed",
            "base_version",
            f"The charter is at version {current}, you edited version {command.base_version}; "
            "compare with the newest and send your text again.",
        )
    digest = charter_digest(command.charter, command.team)
    problems = charter_problems(command.charter)
    newest = workload.charter_version
    unmeasured = newest is not None and newest.page is None and context.page is not None
    if newest is not None and newest.digest == digest and not unmeasured:
        problems.append(
            Problem(code="no-change", field="charter", message="This is the charter in force already; nothing to save.")
        )
    problems += _promise_problems(workload, command.charter)
    written = f.CharterRevised(
        version=current + 1,
        charter=command.charter,
        team=command.team,
        digest=digest,
        page=context.page,
        material=material_digest(command.charter),
    )
    return _or_refuse(problems, written)


def _promise_problems(workload: Workload, charter: Charter) -> Iterator[Problem]:
    """The test is about what was promised before it began; whoever moves the goal starts again from `select`."""
    if workload.phase == "select" or workload.charter is None:
        return
    before, after = promised(workload.charter), promised(charter)
    for name in before:
        if before[name] != after[name]:
            later = ", or put a decision to extend" if name == "decision_on" else ""
            yield Problem(
                code="promise-fixed",
                field=f"charter.{name}",
                message=f"{name} was promised when the gate select passed; go back to select to change it{later}.",
            )


def sign(workload: Workload, command: c.Sign, context: Context) -> list[f.Fact]:
    """A signature on exactly what stands now, by the person who holds the role."""
    roles = sorted(workload.roles_of(context.actor.person) & {"owner", "sponsor"})
    if not roles:
        raise refuse("not-accountable", "", "Only this workload's owner and sponsor sign; you are neither.")
    role = roles[0]
    if command.subject.startswith("waiver:"):
        _refuse_waiver(workload, command, context)
    standing = _standing_digest(workload, command.subject)
    if standing is None:
        raise refuse("nothing-to-sign", "subject", f"There is no {command.subject} to sign yet.")
    if standing != command.digest:
        raise refuse(
            "content-changed",
            "digest",
            f"The {command.subject} changed since you read it; read the one of digest {standing[:12]} and sign that.",
        )
    given = workload.signed(command.subject, command.digest).get(role)
    if given is not None and given.stamp.by == context.actor.person:
        raise refuse("already-signed", "", f"You have signed this {command.subject} already.")
    version = workload.charter_version
    covers = version.material if version and command.subject == "charter" else None
    return [f.Signed(subject=command.subject, digest=command.digest, role=role, meaning=command.meaning, covers=covers)]


def _refuse_waiver(workload: Workload, command: c.Sign, context: Context) -> None:
    """A waiver takes its second signature from somebody else than its asker, while both are accountable."""
    waiver = workload.waivers.get(command.subject.removeprefix("waiver:"))
    if waiver is None:
        return
    if waiver.stamp.by == context.actor.person:
        raise refuse("already-signed", "", "You asked for this waiver; the other accountable person has to sign it.")
    if waiver.stamp.by not in {workload.owner, workload.sponsor}:
        raise refuse(
            "asker-not-accountable",
            "subject",
            "Whoever asked for this waiver is no longer accountable; ask for it again.",
        )
    if day_of(workload, context.now) >= waiver.expires_on:
        raise refuse("expired", "subject", f"This waiver ended on {waiver.expires_on}; ask for it again.")


def _standing_digest(workload: Workload, subject: str) -> str | None:
    if subject == "charter":
        return workload.charter_version.digest if workload.charter_version else None
    if subject == "decision":
        newest = workload.decisions[-1] if workload.decisions else None
        return newest.digest if newest and not workload.overtaken(newest) else None
    waiver = workload.waivers.get(subject.removeprefix("waiver:"))
    return waiver.digest if waiver else None


def comment(_workload: Workload, command: c.Comment, _context: Context) -> list[f.Fact]:
    """A comment."""
    return [f.Commented(comment=command.comment)]


def _or_refuse(problems: Iterator[Problem] | list[Problem], fact: f.Fact) -> list[f.Fact]:
    found = list(problems)
    if found:
        raise Refused(found)
    return [fact]
