"""`pilotage training import`: who completed which training, from a file, checked whole and taken once."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from pilotage.cli.access import Json
from pilotage.cli.failures import CliError, InvalidFile, Wrong, counted
from pilotage.cli.files import text_of
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.record.areas.training import BATCH_MAX, LEARNER
from pilotage.workflow.errors import UnknownWorkload

if TYPE_CHECKING:
    from pilotage.cli.screen import Screen

COLUMNS = ("learner", "audience", "module", "completed_on")
Row = tuple[str, str, str, str]


class CompletionsImported(Struct, frozen=True, kw_only=True):
    """What an import came to."""

    workload: str
    rows: int
    recorded: int
    known: int


@click.group("training")
def training() -> None:
    """Bring in who completed which training."""


@command("import")
@click.argument("workload")
@click.argument("file", type=click.Path(path_type=Path))
def import_(run: Invocation, *, workload: str, file: Path) -> Answer:
    """Record completions of a WORKLOAD's training from a CSV FILE: learner, audience, module, completed_on.

    A learner is an opaque id, never a name or an address; days are year-month-day. One bad row keeps the whole file
    out. Importing the same rows again changes nothing.
    """
    rows = read_completions(file)
    record = run.access.record(workload)
    if record is None:
        raise UnknownWorkload(workload)
    new = [row for row in dict.fromkeys(rows) if not _known(record["training"], row)]
    for start in range(0, len(new), BATCH_MAX):
        lines = [", ".join(row) for row in new[start : start + BATCH_MAX]]
        run.access.give(workload, "record_completions", {"completions": lines})
    imported = CompletionsImported(workload=workload, rows=len(rows), recorded=len(new), known=len(rows) - len(new))

    def draw(screen: Screen) -> None:
        screen.line(f"{workload}: {counted(len(new), 'completion')} recorded, {imported.known:,} known before.", "good")

    run.screen.answer(imported, draw)
    return None


training.add_command(import_)


def _known(state: Json, row: Row) -> bool:
    """Whether the record holds this completion or a later one, for the release that its module is about now."""
    learner, audience, module, day = row
    held = state["completions"].get(audience, {}).get(module, {}).get(learner)
    if held is None:
        return False
    release = state["modules"][module]["fact"]["release"]
    return bool(held["fact"]["release"] == release and held["fact"]["completed_on"] >= day)


def read_completions(file: Path) -> list[Row]:
    """The completions of a file. Raises `InvalidFile` with every row that cannot be taken."""
    rows = csv.DictReader(io.StringIO(text_of(file)), strict=True)
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        there = ", ".join(rows.fieldnames or ()) or "nothing"
        raise CliError(
            "columns",
            f"{file} lacks the columns {', '.join(missing)}; its first line has {there}. Needed: {', '.join(COLUMNS)}.",
        )
    found: list[Row] = []
    bad: list[Wrong] = []
    try:
        for row in rows:
            problems = [Wrong(field=f, message=m, line=rows.line_num, code="bad-row") for f, m in _faults(row)]
            bad += problems
            if not problems:
                found.append((row["learner"].strip(), row["audience"].strip(), row["module"].strip(), _day(row)))
    except csv.Error as error:
        raise InvalidFile(file, [Wrong(message=f"This is not CSV: {error}.", line=rows.line_num)]) from error
    if bad:
        raise InvalidFile(file, bad)
    if not found:
        raise CliError("no-rows", f"{file} holds no completion; add a row for each below its first line.")
    return found


def _day(row: dict[str, str]) -> str:
    return dt.date.fromisoformat(row["completed_on"].strip()).isoformat()


def _faults(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    if None in row or any(row.get(column) is None for column in COLUMNS):
        yield "", "This row has more or fewer fields than the first line; quote values that hold commas."
        return
    if re.fullmatch(LEARNER, row["learner"].strip()) is None:
        message = f"{row['learner']!r} is no opaque id: letters, digits, dots, colons, hyphens; no name, no address."
        yield "learner", message
    for column in ("audience", "module"):
        if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", row[column].strip()) is None:
            yield column, f"{row[column]!r} is no short name: lower-case letters, digits and hyphens."
    try:
        _day(row)
    except ValueError:
        yield "completed_on", f"{row['completed_on']!r} is no day; write one like 2026-03-31."
