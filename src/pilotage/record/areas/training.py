"""Training: what people have to learn about a release before they meet it, and who completed it. Pure.

People are named by an opaque learner id: the ledger keeps it for ever, so a name or an address has no place in it.
How far an audience is trained is computed in `readiness`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct, structs

from pilotage.record.areas.area import Area, Entry
from pilotage.record.areas.change import ShortName, not_yet, unknown_audiences
from pilotage.record.errors import Problem, Refused
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.texts import Base, Label, Said, Text, Title

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Workload

BATCH_MAX = 2000
LEARNER = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
# Visible ASCII and plain spaces alone: readers of the description do not agree on what else is white space.
_PART = r"[!-+.-~-]+"
LINE = rf"^{_PART} *, *{_PART} *, *{_PART} *, *{_DAY}$"
Learner = Annotated[
    str, Meta(pattern=LEARNER, description="the learner's opaque id, never a name or an address; a person's id will do")
]


class RequireTraining(Struct, frozen=True, kw_only=True, tag="require_training", forbid_unknown_fields=True):
    """Say what people have to learn about a release before they meet it."""

    id: ShortName
    title: Title
    release: Annotated[Label, Meta(description="the release it is about")]
    does: Annotated[Said, Meta(description="what it teaches of what the candidate does")]
    does_not: Annotated[Said, Meta(description="what it teaches of what the candidate does not do")]
    when_to_override: Annotated[Said, Meta(description="when to override it")]
    whom_to_ask: Annotated[Said, Meta(description="whom to ask")]
    audiences: Annotated[
        tuple[ShortName, ...],
        Meta(max_length=100, description="who has to complete it; empty for every audience that sees answers"),
    ] = ()
    valid_days: Annotated[
        Annotated[int, Meta(ge=1, le=3650)] | None,
        Meta(description="how long a completion counts; empty for as long as the playbook says"),
    ] = None
    required: Annotated[bool, Meta(description="it is required; untick it once nobody has to complete it any more")] = (
        True
    )
    base: Base = None


class TrainingRequired(Struct, frozen=True, kw_only=True, tag="training_required"):
    """What people have to learn about a release before they meet it. Without audiences: all that see answers."""

    id: str
    title: str
    release: str
    does: Text
    does_not: Text
    when_to_override: Text
    whom_to_ask: Text
    audiences: tuple[str, ...]
    valid_days: int | None
    required: bool


class SayWhatPeopleSee(Struct, frozen=True, kw_only=True, tag="say_what_people_see", forbid_unknown_fields=True):
    """Say whether a release changes what people see; if it does, they have to be trained anew."""

    release: Label
    changes: Annotated[bool, Meta(description="it changes what people see")] = False
    explanation: Said
    base: Base = None


class WhatPeopleSeeSaid(Struct, frozen=True, kw_only=True, tag="what_people_see_said"):
    """Whether a release changes what people see."""

    release: str
    changes: bool
    explanation: Text


class RecordCompletion(Struct, frozen=True, kw_only=True, tag="record_completion", forbid_unknown_fields=True):
    """Record that somebody completed a training module."""

    learner: Learner
    audience: ShortName
    module: ShortName
    completed_on: dt.date


class RecordCompletions(Struct, frozen=True, kw_only=True, tag="record_completions", forbid_unknown_fields=True):
    """Record many completions at once; those that are on the record already are passed over."""

    completions: Annotated[
        tuple[Annotated[str, Meta(pattern=LINE)], ...],
        Meta(
            min_length=1,
            max_length=BATCH_MAX,
            description="learner, audience, module, day: p-17, desk, intro, 2026-03-31",
        ),
    ]


class Completed(Struct, frozen=True, kw_only=True):
    """One learner of an audience completed a module, as it was about a release."""

    learner: str
    audience: str
    module: str
    release: str
    completed_on: dt.date


class TrainingCompleted(Struct, frozen=True, kw_only=True, tag="training_completed"):
    """Completions of training, recorded together."""

    completions: tuple[Completed, ...]


class DropLearner(Struct, frozen=True, kw_only=True, tag="drop_learner", forbid_unknown_fields=True):
    """A learner's completions count no more in an audience."""

    learner: Learner
    audience: ShortName
    why: Annotated[Literal["left", "mistaken"], Meta(description="they left the audience, or it was a mistake")]


class LearnerDropped(Struct, frozen=True, kw_only=True, tag="learner_dropped"):
    """A learner's completions count no more in an audience."""

    learner: str
    audience: str
    why: Literal["left", "mistaken"]


