"""Drift between two files of rows, Parquet or CSV, counted by one DuckDB statement: no row enters Python.

Whole numbers of a moderate range, and all numbers of up to 10,000 rows, are compared by their exact values; others on
the grid of the reference. Decimals are numbers like any other, and so are dates and times, as seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import duckdb
import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from pilotage.evidence.drift import FieldDrift, compare
from pilotage.evidence.profiles import (
    ABOVE,
    BELOW,
    CELLS_PER_BIN,
    GRID_CELLS,
    FieldBins,
    Points,
    Profile,
    bins_of_categories,
    bins_of_numbers,
    with_cells,
)
from pilotage.storage.errors import StorageRefused

EXACT_ROWS_MAX = 10_000
RANGE_MAX = 65_536
SAMPLE_ROWS = 20_000
WORDS_SHARE_MAX = 0.5
_WHOLE = frozenset(
    "TINYINT SMALLINT INTEGER BIGINT UTINYINT USMALLINT UINTEGER UBIGINT HUGEINT UHUGEINT".split()  # noqa: SIM905 - reads better
)
_BROKEN = frozenset({"FLOAT", "DOUBLE", "DECIMAL"})
_TEMPORAL = frozenset({"DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"})
_ZONED = " WITH TIME ZONE"
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "temp_directory": "",
}

How = Literal["values", "grid", "words", "presence"]
Sort = Literal["whole", "broken", "temporal", "text"]
Row = tuple[str, str, Any, int, float, float]


class _Field(Struct, frozen=True, kw_only=True):
    """One column, and how its rows are counted."""

    name: str
    kind: Literal["number", "category"]
    how: How
    sort: Sort = "text"
    low: float = 0.0
    high: float = 0.0

    @property
    def quoted(self) -> str:
        """The column as an identifier."""
        return '"' + self.name.replace('"', '""') + '"'

    @property
    def number(self) -> str:
        """The column as a number, whole ones as they are."""
        if self.sort == "whole":
            return self.quoted
        return f"epoch({self.quoted})" if self.sort == "temporal" else f"{self.quoted}::DOUBLE"


def compare_files(reference: Path, current: Path, fields: Sequence[str] = ()) -> tuple[FieldDrift, ...]:
    """Drift of every column, or of the named ones, in the order of the reference. Columns that only one of the files
    has come last, with that as the reason why they cannot be compared.

    Raises `StorageRefused` for files that cannot be read, and columns that are not in both.
    """
    connection = duckdb.connect(":memory:", config=_SETTINGS)
    try:
        sides = {"reference": _relation(reference), "current": _relation(current)}
        sizes = {side: _one(connection, f"SELECT count(*) FROM {file}")[0] for side, file in sides.items()}  # noqa: S608 - our own reader of an escaped path
        types = {side: _types(connection, relation) for side, relation in sides.items()}
        found = _fields(connection, sides, types, fields, small=max(sizes.values()) <= EXACT_ROWS_MAX)
        rows = connection.execute(_statement(found, sides)).fetchall() if found else []
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise StorageRefused(
            "file-unreadable", f"The files cannot be compared ({first}): give two Parquet or CSV files with a header."
        ) from error
    finally:
        connection.close()
    by_field: dict[str, list[Row]] = {one.name: [] for one in found}
    for row in rows:
        by_field[row[1]].append(row)
    compared = tuple(_compared(one, by_field[one.name], len(found)) for one in found)
    return compared if fields else (*compared, *_only_in_one(types, sizes))


def _only_in_one(types: Mapping[str, Mapping[str, str]], sizes: Mapping[str, int]) -> list[FieldDrift]:
    """The columns that cannot be compared, since one of the files does not have them."""
    found = []
    for side, other in (("reference", "current"), ("current", "reference")):
        for name, type_ in types[side].items():
            if name not in types[other]:
                rows = {side: sizes[side], other: 0}
                found.append(
                    FieldDrift(
                        field=name,
                        kind="category" if _sort([type_]) == "text" else "number",
                        status="not_estimable",
                        reason=f"Only the {side} file has this column: there is nothing to compare it with.",
                        reference_calls=rows["reference"],
                        current_calls=rows["current"],
                    )
                )
    return found


def _relation(path: Path) -> str:
    if not path.is_file():
        raise StorageRefused("file-unreadable", f"There is no file {path.name}: name one that is there.")
    reader = "read_parquet" if path.suffix.lower() in {".parquet", ".pq"} else "read_csv"
    return f"{reader}('{_escaped(path)}')"


def _escaped(path: Path) -> str:
    """A path as text of a statement; its own brackets stand for themselves."""
    text = str(path.resolve()).replace("'", "''")
    return "".join(f"[{character}]" if character in "[*?" else character for character in text)


def _types(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Every column's type as the file has it, without its precision."""
    rows = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()  # noqa: S608 - our own reader of an escaped path
    return {row[0]: row[1].partition("(")[0] for row in rows}


