"""The system card: what it is for, what runs, on which data, how well, within which limits, and who answers. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from msgspec import Struct

from pilotage.evidence.explaining import explain_target
from pilotage.evidence.measurements import Answer, Estimate, GuardrailResult
from pilotage.evidence.segments import SegmentTable
from pilotage.playbook.types import Playbook
from pilotage.record.review_standing import ReviewStanding
from pilotage.record.workload import Workload
from pilotage.reports.charts.forest import ForestData
from pilotage.reports.documents.card_people import answering, overseen, reviewed, tagged, watched
from pilotage.reports.documents.model import (
    Block,
    Bullets,
    Code,
    Column,
    Document,
    Facts,
    Heading,
    Imprint,
    Note,
    Paragraph,
    Picture,
    Table,
)
from pilotage.reports.documents.wording import Named, entry, estimated, figure, moment
from pilotage.reports.numbers import NOTHING, number, plural
from pilotage.reports.scales import comparison_scale, own_scale

STATUS = {"within": "holds", "breached": "breached", "undecided": "undecided", "not_estimable": "not estimable"}
ASKED = {True: "yes", False: "no"}


class CardTold(Struct, frozen=True, kw_only=True):
    """What the card says. `exposure` is what is exposed now, in words; `reviews` as they stand when it is made."""

    workload: Workload
    playbook: Playbook
    exposure: str
    answer: Answer | None
    guardrails: tuple[GuardrailResult, ...]
    live_guardrails: tuple[GuardrailResult, ...]
    segments: SegmentTable | None
    forest: ForestData | None
    violated: tuple[str, ...]
    reviews: tuple[ReviewStanding, ...]
    last_call_at: dt.datetime | None
    named: Named
    imprint: Imprint


def card_document(told: CardTold) -> Document:
    """The card as it stands."""
    workload, release = told.workload, told.workload.release
    return Document(
        kicker="System card",
        title=workload.title,
        subtitle=f"{f'Release {release.name}' if release else 'No release yet'} · phase {workload.phase}",
        blocks=(
            *_purpose(told),
            *_release(told),
            *_data(told),
            *_performance(told),
            *_limits(told),
            *overseen(workload, told.exposure, told.named),
            *reviewed(told.reviews, told.named),
            *watched(workload),
            *answering(workload, told.playbook, told.named),
            *tagged(workload, told.playbook, told.named),
        ),
        imprint=told.imprint,
    )


def _purpose(told: CardTold) -> Iterator[Block]:
    workload, charter = told.workload, told.workload.charter
    yield Heading("What it is for")
    yield Paragraph(charter.purpose if charter else told.named.named(workload.problem), "lead")
    yield Facts((("Done until now by", workload.incumbent), ("Exposed now", told.exposure), ("Lane", _lane(told))))


def _lane(told: CardTold) -> str:
    """The lane, and what put the workload there."""
    standing = told.workload.risk.classified
    if standing is None:
        return f"{told.workload.lane}; its risk is not classified"
    titles = {risk.id: risk.title.lower() for risk in told.playbook.risks}
    return f"{standing.fact.lane}, by {', '.join(titles.get(one, one) for one in standing.fact.deciding)}"


def _release(told: CardTold) -> Iterator[Block]:
    yield Heading("What runs")
    release = told.workload.release
    if release is None:
        yield Note(text="No release is registered, so nothing can run.", tone="warn")
        return
    learned = plural(release.training_examples, "example") if release.training_examples is not None else "not said"
    yield Facts(
        (
            ("Release", f"{release.name}, {entry(release.stamp.position)}"),
            ("Digest", release.digest),
            ("Code", release.code_revision),
            ("Environment", release.environment),
            ("Model", release.model),
            ("Parameters", release.parameters or "none"),
            ("Learned from", f"{learned}; {release.data_source}"),
        )
    )


def _data(told: CardTold) -> Iterator[Block]:
    workload = told.workload
    yield Heading("Which data it uses")
    yield Facts(
        (
            ("Personal data", ASKED[workload.personal_data]),
            ("Processed outside", ASKED[workload.outside_processor]),
        )
    )
    if not workload.clearances:
        yield Note(text="Neither privacy nor security has cleared any data.", tone="warn")
        return
    yield Table(
        columns=(
            Column(title="cleared by", share=1.6),
            Column(title="fields", share=2.4),
            Column(title="processors", share=2.0),
            Column(title="kept", numeric=True, share=0.9),
            Column(title="terms", share=2.4),
        ),
        rows=tuple(
            (
                f"{area}: {told.named.name(one.stamp.by)}, {entry(one.stamp.position)}",
                ", ".join(one.fields) or "none",
                ", ".join(one.processors) or "none outside",
                plural(one.retention_days, "day"),
                told.named.named(one.statement),
            )
            for area, one in workload.clearances.items()
        ),
    )


def _performance(told: CardTold) -> Iterator[Block]:
    yield Heading("How well it does")
    charter, answer = told.workload.measured_charter, told.answer
    metric = charter.metric(charter.target.metric) if charter else None
    if charter is None or metric is None or answer is None:
        yield Note(text="Its target has not been measured yet.", tone="warn")
        return
    said = explain_target(answer, charter.target, metric)
    yield Paragraph(said.means)
    yield Paragraph(said.does_not, "quiet")
    own, scale = own_scale(metric.unit), comparison_scale(metric.unit, charter.target.form)
    rows = [
        ("Candidate", estimated(answer.candidate, own)),
        ("Incumbent", estimated(answer.incumbent, own)),
        ("Compared", estimated(answer.estimate, scale)),
    ]
    if told.last_call_at is not None:
        rows.append(("Calls up to", moment(told.last_call_at)))
    yield Facts(tuple(rows))
    yield from _guarded(told)
    yield from _segments(told)


def _guarded(told: CardTold) -> Iterator[Block]:
    rows = []
    charter = told.workload.measured_charter
    seen = [("unseen", one) for one in told.guardrails] + [("live", one) for one in told.live_guardrails]
    for where, one in seen:
        metric = charter.metric(one.metric) if charter else None
        unit = metric.unit if metric else ""
        own, compared = own_scale(unit), comparison_scale(unit, "difference")
        found = estimated(one.candidate, own) if one.limit is not None else estimated(one.difference, compared)
        rows.append((one.title, where, STATUS[one.status], found))
    if rows:
        yield Heading("What must not get worse", 2)
        yield Table(
            columns=(
                Column(title="guardrail", share=2.0),
                Column(title="seen", share=0.8),
                Column(title="status", verdict=True, share=1.0),
                Column(title="found", numeric=True, share=2.6),
            ),
            rows=tuple(rows),
        )


def _segments(told: CardTold) -> Iterator[Block]:
    table = told.segments
    if table is None or not table.segments:
        yield Heading("By segment", 2)
        yield Note(text="Nothing is known by segment: none is declared, or none has values.", tone="warn")
        return
    yield Heading("By segment", 2)
    scale, own = comparison_scale(table.unit, table.form), own_scale(table.unit)
    yield Table(
        columns=(
            Column(title="segment", share=1.5),
            Column(title="calls", numeric=True, share=0.7),
            Column(title="candidate", numeric=True, share=1.1),
            Column(title="compared", numeric=True, share=2.9),
            Column(title="to be watched", share=2.4),
        ),
        rows=tuple(
            (
                one.segment,
                number(one.raw.calls),
                figure(one.candidate, own),
                estimated(one.raw, scale) if isinstance(one.raw, Estimate) else "too few to tell",
                one.why if one.flags else NOTHING,
            )
            for one in table.segments
        ),
    )
    if told.forest is not None:
        yield Picture(
            data=told.forest,
            alt=f"{table.title} by segment.",
            caption=f"{table.title} by segment, flagged ones first, then the weakest.",
        )


def _limits(told: CardTold) -> Iterator[Block]:
    workload, release = told.workload, told.workload.release
    yield Heading("Known limits")
    charter = workload.charter
    taught = [
        told.named.named(one.fact.does_not)
        for one in workload.training.modules.values()
        if one.fact.required and release is not None and one.fact.release == release.name
    ]
    flagged = [
        f"{one.segment}: {one.why}"
        for one in (told.segments.segments if told.segments else ())
        if one.flags and one.why
    ]
    open_findings = [
        f"Finding {one.raised.number} ({one.raised.severity}): {told.named.named(one.raised.finding)}"
        for one in workload.reviews.findings.values()
        if one.closed is None
    ]
    broken = [f"Guardrail {one.metric} broke: {one.reason}" for one in workload.open_breaches]
    limits = (*(charter.risks if charter else ()), *taught, *flagged, *broken, *told.violated, *open_findings)
    if limits:
        yield Bullets(tuple(dict.fromkeys(limits)))
    else:
        yield Note(text="None is on record; that nobody wrote one down does not mean that there is none.", tone="warn")
    yield Heading("Switched off by", 2)
    yield Code(f'pilotage kill {workload.slug} --reason "…"')
