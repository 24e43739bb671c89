"""Many calls as columns, and what is known of them: what the sums are made from when calls come in bulk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from pilotage.evidence.labels import is_taken
from pilotage.runtime.records import PackedCall, PackedExecution
from pilotage.storage.calls.marks import NOTHING_KNOWN, SAID, Known, tells_action
from pilotage.storage.calls.packing import Integers
from pilotage.storage.calls.rows import CALL_COLUMNS, EXECUTION_COLUMNS, SCHEMA, column_of, table_of, unpack
from pilotage.storage.calls.schema import lowest_id

NEVER_US = -1
_PLACE_OF = {basis: place for place, basis in enumerate(SAID)}
UNREAD = frozenset({"detail"})
_CHUNK = 10_000
_decode: Callable[[bytes], list[Any]] = msgspec.msgpack.Decoder(list[Any]).decode
_PLACES = {name: place for place, name in enumerate(PackedCall.__struct_fields__)}
_EXECUTION_PLACES = {name: place for place, name in enumerate(PackedExecution.__struct_fields__)}
_NO_EXECUTION = [None] * len(_EXECUTION_PLACES)


class Learned(Struct):
    """What outcomes say of a table's calls, row by row: by name the value that counts (None where there is none) and
    its time (`NEVER_US`), what it is said to be known from (its place in `SAID`) and when one arm's own answer was
    given for it; the time of the first feedback, and whether an action was told.
    """

    texts: dict[str, list[str | None]]
    at_us: dict[str, Integers]
    feedback_us: Integers
    acted: NDArray[np.bool_]
    basis: dict[str, Integers]
    own_us: dict[str, Integers]

    def known(self, row: int) -> Known:
        """The same of one call, as far as the plan asks."""
        values = {name: text for name, texts in self.texts.items() if (text := texts[row]) is not None}
        feedback_us = int(self.feedback_us[row])
        own_us = {name: int(times[row]) for name, times in self.own_us.items() if times[row] != NEVER_US}
        if not values and not own_us and feedback_us == NEVER_US:
            return NOTHING_KNOWN
        return Known(
            values,
            {name: int(self.at_us[name][row]) for name in values},
            None if feedback_us == NEVER_US else feedback_us,
            bool(self.acted[row]),
            {name: SAID[said] for name in values if (said := int(self.basis[name][row]))},
            own_us,
        )


OutcomeRow = tuple[bytes, int, str, str, str, int, str]
"""Call, row id, name, kind, value, time and basis of an outcome."""


def outcome_rows(connection: sqlite3.Connection, workload: int, calls: Sequence[bytes], upto: int) -> list[OutcomeRow]:
    """The outcomes of calls up to a row id, each call's earliest first."""
    rows: list[OutcomeRow] = []
    if upto == lowest_id(workload):
        return rows
    for start in range(0, len(calls), _CHUNK):
        chunk = calls[start : start + _CHUNK]
        rows += connection.execute(
            "SELECT call, id, name, kind, value, at_us, basis FROM outcomes "  # noqa: S608 - only marks
            f"WHERE call IN ({', '.join('?' * len(chunk))}) AND +id BETWEEN ? AND ? ORDER BY at_us, outcome",
            (*chunk, lowest_id(workload), upto),
        )
    return rows


def call_keys(table: pa.Table) -> list[bytes]:
    """The calls' ids as they are stored beside outcomes."""
    return list(map(bytes.fromhex, table.column("call_id").to_pylist()))


def learned(keys: Sequence[bytes], rows: Iterable[OutcomeRow], names: Iterable[str]) -> Learned:
    """What the outcomes, each call's earliest first, say of the calls with these keys; of other names nothing."""
    size = len(keys)
    found = Learned(
        texts={name: [None] * size for name in names},
        at_us={name: np.full(size, NEVER_US, dtype=np.int64) for name in names},
        feedback_us=np.full(size, NEVER_US, dtype=np.int64),
        acted=np.zeros(size, dtype=np.bool_),
        basis={name: np.zeros(size, dtype=np.int64) for name in names},
        own_us={name: np.full(size, NEVER_US, dtype=np.int64) for name in names},
    )
    index: Mapping[bytes, int] = {}
    times: dict[str, list[tuple[int, int]]] = {name: [] for name in found.texts}
    for call, _, name, kind, value, at_us, basis in rows:
        index = index or {key: row for row, key in enumerate(keys)}
        row = index[call]
        texts = found.texts.get(name)
        if texts is not None and not is_taken(name, basis):
            own_us = found.own_us[name]
            own_us[row] = at_us if own_us[row] == NEVER_US else own_us[row]
        elif texts is not None and texts[row] is None:
            texts[row] = value
            times[name].append((row, at_us))
            found.basis[name][row] = _PLACE_OF.get(basis, 0)
        if kind == "feedback":
            if found.feedback_us[row] == NEVER_US:
                found.feedback_us[row] = at_us
            found.acted[row] |= tells_action(name, value)
    for name, told in times.items():
        if told:
            places, moments = np.array(told, dtype=np.int64).T
            found.at_us[name][places] = moments
    return found


def table_of_packed(numbers: Sequence[int], packed: Sequence[bytes]) -> pa.Table:
    """Packed calls as a table without inputs and details, of which only the inputs' presence is kept."""
    rows = [_decode(one) for one in packed]
    try:
        return _table(numbers, rows)
    except (IndexError, pa.ArrowException, TypeError, ValueError):
        # Written by another version, or with a number that only the typed reader puts right.
        return lean(table_of(numbers, [unpack(one) for one in packed]))


def _table(numbers: Sequence[int], rows: Sequence[list[Any]]) -> pa.Table:
    size = len(rows)
    columns: dict[str, pa.Array] = {"number": pa.array(numbers, pa.int64())}
    for name, kind in CALL_COLUMNS:
        values = list(map(itemgetter(_PLACES[name]), rows))
        if name == "input":
            values = [None if value is None else "" for value in values]
        columns[name] = column_of(name, kind, values)
    for side in ("served", "beside"):
        executions = list(map(itemgetter(_PLACES[side]), rows))
        if None in executions:
            executions = [_NO_EXECUTION if execution is None else execution for execution in executions]
        for name, kind in EXECUTION_COLUMNS:
            if name in UNREAD:
                columns[f"{side}_{name}"] = pa.nulls(size, kind)
            else:
                values = list(map(itemgetter(_EXECUTION_PLACES[name]), executions))
                columns[f"{side}_{name}"] = column_of(name, kind, values)
    return pa.Table.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def lean(table: pa.Table) -> pa.Table:
    """A table of whole calls without what the sums do not read."""
    present = pa.array(["" if there else None for there in table.column("input").is_valid().to_pylist()], pa.string())
    columns = {name: table.column(name) for name in table.column_names} | {"input": present}
    for side in ("served", "beside"):
        for name in UNREAD:
            columns[f"{side}_{name}"] = pa.nulls(table.num_rows, pa.string())
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)
