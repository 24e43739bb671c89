"""A playbook as a reference page in Markdown, so that the page and the data cannot drift apart. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from pilotage.playbook.types import (
    Assessment,
    AssessmentQuestion,
    Ceiling,
    Criterion,
    Lane,
    Named,
    Phase,
    Playbook,
    Question,
    Review,
    RiskQuestion,
    Scale,
)

LANES: tuple[Lane, ...] = get_args(Lane)

CEILING_WORDS = {
    "none": "none",
    "shadow": "shadow",
    "suggest": "shadow, and suggestions to a limited cohort once the pilot is cleared",
    "stage": "live, up to the current step of the roll-out",
    "full": "live, everybody",
}


def reference(playbook: Playbook) -> str:
    """The page: phases, every criterion, reviews, roles, areas, streams, roll-out and limits. Ends with a newline."""
    parts = [
        f"# {playbook.title}",
        f"<!-- Generated: pilotage playbook show {playbook.id} --markdown > docs/playbook/{playbook.id}.md -->",
        playbook.summary,
        _reading(playbook),
        "## Phases",
        _table(("phase", "weeks", "most exposure", "criteria", "purpose"), map(_phase_row, playbook.phases)),
        *(part for phase in playbook.phases for part in _phase(phase)),
        "## Reviews",
        _named(playbook.reviews),
        *(part for review in playbook.reviews for part in _questionnaire(playbook, review)),
        "## Ownership roles",
        _named(playbook.ownership),
        "## Architecture areas",
        _named(playbook.areas),
        "## Change streams",
        _named(playbook.streams),
        *_risks(playbook.risks),
        *_scales(playbook.scales),
        *(part for one in playbook.assessments for part in _assessment(one)),
        "## Roll-out",
        _table(("step", "holds for"), ((f"{s.percent:g} %", f"{s.hold_days} days") for s in playbook.stages)),
        "## Limits",
        _table(("limit", "value"), _limits(playbook)),
    ]
    return "\n\n".join(parts) + "\n"


def _reading(playbook: Playbook) -> str:
    return (
        f"Playbook `{playbook.id}`, version {playbook.version}. A criterion is asked in the lanes that it names. "
        "One without a check is attested by somebody named, where its first kind of evidence allows that. What has to "
        "be measured cannot be attested: where the product does not measure it, a result is brought from outside, "
        "signed by somebody else, and shown as attested."
    )


def _phase(phase: Phase) -> Iterator[str]:
    yield f"## {phase.title}"
    yield phase.purpose
    yield _table(("criterion", "met when", "evidence", "next action"), map(_criterion_row, phase.criteria))


def _phase_row(phase: Phase) -> Sequence[str]:
    low = sum("low" in line.lanes for line in phase.criteria)
    return (
        f"[{phase.title}](#{phase.id})",
        _weeks(phase.weeks),
        _ceiling(phase.ceiling),
        f"{len(phase.criteria)}, low lane {low}",
        phase.purpose,
    )


def _weeks(weeks: tuple[int, int | None]) -> str:
    first, last = weeks
    return f"{first} on" if last is None else f"{first}-{last}"


def _ceiling(ceiling: Ceiling) -> str:
    return CEILING_WORDS[ceiling.mode]


def _criterion_row(line: Criterion) -> Sequence[str]:
    name = [f"`{line.id}`", f"**{line.title}**", f"lanes: {', '.join(line.lanes)}"]
    if not line.waivable:
        name.append("cannot be waived")
    if line.before_exposure:
        name.append("holds before anybody is exposed")
    return "<br>".join(name), line.met_when, "<br>".join(_evidence(line)), f"{line.next} ({line.by})"


def _evidence(line: Criterion) -> Iterator[str]:
    yield ", ".join(line.kinds)
    if line.check is not None:
        yield f"check `{line.check}`"
    if line.outside is not None:
        yield "a result from outside" + (" about the release that runs" if line.outside == "release" else "")
    if line.check is None and line.outside is None:
        yield "attested by name"
    for name, value in line.params.items():
        yield f"`{name}`: {_value(value)}"
    if line.valid_days is not None:
        yield f"valid for {line.valid_days} days"
    if line.before_exposure and line.grace_days and not line.enforced:
        yield f"when it lapses, who is exposed already stays so for {line.grace_days} days, and nobody else comes in"
    if line.enforced:
        yield f"when it lapses, the ceiling drops {f'after {line.grace_days} days' if line.grace_days else 'at once'}"


def _value(value: float | str | bool) -> str:  # noqa: FBT001 - a setting may be a truth value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _named(entries: Iterable[Named | Review]) -> str:
    return _table(("id", "title", "what it answers"), ((f"`{e.id}`", e.title, e.purpose) for e in entries))


def _questionnaire(playbook: Playbook, review: Review) -> Iterator[str]:
    questions = playbook.questions_of(review.id)
    if questions:
        yield f"### What the {review.title[:1].lower() + review.title[1:]} asks"
        yield f"An approval counts for {review.valid_days} days."
        yield _table(("question", "a good answer", "serves"), map(_question_row, questions))


def _scales(scales: Iterable[Scale]) -> Iterator[str]:
    """How candidate problems are scored; nothing where a playbook says nothing of it."""
    rows = [
        (f"`{scale.id}`<br>**{scale.title}**<br>{scale.question}", f"{step}", text)
        for scale in scales
        for step, text in enumerate(scale.steps, start=1)
    ]
    if rows:
        yield "## Scoring"
        yield _table(("scale", "step", "means"), rows)


def _risks(risks: Iterable[RiskQuestion]) -> Iterator[str]:
    """What puts a workload into its lane; nothing where a playbook says nothing of it."""
    rows = [
        (
            f"`{risk.id}`<br>**{risk.title}**<br>{risk.question}<br>{', '.join(risk.frameworks)}",
            *(risk.answer(lane) for lane in LANES),
        )
        for risk in risks
    ]
    if rows:
        yield "## Risk"
        yield "The strictest answer is the workload's lane. Nobody enters the low lane without answering."
        yield _table(("question", *LANES), rows)


def _assessment(one: Assessment) -> Iterator[str]:
    """A questionnaire about the organisation, dimension by dimension."""
    yield f"## {one.title}"
    yield f"{one.purpose} A concluded round counts for {one.valid_days} days."
    for dimension in one.dimensions:
        yield f"### {dimension.title}"
        yield dimension.purpose
        rows = [row for question in one.questions_of(dimension.id) for row in _anchors(question)]
        yield _table(("question", "level", "looks like this", "the next one needs"), rows)


def _anchors(question: AssessmentQuestion) -> Iterator[Sequence[str]]:
    name = [f"`{question.id}`", f"**{question.text}**", ", ".join(question.frameworks)]
    if question.criteria:
        name.append(f"proposed from {', '.join(f'`{one}`' for one in question.criteria)}")
    for level, (looks, needs) in enumerate(zip(question.levels, (*question.next, ""), strict=True), start=1):
        yield "<br>".join(name) if level == 1 else "", f"{level}", looks, needs


def _question_row(question: Question) -> Sequence[str]:
    name = [f"`{question.id}`", f"**{question.text}**"]
    if len(question.reviews) > 1:
        name.append(f"asked by {', '.join(question.reviews)}, answered once")
    if question.known is not None:
        name.append("an answer is proposed from what is on record or measured")
    return "<br>".join(name), question.example, "<br>".join(question.frameworks)


def _limits(playbook: Playbook) -> Iterator[Sequence[str]]:
    waivers, pilot = playbook.waivers, playbook.pilot
    yield "a waiver lasts at most", f"{waivers.days_max} days"
    yield "a waiver is signed by", f"{waivers.signers} people"
    yield "exposure under a waiver", f"live {waivers.ceiling_percent:g} %"
    yield "the same in a demonstration", f"live {waivers.demonstration_ceiling_percent:g} %"
    yield "length of a pilot", f"{pilot.weeks_min} to {pilot.weeks_max} weeks"
    yield "notice before evidence lapses", f"{playbook.notice_days} days"
    yield "grace after the decision date", f"{pilot.decision_grace_days} days"
    yield "silence allowed to a sponsor", f"{pilot.sponsor_silence_days} days"
    yield "pilots at once for one owner", f"{pilot.live_pilots_per_owner}"
    yield "problems compared", f"{pilot.candidates_min} or more"
    yield "people who score each", f"{pilot.scorers_min} or more"
    yield "mean score of impact, or the radar warns", f"{pilot.impact_min:g} of 5 or more"
    yield "mean score of readiness, or the radar warns", f"{pilot.readiness_min:g} of 5 or more"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(head), _row(["---"] * len(head)), *map(_row, rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.replace('|', '&#124;').split()) for cell in cells)} |"
