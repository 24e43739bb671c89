"""The sums as rows of calls.db: what a step reads before it folds, and what it writes after."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count
from operator import itemgetter
from typing import Any

import numpy as np

from pilotage.runtime.records import Call, Outcome
from pilotage.storage.calls.accumulators import MOMENTS, Merged, by_day, merge_blocks, without_windows
from pilotage.storage.calls.folding import (
    DUE,
    MINUTE_US,
    Batch,
    Counts,
    Fold,
    Located,
    SeriesBook,
    UnitKey,
    unit_key,
)
from pilotage.storage.calls.marks import Known
from pilotage.storage.calls.packing import Rows
from pilotage.storage.calls.schema import lowest_id
from pilotage.storage.calls.windows import NO_WEALTH, SeriesName, UnitRow

SUM_TABLES = (
    "series",
    "units",
    "totals",
    "bets",
    "days",
    "tallies",
    "firsts",
    "labels",
    "shadow_days",
    "shadow_waits",
    "ripening",
)
_CHUNK = 500
_MANY = 5_000
_NO_MOMENTS = bytes(8 * len(MOMENTS))
_NO_WEALTH = bytes(8 * len(NO_WEALTH))


def read_book(connection: sqlite3.Connection, projection: int) -> SeriesBook:
    """The numbers given to series so far."""
    rows = connection.execute(
        "SELECT number, stage, release, metric, series, segment FROM series WHERE projection = ? ORDER BY number",
        (projection,),
    )
    return SeriesBook((row[0], SeriesName(*row[1:])) for row in rows)


def read_outcomes(
    connection: sqlite3.Connection, workload: int, calls: Sequence[str], upto: int | None = None
) -> dict[str, list[tuple[int, Outcome]]]:
    """The outcomes of calls with the ids of their rows, earliest first; `upto` limits them to lower or equal ids."""
    lowest, highest = lowest_id(workload), lowest_id(workload + 1) - 1 if upto is None else upto
    found: dict[str, list[tuple[int, Outcome]]] = defaultdict(list)
    for start in range(0, len(calls), _CHUNK):
        chunk = [bytes.fromhex(call_id) for call_id in calls[start : start + _CHUNK]]
        rows = connection.execute(
            "SELECT call, id, outcome, name, kind, value, at_us, reporter, basis FROM outcomes "  # noqa: S608 - only marks
            f"WHERE call IN ({', '.join('?' * len(chunk))}) AND +id BETWEEN ? AND ? ORDER BY at_us, outcome",
            (*chunk, lowest, highest),
        )
        for row in rows:
            call_id = row[0].hex()
            found[call_id].append((row[1], as_outcome(call_id, row[2:])))
    return found


def as_outcome(call_id: str, row: Sequence[Any]) -> Outcome:
    """From the columns outcome, name, kind, value, at_us, reporter, basis."""
    return Outcome(
        outcome_id=row[0].hex(),
        call_id=call_id,
        name=row[1],
        kind=row[2],
        value=row[3],
        at_us=row[4],
        reporter=row[5],
        basis=row[6],
    )


def known_upto(connection: sqlite3.Connection, workload: int, calls: Sequence[str], upto: int) -> dict[str, Known]:
    """What the outcomes up to that row id say of calls."""
    found = read_outcomes(connection, workload, calls, upto)
    return {call_id: Known.of(outcome for _, outcome in rows) for call_id, rows in found.items()}


def load_units(connection: sqlite3.Connection, projection: int, calls: Collection[Call], batch: Batch) -> list[Located]:
    """Put the calls' units into the batch as stored, new ones beginning with their first call; the calls with the
    index of their unit.
    """
    located: list[Located] = []
    for call in calls:
        key = unit_key(call)
        place = batch.index.get(key)
        if place is None:
            row = connection.execute(
                "SELECT first_us, last_us, closed, sums, id FROM units WHERE projection = ? AND stage = ? AND unit = ?",
                (projection, *key),
            ).fetchone()
            place = _take_in(batch, key, UnitRow(*key, *row) if row else UnitRow(*key, call.at_us, call.at_us))
        located.append((place, call))
    return located


def placed(keys: Sequence[UnitKey], firsts_us: Iterable[int], batch: Batch) -> list[int]:
    """The indices of units, each named once: those on record are in the batch, others begin with their first call."""
    return [
        _take_in(batch, key, UnitRow(*key, first_us, first_us)) if place is None else place
        for place, key, first_us in zip(list(map(batch.index.get, keys)), keys, firsts_us, strict=True)
    ]


def _take_in(batch: Batch, key: UnitKey, row: UnitRow) -> int:
    place = batch.index[key] = len(batch.units)
    batch.units.append(row)
    batch.clocks.append(row.clock)
    return place


def preload(connection: sqlite3.Connection, projection: int, keys: Iterable[UnitKey], batch: Batch) -> None:
    """Put those of the units into the batch that are stored."""
    # Texts apart from bytes and in order, so that the index is read from one end to the other.
    kinds: dict[tuple[str, bool], list[Any]] = defaultdict(list)
    for stage, unit in keys:
        kinds[stage, isinstance(unit, str)].append(unit)
    for (stage, _), units in kinds.items():
        units.sort()
        for start in range(0, len(units), _MANY):
            chunk = units[start : start + _MANY]
            found = connection.execute(
                "SELECT unit, first_us, last_us, closed, sums, id FROM units "  # noqa: S608 - only marks
                f"WHERE projection = ? AND stage = ? AND unit IN ({', '.join('?' * len(chunk))})",
                (projection, stage, *chunk),
            ).fetchall()
            batch.index.update(zip([(stage, row[0]) for row in found], count(len(batch.units))))
            batch.units += [UnitRow(stage, *row) for row in found]
            batch.clocks += [(row[1], row[3]) for row in found]


def write_unit_sums(
    connection: sqlite3.Connection,
    projection: int,
    fold: Fold,
    batch: Batch,
    *,
    some: tuple[int, int],
    blocks: Sequence[Rows],
) -> None:
    """Write the sums of some of the batch's units, from the first to before the last; `blocks` count units from the
    first, and have them in order.
    """
    first, last = some
    units = batch.units[first:last]
    if not units:
        return
    for index in batch.recount:
        if first <= index < last:
            units[index - first].sums = without_windows(units[index - first].sums)
    merged = merge_blocks([row.sums for row in units], blocks, fold.per_unit())
    for row, blob in zip(units, merged.blobs, strict=True):
        row.sums = blob
    write_units(connection, projection, fold, units, batch.clocks[first:last])
    add_moments(connection, projection, merged)


def write_batch(connection: sqlite3.Connection, projection: int, fold: Fold, batch: Batch) -> None:
    """Write everything else that a step changed."""
    write_series(connection, projection, fold.book)
    add_days(connection, projection, by_day(batch.change.day_rows(), fold.book.overall()))
    add_counts(connection, projection, batch.counts)
    connection.executemany(
        "INSERT OR IGNORE INTO ripening VALUES (?, ?, ?)", [(projection, *waiting) for waiting in batch.ripening]
    )


def ripe(connection: sqlite3.Connection, projection: int, now_us: int, limit: int) -> tuple[set[int], int] | None:
    """The numbers of the calls of which a window has closed by then, and by when the last of these had; None when
    there are none. At most `limit`, but for those that close in the same microsecond.
    """
    rows = connection.execute(
        "SELECT due_us, number FROM ripening WHERE projection = ? AND due_us <= ? ORDER BY due_us LIMIT ?",
        (projection, now_us, limit),
    ).fetchall()
    if not rows:
        return None
    until_us: int = rows[-1][0]
    together = connection.execute(
        "SELECT number FROM ripening WHERE projection = ? AND due_us = ?", (projection, until_us)
    )
    return {number for _, number in rows} | {number for (number,) in together}, until_us


def forget_ripe(connection: sqlite3.Connection, projection: int, until_us: int) -> None:
    """Strike off what has closed by then."""
    connection.execute("DELETE FROM ripening WHERE projection = ? AND due_us <= ?", (projection, until_us))


def write_series(connection: sqlite3.Connection, projection: int, book: SeriesBook) -> None:
    """Store the numbers that are new."""
    connection.executemany(
        "INSERT INTO series (projection, number, stage, release, metric, series, segment) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (projection, number, name.stage, name.release, name.metric, name.series, name.segment)
            for number, name in book.unstored()
        ],
    )


def write_units(
    connection: sqlite3.Connection,
    projection: int,
    fold: Fold,
    rows: Sequence[UnitRow],
    clocks: Sequence[tuple[int, int]] = (),
) -> None:
    """Store units' rows; `clocks` say by row what it was loaded with, where that may not have changed."""
    new = [
        (
            projection,
            row.stage,
            row.unit,
            row.first_us,
            row.last_us,
            row.closed,
            fold.clock.due_us(row),
            row.sums,
        )
        for row in rows
        if not row.number
    ]
    others = [
        (row.last_us, row.sums, row.number)
        for row, (first_us, closed) in zip(rows, clocks, strict=False)
        if row.number and row.first_us == first_us and row.closed == closed
    ]
    moved = []
    if len(new) + len(others) < len(rows):
        still = {number for _, _, number in others}
        moved = [
            (row.first_us, row.last_us, row.closed, fold.clock.due_us(row), row.sums, row.number)
            for row in rows
            if row.number and row.number not in still
        ]
    connection.executemany(
        "INSERT INTO units (projection, stage, unit, first_us, last_us, closed, due_us, sums) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        new,
    )
    connection.executemany(
        "UPDATE units SET first_us = ?, last_us = ?, closed = ?, due_us = ?, sums = ? WHERE id = ?", moved
    )
    # Most units come back inside their window: then no index has to be touched.
    connection.executemany("UPDATE units SET last_us = ?, sums = ? WHERE id = ?", sorted(others, key=itemgetter(2)))


