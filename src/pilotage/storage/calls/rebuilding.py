"""Sums a long backlog up in one step, as after a change of plan: DuckDB reads the segments and groups by unit.

Every unit is written once, however often it came, so the step costs a few passes over the calls. What is in memory is
bounded by the units of a step, not by its calls. Like any step it is one transaction: killed on the way it leaves
nothing, and the next projection begins it again.
"""

from __future__ import annotations

import contextlib
import glob
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from pilotage.storage.calls.bulk import Bulk
from pilotage.storage.calls.columnar import Columnar, Strata, Wide
from pilotage.storage.calls.folding import Batch
from pilotage.storage.calls.kinds import Values
from pilotage.storage.calls.packing import WINDOW, Floats, Integers, Rows
from pilotage.storage.calls.reading import SegmentVanished
from pilotage.storage.calls.segments import Segment, SegmentFiles
from pilotage.storage.calls.statements import text_of
from pilotage.storage.errors import StorageUnavailable

UNITS_MAX = 500_000
SEGMENTS_AT_ONCE = 10
UNITS_AT_ONCE = 20_000
CELLS_MAX = 1_000_000
CELLS_TIMES = 3
_CONFIGURATION: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_file_cache": "false",
    "memory_limit": "2GB",
    "temp_directory": "",
}