TrainingFact = TrainingRequired | WhatPeopleSeeSaid | TrainingCompleted | LearnerDropped
TrainingCommand = RequireTraining | SayWhatPeopleSee | RecordCompletion | RecordCompletions | DropLearner


class Left(Struct, frozen=True, kw_only=True):
    """A learner who left an audience, when, and what they had completed in it, by module."""

    learner: str
    at: dt.datetime
    completions: dict[str, Standing[Completed]]


class Training(Struct, frozen=True, kw_only=True):
    """What stands: modules and since when each is required for its release, what was said of releases, by audience,
    module and learner the newest completion, and by audience who left it.
    """

    modules: dict[str, Standing[TrainingRequired]] = {}
    required_since: dict[str, dt.datetime] = {}
    seen: dict[str, Standing[WhatPeopleSeeSaid]] = {}
    completions: dict[str, dict[str, dict[str, Standing[Completed]]]] = {}
    left: dict[str, tuple[Left, ...]] = {}

    def held(self, audience: str, module: str) -> dict[str, Standing[Completed]]:
        """The newest completion of each learner of an audience, for a module."""
        return self.completions.get(audience, {}).get(module, {})


def _known_release(workload: Workload, command: RequireTraining | SayWhatPeopleSee, _c: Context) -> Iterator[Problem]:
    if command.release not in workload.releases:
        message = f"Release {command.release} is not registered; register it first."
        yield Problem(code="unknown-release", field="release", message=message)


def _module(workload: Workload, command: RequireTraining, context: Context) -> Iterator[Problem]:
    yield from _known_release(workload, command, context)
    yield from unknown_audiences(workload, command.audiences, "audiences")
    unseeing = [n for n in command.audiences if (a := workload.change.audiences.get(n)) and not a.fact.sees_answers]
    if unseeing:
        message = f"{', '.join(unseeing)} sees no answers, so there is nothing to train for; leave it out."
        yield Problem(code="sees-no-answers", field="audiences", message=message)


def record_completion(workload: Workload, command: RecordCompletion, context: Context) -> list[TrainingCompleted]:
    """One completion, of a day that has come, by somebody for whom there is room in the audience."""
    return _record(workload, [command], context)


def record_completions(workload: Workload, command: RecordCompletions, context: Context) -> list[TrainingCompleted]:
    """Every new completion of a batch, or a refusal that names each line that is wrong."""
    read, problems = [], []
    for number, line in enumerate(command.completions):
        found = _read(line)
        if isinstance(found, str):
            problems.append(Problem(code="not-a-completion", field=f"completions[{number}]", message=found))
        else:
            read.append(found)
    if problems:
        raise Refused(problems)
    return _record(workload, read, context)


def _read(line: str) -> RecordCompletion | str:
    """A line as a completion, or a sentence on what is wrong with it."""
    learner, audience, module, day = (part.strip() for part in line.split(","))
    if not re.fullmatch(LEARNER, learner):
        return f"{learner} is no opaque id: use letters, digits, dots, colons, hyphens, never a name or an address."
    try:
        completed_on = dt.date.fromisoformat(day)
    except ValueError:
        return f"{day} is no day of the calendar; write it as year-month-day."
    return RecordCompletion(learner=learner, audience=audience, module=module, completed_on=completed_on)


def _record(workload: Workload, given: list[RecordCompletion], context: Context) -> list[TrainingCompleted]:
    single = len(given) == 1
    problems = [
        structs.replace(problem, field=problem.field if single else f"completions[{number}]")
        for number, one in enumerate(given)
        for problem in _one(workload, one, context)
    ]
    if problems:
        raise Refused(problems)
    new = [*dict.fromkeys(_as_completed(workload, one) for one in given if not _known(workload, one))]
    if not new:
        message = "These completions are on the record already; there is nothing to save."
        raise Refused([Problem(code="no-change", field="", message=message)])
    if problems := list(_too_many(workload, new)):
        raise Refused(problems)
    return [TrainingCompleted(completions=tuple(new))]


def _one(workload: Workload, one: RecordCompletion, context: Context) -> Iterator[Problem]:
    yield from unknown_audiences(workload, [one.audience], "audience")
    yield from not_yet(one.completed_on, "completed_on", context)
    known = workload.training.modules
    if one.module not in known:
        have = f"there are {', '.join(known)}" if known else "there is none yet"
        message = f"{one.module} is no training module here ({have}); say first what has to be learned."
        yield Problem(code="unknown-module", field="module", message=message)


