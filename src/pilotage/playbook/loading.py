"""Loads cadences: the shipped ones by name, a team's own from its text, with all that is wrong said at once.

Reads nothing but the files packaged beside it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib import resources

import msgspec
from msgspec import structs

from pilotage.playbook.errors import PlaybookInvalid, PlaybookUnknown, Problem
from pilotage.playbook.merging import EXTENDS, WITHOUT, merge
from pilotage.playbook.nodes import Node, plain, read
from pilotage.playbook.outline import Outline, text_of
from pilotage.playbook.rules import broken, settings_of
from pilotage.playbook.shape import differences
from pilotage.playbook.types import Criterion, Phase, Playbook

REFERENCE = "standard"
SHIPPED = (REFERENCE, "ninety-day")
# A cadence may be packaged in several files, each with keys of its own; they are read as one.
PARTS = {REFERENCE: (REFERENCE, "questionnaires", "assessments")}
EARLY = ("select", "pilot")


def shipped() -> tuple[str, ...]:
    """The names of the cadences that come with the product, the standard one first."""
    return SHIPPED


@functools.cache
def load(name: str) -> Playbook:
    """A shipped cadence. Raises PlaybookUnknown for any other name."""
    if name not in SHIPPED:
        raise PlaybookUnknown(f"No playbook {name} is shipped; choose one of {', '.join(SHIPPED)}.")
    return _parse(_packaged(name), name, None, taken=())


def parse(text: str, origin: str, known_checks: frozenset[str] | None = None) -> Playbook:
    """A playbook from the text of a YAML file; `origin` names the file in messages.

    `known_checks` are the registered checks' names; None leaves them unasked. Raises PlaybookInvalid with every
    problem found.
    """
    return _parse(text, origin, known_checks, taken=SHIPPED)


def _parse(text: str, origin: str, known_checks: frozenset[str] | None, *, taken: tuple[str, ...]) -> Playbook:
    root, problems = read(text)
    if root is None:
        raise PlaybookInvalid(origin, problems)
    root, more = _resolved(root)
    problems += [*more, *differences(root, Playbook)]
    if isinstance(root.value, dict):
        outline = Outline(root=root, known_checks=known_checks, settings=_settings())
        problems += [*broken(outline), *_taken(root, taken)]
    if problems:
        raise PlaybookInvalid(origin, _ordered(problems))
    try:
        return msgspec.convert(plain(root), Playbook)
    except msgspec.ValidationError as error:
        message = f"This file does not fit: {error}. Mend that place."
        raise PlaybookInvalid(origin, [Problem(path="", code="unfit", message=message)]) from error


def _ordered(problems: list[Problem]) -> list[Problem]:
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda problem: (problem.line is None, problem.line or 0))


def _resolved(root: Node) -> tuple[Node, list[Problem]]:
    """The tree with what it extends laid under it."""
    extends = root.get(EXTENDS)
    if extends is None:
        without = root.get(WITHOUT)
        message = f"{WITHOUT} takes criteria out of an extended playbook; add `extends: {REFERENCE}`, or remove it."
        return root, [] if without is None else [without.problem("without-alone", message)]
    if extends.text not in SHIPPED:
        message = f"Only a shipped playbook can be extended; write one of {', '.join(SHIPPED)}."
        return root, [extends.problem("extends-unknown", message)]
    return merge(_base(extends.text), root)


@functools.cache
def _base(name: str) -> Node:
    root, problems = read(_packaged(name), inside=name)
    if root is None:
        raise PlaybookInvalid(name, problems)
    return _resolved(root)[0]


@functools.cache
def _settings() -> dict[str, dict[str, object]]:
    return settings_of(_base(REFERENCE))


def _packaged(name: str) -> str:
    folder = resources.files("pilotage.playbook")
    return "\n".join(folder.joinpath(f"{part}.yaml").read_text(encoding="utf-8") for part in PARTS.get(name, (name,)))


def _taken(root: Node, taken: tuple[str, ...]) -> Iterator[Problem]:
    name = text_of(root, "id")
    if name in taken:
        own = root.get("id")
        # An id that was left out comes from the extended playbook, whose places do not help.
        line = own.line if own is not None and own.line is not None else root.line
        message = f"{name} is the id of a shipped playbook; give yours an id of its own."
        yield Problem(path="id", code="id-taken", message=message, line=line)


def compressions(playbook: Playbook, reference: Playbook) -> tuple[str, ...]:
    """Warnings that name the work a playbook skips against a reference: shorter early phases, criteria left out or
    loosened, steps of the roll-out skipped. None of them makes a playbook invalid.
    """
    return (
        *_shortened(playbook, reference),
        *_left_out(playbook, reference),
        *_loosened(playbook, reference),
        *_wider_limits(playbook, reference),
        *_steps_skipped(playbook, reference),
    )


def _shortened(playbook: Playbook, reference: Playbook) -> Iterator[str]:
    for phase_id in EARLY:
        phase, usual = playbook.phase(phase_id), reference.phase(phase_id)
        weeks, usual_weeks = _length(phase), _length(usual)
        if weeks < usual_weeks:
            work = [line for line in usual.criteria if line.kinds[0] == "measured"] or usual.criteria
            titles = "; ".join(_named(line) for line in work)
            yield f"{phase_id} takes {weeks} weeks instead of {usual_weeks}. What that time was for: {titles}."


def _named(line: Criterion) -> str:
    return line.title[:1].lower() + line.title[1:]


def _length(phase: Phase) -> float:
    first, last = phase.weeks
    return float("inf") if last is None else last - first + 1


def _left_out(playbook: Playbook, reference: Playbook) -> Iterator[str]:
    present = {line.id: line for phase in playbook.phases for line in phase.criteria}
    for usual in (line for phase in reference.phases for line in phase.criteria):
        line = present.get(usual.id)
        if line is None:
            yield f"{usual.id} is left out: {_named(usual)}."
            continue
        lanes = [lane for lane in usual.lanes if lane not in line.lanes]
        if lanes:
            yield f"{usual.id} is left out of the lane {', '.join(lanes)}: {_named(usual)}."
    for key in ("reviews", "ownership", "areas", "streams"):
        kept = {named.id for named in getattr(playbook, key)}
        skipped = [named.title for named in getattr(reference, key) if named.id not in kept]
        if skipped:
            yield f"{key} leaves out {', '.join(skipped)}."
    for review in playbook.reviews:
        asked = {question.id for question in playbook.questions_of(review.id)}
        unasked = [question.id for question in reference.questions_of(review.id) if question.id not in asked]
        if unasked:
            yield f"The {review.id} review does not ask {', '.join(unasked)}."
    yield from _unassessed(playbook, reference)


def _unassessed(playbook: Playbook, reference: Playbook) -> Iterator[str]:
    for usual in reference.assessments:
        found = playbook.assessment(usual.id)
        if found is None:
            yield f"The assessment {usual.id} is left out: {usual.title}."
            continue
        unasked = [question.id for question in usual.questions if found.question(question.id) is None]
        if unasked:
            yield f"The assessment {usual.id} does not ask {', '.join(unasked)}."
        if found.valid_days > usual.valid_days:
            yield f"The assessment {usual.id} counts {found.valid_days} days instead of {usual.valid_days}."


def _loosened(playbook: Playbook, reference: Playbook) -> Iterator[str]:
    present = {line.id: line for phase in playbook.phases for line in phase.criteria}
    for usual in (line for phase in reference.phases for line in phase.criteria):
        line = present.get(usual.id)
        if line is not None:
            yield from _loosened_line(line, usual)


def _loosened_line(line: Criterion, usual: Criterion) -> Iterator[str]:
    for name, limit in usual.params.items():
        value = line.params.get(name)
        if isinstance(limit, str | bool) or isinstance(value, str | bool) or value is None:
            continue
        if value < limit if name.endswith("_min") else value > limit:
            yield f"{line.id} asks less: {name} is {value} instead of {limit}."
    for flag in ("before_exposure", "enforced"):
        if getattr(usual, flag) and not getattr(line, flag):
            yield f"{line.id} is no longer {flag.replace('_', ' ')}: {_named(usual)}."
    if usual.kinds[0] == "measured" != line.kinds[0]:
        yield f"{line.id} is no longer measured first: {_named(usual)}."
    if usual.check is not None and line.check != usual.check:
        yield f"{line.id} is no longer judged by the check {usual.check}."
    if usual.valid_days is not None and (line.valid_days is None or line.valid_days > usual.valid_days):
        longer = "for ever" if line.valid_days is None else f"{line.valid_days} days"
        yield f"{line.id} lets evidence count {longer} instead of {usual.valid_days} days."
    if line.grace_days > usual.grace_days and (usual.enforced or usual.before_exposure):
        yield f"{line.id} grants {line.grace_days} days of grace instead of {usual.grace_days}."


def _wider_limits(playbook: Playbook, reference: Playbook) -> Iterator[str]:
    for name, limit in structs.asdict(reference.pilot).items():
        value = getattr(playbook.pilot, name)
        if value < limit if name.endswith("_min") else value > limit:
            yield f"The limits of the pilot are wider: {name} is {value} instead of {limit}."


def _steps_skipped(playbook: Playbook, reference: Playbook) -> Iterator[str]:
    steps = [stage.percent for stage in playbook.stages]
    usual = [stage.percent for stage in reference.stages]
    if steps[0] > usual[0]:
        yield f"The roll-out starts at {steps[0]:g} % instead of {usual[0]:g} %."
    if len(steps) < len(usual):
        skipped = ", ".join(f"{percent:g} %" for percent in usual if percent not in steps)
        yield f"The roll-out climbs in {len(steps)} steps instead of {len(usual)}; it skips {skipped}."
    hurried = [f"{stage.percent:g} %" for stage in playbook.stages if stage.hold_days == 0]
    if hurried:
        yield f"The roll-out does not hold at {', '.join(hurried)}."
