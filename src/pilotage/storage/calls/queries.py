"""Questions about stored calls, answered by an in-memory DuckDB over the manifest's files and the rows not yet in one.

The statements are the files in `sql`, one per question.
"""

from __future__ import annotations

import datetime as dt
import glob
import re
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any, TypeVar

import duckdb
import pyarrow as pa
from msgspec import Struct

from pilotage.evidence.agreement import CATEGORIES_MAX, AnswerPair, PairedAnswers, influences
from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import INCUMBENT_ANSWER
from pilotage.runtime.records import Call, Outcome
from pilotage.storage.calls.connection import Connections
from pilotage.storage.calls.ingestion import workload_number
from pilotage.storage.calls.reading import SegmentVanished, retried
from pilotage.storage.calls.rows import COLUMNS, calls_of, micros, moment, table_of
from pilotage.storage.calls.schema import lowest_id
from pilotage.storage.calls.segments import Segment, SegmentFiles, fresh_rows, holding, manifest
from pilotage.storage.calls.statements import text_of
from pilotage.storage.calls.sums_tables import read_outcomes
from pilotage.storage.errors import StorageRefused, StorageUnavailable
from pilotage.storage.protocols import CallFilter, CallPage, PairsOf, StoredCall

Ask = Callable[[str, Mapping[str, Any], Mapping[str, pa.Table]], pa.Table]
Answered = TypeVar("Answered")
PAGE_MAX = 1000
FIRST_BLOCK = 4
_ALWAYS_US = 2**62
# What several questions share, by the mark at which it is put into a statement; later ones may stand in earlier ones.
_PARTS = (
    ("{field_values}", "field_values"),
    ("{executions}", "executions"),
    ("{paired}", "paired"),
    ("{answered}", "answered"),
)
_PARAMETER = re.compile(r"\$([a-z_]+)")
_CONFIGURATION: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_file_cache": "false",
    "memory_limit": "1GB",
    "temp_directory": "",
}


class Snapshot(Struct, frozen=True):
    """The calls of a workload at one moment: the segments, and the rows that are in none."""

    segments: tuple[Segment, ...]
    fresh: pa.Table


