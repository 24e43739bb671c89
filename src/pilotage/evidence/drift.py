"""Has the traffic changed since the reference? One field at a time, and what a change may do to the target. Pure.

A field has moved in a window when the shift is large and not by chance; it raises an alert when it has moved in
consecutive windows. Definitions, and how others define the same names: docs/drift.md.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from pilotage.evidence.distances import (
    Proportions,
    Shift,
    kolmogorov_smirnov,
    proportions,
    shift,
    wasserstein,
)
from pilotage.evidence.measurements import NotEstimable
from pilotage.evidence.normal import two_sided
from pilotage.evidence.profiles import FieldBins, FieldKind, Points, Profile, bin_counts, deviation, points_of

PSI_MIN = 0.1
P_VALUE_MAX = 0.001
CONSECUTIVE = 2
CALLS_MIN = 100
NEW_SHARE_MIN = 0.01
NEW_CALLS_MIN = 10
BIN_VALUES_MIN = 20
UNKNOWN_SHARE_MAX = 0.05
ASSUMED = "an estimate: assumes that calls of one bin are worth now what they were worth in the reference"

Status = Literal["steady", "moved", "alert", "not_estimable"]


class Change(Struct, frozen=True, kw_only=True):
    """A share before and after, of one category or bin."""

    name: str
    reference: float
    current: float


class BinValue(Struct, frozen=True, kw_only=True):
    """The target's values on the reference's calls of one bin: how many are known, their sum and sum of squares."""

    n: float = 0.0
    y: float = 0.0
    yy: float = 0.0


class Effect(Struct, frozen=True, kw_only=True, tag="effect"):
    """What the shift of one field does to the mean of the target metric, if each bin stays worth what it was."""

    change: float
    low: float
    high: float
    assumes: str = ASSUMED


class FieldDrift(Struct, frozen=True, kw_only=True):
    """One field in one window against its reference. What does not apply to the field's kind is None; `effect` is
    None where nobody asked.

    `kolmogorov_smirnov`, and `wasserstein` in reference standard deviations, are of numbers; `largest`, `new` and
    `vanished` of categories. `retyped` are types of value that the reference never had.
    """

    field: str
    kind: FieldKind
    status: Status
    reason: str
    reference_calls: int
    current_calls: int
    shift: Shift | None = None
    kolmogorov_smirnov: float | None = None
    wasserstein: float | None = None
    missing: Proportions | None = None
    largest: Change | None = None
    new: tuple[Change, ...] = ()
    vanished: tuple[Change, ...] = ()
    retyped: tuple[Change, ...] = ()
    effect: Effect | NotEstimable | None = None


class Window(Struct, frozen=True, kw_only=True):
    """The days that a comparison is about; `until` is exclusive."""

    since: dt.date
    until: dt.date


def compare(
    bins: FieldBins,
    reference: Profile,
    current: Profile,
    *,
    fields: int,
    points: tuple[Points, Points] | None = None,
    worth: Sequence[BinValue] | None = None,
    whole: bool = True,
) -> FieldDrift:
    """One field's drift. `fields` is how many are judged together, for the p-value's limit; `points` are exact values
    where they are at hand, in place of the grid's; `worth` is what the reference's bins were worth to the target. Not
    `whole` leaves out distances and categories, which decide nothing.
    """
    few = min(reference.calls, current.calls)
    plain = FieldDrift(
        field=bins.name,
        kind=bins.kind,
        status="not_estimable",
        reason=f"{few} calls on one side are too few to compare: {CALLS_MIN} are needed on both.",
        reference_calls=reference.calls,
        current_calls=current.calls,
    )
    if few < CALLS_MIN:
        return plain
    before, after = bin_counts(bins, reference), bin_counts(bins, current)
    measured = shift(before, after)
    retyped = _retyped(bins, current)
    status, reason = _judged(measured, retyped, fields)
    absent = proportions(
        reference.missing + reference.mistyped, reference.calls, current.missing + current.mistyped, current.calls
    )
    by_kind = _of_numbers(bins, reference, current, points) if whole and bins.kind == "number" else {}
    categories = _of_categories(bins, reference, current) if whole and bins.kind == "category" else {}
    return FieldDrift(
        field=bins.name,
        kind=bins.kind,
        status=status,
        reason=reason,
        reference_calls=reference.calls,
        current_calls=current.calls,
        shift=measured,
        missing=absent,
        retyped=retyped,
        effect=None if worth is None else effect(before, after, worth),
        **by_kind,  # type: ignore[arg-type]
        **categories,  # type: ignore[arg-type]
    )


def moved(found: FieldDrift) -> bool:
    """Whether the field has moved in that window."""
    return found.status in {"moved", "alert"}


def persisted(windows: Sequence[FieldDrift]) -> FieldDrift:
    """The newest window of one field, an alert if it and the ones right before have all moved. `windows` are in order
    of time, with no gap.
    """
    newest = windows[-1]
    recent = windows[-CONSECUTIVE:]
    if not moved(newest) or len(recent) < CONSECUTIVE or not all(map(moved, recent)):
        return newest
    from msgspec import structs  # noqa: PLC0415 - beside its only use

    return structs.replace(
        newest, status="alert", reason=f"{newest.reason} It did so in {CONSECUTIVE} windows running."
    )


def effect(before: Sequence[float], after: Sequence[float], worth: Sequence[BinValue]) -> Effect | NotEstimable:
    """The change of the target's mean if only the mix of bins changed: sum (q - p) times the bin's mean in the
    reference (direct standardisation; Fleiss, *Statistical Methods for Rates and Proportions*, 1981, ch. 14), with
    the interval that the bins' means allow. Not estimable when 5 % of the calls now lie in bins with fewer than
    twenty known values in the reference, as new categories and gone labels make them.
    """
    n, m = sum(before), sum(after)
    known = [bin_.n >= BIN_VALUES_MIN for bin_ in worth]
    unknown = math.fsum(b / m for b, sure in zip(after, known, strict=True) if not sure)
    if unknown > UNKNOWN_SHARE_MAX or not any(known):
        return NotEstimable(
            reason=f"{unknown:.0%} of the calls lie where the reference knows the target's value of fewer than "
            f"{BIN_VALUES_MIN} calls.",
            calls=round(m),
        )
    # What lies in the bins left out is taken to be worth the average, so that it moves nothing.
    values = math.fsum(bin_.y for bin_ in worth) / math.fsum(bin_.n for bin_ in worth)
    change, variance = 0.0, 0.0
    for a, b, bin_, sure in zip(before, after, worth, known, strict=True):
        if sure:
            mean = bin_.y / bin_.n
            weight = b / m - a / n
            change += weight * (mean - values)
            variance += weight**2 * max(bin_.yy / bin_.n - mean**2, 0.0) / bin_.n
    half = two_sided(0.95) * math.sqrt(variance)
    return Effect(change=change, low=change - half, high=change + half)


def _judged(measured: Shift, retyped: Sequence[Change], fields: int) -> tuple[Status, str]:
    limit = P_VALUE_MAX / max(fields, 1)
    if retyped:
        kinds = ", ".join(f"{one.name} on {one.current:.0%}" for one in retyped)
        return "moved", f"Values of a type that the reference never had: {kinds} of the calls."
    if measured.psi_debiased <= PSI_MIN:
        return "steady", f"The shift of {max(measured.psi_debiased, 0.0):.2f} is not above {PSI_MIN}."
    if measured.p_value >= limit:
        return "steady", f"The shift of {measured.psi_debiased:.2f} may be chance (p = {measured.p_value:.1g})."
    return "moved", f"The shift of {measured.psi_debiased:.2f} is above {PSI_MIN} and not by chance."


def _retyped(bins: FieldBins, current: Profile) -> tuple[Change, ...]:
    found = []
    for name, count in sorted(current.types.items()):
        often = count >= NEW_CALLS_MIN and count >= NEW_SHARE_MIN * current.calls
        if name not in bins.types and name != "null" and often:
            found.append(Change(name=name, reference=0.0, current=count / current.calls))
    return tuple(found)


def _of_numbers(
    bins: FieldBins, reference: Profile, current: Profile, points: tuple[Points, Points] | None
) -> Mapping[str, float | None]:
    if not reference.present or not current.present:
        return {}
    left, right = points or (points_of(bins, reference), points_of(bins, current))
    spread = deviation(reference)
    return {
        "kolmogorov_smirnov": kolmogorov_smirnov(left, right),
        "wasserstein": wasserstein(left, right) / spread if isinstance(spread, float) and spread > 0.0 else None,
    }


def _of_categories(bins: FieldBins, reference: Profile, current: Profile) -> Mapping[str, object]:
    """The largest change of a share, and the categories of 1 % that came or went."""
    n, m = reference.calls, current.calls
    changes = [
        Change(name=name, reference=reference.categories.get(name, 0) / n, current=current.categories.get(name, 0) / m)
        for name in sorted({*bins.categories[: bins.own], *current.categories})
    ]
    known = set(bins.categories)
    # Where the reference had more names than are kept, a name that is not kept may have been there, rarely.
    return {
        "largest": max(changes, key=lambda one: abs(one.current - one.reference), default=None),
        "new": tuple(_new(changes, known, m)),
        "vanished": tuple(one for one in changes if one.name in bins.categories[: bins.own] and one.current == 0.0),
    }


def _new(changes: Iterable[Change], known: set[str], calls: int) -> Iterable[Change]:
    for one in changes:
        often = one.current >= NEW_SHARE_MIN and one.current * calls >= NEW_CALLS_MIN - 0.5
        if one.name not in known and often:
            yield one
