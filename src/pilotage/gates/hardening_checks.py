"""Checks of the gate `harden` that need no drill: what runs is what was approved, security, and the audit. Pure."""

from __future__ import annotations

from msgspec import structs

from pilotage.evidence.measurements import Answer
from pilotage.gates.case import Case, Check, Finding, estimate_item, item, met, pending, unmet
from pilotage.gates.outside_checks import brought
from pilotage.gates.pilot_checks import CLEARING, cleared
from pilotage.record.review_standing import APPROVED, standing
from pilotage.record.workload import day_of


def equivalence(case: Case) -> Finding:
    """What runs is the release that was approved, and its comparison on the same calls reached the target.

    A rebuilt release runs only once it was declared anew, passed the same test on its own pairs and got a go of its
    own; the decision before ends with its declaration. So no other release can have taken over.
    """
    workload, decision = case.workload, case.workload.decision
    attempt, answer = workload.attempt, _answer(case)
    if decision is None or decision.outcome != "go" or attempt is None:
        return pending(
            "No go is in force, so no release is approved.",
            next="Decide on the release that is to run; a rebuilt one is declared, shadowed and decided on anew.",
            by="owner",
        )
    release = workload.releases[attempt.release]
    evidence = (
        item("approved release", release.name, ledger=release.stamp.position),
        item("its digest", release.digest),
        item("decided on", decision.outcome, ledger=decision.stamp.position),
    )
    if answer is None or answer.attempt != attempt.number or answer.answer != "reached":
        return pending(
            f"No comparison on the same calls shows that {release.name} holds what was promised.",
            *evidence,
            next="Let it run in shadow beside the incumbent, and read the answer on the Evidence page.",
        )
    later = [one.name for one in workload.releases.values() if one.stamp.position > decision.stamp.position]
    note = f" Registered since and not running: {', '.join(later)}; go back to evaluate to run it." if later else ""
    return met(
        f"What runs is {release.name}, the very release that was approved: no other digest may run. On the same calls "
        f"as the incumbent it reached the target.{note}",
        *evidence,
        estimate_item("comparison on the same calls", answer.estimate),
    )


def _answer(case: Case) -> Answer | None:
    return case.measurements.answer if case.measurements else None


def security(case: Case) -> Finding:
    """The security review is approved on what stands, a scan that somebody brought and another signed passed, and what
    the product sees of its own workspace is as it has to be.
    """
    review = next((one for one in case.playbook.reviews if one.id == "security"), None)
    if review is None:
        return structs.replace(pending("This playbook has no security review."), kind="attested")
    one = standing(case.workload, case.playbook, review, case.now)
    ledger = one.conclusion.stamp.position if one.conclusion else None
    seen = _seen_of_itself(case)
    evidence = (item("security review", one.state.replace("_", " "), ledger=ledger), *seen.evidence)
    if one.state not in APPROVED:
        finding = unmet if one.state == "rejected" else pending
        found = finding(
            f"The security review is not approved: it is {one.state.replace('_', ' ')}.",
            *evidence,
            next="Settle what is open and have the security review concluded on what stands.",
        )
        return structs.replace(found, kind="attested", waivable=one.state != "rejected")
    if seen.verdict != "met":
        return structs.replace(seen, evidence=evidence)
    scan = brought(case)
    said = f"The security review is approved. {scan.reason} {seen.reason}"
    since = scan.since
    inspected = case.workload.auditing.inspected
    if scan.verdict == "met" and since is not None and one.conclusion is not None and inspected is not None:
        since = min(since, one.conclusion.stamp.at, inspected.stamp.at)
    return structs.replace(scan, reason=said, evidence=(*evidence, *scan.evidence), since=since)


def _seen_of_itself(case: Case) -> Finding:
    """What the watch saw of the workspace's own security; measured, where review and scan are somebody's word."""
    inspected = case.workload.auditing.inspected
    if inspected is None:
        why = "The product has not looked at its own workspace yet: keys, transport, passwords, tokens and rights."
        following = "Keep the server running, and look again after the watch's next round."
        return structs.replace(pending(why, next=following), kind="measured")
    seen, ledger = inspected.fact.seen, inspected.stamp.position
    evidence = tuple(item(f"measured here, {one.check}", one.found, ledger=ledger) for one in seen)
    wrong = [one for one in seen if not one.holds]
    uncleared = [area for area in CLEARING if area not in cleared(case.workload)]
    if case.workload.personal_data and uncleared:
        found = f"Personal data reach the candidate, and {' and '.join(uncleared)} did not sign which fields."
        return structs.replace(unmet(found, *evidence, by=f"{uncleared[0]} reviewer"), kind="measured")
    if wrong or not seen:
        said = " ".join(one.found for one in wrong) or "Nothing of the workspace could be looked at."
        following = "Mend it: `pilotage doctor`, `pilotage user list` and `pilotage token list` name what and whom."
        finding = unmet(f"Measured here: {said}", *evidence, next=following, by="operator")
        return structs.replace(finding, kind="measured")
    day = day_of(case.workload, inspected.stamp.at)
    said = f"Measured here on {day}: {', '.join(one.check for one in seen)} are as they have to be."
    return met(said, *evidence)


def audit(case: Case) -> Finding:
    """The ledger verified and sampled calls were followed, lately, and it is set how long calls are kept."""
    newest, have = case.workload.auditing.newest, cleared(case.workload)
    if newest is None:
        return pending(
            "The watch has not gone through the records yet; it does so by itself within its next round.",
            next="Keep the server running, and look again after the watch's next round.",
        )
    fact, ledger = newest.fact, newest.stamp.position
    evidence = (
        item("ledger entries verified", fact.entries, ledger=ledger),
        item("problems found", fact.problems),
        item("calls followed to their decision", fact.traced, n=fact.sampled),
        *(item(f"kept, signed for {area}, days", have[area].retention_days, ledger=have[area].stamp.position)
          for area in CLEARING if area in have),
    )  # fmt: skip
    if fact.problems:
        return unmet(
            f"The ledger did not verify: {fact.problems} problems among {fact.entries:,} entries.",
            *evidence,
            next="Run `pilotage ledger verify`, find who changed what, and restore the ledger from its copy.",
        )
    if not fact.sampled:
        return pending("There is no call yet that could be followed.", *evidence)
    if fact.traced < fact.sampled:
        why = f"{fact.sampled - fact.traced} of {fact.sampled} calls cannot be followed. {' '.join(fact.untraced)}"
        return unmet(why, *evidence, next="Look at these calls on the Calls page and mend what records them.")
    missing = [area for area in CLEARING if area not in have]
    if missing:
        why = f"How long calls are kept is not signed by {' and '.join(missing)}."
        return pending(why, *evidence, next="Set the retention in the pilot's clearance.", by=f"{missing[0]} reviewer")
    days = min(have[area].retention_days for area in CLEARING)
    return met(
        f"The ledger's {fact.entries:,} entries verified, {fact.traced} of {fact.sampled} calls were followed from the "
        f"request to the decision that let them run, and calls are kept for {days} days at most.",
        *evidence,
        since=newest.stamp.at,
    )


CHECKS: dict[str, Check] = {
    "harden.equivalence": equivalence,
    "harden.security": security,
    "harden.audit": audit,
}
