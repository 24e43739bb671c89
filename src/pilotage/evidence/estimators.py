"""The estimators: what makes figures and tests of the sums of a metric kind. Pure.

The built-in ones are registered here by the same call that an installed one comes through. `conformance` holds the
checks that each of them must pass.
"""

from __future__ import annotations

from collections.abc import Sequence

from pilotage.evidence import compare, parts, ratios
from pilotage.evidence.measurements import Estimated, NotEstimable
from pilotage.evidence.parts import Part
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals
from pilotage.playbook.kinds import kind_of
from pilotage.playbook.metrics import Metric, Target


class EstimatorInvalid(Exception):
    """An estimator that cannot be taken in, or that a metric asks for and nobody installed."""


class Estimator:
    """Makes estimates of totals. This one is the clustered mean, and score tests where every value is 0 or 1; another
    overrides what it does otherwise. Differences are oriented: positive is better. Whatever cannot be estimated is a
    `NotEstimable` with its reason.
    """

    id = "mean"
    title = "clustered mean; score tests for shares"

    def arm(self, metric: Metric, totals: Totals, level: float) -> Estimated:
        """One arm's figure, from its own series."""
        return compare.arm(metric, totals, level=level)

    def compared_arm(self, metric: Metric, totals: Totals, level: float) -> Estimated:
        """The same for a comparison between arms, where it may be refused for too few units."""
        return compare.compared_arm(metric, totals, level)

    def incumbent_of_pairs(self, metric: Metric, stage: StageTotals, level: float) -> Estimated:
        """The incumbent's figure on the calls that both arms answered."""
        return compare.arm(metric, stage.paired, level=level, incumbent_of_pairs=True)

    def paired_difference(self, metric: Metric, stage: StageTotals, level: float) -> Estimated:
        """Candidate against incumbent on the same calls."""
        return compare.paired_difference(metric, stage.paired, level=level)

    def paired_improvement(self, metric: Metric, stage: StageTotals, level: float) -> Estimated:
        """The same as a share of the incumbent's figure."""
        return compare.paired_improvement(metric, stage.paired, level=level)

    def live_difference(self, metric: Metric, stages: Sequence[StageTotals], level: float) -> Estimated:
        """Candidate against incumbent between the units of the arms."""
        return compare.live_difference(metric, stages, level=level, of_arm=self.compared_arm)

    def live_improvement(self, metric: Metric, stages: Sequence[StageTotals], level: float) -> Estimated:
        """The same as a share of the incumbent's figure."""
        return compare.live_improvement(metric, stages, level=level)

    def part(self, target: Target, metric: Metric, stage: StageTotals) -> Part | NotEstimable:
        """One stage's part of the test against the target."""
        return parts.part(target, metric, stage)


class ShareEstimator(Estimator):
    """Wilson's interval, Tango's for pairs; where values are not just 0 and 1, the clustered mean."""

    id = "share"
    title = "share, by score tests"


class RatioEstimator(Estimator):
    """See `ratios`."""

    id = "ratio"
    title = "ratio of two sums"

    def arm(self, metric: Metric, totals: Totals, level: float) -> Estimated:  # noqa: ARG002 - as the base class has it
        """See `ratios.arm`."""
        return ratios.arm(totals, level)

    def compared_arm(self, metric: Metric, totals: Totals, level: float) -> Estimated:  # noqa: ARG002 - as above
        """See `ratios.compared_arm`."""
        return ratios.compared_arm(totals, level)

    def incumbent_of_pairs(self, metric: Metric, stage: StageTotals, level: float) -> Estimated:  # noqa: ARG002 - as above
        """Of the incumbent's own sums on pairs."""
        return ratios.arm(stage.paired_incumbent, level)

    def paired_difference(self, metric: Metric, stage: StageTotals, level: float) -> Estimated:
        """See `ratios.paired_difference`."""
        return ratios.paired_difference(metric, stage, level)

    def paired_improvement(self, metric: Metric, stage: StageTotals, level: float) -> Estimated:  # noqa: ARG002 - as above
        """A share of a ratio is not estimated."""
        return _no_share(metric)

    def live_improvement(self, metric: Metric, stages: Sequence[StageTotals], level: float) -> Estimated:  # noqa: ARG002 - as above
        """A share of a ratio is not estimated."""
        return _no_share(metric)

    def part(self, target: Target, metric: Metric, stage: StageTotals) -> Part | NotEstimable:
        """See `ratios.part`."""
        return ratios.part(target, metric, stage)


def _no_share(metric: Metric) -> NotEstimable:
    return NotEstimable(reason=f"{metric.title} is a ratio; compare it as a difference, not as a share.")


_ESTIMATORS: dict[str, Estimator] = {}


def register_estimator(estimator: Estimator) -> None:
    """Add an estimator. Raises `EstimatorInvalid` where its id is taken by another one."""
    if _ESTIMATORS.get(estimator.id, estimator) is not estimator:
        raise EstimatorInvalid(f"There is an estimator {estimator.id} already; give the new one another id.")
    _ESTIMATORS[estimator.id] = estimator


def forget_estimator(estimator_id: str) -> None:
    """Take an estimator out again."""
    _ESTIMATORS.pop(estimator_id, None)


def estimators() -> tuple[Estimator, ...]:
    """Every estimator, in the order in which they came."""
    return tuple(_ESTIMATORS.values())


def find_estimator(estimator_id: str) -> Estimator | None:
    """The estimator of that id, or None."""
    return _ESTIMATORS.get(estimator_id)


def estimator_of(metric: Metric) -> Estimator:
    """What estimates a metric. Raises `KindInvalid` or `EstimatorInvalid` where its kind or estimator is missing."""
    kind = kind_of(metric)
    found = _ESTIMATORS.get(kind.estimator)
    if found is None:
        raise EstimatorInvalid(f"The metric kind {kind.id} needs the estimator {kind.estimator}; install it.")
    return found


for _built_in in (Estimator(), ShareEstimator(), RatioEstimator()):
    register_estimator(_built_in)
