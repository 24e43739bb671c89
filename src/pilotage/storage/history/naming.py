"""The slow way through a file, taken only when something is wrong with it: it names the line of every bad row."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

from pilotage.storage.history.columns import Layout
from pilotage.storage.history.errors import HistoryWrong

FIELD_CHARACTERS_MAX = 16_000_000
NAMED_MAX = 20
Cells = dict[str, str | None]
IsNumber = Callable[[str], bool]


def moment(text: str) -> dt.datetime | None:
    """A time as ISO 8601 writes it; None for anything else."""
    try:
        return dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def bad_rows(path: Path, layout: Layout, is_number: IsNumber | None) -> tuple[tuple[HistoryWrong, ...], int]:
    """The first bad rows of a CSV file by their lines, and how many there are beyond those."""
    found: list[HistoryWrong] = []
    number = 0
    for number, wrong in enumerate(_wrong(path, layout, is_number), start=1):
        if number <= NAMED_MAX:
            found.append(wrong)
    return tuple(found), max(number - NAMED_MAX, 0)


def _wrong(path: Path, layout: Layout, is_number: IsNumber | None) -> Iterator[HistoryWrong]:
    csv.field_size_limit(FIELD_CHARACTERS_MAX)
    with path.open(encoding="utf-8-sig", newline="") as text:
        table = csv.reader(text, delimiter=layout.separator, strict=True)
        try:
            next(table, None)
            for cells in table:
                if not cells:
                    continue
                for column, message in _faults(cells, layout, is_number):
                    yield HistoryWrong(code="bad-row", column=column, message=message, line=table.line_num)
        except csv.Error as error:
            yield HistoryWrong(code="not-csv", message=f"This is not CSV: {error}.", line=table.line_num)
        except UnicodeDecodeError:
            message = "What follows is not text in UTF-8; save the file as UTF-8."
            yield HistoryWrong(code="not-utf-8", message=message, line=table.line_num + 1)


def _faults(cells: list[str], layout: Layout, is_number: IsNumber | None) -> Iterator[tuple[str, str]]:
    if len(cells) != len(layout.names):
        fields = f"{len(cells)} field" + ("" if len(cells) == 1 else "s")
        yield "", f"This row has {fields} where the first line has {len(layout.names)}; quote values that hold commas."
        return
    yield from cell_faults(dict(zip(layout.names, cells, strict=True)), layout, is_number)


def cell_faults(cells: Cells, layout: Layout, is_number: IsNumber | None) -> Iterator[tuple[str, str]]:
    """What is wrong with the cells that are read, by column."""
    time = layout.roles.get("time")
    if time and (text := cells[time]) and moment(text) is None:
        yield time, f"{_short(text)} is no time; write one like 2026-03-31T14:05:00+02:00."
    if is_number is None:
        return
    for role in ("incumbent", "candidate"):
        text = cells[layout.roles[role]]
        if text and not is_number(text):
            yield layout.roles[role], f"{_short(text)} is no number."


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")  # noqa: PLR2004 - enough to find it again
