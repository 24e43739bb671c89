"""The report of an assessment: what past answers and labels say, and whether a pilot could tell more. Pure.

It rests on a file and on no ledger, so its footer names the file; its digest is over what it says, as any document's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from pilotage.evidence.assess import Assessment, Segmented
from pilotage.reports.assessment import AssessmentView, Shown, SplitShown, chance_of, forest_of
from pilotage.reports.documents.model import (
    Block,
    Bullets,
    Code,
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
    Table,
)
from pilotage.reports.numbers import NOTHING

MARK = (
    "History: nobody chose these calls for a test, so it counts for no gate. It is there to decide whether a pilot is "
    "worth planning, and what it could promise."
)
FLAGS = (
    "Flagged ones first, then the weakest. A segment is flagged only by a test that allows for their number: of those "
    "flagged, one in twenty at most is a false alarm. Pooled figures are drawn towards the others as far as they are "
    "unsure."
)
TO_BEGIN = (
    "What the history suggests; what only people can say is empty. Save it as a file, fill it in, and let it be "
    "checked with pilotage apply -f FILE --dry-run."
)


def assessment_document(found: Assessment, view: AssessmentView, made_at: dt.datetime) -> Document:
    """The report of an assessment, whose words `view` has."""
    return Document(
        kicker="Assessment of a history",
        title=view.name,
        subtitle=f"{view.metric}, {view.better}",
        blocks=(
            Note(text=MARK, tone="warn"),
            Paragraph(view.verdict, "lead"),
            Paragraph(_rests_on(view)),
            Headlines(
                (
                    _headline(view.incumbent, "incumbent, the baseline"),
                    _headline(view.candidate, "candidate"),
                    _headline(view.difference, "difference, plus is better"),
                )
            ),
            Heading("How far this can be trusted"),
            *_trust(view),
            *_segments(found, view),
            *_reachable(found, view),
            Heading("Begin a workload from it"),
            Paragraph(TO_BEGIN, "quiet"),
            Code(view.draft),
        ),
        imprint=Imprint(workload=view.name, position=0, made_at=made_at),
    )


def _rests_on(view: AssessmentView) -> str:
    span = f", {view.span}" if view.span else ""
    pace = f", about {view.pace} calls a week" if view.pace else ""
    return f"{view.compared} of {view.rows} rows could be compared, from {view.units} units{span}{pace}."


def _headline(one: Shown, label: str) -> Headline:
    return Headline(value=one.text or NOTHING, label=label, note=one.interval or one.reason)


def _trust(view: AssessmentView) -> Iterator[Block]:
    # That it is history stands at the head of the report.
    known = tuple(caution.sentence for caution in view.cautions if caution.code != "history")
    if view.weighty:
        yield Paragraph("These can change the conclusion:")
        yield Bullets(tuple(caution.sentence for caution in view.weighty))
        if known:
            yield Paragraph("And these are to be known:")
    if known:
        yield Bullets(known)
    if view.classes:
        yield Facts((("labels", ", ".join(f"{label} {share}" for label, share in view.classes)),))


def _segments(found: Assessment, view: AssessmentView) -> Iterator[Block]:
    for split, words in zip(found.segments, view.splits, strict=True):
        yield from _by(split, words, found)


def _by(split: Segmented, words: SplitShown, found: Assessment) -> Iterator[Block]:
    rarer = f" {words.left_out} rarer values are not shown." if words.left_out else ""
    yield Heading(f"By {words.column}")
    yield Paragraph(f"{FLAGS}{rarer}", "quiet")
    data = forest_of(split, found)
    if data is not None:
        alt = f"The difference within each value of {words.column} with its interval."
        yield Picture(data=data, alt=alt, caption=f"{alt} The same figures are in the table.")
    yield Table(
        columns=(
            Column(title=words.column, share=1.2),
            Column(title="rows", numeric=True, share=0.7),
            Column(title="incumbent", share=1.2),
            Column(title="candidate", share=1.2),
            Column(title="difference", share=1.5),
            Column(title="pooled", share=1.5),
            Column(title="what of it", share=2.0),
        ),
        rows=tuple(
            (
                one.value,
                one.rows,
                *(_cell(figure) for figure in (one.incumbent, one.candidate, one.difference, one.pooled)),
                f"Flagged. {one.why}" if one.flagged else one.why,
            )
            for one in words.segments
        ),
    )


def _cell(one: Shown) -> str:
    return f"{one.text} ({one.interval})" if one.text else one.reason


def _reachable(found: Assessment, view: AssessmentView) -> Iterator[Block]:
    if not view.reachable:
        return
    yield Heading("Could a pilot tell?")
    yield Paragraph(f"{view.reachable} The draft promises half of the difference that the history shows.")
    data = chance_of(found)
    if data is not None:
        alt = "The chance of a go by weeks of pilot."
        yield Picture(data=data, alt=alt, caption=f"{alt} The same figures are in the table.")
    if view.chances:
        yield Table(
            columns=(
                Column(title="weeks of pilot", numeric=True, share=1.0),
                Column(title="a go, if as good as here", numeric=True, share=1.5),
                Column(title="a go, if just at the target", numeric=True, share=1.5),
            ),
            rows=view.chances,
        )
