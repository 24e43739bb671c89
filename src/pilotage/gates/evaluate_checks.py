"""Checks of the gates `evaluate` and `deploy` that can be judged: target, guardrails, decision, stages. Pure."""

from __future__ import annotations

from pilotage.evidence.measurements import Answer, GuardrailResult
from pilotage.gates.case import Case, Check, Finding, estimate_item, item, met, pending, unmet
from pilotage.gates.ladder import climbed
from pilotage.playbook.metrics import Guardrail
from pilotage.record.areas.deciding import concerned, received
from pilotage.record.verdicts import EvidenceItem
from pilotage.record.workload import Decision

LABELS_NEXT = "Import the labels that are missing."
RATIO_ALARM = "sample ratio alarm"
RATIO_NEXT = "Find out why the arms were not assigned as the lease says; until then no comparison of them counts."
NO_GO = {"below_floor", "harmed", "futile"}


def _answer(case: Case) -> Answer | Finding:
    """The answer on the attempt that runs and the promise that stands; any other answers another question."""
    workload, answer = case.workload, case.measurements.answer if case.measurements else None
    charter, attempt = workload.measured_charter, workload.attempt
    if charter is None or attempt is None:
        return pending(
            "No release has been declared for evaluation.",
            next="Declare the release whose test is to begin.",
            by="owner",
        )
    if workload.attempt_overtaken:
        return pending(
            f"What the charter promises was changed after attempt {attempt.number} began.",
            next="Declare the release again; its test then begins anew.",
            by="owner",
        )
    if answer is None or (answer.attempt, answer.metric) != (attempt.number, charter.target.metric):
        return pending(
            f"Attempt {attempt.number} on {charter.target.metric} has not been measured yet.", next="Let the test run."
        )
    return answer


def target(case: Case) -> Finding:
    """The sequential test on the declared release says `reached`."""
    answer = _answer(case)
    if isinstance(answer, Finding):
        return answer
    evidence = (
        estimate_item(f"{answer.metric}, as the target states it", answer.estimate),
        estimate_item(f"{answer.metric}, incumbent", answer.incumbent),
        estimate_item(f"{answer.metric}, candidate", answer.candidate),
        item("looks", len(answer.looks)),
        item("attempt", answer.attempt),
        item("answer", answer.answer),
    )
    if answer.answer == "reached":
        return met(answer.reason, *evidence)
    if answer.answer in NO_GO:
        return unmet(answer.reason, *evidence, next="Decide no-go, or go back and improve the release.", by="owner")
    if alarm := _ratio_alarm(case):
        return pending(alarm[1], *evidence, alarm[0], next=RATIO_NEXT, by="engineer")
    if answer.imputed is not None and answer.imputed.survives is False:
        missing = estimate_item(f"{answer.metric}, missing labels at their worst", answer.imputed.estimate)
        return pending(answer.reason, *evidence, missing, next=LABELS_NEXT, by="engineer")
    when = f" Projected decision: {answer.projected}." if answer.projected else ""
    return pending(answer.reason + when, *evidence, next="Let the test run.")


def _ratio_alarm(case: Case) -> tuple[EvidenceItem, str] | None:
    """The sample ratio's evidence and what it says, where it is an alarm."""
    ratio = case.measurements.sample_ratio if case.measurements else None
    return (item(RATIO_ALARM, ratio.evidence), ratio.reason) if ratio is not None and ratio.alarm else None


