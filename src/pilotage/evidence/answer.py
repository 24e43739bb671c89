"""The answer on the target: go, no-go or keep running, by both engines. Pure.

The group-sequential test decides for the candidate and for futility; the bets decide against it. Whatever is
unknown keeps the answer from being `reached`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from msgspec import Struct, structs

from pilotage.evidence import betting
from pilotage.evidence.clusters import clustered_figures
from pilotage.evidence.figures import Figures
from pilotage.evidence.imputation import imputed
from pilotage.evidence.looks import Reading, project, read_looks
from pilotage.evidence.measurements import Answer, AnswerKind, FieldCoverage, GuardrailResult, Imputed, NotEstimable
from pilotage.evidence.sample_ratio import SampleRatio
from pilotage.evidence.statistic import planned_calls, planned_information
from pilotage.evidence.strata import LookSums
from pilotage.playbook.metrics import Metric, Target

DAYS_PER_WEEK = 7
DROPPED_SHARE_MAX = 0.01


class _Case(Struct, frozen=True, kw_only=True):
    """What the rules below look at, in their order."""

    target: Target
    metric: Metric
    attempt: int
    reading: Reading
    absent: NotEstimable | None
    guardrails: tuple[GuardrailResult, ...]
    kill_evidence: float | None
    label_coverage: FieldCoverage | None
    dropped_share: float | None
    deadline: dt.date
    today: dt.date
    imputed: Imputed | None
    sample_ratio: SampleRatio | None


def attempt_alpha(alpha: float, attempt: int) -> float:
    """The error that the k-th declared release is tested at: alpha / 2^k, which sums to less than alpha."""
    return alpha / 2.0**attempt


def answer(
    *,
    target: Target,
    metric: Metric,
    attempt: int,
    looks: Sequence[LookSums],
    latest: LookSums,
    started: dt.date,
    deadline: dt.date,
    today: dt.date,
    guardrails: Sequence[GuardrailResult] = (),
    kill: Sequence[float] | None = None,
    label_coverage: FieldCoverage | None = None,
    dropped_share: float | None = None,
    planned_until: dt.date | None = None,
    extendable: bool = False,
    sample_ratio: SampleRatio | None = None,
) -> Answer:
    """The answer as of `today`.

    `attempt` counts the releases declared for evaluation from 1 (0: none declared yet). `looks` are the sums of
    the target's metric at every planned look since `started`, the day the attempt was declared, in the stage it
    is judged on; `latest` the same as of now, for the figures shown. `guardrails` are those judged in the same
    place. `kill` are the ten log-wealth sums of the bet `betting.FLOOR_BET`. `label_coverage` is required for a
    `reached` where the metric waits for a label. `dropped_share`: of the calls that were to run in shadow.
    `planned_until`: the deadline that the test was planned for, where it was extended since. `extendable`: it can
    still be; then the look at the deadline spends by plan and keeps what is left of alpha for the extension, since
    spending all of it twice would break the promise on false answers. `sample_ratio`: of the live stages, where
    anything was live.
    """
    shown = clustered_figures(target, metric, latest.stages)
    alpha = attempt_alpha(target.alpha, attempt)
    planned = _planned(target, metric, alpha, (planned_until or deadline) - started)
    reading = Reading()
    if not isinstance(planned, NotEstimable):
        final = today >= deadline and not extendable
        reading = read_looks(target, metric, looks, planned=planned, alpha=alpha, deadline=deadline, final=final)
    kill_evidence = betting.evidence(kill) if kill else None
    missing = None
    if metric.labelled:
        missing = imputed(target, metric, looks, latest, reading, label_coverage=label_coverage)
    case = _Case(
        target=target,
        metric=metric,
        attempt=attempt,
        reading=reading,
        absent=next((part for part in (planned, shown.comparison) if isinstance(part, NotEstimable)), None),
        guardrails=tuple(guardrails),
        kill_evidence=kill_evidence,
        label_coverage=label_coverage,
        dropped_share=dropped_share,
        deadline=deadline,
        today=today,
        imputed=missing,
        sample_ratio=sample_ratio,
    )
    kind, reason = _decide(case)
    projected = None
    if kind == "keep_running" and attempt > 0 and reading.crossed_on is None:
        last = not extendable
        projected = project(reading, alpha=alpha, started=started, deadline=deadline, today=today, last=last)
    return structs.replace(_shown(case, shown), answer=kind, reason=reason, projected=projected, alpha=alpha)


def _shown(case: _Case, shown: Figures) -> Answer:
    """The answer's figures, before it is decided."""
    return Answer(
        metric=case.metric.id,
        form=case.target.form,
        answer="not_estimable",
        reason="",
        estimate=shown.comparison,
        incumbent=shown.incumbent,
        candidate=shown.candidate,
        looks=case.reading.looks,
        kill_evidence=case.kill_evidence,
        attempt=case.attempt,
        imputed=case.imputed,
    )


def _planned(target: Target, metric: Metric, alpha: float, length: dt.timedelta) -> float | NotEstimable:
    """The full information of a test that may run so long."""
    label_window_hours = metric.window_hours if metric.labelled else 0.0
    return planned_information(target, alpha, planned_calls(target, length.days / DAYS_PER_WEEK, label_window_hours))


