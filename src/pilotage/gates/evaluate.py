"""The gates: criteria x record x evidence -> verdicts. Pure.

The order in which a criterion is judged: a measured verdict frozen with a passed gate stands; else its check;
else an attestation; and only what then does not hold can be covered by a waiver.
"""

from __future__ import annotations

import datetime as dt

from msgspec import structs

from pilotage.evidence.measurements import Measurements
from pilotage.gates import evaluate_checks, pilot_checks, select_checks
from pilotage.gates.case import Case, Check, Finding, item, pending
from pilotage.playbook.types import Criterion, Playbook
from pilotage.record.rules.piloting import attestable
from pilotage.record.verdicts import PASSING, NextAction, PortfolioView, Verdict, WaiverNote
from pilotage.record.workload import Workload

CHECKS: dict[str, Check] = {**select_checks.CHECKS, **pilot_checks.CHECKS, **evaluate_checks.CHECKS}
NO_CHECK = "No check for this criterion exists in this version"


def evaluate(
    playbook: Playbook,
    workload: Workload,
    measurements: Measurements | None,
    portfolio: PortfolioView,
    now: dt.datetime,
) -> dict[str, Verdict]:
    """The verdict of every criterion of the workload's lane, by id, in the playbook's order.

    `measurements` of None means that nothing was measured: no measured criterion is met then.
    """
    verdicts = {}
    for phase in playbook.phases:
        for criterion in phase.criteria:
            if workload.lane not in criterion.lanes:
                continue
            case = Case(
                criterion=criterion,
                playbook=playbook,
                workload=workload,
                measurements=measurements,
                portfolio=portfolio,
                now=now,
            )
            verdicts[criterion.id] = judge(case, phase.id)
    return verdicts


def judge(case: Case, phase: str) -> Verdict:
    """One criterion's verdict."""
    finding = _frozen(case, phase) or _check(case)
    criterion = case.criterion
    passes = finding.verdict in PASSING
    verdict = Verdict(
        id=criterion.id,
        title=criterion.title,
        phase=phase,
        verdict=finding.verdict,
        kind=finding.kind or criterion.kinds[0],
        reason=finding.reason,
        evidence=finding.evidence,
        next=None if passes else NextAction(action=finding.next or criterion.next, by=finding.by or criterion.by),
        valid_until=_valid_until(case) if passes else None,
    )
    return verdict if verdict.passes else _waived(case, verdict)


def _frozen(case: Case, phase: str) -> Finding | None:
    """What was measured when a gate passed belongs to that moment: later traffic does not unmeasure it."""
    passed = case.workload.passed.get(phase)
    if passed is None or case.criterion.kinds[0] != "measured":
        return None
    if passed.verdicts.get(case.criterion.id) != "met":
        return None
    return Finding(
        verdict="met",
        reason=f"Met when the gate {phase} was passed on {passed.stamp.at.date()}; the verdict is frozen with it.",
        evidence=(item("gate passed", passed.stamp.at.isoformat(), ledger=passed.stamp.position),),
    )


def _check(case: Case) -> Finding:
    check = CHECKS.get(case.criterion.check or "")
    if check is not None:
        return check(case)
    if attestable(case.criterion):
        return _attestation(case)
    return pending(f"{NO_CHECK}, so it cannot be met.", next="Wait for its check, or waive it with two signers.")


def _attestation(case: Case) -> Finding:
    word = case.workload.attestations.get(case.criterion.id)
    if word is None:
        return pending(
            f"{NO_CHECK}; a named person can attest it.", next=f"{case.criterion.next} Then attest it by name."
        )
    evidence = item("attested", word.statement, ledger=word.stamp.position)
    expires = _lapses(case)
    if expires is not None and case.now >= expires:
        finding = pending(f"The attestation lapsed on {expires.date()}.", evidence, next="Attest it again.")
    else:
        finding = Finding(verdict="met", reason=f"Attested by {word.stamp.by}: {word.statement}", evidence=(evidence,))
    return structs.replace(finding, kind="attested")


def _lapses(case: Case) -> dt.datetime | None:
    word = case.workload.attestations.get(case.criterion.id)
    if word is None or case.criterion.valid_days is None:
        return None
    return word.stamp.at + dt.timedelta(days=case.criterion.valid_days)


def _valid_until(case: Case) -> dt.datetime | None:
    return _lapses(case)


def _waived(case: Case, verdict: Verdict) -> Verdict:
    waiver = case.workload.waivers.get(case.criterion.id)
    if waiver is None or not case.criterion.waivable:
        return verdict
    signers = case.workload.waiver_signers(waiver)
    if len(signers) < case.playbook.waivers.signers or case.now.date() >= waiver.expires_on:
        return verdict
    return structs.replace(
        verdict,
        verdict="waived",
        reason=f"Waived until {waiver.expires_on} by {' and '.join(signers)}: {waiver.reason} "
        f"(without the waiver: {verdict.verdict}. {verdict.reason})",
        waiver=WaiverNote(
            reason=waiver.reason, signers=signers, expires_on=waiver.expires_on, position=waiver.stamp.position
        ),
        valid_until=dt.datetime.combine(waiver.expires_on, dt.time(), tzinfo=dt.UTC),
    )


def known_checks() -> frozenset[str]:
    """The names of every registered check."""
    return frozenset(CHECKS)


def gate_of(verdicts: dict[str, Verdict], phase: str) -> tuple[Verdict, ...]:
    """The verdicts of one gate."""
    return tuple(verdict for verdict in verdicts.values() if verdict.phase == phase)


def criteria_of(playbook: Playbook, workload: Workload) -> tuple[Criterion, ...]:
    """The criteria of the workload's lane."""
    return tuple(c for phase in playbook.phases for c in phase.criteria if workload.lane in c.lanes)
