"""How far people are trained for the release that runs, and who may be exposed to it. Pure.

Strictly, what holds now has to hold now: that decides who may be exposed. Whoever is exposed already keeps the answers
for the days of grace when people join or leave, when a completion grows old, or when training is added.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from pilotage.record.areas.change import AudienceNamed
from pilotage.record.areas.training import Completed, TrainingRequired
from pilotage.record.stamps import Standing

if TYPE_CHECKING:
    from pilotage.playbook.types import Playbook
    from pilotage.record.workload import Workload

CRITERION = "deploy.training"
ROUNDING = 1e-9
Held = dict[str, Standing[Completed]]


class TrainingRules(Struct, frozen=True, kw_only=True):
    """What share of an audience has to be trained, how many days a completion counts, and the days of grace."""

    share_min: float = 0.9
    valid_days: int = 365
    grace_days: int = 14


class Prepared(Struct, frozen=True, kw_only=True):
    """How far one audience is trained for the release that runs.

    `trained` of its people completed every required module, `needed` have to. `lacking` says what is missing, and is
    empty when it is ready; `holds_until` is when completions grow so old that it will not be any more.
    """

    audience: AudienceNamed
    modules: tuple[str, ...] = ()
    trained: int = 0
    needed: int
    lacking: str = ""
    holds_until: dt.datetime | None = None

    @property
    def share(self) -> float:
        """The share of its people who are trained."""
        return self.trained / self.audience.people

    @property
    def is_ready(self) -> bool:
        """Whether its people may meet the candidate."""
        return not self.lacking


def rules_of(playbook: Playbook) -> TrainingRules:
    """What a playbook asks of training; the usual where it says nothing."""
    usual = TrainingRules()
    try:
        criterion = playbook.criterion(CRITERION)
    except KeyError:
        return usual
    return TrainingRules(
        share_min=float(criterion.params.get("share_min", usual.share_min)),
        valid_days=usual.valid_days if criterion.valid_days is None else criterion.valid_days,
        grace_days=criterion.grace_days,
    )


def required(workload: Workload) -> tuple[TrainingRequired, ...] | str:
    """The modules that the running release asks for, or why nobody can say.

    They are those of the newest release up to it that has any. A release without a module of its own takes over what
    the one before asked for only once it was said that it changes nothing that people see.
    """
    running = workload.release
    if running is None:
        return "No candidate release is registered, so nobody can be trained for it."
    names = list(workload.releases)
    modules = [one.fact for one in workload.training.modules.values() if one.fact.required]
    for name in reversed(names[: names.index(running.name) + 1]):
        found = tuple(module for module in modules if module.release == name)
        if found:
            return found
        said = workload.training.seen.get(name)
        if said is not None and said.fact.changes:
            return f"Release {name} changes what people see, and no training is required for it yet."
        if name == names[0]:
            break
        if said is None:
            return f"Release {name} has no training, and nobody said whether it changes what people see."
    return f"No training is required for release {running.name} yet."


def prepared(workload: Workload, rules: TrainingRules, now: dt.datetime) -> tuple[Prepared, ...]:
    """How far each audience that sees answers is trained, in the order in which they were named."""
    return tuple(_strictly(workload, one, rules, now) for one in workload.change.present.values() if one.sees_answers)


def cohorts_of(workload: Workload) -> tuple[str, ...]:
    """The cohorts that audiences are exposed as."""
    named = (audience.cohort for audience in workload.change.present.values() if audience.sees_answers)
    return tuple(dict.fromkeys(cohort for cohort in named if cohort))


def untrained(
    workload: Workload,
    cohorts: Iterable[str],
    rules: TrainingRules,
    now: dt.datetime,
    *,
    exposed_since: dt.datetime | None = None,
) -> tuple[str, ...]:
    """Why these cohorts, or everybody where none is named, may not be exposed; empty when they may.

    `exposed_since` says since when they are exposed already: then the days of grace bear with what came up since.
    """
    seeing = [audience for audience in workload.change.present.values() if audience.sees_answers]
    if not seeing:
        return ("No audience that sees the answers is named, so nobody is known to be trained.",)
    wanted = tuple(cohorts)
    reasons = [
        f"No audience is exposed as cohort {cohort}; name who is in it."
        for cohort in wanted
        if not any(audience.cohort == cohort for audience in seeing)
    ]
    concerned = [audience for audience in seeing if not wanted or audience.cohort in wanted]
    for audience in concerned:
        found = _strictly(workload, audience, rules, now)
        if found.lacking and not (exposed_since and _borne(workload, found, rules, now, exposed_since)):
            reasons.append(found.lacking)
    return tuple(dict.fromkeys(reasons))


def _needed(people: int, rules: TrainingRules) -> int:
    return max(1, math.ceil(rules.share_min * people - ROUNDING))


def _strictly(workload: Workload, audience: AudienceNamed, rules: TrainingRules, now: dt.datetime) -> Prepared:
    needed = _needed(audience.people, rules)
    found = required(workload)
    if isinstance(found, str):
        return Prepared(audience=audience, needed=needed, lacking=found)
    asked = [module for module in found if not module.audiences or audience.id in module.audiences]
    if not asked:
        return Prepared(audience=audience, needed=needed, lacking=f"No training is required of {audience.title} yet.")
    held = [_counting(module, workload.training.held(audience.id, module.id), rules, now) for module in asked]
    ends = sorted(min(ends[learner] for ends in held) for learner in set(held[0]).intersection(*held))
    trained, titles = len(ends), ", ".join(module.title for module in asked)
    short = f"{audience.title}: {trained} of {audience.people} people completed {titles}; {needed} are needed."
    return Prepared(
        audience=audience,
        modules=tuple(module.id for module in asked),
        trained=trained,
        needed=needed,
        lacking=short if trained < needed else "",
        holds_until=None if trained < needed else _midnight(ends[trained - needed]),
    )


def _borne(
    workload: Workload, found: Prepared, rules: TrainingRules, now: dt.datetime, exposed_since: dt.datetime
) -> bool:
    """Whether the days of grace bear with what an audience lacks.

    They leave out an audience and training that came up since, take the fewest people since, and count those who left
    and what grew old since. What lacked when the answers were first shown is not borne with.
    """
    training, name, grown_old = workload.training, found.audience.id, now - dt.timedelta(days=rules.grace_days)
    since = max(grown_old, exposed_since)
    wordings = (*workload.change.earlier_audiences.get(name, ()), workload.change.audiences[name])
    if wordings[0].stamp.at > since:
        return True
    asked = [training.modules[module].fact for module in found.modules]
    still_asked = [module for module in asked if training.required_since[module.id] <= since]
    if not still_asked:
        return bool(asked)
    left = [one for one in training.left.get(name, ()) if one.at > since]
    held = []
    for module in still_asked:
        gone = {one.learner: one.completions[module.id] for one in left if module.id in one.completions}
        held.append(_counting(module, {**gone, **training.held(name, module.id)}, rules, grown_old))
    in_force = [one for one, after in itertools.pairwise(wordings) if after.stamp.at > since]
    fewest = min(one.fact.people for one in (*in_force, wordings[-1]))
    return len(set(held[0]).intersection(*held)) >= _needed(fewest, rules)


def _counting(module: TrainingRequired, held: Held, rules: TrainingRules, now: dt.datetime) -> dict[str, dt.date]:
    """Until which day each learner's completion counts, of those that count now. One for another release never does."""
    days = dt.timedelta(days=rules.valid_days if module.valid_days is None else module.valid_days)
    ends = {
        learner: one.fact.completed_on + days for learner, one in held.items() if one.fact.release == module.release
    }
    return {learner: end for learner, end in ends.items() if now.date() < end}


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
