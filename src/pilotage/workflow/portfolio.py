"""The portfolio as a decision needs it: the ranking of candidate problems, and who runs which pilot. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from statistics import fmean

from pilotage.record.verdicts import PortfolioView, RankedProblem
from pilotage.record.workload import PILOTING, Workload


def ranked(workload: Workload) -> RankedProblem:
    """A workload as a candidate problem; `spread` is the standard deviation between its scorers."""
    chosen = workload.passed.get("select")
    means = [score.mean for score in workload.scores.values()]
    score = fmean(means) if means else None
    return RankedProblem(
        slug=workload.slug,
        title=workload.title,
        incumbent=workload.incumbent,
        phase=workload.phase,
        score=score,
        # In floating point: `statistics.pstdev` is exact, and takes most of the time that a thousand problems cost.
        spread=None if score is None else sqrt(fmean((mean - score) ** 2 for mean in means)),
        scorers=len(means),
        is_open=workload.phase == "select" and not workload.refused,
        taken_up=chosen.stamp.at if chosen else None,
    )


def portfolio_of(workloads: Iterable[Workload]) -> PortfolioView:
    """Every problem, those that are open first and of them the best, and the pilots that run by owner."""
    standing = [workload for workload in workloads if not workload.killed]
    live: dict[str, tuple[str, ...]] = {}
    for workload in standing:
        if workload.owner and workload.phase in PILOTING and not workload.refused:
            live[workload.owner] = (*live.get(workload.owner, ()), workload.slug)
    return PortfolioView(ranking=tuple(sorted(map(ranked, standing), key=_place)), live_pilots=live)


def _place(problem: RankedProblem) -> tuple[bool, float, str]:
    """Where a problem stands in the ranking: nobody chooses any more between what is on the way or was decided."""
    return not problem.is_open, -(problem.score or 0.0), problem.slug
