"""Additive sums: everything that an estimate needs, kept per unit and totalled over units. Pure.

A unit contributes (n, y, z): its calls, and the sums over them of one or two values. In the series
`incumbent` and `candidate`, y is the arm's value; in `paired`, y is the candidate's and z the incumbent's
on the same calls. For a ratio, y is an arm's numerator and z its denominator, and a pair's are in `paired`
(candidate) and `paired_incumbent`. `dues` describes the series of what is missing and of what
was assigned, `caps` those of values that a cap cut off.
Totals hold all moments of (n, y, z) over units up to the third, so that the mean, its cluster-robust variance
and the skewness of any linear contrast a*y + b*z come from them, re-centred on the mean per call: a unit with
many calls is not a skewed value.

A metric that is counted per unit gives each unit one value instead, the mean of its calls or their sum: `per_unit`.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from pilotage.playbook.metrics import Metric

Series = Literal[
    "incumbent",
    "candidate",
    "paired",
    "paired_incumbent",
    "differ",
    "missing",
    "missing_candidate",
    "missing_incumbent",
    "capped_candidate",
    "capped_incumbent",
]


class UnitSum(Struct, frozen=True):
    """One unit's share of a series. Values are shifted by the metric's `shift` and capped."""

    n: float = 0.0
    y: float = 0.0
    z: float = 0.0


def per_unit(unit: UnitSum, metric: Metric) -> UnitSum:
    """A unit's sums as one value: the mean of its calls, or their sum, capped to what the metric can be."""
    n, y, z = unit.n, unit.y, unit.z
    if not n:
        return UnitSum()
    if metric.per == "unit_mean":
        return UnitSum(1.0, y / n, z / n)
    lo, hi = min(metric.lo, metric.worst), max(metric.hi, metric.worst)
    return UnitSum(1.0, min(max(y, lo), hi), min(max(z, lo), hi))


class Totals(Struct, frozen=True, kw_only=True):
    """Sums over units. Adding two totals is right when they hold different units."""

    units: float = 0.0
    n: float = 0.0
    y: float = 0.0
    z: float = 0.0
    nn: float = 0.0
    yy: float = 0.0
    zz: float = 0.0
    yn: float = 0.0
    zn: float = 0.0
    yz: float = 0.0
    yyy: float = 0.0
    yyz: float = 0.0
    yzz: float = 0.0
    zzz: float = 0.0
    nnn: float = 0.0
    ynn: float = 0.0
    znn: float = 0.0
    yyn: float = 0.0
    yzn: float = 0.0
    zzn: float = 0.0

    @classmethod
    def of_metric(cls, unit: UnitSum, metric: Metric) -> Totals:
        """The totals of a single unit as the metric counts it."""
        return cls.of(unit if metric.per == "call" else per_unit(unit, metric))

    @classmethod
    def of(cls, unit: UnitSum) -> Totals:
        """The totals of a single unit."""
        n, y, z = unit.n, unit.y, unit.z
        return cls(
            units=1.0 if n else 0.0,
            n=n,
            y=y,
            z=z,
            nn=n * n,
            yy=y * y,
            zz=z * z,
            yn=y * n,
            zn=z * n,
            yz=y * z,
            yyy=y * y * y,
            yyz=y * y * z,
            yzz=y * z * z,
            zzz=z * z * z,
            nnn=n * n * n,
            ynn=y * n * n,
            znn=z * n * n,
            yyn=y * y * n,
            yzn=y * z * n,
            zzn=z * z * n,
        )

    def __add__(self, other: Totals) -> Totals:
        """The totals of both sets of units."""
        return Totals(**{f: getattr(self, f) + getattr(other, f) for f in self.__struct_fields__})

    def __sub__(self, other: Totals) -> Totals:
        """What is left when a set of units is taken out: how a returning unit's old share is replaced."""
        return Totals(**{f: getattr(self, f) - getattr(other, f) for f in self.__struct_fields__})