def _decide(case: _Case) -> tuple[AnswerKind, str]:
    """The first rule that applies, from what forbids an answer over what speaks against to what speaks for."""
    for rule in (_unanswerable, _harmed, _below_floor, _reached, _futile):
        found = rule(case)
        if found is not None:
            return found
    doubted = ""
    if _bets_say_below(case):
        doubted = " Unit by unit the candidate lies below its floor, but days differ too much to tell."
    if case.today >= case.deadline:
        return (
            "keep_running",
            f"The decision date, {case.deadline}, came without an answer: no-go unless extended.{doubted}",
        )
    if case.reading.looks:
        return "keep_running", f"No bound is crossed after {len(case.reading.looks)} looks.{doubted}"
    return "keep_running", "There has been no look yet."


def _unanswerable(case: _Case) -> tuple[AnswerKind, str] | None:
    if case.attempt < 1:
        return "keep_running", "No release is declared for evaluation: what runs now is exploration."
    if case.dropped_share is not None and case.dropped_share > DROPPED_SHARE_MAX:
        reason = (
            f"Shadowing dropped {case.dropped_share:.1%} of its calls; above {DROPPED_SHARE_MAX:.0%} what is left "
            "may not be like what was dropped."
        )
        return "not_estimable", reason
    return None


def _harmed(case: _Case) -> tuple[AnswerKind, str] | None:
    broken = [result.reason for result in case.guardrails if result.status == "breached"]
    return ("harmed", " ".join(broken)) if broken else None


def _below_floor(case: _Case) -> tuple[AnswerKind, str] | None:
    if case.kill_evidence is None or not _bets_say_below(case) or not _days_say_below(case):
        return None
    needed = 1.0 / case.target.alpha
    reason = (
        f"The evidence that the candidate lies below its floor of {case.target.floor:g} is "
        f"{case.kill_evidence:.3g}; {needed:.3g} is enough."
    )
    return "below_floor", reason


def _bets_say_below(case: _Case) -> bool:
    return case.kill_evidence is not None and case.kill_evidence >= 1.0 / case.target.alpha


def _days_say_below(case: _Case) -> bool:
    """Bets take units as independent. Where days are clusters, the band of the newest look, which is clustered as the
    target is, has to lie below the floor as well.
    """
    target = case.target
    if target.cluster == "unit":
        return True
    newest = next((look for look in reversed(case.reading.looks) if look.z is not None), None)
    if newest is None or newest.band_low is None or newest.band_high is None:
        return False
    if target.form == "own" and case.metric.direction == "lower":
        return newest.band_low > target.floor
    return newest.band_high < target.floor


def _reached(case: _Case) -> tuple[AnswerKind, str] | None:
    """`reached`, or why a crossed bound is not enough yet."""
    crossed_on = case.reading.crossed_on
    if crossed_on is None:
        return None if case.absent is None else ("not_estimable", case.absent.reason)
    exceeded = f"The target of {case.target.target:g} was shown to be exceeded on {crossed_on}"
    gap = _doubt(case)
    if gap is not None:
        return "keep_running", f"{exceeded}, but {gap}"
    return "reached", f"{exceeded}, and all {len(case.guardrails)} guardrails hold."


def _doubt(case: _Case) -> str | None:
    """What keeps a crossed bound from being an answer; None when nothing does."""
    if case.sample_ratio is not None and case.sample_ratio.alarm:
        return f"{_lower(case.sample_ratio.reason)} Find out why before anything is decided on."
    open_ones = [result.title for result in case.guardrails if result.status != "within"]
    if open_ones:
        return f"not yet that these guardrails hold: {', '.join(open_ones)}."
    if case.metric.labelled and not _covered(case.label_coverage):
        return _coverage_gap(case.label_coverage)
    if case.imputed is not None and not case.imputed.survives:
        return f"{case.imputed.reason} Get the missing labels in, or collect more calls."
    frail = [result.title for result in case.guardrails if result.survives is False]
    if frail:
        return f"with every missing label against the candidate these guardrails would not hold: {', '.join(frail)}."
    return None


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _covered(coverage: FieldCoverage | None) -> bool:
    return coverage is not None and coverage.share is not None and coverage.share >= coverage.required


def _coverage_gap(coverage: FieldCoverage | None) -> str:
    if coverage is None or coverage.share is None:
        return "nobody knows on how many of the calls that are due the label arrived."
    return f"only {coverage.share:.1%} of the labels that are due arrived; {coverage.required:.0%} are needed."


def _futile(case: _Case) -> tuple[AnswerKind, str] | None:
    if not case.reading.futile:
        return None
    if case.reading.tested[-1] >= 1.0:
        return "futile", "All the planned information is in, and the target was not shown to be exceeded."
    reason = (
        f"The last look lies below the futility bound: even a candidate only just far enough above the target of "
        f"{case.target.target:g} to be shown so in time would hardly ever look like this."
    )
    return "futile", reason
