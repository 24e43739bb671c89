"""Taking calls and outcomes in: durable on return, each id once, whatever is sent again."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pilotage.runtime.records import Call, Outcome
from pilotage.storage.calls.connection import Connections
from pilotage.storage.calls.rows import pack
from pilotage.storage.calls.schema import lowest_id
from pilotage.storage.errors import StorageRefused
from pilotage.storage.protocols import Accepted

_CHUNK = 500
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
_GONE = 0


def workload_number(connection: sqlite3.Connection, slug: str) -> int | None:
    """The number of a workload that has records here; None when it has none."""
    row = connection.execute("SELECT id FROM workloads WHERE slug = ?", (slug,)).fetchone()
    return None if row is None else int(row[0])


def store_calls(
    connections: Connections, slug: str, calls: Sequence[Call], counters: Mapping[str, int], runtime: str
) -> tuple[int, Accepted, int]:
    """Store the calls that are new; the workload's number, what was taken in, and the bytes it takes."""
    packed: dict[bytes, bytes] = {}
    for call in calls:
        packed.setdefault(_key(call.call_id), b"")
    if len(packed) == len(calls):
        packed = {key: pack(call) for key, call in zip(packed, calls, strict=True)}
    else:
        for call in reversed(calls):
            packed[_key(call.call_id)] = pack(call)
    with connections.writing() as connection:
        workload, first = _next_numbers(connection, slug, "next_call", len(packed))
        new = _mark_seen(connection, workload, list(packed), first)
        rows = [(lowest_id(workload, number), packed[key]) for key, number in new]
        connection.executemany("INSERT INTO fresh (id, packed) VALUES (?, ?)", rows)
        _keep_counters(connection, workload, runtime, counters)
    return workload, Accepted(accepted=len(rows), duplicates=len(calls) - len(rows)), sum(len(row[1]) for row in rows)


def store_outcomes(connections: Connections, slug: str, outcomes: Sequence[Outcome]) -> Accepted:
    """Store the outcomes that are new. One about a call that is gone for good is taken in and not kept."""
    unique: dict[bytes, Outcome] = {}
    for outcome in outcomes:
        unique.setdefault(_key(outcome.outcome_id), outcome)
    with connections.writing() as connection:
        workload, first = _next_numbers(connection, slug, "next_outcome", len(unique))
        known = set(
            _found(
                connection, "SELECT outcome FROM seen_outcomes WHERE workload = ? AND outcome IN", workload, keys=unique
            )
        )
        new = [key for key in unique if key not in known]
        connection.executemany("INSERT INTO seen_outcomes VALUES (?, ?)", [(key, workload) for key in new])
        about = {_key(unique[key].call_id) for key in new}
        gone = set(
            _found(
                connection,
                "SELECT call FROM seen WHERE number = ? AND workload = ? AND call IN",
                _GONE,
                workload,
                keys=about,
            )
        )
        rows = [
            _outcome_row(lowest_id(workload, number), key, unique[key])
            for number, key in enumerate(new, start=first)
            if _key(unique[key].call_id) not in gone
        ]
        connection.executemany("INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        _note_corrections(connection, workload, {row[1] for row in rows})
    return Accepted(accepted=len(new), duplicates=len(outcomes) - len(new))


def _note_corrections(connection: sqlite3.Connection, workload: int, calls: Iterable[bytes]) -> None:
    """Remember of which calls something was said twice and differently."""
    wanted = list(calls)
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        marks = ", ".join("?" * len(chunk))
        connection.execute(
            "INSERT OR IGNORE INTO corrections SELECT ?, name, call FROM outcomes "  # noqa: S608 - only marks
            f"WHERE call IN ({marks}) AND +id BETWEEN ? AND ? GROUP BY name, call HAVING count(DISTINCT value) > 1",
            (workload, *chunk, lowest_id(workload), lowest_id(workload + 1) - 1),
        )


def mark_gone(connection: sqlite3.Connection, workload: int, calls: Iterable[bytes]) -> None:
    """Keep the ids of calls that were removed, so that a late copy of them is not taken in again."""
    connection.executemany(
        f"UPDATE seen SET number = {_GONE} WHERE call = ? AND workload = ?",  # noqa: S608 - a constant
        ((call, workload) for call in calls),
    )


def _key(identifier: str) -> bytes:
    try:
        key = bytes.fromhex(identifier)
    except ValueError:
        key = b""
    if len(key) != 16:  # noqa: PLR2004 - 128 bits
        raise StorageRefused("call-id", f"{identifier!r} is not an id: 32 hexadecimal digits are needed.")
    return key


def _next_numbers(connection: sqlite3.Connection, slug: str, column: str, count: int) -> tuple[int, int]:
    """Reserve `count` numbers; the workload and the first of them. A number is never given twice."""
    if not _SLUG.fullmatch(slug):
        raise StorageRefused("workload-slug", f"{slug!r} is not a workload's name: small letters, digits and dashes.")
    connection.execute("INSERT INTO workloads (slug) VALUES (?) ON CONFLICT DO NOTHING", (slug,))
    workload, after = connection.execute(
        f"UPDATE workloads SET {column} = {column} + ? WHERE slug = ? RETURNING id, {column}",  # noqa: S608 - own name
        (count, slug),
    ).fetchone()
    return int(workload), int(after) - count


def _mark_seen(
    connection: sqlite3.Connection, workload: int, keys: Sequence[bytes], first: int
) -> list[tuple[bytes, int]]:
    """Number the ids; those that are new, with their numbers. A batch without duplicates costs no look-up."""
    numbered = list(zip(keys, range(first, first + len(keys)), strict=True))
    inserted = connection.executemany(
        "INSERT OR IGNORE INTO seen (call, workload, number) VALUES (?, ?, ?)",
        [(key, workload, number) for key, number in numbered],
    ).rowcount
    if inserted == len(keys) or not keys:
        return numbered
    new = set(
        _found(
            connection,
            "SELECT call FROM seen WHERE number >= ? AND workload = ? AND call IN",
            first,
            workload,
            keys=keys,
        )
    )
    return [(key, number) for key, number in numbered if key in new]


def _found(connection: sqlite3.Connection, query: str, *values: int, keys: Iterable[bytes]) -> Iterator[bytes]:
    """The keys for which the query, which ends in `IN`, finds a row."""
    wanted = list(keys)
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        marks = ", ".join("?" * len(chunk))
        yield from (row[0] for row in connection.execute(f"{query} ({marks})", (*values, *chunk)))


def _keep_counters(connection: sqlite3.Connection, workload: int, runtime: str, counters: Mapping[str, int]) -> None:
    """Running totals only rise; batches may arrive out of order."""
    connection.executemany(
        "INSERT INTO dropped VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET total = max(total, excluded.total)",
        [(workload, runtime, reason, total) for reason, total in counters.items()],
    )


def _outcome_row(row_id: int, key: bytes, outcome: Outcome) -> tuple[int, bytes, bytes, str, str, str, int, str, str]:
    return (
        row_id,
        _key(outcome.call_id),
        key,
        outcome.name,
        outcome.kind,
        outcome.value,
        outcome.at_us,
        outcome.reporter,
        outcome.basis,
    )
