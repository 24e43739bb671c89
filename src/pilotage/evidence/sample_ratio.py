"""Whether the arms were assigned as the lease says: an alarm that may be looked at any number of times. Pure.

If a share p of the units is to be the candidate's, each unit that shows up in a stage is its with probability p. The
evidence against that is a ratio: the chance of the seen counts under a share drawn from a prior around p, over their
chance under p (Lindon and Malek, arXiv 2011.03567, the Dirichlet-multinomial with two outcomes). Its mean is 1 as long
as p is right, so it exceeds 1/alpha with probability at most alpha, ever (Ville 1939). Four priors, from wide to close,
are averaged, so that none has to be chosen for the traffic.

**Stages are not multiplied.** A unit that comes back in a later stage has the bucket it had: its arm there follows from
its arm before, and counting the same luck twice makes false alarms common. Each stage is therefore a test of its own,
at a part 1/(k(k+1)) of the error, k = 1, 2, ...; the parts sum to one, so that all stages together keep the promise
however they depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

ALARM_AT = 1000.0
PRIORS = (10.0, 100.0, 1000.0, 10_000.0)
_LOG_MAX = math.log(1e300)


class Assigned(Struct, frozen=True, kw_only=True):
    """Units by assigned arm in one stage, and the share that the lease gave the candidate. `reason` says why the
    stage cannot be judged.
    """

    stage: str
    share: float
    candidate: int
    incumbent: int
    reason: str = ""


class StageRatio(Struct, frozen=True, kw_only=True):
    """One stage's evidence, 1 where there is none, weighed by its part of the error; None where it is not judged."""

    stage: str
    share: float
    candidate: int
    incumbent: int
    evidence: float | None
    reason: str


class SampleRatio(Struct, frozen=True, kw_only=True):
    """All live stages. `evidence` is the greatest weighed evidence of a stage; None where no stage can be judged."""

    stages: tuple[StageRatio, ...] = ()
    evidence: float | None = None
    alarm: bool = False
    reason: str = "Nothing was live yet, so nobody was assigned."


def evidence_of(candidate: int, incumbent: int, share: float) -> float:
    """The e-value of those counts against that share, at most 1e300. ValueError unless 0 < share < 1."""
    if not 0.0 < share < 1.0:
        raise ValueError(f"A share of {share:g} leaves nothing to chance.")
    n = candidate + incumbent
    chance = candidate * math.log(share) + incumbent * math.log1p(-share)
    logs = [
        _log_beta(k * share + candidate, k * (1.0 - share) + incumbent)
        - _log_beta(k * share, k * (1.0 - share))
        - chance
        for k in PRIORS
    ]
    peak = max(logs)
    if not n:
        return 1.0
    mean = math.fsum(math.exp(log - peak) for log in logs) / len(logs)
    return math.exp(min(peak + math.log(mean), _LOG_MAX))


def sample_ratio(stages: Sequence[Assigned]) -> SampleRatio:
    """The evidence of every stage, in the order in which they were run, and whether it is an alarm."""
    judged = tuple(_judged(stage, order) for order, stage in enumerate(stages, start=1))
    known = [stage for stage in judged if stage.evidence is not None]
    if not judged:
        return SampleRatio()
    if not known:
        return SampleRatio(stages=judged, reason=judged[0].reason)
    worst = max(known, key=lambda stage: stage.evidence or 0.0)
    alarm = (worst.evidence or 0.0) >= ALARM_AT
    return SampleRatio(stages=judged, evidence=worst.evidence, alarm=alarm, reason=_said(worst, alarm=alarm))


def _judged(stage: Assigned, order: int) -> StageRatio:
    reason, evidence = stage.reason, None
    if not reason and not 0.0 < stage.share < 1.0:
        reason = "Everybody belongs to one arm, so there is no ratio to check."
    if not reason:
        evidence = evidence_of(stage.candidate, stage.incumbent, stage.share) / (order * (order + 1))
    return StageRatio(
        stage=stage.stage,
        share=stage.share,
        candidate=stage.candidate,
        incumbent=stage.incumbent,
        evidence=evidence,
        reason=reason,
    )


def _said(worst: StageRatio, *, alarm: bool) -> str:
    n = worst.candidate + worst.incumbent
    seen = f"{worst.candidate / n:.2%}" if n else "none"
    figures = (
        f"in stage {worst.stage} the candidate was to get {worst.share:.2%} of {n:,} units and got {seen} "
        f"(evidence {worst.evidence:.3g}, alarm at {ALARM_AT:g})"
    )
    if alarm:
        return (
            f"The arms were not assigned as the lease says: {figures}. Comparisons between them are not to be trusted."
        )
    return f"The arms were assigned as the lease says, as far as can be told: {figures}."


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
