"""How many use the candidate, take its answers and override them, on the calls that it was to answer for people. Pure.

`use` is of units: a unit uses it that took at least one answer, as it was or edited, and one of whom nothing was told
does not. `accepted` and `overridden` are of the answers on which somebody told what was done; what is between them was
edited. The rates are read anew every hour and judged each time, so each interval is one look of a band that holds the
rate at all looks together in 95 of 100 (see `band`), closest at 500 units: a rate that lies at its plan is seldom shown
to be beyond it at any look. It is shown when the interval's near end is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from pilotage.evidence.band import look_level
from pilotage.evidence.compare import arm
from pilotage.evidence.intervals import wilson
from pilotage.evidence.measurements import AdoptionSeen, Estimate, Estimated, NotEstimable
from pilotage.evidence.parts import UNITS_TO_TEST
from pilotage.evidence.plan import MeasurementPlan
from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import ErrorShare, Metric, UserAction

ACTION_HOURS = 72.0
MODES = ("suggest", "live")
Bound = Literal[">=", "<="]
Status = Literal["shown", "missed", "open"]

_SEEN = Metric(
    id="adoption_seen", title="Answers seen", unit="share", direction="lower", kind="proportion", source=ErrorShare()
)
_USED = Metric(
    id="adoption_used",
    title="Units that use it",
    unit="share",
    direction="higher",
    kind="mean",
    per="unit_sum",
    source=UserAction(actions=("accepted", "edited")),
    window_hours=ACTION_HOURS,
    observable="exposed",
)
_ACCEPTED = Metric(
    id="adoption_accepted",
    title="Answers taken as they are",
    unit="share",
    direction="higher",
    kind="proportion",
    source=UserAction(actions=("accepted",)),
    window_hours=ACTION_HOURS,
    observable="exposed",
)
_OVERRIDDEN = Metric(
    id="adoption_overridden",
    title="Answers overridden",
    unit="share",
    direction="lower",
    kind="proportion",
    source=UserAction(actions=("overridden",)),
    window_hours=ACTION_HOURS,
    observable="exposed",
)
METRICS = (_SEEN, _USED, _ACCEPTED, _OVERRIDDEN)


class Rate(Struct, frozen=True, kw_only=True):
    """One rate against its plan: `shown` to keep it, shown to have `missed` it, or `open`; `planned` is None without a
    plan.
    """

    id: Literal["use", "accepted", "overridden"]
    title: str
    bound: Bound
    planned: float | None
    seen: Estimated
    status: Status


class Planned(Struct, frozen=True, kw_only=True):
    """The three rates of a plan."""

    use_at_least: float
    accepted_at_least: float
    overridden_at_most: float


def adoption_plan(counted_sources: tuple[str, ...], time_zone: str) -> MeasurementPlan:
    """What is read of the calls on which people saw the candidate's answers."""
    return MeasurementPlan(
        metrics=METRICS, counted_sources=counted_sources, time_zone=time_zone, alone=tuple(m.id for m in METRICS)
    )


def adoption_seen(
    totals: Mapping[str, Totals], *, since: dt.datetime, until: dt.datetime, release: str, sources: tuple[str, ...]
) -> AdoptionSeen:
    """The figures from the candidate's pooled totals by metric; `until` is when the last call that counts was made."""
    seen, used, accepted, overridden = (totals.get(metric.id, Totals()) for metric in METRICS)
    return AdoptionSeen(
        since=since,
        until=until,
        release=release,
        sources=sources,
        calls=round(seen.n),
        units=round(seen.units),
        actions=round(accepted.n),
        use=_share_of_units(seen, used),
        accepted=_share_of_answers(_ACCEPTED, accepted),
        overridden=_share_of_answers(_OVERRIDDEN, overridden),
        sums={metric.id: _kept(totals[metric.id]) for metric in METRICS if metric.id in totals},
    )


def _share_of_units(seen: Totals, used: Totals) -> Estimated:
    """Units are independent of each other, so Wilson's interval needs no correction."""
    units, using = round(seen.units), round(used.y)
    if units < UNITS_TO_TEST:
        reason = f"{units} of {UNITS_TO_TEST} units saw answers; how many use them cannot be told of so few."
        return NotEstimable(reason=reason, calls=round(seen.n), units=units)
    level = look_level(units)
    low, high = wilson(using / units, units, level)
    return Estimate(
        value=using / units,
        low=low,
        high=high,
        calls=round(seen.n),
        units=units,
        method="Wilson, of units",
        level=level,
    )


def _share_of_answers(metric: Metric, totals: Totals) -> Estimated:
    """Clustered by unit: what one person does with many answers is one person's habit."""
    if totals.units < UNITS_TO_TEST:
        units = round(totals.units)
        reason = (
            f"It is told of {units} of {UNITS_TO_TEST} units what they did; how units differ cannot be told of so few."
        )
        return NotEstimable(reason=reason, calls=round(totals.n), units=units)
    return arm(metric, totals, level=look_level(totals.units))


def _kept(totals: Totals) -> dict[str, float]:
    return {name: value for name in totals.__struct_fields__ if (value := getattr(totals, name))}


def rates(seen: AdoptionSeen, planned: Planned | None) -> tuple[Rate, ...]:
    """The three rates, each against its plan."""
    asked: tuple[tuple[Any, str, Bound, float | None, Estimated], ...] = (
        ("use", _USED.title, ">=", planned.use_at_least if planned else None, seen.use),
        ("accepted", _ACCEPTED.title, ">=", planned.accepted_at_least if planned else None, seen.accepted),
        ("overridden", _OVERRIDDEN.title, "<=", planned.overridden_at_most if planned else None, seen.overridden),
    )
    return tuple(
        Rate(id=name, title=title, bound=bound, planned=limit, seen=found, status=_status(found, bound, limit))
        for name, title, bound, limit, found in asked
    )


def _status(found: Estimated, bound: Bound, planned: float | None) -> Status:
    if planned is None or isinstance(found, NotEstimable):
        return "open"
    if bound == ">=":
        return "shown" if found.low >= planned else "missed" if found.high < planned else "open"
    return "shown" if found.high <= planned else "missed" if found.low > planned else "open"
