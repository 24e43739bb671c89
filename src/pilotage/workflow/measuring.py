"""From the sums that the call store keeps to what the gates and pages read: plan, project, estimate.

Reads sums, never calls: an evaluation costs the same however many calls there were.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from pilotage.evidence.answer import answer
from pilotage.evidence.baseline import baseline
from pilotage.evidence.betting import FLOOR_BET, bets_for
from pilotage.evidence.coverage import coverage
from pilotage.evidence.guardrails import live_guardrails, shadow_guardrails
from pilotage.evidence.measurements import (
    Answer,
    Baseline,
    FieldCoverage,
    GuardrailResult,
    Measurements,
    Reachability,
    ShadowHealth,
)
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.reach import reachability
from pilotage.evidence.strata import LookSums, StageTotals
from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import Metric
from pilotage.playbook.types import Playbook
from pilotage.record.charter import Charter
from pilotage.record.workload import Attempt, Workload, stage_of
from pilotage.storage.protocols import CallStore, LookRow, SumRow
from pilotage.workflow.clock import Clock

COVERAGE_MIN = 0.95
# Live guardrails are looked at every few minutes without correction, so each look gets little of the error.
LIVE_ALPHA = 0.0005
ALWAYS_RECORDED = ("input", "output", "latency", "unit")


def plan_of(workload: Workload) -> MeasurementPlan:
    """What is to be measured: the charter's metrics, with the target's shifted by its baseline to keep sums precise."""
    counted = ("replay",) if workload.demonstration else ("real",)
    charter = workload.charter
    if charter is None:
        return MeasurementPlan(counted_sources=counted)
    plan = MeasurementPlan(
        metrics=_planned(charter),
        target=charter.target,
        guardrails=charter.guardrails,
        segments=charter.segments,
        counted_sources=counted,
        time_zone=charter.time_zone,
    )
    return structs.replace(plan, bets=bets_for(plan))


def day_of(charter: Charter | None, at: dt.datetime) -> dt.date:
    """The day in the charter's time zone."""
    return at.astimezone(ZoneInfo(charter.time_zone if charter else "UTC")).date()


def by_stage(rows: Iterable[SumRow], metric: str, release: str | None = None) -> tuple[StageTotals, ...]:
    """A metric's totals stage by stage, over all segments; of one candidate release, or of all."""
    stages: dict[str, dict[str, Totals]] = defaultdict(dict)
    for row in rows:
        if row.metric != metric or row.segment or (release and row.release not in {"", release}):
            continue
        held = stages[row.stage].get(row.series)
        stages[row.stage][row.series] = held + row.totals if held else row.totals
    return tuple(StageTotals(stage=stage, **series) for stage, series in stages.items())


class _Key(Struct, frozen=True):
    """What measurements depend on beside the calls: the record, and time as coarsely as it matters."""

    sequence: int
    hour: dt.datetime


