"""What the referral's people write on the record: `records.yaml`, read as the commands that it names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from pilotage.demo.cast import CAST
from pilotage.demo.given import Given
from pilotage.record.commands import COMMANDS
from pilotage.record.workload import Workload

DONE: dict[str, Callable[[Workload], bool]] = {"commit_funding": lambda workload: workload.costing.funding is not None}
FILE = Path(__file__).with_name("records.yaml")


def read_records() -> dict[str, tuple[Given, ...]]:
    """Each gate's commands with who gives them, in the order of the file; a reached target needs those of a missed one
    too.
    """
    with FILE.open(encoding="utf-8") as file:
        gates: dict[str, list[dict[str, Any]]] = yaml.safe_load(file)
    read = {gate: tuple(_given(entry) for entry in entries) for gate, entries in gates.items()}
    return {**read, "evaluate": (*read["no-go"], *read["evaluate"])}


def _given(entry: dict[str, Any]) -> Given:
    person = next(person for person in CAST if person.username == entry["by"])
    fields = {name: value for name, value in entry.items() if name != "by"}
    command = msgspec.convert(fields, COMMANDS[entry["type"]])
    return Given(person=person, command=command, done=DONE.get(entry["type"]))