def _fields(
    connection: duckdb.DuckDBPyConnection,
    sides: Mapping[str, str],
    types: Mapping[str, Mapping[str, str]],
    wanted: Sequence[str],
    *,
    small: bool,
) -> list[_Field]:
    """The columns of both files, and how each is counted."""
    both = [name for name in types["reference"] if name in types["current"]]
    unknown = [name for name in wanted if name not in both]
    if unknown:
        raise StorageRefused(
            "unknown-column", f"{', '.join(unknown)} is not in both files; they share {', '.join(both) or 'nothing'}."
        )
    found = []
    for name in both:
        if wanted and name not in wanted:
            continue
        sort = _sort([columns[name] for columns in types.values()])
        is_text = sort == "text"
        found.append(
            _words(connection, sides["reference"], name)
            if is_text
            else _number(connection, sides, name, sort, small=small)
        )
    return found


def _sort(types: Sequence[str]) -> Sort:
    """What a column is in both files; of two that have nothing to do with one another, text."""
    if all(one in _WHOLE for one in types):
        return "whole"
    if all(one in _WHOLE | _BROKEN for one in types):
        return "broken"
    return "temporal" if all(one.removesuffix(_ZONED) in _TEMPORAL for one in types) else "text"


def _number(
    connection: duckdb.DuckDBPyConnection, sides: Mapping[str, str], name: str, sort: Sort, *, small: bool
) -> _Field:
    """A number; one that is always the same in the reference is a category."""
    plain = _Field(name=name, kind="number", how="values", sort=sort)
    finite = "" if sort == "whole" else f"WHERE isfinite({plain.number})"
    ends = [
        _one(connection, f"SELECT min({plain.number}), max({plain.number}) FROM {relation} {finite}")  # noqa: S608 - as above
        for relation in sides.values()
    ]
    (low, high), every = ends[0], [end for pair in ends for end in pair if end is not None]
    if low is None or low == high:
        return _Field(name=name, kind="category", how="words")
    if small or (sort == "whole" and max(every) - min(every) < RANGE_MAX):
        return structs.replace(plain, low=float(low), high=float(high))
    sampled = _one(
        connection,
        f"SELECT quantile_disc(x, [0.001, 0.999]) FROM (SELECT {plain.number}::DOUBLE AS x FROM {sides['reference']} "  # noqa: S608 - as above
        f"USING SAMPLE reservoir({SAMPLE_ROWS} ROWS) REPEATABLE (1)) WHERE isfinite(x)",
    )[0] or [float(low), float(high)]
    low, high = sampled if sampled[0] < sampled[1] else (low, high)
    if not np.isfinite([low, high]).all():
        raise StorageRefused("not-finite", f"{name} has no finite range in the reference: leave it out.")
    return structs.replace(plain, how="grid", low=float(low), high=float(high))


def _words(connection: duckdb.DuckDBPyConnection, reference: str, name: str) -> _Field:
    """A category; where most values differ, as in free text and ids, only whether there is one is compared."""
    quoted = _Field(name=name, kind="category", how="words").quoted
    rows, distinct = _one(
        connection,
        f"SELECT count(x), count(DISTINCT x) FROM (SELECT {quoted}::VARCHAR AS x FROM {reference} "  # noqa: S608 - as above
        f"USING SAMPLE reservoir({SAMPLE_ROWS} ROWS) REPEATABLE (1))",
    )
    return _Field(name=name, kind="category", how="presence" if distinct > WORDS_SHARE_MAX * rows else "words")


def _statement(fields: Iterable[_Field], sides: Mapping[str, str]) -> str:
    """Every count of every field on both sides, as one statement."""
    return "\nUNION ALL\n".join(_counts(one, side, relation) for one in fields for side, relation in sides.items())


def _counts(one: _Field, side: str, relation: str) -> str:
    name = one.name.replace("'", "''")
    head, x = f"SELECT '{side}' AS side, '{name}' AS name", f"{one.quoted}"
    if one.how == "words":
        return f"{head}, {x}::VARCHAR AS k, count(*) AS n, 0.0 AS s, 0.0 AS ss FROM {relation} GROUP BY {x}"
    if one.how == "presence":
        told = f"CASE WHEN {x} IS NOT NULL THEN '' END"
        return f"{head}, {told} AS k, count(*) AS n, 0.0 AS s, 0.0 AS ss FROM {relation} GROUP BY ALL"
    if one.how == "values":
        x = one.number
        return f"{head}, {x}::VARCHAR AS k, count(*) AS n, 0.0 AS s, 0.0 AS ss FROM {relation} GROUP BY {x}"
    place = (
        "CASE WHEN x IS NULL OR NOT isfinite(x) THEN NULL "
        f"WHEN x < {one.low!r} THEN {BELOW} WHEN x > {one.high!r} THEN {ABOVE} "
        f"ELSE least(floor((x - {one.low!r}) / {one.high - one.low!r} * {GRID_CELLS}), {GRID_CELLS - 1}) + 1 "
        "END::USMALLINT"
    )
    return (
        f"{head}, k::VARCHAR AS k, count(*) AS n, sum(x) AS s, sum(x * x) AS ss FROM "  # noqa: S608 - our own reader of an escaped path
        f"(SELECT x, {place} AS k FROM (SELECT {one.number}::DOUBLE AS x FROM {relation})) GROUP BY k"
    )


