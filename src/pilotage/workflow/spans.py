"""What a span of time came to: read from the calls, and kept in memory until the next hour.

A long span is read only once a day: a large workload's month is more calls than an hour's figures are worth.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import defaultdict

from msgspec import Struct

from pilotage.evidence.adoption import ACTION_HOURS, MODES, adoption_plan, adoption_seen
from pilotage.evidence.measurements import AdoptionSeen
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.sums import Totals
from pilotage.record.areas.adopting import counts_from
from pilotage.record.workload import Workload
from pilotage.storage.protocols import CallStore, SpanOf, SumRow

WINDOW = dt.timedelta(days=30)
MANY_CALLS = 100_000
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


class _Read(Struct, frozen=True):
    """What was read last, of what, and whether that was much."""

    asked: tuple[MeasurementPlan, SpanOf]
    rows: tuple[SumRow, ...]
    many: bool


class Spans:
    """Sums of spans of time. Safe to use from several threads."""

    def __init__(self, calls: CallStore) -> None:
        self._calls = calls
        self._lock = threading.Lock()
        self._held: dict[str, dict[str, _Read]] = defaultdict(dict)

    def forget(self, slug: str) -> None:
        """Read everything of a workload again: calls were removed."""
        with self._lock:
            self._held.pop(slug, None)

    def adoption(self, workload: Workload, plan: MeasurementPlan, now: dt.datetime) -> AdoptionSeen | None:
        """What people did lately with the running release's answers; None where nobody was to see any yet.

        Calls count once what was done with them can come in no more.
        """
        release = workload.release
        if release is None or not any(one.mode in MODES for one in workload.exposures):
            return None
        as_of = self._as_of(workload.slug, "adoption", now)
        until = as_of - dt.timedelta(hours=ACTION_HOURS)
        since = max(until - WINDOW, min(counts_from(workload) or until - WINDOW, until))
        of = SpanOf(since=since, until=until, as_of=as_of, modes=MODES, release=release.name, pooled=True)
        rows = self._read(workload.slug, "adoption", adoption_plan(plan.counted_sources, plan.time_zone), of)
        totals: dict[str, Totals] = {row.metric: row.totals for row in rows if row.series == "candidate"}
        return adoption_seen(totals, since=since, until=until, release=release.name, sources=plan.counted_sources)

    def _as_of(self, slug: str, what: str, now: dt.datetime) -> dt.datetime:
        """The last whole hour; of what took many calls to read, the last whole day."""
        with self._lock:
            held = self._held[slug].get(what)
        hour = now.replace(minute=0, second=0, microsecond=0)
        return hour.replace(hour=0) if held is not None and held.many else hour

    def _read(self, slug: str, what: str, plan: MeasurementPlan, of: SpanOf) -> tuple[SumRow, ...]:
        with self._lock:
            held = self._held[slug].get(what)
        if held is not None and held.asked == (plan, of):
            return held.rows
        rows = self._calls.span(slug, plan, of)
        many = max((row.totals.n for row in rows), default=0.0) > MANY_CALLS
        with self._lock:
            self._held[slug][what] = _Read((plan, of), rows, many)
        return rows
