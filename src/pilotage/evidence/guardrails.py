"""Whether a guardrail holds: one-sided non-inferiority, and harm by the bets. Pure.

No correction of alpha is made for the number of guardrails: all have to hold, and each can stop a go by itself. For
the same reason power is lost with each of them, so what is still needed is planned at beta divided by their number.

Where the charter's calls are alike by day, guardrails in shadow are clustered as the target is, as far as their sums by
day are kept: then nothing is said before `DAYS_TO_TEST` days, and bets, which take units as independent, say nothing
at all. Live, a day that shakes both arms alike hardly moves their difference, and units are the clusters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pilotage.evidence import betting
from pilotage.evidence.band import look_error
from pilotage.evidence.clusters import DAYS_TO_TEST, JudgedAs, clustered_figures, days_of, judged_series
from pilotage.evidence.figures import Figures, figures, live_figures
from pilotage.evidence.imputation import completed, missing_calls, widened
from pilotage.evidence.measurements import Estimate, Estimated, GuardrailResult, NotEstimable
from pilotage.evidence.moments import moments
from pilotage.evidence.normal import quantile, two_sided
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals
from pilotage.evidence.values import orientation
from pilotage.playbook.kinds import Form
from pilotage.playbook.metrics import Cluster, Guardrail, Metric, Target

Status = Literal["within", "breached", "undecided"]
Judged = Literal["within", "breached", "undecided", "not_estimable"]


def judge(
    guardrail: Guardrail,
    metric: Metric,
    stage: StageTotals,
    *,
    live: bool,
    alpha: float = 0.05,
    log_wealth: Sequence[float] | None = None,
    beta: float = 0.2,
    cluster: Cluster = "unit",
) -> GuardrailResult:
    """One guardrail in one stage: on pairs, or `live` between the arms. `log_wealth` are the sums of its bet; `beta`
    is the chance to miss that it holds which `calls_needed` is meant for. `cluster`: whose calls are alike in shadow.

    Within: the one-sided bound at `alpha` lies on the right side of minus the margin (of the limit). Breached: the
    interval that holds at all looks lies wholly on the other side, or the bet's evidence is 1/alpha.
    """
    form: Literal["own", "difference"] = "difference" if guardrail.limit is None else "own"
    level = 1.0 - 2.0 * alpha
    days = None if live else _days(form, cluster, metric, stage)
    judged = JudgedAs(form, "unit" if days is None else cluster)

    def read(stages: tuple[StageTotals], level: float) -> Figures:
        return (
            live_figures(metric, form, stages, level=level)
            if live
            else clustered_figures(judged, metric, stages, level=level)
        )

    found = read((stage,), level)
    difference = found.comparison
    if form == "own":
        difference = (live_figures if live else figures)(metric, "difference", (stage,), level=level).comparison
    status, reason = _judged(guardrail, metric, found)
    if status == "breached" and not live:
        lasting = read((stage,), 1.0 - 2.0 * look_alpha(guardrail, stage, live=False, days=days))
        status = "breached" if _judged(guardrail, metric, lasting)[0] == "breached" else "undecided"
    if days is not None and days < DAYS_TO_TEST and status in {"within", "breached"}:
        status, reason = "undecided", f"{reason} {days:.0f} days are too few to say so; it takes {DAYS_TO_TEST}."
    wealth = betting.evidence(log_wealth) if log_wealth and days is None else 0.0
    if wealth >= 1.0 / alpha:
        promised = "margin" if guardrail.limit is None else "limit"
        status, reason = "breached", f"{metric.title}: the evidence that its {promised} is broken is {wealth:.3g}."
    survives = None
    if status == "within" and missing_calls(stage):
        whole = completed(metric, stage, 1.0, 0.0 if guardrail.limit is not None else -1.0)
        worst = read((whole.stage,), widened(level, whole.inflation))
        survives = _judged(guardrail, metric, worst)[0] == "within"
    return GuardrailResult(
        metric=metric.id,
        title=metric.title,
        status=status,
        reason=reason,
        margin=guardrail.margin,
        limit=guardrail.limit,
        incumbent=found.incumbent,
        candidate=found.candidate,
        difference=difference,
        stage=stage.stage,
        survives=survives,
        calls_needed=_needed(found.comparison, guardrail, alpha, beta) if status == "undecided" else None,
    )


def shadow_guardrails(
    guardrails: Sequence[Guardrail],
    metrics: Sequence[Metric],
    totals: Mapping[str, StageTotals],
    *,
    alpha: float = 0.05,
    log_wealth: Mapping[str, Sequence[float]] | None = None,
    power: float = 0.8,
    target: Target | None = None,
) -> tuple[GuardrailResult, ...]:
    """The guardrails that can be observed in shadow. `totals` by metric, of the one stage judged; `log_wealth` by
    bet id, of the same stage. `power` is to be had of all together. Those that show only once people are exposed
    wait for the roll-out. `target` says whose calls are alike; without one those of a unit are.
    """
    by_id = {metric.id: metric for metric in metrics}
    return tuple(
        judge(
            guardrail,
            by_id[guardrail.metric],
            totals.get(guardrail.metric, StageTotals()),
            live=False,
            alpha=alpha,
            log_wealth=(log_wealth or {}).get(betting.harm_bet(guardrail)),
            beta=(1.0 - power) / len(guardrails),
            cluster=cluster_of(guardrail, target),
        )
        for guardrail in guardrails
        if by_id[guardrail.metric].observable == "shadow"
    )


def cluster_of(guardrail: Guardrail, target: Target | None) -> Cluster:
    """Whose calls are alike for a guardrail: as for the target. A guardrail on the target's own metric that is judged
    on another series than the target is clustered by unit: missing labels are put in by day for one series alone.
    """
    if target is None:
        return "unit"
    form: Form = "difference" if guardrail.limit is None else "own"
    other = judged_series(JudgedAs(form, target.cluster)) != judged_series(target)
    return "unit" if guardrail.metric == target.metric and other else target.cluster


def _days(form: Form, cluster: Cluster, metric: Metric, stage: StageTotals) -> float | None:
    """The days that figures are clustered by; None where units alone are the clusters: as the charter says, where no
    sums by day are kept, and where no day differs from another. A guardrail is mostly on rare events, and before the
    first one nothing shows how days differ; from the first one on it does.
    """
    if cluster == "unit" or metric.per != "call" or metric.observable == "exposed":
        return None
    judged = JudgedAs(form, cluster)
    found = days_of(judged, (stage,))
    totals: Totals = getattr(stage, f"{judged_series(judged)}_days")
    if not found or moments(totals, 1.0, -1.0 if form == "difference" else 0.0, metric.shift).spread <= 0.0:
        return None
    return found


def live_guardrails(
    guardrails: Sequence[Guardrail],
    metrics: Sequence[Metric],
    totals: Mapping[str, Sequence[StageTotals]],
) -> tuple[GuardrailResult, ...]:
    """Every guardrail in every stage with calls in which people are exposed, however often one looks. `totals` by
    metric, one entry per stage.

    Between the arms only: pairs made while live hold every failure but few of the successes, so bets on them
    would cry harm. Where answers are suggested, nobody works without them at the same time: a metric that shows only
    once people are exposed is held to its limit there, and nothing else is judged.
    """
    by_id = {metric.id: metric for metric in metrics}
    return tuple(
        judge(guardrail, by_id[guardrail.metric], stage, live=True, alpha=look_alpha(guardrail, stage, live=True))
        for guardrail in guardrails
        for stage in totals.get(guardrail.metric, ())
        if stage.candidate.n > 0 and (_is_live(stage) or _judged_alone(guardrail, by_id[guardrail.metric]))
    )


def _is_live(stage: StageTotals) -> bool:
    return stage.stage.startswith("live")


def _judged_alone(guardrail: Guardrail, metric: Metric) -> bool:
    return guardrail.limit is not None and metric.observable == "exposed"


def look_alpha(guardrail: Guardrail, stage: StageTotals, *, live: bool, days: float | None = None) -> float:
    """The error of one look that makes the looks of a stage together an asymptotic confidence sequence at 5 %, so that
    a guardrail at its margin is seldom breached, or said to hold, at any of them (see `band`). It is closest at
    `band.CLOSEST_AT` units, live of the smaller arm; `days` stand in the place of units where they are the clusters.
    """
    units = stage.candidate.units
    if days is not None:
        units = days
    elif not live:
        units = max(units, stage.paired.units)
    elif guardrail.limit is None:
        units = min(units, stage.incumbent.units)
    return look_error(units)


def _judged(guardrail: Guardrail, metric: Metric, found: Figures) -> tuple[Judged, str]:
    comparison = found.comparison
    if isinstance(comparison, NotEstimable):
        return "not_estimable", f"{metric.title}: {comparison.reason}"
    if guardrail.limit is None:
        status = _side(comparison.low, comparison.high, -guardrail.margin)
        said = f"the candidate's difference is {_span(comparison)}, and at worst {-guardrail.margin:g} is allowed"
    else:
        up = orientation(metric)
        ends = sorted((up * comparison.low, up * comparison.high))
        status = _side(ends[0], ends[1], up * guardrail.limit)
        said = f"the candidate's mean is {_span(comparison)}, and the limit is {guardrail.limit:g}"
    return status, f"{metric.title}: {said}."


def _needed(comparison: Estimated, guardrail: Guardrail, alpha: float, beta: float) -> float | None:
    """The calls at which a one-sided test at `alpha` of a difference of nothing against the margin has power
    1 - beta, with the spread seen so far: n V ((z_alpha + z_beta) / margin)^2 (Schuirmann 1987).
    """
    if isinstance(comparison, NotEstimable) or guardrail.limit is not None or guardrail.margin <= 0.0:
        return None
    error = (comparison.high - comparison.low) / (2.0 * two_sided(comparison.level))
    return comparison.calls * (error * (quantile(1.0 - alpha) + quantile(1.0 - beta)) / guardrail.margin) ** 2


def _side(low: float, high: float, allowed: float) -> Status:
    """Where an interval, oriented so that more is better, lies of the worst that is allowed."""
    if low > allowed:
        return "within"
    return "breached" if high < allowed else "undecided"


def _span(estimate: Estimate) -> str:
    return f"{estimate.value:.4g} ({estimate.low:.4g} to {estimate.high:.4g})"