def _compared(one: _Field, rows: Sequence[Row], fields: int) -> FieldDrift:
    sides = [[row for row in rows if row[0] == side] for side in ("reference", "current")]
    if one.kind == "category":
        return _of_words(one, sides, fields)
    return _of_values(one, sides, fields) if one.how == "values" else _of_grid(one, sides, fields)


def _of_words(one: _Field, sides: Sequence[Sequence[Row]], fields: int) -> FieldDrift:
    counts = [{str(row[2]): row[3] for row in side if row[2] is not None} for side in sides]
    calls = [sum(row[3] for row in side) for side in sides]
    profiles = [
        Profile(
            calls=total,
            missing=total - sum(words.values()),
            types={"text": sum(words.values())},
            categories=words,
        )
        for words, total in zip(counts, calls, strict=True)
    ]
    bins = bins_of_categories(one.name, counts[0], calls[0], ["text"])
    return compare(bins, *profiles, fields=fields)


def _of_values(one: _Field, sides: Sequence[Sequence[Row]], fields: int) -> FieldDrift:
    """By exact values: deciles, distances and deviation are those of the rows themselves."""
    points, calls = [], []
    for side in sides:
        places = np.array([np.nan if row[2] is None else float(row[2]) for row in side])
        weights = np.array([row[3] for row in side], dtype=np.float64)
        known = np.isfinite(places)
        order = np.argsort(places[known])
        points.append(Points(places[known][order], weights[known][order]))
        calls.append(round(weights.sum()))
    share = np.cumsum(points[0].weights) / points[0].weights.sum()
    cuts = points[0].places[np.searchsorted(share, np.arange(1, 10) / 10 - 1e-12)]
    bins = bins_of_numbers(one.name, cuts.tolist(), one.low, one.high, ["number"])
    profiles = [_profile(bins, part, total) for part, total in zip(points, calls, strict=True)]
    return compare(bins, *profiles, fields=fields, points=(points[0], points[1]))


def _profile(bins: FieldBins, points: Points, calls: int) -> Profile:
    known = round(points.weights.sum())
    x, n = points.places, points.weights
    return with_cells(
        Profile(
            calls=calls,
            missing=calls - known,
            types={"number": known},
            below_sum=float((x * n)[x < bins.low].sum()),
            above_sum=float((x * n)[x > bins.high].sum()),
            total=float((x * n).sum()),
            squares=float((x * x * n).sum()),
        ),
        _cells(bins, x).tolist(),
        n.astype(np.int64).tolist(),
    )


def _cells(bins: FieldBins, x: NDArray[np.float64]) -> NDArray[np.int64]:
    """`evidence.profiles.cell_of` for many numbers at once."""
    inside = np.clip(np.floor((x - bins.low) / (bins.high - bins.low) * GRID_CELLS), 0, GRID_CELLS - 1) + 1
    place = np.where(x < bins.low, BELOW, np.where(x > bins.high, ABOVE, inside)).astype(np.int64)
    return np.searchsorted(bins.cuts, x, side="left") * CELLS_PER_BIN + place


def _of_grid(one: _Field, sides: Sequence[Sequence[Row]], fields: int) -> FieldDrift:
    """By cells of the reference's grid; the deciles are the upper ends of cells."""
    counts = np.zeros((2, CELLS_PER_BIN))
    for number, side in enumerate(sides):
        for row in side:
            if row[2] is not None:
                counts[number, int(row[2])] = row[3]
    share = np.cumsum(counts[0]) / counts[0].sum()
    last = np.unique(np.searchsorted(share, np.arange(1, 10) / 10 - 1e-12))
    cuts = one.low + last * (one.high - one.low) / GRID_CELLS
    bins = bins_of_numbers(one.name, cuts.tolist(), one.low, one.high, ["number"])
    profiles = []
    for side, held in zip(sides, counts, strict=True):
        filled = np.flatnonzero(held)
        valued = [row for row in side if row[2] is not None]
        calls, known = sum(row[3] for row in side), round(held.sum())
        tails = {place: sum(row[4] for row in valued if int(row[2]) == place) for place in (BELOW, ABOVE)}
        profile = Profile(
            calls=calls,
            missing=calls - known,
            types={"number": known},
            below_sum=tails[BELOW],
            above_sum=tails[ABOVE],
            total=sum(row[4] for row in valued),
            squares=sum(row[5] for row in valued),
        )
        cells = np.searchsorted(last, filled, side="left") * CELLS_PER_BIN + filled
        profiles.append(with_cells(profile, cells.tolist(), held[filled].astype(np.int64).tolist()))
    return compare(bins, *profiles, fields=fields)


def _one(connection: duckdb.DuckDBPyConnection, statement: str) -> Any:  # noqa: ANN401 - a row of any types
    row = connection.execute(statement).fetchone()
    assert row is not None  # noqa: S101 - an aggregate without groups always has a row
    return row
