"""The sequential answer on the target, in words. Pure."""

from __future__ import annotations

from msgspec import Struct, structs

from pilotage.server.pages.estimates import Figure, comparison_scale, figure
from pilotage.workflow.desk import Judgement


class Target(Struct, frozen=True, kw_only=True):
    """The target's answer as it is shown. `figure` is None before anything is tested."""

    answer: str = "not_estimable"
    reason: str
    metric: str = ""
    figure: Figure | None = None
    floor: str = ""
    target: str = ""


def target_of(judgement: Judgement) -> Target:
    """The answer in words; before anything is tested, what is missing."""
    charter = judgement.workload.measured_charter
    answer = judgement.measurements.answer if judgement.measurements else None
    if charter is None:
        return Target(reason="There is no charter yet, so nothing is promised.")
    promised = charter.target
    metric = charter.metric(promised.metric)
    scale = comparison_scale(metric.unit if metric else "", promised.form)
    shown = Target(
        reason="No release has been declared for evaluation.",
        metric=metric.title if metric else promised.metric,
        floor=scale.text(promised.floor),
        target=scale.text(promised.target),
    )
    if answer is None:
        return shown
    return structs.replace(shown, answer=answer.answer, reason=answer.reason, figure=figure(answer.estimate, scale))