def guardrails(case: Case) -> Finding:
    """No guardrail that can be seen in shadow is worse by more than its margin, whatever the missing labels say; the
    others wait for the roll-out.
    """
    promised = [g.metric for g in _guardrails(case) if _seen_in_shadow(case, g.metric)]
    if not promised:
        return pending(
            "The charter names no guardrail that can be seen in shadow.",
            next="Go back to select and name one in the charter.",
            by="owner",
        )
    results = case.measurements.guardrails if case.measurements else ()
    evidence = [estimate_item(f"{g.title}, difference", g.difference) for g in results]
    broken = [g.reason for g in results if g.status == "breached"]
    if broken:
        return unmet(" ".join(broken), *evidence)
    measured = {g.metric for g in results}
    opened = [f"{metric} has not been measured." for metric in promised if metric not in measured]
    opened += [g.reason for g in results if g.status != "within"]
    if opened:
        return pending(" ".join(opened), *evidence, next="Let the test run.")
    overturned = [
        f"{g.title} is within its margin, but would not be with every missing label put in at its worst."
        for g in results
        if g.survives is False
    ]
    if overturned:
        return pending(" ".join(overturned), *evidence, next=LABELS_NEXT, by="engineer")
    return met(f"All {len(results)} guardrails hold.", *evidence)


def _guardrails(case: Case) -> tuple[Guardrail, ...]:
    return case.workload.measured_charter.guardrails if case.workload.measured_charter else ()


def _seen_in_shadow(case: Case, metric_id: str) -> bool:
    metric = case.workload.measured_charter.metric(metric_id) if case.workload.measured_charter else None
    return metric is not None and metric.observable == "shadow"


def shortfall(case: Case) -> Finding:
    """Only a missed target has a shortfall to explain; then its analysis is on record, of this attempt."""
    answer = _answer(case)
    if isinstance(answer, Finding):
        return answer
    if answer.answer in {"keep_running", "not_estimable"}:
        return pending("The target has no answer yet.", next="Let the test run.")
    if answer.answer == "reached":
        return met("The target was reached; nothing fell short.", item("answer", answer.answer))
    missed = f"The answer is {answer.answer.replace('_', ' ')}"
    found, reopened = case.workload.shortfall, case.workload.reopened.get("evaluate")
    old = found is None or (reopened is not None and reopened.position > found.stamp.position)
    if found is None or old or found.attempt != answer.attempt:
        return unmet(
            f"{missed}; in which segments it fails, why, and what would close the gap is not on record.",
            item("answer", answer.answer),
            next="Read the failing segments on the Evidence page and record the analysis.",
            by="engineer",
        )
    return met(
        f"{missed}; it fails in {', '.join(found.segments)}, and {_REMEDIES[found.remedy]}.",
        item("answer", answer.answer),
        item("segments where it fails", ", ".join(found.segments), ledger=found.stamp.position),
        item("what would help", found.remedy, ledger=found.stamp.position),
        item("effort", found.effort, ledger=found.stamp.position),
        item("points of the learning curve", len(found.curve), ledger=found.stamp.position),
    )


_REMEDIES = {
    "more_data": "more data would close the gap",
    "tuning": "tuning would close the gap",
    "both": "more data and tuning would close the gap",
    "neither": "neither more data nor tuning would close the gap",
}


def decision(case: Case) -> Finding:
    """Decided, signed by owner and sponsor, sent to everybody whom it concerns, and seen to have arrived."""
    workload = case.workload
    if workload.decision and workload.decision.outcome != "extend":
        return _arrived(case, workload.decision)
    newest = workload.decisions[-1] if workload.decisions else None
    if newest and workload.overtaken(newest):
        return unmet(
            "The decision was put before the workload went back or another release was declared; it counts no more.",
            item("decision", newest.outcome, ledger=newest.stamp.position),
            next="Decide on what runs now.",
        )
    if newest and not workload.decision_in_force(newest):
        have = workload.signed("decision", newest.digest)
        missing = [role for role in ("owner", "sponsor") if role not in have]
        return unmet(
            f"{newest.outcome.replace('_', '-').capitalize()} waits for the signature of the "
            f"{' and the '.join(missing)}.",
            item("decision", newest.outcome, ledger=newest.stamp.position),
            next="Read the decision and sign it.",
            by=missing[0],
        )
    return pending("Nobody has decided yet.", item("decision date", str(workload.decision_on)))


