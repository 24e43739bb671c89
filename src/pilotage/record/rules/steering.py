"""Rules of moving on: pass a gate, go back, decide, waive. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from pilotage.playbook.types import Criterion
from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.context import Context
from pilotage.record.digests import digest_of
from pilotage.record.errors import Problem, Refused, refuse
from pilotage.record.rules.piloting import FOCUS, find_criterion, occupied
from pilotage.record.verdicts import Verdict
from pilotage.record.workload import Workload, day_of

REVIEWS_CONCLUDED = frozenset({"harden.reviews", "operate.reviews"})
FUNDING = "evaluate.funding"
NOT_ASKED_OF_A_GO = {"evaluate.decision", FUNDING}


def open_criteria(workload: Workload, context: Context) -> list[Verdict]:
    """The verdicts of the current phase's gate that do not let it pass. A criterion without a verdict is open."""
    gate = [c for c in context.playbook.phase(workload.phase).criteria if workload.lane in c.lanes]
    verdicts = [context.verdicts.get(criterion.id) or _unjudged(criterion, workload) for criterion in gate]
    return [verdict for verdict in verdicts if not verdict.passes]


def _unjudged(criterion: Criterion, workload: Workload) -> Verdict:
    return Verdict(
        id=criterion.id,
        title=criterion.title,
        phase=workload.phase,
        verdict="pending",
        kind=criterion.kinds[0],
        reason="It was not judged.",
    )


def _gate_problems(workload: Workload, context: Context) -> Iterator[Problem]:
    for verdict in open_criteria(workload, context):
        action = f" Next: {verdict.next.action} ({verdict.next.by})." if verdict.next else ""
        yield Problem(
            code="criterion-open",
            field=verdict.id,
            message=f"{verdict.id} is {verdict.verdict}: {verdict.reason}{action}",
        )


def frozen(context: Context) -> dict[str, str]:
    """Every verdict of the moment, by criterion."""
    return {criterion: verdict.verdict for criterion, verdict in context.verdicts.items()}


def advance(workload: Workload, command: c.Advance, context: Context) -> list[f.Fact]:
    """A gate passes when every criterion is met, waived or signed as not applicable; skipping is not possible."""
    order = [phase.id for phase in context.playbook.phases]
    at = order.index(workload.phase)
    if at + 1 >= len(order) or order[at + 1] != command.to_phase:
        after = order[at + 1] if at + 1 < len(order) else "no other"
        raise refuse("wrong-phase", "to_phase", f"After {workload.phase} comes {after}, not {command.to_phase}.")
    problems = list(_gate_problems(workload, context))
    if command.to_phase == "pilot" and FOCUS not in {problem.field for problem in problems}:
        problems.extend(occupied(workload, context))
    if workload.killed:
        problems.append(Problem(code="killed", field="", message="The workload is killed; revive it first."))
    if workload.phase == "evaluate" and not (workload.decision and workload.decision.outcome == "go"):
        problems.append(
            Problem(code="no-go-decision", field="", message="Only a go decision signed by owner and sponsor moves on.")
        )
    if problems:
        raise Refused(problems)
    verdicts = frozen(context)
    return [
        f.Advanced(from_phase=workload.phase, to_phase=command.to_phase, verdicts=verdicts, digest=digest_of(verdicts))
    ]


def go_back(workload: Workload, command: c.GoBack, context: Context) -> list[f.Fact]:
    """Back to an earlier phase; what was passed since has to be passed again, and nobody stays exposed."""
    order = [phase.id for phase in context.playbook.phases]
    if order.index(command.to_phase) >= order.index(workload.phase):
        raise refuse("not-back", "to_phase", f"{command.to_phase} does not come before {workload.phase}.")
    reason = f"gone back to {command.to_phase}: {command.reason}"
    return [
        f.WentBack(from_phase=workload.phase, to_phase=command.to_phase, reason=command.reason),
        f.ExposureSet(mode="none", percent=0.0, cohorts=(), reason=reason),
    ]


