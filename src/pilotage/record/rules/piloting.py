"""Rules of the pilot: releases, the start of the test, clearances, attestations. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pilotage.playbook.types import By, Criterion, Playbook
from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.context import Context
from pilotage.record.digests import digest_of
from pilotage.record.errors import Problem, Refused, refuse
from pilotage.record.workload import Workload

FOCUS = "select.focus"


def register_release(workload: Workload, command: c.RegisterRelease, _context: Context) -> list[f.Fact]:
    """A release's name is used once; what it stands for never changes."""
    if command.name in workload.releases:
        raise refuse(
            "release-exists", "name", f"Release {command.name} is registered already; give the new one another name."
        )
    return [
        f.ReleaseRegistered(
            name=command.name,
            digest=command.digest,
            code_revision=command.code_revision,
            environment=command.environment,
            model=command.model,
            parameters=command.parameters,
            data_source=command.data_source,
            training_examples=command.training_examples,
        )
    ]


def declare_for_evaluation(workload: Workload, command: c.DeclareForEvaluation, _context: Context) -> list[f.Fact]:
    """The k-th declared release is tested at alpha / 2^k, so that trying again costs what it should."""
    charter = workload.charter
    if command.release not in workload.releases:
        raise refuse("unknown-release", "release", f"Release {command.release} is not registered; register it first.")
    if charter is None:
        raise refuse("no-charter", "", "Write the charter first: it holds the target that the test is about.")
    if workload.phase not in {"pilot", "evaluate"}:
        raise refuse("wrong-phase", "", f"Looks begin in the pilot; the workload is in phase {workload.phase}.")
    if workload.attempt and workload.attempt.release == command.release and not workload.attempt_overtaken:
        raise refuse("already-declared", "release", f"Release {command.release} is being evaluated already.")
    number = len(workload.attempts) + 1
    return [f.EvaluationDeclared(release=command.release, attempt=number, alpha=charter.target.alpha / 2**number)]


def clear_pilot(workload: Workload, command: c.ClearPilot, context: Context) -> list[f.Fact]:
    """Only the reviewer named for the area clears it, and nobody clears their own submission."""
    problems = list(_clearing_problems(workload, command, context.actor.person))
    if problems:
        raise Refused(problems)
    content = {
        "area": command.area,
        "fields": command.fields,
        "processors": command.processors,
        "retention_days": command.retention_days,
        "statement": command.statement,
    }
    return [f.PilotCleared(**content, digest=digest_of(content))]  # type: ignore[arg-type]


def _clearing_problems(workload: Workload, command: c.ClearPilot, person: str) -> Iterator[Problem]:
    if workload.reviewers.get(command.area) != person:
        message = f"You are not the {command.area} reviewer of this workload; have the role assigned to you first."
        yield Problem(code="not-reviewer", field="area", message=message)
    if person == workload.owner or any(release.stamp.by == person for release in workload.releases.values()):
        message = "You own this workload or registered a release of it; somebody else has to clear it."
        yield Problem(code="own-submission", field="area", message=message)
    others = [area for area, clearance in workload.clearances.items() if clearance.stamp.by == person]
    if workload.lane != "low" and any(area != command.area for area in others):
        message = f"You cleared {others[0]} already; outside the low lane each area is cleared by a person of its own."
        yield Problem(code="same-reviewer", field="area", message=message)


def analyse_shortfall(workload: Workload, command: c.AnalyseShortfall, context: Context) -> list[f.Fact]:
    """Only an attempt that was tested can have missed its target, and one that reached it missed nothing."""
    attempt = workload.attempt
    if attempt is None or workload.attempt_overtaken:
        raise refuse("no-attempt", "", "No release is being evaluated; declare one first.")
    if context.answer == "reached":
        raise refuse("nothing-missed", "", "The target was reached; there is no shortfall to analyse.")
    points = [point.partition("=") for point in command.curve]
    return [
        f.ShortfallAnalysed(
            attempt=attempt.number,
            segments=command.segments,
            cause=command.cause,
            remedy=command.remedy,
            effort=command.effort,
            curve=tuple(f.CurvePointRead(examples=int(examples), value=float(value)) for examples, _, value in points),
        )
    ]


def word_suffices(criterion: Criterion) -> bool:
    """Whether a named person's word alone meets a criterion: nothing judges it, and it is not to be measured."""
    return criterion.check is None and criterion.outside is None and criterion.kinds[0] != "measured"


def attestable(criterion: Criterion) -> bool:
    """Whether a criterion may be attested: a word suffices, or its check asks for the owner's word besides."""
    return word_suffices(criterion) or (criterion.check is not None and bool(criterion.params.get("owner_attests")))


def occupied(workload: Workload, context: Context) -> Iterator[Problem]:
    """A pilot starts only while its owner has room for it, in every lane: also where the gate does not ask for it, and
    after a kill. Who waives the criterion makes room.
    """
    asked = context.verdicts.get(FOCUS)
    others = [slug for slug in context.portfolio.live_pilots.get(workload.owner or "", ()) if slug != workload.slug]
    limit = context.playbook.pilot.live_pilots_per_owner
    if len(others) < limit or (asked is not None and asked.passes):
        return
    yield Problem(
        code="owner-occupied",
        field="",
        message=f"{workload.owner} already runs {', '.join(others)}, and the limit is {limit}; decide on, stop or hand "
        f"over {others[0]} before this pilot starts, or let somebody else own this one.",
    )


def _why_not(criterion: Criterion) -> str:
    if criterion.outside:
        return (
            f"{criterion.id} has to be measured, and no word replaces that; bring a result from outside with "
            "record_outside_result, and have somebody else sign it"
        )
    how = "is measured" if criterion.kinds[0] == "measured" else "has a form of its own"
    return f"{criterion.id} {how}; it cannot be attested"


def find_criterion(playbook: Playbook, criterion_id: str) -> Criterion:
    """The playbook's criterion; refuses an unknown id."""
    try:
        return playbook.criterion(criterion_id)
    except KeyError:
        raise refuse(
            "unknown-criterion",
            "criterion",
            f"The playbook {playbook.id} has no criterion {criterion_id}; `pilotage playbook show` lists them.",
        ) from None


def _whose_word(criterion: Criterion) -> By:
    """Whose word a criterion takes. What somebody has to accept or approve, nobody says in their place."""
    if criterion.params.get("owner_attests"):
        return "owner"
    return criterion.by if criterion.kinds[0] == "attested" else "everybody"


def _named(workload: Workload, by: By, context: Context) -> bool:
    person = context.actor.person
    if by == "everybody":
        return True
    if by == "reviewer":
        return person in workload.reviewers.values()
    if by.endswith(" reviewer"):
        return workload.reviewers.get(by.removesuffix(" reviewer")) == person
    if by in {"owner", "sponsor"}:
        return by in workload.roles_of(person)
    return by in context.actor.roles


def attest(workload: Workload, command: c.Attest, context: Context) -> list[f.Fact]:
    """A named person's word, where the playbook takes one. A measured criterion takes none."""
    criterion = find_criterion(context.playbook, command.criterion)
    if not attestable(criterion):
        raise refuse("not-attestable", "criterion", f"{_why_not(criterion)}. {criterion.next}")
    by = _whose_word(criterion)
    if not _named(workload, by, context):
        raise refuse("not-named", "criterion", f"{criterion.id} takes the word of the {by}; ask them to attest it.")
    content = {"statement": command.statement, "document_digest": command.document_digest}
    return [f.Attested(criterion=criterion.id, **content, digest=digest_of({"criterion": criterion.id, **content}))]
