"""What the answer would be if every label that never came spoke against the candidate. Pure.

Calls without a value are added at their worst (see `dues`), so the mean is over all calls that were due. A unit may
have calls with and without a value, which the sums do not join: where any unit has several calls, the errors of both
parts are added as if wholly correlated, which is never too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct, structs

from pilotage.evidence.band import CRITICAL_MAX
from pilotage.evidence.betting import contrast
from pilotage.evidence.clusters import clustered_figures
from pilotage.evidence.looks import Reading
from pilotage.evidence.measurements import Check, FieldCoverage, Imputed, NotEstimable
from pilotage.evidence.moments import Moments, moments
from pilotage.evidence.normal import two_sided, upper_tail
from pilotage.evidence.statistic import Statistic, statistic
from pilotage.evidence.strata import LookSums, StageTotals
from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import Metric, Target, UserAction

MISSING_TO_TEST = 5
P_VIOLATED = 0.001


class Completed(Struct, frozen=True, kw_only=True):
    """A stage with everything missing put in, and by what the variance grows for units that are in both parts."""

    stage: StageTotals
    inflation: float


def completed(metric: Metric, stage: StageTotals, a: float = 1.0, b: float = -1.0) -> Completed:
    """The stage as it would be if what is missing spoke against the candidate; a*y + b*z is the contrast that the
    inflation is meant for.
    """
    parts = [
        (stage.paired, stage.missing, a, b),
        (stage.candidate, stage.missing_candidate, a, 0.0),
        (stage.incumbent, stage.missing_incumbent, b, 0.0),
    ]
    if not b:
        parts[0] = (stage.candidate, stage.missing, a, 0.0)
    inflation = max((_inflation(metric, *part) for part in parts), default=1.0)
    whole = structs.replace(
        stage,
        paired=stage.paired + stage.missing,
        candidate=stage.candidate + stage.missing_candidate + stage.missing,
        incumbent=stage.incumbent + stage.missing_incumbent,
        **({"paired_days" if b else "candidate_days": stage.completed_days} if stage.completed_days.n else {}),
    )
    return Completed(stage=whole, inflation=inflation)


def widened(level: float, inflation: float) -> float:
    """The level whose critical value is larger by the root of the inflation, as far as a level can be told from 1."""
    return 1.0 - 2.0 * upper_tail(min(two_sided(level) * math.sqrt(inflation), CRITICAL_MAX))


def missing_calls(stage: StageTotals) -> float:
    """Calls whose value never came, in pairs or of either arm."""
    return stage.missing.n + stage.missing_candidate.n + stage.missing_incumbent.n


def imputed(
    target: Target,
    metric: Metric,
    looks: Sequence[LookSums],
    latest: LookSums,
    reading: Reading,
    *,
    label_coverage: FieldCoverage | None = None,
) -> Imputed:
    """Whether the answer survives: at some tested look the statistic lies above that look's efficacy bound with
    everything missing put in. `survives` is None while the bound was not crossed at all, and where labels are missing
    by `label_coverage` of which no sums were kept.
    """
    if label_coverage is not None and label_coverage.present < label_coverage.calls and _unkept(metric, latest):
        return _unknown(label_coverage)
    a, b, _ = contrast(target, metric, target.target)
    whole = [completed(metric, stage, a, b) for stage in latest.stages]
    missing = sum(missing_calls(stage) for stage in latest.stages)
    due = missing + sum(_known(target, metric, stage) for stage in latest.stages)
    widest = max((part.inflation for part in whole), default=1.0)
    estimate = clustered_figures(
        target, metric, tuple(part.stage for part in whole), level=widened(0.95, widest)
    ).comparison
    crossed = reading.crossed_on is not None
    survives = _survives(target, metric, looks, reading) if crossed else None
    return Imputed(
        due=round(due),
        missing=round(missing),
        estimate=estimate,
        survives=survives,
        reason=_reason(round(missing), round(due), survives),
    )


def _unkept(metric: Metric, latest: LookSums) -> bool:
    """Whether nothing was summed up of what is missing. Where arms that differ were counted, none is: the same rule
    keeps both. Calls on which nobody acted lack nothing.
    """
    if metric.observable == "exposed" or isinstance(metric.source, UserAction):
        return False
    return not any(missing_calls(stage) or stage.differ.n for stage in latest.stages)


def _unknown(coverage: FieldCoverage) -> Imputed:
    due, missing = coverage.calls, coverage.calls - coverage.present
    reason = f"{_counted(missing, due)}, and what they could change was not summed up."
    return Imputed(due=due, missing=missing, estimate=NotEstimable(reason=reason), survives=None, reason=reason)


def by_disagreement(metric: Metric, stage: StageTotals) -> Check:
    """Whether labels go missing more often where the arms differ: a score test of the missing among the calls that
    differ against the missing among all, with the variance between units and at least the binomial one (Rao and
    Scott 1992).
    """
    known, missing, differ = stage.paired.n or stage.candidate.n, stage.missing.n, stage.differ
    due = known + missing
    check = Check(
        id=f"missing_by_disagreement:{metric.id}",
        title=f"{metric.title}: labels missing where the arms differ",
        verdict="not_estimable",
        meaning="If labels are missing more often just where the arms differ, the known ones may flatter either arm. "
        "The answer has to hold with the missing ones put in at their worst.",
    )
    if missing >= MISSING_TO_TEST and not known:
        return _none_came(check, due)
    if missing < MISSING_TO_TEST or not 0.0 < differ.n < due:
        reason = (
            f"{missing:.0f} of {due:.0f} labels are missing, and {differ.n:.0f} of the calls differ: too few to test."
        )
        return structs.replace(check, verdict="held" if due and not missing else "not_estimable", reason=reason)
    share = missing / due
    m = moments(differ, 1.0, 0.0, 0.0)
    spread = max(m.variance_at(share) * m.calls**2, differ.n * share * (1.0 - share)) * (1.0 - differ.n / due)
    among, rest = differ.y / differ.n, (missing - differ.y) / (due - differ.n)
    said = f"Missing on {among:.2%} of the calls where the arms differ and on {rest:.2%} of the others"
    return _tested(check, (differ.y - share * differ.n) / math.sqrt(spread), among - rest, said)


def by_arm(metric: Metric, stage: StageTotals) -> Check:
    """Whether labels go missing more often for one arm, live: the difference of the missing shares against its error
    between units. Products of a unit's known and missing calls are not kept; they would only make the error smaller.
    """
    check = Check(
        id=f"missing_by_arm:{metric.id}",
        title=f"{metric.title}: labels missing by arm, {stage.stage}",
        verdict="not_estimable",
        meaning="If labels go missing more often for one arm, the comparison of what is known is biased. The answer "
        "has to hold with the missing ones put in at their worst.",
    )
    arms = [(stage.candidate, stage.missing_candidate), (stage.incumbent, stage.missing_incumbent)]
    due, missing = [known.n + gone.n for known, gone in arms], [gone.n for _, gone in arms]
    if min(due) <= 0.0 or sum(missing) < MISSING_TO_TEST:
        reason = f"{sum(missing):.0f} of {sum(due):.0f} labels are missing: too few to test."
        return structs.replace(
            check, verdict="held" if min(due) > 0.0 and not sum(missing) else "not_estimable", reason=reason
        )
    if sum(missing) >= sum(due):
        return _none_came(check, sum(due))
    share = sum(missing) / sum(due)
    variance = 0.0
    for (known, gone), calls in zip(arms, due, strict=True):
        spread = (1.0 - share) ** 2 * gone.nn + share**2 * known.nn
        variance += max(spread, calls * share * (1.0 - share)) / calls**2
    rates = [gone / calls for gone, calls in zip(missing, due, strict=True)]
    said = f"Missing on {rates[0]:.2%} of the candidate's calls and on {rates[1]:.2%} of the incumbent's"
    return _tested(check, (rates[0] - rates[1]) / math.sqrt(variance), rates[0] - rates[1], said)


def _none_came(check: Check, due: float) -> Check:
    return structs.replace(check, verdict="violated", reason=f"None of the {due:,.0f} labels that are due came.")


def _tested(check: Check, z: float, figure: float, said: str) -> Check:
    p = 2.0 * upper_tail(abs(z))
    violated = p < P_VIOLATED
    return structs.replace(
        check,
        verdict="violated" if violated else "held",
        figure=figure,
        p=p,
        bound=P_VIOLATED,
        reason=f"{said} (p = {p:.2g}).",
    )


def _survives(target: Target, metric: Metric, looks: Sequence[LookSums], reading: Reading) -> bool:
    bounds = {look.day: look.efficacy for look in reading.looks}
    a, b, _ = contrast(target, metric, target.target)
    for look in looks:
        bound = bounds.get(look.day)
        if bound is None:
            continue
        if not any(missing_calls(stage) for stage in look.stages):
            if look.day == reading.crossed_on:
                return True
            continue
        whole = [completed(metric, stage, a, b) for stage in look.stages]
        found = statistic(target, metric, tuple(part.stage for part in whole))
        widest = max((part.inflation for part in whole), default=1.0)
        if isinstance(found, Statistic) and found.z / math.sqrt(widest) >= bound:
            return True
    return False


def _reason(missing: int, due: int, survives: bool | None) -> str:  # noqa: FBT001 - None is a value of its own
    if not missing:
        return f"No label of the {due:,} calls that were due is missing."
    counted = _counted(missing, due)
    if survives is None:
        return f"{counted}; the target has not been shown to be exceeded with or without them."
    if survives:
        return f"{counted}; were all of them to speak against the candidate, the answer would be the same."
    return f"{counted}; were all of them to speak against the candidate, the answer would be to keep running."


def _counted(missing: int, due: int) -> str:
    return f"{missing:,} of the {due:,} labels that were due ({missing / due:.1%}) are missing"


def _known(target: Target, metric: Metric, stage: StageTotals) -> float:
    if metric.observable == "exposed":
        return stage.candidate.n + stage.incumbent.n
    return stage.candidate.n if target.form == "own" else stage.paired.n


def _inflation(metric: Metric, known: Totals, missing: Totals, a: float, b: float) -> float:
    """(sqrt(A) + sqrt(B))^2 / (A + B) for the spreads A and B of both parts around their common mean, at most 2; 1
    where every unit has one call, and so is in one part.
    """
    if known.n <= 0.0 or missing.n <= 0.0:
        return 1.0
    parts = [moments(known, a, b, metric.shift), moments(missing, a, b, metric.shift)]
    if all(part.single for part in parts):
        return 1.0
    mean = sum(part.mean * part.calls for part in parts) / sum(part.calls for part in parts)
    spreads = [_spread(part, mean) for part in parts]
    return (math.sqrt(spreads[0]) + math.sqrt(spreads[1])) ** 2 / sum(spreads) if sum(spreads) > 0.0 else 1.0


def _spread(m: Moments, mean: float) -> float:
    return m.variance_at(mean) * m.calls**2
