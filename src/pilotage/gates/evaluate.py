"""The gates: criteria x record x evidence -> verdicts. Pure.

The order in which a criterion is judged: a verdict frozen with a passed gate, measured or of what there was to choose
from, stands until it is too old; else its check; else what was brought from outside, or an attestation; and only what
then does not hold can be covered by a waiver.
"""

from __future__ import annotations

import datetime as dt

from msgspec import structs

from pilotage.evidence.measurements import Measurements
from pilotage.gates import (
    adoption_checks,
    architecture_checks,
    change_checks,
    costing_checks,
    data_checks,
    evaluate_checks,
    feedback_checks,
    hardening_checks,
    operating_checks,
    outside_checks,
    pilot_checks,
    planning_checks,
    review_checks,
    running_checks,
    select_checks,
    service_checks,
)
from pilotage.gates.case import Case, Check, Finding, item, pending
from pilotage.playbook.types import Criterion, Playbook
from pilotage.record.rules.piloting import word_suffices
from pilotage.record.verdicts import PASSING, NextAction, PortfolioView, Verdict, WaiverNote
from pilotage.record.workload import Workload, day_of, start_of

CHECKS: dict[str, Check] = {
    **select_checks.CHECKS,
    **planning_checks.CHECKS,
    **pilot_checks.CHECKS,
    **evaluate_checks.CHECKS,
    **feedback_checks.CHECKS,
    **review_checks.CHECKS,
    **costing_checks.CHECKS,
    **architecture_checks.CHECKS,
    **operating_checks.CHECKS,
    **change_checks.CHECKS,
    **hardening_checks.CHECKS,
    **running_checks.CHECKS,
    **service_checks.CHECKS,
    **data_checks.CHECKS,
    **adoption_checks.CHECKS,
}
COMPARED_THEN = frozenset({"select.candidates"})
"""Checks that compare what could be chosen: what is proposed, scored or ended later says nothing of that choice."""
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
                phase=phase.id,
                playbook=playbook,
                workload=workload,
                measurements=measurements,
                portfolio=portfolio,
                now=now,
            )
            verdicts[criterion.id] = judge(case)
    return verdicts


def judge(case: Case) -> Verdict:
    """One criterion's verdict."""
    finding, criterion = _found(case), case.criterion
    passes = finding.verdict in PASSING
    verdict = Verdict(
        id=criterion.id,
        title=criterion.title,
        phase=case.phase,
        verdict=finding.verdict,
        kind=finding.kind or criterion.kinds[0],
        reason=finding.reason,
        evidence=finding.evidence,
        next=None if passes else NextAction(action=finding.next or criterion.next, by=finding.by or criterion.by),
        valid_until=_lapses(case, finding),
        at_once=finding.at_once,
        ceased=None if passes else finding.ceased,
    )
    return _noticed(case, verdict if verdict.passes or not finding.waivable else _waived(case, verdict))


def _noticed(case: Case, verdict: Verdict) -> Verdict:
    """What holds and lapses soon says what keeps it."""
    ends = verdict.valid_until
    if not verdict.passes or ends is None:
        return verdict
    # A waiver ends by its own day: how fast the evidence grows old that it stands for says nothing of it.
    notice = case.playbook.notice_days if verdict.waiver else case.playbook.notice_of(case.criterion)
    if case.now < ends - dt.timedelta(days=notice):
        return verdict
    action = f"Bring about what was waived. {case.criterion.next}" if verdict.waiver else case.criterion.next
    return structs.replace(verdict, renew=NextAction(action=action, by=case.criterion.by))


def _found(case: Case) -> Finding:
    """What holds now. Evidence that has grown too old is no evidence; when it lapsed stays known."""
    frozen = _frozen(case)
    if frozen is None:
        return _aged(case, _check(case))
    if _aged(case, frozen) is frozen:
        return frozen
    again = _aged(case, _check(case))
    return again if again.verdict in PASSING else structs.replace(again, since=frozen.since)


def _aged(case: Case, finding: Finding) -> Finding:
    lapses = _lapses(case, finding)
    if finding.verdict not in PASSING or lapses is None or case.now < lapses:
        return finding
    return structs.replace(
        finding,
        verdict="pending",
        reason=f"It lapsed on {day_of(case.workload, lapses)}. Before: {finding.reason}",
        next=f"It has to be shown or signed again. {case.criterion.next}",
    )


def _lapses(case: Case, finding: Finding) -> dt.datetime | None:
    days = case.criterion.valid_days
    aged = None if days is None or finding.since is None else finding.since + dt.timedelta(days=days)
    return min(filter(None, (aged, finding.until)), default=None)


def _frozen(case: Case) -> Finding | None:
    """What was measured or compared when a gate passed belongs to that moment: later traffic does not unmeasure it, nor
    a later proposal make it a worse choice.
    """
    passed, criterion = case.workload.passed.get(case.phase), case.criterion
    measured = criterion.kinds[0] == "measured" and not criterion.outside
    if passed is None or not (measured or criterion.check in COMPARED_THEN):
        return None
    if passed.verdicts.get(case.criterion.id) != "met":
        return None
    day = day_of(case.workload, passed.stamp.at)
    return Finding(
        verdict="met",
        reason=f"Met when the gate {case.phase} was passed on {day}; the verdict is frozen with it.",
        evidence=(item("gate passed", passed.stamp.at.isoformat(), ledger=passed.stamp.position),),
        since=passed.stamp.at,
    )


def _check(case: Case) -> Finding:
    check = CHECKS.get(case.criterion.check or "")
    if check is not None:
        return check(case)
    if case.criterion.outside:
        return outside_checks.brought(case)
    if word_suffices(case.criterion):
        return _attestation(case)
    return pending(f"{NO_CHECK}, so it cannot be met.", next=_without_check(case))


def _without_check(case: Case) -> str:
    return "Wait for its check, or waive it with two signers." if case.criterion.waivable else "Wait for its check."


def _attestation(case: Case) -> Finding:
    word = case.word
    if word is None:
        overtaken = case.criterion.id in case.workload.attestations
        before = "What was attested before the workload went back counts no more. " if overtaken else ""
        following = case.criterion.next
        if "attest" not in following:
            following += " Then attest it by name."
        return pending(f"{before}{NO_CHECK}; a named person can attest it.", next=following)
    return Finding(
        verdict="met",
        reason=f"Attested by {word.stamp.by}: {word.statement}",
        evidence=(item("attested by", word.stamp.by, ledger=word.stamp.position),),
        kind="attested",
        since=word.stamp.at,
    )


def _waived(case: Case, verdict: Verdict) -> Verdict:
    waiver = case.workload.standing_waivers.get(case.criterion.id)
    if waiver is None or not case.criterion.waivable:
        return verdict
    signers = case.workload.waiver_signers(waiver)
    if len(signers) < case.playbook.waivers.signers or case.today >= waiver.expires_on:
        return verdict
    return structs.replace(
        verdict,
        verdict="waived",
        reason=f"Waived until {waiver.expires_on} by {' and '.join(signers)}: {waiver.reason} "
        f"(without the waiver: {verdict.verdict}. {verdict.reason})",
        waiver=WaiverNote(
            reason=waiver.reason, signers=signers, expires_on=waiver.expires_on, position=waiver.stamp.position
        ),
        valid_until=start_of(case.workload, waiver.expires_on),
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
