"""Checks of the gates `evaluate` and `deploy` that can be judged: target, guardrails, decision, stages. Pure."""

from __future__ import annotations

from pilotage.gates.case import Case, Check, Finding, estimate_item, item, met, pending, unmet
from pilotage.gates.ladder import climbed

NO_GO = {"below_floor", "harmed", "futile"}


def target(case: Case) -> Finding:
    """The sequential test on the declared release says `reached`."""
    answer = case.measurements.answer if case.measurements else None
    if answer is None:
        return pending(
            "No release has been declared for evaluation.",
            next="Declare the release whose test is to begin.",
            by="owner",
        )
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
    when = f" Projected decision: {answer.projected}." if answer.projected else ""
    return pending(answer.reason + when, *evidence, next="Let the test run.")


def guardrails(case: Case) -> Finding:
    """No guardrail metric is worse by more than its margin."""
    results = case.measurements.guardrails if case.measurements else ()
    if not results:
        return pending("No guardrail has been measured.", next="Name guardrails in the charter.")
    evidence = [estimate_item(f"{g.title}, difference", g.difference) for g in results]
    broken = [g.reason for g in results if g.status == "breached"]
    if broken:
        return unmet(" ".join(broken), *evidence)
    opened = [g.reason for g in results if g.status != "within"]
    if opened:
        return pending(" ".join(opened), *evidence, next="Let the test run.")
    return met(f"All {len(results)} guardrails hold.", *evidence)


def shortfall(case: Case) -> Finding:
    """Only a missed target has a shortfall to explain; its analysis cannot be recorded in this version."""
    answer = case.measurements.answer if case.measurements else None
    if answer is None or answer.answer in {"keep_running", "not_estimable"}:
        return pending("The target has no answer yet.")
    if answer.answer == "reached":
        return met("The target was reached; nothing fell short.", item("answer", answer.answer))
    return pending(
        f"The answer is {answer.answer.replace('_', ' ')}: the segments where it fails have to be analysed, "
        "for which this version has no check yet.",
        item("answer", answer.answer),
    )


def decision(case: Case) -> Finding:
    """Decided, and signed by owner and sponsor."""
    workload = case.workload
    if workload.decision and workload.decision.outcome != "extend":
        decided = workload.decision
        return met(
            f"{decided.outcome.replace('_', '-').capitalize()}, signed by owner and sponsor.",
            item("decision", decided.outcome, ledger=decided.stamp.position),
            item("digest", decided.digest),
        )
    if workload.decisions and not workload.decision_in_force(workload.decisions[-1]):
        open_decision = workload.decisions[-1]
        have = workload.signed("decision", open_decision.digest)
        missing = [role for role in ("owner", "sponsor") if role not in have]
        return unmet(
            f"{open_decision.outcome.replace('_', '-').capitalize()} waits for the signature of the "
            f"{' and the '.join(missing)}.",
            item("decision", open_decision.outcome, ledger=open_decision.stamp.position),
            next="Read the decision and sign it.",
            by=missing[0],
        )
    return pending("Nobody has decided yet.", item("decision date", str(workload.decision_on)))


def stages(case: Case) -> Finding:
    """Every step of the ladder held for its time with guardrails intact."""
    steps = climbed(case.playbook, case.workload, case.now)
    evidence = [item(f"{step.percent:g} % held, days", round(step.days, 1), n=step.hold_days) for step in steps]
    if case.workload.open_breaches:
        broken = ", ".join(b.metric for b in case.workload.open_breaches)
        return unmet(f"Guardrail broken: {broken}.", *evidence, next="Find the cause and resolve the breach.")
    if all(step.held for step in steps):
        return met("Every stage held for its time.", *evidence)
    waiting = next(step for step in steps if not step.held)
    return pending(
        f"Stage {waiting.percent:g} % has held {waiting.days:.1f} of {waiting.hold_days} days.",
        *evidence,
        next="Expose the next stage when this one has held.",
    )


CHECKS: dict[str, Check] = {
    "evaluate.target": target,
    "evaluate.guardrails": guardrails,
    "evaluate.shortfall": shortfall,
    "evaluate.decision": decision,
    "deploy.stages": stages,
}