def add_moments(connection: sqlite3.Connection, projection: int, merged: Merged) -> None:
    """Change totals by what their units changed; a series that has no units left is exactly nothing."""
    for number, change in zip(merged.series, merged.moments, strict=True):
        row = connection.execute(
            "SELECT moments FROM totals WHERE projection = ? AND series = ?", (projection, number)
        ).fetchone()
        moments = np.frombuffer(row[0] if row is not None else _NO_MOMENTS, "<f8") + change
        if moments[0] == 0:
            connection.execute("DELETE FROM totals WHERE projection = ? AND series = ?", (projection, number))
        else:
            connection.execute(
                "INSERT OR REPLACE INTO totals VALUES (?, ?, ?)", (projection, number, moments.astype("<f8").tobytes())
            )


def add_days(
    connection: sqlite3.Connection, projection: int, days: Iterable[tuple[int, int, float, float, float]]
) -> None:
    """Change the daily sums."""
    connection.executemany(
        "INSERT INTO days VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
        "SET n = n + excluded.n, y = y + excluded.y, z = z + excluded.z",
        [(projection, dt.date.fromordinal(day).isoformat(), number, n, y, z) for day, number, n, y, z in days],
    )


def add_bets(
    connection: sqlite3.Connection,
    projection: int,
    wealth: Mapping[tuple[str, str, str], Sequence[float]],
    units: Mapping[tuple[str, str, str], int],
) -> None:
    """Change the betting sums, by stage, release and bet."""
    for key, change in wealth.items():
        row = connection.execute(
            "SELECT units, log_wealth FROM bets WHERE projection = ? AND stage = ? AND release = ? AND bet = ?",
            (projection, *key),
        ).fetchone()
        count, sums = row if row is not None else (0, _NO_WEALTH)
        sums = (np.frombuffer(sums, "<f8") + np.array(change)).astype("<f8").tobytes()
        connection.execute(
            "INSERT OR REPLACE INTO bets VALUES (?, ?, ?, ?, ?, ?)", (projection, *key, count + units[key], sums)
        )


