"""`pilotage outcome import`: what was learned about calls later, from a file."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from msgspec import Struct

from pilotage.cli.access import Json
from pilotage.cli.failures import CliError, InvalidFile, Wrong, counted
from pilotage.cli.files import text_of
from pilotage.cli.invocation import Answer, Invocation, command
from pilotage.runtime.identity import replayed_outcome_id
from pilotage.runtime.learned import BASES
from pilotage.workflow.errors import UnknownWorkload

if TYPE_CHECKING:
    from pilotage.cli.screen import Screen

COLUMNS = ("call_id", "name", "value", "at")
BASIS_COLUMN = "basis"
BATCH = 5_000
SHOWN_MAX = 50
_CALL_ID = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_NO_NUMBERS = frozenset({"nan", "inf", "infinity"})
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Imported(Struct, frozen=True, kw_only=True):
    """What an import came to."""

    workload: str
    rows: int
    accepted: int
    duplicates: int
    skipped: tuple[Wrong, ...]


@click.group("outcome")
def outcome() -> None:
    """Bring in what was learned about calls later."""


@command("import")
@click.argument("workload")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--skip-bad", is_flag=True, help="Leave bad rows out and take the others; nothing is taken otherwise.")
@click.option("--reporter", default="import", show_default=True, help="Where the outcomes come from.")
def import_(run: Invocation, *, workload: str, file: Path, skip_bad: bool, reporter: str) -> Answer:
    """Take outcomes for a WORKLOAD's calls from a CSV FILE with the columns call_id, name, value, at.

    A column basis may say where each is known from: independent (from the world, or from somebody who saw neither
    answer), after_suggestion (from somebody who saw the candidate's answer first), candidate or incumbent (that arm's
    own answer, which counts for no metric); an empty cell says nothing.

    A value is read as JSON where it is JSON (3.5, true, "text"), else as text. Times are ISO 8601 with their zone.
    Importing the same rows again changes nothing.
    """
    found, bad = read_outcomes(file, reporter)
    if bad and not skip_bad:
        raise InvalidFile(file, _few(bad))
    if run.access.record(workload) is None:
        raise UnknownWorkload(workload)
    accepted = duplicates = 0
    with _progress(run, len(found)) as advance:
        for start in range(0, len(found), BATCH):
            batch = found[start : start + BATCH]
            taken = run.access.take_outcomes(workload, batch)
            accepted, duplicates = accepted + taken["accepted"], duplicates + taken["duplicates"]
            advance(len(batch))
    rows = len(found) + len(bad)
    imported = Imported(workload=workload, rows=rows, accepted=accepted, duplicates=duplicates, skipped=tuple(bad))

    def draw(screen: Screen) -> None:
        for problem in _few(bad):
            screen.remark(f"skipped: {problem}")
        screen.line(
            f"{workload}: {counted(accepted, 'outcome')} taken in, {duplicates:,} known before, "
            f"{counted(len(bad), 'row')} skipped.",
            "good",
        )

    run.screen.answer(imported, draw)
    return None


outcome.add_command(import_)


@contextmanager
def _progress(run: Invocation, length: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal's standard error, and nothing elsewhere."""
    shown = sys.stderr if run.screen.is_terminal and sys.stderr.isatty() else io.StringIO()
    with click.progressbar(length=length, label="Importing", file=shown) as bar:
        yield bar.update


def _few(bad: list[Wrong]) -> list[Wrong]:
    """The problems, but not ten thousand of them."""
    left = len(bad) - SHOWN_MAX
    more = [Wrong(message=f"and {counted(left, 'more row')} like these.")] if left > 0 else []
    return bad[:SHOWN_MAX] + more


def read_outcomes(file: Path, reporter: str) -> tuple[list[Json], list[Wrong]]:
    """The outcomes of a file as the interface takes them, and every row that cannot be taken."""
    rows = csv.DictReader(io.StringIO(text_of(file)), strict=True)
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        there = ", ".join(rows.fieldnames or ()) or "nothing"
        raise CliError(
            "columns",
            f"{file} lacks the columns {', '.join(missing)}; its first line has {there}. Needed: {', '.join(COLUMNS)}.",
        )
    found: list[Json] = []
    bad: list[Wrong] = []
    values: dict[str, str] = {}
    try:
        for row in rows:
            problems = [Wrong(field=f, message=m, line=rows.line_num, code="bad-row") for f, m in _faults(row)]
            if not problems:
                made = _outcome(row, reporter)
                if values.setdefault(made["outcome_id"], made["value"]) == made["value"]:
                    found.append(made)
                    continue
                message = "This call has another value of that name at the same moment; keep one row."
                problems = [Wrong(field="value", message=message, line=rows.line_num, code="bad-row")]
            bad += problems
    except csv.Error as error:
        raise InvalidFile(file, [Wrong(message=f"This is not CSV: {error}.", line=rows.line_num)]) from error
    return found, bad


def _faults(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    if None in row or any(row.get(column) is None for column in COLUMNS):
        yield "", "This row has more or fewer fields than the first line; quote values that hold commas."
        return
    if _CALL_ID.fullmatch(row["call_id"].strip()) is None:
        yield "call_id", f"{row['call_id']!r} is no call id: 32 hexadecimal digits, as answer.call_id gives them."
    if _NAME.fullmatch(row["name"].strip()) is None:
        yield "name", f"{row['name']!r} is no name: a letter or _, then letters, digits, _ . -, 64 at most."
    if row["value"] == "":
        yield "value", "The value is empty; leave the row out, or write null."
    if row["value"].strip().lstrip("+-").lower() in _NO_NUMBERS:
        yield "value", f"{row['value']!r} is no finite number; leave the row out, or write null."
    basis = (row.get(BASIS_COLUMN) or "").strip()
    if basis and basis not in BASES:
        yield BASIS_COLUMN, f"{basis!r} is no basis; write {', '.join(BASES[:-1])} or {BASES[-1]}, or leave it empty."
    if _moment(row["at"]) is None:
        yield "at", f"{row['at']!r} is no time with its zone; write one like 2026-03-31T14:05:00+02:00."


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and moment >= EPOCH else None


def _outcome(row: dict[str, str], reporter: str) -> Json:
    moment = _moment(row["at"])
    if moment is None:
        raise ValueError(row["at"])
    at_us = (moment - EPOCH) // dt.timedelta(microseconds=1)
    call_id, name = row["call_id"].strip(), row["name"].strip()
    return {
        "outcome_id": replayed_outcome_id(call_id, name, at_us),
        "call_id": call_id,
        "name": name,
        "value": json_text(row["value"]),
        "at_us": at_us,
        "kind": "outcome",
        "reporter": reporter,
        "basis": (row.get(BASIS_COLUMN) or "").strip(),
    }


def json_text(value: str) -> str:
    """A cell as JSON text: as it is when it is JSON, else as a string."""
    try:
        msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return msgspec.json.encode(value).decode()
    return value.strip()
