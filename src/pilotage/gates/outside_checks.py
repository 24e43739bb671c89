"""What was brought from outside for a criterion that the product does not measure itself. Pure.

It shows as attested, never as measured, and counts only while somebody other than who brought it stands by it.
"""

from __future__ import annotations

import datetime as dt

from msgspec import structs

from pilotage.gates.case import Case, Finding, item, met, pending, unmet
from pilotage.record.areas.outside import Figure, OutsideResultRecorded, Vouched, figure_of, is_older
from pilotage.record.stamps import Standing
from pilotage.record.verdicts import EvidenceItem
from pilotage.record.workload import start_of

BRING = "Bring the result on the Outside results page, and have somebody else sign it."


def brought(case: Case) -> Finding:
    """The signed result, if it passed and is about what runs now; a failed one counts against it at once."""
    return structs.replace(_brought(case), kind="attested")


def _brought(case: Case) -> Finding:
    outside, name = case.workload.outside, case.criterion.id
    newest, counting = outside.results.get(name), outside.counting(name)
    if newest is None:
        why = "The product does not measure this itself, and no result was brought from outside."
        return pending(why, next=f"{case.criterion.next} {BRING}")
    if newest.fact.conclusion == "failed":
        why = f"{_said(newest.fact)} It failed: {newest.fact.statement}"
        return unmet(why, *_evidence(newest), next=f"Mend what failed and test again. {case.criterion.next}")
    if counting is None:
        corrected = name in outside.vouched
        why = "It was corrected since somebody signed it." if corrected else "Nobody else has signed it yet."
        return pending(
            f"{_said(newest.fact)} {why}",
            *_evidence(newest),
            next="Have somebody who did not bring it read it and sign it on the Outside results page.",
            by="everybody",
        )
    return _counting(case, counting)


def _counting(case: Case, counting: Vouched) -> Finding:
    result = counting.result.fact
    evidence = (*_evidence(counting.result), _signed(counting))
    overtaken = _overtaken(case, counting)
    if overtaken:
        return pending(f"{overtaken} Before: {_said(result)}", *evidence, next=f"{case.criterion.next} {BRING}")
    signer = counting.signature.stamp.by
    return met(
        f"{_said(result)} {result.statement} Signed by {signer}, who did not bring it.",
        *evidence,
        since=_tested(case, result),
    )


def _overtaken(case: Case, counting: Vouched) -> str:
    """Why a signed result says nothing about what runs now; empty where it does."""
    workload, result = case.workload, counting.result.fact
    reopened = workload.reopened.get(case.phase)
    if reopened and counting.signature.stamp.position < reopened.position:
        return "What was signed before the workload went back counts no more."
    if case.criterion.outside != "release":
        return ""
    running = workload.release
    if running is None:
        return "No release is registered that it could be about."
    if result.release != running.name:
        return f"The result is about release {result.release}, and {running.name} is the one that runs."
    if is_older(workload, result.tested_on, running.name):
        return f"The test is older than release {running.name}."
    return ""


def _tested(case: Case, result: OutsideResultRecorded) -> dt.datetime:
    """When the result begins to grow old: as its day begins."""
    return start_of(case.workload, result.tested_on)


def _said(result: OutsideResultRecorded) -> str:
    about = f", release {result.release}" if result.release else ""
    figures = "; ".join(figure_in_words(figure_of(line)) for line in result.figures)
    return (
        f"Brought from outside, not measured here: tested on {result.tested_on} with {result.tool}{about}: {figures}."
    )


def figure_in_words(figure: Figure) -> str:
    """A figure with its unit, and its limit where it has one."""
    limit = "" if figure.limit is None else f" ({'at most' if figure.bound == '<=' else 'at least'} {figure.limit:,g})"
    return f"{figure.name} {figure.value:,g} {figure.unit}{limit}"


def _evidence(result: Standing[OutsideResultRecorded]) -> tuple[EvidenceItem, ...]:
    return (item("brought by", result.stamp.by, ledger=result.stamp.position),)


def _signed(counting: Vouched) -> EvidenceItem:
    return item("signed by", counting.signature.stamp.by, ledger=counting.signature.stamp.position)