class CallQueries:
    """Reads for pages and for single calls. Safe to use from several threads."""

    def __init__(self, connections: Connections, files: SegmentFiles) -> None:
        self._connections = connections
        self._files = files
        self._starting = threading.Lock()
        self._duckdb: duckdb.DuckDBPyConnection | None = None

    def close(self) -> None:
        """Let go of the engine."""
        with self._starting:
            if self._duckdb is not None:
                self._duckdb.close()
                self._duckdb = None

    def _engine(self) -> duckdb.DuckDBPyConnection:
        """A cursor on the engine, which starts at the first question. It fetches, spills and keeps nothing."""
        with self._starting:
            if self._duckdb is None:
                engine = duckdb.connect(":memory:", config=_CONFIGURATION)
                engine.execute(text_of("macros"))
                self._duckdb = engine
            return self._duckdb.cursor()

    def search(self, slug: str, where: CallFilter, cursor: str | None, limit: int) -> CallPage:
        """Calls that match, newest first; at most `PAGE_MAX` to a page."""
        limit = max(1, min(limit, PAGE_MAX))
        before = _parse_cursor(cursor)

        def read() -> CallPage:
            with self._connections.reading() as connection:
                workload = workload_number(connection, slug)
                if workload is None:
                    return CallPage(calls=(), next=None)
                snapshot = _snapshot(connection, workload)
                answers = _answers(connection, workload, where)
            found = self._match(snapshot, where, before, answers, limit + 1)
            calls = self._numbered(snapshot, [number for number, _, _ in found[:limit]])
            stored = self._with_outcomes(workload, [calls[number] for number, _, _ in found[:limit]])
            more = f"{found[limit - 1][1]}-{found[limit - 1][2]}" if len(found) > limit else None
            return CallPage(calls=stored, next=more)

        return retried(read)

    def call(self, slug: str, call_id: str) -> StoredCall | None:
        """One call in full; None when it is not kept, or never was."""
        try:
            key = bytes.fromhex(call_id)
        except ValueError:
            return None

        def read() -> StoredCall | None:
            with self._connections.reading() as connection:
                workload = workload_number(connection, slug)
                row = connection.execute(
                    "SELECT number FROM seen WHERE call = ? AND workload = ?", (key, workload)
                ).fetchone()
                if workload is None or row is None or row[0] == 0:
                    return None
                snapshot = _snapshot(connection, workload, number=row[0])
            calls = list(self._numbered(snapshot, [row[0]]).values())
            return self._with_outcomes(workload, calls)[0] if calls else None

        return retried(read)

    def corrected(self, slug: str, name: str, limit: int) -> tuple[StoredCall, ...]:
        """Calls of which two outcomes of that name say different things."""

        def read() -> tuple[StoredCall, ...]:
            with self._connections.reading() as connection:
                workload = workload_number(connection, slug)
                if workload is None:
                    return ()
                numbers = [
                    row[0]
                    for row in connection.execute(
                        "SELECT seen.number FROM corrections JOIN seen ON seen.call = corrections.call "
                        "AND seen.workload = corrections.workload WHERE corrections.workload = ? "
                        "AND corrections.name = ? AND seen.number > 0 LIMIT ?",
                        (workload, name, limit),
                    )
                ]
                if not numbers:
                    return ()
                snapshot = _snapshot(connection, workload)
            return self._with_outcomes(workload, list(self._numbered(snapshot, numbers).values()))

        return retried(read)

    def feedback(self, slug: str, since: dt.datetime, limit: int) -> tuple[Outcome, ...]:
        """What users said since then, newest taken in first."""
        with self._connections.reading() as connection:
            workload = workload_number(connection, slug)
            if workload is None:
                return ()
            rows = connection.execute(
                "SELECT outcome, call, name, value, at_us, kind, reporter, basis FROM outcomes "
                "INDEXED BY outcomes_of_feedback "
                "WHERE kind = 'feedback' AND id >= ? AND id < ? AND at_us >= ? ORDER BY id DESC LIMIT ?",
                (lowest_id(workload), lowest_id(workload + 1), micros(since), limit),
            )
            return tuple(
                Outcome(
                    outcome_id=outcome.hex(),
                    call_id=call.hex(),
                    name=name,
                    value=value,
                    at_us=at,
                    kind=kind,
                    reporter=who,
                    basis=basis,
                )
                for outcome, call, name, value, at, kind, who, basis in rows
            )

    def of_units(self, workload: int, units: Sequence[str], since_us: int = 0, until_us: int = _ALWAYS_US) -> list[int]:
        """The numbers of the calls of units in a span of time, `until_us` exclusive."""

        def read() -> list[int]:
            with self._connections.reading() as connection:
                snapshot = _snapshot(connection, workload)
            segments = [s for s in snapshot.segments if s.max_at_us >= since_us and s.min_at_us < until_us]
            table = self._run(
                "of_units",
                {"units": list(units), "since_us": since_us, "until_us": until_us},
                segments,
                {"fresh": snapshot.fresh},
            )
            numbers: list[int] = table.column("number").to_pylist()
            return numbers

        return retried(read)

    def ask(
        self, workload: int, question: str, parameters: Mapping[str, Any], relations: Mapping[str, pa.Table]
    ) -> pa.Table:
        """The answer to one question over a workload's calls."""
        after = 0 if parameters.get("numbers") else parameters.get("after", 0)
        return self.at_once(workload, lambda ask: ask(question, parameters, relations), after=after)

    def at_once(self, workload: int, read: Callable[[Ask], Answered], *, after: int = 0) -> Answered:
        """What `read` makes of several questions, all asked of one state of the calls, which is read once: of those
        whose number lies above `after`. Where files went away under it, it is called again.

        What a statement does not name is not handed to it. Segments outside `since_us` to `until_us` are not opened,
        nor are those up to the number `after` unless certain `numbers` are asked for.
        """

        def whole() -> Answered:
            with self._connections.reading() as connection:
                snapshot = _snapshot(connection, workload, after=after)
            return read(partial(self._asked, snapshot))

        return retried(whole)

    def _asked(
        self, snapshot: Snapshot, question: str, parameters: Mapping[str, Any], relations: Mapping[str, pa.Table]
    ) -> pa.Table:
        since_us, until_us = parameters.get("since_us", 0), parameters.get("until_us", _ALWAYS_US)
        after = 0 if parameters.get("numbers") else parameters.get("after", 0)
        segments = [
            s for s in snapshot.segments if s.max_at_us >= since_us and s.min_at_us < until_us and s.last_number > after
        ]
        named = set(_PARAMETER.findall(_statement(question)))
        used = {name: value for name, value in parameters.items() if name in named}
        return self._run(question, used, segments, {"fresh": snapshot.fresh, **relations})

    def agreement(self, slug: str, of: PairsOf) -> PairedAnswers:
        """What the arms answered to the newest calls that both answered, counted for agreement and kappa."""

        def read() -> PairedAnswers:
            with self._connections.reading() as connection:
                workload = workload_number(connection, slug)
                if workload is None:
                    return PairedAnswers()
                snapshot = _snapshot(connection, workload)
                answers = _answers(connection, workload, CallFilter(disagree=True))
            return self._agreement(snapshot, answers, of)

        return retried(read)

    def _agreement(self, snapshot: Snapshot, answers: pa.Table, of: PairsOf) -> PairedAnswers:
        newest = self._newest_pairs(snapshot, answers, of)
        counted = newest.slice(0, of.most)
        limits = {"limit": (CATEGORIES_MAX + 1) ** 2}
        joint = self._run("answer_pairs", limits, (), {"pairs": counted}).to_pylist()
        categories = joint[0].pop("categories") if joint else 0
        pairs = tuple(
            AnswerPair(incumbent=row["incumbent"], candidate=row["candidate"], calls=row["calls"]) for row in joint
        )
        moves = influences(pairs) if categories <= CATEGORIES_MAX else {}
        table = pa.table(
            {
                "incumbent": pa.array([incumbent for incumbent, _ in moves], pa.string()),
                "candidate": pa.array([candidate for _, candidate in moves], pa.string()),
                "move": pa.array(moves.values(), pa.float64()),
            }
        )
        (row,) = self._run("agreeing", {}, (), {"pairs": counted, "moves": table}).to_pylist()
        influence = row.pop("influence")
        times = counted.column("at_us")
        return PairedAnswers(
            categories=categories,
            pairs=pairs,
            agreeing=Totals(**row),
            influence=influence,
            since=moment(times[-1].as_py()) if len(times) else None,
            until=moment(times[0].as_py()) if len(times) else None,
            whole=newest.num_rows <= of.most,
        )

    def _newest_pairs(self, snapshot: Snapshot, answers: pa.Table, of: PairsOf) -> pa.Table:
        """The newest pairs, one more than are counted where there are more. Segments are opened as for a search."""
        parameters = {
            "stage": of.stage,
            "release": of.release,
            "sources": list(of.sources),
            "pointer": pointer_to(of.compared),
            "limit": of.most + 1,
        }
        segments = sorted(snapshot.segments, key=lambda s: s.max_at_us, reverse=True)
        fresh, block = snapshot.fresh, FIRST_BLOCK
        found: pa.Table | None = None
        while True:
            table = self._run("newest_pairs", parameters, segments[:block], {"fresh": fresh, "answers": answers})
            if found is not None:
                both = pa.concat_tables([found, table])
                table = both.sort_by([("at_us", "descending"), ("call_id", "descending")]).slice(0, of.most + 1)
            found = table
            segments = segments[block:]
            if not segments or (found.num_rows > of.most and found.column("at_us")[-1].as_py() > segments[0].max_at_us):
                return found
            fresh = fresh.slice(0, 0)
            block *= 2

    def _match(
        self, snapshot: Snapshot, where: CallFilter, before: tuple[int, str] | None, answers: pa.Table, limit: int
    ) -> list[tuple[int, int, str]]:
        """Number, time and id of the newest calls that match. Segments are opened newest first, in growing blocks,
        until none of the others can hold a newer call.
        """
        parameters = _parameters(where, before, limit)
        segments = sorted(
            (s for s in snapshot.segments if _may_hold(s, parameters)), key=lambda s: s.max_at_us, reverse=True
        )
        found: list[tuple[int, int, str]] = []
        fresh = snapshot.fresh
        block = FIRST_BLOCK
        while True:
            table = self._run("match", parameters, segments[:block], {"fresh": fresh, "answers": answers})
            found += zip(*(table.column(name).to_pylist() for name in ("number", "at_us", "call_id")), strict=True)
            found = sorted(found, key=lambda row: row[1:], reverse=True)[:limit]
            segments = segments[block:]
            if not segments or (len(found) == limit and found[-1][1] > segments[0].max_at_us):
                return found
            fresh = fresh.slice(0, 0)
            block *= 2

    def _numbered(self, snapshot: Snapshot, numbers: Sequence[int]) -> dict[int, Call]:
        segments = holding(snapshot.segments, sorted(numbers))
        table = self._run("numbered", {"numbers": list(numbers)}, segments, {"fresh": snapshot.fresh})
        return dict(calls_of(table))

    def _with_outcomes(self, workload: int, calls: Sequence[Call]) -> tuple[StoredCall, ...]:
        with self._connections.reading() as connection:
            outcomes = read_outcomes(connection, workload, [call.call_id for call in calls])
        return tuple(
            StoredCall(call=call, outcomes=tuple(outcome for _, outcome in outcomes.get(call.call_id, ())))
            for call in calls
        )

    def _run(
        self,
        question: str,
        parameters: Mapping[str, Any],
        segments: Iterable[Segment],
        relations: Mapping[str, pa.Table],
    ) -> pa.Table:
        columns = ", ".join(COLUMNS)
        # DuckDB takes every path for a pattern: a folder's own brackets must stand for themselves.
        paths = [glob.escape(str(self._files.folder / segment.path)) for segment in segments]
        calls = "fresh"
        if paths:
            calls = f"(SELECT {columns} FROM read_parquet($paths) UNION ALL SELECT {columns} FROM fresh)"  # noqa: S608 - own column names
            parameters = {**parameters, "paths": paths}
        connection = self._engine()
        try:
            for name, relation in relations.items():
                connection.register(name, relation)
            statement = _statement(question).format(calls=calls)
            return connection.sql(statement, params=dict(parameters)).to_arrow_table()
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            raise SegmentVanished("segment-unreadable", f"A segment cannot be read ({error}).") from error
        except duckdb.Error as error:
            raise StorageUnavailable("calls-unavailable", f"The calls could not be asked ({error}).") from error
        finally:
            connection.close()


