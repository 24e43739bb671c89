"""The decision memo: the question, what was found, what it costs, what is open and not known, who signed. Pure.

Before a decision it is a draft of what is known now. Once a decision is put, it is made of what was frozen with it and
of the record as it stood then; only signatures, and whom it reached, are added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from pilotage.evidence.explaining import explain_target
from pilotage.evidence.measurements import Answer, Estimate, Estimated, GuardrailResult
from pilotage.record.charter import Charter
from pilotage.record.workload import Decision, Signature, Workload
from pilotage.reports.charts.target import target_data
from pilotage.reports.documents.case import Case, CaseVerdict
from pilotage.reports.documents.memo_findings import DECISION, costs, judged, left_open, not_known, shortfall
from pilotage.reports.documents.memo_recipients import reaches
from pilotage.reports.documents.model import (
    Block,
    Column,
    Document,
    Facts,
    Heading,
    Headline,
    Headlines,
    Imprint,
    Note,
    Paragraph,
    Picture,
    Signatures,
    Table,
)
from pilotage.reports.documents.wording import Named, day, entry, estimated, figure, place_of
from pilotage.reports.numbers import NOTHING, number, plural
from pilotage.reports.promises import words_of
from pilotage.reports.scales import Scale, comparison_scale, own_scale

ROLES = ("owner", "sponsor")
OUTCOMES = {"go": "Go", "no_go": "No-go", "extend": "Extend"}
MEANINGS = {
    "go": "The candidate goes on to production.",
    "no_go": "The candidate does not go on; the incumbent keeps the work.",
    "extend": "The pilot goes on, once, to a later day.",
}
ANSWERS = {
    "reached": "The target is proven.",
    "below_floor": "It lies below the floor.",
    "harmed": "A guardrail broke.",
    "futile": "The target will hardly be shown any more.",
    "keep_running": "It is not known yet.",
    "not_estimable": "Nobody can say.",
}
GUARDED = {"within": "holds", "breached": "breached", "undecided": "undecided", "not_estimable": "not estimable"}


class MemoTold(Struct, frozen=True, kw_only=True):
    """What the memo says. `workload` is the record as it stood when the decision was put, or as it stands for a draft;
    `decision` is None in a draft, `problem` says what of it could not be read. `given` are the signatures that count;
    `reached` is the record at the memo's own position, with what was sent and confirmed since it was put.
    """

    workload: Workload
    decision: Decision | None
    in_force: bool
    number: int
    case: Case
    reasons: Mapping[str, str]
    answer: Answer | None
    guardrails: tuple[GuardrailResult, ...]
    given: Mapping[str, Signature]
    named: Named
    imprint: Imprint
    reached: Workload | None = None
    problem: str = ""


def memo_document(told: MemoTold) -> Document:
    """The memo, as a draft or as it is signed."""
    decision = told.decision
    kicker = "Decision memo · draft" if decision is None else f"Decision memo · decision {told.number}"
    return Document(
        kicker=kicker,
        title=told.workload.title,
        subtitle=_subtitle(told),
        blocks=(
            _standing(told),
            *([Note(text=told.problem, tone="bad")] if told.problem else []),
            *_question(told),
            *_target(told),
            *_guarded(told),
            *shortfall(told.workload, told.named),
            *costs(told.workload, told.case, told.named),
            *judged(told.workload, told.case, told.reasons, told.named),
            *left_open(told.workload, told.named),
            *not_known(told.workload, told.case, told.answer, told.guardrails),
            *_dissent(told),
            *reaches(told.reached or told.workload, told.decision, told.named),
            *_signed(told),
        ),
        imprint=told.imprint,
    )


def _subtitle(told: MemoTold) -> str:
    release = told.workload.release
    candidate = f"Release {release.name}" if release else "No release"
    attempt = told.workload.attempt
    return f"{candidate} · attempt {attempt.number}" if attempt else candidate


def _standing(told: MemoTold) -> Block:
    if told.decision is None:
        text = "Draft. Nothing is put to be decided: this is what is known so far, and it changes with what comes."
        return Note(text=text, tone="warn")
    if told.in_force:
        text = "In force: owner and sponsor signed. Everything below is as it was frozen when the decision was put."
        return Note(text=text, tone="plain")
    text = "Put to be signed, and not in force: owner and sponsor have to sign the digest at the end."
    return Note(text=text, tone="warn")


def _question(told: MemoTold) -> Iterator[Block]:
    workload, decision = told.workload, told.decision
    yield Heading("The question")
    yield Paragraph("Does the candidate go on to production, or does the incumbent keep the work?", "lead")
    yield Paragraph(told.named.named(workload.problem))
    yield Facts(
        (("Today", workload.incumbent), ("Decide by", day(workload.decision_on) if workload.decision_on else NOTHING))
    )
    if decision is not None:
        yield Heading("The decision")
        until = f" until {day(decision.extend_until)}" if decision.extend_until else ""
        yield Paragraph(f"{OUTCOMES[decision.outcome]}{until}. {MEANINGS[decision.outcome]}", "lead")
        yield Paragraph(told.named.named(decision.reasons))
    yield Headlines(tuple(_at_a_glance(told)))


def _at_a_glance(told: MemoTold) -> Iterator[Headline]:
    if told.answer is not None:
        yield Headline(value=told.answer.answer.replace("_", " "), label="answer on the target")
        scale = _scale(told)
        known = told.answer.estimate
        if isinstance(known, Estimate) and scale is not None:
            note = f"{scale.interval(known.low, known.high)}, 95 of 100"
            yield Headline(value=scale.text(known.value), label="measured", note=note)
    asked = [one for one in told.case.verdicts if _counts(one)]
    met = sum(one.verdict == "met" for one in asked)
    waived = sum(one.verdict == "waived" for one in told.case.verdicts)
    note = f"{plural(waived, 'waiver')} in force" if waived else "no waiver in force"
    yield Headline(value=f"{met} of {len(asked)}", label="criteria of this gate met", note=note)


def _counts(one: CaseVerdict) -> bool:
    """Whether a criterion counts: the decision is no condition of itself."""
    return one.phase == "evaluate" and one.verdict != "not_applicable" and one.id != DECISION


def _charter(told: MemoTold) -> Charter | None:
    return told.workload.measured_charter


def _scale(told: MemoTold) -> Scale | None:
    charter = _charter(told)
    metric = charter.metric(charter.target.metric) if charter else None
    return comparison_scale(metric.unit, charter.target.form) if charter and metric else None


def _target(told: MemoTold) -> Iterator[Block]:
    yield Heading("The target")
    charter, scale, answer = _charter(told), _scale(told), told.answer
    metric = charter.metric(charter.target.metric) if charter else None
    if charter is None or metric is None or scale is None:
        yield Note(text="There is no charter, so nothing was promised that could be kept.", tone="bad")
        return
    words = words_of(charter)
    yield Table(
        columns=(
            Column(title="target metric", share=3.0),
            *(Column(title=title, numeric=True, share=1.0) for title in ("today", "floor", "target", "expected")),
        ),
        rows=((f"{words.metric}: {words.form}", words.baseline, words.floor, words.target, words.expected),),
    )
    if answer is None:
        yield Note(text="Nothing has been measured of the target: there is no answer.", tone="bad")
        return
    said = explain_target(answer, charter.target, metric)
    yield Paragraph(f"{ANSWERS[answer.answer]} {answer.reason}")
    yield Paragraph(said.means)
    yield Paragraph(said.does_not, "quiet")
    own = own_scale(metric.unit)
    yield Facts(
        (
            ("Candidate", estimated(answer.candidate, own)),
            ("Incumbent", estimated(answer.incumbent, own)),
            ("Compared", estimated(answer.estimate, scale)),
            ("Rests on", _rests(answer.estimate)),
            ("Error allowed", f"{number(100 * answer.alpha, 3)} in 100 for attempt {answer.attempt}, over all looks"),
        )
    )
    looks = target_data(answer, charter.target, title=metric.title, unit=scale.after, factor=scale.factor)
    if looks.points:
        yield Picture(
            data=looks,
            alt=f"{metric.title} at every look, with floor and target. {answer.reason}",
            caption=f"{metric.title} at every look: the estimate, the band that stays valid however often one looks, "
            f"the target ({words.target}) and the floor ({words.floor}).",
        )
    if told.case.segments is not None:
        drawn_in = any(point.pooled is not None for point in told.case.segments.points)
        pooled = " Squares are as measured, circles drawn towards what the others say." if drawn_in else ""
        yield Picture(
            data=told.case.segments,
            alt=f"{metric.title} by segment.",
            caption=f"By segment, flagged ones first, then the weakest.{pooled}",
        )


def _rests(found: Estimated) -> str:
    return f"{plural(found.calls, 'call')} of {plural(found.units, 'unit')}"


def _guarded(told: MemoTold) -> Iterator[Block]:
    charter = _charter(told)
    if charter is None or not charter.guardrails:
        return
    yield Heading("What must not get worse")
    if not told.guardrails:
        yield Note(text="No guardrail has been measured.", tone="bad")
        return
    rows = []
    for one in told.guardrails:
        metric = charter.metric(one.metric)
        unit = metric.unit if metric else ""
        own, compared = own_scale(unit), comparison_scale(unit, "difference")
        bound = own.text(one.limit) if one.limit is not None else compared.text(-one.margin)
        seen = estimated(one.candidate, own) if one.limit is not None else estimated(one.difference, compared)
        rows.append((one.title, GUARDED[one.status], figure(one.incumbent, own), seen, bound))
    yield Table(
        columns=(
            Column(title="guardrail", share=2.0),
            Column(title="status", verdict=True, share=1.0),
            Column(title="today", numeric=True, share=0.8),
            Column(title="found", numeric=True, share=2.6),
            Column(title="at worst", numeric=True, share=0.9),
        ),
        rows=tuple(rows),
    )


def _dissent(told: MemoTold) -> Iterator[Block]:
    yield Heading("Dissent")
    if told.decision is None:
        yield Paragraph("Whoever disagrees says so when the decision is put; it stands here in full.", "quiet")
    else:
        yield Paragraph(told.named.named(told.decision.dissent) or "Nobody's dissent is on record.")


def _signed(told: MemoTold) -> Iterator[Block]:
    decision, workload = told.decision, told.workload
    if decision is not None:
        yield Heading("What is signed")
        rows = [
            ("Put by", f"{told.named.name(decision.stamp.by)}, {entry(decision.stamp.position)}"),
            ("Digest", decision.digest),
            ("Evidence", decision.evidence or "None was frozen with it."),
            ("Case", decision.case or "None was frozen with it."),
        ]
        yield Facts(tuple(rows))
        yield Paragraph(
            "The digest covers outcome, reasons, dissent, every verdict, the charter, the release, the evidence and "
            "the case. The command pilotage evidence recompute computes the evidence again from an exported ledger.",
            "quiet",
        )
    holders = {"owner": workload.owner, "sponsor": workload.sponsor}
    yield Signatures(tuple(place_of(role, holders[role], told.given.get(role), told.named.name) for role in ROLES))
