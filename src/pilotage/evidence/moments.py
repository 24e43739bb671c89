"""The moments of a linear contrast a*y + b*z per call, clustered by unit, from totals. Pure."""

from __future__ import annotations

import math

from msgspec import Struct

from pilotage.evidence.sums import Totals

SKEW_FACTOR = 355.0
_NEGLIGIBLE = 1e-12


class Moments(Struct, frozen=True):
    """Of the contrast's mean per call R = sum C / sum N over units, C a unit's sum and N its calls.

    `mean` is unshifted; `spread` is the sum over units of (C - R N)^2, `lean` of (C - R N) N, and `cube` of
    (C - R N)^3; `squares` is the sum of N^2.
    """

    units: float
    calls: float
    mean: float
    spread: float
    lean: float
    cube: float
    squares: float

    @property
    def single(self) -> bool:
        """Whether every unit has one call, so that calls are independent."""
        return self.squares == self.calls == self.units

    @property
    def variance(self) -> float:
        """The cluster-robust variance of the mean, (sum C^2 - 2 R sum CN + R^2 sum N^2)/(sum N)^2: equal to that
        of least squares clustered by unit without a small-sample correction (Liang and Zeger 1986).
        """
        return self.spread / self.calls**2

    @property
    def effective_units(self) -> float:
        """(sum N)^2 / sum N^2: the number of equally large units that would weigh as much."""
        return self.calls**2 / self.squares

    @property
    def skewness(self) -> float:
        """The skewness of the units' influence on the mean; 0 without spread."""
        if self.spread <= 0.0:
            return 0.0
        return (self.cube / self.units) / math.pow(self.spread / self.units, 1.5)

    @property
    def units_needed(self) -> float:
        """The units from which the mean is near enough to normal: 355 skewness^2 (Kohavi et al. 2014, rule 7)."""
        return SKEW_FACTOR * self.skewness**2

    def variance_at(self, mean: float) -> float:
        """The variance of the mean around a hypothesised one, as a score test takes it (Boos 1992): a few large
        values then widen it as much as they move the mean.
        """
        off = self.mean - mean
        return (self.spread + 2.0 * off * self.lean + off * off * self.squares) / self.calls**2

    def score_interval(self, z: float) -> tuple[float, float] | None:
        """All means that the score test with `variance_at` does not reject at z; None with too few units."""
        k = z * z
        a = self.calls**2 - k * self.squares
        if a <= 0.0:
            return None
        root = math.sqrt(k * k * self.lean**2 + a * k * self.spread)
        return self.mean - (k * self.lean + root) / a, self.mean + (root - k * self.lean) / a


def moments(totals: Totals, a: float, b: float, shift: float) -> Moments:
    """The moments of a*y + b*z. Takes totals with calls in them (ZeroDivisionError otherwise)."""
    t = totals
    mean = (a * t.y + b * t.z) / t.n
    cc = a * a * t.yy + 2.0 * a * b * t.yz + b * b * t.zz
    cn = a * t.yn + b * t.zn
    ccc = a**3 * t.yyy + 3.0 * a * a * b * t.yyz + 3.0 * a * b * b * t.yzz + b**3 * t.zzz
    ccn = a * a * t.yyn + 2.0 * a * b * t.yzn + b * b * t.zzn
    cnn = a * t.ynn + b * t.znn
    spread = cc - 2.0 * mean * cn + mean * mean * t.nn
    if spread <= _NEGLIGIBLE * (cc + mean * mean * t.nn):
        spread = 0.0
    return Moments(
        units=t.units,
        calls=t.n,
        mean=mean + (a + b) * shift,
        spread=spread,
        lean=cn - mean * t.nn,
        cube=ccc - 3.0 * mean * ccn + 3.0 * mean * mean * cnn - mean**3 * t.nnn,
        squares=t.nn,
    )


def covariance(totals: Totals) -> float:
    """The cluster-robust covariance of the means of y and z."""
    t = totals
    y, z = t.y / t.n, t.z / t.n
    return (t.yz - y * t.zn - z * t.yn + y * z * t.nn) / t.n**2
