"""What the sums say, read from their tables: no call is opened for it."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from pilotage.evidence.labels import Counted, bases
from pilotage.evidence.measurements import LabelBases, Traffic
from pilotage.evidence.plan import MeasurementPlan
from pilotage.storage.calls.accumulators import as_totals
from pilotage.storage.calls.folding import DUE, bin_end_us
from pilotage.storage.calls.marks import Mark
from pilotage.storage.calls.rows import moment
from pilotage.storage.protocols import BetRow, DayRow, ShadowRow, SumRow

P99 = 0.99
UNITS_LOOKED_UP = 1_000_000


def current_projection(connection: sqlite3.Connection, slug: str) -> tuple[int, MeasurementPlan] | None:
    """The projection that figures are read from, and its plan; None before the first has caught up."""
    row = connection.execute(
        "SELECT projections.id, plan FROM projections JOIN workloads ON workloads.id = workload "
        "WHERE slug = ? AND is_current",
        (slug,),
    ).fetchone()
    return None if row is None else (row[0], msgspec.json.decode(row[1], type=MeasurementPlan))


def totals(connection: sqlite3.Connection, slug: str) -> tuple[SumRow, ...]:
    """Every total."""
    current = current_projection(connection, slug)
    if current is None:
        return ()
    rows = connection.execute(
        "SELECT stage, release, metric, series.series, segment, moments FROM totals "
        "JOIN series ON series.projection = totals.projection AND number = totals.series "
        "WHERE totals.projection = ? ORDER BY number",
        (current[0],),
    )
    return tuple(
        SumRow(
            stage=row[0],
            release=row[1],
            metric=row[2],
            series=row[3],
            segment=row[4],
            totals=as_totals(row[5]),
        )
        for row in rows
    )


def bets(connection: sqlite3.Connection, slug: str) -> tuple[BetRow, ...]:
    """Every betting sum that has units."""
    current = current_projection(connection, slug)
    if current is None:
        return ()
    rows = connection.execute(
        "SELECT stage, release, bet, units, log_wealth FROM bets WHERE projection = ? AND units > 0", (current[0],)
    )
    return tuple(
        BetRow(
            stage=row[0],
            release=row[1],
            bet=row[2],
            units=row[3],
            log_wealth=tuple(np.frombuffer(row[4], "<f8").tolist()),
        )
        for row in rows
    )


def days(connection: sqlite3.Connection, slug: str) -> tuple[DayRow, ...]:
    """Daily sums over all segments, by day."""
    current = current_projection(connection, slug)
    if current is None:
        return ()
    rows = connection.execute(
        "SELECT day, stage, release, metric, series.series, n, y, z FROM days "
        "JOIN series ON series.projection = days.projection AND number = days.series "
        "WHERE days.projection = ? AND n > 0 ORDER BY day, number",
        (current[0],),
    )
    return tuple(
        DayRow(
            day=dt.date.fromisoformat(row[0]),
            stage=row[1],
            release=row[2],
            metric=row[3],
            series=row[4],
            n=row[5],
            y=row[6],
            z=row[7],
        )
        for row in rows
    )


def returning(connection: sqlite3.Connection, slug: str, stages: Sequence[str]) -> bool | None:
    """Whether some unit has calls in two of these stages. None where calls were removed, whose units may be forgotten,
    or where there are more than `UNITS_LOOKED_UP`: then whoever asks has to take it that units do come back.
    """
    current, names = current_projection(connection, slug), sorted(set(stages))
    removed = "SELECT 1 FROM seals JOIN workloads ON workloads.id = workload WHERE slug = ? LIMIT 1"
    if current is None or connection.execute(removed, (slug,)).fetchone():
        return None
    marks = ", ".join("?" * len(names))
    among = f"FROM units WHERE projection = ? AND stage IN ({marks})"
    how_many = f"SELECT count(*) FROM (SELECT 1 {among} LIMIT {UNITS_LOOKED_UP + 1})"  # noqa: S608 - only marks
    if connection.execute(how_many, (current[0], *names)).fetchone()[0] > UNITS_LOOKED_UP:
        return None
    twice = (
        f"SELECT 1 {among} AND EXISTS (SELECT 1 FROM units AS later WHERE later.projection = units.projection "  # noqa: S608 - only marks
        f"AND later.stage IN ({marks}) AND later.stage > units.stage AND later.unit = units.unit) LIMIT 1"
    )
    return connection.execute(twice, (current[0], *names, *names)).fetchone() is not None


class Tallies:
    """How many calls carry which marks, within some stages."""

    def __init__(self, rows: Sequence[tuple[str, int, int]], counted: Sequence[str]) -> None:
        self._rows = rows
        self._counted = frozenset(counted)

    def by_source(self) -> dict[str, int]:
        """All calls by source."""
        found: dict[str, int] = {}
        for source, _, calls in self._rows:
            found[source] = found.get(source, 0) + calls
        return {source: calls for source, calls in sorted(found.items()) if calls}

    def of(self, *marks: Mark) -> int:
        """Calls of counted sources that carry all of the marks."""
        mask = int(Mark(sum(marks)))
        return sum(calls for source, have, calls in self._rows if source in self._counted and have & mask == mask)


def traffic(connection: sqlite3.Connection, slug: str, stages: Sequence[str] | None) -> Traffic:
    """Counts and first times. `calls` and `by_source` hold every source, all else those that count."""
    current = current_projection(connection, slug)
    if current is None:
        return Traffic()
    projection, plan = current
    tallies = Tallies(list(_tallies(connection, projection, stages)), plan.counted_sources)
    by_source = tallies.by_source()
    times = _times(connection, projection, plan, stages)
    return Traffic(
        calls=sum(by_source.values()),
        by_source=by_source,
        counted=tallies.of(),
        paired=tallies.of(Mark.PAIRED),
        candidate_runs=tallies.of(Mark.CANDIDATE_RAN),
        candidate_errors=tallies.of(Mark.CANDIDATE_FAILED),
        candidate_served=tallies.of(Mark.CANDIDATE_SERVED),
        suggested=tallies.of(Mark.SUGGESTED),
        shadow_dropped=tallies.of(Mark.DROPPED),
        labelled=tallies.of(Mark.LABELLED),
        labels_due=_labels(connection, projection, plan, stages)[1],
        feedback=tallies.of(Mark.FEEDBACK),
        first_call_at=times[0],
        last_call_at=times[1],
        first_candidate_at=times[2],
        first_feedback_at=times[3],
    )


_BASIS = {
    Mark.LABEL_INDEPENDENT: "independent",
    Mark.LABEL_AFTER: "after_suggestion",
    Mark.LABEL_UNSAID: "",
}


def label_bases(connection: sqlite3.Connection, slug: str) -> tuple[LabelBases, ...]:
    """By stage what the labels of calls of counted sources are known from, where any were given."""
    current = current_projection(connection, slug)
    if current is None:
        return ()
    projection, plan = current
    stages: dict[str, list[Counted]] = {}
    given = sum(_BASIS) | Mark.LABEL_OWN
    for stage, source, marks, calls in connection.execute(
        "SELECT stage, source, marks, calls FROM tallies WHERE projection = ? AND marks & ? AND calls > 0",
        (projection, int(given)),
    ):
        if source in plan.counted_sources:
            basis = next((word for mark, word in _BASIS.items() if marks & mark), None)
            stages.setdefault(stage, []).append(
                Counted(
                    calls=calls,
                    seen=bool(marks & (Mark.CANDIDATE_SERVED | Mark.SUGGESTED)),
                    labelled=basis is not None,
                    basis=basis or "",
                    own=bool(marks & Mark.LABEL_OWN),
                )
            )
    return tuple(bases(stage, stages[stage]) for stage in sorted(stages))


def coverage(
    connection: sqlite3.Connection, slug: str, stages: Sequence[str] | None = None
) -> Mapping[str, tuple[int, int]]:
    """Per field, on how many calls of counted sources it is there and on how many it ought to be."""
    current = current_projection(connection, slug)
    if current is None:
        return {}
    projection, plan = current
    tallies = Tallies(list(_tallies(connection, projection, stages)), plan.counted_sources)
    calls = tallies.of()
    return {
        "input": (tallies.of(Mark.INPUT), calls),
        "output": (tallies.of(Mark.OUTPUT), tallies.of(Mark.OUTPUT_DUE)),
        "latency": (tallies.of(Mark.LATENCY), tallies.of(Mark.LATENCY_DUE)),
        "unit": (tallies.of(Mark.UNIT), calls),
        "confidence": (tallies.of(Mark.CONFIDENCE), tallies.of(Mark.CONFIDENCE_DUE)),
        "label": _labels(connection, projection, plan, stages),
        "action": (tallies.of(Mark.ACTION, Mark.SUGGESTED), tallies.of(Mark.SUGGESTED)),
    }


def shadow(connection: sqlite3.Connection, slug: str) -> ShadowRow:
    """How shadowing went on calls of counted sources. The 99th percentile is the upper edge of its histogram bin."""
    current = current_projection(connection, slug)
    if current is None:
        return ShadowRow(pairs=0, days=0, calls=0, dropped=0, leaked_errors=0, added_us_mean=None, added_us_p99=None)
    projection, plan = current
    tallies = Tallies(list(_tallies(connection, projection, None)), plan.counted_sources)
    waits = connection.execute(
        "SELECT bin, calls, total_us FROM shadow_waits WHERE projection = ? AND calls > 0 ORDER BY bin", (projection,)
    ).fetchall()
    paired_days = connection.execute(
        "SELECT count(*) FROM shadow_days WHERE projection = ? AND pairs > 0", (projection,)
    ).fetchone()[0]
    calls = sum(row[1] for row in waits)
    return ShadowRow(
        pairs=tallies.of(Mark.SHADOWED, Mark.PAIRED),
        days=paired_days,
        calls=calls,
        dropped=tallies.of(Mark.SHADOWED, Mark.DROPPED),
        leaked_errors=tallies.of(Mark.SHADOWED, Mark.LEAKED),
        added_us_mean=sum(row[2] for row in waits) / calls if calls else None,
        added_us_p99=_quantile(waits, P99) if calls else None,
    )


def _quantile(waits: Sequence[tuple[int, int, int]], share: float) -> float:
    """The upper edge of the bin in which the share is reached, by the nearest-rank definition."""
    rank = share * sum(calls for _, calls, _ in waits)
    reached = 0
    for number, calls, _ in waits:
        reached += calls
        if reached >= rank:
            return float(bin_end_us(number))
    raise AssertionError("the last bin reaches every share")


def _tallies(
    connection: sqlite3.Connection, projection: int, stages: Sequence[str] | None
) -> Iterator[tuple[str, int, int]]:
    for stage, source, marks, calls in connection.execute(
        "SELECT stage, source, marks, calls FROM tallies WHERE projection = ?", (projection,)
    ):
        if stages is None or stage in stages:
            yield source, marks, calls


def _labels(
    connection: sqlite3.Connection, projection: int, plan: MeasurementPlan, stages: Sequence[str] | None
) -> tuple[int, int]:
    """Of the calls of counted sources whose labels are due: labelled, and all."""
    labelled = due = 0
    for stage, source, calls, with_label in connection.execute(
        "SELECT stage, source, calls, labelled FROM labels WHERE projection = ? AND minute = ?", (projection, DUE)
    ):
        if source in plan.counted_sources and (stages is None or stage in stages):
            labelled += with_label
            due += calls
    return labelled, due


def _times(
    connection: sqlite3.Connection, projection: int, plan: MeasurementPlan, stages: Sequence[str] | None
) -> list[dt.datetime | None]:
    """First and last call, first run of the candidate, first feedback."""
    rows = [
        row[2:]
        for row in connection.execute(
            "SELECT stage, source, first_us, last_us, candidate_us, feedback_us FROM firsts WHERE projection = ?",
            (projection,),
        )
        if row[1] in plan.counted_sources and (stages is None or row[0] in stages)
    ]
    found: list[dt.datetime | None] = []
    for column, pick in enumerate((min, max, min, min)):
        known = [row[column] for row in rows if row[column] is not None]
        found.append(moment(pick(known)) if known else None)
    return found
