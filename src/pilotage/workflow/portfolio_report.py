"""The portfolio in figures: each workload, the funnel, review lead times, time to feedback, value and cost. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from msgspec import Struct

from pilotage.evidence.measurements import ProductionCase
from pilotage.gates.compression import Compression, compressions
from pilotage.gates.evaluate import gate_of
from pilotage.gates.pacing import Pace, pace_of
from pilotage.gates.stall import Stall, stalls
from pilotage.playbook.types import Phase
from pilotage.record.review_standing import standings
from pilotage.record.verdicts import NextAction
from pilotage.record.workload import PHASES
from pilotage.workflow.desk import Judgement
from pilotage.workflow.roadmap import Roadmap, roadmap

KILLED = "killed"
REFUSED = "refused"
ENDED = frozenset({KILLED, REFUSED})
IN_PRODUCTION = ("deploy", "operate")
SECONDS_A_DAY = 86_400


class ReviewTime(Struct, frozen=True, kw_only=True):
    """One review of one workload: `days` from its opening to its first conclusion, or so far, and what its reviewers
    noted.
    """

    review: str
    title: str
    concluded: bool
    days: float
    overdue: bool
    minutes: int


class WorkloadFigures(Struct, frozen=True, kw_only=True):
    """One workload of the portfolio. `phase` is the one that it reached; `place` is that too, or `killed`, or `refused`
    while a no-go is in force.

    `met`, `waived` and `total` are of the gate ahead, `waivers` all that are in force, in any gate.

    Days to the first call and the first feedback count from the pilot's beginning; money is in US dollars, None where
    nobody estimated or committed it.
    """

    workload: str
    title: str
    phase: str
    place: str
    owner: str | None
    sponsor: str | None
    demonstration: bool
    mode: str
    percent: float
    ceiling_mode: str
    ceiling_percent: float
    pace: Pace
    met: int
    waived: int
    total: int
    waivers: int
    next: NextAction | None
    stalls: tuple[Stall, ...]
    compressed: tuple[Compression, ...]
    roadmap: Roadmap | None
    first_use_days: float | None
    first_feedback_days: float | None
    value_usd_a_year: float | None
    estimated_value_usd: float | None
    estimated_cost_usd: float | None
    estimated_years: int | None
    committed_usd: float | None
    reviews: tuple[ReviewTime, ...]


class ReviewLead(Struct, frozen=True, kw_only=True):
    """One review across the portfolio. Days run from the opening to the first conclusion; `waiting_days` are those of
    the open ones so far. `minutes` are what its reviewers noted, all together and in the median concluded review.
    """

    review: str
    title: str
    opened: int
    concluded: int
    overdue: int
    days: float | None
    waiting_days: float | None
    minutes: int
    minutes_each: float | None


class Reached(Struct, frozen=True, kw_only=True):
    """How many workloads ever reached a phase."""

    phase: str
    title: str
    count: int


class PortfolioFigures(Struct, frozen=True, kw_only=True):
    """The whole portfolio. `share` is that of all workloads that reached roll-out or operation and did not end.

    What ended, by a kill or by a no-go in force, is neither in the sums of money nor in `running`.
    """

    total: int
    running: int
    stalled: int
    killed: int
    refused: int
    in_production: int
    share: float | None
    value_usd_a_year: float
    committed_usd: float
    estimated_cost_usd: float
    first_use_days: float | None
    first_feedback_days: float | None
    funnel: tuple[Reached, ...]
    reviews: tuple[ReviewLead, ...]
    workloads: tuple[WorkloadFigures, ...]


def figures_of(judgement: Judgement, now: dt.datetime) -> WorkloadFigures:
    """One workload in figures."""
    workload, playbook, measured = judgement.workload, judgement.playbook, judgement.measurements
    here = gate_of(judgement.verdicts, workload.phase)
    found = measured.production if measured else None
    case = found if isinstance(found, ProductionCase) else None
    funding = workload.costing.funding
    nexts = [verdict for verdict in here if verdict.next is not None]
    first = min(nexts, key=lambda verdict: verdict.verdict != "unmet", default=None)
    traffic = measured.traffic if measured else None
    return WorkloadFigures(
        workload=workload.slug,
        title=workload.title,
        phase=workload.phase,
        place=KILLED if workload.killed else REFUSED if workload.refused else workload.phase,
        owner=workload.owner,
        sponsor=workload.sponsor,
        demonstration=workload.demonstration,
        mode=judgement.mode,
        percent=judgement.percent,
        ceiling_mode=judgement.ceiling.mode,
        ceiling_percent=judgement.ceiling.percent,
        pace=pace_of(playbook, workload, now),
        met=sum(verdict.verdict == "met" for verdict in here),
        waived=sum(verdict.verdict == "waived" for verdict in here),
        total=len(here),
        waivers=sum(verdict.verdict == "waived" for verdict in judgement.verdicts.values()),
        next=first.next if first else None,
        stalls=stalls(playbook, workload, judgement.verdicts, measured, now),
        compressed=compressions(playbook, workload, judgement.verdicts),
        roadmap=None if workload.killed or workload.refused else roadmap(judgement, now),
        first_use_days=_days_from_start(judgement, traffic.first_candidate_at if traffic else None),
        first_feedback_days=_days_from_start(judgement, traffic.first_feedback_at if traffic else None),
        value_usd_a_year=workload.charter.value_usd_a_year if workload.charter else None,
        estimated_value_usd=case.value_usd if case else None,
        estimated_cost_usd=case.cost_usd if case else None,
        estimated_years=case.years if case else None,
        committed_usd=funding.fact.amount_usd if funding else None,
        reviews=tuple(_review_times(judgement, now)),
    )


def _days_from_start(judgement: Judgement, at: dt.datetime | None) -> float | None:
    began = judgement.workload.entered.get("pilot")
    if began is None or at is None:
        return None
    return max(0.0, (at - began).total_seconds() / SECONDS_A_DAY)


def portfolio_figures(each: Sequence[WorkloadFigures], phases: Sequence[Phase]) -> PortfolioFigures:
    """The portfolio in figures; a workload that was killed or refused had reached its phase."""
    alive = [one for one in each if one.place not in ENDED]
    in_production = sum(one.place in IN_PRODUCTION for one in each)
    reached = [PHASES.index(one.phase) for one in each]
    return PortfolioFigures(
        total=len(each),
        running=sum(one.place != "operate" for one in alive),
        stalled=sum(bool(one.stalls) for one in each),
        killed=sum(one.place == KILLED for one in each),
        refused=sum(one.place == REFUSED for one in each),
        in_production=in_production,
        share=in_production / len(each) if each else None,
        value_usd_a_year=sum(one.value_usd_a_year or 0.0 for one in alive),
        committed_usd=sum(one.committed_usd or 0.0 for one in alive),
        estimated_cost_usd=sum(one.estimated_cost_usd or 0.0 for one in alive),
        first_use_days=_median(one.first_use_days for one in each),
        first_feedback_days=_median(one.first_feedback_days for one in each),
        funnel=tuple(
            Reached(phase=p.id, title=p.title, count=sum(place >= PHASES.index(p.id) for place in reached))
            for p in phases
        ),
        reviews=review_leads(each),
        workloads=tuple(each),
    )


def _median(figures: Iterable[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return median(known) if known else None


def review_leads(each: Iterable[WorkloadFigures]) -> tuple[ReviewLead, ...]:
    """How long each review takes across the portfolio, and how much of that is the reviewers' own time."""
    by_area: dict[str, list[ReviewTime]] = {}
    for figures in each:
        for one in figures.reviews:
            by_area.setdefault(one.review, []).append(one)
    return tuple(_lead(times) for times in by_area.values())


def _lead(times: Sequence[ReviewTime]) -> ReviewLead:
    concluded = [one for one in times if one.concluded]
    return ReviewLead(
        review=times[0].review,
        title=times[0].title,
        opened=len(times),
        concluded=len(concluded),
        overdue=sum(one.overdue for one in times),
        days=_median(one.days for one in concluded),
        waiting_days=_median(one.days for one in times if not one.concluded),
        minutes=sum(one.minutes for one in times),
        minutes_each=_median(float(one.minutes) for one in concluded if one.minutes),
    )


def _review_times(judgement: Judgement, now: dt.datetime) -> Iterator[ReviewTime]:
    if not judgement.workload.reviews.since:
        return
    for one in standings(judgement.workload, judgement.playbook, now):
        if one.waiting_days is not None:
            yield ReviewTime(
                review=one.area,
                title=one.title,
                concluded=one.conclusion is not None,
                days=one.waiting_days,
                overdue=one.overdue,
                minutes=one.minutes,
            )
