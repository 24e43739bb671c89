"""The engine that reads a file of rows, and how it takes in CSV and Parquet as text."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilotage.storage.history.columns import Layout
from pilotage.storage.history.errors import HistoryInvalid, HistoryWrong
from pilotage.storage.history.naming import IsNumber, bad_rows

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT = "512MB"
LINE_BYTES_MAX = 16_000_000


@contextmanager
def engine_of() -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine with a database of its own in a folder that goes afterwards; it fetches nothing from anywhere."""
    import duckdb  # noqa: PLC0415 - takes a tenth of a second, and only a file needs it

    with tempfile.TemporaryDirectory(prefix="pilotage-history-") as folder:
        engine = duckdb.connect(
            str(Path(folder) / "history.db"),
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": str(Path(folder) / "spill"),
                "preserve_insertion_order": "false",
            },
        )
        try:
            engine.execute("SET TimeZone = 'UTC'")
            yield engine
        finally:
            engine.close()


def csv_source(path: Path, layout: Layout, names: dict[str, str]) -> tuple[str, dict[str, object]]:
    """What to select from, for a CSV file, with the values of its parameters: every column is text."""
    source = (
        "read_csv($path, auto_detect = false, header = true, delim = $separator, quote = '\"', escape = '\"', "
        "columns = $columns, strict_mode = true, ignore_errors = true, store_rejects = true, rejects_limit = 1, "
        f"max_line_size = {LINE_BYTES_MAX})"
    )
    return source, {
        "path": str(path),
        "separator": layout.separator,
        "columns": dict.fromkeys(names.values(), "VARCHAR"),
    }


def as_text(engine: duckdb.DuckDBPyConnection, path: Path, name: str) -> str:
    """A Parquet column as the text that a CSV file would hold: what is nested becomes JSON."""
    quoted = '"' + name.replace('"', '""') + '"'
    kind = engine.execute(f"SELECT typeof({quoted}) FROM read_parquet($path) LIMIT 1", {"path": str(path)}).fetchone()  # noqa: S608 - quoted
    nested = kind is not None and any(sign in kind[0] for sign in ("STRUCT", "[", "MAP"))
    return f"CAST(to_json({quoted}) AS VARCHAR)" if nested else f"CAST({quoted} AS VARCHAR)"


def rejected(engine: duckdb.DuckDBPyConnection) -> tuple[HistoryWrong, ...]:
    """What the engine would not take, in its own words: only shown where the slow way sees nothing wrong."""
    found = engine.execute("SELECT line, error_message FROM reject_errors ORDER BY line LIMIT 1").fetchall()
    return tuple(HistoryWrong(code="bad-row", line=int(line), message=f"{message}.") for line, message in found)


def unreadable(path: Path, layout: Layout, is_number: IsNumber | None, reason: str) -> HistoryInvalid:
    """Why the engine took nothing: the rows that are wrong, or else its own words."""
    if layout.separator:
        found, more = bad_rows(path, layout, is_number)
        if found:
            return HistoryInvalid(found, more=more)
    return HistoryInvalid(
        [HistoryWrong(code="unreadable", message=f"The file cannot be read: {reason.splitlines()[0]}")]
    )


def one(engine: duckdb.DuckDBPyConnection, statement: str) -> Any:  # noqa: ANN401 - one cell of any type
    """The first cell of an answer."""
    found = engine.execute(statement).fetchone()
    return found[0] if found else None