class Measuring:
    """Measures workloads from the call store. Safe to use from several threads."""

    def __init__(self, *, calls: CallStore, clock: Clock) -> None:
        self._calls = calls
        self._clock = clock
        self._lock = threading.Lock()
        self._cache: dict[str, tuple[_Key, Measurements]] = {}

    def measure(self, workload: Workload, playbook: Playbook) -> Measurements:
        """Everything measured of a workload as of now; from memory when nothing came and nothing changed."""
        now = self._clock.now()
        news = self._calls.project(workload.slug, plan_of(workload), now)
        key = _Key(workload.sequence, now.replace(minute=0, second=0, microsecond=0))
        with self._lock:
            held = self._cache.get(workload.slug)
        if held and held[0] == key and not news:
            return held[1]
        measurements = self._measure(workload, playbook, now)
        with self._lock:
            self._cache[workload.slug] = (key, measurements)
        return measurements

    def take_look(self, workload: Workload, now: dt.datetime) -> bool:
        """Keep the sums of the day for the running attempt, once a day; whether one was taken."""
        attempt, charter = workload.attempt, workload.charter
        if attempt is None or charter is None or workload.decision is not None:
            return False
        today = day_of(charter, now)
        taken = self._calls.looks(workload.slug, attempt.number)
        if today <= day_of(charter, attempt.stamp.at) or (taken and taken[-1].day >= today):
            return False
        self._calls.project(workload.slug, plan_of(workload), now)
        stage = stage_of("shadow", 0, attempt)
        rows = tuple(r for r in self._calls.totals(workload.slug) if r.stage == stage and not r.segment)
        bets = tuple(b for b in self._calls.bets(workload.slug) if b.stage == stage)
        self._calls.save_look(workload.slug, LookRow(day=today, attempt=attempt.number, rows=rows, bets=bets))
        return True

    def _measure(self, workload: Workload, playbook: Playbook, now: dt.datetime) -> Measurements:
        slug, charter = workload.slug, workload.charter
        rows = self._calls.totals(slug)
        required = _required_share(playbook)
        covered = self._coverage(workload, required)
        health = self._shadow(slug)
        measured = Measurements(taken_at=now, traffic=self._calls.traffic(slug), coverage=covered, shadow=health)
        if charter is None:
            return measured
        labels = next((c for c in covered if c.field == "label"), None)
        guardrails = self._guardrails(workload, charter, rows)
        return structs.replace(
            measured,
            baseline=self._baselines(slug, charter, rows),
            reachability=_reachability(charter),
            answer=self._answer(
                workload=workload,
                charter=charter,
                rows=rows,
                guardrails=guardrails,
                labels=labels,
                health=health,
                now=now,
            ),
            guardrails=guardrails,
            live_guardrails=_live(workload, charter, rows),
        )

    def _coverage(self, workload: Workload, share: float) -> tuple[FieldCoverage, ...]:
        counts = self._calls.coverage(workload.slug)
        charter = workload.charter
        target = charter.metric(charter.target.metric) if charter else None
        asked = [*ALWAYS_RECORDED]
        asked += ["label"] if target and target.labelled else []
        asked += [field for field in ("confidence", "action") if counts.get(field, (0, 0))[1] > 0]
        return coverage({f: counts[f] for f in asked if f in counts}, dict.fromkeys(asked, share))

    def _shadow(self, slug: str) -> ShadowHealth:
        row = self._calls.shadow(slug)
        due = row.pairs + row.dropped
        return ShadowHealth(
            pairs=row.pairs,
            days=row.days,
            added_us_mean=row.added_us_mean,
            added_us_p99=row.added_us_p99,
            leaked_errors=row.leaked_errors,
            dropped_share=row.dropped / due if due else None,
        )

    def _baselines(self, slug: str, charter: Charter, rows: Sequence[SumRow]) -> tuple[Baseline, ...]:
        days: dict[str, set[dt.date]] = defaultdict(set)
        for day in self._calls.days(slug):
            if day.stage.startswith("none/") and day.series == "incumbent" and day.n:
                days[day.metric].add(day.day)
        return tuple(
            baseline(metric, by_stage(rows, metric.id), sorted(days[metric.id])) for metric in _planned(charter)
        )

    def _guardrails(self, workload: Workload, charter: Charter, rows: Sequence[SumRow]) -> tuple[GuardrailResult, ...]:
        attempt = workload.attempt
        if attempt is None:
            return ()
        stage = stage_of("shadow", 0, attempt)
        bets = {
            bet.bet: bet.log_wealth
            for bet in self._calls.bets(workload.slug)
            if bet.stage == stage and bet.release == attempt.release
        }
        totals = {
            metric.id: found[0]
            for metric in charter.metrics
            if (found := [s for s in by_stage(rows, metric.id, attempt.release) if s.stage == stage])
        }
        return shadow_guardrails(
            charter.guardrails, _planned(charter), totals, alpha=charter.target.alpha, log_wealth=bets
        )

    def _answer(
        self,
        *,
        workload: Workload,
        charter: Charter,
        rows: Sequence[SumRow],
        guardrails: tuple[GuardrailResult, ...],
        labels: FieldCoverage | None,
        health: ShadowHealth,
        now: dt.datetime,
    ) -> Answer | None:
        attempt, deadline = workload.attempt, workload.decision_on
        metric = next((m for m in _planned(charter) if m.id == charter.target.metric), None)
        if attempt is None or deadline is None or metric is None:
            return None
        stage = stage_of("shadow", 0, attempt)
        decided = workload.decision
        today = day_of(charter, decided.stamp.at if decided else now)
        kept = self._calls.looks(workload.slug, attempt.number)
        kill = next(
            (
                bet.log_wealth
                for bet in self._calls.bets(workload.slug)
                if bet.bet == FLOOR_BET and bet.stage == stage and bet.release == attempt.release
            ),
            None,
        )
        return answer(
            target=charter.target,
            metric=metric,
            attempt=attempt.number,
            looks=[_look_sums(look.day, look.rows, metric.id, attempt) for look in kept],
            latest=_look_sums(today, rows, metric.id, attempt),
            started=day_of(charter, attempt.stamp.at),
            deadline=deadline,
            planned_until=charter.decision_on,
            today=today,
            guardrails=guardrails,
            kill=kill,
            label_coverage=labels,
            dropped_share=health.dropped_share,
            extendable=not any(d.outcome == "extend" for d in workload.decisions),
        )


def _look_sums(day: dt.date, rows: Iterable[SumRow], metric: str, attempt: Attempt) -> LookSums:
    stage = stage_of("shadow", 0, attempt)
    found = by_stage(rows, metric, attempt.release)
    return LookSums(day=day, stages=tuple(s for s in found if s.stage == stage))


def _planned(charter: Charter) -> tuple[Metric, ...]:
    """The charter's metrics as their sums are kept: the target's shifted by its baseline."""
    target = charter.target
    return tuple(structs.replace(m, shift=target.baseline) if m.id == target.metric else m for m in charter.metrics)


def _reachability(charter: Charter) -> Reachability:
    metric = charter.metric(charter.target.metric)
    window = metric.window_hours if metric and metric.labelled else 0.0
    return reachability(charter.target, weeks=charter.weeks, label_window_hours=window)


def _live(workload: Workload, charter: Charter, rows: Sequence[SumRow]) -> tuple[GuardrailResult, ...]:
    release = workload.release.name if workload.release else None
    totals: Mapping[str, tuple[StageTotals, ...]] = {
        metric.id: tuple(s for s in by_stage(rows, metric.id, release) if s.stage.startswith("live"))
        for metric in charter.metrics
    }
    return live_guardrails(charter.guardrails, _planned(charter), totals, alpha=LIVE_ALPHA)


def _required_share(playbook: Playbook) -> float:
    try:
        return float(playbook.criterion("pilot.instrumented").params.get("share_min", COVERAGE_MIN))
    except KeyError:
        return COVERAGE_MIN
