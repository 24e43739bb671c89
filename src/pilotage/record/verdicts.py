"""Verdicts and ceilings: what the gates say, in the shape that commands, pages and the API read. Pure types."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

VerdictKind = Literal["met", "unmet", "pending", "waived", "not_applicable"]
Mode = Literal["none", "shadow", "suggest", "live"]
MODE_RANK: dict[str, int] = {"none": 0, "shadow": 1, "suggest": 2, "live": 3}
PASSING: frozenset[str] = frozenset({"met", "waived", "not_applicable"})


class EvidenceItem(Struct, frozen=True, kw_only=True):
    """One figure that a verdict rests on; `ledger` is the position of the entry it comes from."""

    figure: str
    value: float | str | bool | None = None
    n: int | None = None
    ledger: int | None = None


class NextAction(Struct, frozen=True, kw_only=True):
    """What would move a criterion, and who can do it."""

    action: str
    by: str


class WaiverNote(Struct, frozen=True, kw_only=True):
    """The waiver that a verdict rests on: shown wherever the verdict is."""

    reason: str
    signers: tuple[str, ...]
    expires_on: dt.date
    position: int


class Verdict(Struct, frozen=True, kw_only=True):
    """What one criterion comes to, why, on what evidence, and what to do next.

    `kind` is how it was judged: measured, recorded, attested or document. `renew` is what keeps it from lapsing: it is
    set where it holds and its end, `valid_until`, is near. `at_once`: something speaks against it, so that the ceiling
    bears with it for no days of grace. `ceased`: since when it has not held, where the record says so itself.
    """

    id: str
    title: str
    phase: str
    verdict: VerdictKind
    kind: str
    reason: str
    evidence: tuple[EvidenceItem, ...] = ()
    next: NextAction | None = None
    valid_until: dt.datetime | None = None
    waiver: WaiverNote | None = None
    renew: NextAction | None = None
    at_once: bool = False
    ceased: dt.datetime | None = None

    @property
    def passes(self) -> bool:
        """Whether a gate may be passed with it."""
        return self.verdict in PASSING


class ExposureLimit(Struct, frozen=True, kw_only=True):
    """The most exposure allowed now, and every reason why it is not more, first the one that binds.

    `cohorts` are the only ones that may be exposed, because not everybody is trained; None when everybody may be.
    """

    mode: Mode
    percent: float = 0.0
    cohort_required: bool = False
    cohorts: tuple[str, ...] | None = None
    reasons: tuple[str, ...] = ()


class RankedProblem(Struct, frozen=True, kw_only=True):
    """A candidate problem in the portfolio's ranking. `score` is the mean of all scores given, 1 to 5.

    `is_open`: nobody has taken it up, nor decided against it; `taken_up` is when it was.
    """

    slug: str
    title: str
    incumbent: str
    phase: str
    score: float | None
    spread: float | None
    scorers: int
    is_open: bool = True
    taken_up: dt.datetime | None = None


class PortfolioView(Struct, frozen=True, kw_only=True):
    """What a decision about one workload has to know of the others, and of the people: who has no account any more, and
    since when, where that is known.
    """

    ranking: tuple[RankedProblem, ...] = ()
    live_pilots: dict[str, tuple[str, ...]] = {}
    absent: frozenset[str] = frozenset()
    left: dict[str, dt.datetime] = {}