def decide(workload: Workload, command: c.Decide, context: Context) -> list[f.Fact]:
    """Go needs every other criterion of the gate; a no-go needs none; one extension needs a later date. The evidence of
    the moment is frozen with it, once, and the case that it is put on.
    """
    problems = list(_decision_problems(workload, command, context))
    if problems:
        raise Refused(problems)
    verdicts, evidence, case = frozen(context), context.evidence, context.case
    content = {
        "outcome": command.outcome,
        "reasons": command.reasons,
        "dissent": command.dissent,
        "extend_until": command.extend_until,
        "verdicts": verdicts,
        "answer": context.answer,
        "number": len(workload.decisions) + 1,
        "charter": workload.charter_version.digest if workload.charter_version else None,
        "release": workload.release.digest if workload.release else None,
        "evidence": evidence.digest if evidence else None,
        **({"case": case.digest} if case else {}),
    }
    fresh = [evidence] if evidence and evidence.digest not in workload.frozen else []
    return [
        *(f.EvidenceFrozen(digest=one.digest, content=one.content) for one in fresh),
        *([f.CaseFrozen(digest=case.digest, content=case.content, reasons=case.reasons)] if case else []),
        f.Decided(
            outcome=command.outcome,
            reasons=command.reasons,
            dissent=command.dissent,
            extend_until=command.extend_until,
            verdicts=verdicts,
            answer=context.answer,
            digest=digest_of(content),
            evidence=evidence.digest if evidence else None,
            case=case.digest if case else None,
        ),
    ]


def _decision_problems(workload: Workload, command: c.Decide, context: Context) -> Iterator[Problem]:
    if workload.owner != context.actor.person:
        yield Problem(code="not-owner", field="", message="Only this workload's owner puts the decision.")
    if workload.phase != "evaluate":
        yield Problem(
            code="wrong-phase", field="", message=f"A decision ends the phase evaluate; this is {workload.phase}."
        )
        return
    if command.outcome == "go":
        yield from (problem for problem in _gate_problems(workload, context) if problem.field not in NOT_ASKED_OF_A_GO)
        yield from _money_problems(workload, context)
    if command.outcome == "extend":
        yield from _extension_problems(workload, command, context)
    elif command.extend_until is not None:
        message = f"Only an extension has a new date; leave it out, or decide to extend instead of {command.outcome}."
        yield Problem(code="date-without-extension", field="extend_until", message=message)


def _money_problems(workload: Workload, context: Context) -> Iterator[Problem]:
    """A go needs money that somebody committed, where the lane asks for it; a waiver of it moves no money."""
    asked = any(c.id == FUNDING and workload.lane in c.lanes for c in context.playbook.phase("evaluate").criteria)
    verdict = context.verdicts.get(FUNDING)
    if asked and (verdict is None or verdict.verdict not in {"met", "not_applicable"}):
        why = verdict.reason if verdict else "It was not judged."
        message = f"Without committed money there is no go: {why} Ask whoever carries the cost to commit it."
        yield Problem(code="not-funded", field=FUNDING, message=message)


def _extension_problems(workload: Workload, command: c.Decide, context: Context) -> Iterator[Problem]:
    until = max(filter(None, (workload.decision_on, day_of(workload, context.now))))
    if any(d.outcome == "extend" and workload.decision_in_force(d) for d in workload.decisions):
        yield Problem(code="extended-before", field="outcome", message="A pilot is extended once; decide go or no-go.")
    if command.extend_until is None or command.extend_until <= until:
        yield Problem(code="no-later-date", field="extend_until", message=f"Give a new decision date after {until}.")


def waive(workload: Workload, command: c.Waive, context: Context) -> list[f.Fact]:
    """A waiver has a reason, an end within the playbook's limit, and two accountable signers."""
    criterion = find_criterion(context.playbook, command.criterion)
    problems = list(_waiver_problems(workload, command, criterion, context))
    if problems:
        raise Refused(problems)
    content = {"criterion": criterion.id, "reason": command.reason, "expires_on": command.expires_on}
    digest = digest_of({**content, "number": workload.position})
    return [f.Waived(criterion=criterion.id, reason=command.reason, expires_on=command.expires_on, digest=digest)]


def _waiver_problems(workload: Workload, command: c.Waive, criterion: Criterion, context: Context) -> Iterator[Problem]:
    rules = context.playbook.waivers
    if not workload.roles_of(context.actor.person) & {"owner", "sponsor"}:
        yield Problem(code="not-accountable", field="", message="Only this workload's owner or sponsor can waive.")
    if not criterion.waivable:
        yield Problem(code="not-waivable", field="criterion", message=f"{criterion.id} can never be waived.")
    if workload.reviews.rejected and criterion.check in REVIEWS_CONCLUDED:
        message = f"The {workload.reviews.rejected[0]} review is rejected, which nobody can waive."
        yield Problem(code="not-waivable", field="criterion", message=message)
    today = day_of(workload, context.now)
    latest = today + dt.timedelta(days=rules.days_max)
    if not today < command.expires_on <= latest:
        yield Problem(
            code="expiry-out-of-range",
            field="expires_on",
            message=f"Let it expire after today and by {latest}: a waiver lasts {rules.days_max} days at most.",
        )
