"""What a criterion check is given, and what it answers. Pure types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from msgspec import Struct

from pilotage.evidence.measurements import Estimate, Estimated, Measurements
from pilotage.playbook.types import Criterion, PhaseId, Playbook
from pilotage.record.verdicts import EvidenceItem, PortfolioView, VerdictKind
from pilotage.record.workload import Attestation, Workload, day_of

SECONDS_A_DAY = 86_400


class Case(Struct, frozen=True, kw_only=True):
    """One criterion of one workload, with everything that may be looked at. `now` is UTC."""

    criterion: Criterion
    phase: PhaseId
    playbook: Playbook
    workload: Workload
    measurements: Measurements | None
    portfolio: PortfolioView
    now: dt.datetime

    def number(self, name: str, default: float) -> float:
        """A numeric setting of the check from the playbook."""
        return float(self.criterion.params.get(name, default))

    @property
    def word(self) -> Attestation | None:
        """The attestation of this criterion; None when there is none since the workload last went back over it."""
        word = self.workload.attestations.get(self.criterion.id)
        reopened = self.workload.reopened.get(self.phase)
        return None if word and reopened and word.stamp.position < reopened.position else word

    @property
    def today(self) -> dt.date:
        """The day in the charter's time zone."""
        return day_of(self.workload, self.now)


class Finding(Struct, frozen=True, kw_only=True):
    """What a check found. `next` replaces the playbook's next action when the check knows better.

    `since` is when the oldest signature or measurement that it rests on was given; the playbook says how long that
    counts. `until` is when it ends by itself. Evidence names persons and entries, never personal text: it may be
    written into the ledger. `waivable` is false where what was found cannot be set aside, whatever the playbook says of
    the criterion. `at_once` says that something speaks against it, rather than that something is missing by now.
    `ceased` is since when it has not held, where the record says so itself.
    """

    verdict: VerdictKind
    reason: str
    evidence: tuple[EvidenceItem, ...] = ()
    next: str | None = None
    by: str | None = None
    kind: str | None = None
    since: dt.datetime | None = None
    waivable: bool = True
    until: dt.datetime | None = None
    at_once: bool = False
    ceased: dt.datetime | None = None


Check = Callable[[Case], Finding]


def met(reason: str, *evidence: EvidenceItem, since: dt.datetime | None = None) -> Finding:
    """It holds; `since` when, where it rests on something that grows old."""
    return Finding(verdict="met", reason=reason, evidence=evidence, since=since)


def unmet(reason: str, *evidence: EvidenceItem, next: str | None = None, by: str | None = None) -> Finding:  # noqa: A002 - the JSON's word
    """It does not hold, and that is known."""
    return Finding(verdict="unmet", reason=reason, evidence=evidence, next=next, by=by)


def pending(reason: str, *evidence: EvidenceItem, next: str | None = None, by: str | None = None) -> Finding:  # noqa: A002 - the JSON's word
    """There is not enough evidence to say."""
    return Finding(verdict="pending", reason=reason, evidence=evidence, next=next, by=by)


def item(
    figure: str, value: float | str | None = None, *, n: int | None = None, ledger: int | None = None
) -> EvidenceItem:
    """A figure that a verdict rests on."""
    return EvidenceItem(figure=figure, value=value, n=n, ledger=ledger)


def estimate_item(figure: str, estimated: Estimated) -> EvidenceItem:
    """An estimate as evidence; one that does not exist has no value."""
    if isinstance(estimated, Estimate):
        return item(figure, estimated.value, n=estimated.calls)
    return item(f"{figure}: {estimated.reason}", None, n=estimated.calls)


def days_between(earlier: dt.datetime, later: dt.datetime) -> float:
    """The days from one time to another, as a fraction."""
    return (later - earlier).total_seconds() / SECONDS_A_DAY
