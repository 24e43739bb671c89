"""The parts of the decision memo beside the target: shortfall, cost, verdicts, what is open and not known. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pilotage.evidence.measurements import Answer, Estimate, GuardrailResult
from pilotage.record.areas.costing import CATEGORY_TITLES
from pilotage.record.workload import Workload
from pilotage.reports.documents.case import Case, CaseVerdict
from pilotage.reports.documents.model import (
    Block,
    Bullets,
    Column,
    Facts,
    Heading,
    Headline,
    Headlines,
    Note,
    Paragraph,
    Picture,
    Table,
)
from pilotage.reports.documents.wording import Named, chance, day, entry, usd, usd_range
from pilotage.reports.numbers import NOTHING, TOGETHER, number, plural

REMEDIES = {"more_data": "more data", "tuning": "tuning", "both": "more data and tuning", "neither": "neither"}
DECISION = "evaluate.decision"
DECIDED = ("select", "pilot", "evaluate")
PERS = {"once": "once", "year": "a year", "call": "a call"}
UNSEEN = "How people act on the candidate's answers: that shows only once they see them."
WORDS = {"not_applicable": "not asked"}


def shortfall(workload: Workload, named: Named) -> Iterator[Block]:
    """Why the target was missed, where somebody analysed that."""
    found, attempt = workload.shortfall, workload.attempt
    if found is None or attempt is None or found.attempt != attempt.number:
        return
    yield Heading("The shortfall")
    yield Paragraph(named.named(found.cause))
    yield Facts(
        (
            ("Falls short in", ", ".join(found.segments)),
            ("Would help", REMEDIES[found.remedy]),
            ("Effort", found.effort),
            ("Analysed by", f"{named.name(found.stamp.by)}, {entry(found.stamp.position)}"),
        )
    )


def costs(workload: Workload, case: Case, named: Named) -> Iterator[Block]:
    """What production costs and brings, with its range, and the money that is committed."""
    yield Heading("What production costs and brings")
    found, costing = case.production, workload.costing
    if found is None:
        yield Note(text=case.production_reason or "Nobody has estimated what production costs.", tone="bad")
    else:
        years = plural(found.years, "year")
        spent = case.cost_usd
        note = f"{usd_range(spent.low, spent.high)}, in 95 of 100 draws" if spent else "at the likely figures"
        items = [
            Headline(value=usd(spent.median if spent else found.cost_usd), label=f"cost over {years}", note=note),
            Headline(value=usd(found.value_usd), label=f"value over {years}", note=f"at the {found.at} result"),
            Headline(value=chance(found.pays), label="chance that it pays", note=f"of {number(found.draws)} draws"),
        ]
        if case.waiting_usd_a_month is not None:
            waiting = case.waiting_usd_a_month
            note = f"{usd_range(waiting.low, waiting.high)} a month, if the target is just kept"
            items.append(Headline(value=usd(waiting.median), label="what each month of waiting costs", note=note))
        yield Headlines(tuple(items))
    if case.payback is not None:
        paid = (
            ""
            if case.paid_back_month is None
            else f" It has paid for itself after {plural(case.paid_back_month, 'month')}."
        )
        yield Picture(
            data=case.payback,
            alt=f"Earned less spent by month.{paid}",
            caption="Earned less spent since the start of production: the middle, half and nine in ten of all "
            f"draws.{paid}",
        )
    if costing.lines:
        yield Table(
            columns=(
                Column(title="cost", share=1.7),
                *(Column(title=title, numeric=True, share=1.0) for title in ("low", "likely", "high")),
                Column(title="paid", share=1.2),
                Column(title="basis", share=3.0),
            ),
            rows=tuple(
                (
                    CATEGORY_TITLES[line.category],
                    *(number(amount) for amount in (line.low, line.likely, line.high)),
                    f"{line.currency}{TOGETHER}{PERS[line.per]}",
                    named.named(line.basis),
                )
                for line in (standing.fact for standing in costing.lines.values())
            ),
        )
    if costing.missing:
        missing = ", ".join(CATEGORY_TITLES[one].lower() for one in costing.missing)
        yield Note(text=f"Nobody has estimated: {missing}.", tone="bad")
    yield from _funding(workload, named)


def _funding(workload: Workload, named: Named) -> Iterator[Block]:
    yield Heading("The money", 2)
    if workload.costing.funding is None:
        yield Note(text="No money is committed.", tone="bad")
        return
    fact, stamp = workload.costing.funding.fact, workload.costing.funding.stamp
    yield Facts(
        (
            ("Committed", f"{usd(fact.amount_usd)}, from {day(fact.from_on)} to {day(fact.until_on)}"),
            ("Rebuild", usd(fact.rebuild_usd)),
            ("Change in the work", usd(fact.change_usd)),
            ("First year", usd(fact.first_year_usd)),
            ("By", f"{named.name(stamp.by)}, {entry(stamp.position)}"),
            ("Terms", named.named(fact.statement)),
        )
    )


def judged(workload: Workload, case: Case, reasons: Mapping[str, str], named: Named) -> Iterator[Block]:
    """Every criterion up to this gate but the decision itself, and the waivers in full."""
    yield Heading("Every verdict")
    for phase in DECIDED:
        rows = tuple(
            (
                one.title,
                WORDS.get(one.verdict, one.verdict),
                one.kind,
                reason_of(workload, one, reasons, named),
            )
            for one in case.verdicts
            if one.phase == phase and one.id != DECISION
        )
        if rows:
            yield Heading(f"Gate {phase}", 2)
            yield Table(
                columns=(
                    Column(title="criterion", share=2.2),
                    Column(title="verdict", verdict=True, share=0.9),
                    Column(title="how", share=1.0),
                    Column(title="why", share=3.6),
                ),
                rows=rows,
            )
    later = sum(one.phase not in DECIDED for one in case.verdicts)
    if later:
        yield Paragraph(
            f"The {plural(later, 'criterion', 'criteria')} of later gates are not part of this decision.", "quiet"
        )
    yield from _waivers(workload, case, named)


def reason_of(workload: Workload, one: CaseVerdict, reasons: Mapping[str, str], named: Named) -> str:
    """Why a verdict is what it is; a waiver's and an attestation's words as they stand in their own entries."""
    waiver, word = workload.standing_waivers.get(one.id), workload.attestations.get(one.id)
    if one.verdict == "waived" and waiver is not None:
        return f"Set aside: {named.named(waiver.reason)}"
    if word is not None and _is_word(workload, one):
        return f"Attested by {named.name(word.stamp.by)} ({entry(word.stamp.position)}): {named.named(word.statement)}"
    return named.named(reasons.get(one.id, "")) or "Why is not on record."


def _waivers(workload: Workload, case: Case, named: Named) -> Iterator[Block]:
    rows = tuple(
        (
            one.title,
            named.named(waiver.reason) if (waiver := workload.standing_waivers.get(one.id)) else NOTHING,
            ", ".join(map(named.name, one.signers)),
            day(one.expires_on) if one.expires_on else NOTHING,
            entry(one.waived_at) if one.waived_at else NOTHING,
        )
        for one in case.verdicts
        if one.verdict == "waived"
    )
    if rows:
        yield Heading("Waivers in force", 2)
        yield Table(
            columns=(
                Column(title="criterion", share=2.0),
                Column(title="reason", share=3.0),
                Column(title="signed by", share=1.8),
                Column(title="until", share=1.3),
                Column(title="ledger", share=1.0),
            ),
            rows=rows,
        )


def left_open(workload: Workload, named: Named) -> Iterator[Block]:
    """Gaps between pilot and production, and findings of the reviews, that nobody has closed."""
    yield Heading("What is open")
    gaps = workload.architecture.open_gaps
    if gaps:
        yield Heading("Gaps", 2)
        yield Table(
            columns=(
                Column(title="gap", share=3.0),
                Column(title="blocks", share=0.7),
                Column(title="effort", share=1.5),
                Column(title="owner", share=1.5),
            ),
            rows=tuple(
                (
                    named.named(one.fact.what),
                    "yes" if one.fact.blocking else "no",
                    one.fact.effort,
                    named.name(one.fact.owner),
                )
                for one in gaps
            ),
        )
    findings = [one for one in workload.reviews.findings.values() if one.closed is None]
    if findings:
        yield Heading("Findings of the reviews", 2)
        yield Table(
            columns=(
                Column(title="finding", share=1.0),
                Column(title="severity", share=0.9),
                Column(title="what is wrong", share=3.0),
                Column(title="owner", share=1.4),
                Column(title="due", share=1.1),
            ),
            rows=tuple(
                (
                    one.raised.number,
                    one.raised.severity,
                    named.named(one.raised.finding),
                    named.name(one.raised.owner),
                    day(one.raised.due),
                )
                for one in findings
            ),
        )
    if not gaps and not findings:
        yield Paragraph("No gap and no finding on record is open.")


def not_known(
    workload: Workload, case: Case, answer: Answer | None, guardrails: tuple[GuardrailResult, ...]
) -> Iterator[Block]:
    """What nobody knows, and what is somebody's word only."""
    yield Heading("What is not known")
    yield Bullets((*_unmeasured(answer, guardrails), *_unchecked(case), *_unjudged(workload, case), UNSEEN))


