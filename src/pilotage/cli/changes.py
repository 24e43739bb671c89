"""From what a file says and what is recorded to the commands that bring one to the other. Pure but for its inputs.

Before the first command is given, all of them are tried on the record's own rules, so that what can be refused
is refused while nothing is written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct

from pilotage.cli.access import Json
from pilotage.cli.failures import Wrong
from pilotage.cli.file_records import entries_of
from pilotage.cli.workload_file import ReadFile
from pilotage.playbook.loading import load
from pilotage.record.areas.listing import stands
from pilotage.record.areas.persons import person_fields, persons_renamed
from pilotage.record.charter import charter_digest
from pilotage.record.commands import Assign, Choose, Command, Propose, ReviseCharter, name_of
from pilotage.record.context import Actor, Context
from pilotage.record.decide import decide
from pilotage.record.errors import Problem, Refused
from pilotage.record.facts import Fact, Recorded
from pilotage.record.fold import fold
from pilotage.record.workload import Workload

PROPOSED = ("title", "problem", "incumbent", "cadence", "lane", "personal_data", "outside_processor")
ARGUMENT_MIN = 3
IMMUTABLE = ("digest", "code_revision", "environment", "model", "parameters", "data_source", "training_examples")


class Change(Struct, frozen=True, kw_only=True):
    """One command to give, what it comes to in words, and the place in the file that asks for it."""

    command: Command
    says: str
    place: str

    @property
    def name(self) -> str:
        """The command's name."""
        return name_of(self.command)

    @property
    def fields(self) -> Json:
        """The command as the interface takes it."""
        plain: Json = msgspec.to_builtins(self.command)
        plain.pop("type")
        return plain


class Known(Struct, frozen=True, kw_only=True):
    """Who there is: persons by the names that a file may use, and everybody's id."""

    by_name: dict[str, str]

    @classmethod
    def of(cls, people: Iterable[Json]) -> Known:
        """From the interface's list of people: an id counts before a username, that before a full name."""
        everybody = list(people)
        found: dict[str, str] = {}
        for key in ("name", "username", "person"):
            found |= {str(one[key]): str(one["person"]) for one in everybody if one.get(key)}
        return cls(by_name=found)

    @property
    def persons(self) -> frozenset[str]:
        """Everybody's id."""
        return frozenset(self.by_name.values())


def changes_of(
    reading: ReadFile, workload: Workload | None, known: Known, *, demonstration: bool
) -> tuple[list[Change], list[Wrong]]:
    """The commands that bring a workload to what its file says, in order, and what keeps it from getting there."""
    changes: list[Change] = []
    wrong: list[Wrong] = []
    if workload is None:
        changes.append(_proposal(reading, demonstration=demonstration))
    else:
        wrong += _moved(reading, workload)
    parts = (
        _assignments(reading, workload, known),
        _argument(reading, workload),
        _charter(reading, workload),
        _releases(reading, workload),
        _records(reading, workload, known),
    )
    for part in parts:
        for found in part:
            if isinstance(found, Change):
                changes.append(found)
            else:
                wrong.append(found)
    return changes, wrong


def _proposal(reading: ReadFile, *, demonstration: bool) -> Change:
    says = reading.says
    fields = {name: getattr(says, name) for name in PROPOSED}
    return Change(
        command=Propose(**fields, demonstration=demonstration), says=f"propose {says.workload}", place="workload"
    )


def _moved(reading: ReadFile, workload: Workload) -> Iterator[Wrong]:
    """What was proposed stays as it was proposed. The lane stays so until the risk is classified, which decides it."""
    for name in PROPOSED:
        if name == "lane" and (workload.risk.classified or reading.says.records.classify_risk):
            continue
        before, after = getattr(workload, name), getattr(reading.says, name)
        if before != after:
            message = f"It was proposed as {_shown(before)} and stays so; write that, or propose another workload."
            yield reading.wrong(name, message, "proposed-otherwise")


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def _assignments(reading: ReadFile, workload: Workload | None, known: Known) -> Iterator[Change | Wrong]:
    held: dict[str, str | None] = {}
    if workload is not None:
        held = {"owner": workload.owner, "sponsor": workload.sponsor}
        held |= {f"reviewer:{area}": person for area, person in workload.reviewers.items()}
    for role, name in reading.says.people.roles.items():
        place = f"people.{role}" if ":" not in role else f"people.reviewers.{role.partition(':')[2]}"
        person = known.by_name.get(name)
        if person is None:
            yield reading.wrong(place, unknown_person(name, known), "unknown-person")
        elif held.get(role) != person:
            yield Change(command=Assign(role=role, person=person), says=f"offer {role} to {name}", place=place)