def _as_completed(workload: Workload, one: RecordCompletion) -> Completed:
    return Completed(
        learner=one.learner,
        audience=one.audience,
        module=one.module,
        release=workload.training.modules[one.module].fact.release,
        completed_on=one.completed_on,
    )


def _known(workload: Workload, one: RecordCompletion) -> bool:
    """Whether the record holds this completion, or a later one by the same learner, for the release of now."""
    held = workload.training.held(one.audience, one.module).get(one.learner)
    release = workload.training.modules[one.module].fact.release
    return held is not None and held.fact.release == release and held.fact.completed_on >= one.completed_on


def _too_many(workload: Workload, new: Iterable[Completed]) -> Iterator[Problem]:
    """More learners than an audience has people mean that the number of people is wrong: a share would be, too."""
    joined: dict[tuple[str, str], set[str]] = {}
    for one in new:
        held = workload.training.held(one.audience, one.module)
        joined.setdefault((one.audience, one.module), set(held)).add(one.learner)
    for (audience, module), learners in joined.items():
        people = workload.change.audiences[audience].fact.people
        if len(learners) > people:
            message = (
                f"{audience} has {people} people, and with this {len(learners)} learners completed {module}; "
                "correct the number of people, or drop the learners who left."
            )
            yield Problem(code="more-than-people", field="", message=message)


def drop_learner(workload: Workload, command: DropLearner, _context: Context) -> list[LearnerDropped]:
    """Only who is on the record can be dropped from it."""
    modules = workload.training.completions.get(command.audience, {})
    if not any(command.learner in learners for learners in modules.values()):
        message = f"No completion of {command.learner} in {command.audience} is on the record."
        raise Refused([Problem(code="unknown-learner", field="learner", message=message)])
    return [LearnerDropped(learner=command.learner, audience=command.audience, why=command.why)]


def _module_kept(state: Training, fact: TrainingRequired, stamp: Stamp) -> Training:
    """Since when a module is required: from its first wording for this release, to these audiences."""
    before = state.modules.get(fact.id)
    same = before is not None and (before.fact.release, before.fact.audiences, before.fact.required) == (
        fact.release,
        fact.audiences,
        fact.required,
    )
    return structs.replace(
        state,
        modules={**state.modules, fact.id: Standing(fact=fact, stamp=stamp)},
        required_since=state.required_since if same else {**state.required_since, fact.id: stamp.at},
    )


def _completed(state: Training, fact: TrainingCompleted, stamp: Stamp) -> Training:
    completions = {name: dict(modules) for name, modules in state.completions.items()}
    touched: set[tuple[str, str]] = set()
    for one in fact.completions:
        modules = completions.setdefault(one.audience, {})
        if (one.audience, one.module) not in touched:
            touched.add((one.audience, one.module))
            modules[one.module] = dict(modules.get(one.module, {}))
        modules[one.module][one.learner] = Standing(fact=one, stamp=stamp)
    return structs.replace(state, completions=completions)


def _dropped(state: Training, fact: LearnerDropped, stamp: Stamp) -> Training:
    modules = state.completions.get(fact.audience, {})
    theirs = {module: learners[fact.learner] for module, learners in modules.items() if fact.learner in learners}
    kept = {
        module: {learner: one for learner, one in learners.items() if learner != fact.learner}
        for module, learners in modules.items()
    }
    left = state.left
    if fact.why == "left":
        gone = Left(learner=fact.learner, at=stamp.at, completions=theirs)
        left = {**left, fact.audience: (*left.get(fact.audience, ()), gone)}
    return structs.replace(state, completions={**state.completions, fact.audience: kept}, left=left)


_PLANNERS = frozenset({"owner", "engineer", "operator"})
AREA = Area(
    name="training",
    entries=(
        Entry(command=RequireTraining, fact=TrainingRequired, attribute="modules", key="id", check=_module),
        Entry(command=SayWhatPeopleSee, fact=WhatPeopleSeeSaid, attribute="seen", key="release", check=_known_release),
    ),
    rules={
        RecordCompletion: record_completion,
        RecordCompletions: record_completions,
        DropLearner: drop_learner,
    },
    folds={TrainingRequired: _module_kept, TrainingCompleted: _completed, LearnerDropped: _dropped},
    permitted={
        "require_training": _PLANNERS,
        "say_what_people_see": frozenset({"owner", "engineer"}),
        "record_completion": frozenset({"owner", "operator"}),
        "record_completions": frozenset({"owner", "operator"}),
        "drop_learner": frozenset({"owner", "operator"}),
    },
)
