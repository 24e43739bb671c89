"""Service levels: how fast the error budget burns, over long and short windows at once. Pure.

The thresholds are those of the Google SRE workbook (2018), chapter 5, "Multiwindow, Multi-Burn-Rate Alerts": an alert
needs the long window, so that it is no blip, and the short one, so that it ends soon after the trouble does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from pilotage.evidence.measurements import NotEstimable

PERIOD_DAYS = 30
EVENTS_MIN = 100
BAD_MIN = 5


class BurnRule(Struct, frozen=True, kw_only=True):
    """An alert fires while both windows burn at `rate` times what would spend the budget in exactly its period."""

    rate: float
    long: dt.timedelta
    short: dt.timedelta
    urgency: Literal["page", "ticket"]


BURN_RULES = (
    BurnRule(rate=14.4, long=dt.timedelta(hours=1), short=dt.timedelta(minutes=5), urgency="page"),
    BurnRule(rate=6.0, long=dt.timedelta(hours=6), short=dt.timedelta(minutes=30), urgency="page"),
    BurnRule(rate=1.0, long=dt.timedelta(days=3), short=dt.timedelta(hours=6), urgency="ticket"),
)
LONGEST = max(rule.long for rule in BURN_RULES)


class Objective(Struct, frozen=True, kw_only=True):
    """What share of the calls is to go well. `from_charter`: it was promised there, else it is a default."""

    id: str
    title: str
    share: float
    from_charter: bool = False


class MinuteCount(Struct, frozen=True):
    """The calls of one minute (its start, UTC), and how many of them went badly."""

    at: dt.datetime
    calls: int
    bad: int


class Burn(Struct, frozen=True, kw_only=True):
    """One rule at one time. `status` is `quiet` when too few calls came to tell."""

    rate: float
    long_hours: float
    short_hours: float
    urgency: Literal["page", "ticket"]
    status: Literal["firing", "within", "quiet"]
    long_rate: float | None
    short_rate: float | None
    long_calls: int
    long_bad: int


class Budget(Struct, frozen=True, kw_only=True, tag="budget"):
    """How much of the budget the counted days have used, if the whole period had their traffic."""

    calls: int
    bad: int
    used: float
    days: float


class ServiceLevel(Struct, frozen=True, kw_only=True):
    """One objective: what is left of its budget and which alerts fire."""

    objective: Objective
    budget: Budget | NotEstimable
    burns: tuple[Burn, ...]

    @property
    def firing(self) -> bool:
        """Whether an alert fires now."""
        return any(burn.status == "firing" for burn in self.burns)


def service_level(objective: Objective, minutes: Iterable[MinuteCount], now: dt.datetime) -> ServiceLevel:
    """The state of an objective at `now` from counts by minute of the last three days; minutes without calls may be
    left out. ValueError for a share outside (0, 1), which leaves no budget or no promise.
    """
    if not 0.0 < objective.share < 1.0:
        raise ValueError(f"An objective lies between 0 and 1, not at {objective.share}.")
    counted = [one for one in minutes if now - LONGEST <= one.at <= now]
    return ServiceLevel(
        objective=objective,
        budget=_budget(objective, counted),
        burns=tuple(_burn(rule, objective, counted, now) for rule in BURN_RULES),
    )


def _budget(objective: Objective, counted: Sequence[MinuteCount]) -> Budget | NotEstimable:
    calls, bad = sum(one.calls for one in counted), sum(one.bad for one in counted)
    if calls < EVENTS_MIN:
        return NotEstimable(reason=f"{calls} calls in three days are too few: {EVENTS_MIN} are needed.", calls=calls)
    days = LONGEST / dt.timedelta(days=1)
    # Burning at 1 for the whole period uses all of it; these days are `days / PERIOD_DAYS` of the period.
    used = bad / calls / (1.0 - objective.share) * days / PERIOD_DAYS
    return Budget(calls=calls, bad=bad, used=used, days=days)


def _burn(rule: BurnRule, objective: Objective, counted: Sequence[MinuteCount], now: dt.datetime) -> Burn:
    calls, bad = _within(counted, now, rule.long)
    recent, recent_bad = _within(counted, now, rule.short)
    allowed = 1.0 - objective.share
    long_rate = bad / calls / allowed if calls else None
    short_rate = recent_bad / recent / allowed if recent else None
    status: Literal["firing", "within", "quiet"] = "within"
    if calls < EVENTS_MIN:
        status = "quiet"
    elif long_rate is not None and short_rate is not None and bad >= BAD_MIN:
        status = "firing" if min(long_rate, short_rate) >= rule.rate else "within"
    return Burn(
        rate=rule.rate,
        long_hours=rule.long / dt.timedelta(hours=1),
        short_hours=rule.short / dt.timedelta(hours=1),
        urgency=rule.urgency,
        status=status,
        long_rate=long_rate,
        short_rate=short_rate,
        long_calls=calls,
        long_bad=bad,
    )


def _within(counted: Sequence[MinuteCount], now: dt.datetime, span: dt.timedelta) -> tuple[int, int]:
    """Calls and bad calls of the minutes that began within the span, the one that runs now included."""
    chosen = [one for one in counted if one.at > now - span]
    return sum(one.calls for one in chosen), sum(one.bad for one in chosen)
