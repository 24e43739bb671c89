"""From a file of past answers and labels to sums. An engine reads and groups; answers are judged once per kind.

Memory stays bounded: the engine works in a folder of its own beside the temporary files, which goes when the sums are
made. What an answer is worth is decided by `evidence.history`, for each different pair of answer and label.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pilotage.evidence.history import (
    CLASSES_MAX,
    VALUES_MAX,
    DaySums,
    HistorySums,
    LabelCounts,
    Split,
    needs_label,
    not_in_a_history,
    number_column,
    worth_of,
)
from pilotage.playbook.metrics import Metric
from pilotage.storage.history.adding import part_of, totals_statement
from pilotage.storage.history.columns import Columns, Layout, layout_of
from pilotage.storage.history.errors import HistoryInvalid, HistoryWrong
from pilotage.storage.history.loading import as_text, csv_source, engine_of, one, rejected, unreadable
from pilotage.storage.history.naming import IsNumber, bad_rows, cell_faults, moment

if TYPE_CHECKING:
    import duckdb

BATCH_ROWS = 65_536
ROLES = ("incumbent", "candidate", "label", "time", "unit")
NONE = "(none)"
NAMED_MAX = 20
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)

Progress = Callable[[str], None]


def _silent(_step: str) -> None:
    """Nobody watches."""


def read_sums(
    path: Path,
    metric: Metric,
    columns: Columns = Columns(),  # noqa: B008 - it is frozen
    *,
    time_zone: str = "UTC",
    progress: Progress = _silent,
) -> HistorySums:
    """The sums of a CSV or Parquet file. `progress` is told of each step.

    Raises `HistoryInvalid` with everything that is wrong with the file, and ValueError for a metric that a history
    cannot be judged by.
    """
    if reason := not_in_a_history(metric):
        raise ValueError(reason)
    layout = layout_of(path, metric, columns)
    with engine_of() as engine:
        progress("Reading the file")
        rows = _load(engine, path, layout, _number_check(metric))
        progress(f"Judging {rows:,} rows")
        reading = _Reading(engine, path, layout, metric=metric, zone=ZoneInfo(time_zone))
        reading.judge()
        progress(f"Adding up {rows:,} rows")
        return reading.sums()


def number_range(path: Path, metric: Metric, columns: Columns = Columns()) -> tuple[float, float] | None:  # noqa: B008 - it is frozen
    """The least and greatest number of either arm in the file; None where there is none. Raises as `read_sums`."""
    layout = layout_of(path, metric, columns)
    with engine_of() as engine:
        _load(engine, path, layout, _number_check(metric))
        found = engine.execute(
            "SELECT min(x), max(x) FROM (SELECT TRY_CAST(unnest([incumbent, candidate]) AS DOUBLE) AS x FROM history) "
            "WHERE isfinite(x)"
        ).fetchone()
    return None if found is None or found[0] is None else (float(found[0]), float(found[1]))


def _number_check(metric: Metric) -> IsNumber | None:
    """Whether a cell is the number that the metric asks for; None for a metric that judges answers."""
    if number_column(metric) is None:
        return None
    worth = worth_of(metric)
    return lambda text: worth(text, "") is not None


def _load(engine: duckdb.DuckDBPyConnection, path: Path, layout: Layout, is_number: IsNumber | None) -> int:
    """The columns that are needed, as text, in the table `history`; how many rows. Raises `HistoryInvalid`."""
    import duckdb  # noqa: PLC0415 - see `engine_of`

    names = {name: f"c{i}" for i, name in enumerate(layout.names)}
    if layout.separator:
        source, given = csv_source(path, layout, names)
        text = dict(names)
    else:
        source, given = "read_parquet($path, file_row_number = true)", {"path": str(path)}
        text = {name: as_text(engine, path, name) for name in (*layout.roles.values(), *layout.by)}
    chosen = [
        f"nullif({text[layout.roles[role]]}, '') AS {role}" if role in layout.roles else f"NULL::VARCHAR AS {role}"
        for role in ROLES
    ]
    chosen += [f"coalesce(nullif({text[name]}, ''), '{NONE}') AS by{i}" for i, name in enumerate(layout.by)]
    chosen += ["file_row_number + 1 AS row_"] if not layout.separator else []
    try:
        # The parts are our own names; the file's are only ever quoted identifiers.
        engine.execute(f"CREATE TABLE history AS SELECT {', '.join(chosen)} FROM {source}", given)  # noqa: S608 - our own names
        refused = rejected(engine) if layout.separator else ()
    except duckdb.Error as error:
        raise unreadable(path, layout, is_number, str(error)) from error
    if refused:
        found, more = bad_rows(path, layout, is_number)
        raise HistoryInvalid(found or refused, more=more)
    rows = int(one(engine, "SELECT count(*) FROM history"))
    if not rows:
        raise HistoryInvalid([HistoryWrong(code="empty-file", message="There is no row below the first line.")])
    return rows


class _Reading:
    """A loaded history on its way to sums."""

    def __init__(
        self,
        engine: duckdb.DuckDBPyConnection,
        path: Path,
        layout: Layout,
        *,
        metric: Metric,
        zone: ZoneInfo,
    ) -> None:
        self.engine, self.path, self.layout = engine, path, layout
        self.metric, self.worth, self.zone = metric, worth_of(metric), zone
        self.by_label = needs_label(metric)
        self.numbers = number_column(metric) is not None

    def judge(self) -> None:
        """Give every row both arms' values and its day, in the table `judged`. Raises `HistoryInvalid`."""
        faulty = [self._judge_arm(role) for role in ("incumbent", "candidate")]
        if any([*faulty, self._judge_times()]):
            raise self._named()
        label = "coalesce(h.label, '')" if self.by_label else "''"
        known = "AND h.label IS NOT NULL" if self.by_label else ""
        shift = repr(self.metric.shift)
        by = "".join(f", h.by{i}" for i in range(len(self.layout.by)))
        self.engine.execute(
            f"CREATE TABLE judged AS SELECT h.unit, c.worth - {shift} AS y, i.worth - {shift} AS z, "  # noqa: S608 - our own names and a number
            f"t.at_us, t.day, t.zoneless{by} "
            f"FROM history h LEFT JOIN worth_incumbent i ON i.answer = h.incumbent AND i.label = {label} {known} "
            f"LEFT JOIN worth_candidate c ON c.answer = h.candidate AND c.label = {label} {known} "
            "LEFT JOIN times t ON t.time = h.time"
        )

    def _judge_arm(self, role: str) -> bool:
        """What each different answer is worth; whether one is no number where a number is asked for."""
        import pyarrow as pa  # noqa: PLC0415 - only a file needs it

        self.engine.execute(f"CREATE TABLE worth_{role} (answer VARCHAR, label VARCHAR, worth DOUBLE)")
        label = "label" if self.by_label else "''"
        known = "AND label IS NOT NULL" if self.by_label else ""
        statement = f"SELECT DISTINCT {role}, {label} FROM history WHERE {role} IS NOT NULL {known}"  # noqa: S608 - our own names
        faulty = False
        for answers, labels in self._batches(statement):
            worths = [self.worth(answer, label) for answer, label in zip(answers, labels, strict=True)]
            faulty = faulty or (self.numbers and None in worths)
            self._insert(f"worth_{role}", pa.table({"a": answers, "l": labels, "w": pa.array(worths, pa.float64())}))
        return faulty

    def _judge_times(self) -> bool:
        """Every different time, in UTC and with its day in the zone; whether one is no time."""
        import pyarrow as pa  # noqa: PLC0415 - only a file needs it

        self.engine.execute("CREATE TABLE times (time VARCHAR, at_us BIGINT, day DATE, zoneless BOOLEAN)")
        faulty = False
        for (texts,) in self._batches("SELECT DISTINCT time FROM history WHERE time IS NOT NULL"):
            found = [(text, at) for text in texts if (at := moment(text)) is not None]
            faulty = faulty or len(found) < len(texts)
            local = [at.replace(tzinfo=self.zone) if at.tzinfo is None else at for _, at in found]
            columns = {
                "time": [text for text, _ in found],
                "at_us": [(at - EPOCH) // MICROSECOND for at in local],
                "day": pa.array([at.astimezone(self.zone).date() for at in local], pa.date32()),
                "zoneless": [at.tzinfo is None for _, at in found],
            }
            if found:
                self._insert("times", pa.table(columns))
        return faulty

    def _batches(self, statement: str) -> Iterator[list[list[Any]]]:
        """The columns of a statement's rows, some tens of thousands at a time."""
        reader = self.engine.cursor().sql(statement).to_arrow_reader(BATCH_ROWS)
        for batch in reader:
            if batch.num_rows:
                yield [column.to_pylist() for column in batch.columns]

    def _insert(self, table: str, rows: Any) -> None:  # noqa: ANN401 - pyarrow's own table
        self.engine.register("batch", rows)
        self.engine.execute(f"INSERT INTO {table} SELECT * FROM batch")  # noqa: S608 - our own name
        self.engine.unregister("batch")

    def _named(self) -> HistoryInvalid:
        """Every bad row with its place, by going through the file again."""
        is_number = _number_check(self.metric)
        if self.layout.separator:
            found, more = bad_rows(self.path, self.layout, is_number)
            return HistoryInvalid(found, more=more)
        names = {
            self.layout.roles[role]: role for role in ("incumbent", "candidate", "time") if role in self.layout.roles
        }
        wrong: list[HistoryWrong] = []
        more = 0
        read = f"SELECT row_, {', '.join(names.values())} FROM history ORDER BY row_"  # noqa: S608 - our own names
        for row, *cells in _rows(self.engine.execute(read)):
            for column, message in cell_faults(dict(zip(names, cells, strict=True)), self.layout, is_number):
                more += len(wrong) >= NAMED_MAX
                if len(wrong) < NAMED_MAX:
                    wrong.append(HistoryWrong(code="bad-row", column=column, message=message, line=int(row)))
        return HistoryInvalid(wrong, more=more)

    def sums(self) -> HistorySums:
        """All sums. What is in the tables is added up by the engine."""
        row = self.engine.execute(totals_statement()).fetchone()
        whole = part_of(row or ())
        timed, zoneless, first, last = self.engine.execute(
            "SELECT count(at_us), count(*) FILTER (zoneless), min(at_us), max(at_us) FROM judged"
        ).fetchone() or (0, 0, None, None)
        both, without_unit = self.engine.execute(
            "SELECT count(*) FILTER (incumbent IS NOT NULL AND candidate IS NOT NULL), "
            "count(*) FILTER (unit IS NULL) FROM history"
        ).fetchone() or (0, 0)
        return HistorySums(
            rows=whole.rows,
            both=both,
            without_unit=without_unit,
            before=whole.before,
            pairs=whole.pairs,
            squares=one(
                self.engine,
                "SELECT coalesce(fsum((y - z) * (y - z)), 0.0) FROM judged WHERE y IS NOT NULL AND z IS NOT NULL",
            ),
            largest_unit=float(row[2] or 0.0) if row else 0.0,
            timed=timed,
            zoneless=zoneless,
            first=None if first is None else EPOCH + first * MICROSECOND,
            last=None if last is None else EPOCH + last * MICROSECOND,
            calendar=tuple(
                day for (day,) in self._all("SELECT DISTINCT day FROM judged WHERE day IS NOT NULL ORDER BY day")
            ),
            days=self._days(),
            labels=self._labels(),
            splits={name: self._split(f"by{i}") for i, name in enumerate(self.layout.by)},
        )

    def _all(self, statement: str) -> list[Any]:
        return self.engine.execute(statement).fetchall()

    def _days(self) -> tuple[DaySums, ...]:
        found = self._all(
            "SELECT day, count(*), fsum(y), fsum(z), fsum((y - z) * (y - z)) FROM judged "
            "WHERE day IS NOT NULL AND y IS NOT NULL AND z IS NOT NULL GROUP BY day ORDER BY day"
        )
        return tuple(DaySums(day=day, n=float(n), candidate=y, incumbent=z, squares=off) for day, n, y, z, off in found)

    def _labels(self) -> LabelCounts:
        classes = self._all(
            "SELECT label, count(*) AS rows_ FROM history WHERE label IS NOT NULL GROUP BY label "  # noqa: S608 - a number
            f"ORDER BY rows_ DESC, label LIMIT {CLASSES_MAX}"
        )
        labelled, kinds = self._all("SELECT count(label), count(DISTINCT label) FROM history")[0]
        same, same_labelled, split, split_labelled = self._all(
            "SELECT count(*) FILTER (incumbent = candidate), count(label) FILTER (incumbent = candidate), "
            "count(*) FILTER (incumbent <> candidate), count(label) FILTER (incumbent <> candidate) FROM history"
        )[0]
        return LabelCounts(
            labelled=labelled,
            classes=dict(classes),
            classes_left_out=max(kinds - CLASSES_MAX, 0),
            same=same,
            same_labelled=same_labelled,
            split=split,
            split_labelled=split_labelled,
        )

    def _split(self, column: str) -> Split:
        """The sums by a column's most frequent values."""
        found = [(str(row[0]), part_of(row)) for row in self._all(totals_statement(column))]
        found.sort(key=lambda item: (-item[1].rows, item[0]))
        return Split(parts=dict(found[:VALUES_MAX]), left_out=max(len(found) - VALUES_MAX, 0))


def _rows(found: Any) -> Iterator[Any]:  # noqa: ANN401 - the engine's own cursor
    while batch := found.fetchmany(BATCH_ROWS):
        yield from batch
