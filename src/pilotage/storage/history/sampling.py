"""What a sample of data holds, read off the file itself: its size, gaps, repeated rows, labels and age.

Nothing of it is kept but figures, the names of the columns, and those of the most frequent labels.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pilotage.record.areas.data import CLASSES_MAX, ColumnSeen, LabelsSeen, SampleFigures, TimesSeen
from pilotage.storage.history.columns import Layout, head_of, missing, repeated
from pilotage.storage.history.errors import HistoryInvalid, HistoryWrong
from pilotage.storage.history.loading import as_text, csv_source, engine_of, one, rejected, unreadable
from pilotage.storage.history.naming import bad_rows, moment

if TYPE_CHECKING:
    import duckdb

COLUMNS_MAX = 200
ROWS_MAX = 1_000_000
# What spreadsheets, R, Python and databases write where there is no value.
NOTHING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null")
NAME_CHARACTERS = 80


def figures_of(path: Path, *, label: str = "", time: str = "") -> SampleFigures:
    """What the CSV or Parquet file of a sample holds. `label` and `time` name the columns of labels and times.

    Raises `HistoryInvalid` with everything that keeps it from being read.
    """
    layout = _layout(path, label=label, time=time)
    with engine_of() as engine:
        _load(engine, path, layout)
        rows = int(one(engine, "SELECT count(*) FROM sample"))
        if not rows:
            raise HistoryInvalid([HistoryWrong(code="empty-file", message="There is no row below the first line.")])
        place = {name: f"c{i}" for i, name in enumerate(layout.names)}
        by_label, names = _by_label(engine, label, place[label]) if label else (None, ())
        return SampleFigures(
            digest=_digest(path),
            size_bytes=path.stat().st_size,
            kind="csv" if layout.separator else "parquet",
            rows=rows,
            repeated=rows - int(one(engine, "SELECT count(*) FROM (SELECT DISTINCT * FROM sample)")),
            columns=_columns(engine, layout),
            by_label=by_label,
            times=_times(engine, time, place[time]) if time else None,
            names=names,
        )


def _layout(path: Path, *, label: str, time: str) -> Layout:
    names, separator = head_of(path)
    wrong = [*repeated(names)]
    if not any(names):
        message = "The first line names no column; begin the file with the columns' names."
        raise HistoryInvalid([HistoryWrong(code="empty-file", message=message)])
    if len(names) > COLUMNS_MAX:
        message = f"The sample has {len(names):,} columns; {COLUMNS_MAX} are looked at. Leave out what is not used."
        wrong.append(HistoryWrong(code="too-many-columns", message=message))
    asked = (("label", label), ("time", time))
    wrong += [missing(role, name, names, taken=set()) for role, name in asked if name and name not in names]
    if not separator and not wrong:
        wrong += _too_many_rows(_parquet_rows(path))
    if wrong:
        raise HistoryInvalid(wrong)
    return Layout(names=names, separator=separator, roles={}, by=())


def _parquet_rows(path: Path) -> int:
    import pyarrow.parquet as pq  # noqa: PLC0415 - only a Parquet file needs it

    return int(pq.read_metadata(path).num_rows)


def _too_many_rows(rows: int) -> Iterator[HistoryWrong]:
    """Parquet is packed so closely that a small file may hold more than anybody would call a sample."""
    if rows > ROWS_MAX:
        message = f"The sample has {rows:,} rows; take at most {ROWS_MAX:,} of them, such as the newest."
        yield HistoryWrong(code="too-many-rows", message=message)


def _load(engine: duckdb.DuckDBPyConnection, path: Path, layout: Layout) -> None:
    """Every column as text in the table `sample`; what says `NOTHING` is nothing. Raises `HistoryInvalid`."""
    import duckdb  # noqa: PLC0415 - see `engine_of`

    names = {name: f"c{i}" for i, name in enumerate(layout.names)}
    try:
        if layout.separator:
            source, given = csv_source(path, layout, names)
            texts = {place: place for place in names.values()}
        else:
            source, given = "read_parquet($path)", {"path": str(path)}
            texts = {place: as_text(engine, path, name) for name, place in names.items()}
        chosen = [f"CASE WHEN trim({text}) IN {NOTHING} THEN NULL ELSE {text} END AS {p}" for p, text in texts.items()]
        # The parts are our own names; the file's are only ever quoted identifiers.
        engine.execute(f"CREATE TABLE sample AS SELECT {', '.join(chosen)} FROM {source}", given)  # noqa: S608 - our own names
        refused = rejected(engine) if layout.separator else ()
    except duckdb.Error as error:
        raise unreadable(path, layout, None, str(error)) from error
    if refused:
        found, more = bad_rows(path, layout, None)
        raise HistoryInvalid(found or refused, more=more)


def _columns(engine: duckdb.DuckDBPyConnection, layout: Layout) -> tuple[ColumnSeen, ...]:
    gaps = ", ".join(f"count(*) FILTER (c{i} IS NULL)" for i in range(len(layout.names)))
    found = engine.execute(f"SELECT {gaps} FROM sample").fetchone() or ()  # noqa: S608 - our own names
    return tuple(
        ColumnSeen(name=name[:NAME_CHARACTERS], missing=int(gap)) for name, gap in zip(layout.names, found, strict=True)
    )


def _by_label(engine: duckdb.DuckDBPyConnection, column: str, place: str) -> tuple[LabelsSeen, tuple[str, ...]]:
    """How often each label stands there, the most frequent first, and what those are called."""
    counted = engine.execute(
        f"SELECT {place}, count(*) AS n FROM sample WHERE {place} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1"  # noqa: S608 - our own names
    ).fetchall()
    shown = counted[:CLASSES_MAX]
    seen = LabelsSeen(
        column=column[:NAME_CHARACTERS],
        labelled=sum(int(n) for _, n in counted),
        kinds=len(counted),
        counts=tuple(int(n) for _, n in shown),
        rarest=int(counted[-1][1]) if counted else 0,
    )
    return seen, tuple(" ".join(str(name).split())[:NAME_CHARACTERS] for name, _ in shown)


def _times(engine: duckdb.DuckDBPyConnection, column: str, place: str) -> TimesSeen:
    """The times that can be read; one without a zone counts as UTC."""
    counted = engine.execute(
        f"SELECT {place}, count(*) FROM sample WHERE {place} IS NOT NULL GROUP BY 1"  # noqa: S608 - our own names
    ).fetchall()
    dated = [(at, int(n)) for text, n in counted if (at := _moment(text)) is not None]
    moments = [at for at, _ in dated]
    return TimesSeen(
        column=column[:NAME_CHARACTERS],
        dated=sum(n for _, n in dated),
        oldest=min(moments).isoformat() if moments else "",
        newest=max(moments).isoformat() if moments else "",
    )


def _moment(text: str) -> dt.datetime | None:
    at = moment(text)
    if at is None:
        return None
    try:
        return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    except OverflowError:
        return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