@cache
def _statement(question: str) -> str:
    """A question with the parts that several share put in; `{calls}` is still open."""
    text = text_of(question)
    for mark, part in _PARTS:
        text = text.replace(mark, text_of(part)) if mark in text else text
    return text


def pointer_to(field: str | None) -> str | None:
    """Where a field of an answer is, as a JSON pointer (RFC 6901); None for the whole answer."""
    return None if field is None else "/" + field.replace("~", "~0").replace("/", "~1")


def _snapshot(connection: sqlite3.Connection, workload: int, number: int | None = None, *, after: int = 0) -> Snapshot:
    """All calls, those that may be the one of that number, or those that may lie above `after`."""
    segments = manifest(connection, workload)
    if number is not None:
        segments = [s for s in segments if s.first_number <= number <= s.last_number]
        fresh = fresh_rows(connection, workload, after=number - 1, upto=number)
    else:
        fresh = fresh_rows(connection, workload, after=after)
    return Snapshot(tuple(segments), table_of(*fresh))


def _answers(connection: sqlite3.Connection, workload: int, where: CallFilter) -> pa.Table:
    """What people answered, where the question needs it: the first answer per call."""
    rows: list[tuple[bytes, str]] = []
    if where.disagree is not None or where.text is not None:
        rows = connection.execute(
            "SELECT call, value FROM outcomes WHERE id > ? AND id < ? AND name = ? ORDER BY at_us DESC, outcome DESC",
            (lowest_id(workload), lowest_id(workload + 1), INCUMBENT_ANSWER),
        ).fetchall()
    first = {call.hex(): value for call, value in rows}
    return pa.table(
        {"call_id": pa.array(list(first), pa.string()), "value": pa.array(list(first.values()), pa.string())}
    )


