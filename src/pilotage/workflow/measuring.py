"""From the sums that the call store keeps to what the gates and pages read: plan, project, estimate.

Reads sums, never calls: an evaluation costs the same however many calls there were. What is about a span of time
(`spans`) is read from its calls, at most once an hour.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from pilotage.evidence.baseline import BEFORE, baseline
from pilotage.evidence.betting import bets_for
from pilotage.evidence.cost import KEPT, KEPT_IDS
from pilotage.evidence.coverage import coverage
from pilotage.evidence.guardrails import shadow_guardrails
from pilotage.evidence.measurements import (
    Answer,
    Baseline,
    Check,
    FeedbackSeen,
    FieldCoverage,
    GuardrailResult,
    Measurements,
    ShadowHealth,
)
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.quarters import Month
from pilotage.evidence.sample_ratio import SampleRatio
from pilotage.evidence.snapshot import Snapshot, evaluate
from pilotage.evidence.strata import LookSums, StageTotals
from pilotage.evidence.telling import seen, told
from pilotage.playbook.types import Playbook
from pilotage.record.charter import Charter
from pilotage.record.context import FrozenEvidence
from pilotage.record.stages import stage_of
from pilotage.record.workload import Attempt, Decision, Workload
from pilotage.storage.protocols import BetRow, CallStore, LookRow, SumRow
from pilotage.workflow.checking import days_check, live_checks, ratio_check, ratio_of, shadow_checks
from pilotage.workflow.clock import Clock
from pilotage.workflow.clustering import day_rows
from pilotage.workflow.errors import Outdated
from pilotage.workflow.estimating import month_costs, production_case
from pilotage.workflow.freezing import frozen_evidence
from pilotage.workflow.live_figures import (
    EXPOSED,
    benefit_while_live,
    by_stage,
    cost_while_live,
    live_results,
    live_stages,
    planned_metrics,
)
from pilotage.workflow.reachable import reach_of
from pilotage.workflow.service_levels import service_seen
from pilotage.workflow.spans import Spans

Made = TypeVar("Made")
COVERAGE_MIN = 0.95
FEEDBACK_MOST = 20_000
ALWAYS_RECORDED = ("input", "output", "latency", "unit")


def plan_of(workload: Workload) -> MeasurementPlan:
    """What is to be measured: the charter's metrics, with the target's shifted by its baseline to keep sums precise."""
    counted = ("replay",) if workload.demonstration else ("real",)
    charter = workload.measured_charter
    if charter is None:
        return MeasurementPlan(metrics=KEPT, counted_sources=counted, alone=KEPT_IDS)
    plan = MeasurementPlan(
        metrics=planned_metrics(charter),
        target=charter.target,
        guardrails=charter.guardrails,
        segments=charter.segments,
        counted_sources=counted,
        time_zone=charter.time_zone,
    )
    return structs.replace(plan, bets=bets_for(plan), metrics=(*plan.metrics, *KEPT), alone=KEPT_IDS)


def day_of(charter: Charter | None, at: dt.datetime) -> dt.date:
    """The day in the charter's time zone."""
    return at.astimezone(ZoneInfo(charter.time_zone if charter else "UTC")).date()


class _Key(Struct, frozen=True):
    """What measurements depend on: the record, what the store took in, and time as coarsely as it matters."""

    sequence: int
    news: int
    hour: dt.datetime
    day: dt.date


class _Held(Struct, frozen=True):
    """What was measured last of a workload, and what its answer was computed from."""

    key: _Key
    measurements: Measurements
    snapshot: Snapshot | None