def add_counts(connection: sqlite3.Connection, projection: int, counts: Counts) -> None:
    """Change the counted figures."""
    connection.executemany(
        "INSERT INTO tallies VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",
        [(projection, *key, change) for key, change in counts.tallies.items() if change],
    )
    connection.executemany(
        "INSERT INTO labels VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
        "SET calls = calls + excluded.calls, labelled = labelled + excluded.labelled",
        [(projection, *key, *change) for key, change in counts.labels.items() if any(change)],
    )
    connection.executemany(
        "INSERT INTO firsts VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "first_us = min(first_us, excluded.first_us), last_us = max(last_us, excluded.last_us), "
        "candidate_us = coalesce(min(candidate_us, excluded.candidate_us), candidate_us, excluded.candidate_us), "
        "feedback_us = coalesce(min(feedback_us, excluded.feedback_us), feedback_us, excluded.feedback_us)",
        [
            (projection, *key, times.first_us, times.last_us, times.candidate_us, times.feedback_us)
            for key, times in counts.firsts.items()
        ],
    )
    connection.executemany(
        "INSERT INTO shadow_days VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET pairs = pairs + excluded.pairs",
        [(projection, day, change) for day, change in counts.shadow_days.items() if change],
    )
    connection.executemany(
        "INSERT INTO shadow_waits VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE "
        "SET calls = calls + excluded.calls, total_us = total_us + excluded.total_us",
        [(projection, number, *change) for number, change in counts.shadow_waits.items() if any(change)],
    )


def labels_due(connection: sqlite3.Connection, projection: int, due_until_us: int) -> bool:
    """Whether calls wait whose labels are due by then."""
    row = connection.execute(
        "SELECT 1 FROM labels WHERE projection = ? AND minute >= 0 AND minute < ? LIMIT 1",
        (projection, due_until_us // MINUTE_US),
    ).fetchone()
    return row is not None


def collapse_labels(connection: sqlite3.Connection, projection: int, due_until_us: int) -> None:
    """Count the calls of minutes that ended by then as due."""
    last = due_until_us // MINUTE_US
    connection.execute(
        "INSERT INTO labels SELECT projection, stage, source, ?, sum(calls), sum(labelled) FROM labels "
        "WHERE projection = ? AND minute >= 0 AND minute < ? GROUP BY stage, source ON CONFLICT DO UPDATE "
        "SET calls = calls + excluded.calls, labelled = labelled + excluded.labelled",
        (DUE, projection, last),
    )
    connection.execute("DELETE FROM labels WHERE projection = ? AND minute >= 0 AND minute < ?", (projection, last))


def delete_sums(connection: sqlite3.Connection, projection: int) -> None:
    """Delete a projection with everything under it."""
    for table in SUM_TABLES:
        connection.execute(f"DELETE FROM {table} WHERE projection = ?", (projection,))  # noqa: S608 - own names
    connection.execute("DELETE FROM projections WHERE id = ?", (projection,))
