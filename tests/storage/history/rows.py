"""The plain way to read a history: Python's own CSV reader, row by row. What the engine is measured against."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

from pilotage.evidence.history import HistoryRow


def write_csv(path: Path, names: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    """A CSV file of these rows."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(names)
        table.writerows(rows)
    return path


def plain_rows(path: Path, by: Sequence[str] = (), number: str = "") -> Iterator[HistoryRow]:
    """The rows of a CSV file; under a metric of numbers, `number` is what follows each arm's column name."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        for cells in csv.DictReader(file, strict=True):
            at = cells.get("time") or ""
            yield HistoryRow(
                incumbent=cells[f"incumbent{number}"] or None,
                candidate=cells[f"candidate{number}"] or None,
                label=cells.get("label") or None,
                at=dt.datetime.fromisoformat(at) if at else None,
                unit=cells.get("unit") or None,
                values={name: cells[name] or "(none)" for name in by},
            )
