"""Candidate problems side by side: who scored what, where they disagree, and who has room for a pilot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from statistics import fmean

from msgspec import Struct, structs

from pilotage.playbook.loading import load
from pilotage.playbook.types import PilotRules, Playbook, Scale
from pilotage.record.stamps import Stamp
from pilotage.record.verdicts import PortfolioView, RankedProblem
from pilotage.record.workload import ScoreGiven, Workload
from pilotage.workflow.assessments import ReadinessJson, readiness_of
from pilotage.workflow.workspace import Workspace

APART = 2
STANDARD = "standard"
ON_THE_WAY = "On the way already."
DECIDED_AGAINST = "Decided against."


class ScoreJson(Struct, frozen=True, kw_only=True):
    """What one person gave, and why."""

    impact: int
    feasibility: int
    readiness: int
    mean: float
    note: str
    given: Stamp


class ScaleJson(Struct, frozen=True, kw_only=True):
    """One scale over everybody who scored: mean, lowest, highest. `disagreement` says who is far apart, or nothing."""

    id: str
    title: str
    mean: float
    low: int
    high: int
    disagreement: str


class SuitabilityJson(Struct, frozen=True, kw_only=True):
    """Whether the work suits: what it lacks, what to be careful with, and how that is met."""

    lacking: tuple[str, ...]
    warnings: tuple[str, ...]
    met_by: str
    given: Stamp


class SaidJson(Struct, frozen=True, kw_only=True):
    """Words on the record: a choice where there is one, its reason, and who gave it."""

    choice: str = ""
    reason: str
    given: Stamp


class CandidateJson(Struct, frozen=True, kw_only=True):
    """A problem in the ranking. `score` is the mean over all scales and people, `low` and `high` the means of the
    people furthest apart. `is_open`: nobody has taken it up, nor decided against it. `lacking`: how many more people
    have to score it.
    """

    rank: int
    workload: str
    title: str
    problem: str
    incumbent: str
    phase: str
    is_open: bool
    owner: str | None
    score: float | None
    low: float | None
    high: float | None
    spread: float | None
    lacking: int
    scales: tuple[ScaleJson, ...]
    scores: tuple[ScoreJson, ...]
    argument: SaidJson | None
    build_or_buy: SaidJson | None
    suitability: SuitabilityJson | None
    next: str


class OwnerJson(Struct, frozen=True, kw_only=True):
    """Somebody who runs pilots: which, how many the playbook allows at once, and whether there is room for another."""

    owner: str
    pilots: tuple[str, ...]
    limit: int
    has_room: bool


class IntakeJson(Struct, frozen=True, kw_only=True):
    """Every candidate problem, the open ones first and of them the best, what each step of a scale means, who has room
    for a pilot, and how ready the organisation said it is.
    """

    scorers_min: int
    candidates_min: int
    scales: tuple[Scale, ...]
    candidates: tuple[CandidateJson, ...]
    owners: tuple[OwnerJson, ...]
    readiness: ReadinessJson | None = None


def intake_of(workspace: Workspace) -> IntakeJson:
    """The candidates of a workspace as they stand, held to the rules of the standard playbook."""
    found = intake_json(workspace.desk.all(), workspace.desk.portfolio(), load(STANDARD))
    return structs.replace(found, readiness=readiness_of(workspace))


def intake_json(workloads: Iterable[Workload], portfolio: PortfolioView, playbook: Playbook) -> IntakeJson:
    """The problems in the order of the portfolio's ranking, the open ones first, held to the rules of a playbook."""
    known = {workload.slug: workload for workload in workloads}
    ranking = [one for one in portfolio.ranking if one.slug in known]
    return IntakeJson(
        scorers_min=playbook.pilot.scorers_min,
        candidates_min=playbook.pilot.candidates_min,
        scales=playbook.scales,
        candidates=tuple(_candidate(rank, one, known[one.slug], playbook) for rank, one in enumerate(ranking, start=1)),
        owners=tuple(_owners(portfolio, playbook.pilot)),
    )


def _owners(portfolio: PortfolioView, rules: PilotRules) -> Iterator[OwnerJson]:
    limit = rules.live_pilots_per_owner
    for owner, pilots in sorted(portfolio.live_pilots.items()):
        yield OwnerJson(owner=owner, pilots=pilots, limit=limit, has_room=len(pilots) < limit)


def _candidate(rank: int, ranked: RankedProblem, workload: Workload, playbook: Playbook) -> CandidateJson:
    given = tuple(workload.scores.values())
    means = [one.mean for one in given]
    scales = tuple(_scales(given, playbook))
    lacking = max(playbook.pilot.scorers_min - len(given), 0)
    plan = workload.planning
    return CandidateJson(
        rank=rank,
        workload=workload.slug,
        title=workload.title,
        problem=workload.problem,
        incumbent=workload.incumbent,
        phase=workload.phase,
        is_open=ranked.is_open,
        owner=workload.owner,
        score=ranked.score,
        low=min(means, default=None),
        high=max(means, default=None),
        spread=ranked.spread,
        lacking=lacking,
        scales=scales,
        scores=tuple(
            ScoreJson(
                impact=one.impact,
                feasibility=one.feasibility,
                readiness=one.readiness,
                mean=one.mean,
                note=one.note,
                given=one.stamp,
            )
            for one in given
        ),
        argument=SaidJson(reason=workload.argument.text, given=workload.argument.stamp) if workload.argument else None,
        build_or_buy=SaidJson(choice=plan.source.fact.choice, reason=plan.source.fact.reason, given=plan.source.stamp)
        if plan.source
        else None,
        suitability=SuitabilityJson(
            lacking=plan.suitability.fact.lacking,
            warnings=plan.suitability.fact.warnings,
            met_by=plan.suitability.fact.warnings_met_by,
            given=plan.suitability.stamp,
        )
        if plan.suitability
        else None,
        next=_next(workload, lacking, scales, leads=rank == 1),
    )


def _scales(given: tuple[ScoreGiven, ...], playbook: Playbook) -> Iterator[ScaleJson]:
    titles = {scale.id: scale.title for scale in playbook.scales}
    for name in ("impact", "feasibility", "readiness") if given else ():
        scores: list[tuple[int, str]] = [(getattr(one, name), one.stamp.by) for one in given]
        (low, lowest), (high, highest) = min(scores), max(scores)
        apart = f"{highest} gives {high}, {lowest} gives {low}." if high - low >= APART else ""
        yield ScaleJson(
            id=name,
            title=titles.get(name, name.capitalize()),
            mean=fmean(score for score, _ in scores),
            low=low,
            high=high,
            disagreement=apart,
        )


def _next(workload: Workload, lacking: int, scales: tuple[ScaleJson, ...], *, leads: bool) -> str:
    """What would bring this problem nearer to a choice."""
    if workload.refused or workload.phase != "select":
        return DECIDED_AGAINST if workload.refused else ON_THE_WAY
    if lacking:
        return f"{lacking} more {'person has' if lacking == 1 else 'people have'} to score it."
    apart = [scale.title.lower() for scale in scales if scale.disagreement]
    if apart:
        return f"Talk about {' and '.join(apart)} before you choose: scores are {APART} steps or more apart."
    if workload.planning.suitability is None or workload.planning.source is None:
        return "Answer on its Plan page whether it suits, and compare building with buying."
    if leads or workload.argument:
        return "It leads the ranking: write its charter." if leads else "It is chosen with an argument."
    return "To take it up, argue why it and not the first."
