"""The portfolio's board: each workload as a card, filtered and sorted as the address says. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from math import ceil
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from pilotage.gates.pacing import Pace, planned
from pilotage.gates.stall import Stall
from pilotage.record.verdicts import MODE_RANK
from pilotage.server.pages.standing import (
    Gate,
    Gauge,
    WaiverStrip,
    gate,
    gauge,
    next_open,
    waivers,
)
from pilotage.workflow.desk import Judgement
from pilotage.workflow.portfolio_report import ENDED, WorkloadFigures

COLUMN_MAX = 20
"""Cards of a column: nobody reads more of one, and the filters find the others."""
PAGE_MAX = 60
"""Cards of a page that is filtered to one phase, and lines of a page of a table."""
Sort = Literal["name", "late", "stalled", "exposure", "value"]


class PortfolioQuery(Struct, frozen=True, kw_only=True):
    """What of the portfolio is shown, as the address says it."""

    text: str = ""
    phase: str = ""
    owner: str = ""
    stalled: str = ""
    sort: Sort = "late"
    page: Annotated[int, Meta(ge=1, le=10_000)] = 1


class Card(Struct, frozen=True, kw_only=True):
    """One workload on the board. `place` is its phase, or how it ended: `killed` or `refused`."""

    judgement: Judgement
    figures: WorkloadFigures
    place: str
    pace: Pace
    gate: Gate
    gauge: Gauge
    stalls: tuple[Stall, ...]
    waivers: WaiverStrip | None
    next: Any
    projected: dt.date | None
    decide_by: dt.date | None
    rollout_from: dt.date
    value_usd_a_year: float | None

    @property
    def slug(self) -> str:
        """The workload's short name."""
        return self.judgement.workload.slug

    @property
    def is_running(self) -> bool:
        """Whether it neither ended, by a kill or a no-go, nor is past its roll-out."""
        return self.place not in {*ENDED, "operate"}


class Column(Struct, frozen=True, kw_only=True):
    """One phase on the board: the cards that fit, of how many."""

    place: str
    title: str
    cards: Sequence[Card]
    total: int

    @property
    def hidden(self) -> int:
        """How many do not fit."""
        return self.total - len(self.cards)


def card(judgement: Judgement, figures: WorkloadFigures) -> Card:
    """A workload as a card."""
    workload, playbook = judgement.workload, judgement.playbook
    answer = judgement.measurements.answer if judgement.measurements else None
    return Card(
        judgement=judgement,
        figures=figures,
        place=figures.place,
        pace=figures.pace,
        gate=gate(judgement, playbook.phase(workload.phase)),
        gauge=gauge(judgement),
        stalls=figures.stalls,
        waivers=waivers(judgement),
        next=next_open(judgement),
        projected=answer.projected if answer else None,
        decide_by=workload.decision_on,
        rollout_from=planned(playbook, workload, "deploy")[0],
        value_usd_a_year=figures.value_usd_a_year,
    )


def chosen(cards: Iterable[Card], query: PortfolioQuery) -> list[Card]:
    """The cards that the query asks for, in its order."""
    found = [one for one in cards if _matches(one, query)]
    return sorted(found, key=_KEYS[query.sort])


def columns(shown: Sequence[Card], places: Iterable[tuple[str, str]], query: PortfolioQuery) -> list[Column]:
    """The board. Of one phase alone a whole page of cards is shown."""
    found = []
    for place, title in places:
        held = [one for one in shown if one.place == place]
        fits = page_of(held, query) if query.phase else held[:COLUMN_MAX]
        found.append(Column(place=place, title=title, cards=fits, total=len(held)))
    return found


def page_of(shown: Sequence[Card], query: PortfolioQuery) -> Sequence[Card]:
    """The cards of the page that is asked for."""
    return shown[(query.page - 1) * PAGE_MAX : query.page * PAGE_MAX]


def pages_of(shown: Sequence[Card], query: PortfolioQuery) -> int:
    """How many pages there are: of the cards of one phase, else of the table."""
    longest = len(shown) if query.phase else sum(one.is_running for one in shown)
    return max(1, ceil(longest / PAGE_MAX))


def _matches(one: Card, query: PortfolioQuery) -> bool:
    workload = one.judgement.workload
    text = f"{workload.slug} {workload.title} {workload.problem}".casefold()
    return (
        query.text.casefold() in text
        and query.phase in {"", one.place}
        and query.owner in {"", workload.owner}
        and (not query.stalled or bool(one.stalls))
    )


_KEYS: dict[str, Callable[[Card], Any]] = {
    "name": lambda one: one.judgement.workload.title.casefold(),
    "late": lambda one: (one.place in ENDED, -one.pace.late_days, -one.pace.share, one.slug),
    "stalled": lambda one: (-len(one.stalls), one.slug),
    "exposure": lambda one: (-MODE_RANK[one.judgement.mode], -one.judgement.percent, one.slug),
    "value": lambda one: (-(one.value_usd_a_year or 0.0), one.slug),
}
