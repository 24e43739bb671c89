"""Keeps the profiles of each day: finds the days that calls, outcomes or erasures touched, and makes those again.

A day is always made whole from its calls by the same statements, so what it holds does not depend on the order in which
things came, nor on how often it was made. The bins are those of references that are frozen by rule, once.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa

from pilotage.evidence.burning import MinuteCount
from pilotage.evidence.daybook import (
    OF_CANDIDATE,
    TRAFFIC,
    DayProfile,
    Reference,
    ReferenceField,
    reference_days,
)
from pilotage.evidence.plan import MeasurementPlan
from pilotage.storage.calls.connection import Connections
from pilotage.storage.calls.ingestion import workload_number
from pilotage.storage.calls.profile_inputs import INPUT, bins_relation, input_paths, judge_of, learned
from pilotage.storage.calls.profile_rows import (
    AGES_US,
    bins_of,
    by_day,
    confidence_days,
    delay_days,
    field_days,
    frozen_bins,
    pair_days,
    profile_of,
    worth_of,
)
from pilotage.storage.calls.queries import Ask, CallQueries
from pilotage.storage.calls.rows import micros, moment
from pilotage.storage.calls.schema import lowest_id

QUARTER_US = 900_000_000
MINUTE_US = 60_000_000
BATCH_CALLS = 100_000
BATCH_DAYS = 62
DAY = dt.timedelta(days=1)
TODAY_AGAIN = dt.timedelta(minutes=10)
_ENDLESS_US = 2**62


class _Task(msgspec.Struct, frozen=True):
    """Whose profiles are made, under which plan, in which time zone."""

    workload: int
    plan: MeasurementPlan
    zone: ZoneInfo

    def span(self, since: dt.date, until: dt.date) -> dict[str, Any]:
        """The parameters of a span of whole days, `until` exclusive."""
        sources = list(self.plan.counted_sources)
        return {"since_us": self.start_us(since), "until_us": self.start_us(until), "sources": sources}

    def start_us(self, day: dt.date) -> int:
        """When a day begins."""
        return micros(dt.datetime.combine(day, dt.time(), self.zone))

    def day(self, quarter: int) -> dt.date:
        """The day that a quarter hour lies in."""
        return moment(quarter * QUARTER_US).astimezone(self.zone).date()


class Profiler:
    """The only writer of day profiles and references. Safe to use from several threads."""

    def __init__(self, connections: Connections, queries: CallQueries) -> None:
        self._connections = connections
        self._queries = queries
        self._alone = threading.RLock()
        self._today_made: dict[tuple[int, dt.date], dt.datetime] = {}

    def update(
        self, slug: str, plan: MeasurementPlan, now: dt.datetime, chosen: Mapping[str, dt.date] | None = None
    ) -> tuple[dt.date, ...]:
        """Freeze the references that are due and make every day again that was touched; which days. The running day
        is made again every ten minutes at most. `chosen` are scopes whose reference begins later, and when.
        """
        with self._alone:
            with self._connections.reading() as connection:
                workload = workload_number(connection, slug)
            if workload is None:
                return ()
            task = _Task(workload, plan, ZoneInfo(plan.time_zone))
            with self._connections.writing(durable=False) as connection:
                _adopt(connection, workload, plan, now)
            self._follow(workload, plan)
            return self._make_due(task, now, self._freeze(task, now, chosen or {}))

    def update_again(self, slug: str) -> None:
        """Bring every day up to date, the running one too, under the plan and at the time of the last update: before
        calls are past their retention, and after a unit was erased.
        """
        with self._alone:
            with self._connections.reading() as connection:
                row = connection.execute(
                    "SELECT plan, now_us FROM profile_cursors JOIN workloads ON workloads.id = workload WHERE slug = ?",
                    (slug,),
                ).fetchone()
            if row is not None:
                self._today_made.clear()
                self.update(slug, msgspec.json.decode(row[0], type=MeasurementPlan), moment(row[1]))

    def references(self, slug: str) -> tuple[Reference, ...]:
        """Every frozen reference."""
        with self._connections.reading() as connection:
            return _references(connection, workload_number(connection, slug))

    def former_references(self, slug: str) -> tuple[Reference, ...]:
        """Every reference that another one replaced."""
        with self._connections.reading() as connection:
            rows = connection.execute(
                "SELECT body FROM former_references WHERE workload = ?", (workload_number(connection, slug),)
            ).fetchall()
        found = [msgspec.msgpack.decode(row[0], type=Reference) for row in rows]
        return tuple(sorted(found, key=lambda one: (one.frozen_at, one.scope)))

    def days(self, slug: str, since: dt.date, until: dt.date) -> tuple[DayProfile, ...]:
        """The days' profiles, `until` exclusive, in order."""
        with self._connections.reading() as connection:
            rows = connection.execute(
                "SELECT body FROM profile_days WHERE workload = ? AND day >= ? AND day < ? ORDER BY day",
                (workload_number(connection, slug), since.isoformat(), until.isoformat()),
            ).fetchall()
        return tuple(msgspec.msgpack.decode(row[0], type=DayProfile) for row in rows)

    def minutes(
        self, slug: str, sources: Sequence[str], since: dt.datetime, until: dt.datetime, limit_ms: float | None
    ) -> Mapping[str, tuple[MinuteCount, ...]]:
        """Counts by minute of `answered`, `served` by the assigned candidate, and `fast` within the limit."""
        with self._connections.reading() as connection:
            workload = workload_number(connection, slug)
        if workload is None:
            return {}
        span = {"since_us": micros(since), "until_us": micros(until), "sources": list(sources)}
        limit_us = _ENDLESS_US if limit_ms is None else round(limit_ms * 1000)
        rows = self._ask(workload, "minutes", {**span, "limit_us": limit_us}, {}).to_pylist()
        counts: dict[str, list[MinuteCount]] = defaultdict(list)
        for row in rows:
            at = moment(row["minute"] * MINUTE_US)
            counts["answered"].append(MinuteCount(at, row["calls"], row["failed"]))
            if row["assigned_calls"]:
                counts["served"].append(MinuteCount(at, row["assigned_calls"], row["fell_back"]))
            if limit_ms is not None and row["timed"]:
                counts["fast"].append(MinuteCount(at, row["timed"], row["slow"]))
        return {name: tuple(found) for name, found in counts.items()}

    def _follow(self, workload: int, plan: MeasurementPlan) -> None:
        """Note the quarter hours of what came since last time, and move the cursors past it."""
        with self._connections.reading() as connection:
            calls_seen, outcomes_seen = connection.execute(
                "SELECT call_number, outcome_number FROM profile_cursors WHERE workload = ?", (workload,)
            ).fetchone()
            newest, newest_outcome = connection.execute(
                "SELECT next_call - 1, next_outcome - 1 FROM workloads WHERE id = ?", (workload,)
            ).fetchone()
            late = connection.execute(
                "SELECT DISTINCT number FROM outcomes JOIN seen ON seen.call = outcomes.call AND seen.workload = ? "
                "WHERE outcomes.id > ? AND outcomes.id <= ? AND number > 0 AND number <= ?",
                (workload, lowest_id(workload, outcomes_seen), lowest_id(workload, newest_outcome), calls_seen),
            ).fetchall()
        if (newest, newest_outcome) == (calls_seen, outcomes_seen):
            return
        sources = list(plan.counted_sources)
        new = self._ask(
            workload, "quarters", {"after": calls_seen, "upto": newest, "numbers": [], "sources": sources}, {}
        ).to_pylist()
        touched = {row["quarter"] for row in new}
        if late:
            asked = {"after": 0, "upto": 0, "numbers": [row[0] for row in late], "sources": sources}
            touched |= set(self._ask(workload, "quarters", asked, {}).column("quarter").to_pylist())
        with self._connections.writing(durable=False) as connection:
            _note(connection, workload, touched)
            connection.executemany(
                "INSERT INTO profile_counts VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",
                [(workload, row["release"], row["quarter"], row["calls"]) for row in new],
            )
            connection.execute(
                "UPDATE profile_cursors SET call_number = ?, outcome_number = ? WHERE workload = ?",
                (newest, newest_outcome, workload),
            )

    def _freeze(self, task: _Task, now: dt.datetime, chosen: Mapping[str, dt.date]) -> tuple[Reference, ...]:
        """The references, with those that are due now frozen first: by rule where there is none yet, and from a chosen
        day on where the one that stands was not chosen for it. Calls that are past their retention make no reference.
        """
        workload, today = task.workload, now.astimezone(task.zone).date()
        with self._connections.reading() as connection:
            held = {one.scope: one for one in _references(connection, workload)}
            chosen_for = _chosen(connection, workload)
            rows = connection.execute(
                "SELECT release, quarter, calls FROM profile_counts WHERE workload = ?", (workload,)
            ).fetchall()
            sealed_us = _sealed_us(connection, workload)
        scopes: dict[str, Counter[dt.date]] = defaultdict(Counter)
        for release, quarter, calls in rows:
            day = task.day(quarter)
            scopes[TRAFFIC][day] += calls
            if release:
                scopes[release][day] += calls
        frozen = []
        for scope in sorted(scopes):
            since = chosen.get(scope)
            if scope in held and (since is None or chosen_for[scope] == since):
                continue
            counts = {day: calls for day, calls in scopes[scope].items() if since is None or day >= since}
            window = reference_days(counts, today)
            if window is not None and not (scope in held and task.start_us(window[0]) < sealed_us):
                frozen.append(self._frozen(task, scope, window, now))
        if frozen:
            with self._connections.writing() as connection:
                for one in frozen:
                    _keep_reference(connection, workload, one, chosen.get(one.scope))
                since_day = min(one.since for one in frozen)
                _note(connection, workload, {row[1] for row in rows if task.day(row[1]) >= since_day})
        made = held | {one.scope: one for one in frozen}
        return tuple(made[scope] for scope in sorted(made))

    def _frozen(self, task: _Task, scope: str, window: tuple[dt.date, dt.date], now: dt.datetime) -> Reference:
        return self._queries.at_once(task.workload, lambda ask: self._reference(ask, task, scope, window, now))

    def _reference(
        self, ask: Ask, task: _Task, scope: str, window: tuple[dt.date, dt.date], now: dt.datetime
    ) -> Reference:
        span = task.span(*window)
        names, paths, left_out = _inputs(ask, span) if scope == TRAFFIC else ([], [], 0)
        days = [window[0] + number * DAY for number in range((window[1] - window[0]).days)]
        parameters, relations = self._asked(ask, task, days, names, paths)
        numbers = ask("reference_numbers", {**parameters, "scope": scope}, relations)
        words = ask("reference_words", {**parameters, "scope": scope}, relations)
        bins = [one for one in frozen_bins(numbers, words) if one.name.startswith(OF_CANDIDATE) == (scope != TRAFFIC)]
        bare = Reference(
            scope=scope,
            since=window[0],
            until=window[1],
            calls=0,
            frozen_at=now,
            fields=tuple(ReferenceField(bins=one, profile=profile_of((), one)) for one in bins),
            left_out=left_out,
        )
        relations["bins"] = bins_relation([bare])
        rows = defaultdict(list)
        for row in ask("profile_fields", parameters, relations).to_pylist():
            rows[row["name"]].append(row)
        fields = tuple(
            ReferenceField(bins=one, profile=profile_of(rows[one.name], one), worth=worth_of(rows[one.name], one))
            for one in bins
        )
        calls = max((field.profile.calls for field in fields), default=0)
        return msgspec.structs.replace(bare, fields=fields, calls=calls)

    def _make_due(self, task: _Task, now: dt.datetime, references: Sequence[Reference]) -> tuple[dt.date, ...]:
        workload = task.workload
        with self._connections.reading() as connection:
            due = [
                row[0] for row in connection.execute("SELECT quarter FROM profile_due WHERE workload = ?", (workload,))
            ]
            sealed_us = _sealed_us(connection, workload)
        days: dict[dt.date, list[int]] = defaultdict(list)
        for quarter in due:
            days[task.day(quarter)].append(quarter)
        today = now.astimezone(task.zone).date()
        if today in days:
            if now - self._today_made.get((workload, today), moment(0)) < TODAY_AGAIN:
                del days[today]
            else:
                self._today_made[workload, today] = now
        open_ = [day for day in sorted(days) if task.start_us(day) >= sealed_us]
        for batch in self._batches(task, open_):
            bodies = self._queries.at_once(workload, partial(self._day_profiles, task, batch, references))
            with self._connections.writing(durable=False) as connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO profile_days VALUES (?, ?, ?)",
                    [(workload, body.day.isoformat(), msgspec.msgpack.encode(body)) for body in bodies],
                )
                _strike_off(connection, workload, [quarter for day in batch for quarter in days[day]])
        sealed = [quarter for day in days.keys() - set(open_) for quarter in days[day]]
        if sealed:
            with self._connections.writing(durable=False) as connection:
                _strike_off(connection, workload, sealed)
        return tuple(open_)

    def _batches(self, task: _Task, days: Sequence[dt.date]) -> Iterable[list[dt.date]]:
        """Days that are made together: as many as hold a hundred thousand calls."""
        with self._connections.reading() as connection:
            rows = connection.execute(
                "SELECT quarter, sum(calls) FROM profile_counts WHERE workload = ? GROUP BY quarter",
                (task.workload,),
            ).fetchall()
        calls: Counter[dt.date] = Counter()
        for quarter, count in rows:
            calls[task.day(quarter)] += count
        batch: list[dt.date] = []
        held = 0
        for day in days:
            if batch and (held + calls[day] > BATCH_CALLS or len(batch) >= BATCH_DAYS):
                yield batch
                batch, held = [], 0
            batch.append(day)
            held += calls[day]
        if batch:
            yield batch

    def _day_profiles(
        self, task: _Task, days: Sequence[dt.date], references: Sequence[Reference], ask: Ask
    ) -> list[DayProfile]:
        bins = bins_of(references)
        names = [name for scope, name in bins if scope == TRAFFIC and name.split(".")[0] == INPUT]
        paths = ["$" + "".join(f'."{key}"' for key in name.split(".")[1:]) for name in names]
        parameters, relations = self._asked(ask, task, days, names, paths)
        relations["bins"] = bins_relation(references)
        parameters["ages"] = AGES_US

        def rows(question: str) -> Mapping[dt.date, list[Mapping[str, Any]]]:
            return by_day(ask(question, parameters, relations))

        delayed, fields, answers, pairs = map(
            rows, ("profile_delays", "profile_fields", "profile_answers", "profile_pairs")
        )
        made = []
        for day in days:
            delays, calls, unrecorded = delay_days(delayed.get(day, ()))
            made.append(
                DayProfile(
                    day=day,
                    calls=calls,
                    unrecorded=unrecorded,
                    fields=field_days(fields.get(day, ()), bins),
                    confidence=confidence_days(answers.get(day, ())),
                    pairs=pair_days(pairs.get(day, ())),
                    delays=delays,
                )
            )
        return made

    def _asked(
        self, ask: Ask, task: _Task, days: Sequence[dt.date], names: Sequence[str], paths: Sequence[str]
    ) -> tuple[dict[str, Any], dict[str, pa.Table]]:
        """Parameters and relations of the statements on fields."""
        judge = judge_of(task.plan)
        span = task.span(days[0], days[-1] + DAY)
        ids = ask("ids_of_span", span, {}).column("call_id").to_pylist()
        with self._connections.reading() as connection:
            relations = learned(connection, task.workload, ids, judge.label)
        relations["spans"] = pa.table(
            {
                "day": pa.array(days, pa.date32()),
                "since_us": pa.array([task.start_us(day) for day in days], pa.int64()),
                "until_us": pa.array([task.start_us(day + DAY) for day in days], pa.int64()),
            }
        )
        parameters = {**judge.parameters(), **span, "input_names": list(names), "input_paths": list(paths)}
        relations["worths"] = judge.worths(ask("to_judge", parameters, relations))
        return parameters, relations

    def _ask(
        self, workload: int, question: str, parameters: Mapping[str, Any], relations: Mapping[str, pa.Table]
    ) -> pa.Table:
        return self._queries.ask(workload, question, parameters, relations)


