"""The arms compared over all stages of a roll-out together, stage by stage and then averaged, never pooled. Pure.

The share that the candidate gets changes from stage to stage, and so does everything else over time: thrown together,
calls of a good week with a large share would look like the candidate's doing.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pilotage.evidence import stratified
from pilotage.evidence.compare import binary
from pilotage.evidence.estimators import estimator_of
from pilotage.evidence.measurements import Estimate, Estimated, LeftOut
from pilotage.evidence.normal import upper_tail
from pilotage.evidence.strata import StageTotals
from pilotage.playbook.metrics import Metric

APART = (
    "Every unit has one call in all of these stages, so the stages are independent: shares are compared by "
    "Cochran-Mantel-Haenszel."
)
MANY_CALLS = "Units have several calls, so each stage is clustered by unit, and the errors of the stages are added up."
RETURNING = "Some units come back in a later stage, so the errors of the stages are added up: never too narrow."
UNKNOWN = (
    "Whether units come back in a later stage is not known here, so the errors of the stages are added up: never too "
    "narrow."
)
MEANS = "It is no share of calls, so each stage has an interval of its own, and the errors of the stages are added up."


class OverStages(Struct, frozen=True, kw_only=True):
    """One metric's difference over the live stages that were compared: positive is better. `left_out` are those with
    calls that were not, and why; where nothing could be compared, `stages` are those that should have been.
    `chi_square` and `p` are of the Cochran-Mantel-Haenszel test that there is no difference; null where it does not
    apply, and `why` says how the stages were put together instead.
    """

    metric: str
    title: str
    stages: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    difference: Estimated
    chi_square: float | None
    p: float | None
    why: str


def over_stages(metric: Metric, stages: Sequence[StageTotals], *, returning: bool | None) -> OverStages | None:
    """The comparison over these stages; None where fewer than two have calls of both arms. `returning`: whether some
    unit has calls in two of them, None where nobody knows.
    """
    busy = [stage for stage in stages if stage.candidate.n > 0 and stage.incumbent.n > 0]
    if len(busy) < stratified.STAGES_MIN:
        return None
    difference = estimator_of(metric).live_difference(metric, stages, 0.95)
    left_out = difference.left_out if isinstance(difference, Estimate) else ()
    without = {one.stage for one in left_out}
    strata = stratified.strata_of(metric, busy) if binary(metric) else None
    z = stratified.score(strata, 0.0) if strata is not None else None
    return OverStages(
        metric=metric.id,
        title=metric.title,
        stages=tuple(stage.stage for stage in busy if stage.stage not in without),
        left_out=left_out,
        difference=difference,
        chi_square=None if z is None else z * z,
        p=None if z is None else 2.0 * upper_tail(abs(z)),
        why=APART if strata is not None else _why(metric, busy, returning=returning),
    )


def single(stages: Sequence[StageTotals]) -> bool:
    """Whether every unit has one call within each stage: only then is it worth asking whether units come back."""
    return all(t.nn == t.n == t.units for stage in stages for t in (stage.candidate, stage.incumbent))


def _why(metric: Metric, stages: Sequence[StageTotals], *, returning: bool | None) -> str:
    if not binary(metric):
        return MEANS
    if not single(stages):
        return MANY_CALLS
    return UNKNOWN if returning is None else RETURNING