def _argument(reading: ReadFile, workload: Workload | None) -> Iterator[Change | Wrong]:
    says, stands_ = reading.says.argument, workload.argument if workload else None
    if not says or (stands_ is not None and stands_.text == says):
        return
    if len(says) < ARGUMENT_MIN:
        yield reading.wrong("argument", f"Argue in {ARGUMENT_MIN} characters or more, or leave it out.", "too-short")
        return
    yield Change(command=Choose(argument=says), says="argue the choice", place="argument")


def _charter(reading: ReadFile, workload: Workload | None) -> Iterator[Change | Wrong]:
    says = reading.says
    if says.charter is None:
        if says.team:
            yield reading.wrong("team", "A team belongs to a charter; write the charter too.", "team-without-charter")
        return
    newest = workload.charter_version if workload else None
    if newest and newest.digest == charter_digest(says.charter, says.team):
        return
    base = newest.version if newest else 0
    command = ReviseCharter(base_version=base, charter=says.charter, team=says.team)
    yield Change(command=command, says=f"write charter version {base + 1}", place="charter")


def _releases(reading: ReadFile, workload: Workload | None) -> Iterator[Change | Wrong]:
    registered = workload.releases if workload else {}
    for index, release in enumerate(reading.releases):
        before = registered.get(release.name)
        place = f"releases[{index}]"
        if before is None:
            yield Change(command=release, says=f"register release {release.name}", place=place)
            continue
        differing = [name for name in IMMUTABLE if getattr(before, name) != getattr(release, name)]
        if differing:
            message = (
                f"Release {release.name} is registered with another {', '.join(differing)} and never changes; "
                "give what you have now a name of its own."
            )
            yield reading.wrong(place, message, "release-changed")


def _records(reading: ReadFile, workload: Workload | None, known: Known) -> Iterator[Change | Wrong]:
    for placed in entries_of(reading.says.records):
        unknown = False
        for field in person_fields(type(placed.command)):
            name = getattr(placed.command, field)
            if name is not None and name not in known.by_name and name not in known.persons:
                unknown = True
                yield reading.wrong(f"{placed.place}.{field}", unknown_person(name, known), "unknown-person")
        command = persons_renamed(placed.command, lambda name: known.by_name.get(name, name))
        if not unknown and not stands(workload, command):
            yield Change(command=command, says=f"{name_of(command).replace('_', ' ')}", place=placed.place)


def unknown_person(name: str, known: Known) -> str:
    """The sentence for a name that nobody here has."""
    there = ", ".join(sorted(known.by_name)) or "nobody yet"
    return f"Nobody here is called {name}; known are: {there}. Add people with `pilotage user add`."


def refusals(
    reading: ReadFile, workload: Workload | None, changes: Sequence[Change], context: Context
) -> list[tuple[Change, Wrong]]:
    """What the record would refuse of these commands, each tried on what the ones before it leave."""
    found: list[tuple[Change, Wrong]] = []
    for change in changes:
        held = context.actor.roles | (workload.roles_of(context.actor.person) if workload else frozenset())
        roles = frozenset(role.partition(":")[0] for role in held)
        tried = msgspec.structs.replace(context, actor=Actor(person=context.actor.person, roles=roles))
        try:
            facts = decide(workload, change.command, tried)
        except Refused as error:
            found += [(change, _at(reading, change, problem)) for problem in error.problems]
            if workload is None:
                break
            continue
        workload = fold(reading.says.workload, list(_recorded(facts, workload, context)), workload)
    return found


def _recorded(facts: Iterable[Fact], workload: Workload | None, context: Context) -> Iterator[Recorded]:
    """Facts as if they had been recorded, for the fold alone."""
    position = workload.position if workload else 0
    sequence = workload.sequence if workload else 0
    for step, fact in enumerate(facts, start=1):
        yield Recorded(
            fact=fact,
            position=position + step,
            sequence=sequence + step,
            actor=context.actor.person,
            at=context.now,
        )


def _at(reading: ReadFile, change: Change, problem: Problem) -> Wrong:
    """A refusal at the place in the file that asked for it."""
    inside = problem.field if isinstance(change.command, ReviseCharter | Propose) else ""
    if problem.field and change.place.startswith(("releases[", "records.")):
        inside = f"{change.place}.{problem.field}"
    return reading.wrong(inside or change.place, problem.message, problem.code)


def context_of(me: Json, known: Known, cadence: str, now: dt.datetime, *, demonstration: bool) -> Context:
    """What the record's rules may look at, as far as it can be known from here."""
    return Context(
        actor=Actor(person=me["person"], roles=frozenset(me["roles"])),
        now=now,
        playbook=load(cadence),
        people=known.persons,
        demonstration_workspace=demonstration,
    )