def _arrived(case: Case, decided: Decision) -> Finding:
    """A decision in force: it has to reach every stakeholder who is still here."""
    workload, deciding = case.workload, case.workload.deciding
    needed = [person for person in concerned(workload, decided.digest) if person not in case.portfolio.absent]
    addressed, had = deciding.addressed(decided.digest), received(workload, decided.digest)
    unsent = [person for person in needed if person not in addressed]
    waiting = [person for person in needed if person not in had]
    evidence = (
        item("decision", decided.outcome, ledger=decided.stamp.position),
        item("digest", decided.digest),
        item("stakeholders whom it reached", len(needed) - len(waiting), n=len(needed)),
        *(item("dissent", one.stamp.by, ledger=one.stamp.position) for one in deciding.dissents_of(decided.digest)),
    )
    said = f"{decided.outcome.replace('_', '-').capitalize()}, signed by owner and sponsor"
    if not addressed or unsent:
        whom = ", ".join(unsent) if addressed else "anybody"
        following = "Send it to everybody whom it concerns, from the Decision page."
        return unmet(f"{said}, but it was not sent to {whom}.", *evidence, next=following, by="owner")
    if not waiting:
        return met(f"{said}, and it reached all {len(needed)} whom it concerns.", *evidence)
    missing = f"of the {len(needed)} whom it concerns, {len(waiting)} did not confirm that it arrived"
    reason = f"{said} and sent to {len(addressed)}; {missing}: {', '.join(waiting)}."
    share = 1 - len(waiting) / len(needed)
    if {workload.owner, workload.sponsor}.intersection(waiting) or share < case.number("receipt_share_min", 1):
        following = "Open the Decision page and confirm that it reached you."
        return pending(reason, *evidence, next=following, by=waiting[0])
    return met(reason, *evidence)


def stages(case: Case) -> Finding:
    """Every step of the ladder held for its time, the candidate served, and its guardrails were seen to hold."""
    steps = climbed(case.playbook, case.workload, case.now)
    evidence = [item(f"{step.percent:g} % held, of {step.hold_days} days", round(step.days, 1)) for step in steps]
    if case.workload.open_breaches:
        broken = ", ".join(b.metric for b in case.workload.open_breaches)
        return unmet(f"Guardrail broken: {broken}.", *evidence, next="Find the cause and resolve the breach.")
    if alarm := _ratio_alarm(case):
        return unmet(alarm[1], *evidence, alarm[0], next=RATIO_NEXT, by="engineer")
    waiting = next((step for step in steps if not step.held), None)
    if waiting is not None:
        since = " Days count from the last breach's resolution." if case.workload.breaches else ""
        return pending(
            f"Stage {waiting.percent:g} % has held {waiting.days:.1f} of {waiting.hold_days} days.{since}",
            *evidence,
            next="Expose the next stage when this one has held.",
        )
    if case.measurements is None or case.measurements.traffic.candidate_served == 0:
        return pending(
            "The candidate has not been seen to serve a call.", *evidence, next="Let it serve and be recorded."
        )
    opened = _not_within(case, case.measurements.live_guardrails)
    if opened:
        return pending(" ".join(opened), *evidence, next="Let the stages run until their guardrails are judged.")
    return met("Every stage held for its time, with its guardrails.", *evidence)


def _not_within(case: Case, results: tuple[GuardrailResult, ...]) -> list[str]:
    """What keeps each guardrail of the charter from being known to hold, at the highest step where it can be judged.

    Where everybody is served there may be nobody left to compare with; one judged at no step at all is not known.
    """
    steps = [case.workload.stage("live", step.percent) for step in reversed(case.playbook.stages)]
    opened = []
    for guardrail in _guardrails(case):
        judged = [g for g in results if g.metric == guardrail.metric and g.status != "not_estimable"]
        highest = next((g for step in steps for g in judged if g.stage == step), None)
        if highest is None:
            opened.append(f"{guardrail.metric} has not been measured while live.")
        elif highest.status != "within":
            opened.append(highest.reason)
    return opened


CHECKS: dict[str, Check] = {
    "evaluate.target": target,
    "evaluate.guardrails": guardrails,
    "evaluate.shortfall": shortfall,
    "evaluate.decision": decision,
    "deploy.stages": stages,
}