class Measuring:
    """Measures workloads from the call store. Safe to use from several threads."""

    def __init__(self, *, calls: CallStore, clock: Clock) -> None:
        self._calls = calls
        self._clock = clock
        self._spans = Spans(calls)
        self._lock = threading.Lock()
        self._cache: dict[str, _Held] = {}
        self._made: dict[tuple[str, str], tuple[_Key, Any]] = {}
        self._news: dict[str, int] = defaultdict(int)

    def measure(self, workload: Workload, playbook: Playbook) -> Measurements:
        """Everything measured of a workload as of now; from memory when nothing came and nothing changed."""
        now = self._clock.now()
        self._project(workload, now)
        key = self._key(workload, now)
        with self._lock:
            held = self._cache.get(workload.slug)
        if held and held.key == key:
            return held.measurements
        measurements, snapshot = self._measure(workload, playbook, now)
        with self._lock:
            self._cache[workload.slug] = _Held(key, measurements, snapshot)
        return measurements

    def remembered(self, workload: Workload, what: str, make: Callable[[], Made]) -> Made:
        """What `make` reads of a measured workload's calls for a page, `what` by name; from memory for as long as its
        measurements are: a page costs nothing again until calls came or the record changed.
        """
        key = self._key(workload, self._clock.now())
        with self._lock:
            held = self._made.get((workload.slug, what))
        if held and held[0] == key:
            found: Made = held[1]
            return found
        found = make()
        with self._lock:
            self._made[workload.slug, what] = key, found
        return found

    def forget(self, slug: str) -> None:
        """Measure and read everything of a workload again: calls were removed, of which the store tells no news."""
        self._spans.forget(slug)
        self._remember_news(slug)

    def _key(self, workload: Workload, now: dt.datetime) -> _Key:
        with self._lock:
            return _Key(
                sequence=workload.sequence,
                news=self._news[workload.slug],
                hour=now.replace(minute=0, second=0, microsecond=0),
                day=day_of(workload.charter, now),
            )

    def snapshot(self, slug: str, measurements: Measurements) -> Snapshot | None:
        """What the answer in these measurements was computed from; None when they hold none. Raises `Outdated` when
        they are not the newest.
        """
        with self._lock:
            held = self._cache.get(slug)
        if held is None or held.measurements is not measurements:
            raise Outdated(slug)
        return held.snapshot

    def freeze(self, workload: Workload, measurements: Measurements) -> FrozenEvidence | None:
        """What the answer in these measurements was computed from and came to, to be kept with a decision. None when
        they hold no answer. Raises `Outdated` when they are not the newest. It says which version froze it: a later one
        may estimate otherwise.
        """
        snapshot = self.snapshot(workload.slug, measurements)
        return None if snapshot is None else frozen_evidence(structs.replace(snapshot, version=version("pilotage")))

    def take_look(self, workload: Workload, now: dt.datetime) -> bool:
        """Keep the sums of the day for the running attempt, once a day; whether one was taken.

        The first is due on the day after the declaration. None is taken of a test that is over, or whose promise
        was changed.
        """
        attempt, charter = workload.attempt, workload.charter
        if attempt is None or charter is None or workload.attempt_overtaken or _ended_by(workload, attempt):
            return False
        today = day_of(charter, now)
        taken = self._calls.looks(workload.slug, attempt.number)
        if today <= day_of(charter, attempt.stamp.at) or (taken and taken[-1].day >= today):
            return False
        self._project(workload, now)
        rows = (*self._calls.totals(workload.slug), *self._days(workload, charter.measured, attempt))
        self._calls.save_look(workload.slug, _as_of(today, attempt, rows, self._calls.bets(workload.slug)))
        self._remember_news(workload.slug)
        return True

    def _project(self, workload: Workload, now: dt.datetime) -> None:
        """Bring the sums up to date. The store tells only the first who asks of its news, so they are counted here."""
        news = True
        try:
            news = self._calls.project(workload.slug, plan_of(workload), now) > 0
        finally:
            if news:
                self._remember_news(workload.slug)

    def _remember_news(self, slug: str) -> None:
        with self._lock:
            self._news[slug] += 1

    def _measure(
        self, workload: Workload, playbook: Playbook, now: dt.datetime
    ) -> tuple[Measurements, Snapshot | None]:
        slug, charter, attempt = workload.slug, workload.measured_charter, workload.attempt
        required = _required_share(playbook)
        measured = Measurements(
            taken_at=now,
            traffic=self._calls.traffic(slug),
            coverage=self._coverage(workload, required),
            shadow=self._shadow(slug),
            feedback=self.feedback(workload),
            service=service_seen(self._calls, workload, plan_of(workload).counted_sources, now),
            adoption=self._spans.adoption(workload, plan_of(workload), now),
        )
        if charter is None:
            return measured, None
        rows = self._calls.totals(slug)
        current = None
        if attempt:
            judged = (*rows, *self._days(workload, charter, attempt))
            current = _as_of(day_of(charter, now), attempt, judged, self._calls.bets(slug))
        ratio = ratio_of(workload, rows)
        snapshot = self._snapshot(workload, charter, current, (required, ratio)) if current else None
        answer = _answer(workload, charter, snapshot) if snapshot else None
        measured = structs.replace(
            measured,
            sample_ratio=ratio,
            checks=self._checks(workload, charter, rows, current, ratio),
            baseline=self._baselines(slug, charter, rows, measured.traffic.first_candidate_at),
            reachability=reach_of(workload, charter),
            answer=answer,
            production=production_case(workload, rows, answer),
            guardrails=_guardrails(charter, attempt, current) if attempt and current else (),
            live_guardrails=live_results(workload, charter, rows),
            benefit=benefit_while_live(workload, charter, rows),
            quarters=self._spans.quarters(workload, plan_of(workload), rows, now),
            spent=cost_while_live(workload, rows),
            spent_by_month=month_costs(self._calls.days(slug)),
            label_bases=tuple(
                one
                for one in self._calls.label_bases(slug)
                if one.stage.startswith(EXPOSED) or (attempt and one.stage == _stage(attempt))
            ),
        )
        return measured, snapshot

    def feedback(self, workload: Workload) -> FeedbackSeen:
        """What users said since the pilot began, in figures; before that, since the proposal."""
        since = workload.entered.get("pilot", workload.proposed.at)
        outcomes = self._calls.feedback(workload.slug, since, FEEDBACK_MOST + 1)
        return seen(told(outcomes[:FEEDBACK_MOST]), since, complete=len(outcomes) <= FEEDBACK_MOST)

    def months(self, workload: Workload) -> tuple[Month, ...]:
        """The target's sums of each month since the candidate went live."""
        return self._spans.months(workload, plan_of(workload), self._clock.now())

    def _coverage(self, workload: Workload, share: float) -> tuple[FieldCoverage, ...]:
        counts = self._calls.coverage(workload.slug)
        charter = workload.measured_charter
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

    def _baselines(
        self, slug: str, charter: Charter, rows: Sequence[SumRow], candidate_at: dt.datetime | None
    ) -> tuple[Baseline, ...]:
        """Days and calls count until the day on which a candidate first ran: what came after is no baseline."""
        until = day_of(charter, candidate_at) if candidate_at else dt.date.max
        calls: dict[str, dict[dt.date, float]] = defaultdict(dict)
        for row in self._calls.days(slug):
            if row.stage.startswith(BEFORE) and row.series == "incumbent" and row.n and row.day <= until:
                calls[row.metric][row.day] = row.n
        return tuple(
            structs.replace(
                baseline(metric, by_stage(rows, metric.id), sorted(calls[metric.id])),
                calls=round(sum(calls[metric.id].values())),
            )
            for metric in planned_metrics(charter)
        )

    def _days(self, workload: Workload, charter: Charter, attempt: Attempt) -> tuple[SumRow, ...]:
        """The target's and the guardrails' totals over days, where the charter clusters by them."""
        if charter.target.cluster == "unit":
            return ()
        place = _stage(attempt), attempt.release
        return day_rows(charter.target, charter.guardrails, self._calls.days(workload.slug), place)

    def _checks(
        self,
        workload: Workload,
        charter: Charter,
        rows: Sequence[SumRow],
        current: LookRow | None,
        ratio: SampleRatio | None,
    ) -> tuple[Check, ...]:
        """The conditions that the figures rest on, as far as there is something to check."""
        planned, attempt, target = planned_metrics(charter), workload.attempt, charter.target
        release = workload.release.name if workload.release else None
        live = [(m, live_stages(rows, m.id, release)) for m in planned]
        found = [] if ratio is None else [ratio_check(ratio)]
        if current is not None and attempt is not None:
            sums = [(m, _look_sums(current, m.id, attempt).stages) for m in planned]
            shadow = [(metric, stages[0]) for metric, stages in sums if stages]
            found += shadow_checks(target, charter.guardrails, shadow)
            place = _stage(attempt), attempt.release
            days = self._calls.days(workload.slug)
            found += [days_check(target, m, days, place, stage) for m, stage in shadow if m.id == target.metric]
        return (*found, *live_checks(live))

    def _snapshot(
        self, workload: Workload, charter: Charter, current: LookRow, rests_on: tuple[float, SampleRatio | None]
    ) -> Snapshot | None:
        """What the answer is computed from as of `current`; once owner and sponsor have decided, as of the day on
        which the decision was put. It rests on the required share of labels and on the sample ratio.
        """
        required, ratio = rests_on
        attempt, deadline, target = workload.attempt, workload.decision_on, charter.target
        if attempt is None or deadline is None or charter.metric(target.metric) is None or workload.attempt_overtaken:
            return None
        decided = _ended_by(workload, attempt)
        today = day_of(charter, decided.stamp.at) if decided else current.day
        kept = [look for look in self._calls.looks(workload.slug, attempt.number) if look.day <= today]
        latest = kept[-1] if decided and kept else current
        traffic = self._calls.traffic(workload.slug, [_stage(attempt)])
        due = traffic.candidate_runs + traffic.shadow_dropped
        return Snapshot(
            target=target,
            metrics=planned_metrics(charter),
            guardrails=charter.guardrails,
            attempt=attempt.number,
            release=attempt.release,
            stage=_stage(attempt),
            started=day_of(charter, attempt.stamp.at),
            deadline=deadline,
            planned_until=charter.decision_on,
            today=today,
            extendable=not any(d.outcome == "extend" and workload.decision_in_force(d) for d in workload.decisions),
            looks=tuple(_look_sums(look, target.metric, attempt) for look in kept),
            latest=_latest(charter, attempt, latest),
            bets=_wealth(attempt, latest),
            label_coverage=_labels(self._calls.coverage(workload.slug, [_stage(attempt)]), required),
            dropped_share=traffic.shadow_dropped / due if due else None,
            sample_ratio=ratio,
        )