class Rebuild:
    """One step over many segments, from the call after `after` on. Use it once."""

    def __init__(self, files: SegmentFiles, bulk: Bulk, columnar: Columnar, after: int) -> None:
        self._files = files
        self._bulk = bulk
        self._columnar = columnar
        self._after = after
        self._numbers: dict[tuple[str, str, str, bool], int] = {}
        self._columns: list[str] = []
        self._segmented: set[int] = set()
        self._cells = 0
        self._duckdb = duckdb.connect(":memory:", config=_CONFIGURATION)
        self._duckdb.execute("CREATE TABLE cells (place BIGINT, stratum BIGINT)")

    def add(
        self, segments: Sequence[Segment], *, outcome_number: int, ripe_us: int, due_until_us: int, stored: bool
    ) -> tuple[Batch, int, int]:
        """Take in as many of the segments as memory allows: the changes, the number of the last call, and how many
        calls there were. The units' sums are not in the batch: `blocks` gives them.
        """
        segments = segments[: self._affordable(segments)]
        batch = self._units(segments, stored=stored)
        windows = self._columnar.windows(batch)
        calls = 0
        for start in range(0, len(segments), SEGMENTS_AT_ONCE):
            table = self._ask("whole_calls", segments[start : start + SEGMENTS_AT_ONCE])
            wide = self._bulk.count(
                batch,
                table,
                windows,
                outcome_number=outcome_number,
                ripe_us=ripe_us,
                due_until_us=due_until_us,
            )
            self._keep(wide)
            calls += table.num_rows
        windows.write(batch)
        return batch, segments[-1].last_number, calls

    def blocks(self, batch: Batch) -> Iterator[tuple[tuple[int, int], list[Rows]]]:
        """Rows for the units' sums, a number of units at a time: the first and the one after the last, and the rows."""
        moved, units = batch.change.unit_blocks(), len(batch.units)
        for first in range(0, units, UNITS_AT_ONCE):
            last = min(first + UNITS_AT_ONCE, units)
            yield (first, last), [*(block.between(first, last) for block in moved), *self._rows(first, last)]

    def close(self) -> None:
        """Let go of the engine."""
        self._duckdb.close()

    def _affordable(self, segments: Sequence[Segment]) -> int:
        units = int(self._ask("how_many_units", segments).column(0)[0].as_py())
        return len(segments) if units <= UNITS_MAX else max(1, len(segments) * UNITS_MAX // units)

    def _units(self, segments: Sequence[Segment], *, stored: bool) -> Batch:
        sources = list(self._columnar.fold.plan.counted_sources)
        spans = self._ask("unit_spans", segments, sources=sources)
        keys = [
            (stage, unit or bytes.fromhex(alone))
            for stage, unit, alone in zip(
                *(spans.column(name).to_pylist() for name in ("stage", "unit", "alone")), strict=True
            )
        ]
        return self._bulk.units(keys, spans.column("first_us").to_pylist(), stored=stored)

    def _ask(self, question: str, segments: Sequence[Segment], **parameters: object) -> pa.Table:
        # DuckDB takes every path for a pattern: a folder's own brackets must stand for themselves.
        paths = [glob.escape(str(self._files.folder / segment.path)) for segment in segments]
        text = text_of(question).format(calls="read_parquet($paths)")
        return self._asked(text, {"paths": paths, "after": self._after, **parameters})

    def _asked(self, text: str, parameters: dict[str, Any] | None = None) -> pa.Table:
        with _translated():
            return self._duckdb.sql(text, params=parameters).to_arrow_table()

    def _run(self, text: str, parameters: dict[str, Any] | None = None) -> None:
        with _translated():
            self._duckdb.execute(text, parameters)

    def _held(self) -> int:
        """How many cells there are."""
        return int(self._asked("SELECT count(*) FROM cells").column(0)[0].as_py())

    def _keep(self, wide: Wide) -> None:
        """Add what calls come to to the cells, which are by unit and stratum; a column comes when it has a value."""
        judged: dict[str, Any] = {"place": wide.places, "stratum": wide.strata.rows}
        for windowed, columns in ((False, wide.columns), (True, wide.windowed)):
            for values in columns:
                number = self._number(values, windowed=windowed)
                for name in "nyz":
                    column: Floats = getattr(values, name)
                    if column.any():
                        judged[self._column(f"{name}{number}")] = column
        self._duckdb.register("judged", pa.table(judged))
        try:
            self._run(text_of("unit_values").format(values=", ".join(list(judged)[2:])))
        finally:
            self._duckdb.unregister("judged")
        self._condense()

    def _number(self, values: Values, *, windowed: bool) -> int:
        key = (values.metric, values.series, values.segment, windowed)
        number = self._numbers.setdefault(key, len(self._numbers))
        if values.segmented:
            self._segmented.add(number)
        return number

    def _column(self, name: str) -> str:
        if name not in self._columns:
            self._columns.append(name)
            self._run(f"ALTER TABLE cells ADD COLUMN {name} DOUBLE DEFAULT 0")
        return name

    def _condense(self) -> None:
        """Merge the cells of one unit and stratum when there are many."""
        if self._held() < max(CELLS_MAX, CELLS_TIMES * self._cells):
            return
        merged = text_of("sums_of_units").format(sums=_sums(self._columns))
        self._run(f"CREATE TABLE merged AS {merged}", {"first": 0, "last": 2**62})
        self._run("DROP TABLE cells")
        self._run("ALTER TABLE merged RENAME TO cells")
        self._cells = self._held()

    def _rows(self, first: int, last: int) -> list[Rows]:
        text = text_of("sums_of_units").format(sums=_sums(self._columns))
        found = self._asked(text, {"first": first, "last": last})
        columns: dict[str, Floats] = {name: found.column(name).to_numpy() for name in found.column_names}
        places: Integers = columns["place"].astype(np.int64) - first
        stripes: Integers = columns["stratum"].astype(np.int64)
        strata, nothing = Strata(self._columnar.strata(), stripes), np.zeros(len(places))
        blocks: list[Rows] = []
        for (metric, series, segment, windowed), number in self._numbers.items():
            summed = np.nan_to_num(np.stack([columns.get(f"{name}{number}", nothing) for name in "nyz"]))
            n, y, z = summed
            values = Values(metric, series, segment, n, y, z, number in self._segmented)
            blocks += self._columnar.rows((places, stripes), summed, values, strata, bit=WINDOW if windowed else 0)
        return blocks


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        raise SegmentVanished("segment-unreadable", f"A segment cannot be read ({error}).") from error
    except duckdb.Error as error:
        raise StorageUnavailable("calls-unavailable", f"The calls could not be summed ({error}).") from error


def _sums(names: Sequence[str]) -> str:
    return ", ".join(f"sum({name}) AS {name}" for name in names)
