"""Rules of the pilot: releases, the start of the test, clearances, attestations. Pure."""

from __future__ import annotations

from pilotage.playbook.types import Criterion, Playbook
from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.context import Context
from pilotage.record.digests import digest_of
from pilotage.record.errors import refuse
from pilotage.record.workload import Workload


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
    if workload.attempt and workload.attempt.release == command.release:
        raise refuse("already-declared", "release", f"Release {command.release} is being evaluated already.")
    number = len(workload.attempts) + 1
    return [f.EvaluationDeclared(release=command.release, attempt=number, alpha=charter.target.alpha / 2**number)]


def clear_pilot(workload: Workload, command: c.ClearPilot, context: Context) -> list[f.Fact]:
    """Only the reviewer named for the area clears it."""
    if workload.reviewers.get(command.area) != context.actor.person:
        raise refuse("not-reviewer", "area", f"You are not the {command.area} reviewer of this workload.")
    content = {
        "area": command.area,
        "fields": command.fields,
        "processors": command.processors,
        "retention_days": command.retention_days,
        "statement": command.statement,
    }
    return [f.PilotCleared(**content, digest=digest_of(content))]  # type: ignore[arg-type]


def attestable(criterion: Criterion) -> bool:
    """Whether a criterion may be attested: it has no check of its own and is not judged by measurement first,
    or its check asks for the owner's word besides.
    """
    if criterion.params.get("owner_attests"):
        return True
    return criterion.check is None and criterion.kinds[0] != "measured"


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


def attest(workload: Workload, command: c.Attest, context: Context) -> list[f.Fact]:
    """A named person's word, where the playbook takes one. A measured criterion takes none."""
    criterion = find_criterion(context.playbook, command.criterion)
    if not attestable(criterion):
        how = "is measured" if criterion.kinds[0] == "measured" else "has a form of its own"
        raise refuse("not-attestable", "criterion", f"{criterion.id} {how}; it cannot be attested. {criterion.next}")
    if criterion.params.get("owner_attests") and workload.owner != context.actor.person:
        raise refuse("not-owner", "", f"{criterion.id} takes the owner's word only.")
    content = {"statement": command.statement, "document_digest": command.document_digest}
    return [f.Attested(criterion=criterion.id, **content, digest=digest_of({"criterion": criterion.id, **content}))]