def _unmeasured(answer: Answer | None, guardrails: tuple[GuardrailResult, ...]) -> Iterator[str]:
    if answer is None:
        yield "The target has not been measured."
    elif not isinstance(answer.estimate, Estimate):
        yield f"The target cannot be estimated: {answer.estimate.reason}"
    for one in guardrails:
        if one.status in {"undecided", "not_estimable"}:
            yield f"{one.title}: {one.reason}"


def _unchecked(case: Case) -> Iterator[str]:
    for check in case.checks:
        if check.verdict == "violated":
            yield f"A condition that the figures rest on does not hold, {check.title.lower()}: {check.reason}"
        if check.verdict == "not_estimable":
            yield f"Not to be told, {check.title.lower()}: {check.reason or check.meaning}"
    if case.production is None:
        yield f"What production costs and brings: {case.production_reason or 'nobody has estimated it.'}"
    elif case.production.at == "expected":
        yield "The value is counted at the result that was promised, not at one that was measured."


def _unjudged(workload: Workload, case: Case) -> Iterator[str]:
    judged_here = [one for one in case.verdicts if one.phase in DECIDED and one.id != DECISION]
    pending = [one.title for one in judged_here if one.verdict == "pending"]
    if pending:
        yield f"Not judged yet: {'; '.join(pending)}."
    words = [one.title for one in judged_here if one.verdict == "met" and _is_word(workload, one)]
    if words:
        yield f"Known by somebody's word alone, neither measured nor on record: {'; '.join(words)}."


def _is_word(workload: Workload, one: CaseVerdict) -> bool:
    return one.kind == "attested" and one.id in workload.attestations