def _answer(workload: Workload, charter: Charter, snapshot: Snapshot) -> Answer:
    """The answer; once owner and sponsor have decided, the one that they decided on."""
    found = evaluate(snapshot).answer
    decided = _ended_by(workload, workload.attempt) if workload.attempt else None
    return _as_decided(found, workload, decided, day_of(charter, decided.stamp.at)) if decided else found


def _ended_by(workload: Workload, attempt: Attempt) -> Decision | None:
    """The decision that ended the attempt's test; an extension lets it go on."""
    decision = workload.decision
    if decision is None or decision.outcome == "extend" or decision.stamp.position < attempt.stamp.position:
        return None
    return decision


def _as_decided(found: Answer, workload: Workload, decision: Decision, day: dt.date) -> Answer:
    """What was decided on stays what it was, whatever labels and calls came later."""
    seen = workload.answer
    known = seen is not None and (seen.answer, seen.attempt) == (decision.answer, found.attempt)
    reason = f"{seen.reason} " if seen and known else ""
    return structs.replace(
        found,
        answer=decision.answer,
        reason=f"{reason}This is the answer that was decided on, on {day}.",
        projected=None,
    )


def _stage(attempt: Attempt) -> str:
    """Where the target is judged."""
    return stage_of("shadow", 0, attempt)


