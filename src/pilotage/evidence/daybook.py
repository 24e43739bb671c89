"""What is kept of each day's calls for monitoring: counts of every field, answers by confidence, labels. Pure types.

One field belongs to a scope: what the candidate does to its release, all else to the traffic (""). Each scope has a
reference of its own, since another release is another thing to compare with.
"""

from __future__ import annotations

import datetime as dt
import hashlib

import msgspec
from msgspec import Struct

from pilotage.evidence.drift import BinValue
from pilotage.evidence.profiles import FieldBins, Profile

TRAFFIC = ""
OTHER = "(other)"
"""What rare answers are kept as."""
OF_CANDIDATE = "candidate."
REFERENCE_DAYS_MIN = 7
REFERENCE_DAYS_MAX = 28
REFERENCE_CALLS_FULL = 1_000
REFERENCE_CALLS_MIN = 200


class ReferenceField(Struct, frozen=True, kw_only=True):
    """One field as it was in the reference: its bins, its counts, and what each bin was worth to the target metric."""

    bins: FieldBins
    profile: Profile
    worth: tuple[BinValue, ...] = ()


class Reference(Struct, frozen=True, kw_only=True):
    """A frozen reference window, `until` exclusive. `left_out` are input fields beyond the number that is kept."""

    scope: str
    since: dt.date
    until: dt.date
    calls: int
    frozen_at: dt.datetime
    fields: tuple[ReferenceField, ...]
    left_out: int = 0

    @property
    def digest(self) -> str:
        """SHA-256 of everything but the time of freezing."""
        body = msgspec.structs.replace(self, frozen_at=dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
        return hashlib.sha256(msgspec.msgpack.encode(body, order="deterministic")).hexdigest()


class FieldDay(Struct, frozen=True, kw_only=True):
    """One field's counts in one stage; `release` is the candidate's that ran on the calls."""

    stage: str
    release: str
    field: str
    profile: Profile


class ConfidenceDay(Struct, frozen=True, kw_only=True):
    """One arm's calls with that answer and tenth of confidence (-1: none given): all, those with a known value of the
    target metric, and the values' sum and sum of squares.
    """

    stage: str
    release: str
    arm: str
    answer: str
    tenth: int
    calls: int
    known: int
    y: float
    yy: float


class PairDay(Struct, frozen=True, kw_only=True):
    """Pairs in which the incumbent and the candidate gave these answers; rare answers are "(other)"."""

    stage: str
    release: str
    incumbent: str
    candidate: str
    calls: int


class DelayDay(Struct, frozen=True, kw_only=True):
    """Calls assigned to an arm, and how many had the target's label by each age of `arriving.AGES_HOURS`."""

    arm: str
    calls: int
    delays: tuple[int, ...]


class DayProfile(Struct, frozen=True, kw_only=True):
    """Everything that is kept of one day, in the charter's time zone."""

    day: dt.date
    calls: int = 0
    unrecorded: int = 0
    fields: tuple[FieldDay, ...] = ()
    confidence: tuple[ConfidenceDay, ...] = ()
    pairs: tuple[PairDay, ...] = ()
    delays: tuple[DelayDay, ...] = ()


def scope_of(field: str, release: str) -> str:
    """Whose reference a field is compared with."""
    return release if field.startswith(OF_CANDIDATE) else TRAFFIC


def reference_days(calls: dict[dt.date, int], today: dt.date) -> tuple[dt.date, dt.date] | None:
    """The window that the rule freezes: from the first day with calls, at least seven whole days and until there are
    1,000 calls, at most 28 days, which need 200. None while no such window is over.
    """
    if not calls:
        return None
    since = min(calls)
    seen = 0
    for number in range(REFERENCE_DAYS_MAX):
        until = since + dt.timedelta(days=number + 1)
        if until > today:
            return None
        seen += calls.get(until - dt.timedelta(days=1), 0)
        if number + 1 >= REFERENCE_DAYS_MIN and seen >= REFERENCE_CALLS_FULL:
            return since, until
    return (since, since + dt.timedelta(days=REFERENCE_DAYS_MAX)) if seen >= REFERENCE_CALLS_MIN else None
