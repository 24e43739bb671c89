"""What the referral's people say and write: `texts.yaml`, read as the problems, statements and commands it holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec import Struct

from pilotage.demo.cast import CAST, Person, Problem
from pilotage.demo.credit.loans import LABEL
from pilotage.demo.directing import Statements, Words
from pilotage.demo.given import Given
from pilotage.record.areas.costing import cost_owner
from pilotage.record.areas.data import CheckSample
from pilotage.record.commands import COMMANDS
from pilotage.record.workload import Workload

# An act leaves no entry that could be compared with it.
DONE: dict[str, Callable[[Workload], bool]] = {
    "comment": lambda workload: bool(workload.comments),
    "accept_role": lambda workload: cost_owner(workload) is not None,
    "commit_funding": lambda workload: workload.costing.funding is not None,
    "check_sample": lambda workload: "loans" in workload.data.samples,
    "argue_sample": lambda workload: workload.data.argument("loans") is not None,
}
FILE = Path(__file__).with_name("texts.yaml")


class Texts(Struct, frozen=True, kw_only=True):
    """The file's content. `records` holds each gate's commands with who gives them, in order."""

    words: Words
    problems: tuple[Problem, ...]
    statements: dict[str, Statements]
    records: dict[str, tuple[Given, ...]]


def read_texts(sample: Callable[[], bytes]) -> Texts:
    """The file; a reached target needs the records of a missed one too. `sample` gives the rows that are handed in."""
    with FILE.open(encoding="utf-8") as file:
        read: dict[str, Any] = yaml.safe_load(file)
    records = {gate: tuple(_given(entry, sample) for entry in entries) for gate, entries in read["records"].items()}
    return Texts(
        words=msgspec.convert(read["words"], Words),
        problems=tuple(_problem(entry) for entry in read["problems"]),
        statements={
            phase: {criterion: (_person(by), said) for criterion, (by, said) in statements.items()}
            for phase, statements in read["statements"].items()
        },
        records={**records, "evaluate": (*records["no-go"], *records["evaluate"])},
    )


def _person(username: str) -> Person:
    return next(person for person in CAST if person.username == username)


def _problem(entry: dict[str, Any]) -> Problem:
    scores = tuple((_person(username), *score) for username, score in entry["scores"].items())
    return Problem(**{**entry, "scores": scores})


def _given(entry: dict[str, Any], sample: Callable[[], bytes]) -> Given:
    if entry["type"] == "check_sample":

        def command() -> CheckSample:
            return CheckSample(source=entry["source"], sample=sample(), label_column=LABEL)

        return Given(person=_person(entry["by"]), command=command, done=DONE["check_sample"])
    fields = {name: value for name, value in entry.items() if name != "by"}
    written = msgspec.convert(fields, COMMANDS[entry["type"]])
    return Given(person=_person(entry["by"]), command=written, done=DONE.get(entry["type"]))