def _as_of(day: dt.date, attempt: Attempt, rows: Iterable[SumRow], bets: Iterable[BetRow]) -> LookRow:
    """What a look at the attempt sees of these sums."""
    stage = _stage(attempt)
    return LookRow(
        day=day,
        attempt=attempt.number,
        rows=tuple(row for row in rows if row.stage == stage and not row.segment and row.metric not in KEPT_IDS),
        bets=tuple(bet for bet in bets if bet.stage == stage),
    )


def _wealth(attempt: Attempt, look: LookRow) -> dict[str, tuple[float, ...]]:
    """The log-wealth sums of the attempt's bets, by id."""
    return {bet.bet: bet.log_wealth for bet in look.bets if bet.release == attempt.release}


def _latest(charter: Charter, attempt: Attempt, look: LookRow) -> dict[str, StageTotals]:
    """Each metric's sums in the one stage that a look is about."""
    found = {metric.id: _look_sums(look, metric.id, attempt).stages for metric in charter.metrics}
    return {metric: stages[0] for metric, stages in found.items() if stages}


def _guardrails(charter: Charter, attempt: Attempt, look: LookRow) -> tuple[GuardrailResult, ...]:
    return shadow_guardrails(
        charter.guardrails,
        planned_metrics(charter),
        _latest(charter, attempt, look),
        alpha=charter.target.alpha,
        log_wealth=_wealth(attempt, look),
        power=charter.target.power,
        target=charter.target,
    )


def _labels(counts: Mapping[str, tuple[int, int]], required: float) -> FieldCoverage:
    """On how many of the calls judged the labels that are due came: other stages' labels say nothing of them."""
    return coverage({"label": counts.get("label", (0, 0))}, {"label": required})[0]


def _look_sums(look: LookRow, metric: str, attempt: Attempt) -> LookSums:
    return LookSums(day=look.day, stages=by_stage(look.rows, metric, attempt.release))


def _required_share(playbook: Playbook) -> float:
    try:
        return float(playbook.criterion("pilot.instrumented").params.get("share_min", COVERAGE_MIN))
    except KeyError:
        return COVERAGE_MIN
