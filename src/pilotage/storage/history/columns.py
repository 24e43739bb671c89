"""Which columns of a history's file mean what, and what to try where one is missing."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from msgspec import Struct

from pilotage.evidence.history import needs_label, number_column
from pilotage.playbook.metrics import Metric
from pilotage.storage.history.errors import HistoryInvalid, HistoryWrong

PARQUET = b"PAR1"
SEPARATORS = ",;\t|"
HEAD_BYTES = 1_000_000
LIKELY = {
    "incumbent": ("human", "person", "agent", "rules", "rule", "baseline", "current", "old", "legacy", "actual_answer"),
    "candidate": ("model", "ai", "llm", "prediction", "predicted", "pred", "new", "answer", "output"),
    "label": ("truth", "ground_truth", "gold", "target", "correct", "actual", "y_true", "outcome"),
    "time": ("timestamp", "date", "datetime", "at", "created_at", "created", "ts"),
    "unit": ("customer", "customer_id", "user", "user_id", "account", "account_id", "id", "unit_id"),
}


class Columns(Struct, frozen=True, kw_only=True):
    """What each column is called in the file. `by` are columns to compare within. None: the usual name, if it is there
    (`incumbent`, `candidate`, `label`, `time`, `unit`; `incumbent_minutes` and so on for a metric of numbers).
    """

    incumbent: str | None = None
    candidate: str | None = None
    label: str | None = None
    time: str | None = None
    unit: str | None = None
    by: tuple[str, ...] = ()


class Layout(Struct, frozen=True, kw_only=True):
    """How a file is read: its columns in order, what separates them (empty in Parquet), and the column of each role."""

    names: tuple[str, ...]
    separator: str
    roles: dict[str, str]
    by: tuple[str, ...]


def layout_of(path: Path, metric: Metric, columns: Columns) -> Layout:
    """Which column plays which role. Raises `HistoryInvalid` naming every column that is missing, with guesses."""
    names, separator = head_of(path)
    wrong = [*repeated(names)]
    roles: dict[str, str] = {}
    for role, usual, needed in _roles(metric):
        asked: str | None = getattr(columns, role)
        name = asked or usual
        if name in names:
            roles[role] = name
        elif needed or asked:
            wrong.append(missing(role, name, names, taken={*roles.values()}))
    wrong += [missing("by", name, names, taken=set()) for name in columns.by if name not in names]
    if wrong:
        raise HistoryInvalid(wrong)
    return Layout(names=names, separator=separator, roles=roles, by=tuple(dict.fromkeys(columns.by)))


def repeated(names: Sequence[str]) -> Iterator[HistoryWrong]:
    """The names that more than one column has."""
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield HistoryWrong(code="column-twice", column=name, message=f"Two columns are called {name}; rename one.")


def _roles(metric: Metric) -> Iterator[tuple[str, str, bool]]:
    """Each role with the usual name of its column, and whether it has to be there."""
    number = number_column(metric)
    after = f"_{number}" if number else ""
    yield "incumbent", f"incumbent{after}", True
    yield "candidate", f"candidate{after}", True
    yield "label", "label", needs_label(metric)
    yield "time", "time", False
    yield "unit", "unit", False


def missing(role: str, name: str, names: Sequence[str], *, taken: set[str]) -> HistoryWrong:
    """That a column is not there, with the likeliest one that is."""
    free = {other.casefold(): other for other in names if other not in taken}
    likely = [free[word] for word in LIKELY.get(role, ()) if word in free]
    close = [free[word] for word in get_close_matches(name.casefold(), free, n=2, cutoff=0.7)]
    there = ", ".join(names) or "nothing"
    message = f"There is no column {name}; the file has {there}."
    return HistoryWrong(code="columns", column=role, message=message, guess=next(iter([*close, *likely]), ""))


def head_of(path: Path) -> tuple[tuple[str, ...], str]:
    """The names of the columns, and what separates them; empty for Parquet. Raises `HistoryInvalid`."""
    with path.open("rb") as file:
        start = file.read(len(PARQUET))
    if start == PARQUET:
        return _parquet_names(path), ""
    if start[:2] in {b"\xff\xfe", b"\xfe\xff"} or start == b"PK\x03\x04":
        kind = "a spreadsheet or an archive" if start[:2] == b"PK" else "text in UTF-16"
        raise HistoryInvalid([HistoryWrong(code="not-csv", message=f"This is {kind}; save it as CSV in UTF-8.")])
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            first = text.readline(HEAD_BYTES)
    except UnicodeDecodeError as error:
        raise HistoryInvalid(
            [HistoryWrong(code="not-utf-8", message="This is not text in UTF-8; save it as UTF-8.")]
        ) from error
    separator = max(SEPARATORS, key=first.count) if any(map(first.count, SEPARATORS)) else ","
    try:
        names = next(csv.reader([first], delimiter=separator, strict=True), [])
    except csv.Error as error:
        raise HistoryInvalid([HistoryWrong(code="not-csv", line=1, message=f"This is not CSV: {error}.")]) from error
    return tuple(name.strip() for name in names), separator


def _parquet_names(path: Path) -> tuple[str, ...]:
    import pyarrow as pa  # noqa: PLC0415 - only a Parquet file needs it
    import pyarrow.parquet as pq  # noqa: PLC0415 - only a Parquet file needs it

    try:
        names: list[str] = pq.read_schema(path).names
    except (OSError, pa.ArrowException) as error:
        raise HistoryInvalid(
            [HistoryWrong(code="not-parquet", message=f"This Parquet file is broken: {error}.")]
        ) from error
    return tuple(names)
