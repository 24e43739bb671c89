"""The standing watch: takes the daily look, writes down what was measured, takes exposure back when the ceiling falls.

Runs over every workload again and again; each run reads the sums, not the calls, and writes only what changed.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator

from pilotage.evidence.measurements import Estimate, GuardrailResult
from pilotage.gates.pilot_checks import wound_down
from pilotage.operations.auditing import Auditor
from pilotage.operations.benefiting import BenefitWatch
from pilotage.operations.drifting import DriftWatch
from pilotage.operations.inspecting import Inspect, Inspector
from pilotage.record import facts as f
from pilotage.record.rules.exposing import within
from pilotage.record.verdicts import ExposureLimit, Verdict
from pilotage.record.workload import Workload
from pilotage.workflow.desk import Judgement
from pilotage.workflow.errors import Overtaken
from pilotage.workflow.monitoring import keep_profiles
from pilotage.workflow.workspace import Workspace

log = logging.getLogger(__name__)


def seen(judgement: Judgement, now: dt.datetime) -> list[f.Fact]:
    """The facts that a judgement adds to what is written down already. Pure."""
    return [
        *_answer(judgement),
        *_verdicts(judgement),
        *_lapses(judgement),
        *_breaches(judgement),
        *_wound_down(judgement, now),
        *_taken_back(judgement),
    ]


def _answer(judgement: Judgement) -> Iterator[f.Fact]:
    answer = judgement.measurements.answer if judgement.measurements else None
    if answer is None or judgement.workload.phase not in {"pilot", "evaluate"}:
        return
    last = judgement.workload.answer
    if last and (last.answer, last.attempt) == (answer.answer, answer.attempt):
        return
    estimate = answer.estimate if isinstance(answer.estimate, Estimate) else None
    yield f.AnswerMeasured(
        metric=answer.metric,
        attempt=answer.attempt,
        answer=answer.answer,
        reason=answer.reason,
        estimate=estimate.value if estimate else None,
        low=estimate.low if estimate else None,
        high=estimate.high if estimate else None,
        calls=answer.estimate.calls,
    )


def _verdicts(judgement: Judgement) -> Iterator[f.Fact]:
    """Measured criteria of the gate in hand and enforced ones up to it, when they begin or cease to hold."""
    workload = judgement.workload
    for verdict in judgement.verdicts.values():
        before = workload.measured.get(verdict.id)
        if not _looked_at(judgement, verdict) or verdict.verdict == before:
            continue
        if before is None and not _tells(workload, verdict):
            continue
        yield f.VerdictMeasured(
            criterion=verdict.id, verdict=verdict.verdict, reason=verdict.reason, evidence=verdict.evidence
        )


def _looked_at(judgement: Judgement, verdict: Verdict) -> bool:
    here = verdict.phase == judgement.workload.phase
    passed = verdict.phase in judgement.workload.passed
    return (here and verdict.kind == "measured") or ((here or passed) and verdict.id in judgement.enforced)


def _tells(workload: Workload, verdict: Verdict) -> bool:
    """Whether a verdict says something new of a criterion of which nothing was written down yet."""
    if verdict.phase in workload.passed:
        return verdict.passes != workload.was_met(verdict.id)
    return verdict.verdict in {"met", "unmet"} and (verdict.kind == "measured" or verdict.passes)


def _lapses(judgement: Judgement) -> Iterator[f.Fact]:
    """Once for each end that has come near: what is asked for by now and has to be renewed."""
    workload = judgement.workload
    for verdict in judgement.lapsing:
        if verdict.valid_until is not None and workload.foreseen.get(verdict.id) != verdict.valid_until:
            yield f.LapseForeseen(criterion=verdict.id, valid_until=verdict.valid_until)


def _new_breaches(judgement: Judgement) -> list[GuardrailResult]:
    """Guardrails seen broken while people are exposed, and not yet written down; one result a metric.

    At the running step, and, once, at the other steps of this try: where labels come late, a breach may show only
    when its step was left for the next.
    """
    workload, measured = judgement.workload, judgement.measurements
    if measured is None or judgement.mode not in {"suggest", "live"}:
        return []
    opened = {breach.metric for breach in workload.open_breaches}
    known = {(breach.metric, breach.stage) for breach in workload.breaches}
    running = workload.stage(judgement.mode, judgement.percent)
    found: dict[str, GuardrailResult] = {}
    for result in measured.live_guardrails:
        left = _try_of(result.stage) == _try_of(running) and (result.metric, result.stage) not in known
        if result.status == "breached" and result.metric not in opened and (result.stage == running or left):
            found.setdefault(result.metric, result)
    return list(found.values())


def _try_of(stage: str) -> tuple[str, str]:
    """The attempt and the try that a stage belongs to, as `stage_of` writes them."""
    share, _, attempt = stage.rpartition("/")
    return attempt, share.partition("+")[2]


def _breaches(judgement: Judgement) -> Iterator[f.Fact]:
    for result in _new_breaches(judgement):
        difference = result.difference if isinstance(result.difference, Estimate) else None
        yield f.GuardrailBreached(
            metric=result.metric,
            stage=result.stage,
            reason=result.reason,
            difference=difference.value if difference else None,
            low=difference.low if difference else None,
            high=difference.high if difference else None,
            calls=result.difference.calls,
        )


def _wound_down(judgement: Judgement, now: dt.datetime) -> Iterator[f.Fact]:
    """Once for each decision date that passed with its grace and without a decision: the sponsor is told."""
    workload = judgement.workload
    due, told = workload.decision_on, workload.wound_down
    if workload.killed or due is None or not wound_down(workload, judgement.playbook, now):
        return
    if told is None or told.decision_on != due:
        yield f.PilotWoundDown(decision_on=due, exposed=workload.exposure.mode, sponsor=workload.sponsor)


def _taken_back(judgement: Judgement) -> Iterator[f.Fact]:
    """What the ceiling no longer allows is taken back on the record, so that it never rises again by itself."""
    asked, limit = judgement.workload.exposure, judgement.ceiling
    broken = _new_breaches(judgement)
    if broken:
        why = "; ".join(result.reason for result in broken)
        limit = ExposureLimit(mode="shadow", reasons=(why,))
    held = within(asked.mode, asked.percent, limit) and asked.mode == judgement.mode
    if held or judgement.workload.killed:
        return
    mode = "shadow" if broken else judgement.mode
    shared = mode in {"suggest", "live"}
    yield f.ExposureSet(
        mode=mode,
        percent=judgement.percent if shared else 0.0,
        cohorts=judgement.cohorts if shared else (),
        reason=f"Taken back by the watch: {limit.reasons[0] if limit.reasons else 'the ceiling fell'}",
        timeout_ms=asked.timeout_ms,
        hard_timeout=asked.hard_timeout,
        paired_share=asked.paired_share,
    )


class Watch:
    """Looks after every workload of a workspace."""

    def __init__(self, workspace: Workspace, inspect: Inspect | None = None) -> None:
        """`inspect` looks at the workspace's own security; only who serves it knows how it is reached."""
        self._workspace = workspace
        self._inspector = Inspector(inspect, workspace.clock.now)
        self._auditor = Auditor(workspace)
        self._drift = DriftWatch(workspace)
        self._benefit = BenefitWatch(workspace)

    def run(self) -> tuple[str, ...]:
        """One round over all workloads; the slugs for which something was written down.

        Raises `ExceptionGroup` at the end for the workloads that could not be looked after: one that fails must not
        leave the others unwatched.
        """
        written, failed = [], list[Exception]()
        for workload in self._workspace.desk.all():
            try:
                if self.look_after(workload):
                    written.append(workload.slug)
            except Exception as error:  # noqa: BLE001 - raised below, once the others have been looked after
                error.add_note(f"The watch could not look after {workload.slug}.")
                failed.append(error)
        if failed:
            raise ExceptionGroup("The watch could not look after every workload", failed)
        return tuple(written)

    def _seen(self, judgement: Judgement) -> list[f.Fact]:
        return seen(judgement, self._workspace.clock.now())

    def _note(self, workload: Workload) -> bool:
        seen_now = (
            self._auditor.audit(workload), self._inspector.inspect(workload), self._drift.look(workload)
        )  # fmt: skip
        noted = [*(one for one in seen_now if one is not None), *self._benefit.look(workload)]
        return bool(noted) and self._workspace.desk.record(workload.slug, lambda _: noted) is not None

    def look_after(self, workload: Workload) -> bool:
        """Take the day's look if it is due, and write down what changed."""
        if workload.killed:
            return False
        self._workspace.measuring.take_look(workload, self._workspace.clock.now())
        keep_profiles(self._workspace, workload)
        try:
            written = self._workspace.desk.record(workload.slug, self._seen) is not None
            # Last: what goes through the records may take its time or fail, and exposure has been taken back by then.
            return self._note(workload) or written
        except Overtaken:
            log.info("%s is being changed by others; the watch looks again in the next round", workload.slug)
            return False
