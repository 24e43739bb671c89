"""How far two sets of counts, or two weighted samples, lie apart: the statistics of docs/drift.md. Pure.

Counts are given bin by bin in the same order on both sides. Bins that are empty on both sides do not count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from pilotage.evidence.normal import upper_tail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pilotage.evidence.profiles import Points

EMPTY_BIN_COUNT = 0.5


class Shift(Struct, frozen=True, kw_only=True):
    """How far the bins have shifted. `psi` is as measured, `psi_debiased` less what chance alone gives on average;
    `p_value` is that of the chi-square test of homogeneity with `freedom` degrees.
    """

    psi: float
    psi_debiased: float
    jensen_shannon: float
    total_variation: float
    chi_square: float
    freedom: int
    p_value: float


class Proportions(Struct, frozen=True, kw_only=True):
    """Two shares and the two-sided p-value of their difference."""

    reference: float
    current: float
    p_value: float


def shift(reference: Sequence[float], current: Sequence[float]) -> Shift:
    """Everything that is made of two rows of counts. ValueError when the rows do not match or one is empty."""
    kept = [(a, b) for a, b in zip(reference, current, strict=True) if a or b]
    left, right = [a for a, _ in kept], [b for _, b in kept]
    if not sum(left) or not sum(right):
        raise ValueError("Two sets of counts are needed, and one of them is empty.")
    raw = psi(left, right)
    statistic, freedom, p_value = chi_square(left, right)
    return Shift(
        psi=raw,
        psi_debiased=raw - psi_by_chance(len(kept), sum(left), sum(right)),
        jensen_shannon=jensen_shannon(left, right),
        total_variation=total_variation(left, right),
        chi_square=statistic,
        freedom=freedom,
        p_value=p_value,
    )


def psi(reference: Sequence[float], current: Sequence[float]) -> float:
    """Population stability index, sum (q - p) ln(q / p), with half a call added to each bin so that an empty one does
    not decide alone (Lewis, *An Introduction to Credit Scoring*, 1994; the half: Jeffreys' prior).
    """
    bins = len(reference)
    n, m = sum(reference) + bins * EMPTY_BIN_COUNT, sum(current) + bins * EMPTY_BIN_COUNT
    shares = [((a + EMPTY_BIN_COUNT) / n, (b + EMPTY_BIN_COUNT) / m) for a, b in zip(reference, current, strict=True)]
    return math.fsum((q - p) * math.log(q / p) for p, q in shares)


def psi_by_chance(bins: int, n: float, m: float) -> float:
    """The mean of the index where nothing has changed, (B - 1)(1/n + 1/m) (Yurdakul, *Statistical Properties of
    Population Stability Index*, 2018, section 3: it is distributed as that multiple of a chi-square).
    """
    return (bins - 1) * (1.0 / n + 1.0 / m)


def jensen_shannon(reference: Sequence[float], current: Sequence[float]) -> float:
    """Jensen-Shannon distance to base 2, between 0 and 1 (Lin, IEEE Trans. Inf. Theory 37, 1991; the root of the
    divergence: Endres and Schindelin, same, 49, 2003).
    """
    n, m = sum(reference), sum(current)
    divergence = 0.0
    for a, b in zip(reference, current, strict=True):
        p, q = a / n, b / m
        middle = (p + q) / 2.0
        divergence += sum(share * math.log2(share / middle) for share in (p, q) if share > 0.0) / 2.0
    return math.sqrt(max(divergence, 0.0))


def total_variation(reference: Sequence[float], current: Sequence[float]) -> float:
    """Half the sum of the absolute differences of shares: what part of the calls would have to move."""
    n, m = sum(reference), sum(current)
    return math.fsum(abs(a / n - b / m) for a, b in zip(reference, current, strict=True)) / 2.0


def chi_square(reference: Sequence[float], current: Sequence[float]) -> tuple[float, int, float]:
    """Statistic, degrees of freedom and p-value of Pearson's test that both rows come from one distribution
    (Pearson 1911; Agresti, *Categorical Data Analysis*, 3.2). One bin alone cannot differ: p is 1.
    """
    n, m = sum(reference), sum(current)
    freedom = len(reference) - 1
    if freedom < 1:
        return 0.0, 0, 1.0
    statistic = 0.0
    for a, b in zip(reference, current, strict=True):
        expected = (a + b) * n / (n + m), (a + b) * m / (n + m)
        statistic += sum((seen - due) ** 2 / due for seen, due in zip((a, b), expected, strict=True))
    from scipy.special import chdtrc  # noqa: PLC0415 - only who compares pays for it

    return statistic, freedom, float(chdtrc(freedom, statistic))


def proportions(reference: float, n: float, current: float, m: float) -> Proportions:
    """Two counts out of n and m: the pooled two-sample test of a proportion (Agresti, 3.1). ValueError without calls
    on both sides.
    """
    if n <= 0 or m <= 0:
        raise ValueError("Two shares can be compared only where both sides have calls.")
    p, q, pooled = reference / n, current / m, (reference + current) / (n + m)
    variance = pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)
    p_value = 1.0 if variance <= 0.0 else 2.0 * upper_tail(abs(q - p) / math.sqrt(variance))
    return Proportions(reference=p, current=q, p_value=p_value)


def kolmogorov_smirnov(reference: Points, current: Points) -> float:
    """The greatest distance between the two cumulative shares (Smirnov 1939)."""
    import numpy as np  # noqa: PLC0415 - only who compares pays for it

    _, left, right = _cumulative(reference, current)
    return float(np.max(np.abs(left - right)))


def wasserstein(reference: Points, current: Points) -> float:
    """The area between the two cumulative shares: how far values have moved on average, in the field's own unit
    (Vallender, Theory Probab. Appl. 18, 1974).
    """
    import numpy as np  # noqa: PLC0415 - only who compares pays for it

    places, left, right = _cumulative(reference, current)
    return float(np.sum(np.abs(left - right)[:-1] * np.diff(places)))


def _cumulative(
    reference: Points, current: Points
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Every place of either sample in order, and the share of each sample up to and with it."""
    import numpy as np  # noqa: PLC0415 - only who compares pays for it

    places = np.union1d(reference.places, current.places)

    def shares(points: Points) -> NDArray[np.float64]:
        running = np.concatenate(([0.0], np.cumsum(points.weights)))
        up_to: NDArray[np.float64] = running[np.searchsorted(points.places, places, side="right")] / running[-1]
        return up_to

    return places, shares(reference), shares(current)
