"""What a span of time came to: read from the calls, and kept in memory until the next hour.

A long span is read only once a day: a large workload's month is more calls than an hour's figures are worth.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct, structs

from pilotage.evidence.adoption import ACTION_HOURS, MODES, adoption_plan, adoption_seen
from pilotage.evidence.baseline import BEFORE, baseline
from pilotage.evidence.measurements import AdoptionSeen, QuarterBenefit
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.quarters import Month, next_month, quarters
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import Metric
from pilotage.record.areas.adopting import counts_from
from pilotage.record.areas.benefiting import StageMeasured
from pilotage.record.digests import digest_of
from pilotage.record.workload import Workload, day_of, start_of
from pilotage.storage.protocols import CallStore, SpanOf, SumRow

WINDOW = dt.timedelta(days=30)
MANY_CALLS = 100_000
HOUR = dt.timedelta(hours=1)
# How long after its end a month that is not on record is still read from the calls.
KEPT_MONTHS = dt.timedelta(days=190)


def _as_stage(held: StageMeasured) -> StageTotals:
    return StageTotals(stage=held.stage, candidate=Totals(**held.candidate), incumbent=Totals(**held.incumbent))


def _before(rows: Sequence[SumRow], metric: str) -> tuple[StageTotals, ...]:
    """The incumbent's totals from before the candidate ran, by stage."""
    held: dict[str, Totals] = {}
    for row in rows:
        if row.metric == metric and row.series == "incumbent" and not row.segment and row.stage.startswith(BEFORE):
            held[row.stage] = held[row.stage] + row.totals if row.stage in held else row.totals
    return tuple(StageTotals(stage=stage, incumbent=totals) for stage, totals in held.items())


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

    def months(self, workload: Workload, plan: MeasurementPlan, now: dt.datetime) -> tuple[Month, ...]:
        """Every month since the candidate went live: from the record where it was written down, else from the calls.

        Read are the month that runs and those before it that are not on record yet. The calls of a month that is long
        over may be past their retention: such a month is one that was not measured.
        """
        metric = next((one for one in plan.metrics if plan.target and one.id == plan.target.metric), None)
        began = next((one.stamp.at for one in workload.exposures if one.mode == "live" and one.stamp), None)
        if metric is None or began is None:
            return ()
        asked = structs.replace(plan, metrics=(metric,), guardrails=(), bets=(), segments=())
        defined, found = digest_of(metric), []
        first, today = day_of(workload, began).replace(day=1), day_of(workload, now)
        while first <= today:
            found.append(
                self._month(workload, asked, (metric, defined), first, max(began, start_of(workload, first)), now)
            )
            first = next_month(first)
        return tuple(found)

    def quarters(
        self, workload: Workload, plan: MeasurementPlan, rows: Sequence[SumRow], now: dt.datetime
    ) -> tuple[QuarterBenefit, ...]:
        """What the candidate brought in each quarter since it went live; `rows` are the kept sums, for the baseline."""
        months, target = self.months(workload, plan, now), plan.target
        metric = next((one for one in plan.metrics if target and one.id == target.metric), None)
        if target is None or metric is None or not months:
            return ()
        began = next(one.stamp.at for one in workload.exposures if one.mode == "live" and one.stamp)
        before = baseline(metric, _before(rows, metric.id)).estimate
        return quarters(target, metric, months, before, day_of(workload, began))

    def _month(  # noqa: PLR0917 - what, of which metric, when
        self,
        workload: Workload,
        asked: MeasurementPlan,
        of: tuple[Metric, str],
        first: dt.date,
        since: dt.datetime,
        now: dt.datetime,
    ) -> Month:
        metric, defined = of
        name = f"{first:%Y-%m}"
        held = workload.benefiting.months.get(name)
        if held is not None and held.fact.definition == defined:
            return Month(first=first, stages=tuple(map(_as_stage, held.fact.stages)), closed=True)
        ends = start_of(workload, next_month(first))
        waits = dt.timedelta(hours=metric.window_hours) if metric.labelled else dt.timedelta()
        closed = now > ends + waits
        if closed and now - ends > KEPT_MONTHS:
            return Month(first=first, stages=(), closed=True)
        as_of = now if closed else self._as_of(workload.slug, name, now)
        since = min(since, as_of)
        until = min(ends, max(as_of, since))
        asking = SpanOf(since=since, until=until, as_of=ends + waits + HOUR if closed else as_of, modes=("live",))
        rows = self._read(workload.slug, name, asked, asking)
        arms = {arm: {row.stage: row.totals for row in rows if row.series == arm} for arm in ("candidate", "incumbent")}
        stages = tuple(
            StageTotals(
                stage=stage,
                candidate=arms["candidate"].get(stage, Totals()),
                incumbent=arms["incumbent"].get(stage, Totals()),
            )
            for stage in dict.fromkeys((*arms["candidate"], *arms["incumbent"]))
        )
        return Month(first=first, stages=stages, closed=closed)

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