def _parameters(where: CallFilter, before: tuple[int, str] | None, limit: int) -> dict[str, Any]:
    return {
        "since_us": _micros(where.since),
        "until_us": _micros(where.until),
        "before_us": None if before is None else before[0],
        "before_id": None if before is None else before[1],
        "unit": where.unit,
        "arm": where.arm,
        "stage": where.stage,
        "mode": where.mode,
        "source": where.source,
        "fallback": where.fallback,
        "failed": where.failed,
        "disagree": where.disagree,
        "pointer": pointer_to(where.compared),
        "text": where.text,
        "limit": limit,
    }


def _may_hold(segment: Segment, parameters: Mapping[str, Any]) -> bool:
    since_us, until_us, before_us = (parameters[name] for name in ("since_us", "until_us", "before_us"))
    return (
        (since_us is None or segment.max_at_us >= since_us)
        and (until_us is None or segment.min_at_us < until_us)
        and (before_us is None or segment.min_at_us <= before_us)
    )


def _micros(moment: dt.datetime | None) -> int | None:
    return None if moment is None else micros(moment)


def _parse_cursor(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    at_us, _, call_id = cursor.partition("-")
    if not at_us.isdigit() or len(call_id) != 32:  # noqa: PLR2004 - 128 bits in hexadecimal
        raise StorageRefused("cursor", "The cursor is not one that a page gave: start again without it.")
    return int(at_us), call_id
