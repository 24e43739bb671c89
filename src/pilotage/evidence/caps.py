"""How many values a declared cap cut off, by arm: a mean of capped values says nothing of what lies beyond. Pure.

A cap keeps a few very large values from deciding everything. Where it cuts many, the figure is about something else
than its name says; where it cuts one arm more often, the arms look more alike than they are. In shadow values are
counted that are compared, so both arms on the same calls; live, those of the arm that a unit was assigned to. Where a
metric gives one value a unit, units with a capped call are counted.
"""

from __future__ import annotations

import math

from msgspec import Struct

from pilotage.evidence.measurements import Check
from pilotage.evidence.moments import moments
from pilotage.evidence.normal import upper_tail
from pilotage.evidence.readers import cut_reader
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import Metric

SHARE_MAX = 0.01
P_VIOLATED = 0.001
CUT_TO_TEST = 5
MEANING = (
    "What lies beyond a cap counts as the cap. Where many values are cut, the figure says little of the large ones, "
    "and where one arm has more of them, the difference between the arms is larger than it looks. State a wider cap in "
    "the next charter, or read the values beyond it."
)


class CutOff(Struct, frozen=True):
    """Of one arm: how many values were cut off, and how many there are."""

    cut: float
    calls: float

    @property
    def share(self) -> float:
        """The share that was cut off; 0 where there is none."""
        return self.cut / self.calls if self.calls else 0.0


def cut_off(stage: StageTotals, *, live: bool) -> tuple[CutOff, CutOff]:
    """What was cut off of the candidate's values, and of the incumbent's."""
    shadowed = max(stage.paired.n, stage.candidate.n), stage.paired.n
    calls = (stage.candidate.n, stage.incumbent.n) if live else shadowed
    return CutOff(stage.capped_candidate.n, calls[0]), CutOff(stage.capped_incumbent.n, calls[1])


def caps_check(metric: Metric, stage: StageTotals, *, live: bool) -> Check | None:
    """Whether caps cut off little, and of both arms alike; None for a metric whose values no cap can cut, and where
    there are none.
    """
    arms = cut_off(stage, live=live)
    if cut_reader(metric) is None or not any(arm.calls for arm in arms):
        return None
    p = _apart(stage, arms)
    many = max(arm.share for arm in arms) > SHARE_MAX
    unlike = p is not None and p < P_VIOLATED
    said, where = said_of(arms), f", {stage.stage}" if live else ""
    if unlike:
        said = f"{said} That is more of one arm than chance explains (p = {p:.2g})."
    return Check(
        id=f"caps:{metric.id}:{stage.stage}" if live else f"caps:{metric.id}",
        title=f"{metric.title}: values cut off at {metric.lo:g} and {metric.hi:g}{where}",
        verdict="violated" if many or unlike else "held",
        meaning=MEANING,
        reason=said,
        figure=max(arm.share for arm in arms),
        bound=SHARE_MAX,
        p=p,
    )


def said_of(arms: tuple[CutOff, CutOff]) -> str:
    """How many values of each arm were cut off, as a sentence."""
    names = ("the candidate", "the incumbent")
    if not any(arm.cut for arm in arms):
        return f"None of {sum(arm.calls for arm in arms):,.0f} values was cut off."
    parts = [
        f"{arm.cut:,.0f} of {arm.calls:,.0f} values of {name} ({arm.share:.2%})"
        for name, arm in zip(names, arms, strict=True)
        if arm.calls
    ]
    return f"A cap counts in place of {' and '.join(parts)}."


def in_words(metric: Metric, arms: tuple[CutOff, CutOff]) -> str:
    """What a cap did to a figure, as a part of a plain sentence; empty where it did nothing."""
    mine, theirs = (f"{arm.cut:,.0f}" for arm in arms)
    if not any(arm.cut for arm in arms):
        return ""
    of = "units with such a call" if metric.per != "call" else "calls"
    return (
        f"values beyond {metric.lo:g} and {metric.hi:g} count as these, which was so on {mine} {of} of the candidate's "
        f"and {theirs} of the incumbent's"
    )


def _apart(stage: StageTotals, arms: tuple[CutOff, CutOff]) -> float | None:
    """The p-value of equal shares, with the variance between units and at least the binomial one (Rao and Scott 1992);
    None with too few to tell. Arms on the same calls are taken as independent, which alarms less easily.
    """
    calls, cut = [arm.calls for arm in arms], sum(arm.cut for arm in arms)
    if min(calls) <= 0.0 or cut < CUT_TO_TEST or cut >= sum(calls):
        return None
    share, variance = cut / sum(calls), 0.0
    for totals, arm in zip((stage.capped_candidate, stage.capped_incumbent), arms, strict=True):
        variance += max(_spread(totals), arm.calls * share * (1.0 - share)) / arm.calls**2
    return 2.0 * upper_tail(abs(arms[0].share - arms[1].share) / math.sqrt(variance))


def _spread(cut: Totals) -> float:
    """The sum of squares over units of what was cut off of each."""
    return moments(cut, 1.0, 0.0, 0.0).squares if cut.n else 0.0