def _inputs(ask: Ask, span: Mapping[str, Any]) -> tuple[list[str], list[str], int]:
    return input_paths(ask("some_inputs", span, {}).column("input").to_pylist())


def touch(connection: sqlite3.Connection, workload: int, at_us: Iterable[int]) -> None:
    """Have the days of these calls made again, because the calls are going."""
    _note(connection, workload, {one // QUARTER_US for one in at_us})


def seal(connection: sqlite3.Connection, workload: int, before_us: int) -> None:
    """Days that begin before then stand: their calls are going."""
    connection.execute(
        "UPDATE profile_cursors SET sealed_us = max(sealed_us, ?) WHERE workload = ?", (before_us, workload)
    )


def _adopt(connection: sqlite3.Connection, workload: int, plan: MeasurementPlan, now: dt.datetime) -> None:
    """Another plan may judge or place calls differently: every day is made again, sealed ones excepted."""
    text = msgspec.json.encode(plan, order="deterministic").decode()
    row = connection.execute("SELECT plan FROM profile_cursors WHERE workload = ?", (workload,)).fetchone()
    connection.execute(
        "INSERT INTO profile_cursors (workload, plan, now_us) VALUES (?, ?, ?) "
        "ON CONFLICT DO UPDATE SET plan = excluded.plan, now_us = excluded.now_us",
        (workload, text, micros(now)),
    )
    if row is not None and row[0] != text:
        connection.execute(
            "INSERT OR IGNORE INTO profile_due "
            "SELECT DISTINCT workload, quarter FROM profile_counts WHERE workload = ?",
            (workload,),
        )


def _note(connection: sqlite3.Connection, workload: int, quarters: Iterable[int]) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO profile_due VALUES (?, ?)", [(workload, quarter) for quarter in sorted(quarters)]
    )


def _strike_off(connection: sqlite3.Connection, workload: int, quarters: Iterable[int]) -> None:
    connection.executemany(
        "DELETE FROM profile_due WHERE workload = ? AND quarter = ?", [(workload, quarter) for quarter in quarters]
    )


def _references(connection: sqlite3.Connection, workload: int | None) -> tuple[Reference, ...]:
    rows = connection.execute(
        "SELECT body FROM drift_references WHERE workload = ? ORDER BY scope", (workload,)
    ).fetchall()
    return tuple(msgspec.msgpack.decode(row[0], type=Reference) for row in rows)


def _chosen(connection: sqlite3.Connection, workload: int) -> dict[str, dt.date | None]:
    """By scope the day that its reference was chosen for; None where the rule chose it."""
    rows = connection.execute("SELECT scope, chosen FROM drift_references WHERE workload = ?", (workload,)).fetchall()
    return {scope: None if day is None else dt.date.fromisoformat(day) for scope, day in rows}


def _sealed_us(connection: sqlite3.Connection, workload: int) -> int:
    """Up to when days stand, since their calls are past their retention."""
    row = connection.execute("SELECT sealed_us FROM profile_cursors WHERE workload = ?", (workload,)).fetchone()
    return int(row[0])


def _keep_reference(
    connection: sqlite3.Connection, workload: int, reference: Reference, chosen: dt.date | None
) -> None:
    """Compare with this one from now on; what was compared with before is kept aside."""
    connection.execute(
        "INSERT OR IGNORE INTO former_references SELECT workload, scope, digest, body FROM drift_references "
        "WHERE workload = ? AND scope = ? AND digest <> ?",
        (workload, reference.scope, reference.digest),
    )
    connection.execute(
        "INSERT OR REPLACE INTO drift_references (workload, scope, digest, body, chosen) VALUES (?, ?, ?, ?, ?)",
        (
            workload,
            reference.scope,
            reference.digest,
            msgspec.msgpack.encode(reference),
            None if chosen is None else chosen.isoformat(),
        ),
    )
