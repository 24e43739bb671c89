"""What a decision may look at besides the workload and the command. Pure types."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

from pilotage.playbook.types import Playbook
from pilotage.record.areas.data import SampleFigures
from pilotage.record.charter import PageFit
from pilotage.record.errors import Problem
from pilotage.record.verdicts import ExposureLimit, PortfolioView, Verdict

SYSTEM = "system"


class Actor(Struct, frozen=True, kw_only=True):
    """Who gives a command: a person's id and the roles of the account that signed in."""

    person: str
    roles: frozenset[str]


class FrozenEvidence(Struct, frozen=True, kw_only=True):
    """What the answer of the moment was computed from and came to, as canonical JSON, and its digest."""

    content: str
    digest: str


class FrozenCase(Struct, frozen=True, kw_only=True):
    """The case for a decision as of the moment, as canonical JSON, and its digest. `reasons` are the verdicts', as
    JSON too: they may quote what people wrote.
    """

    content: str
    digest: str
    reasons: str


class PairShown(Struct, frozen=True, kw_only=True):
    """The pair that is put before a person: its name, its call and attempt, and whose answer stands first."""

    pair: str
    call: str
    attempt: int
    first: Literal["candidate", "incumbent"]


class Context(Struct, frozen=True, kw_only=True):
    """Actor, time, playbook and what the gates and the portfolio say.

    `verdicts` holds every criterion's verdict by id, `ceiling` the most exposure allowed now; both are of the
    moment. `answer` is the sequential answer on the target, `evidence` what it rests on, None before there is any;
    `case` is everything that a decision is put on. `people` are the ids of everybody known. `page` is how much of one
    page the charter takes that is being written, `pair` the pair that was put before the actor to judge, `sample` what
    a sample that is handed in holds, or why it cannot be read.
    """

    actor: Actor
    now: dt.datetime
    playbook: Playbook
    verdicts: dict[str, Verdict] = {}
    ceiling: ExposureLimit = ExposureLimit(mode="none")
    portfolio: PortfolioView = PortfolioView()
    people: frozenset[str] = frozenset()
    answer: str = "not_estimable"
    evidence: FrozenEvidence | None = None
    case: FrozenCase | None = None
    page: PageFit | None = None
    pair: PairShown | None = None
    sample: SampleFigures | tuple[Problem, ...] | None = None
    demonstration_workspace: bool = False

    @property
    def today(self) -> dt.date:
        """The day in UTC."""
        return self.now.date()
