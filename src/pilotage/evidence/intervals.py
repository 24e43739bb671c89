"""Score intervals and the arithmetic that joins intervals. Numbers in, numbers out. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from pilotage.evidence.normal import two_sided

Interval = tuple[float, float]
_STEPS = 60
_CLOSE = 1e-15


def wilson(share: float, n: float, level: float) -> Interval:
    """The score interval of a proportion (Wilson 1927). `n` may be an effective number of calls, > 0."""
    k = two_sided(level) ** 2 / n
    centre = (share + k / 2.0) / (1.0 + k)
    half = math.sqrt(k * share * (1.0 - share) + k * k / 4.0) / (1.0 + k)
    return max(0.0, centre - half), min(1.0, centre + half)


def exact(successes: int, n: int, level: float) -> Interval:
    """The exact interval of a proportion by inverting the binomial test (Clopper and Pearson 1934); `n` > 0."""
    tail = (1.0 - level) / 2.0

    def crosses(falls: Callable[[float], bool]) -> float:
        low, high = 0.0, 1.0
        for _ in range(_STEPS):
            middle = (low + high) / 2.0
            low, high = (middle, high) if falls(middle) else (low, middle)
        return (low + high) / 2.0

    low = crosses(lambda p: 1.0 - _at_most(successes - 1, n, p) < tail) if successes > 0 else 0.0
    high = crosses(lambda p: _at_most(successes, n, p) > tail) if successes < n else 1.0
    return low, high


def _at_most(k: int, n: int, p: float) -> float:
    """The chance of at most `k` successes of `n`, each with chance 0 < p < 1."""
    whole, yes, no = math.lgamma(n + 1), math.log(p), math.log1p(-p)
    terms = (
        math.exp(whole - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * yes + (n - i) * no) for i in range(k + 1)
    )
    return min(1.0, math.fsum(terms))


def tango_z(b: float, c: float, n: float, difference: float) -> float | None:
    """Tango's score of the hypothesis that the paired difference (b - c)/n is `difference` (Tango 1998).

    `b`: pairs where only the candidate is right, `c`: only the incumbent, of `n`. None where it has no variance.
    """
    variance = tango_variance(b, c, n, difference)
    return (b - c - n * difference) / (n * math.sqrt(variance)) if variance > 0.0 else None


def tango_variance(b: float, c: float, n: float, difference: float) -> float:
    """The variance of (b - c)/n when the difference is what the hypothesis says (Tango 1998, equation 5):
    q is the constrained maximum-likelihood estimate of the share of pairs where only the incumbent is right.
    """
    first = -b - c + (2.0 * n - b + c) * difference
    second = -c * difference * (1.0 - difference)
    q = (math.sqrt(max(first * first - 8.0 * n * second, 0.0)) - first) / (4.0 * n)
    return max((2.0 * q + difference * (1.0 - difference)) / n, 0.0)


def tango(b: float, c: float, n: float, level: float = 0.95) -> Interval:
    """The interval of a paired difference of proportions by inverting Tango's score; `n` > 0."""
    z = two_sided(level)
    estimate = (b - c) / n

    def excess(difference: float) -> float:
        score = tango_z(b, c, n, difference)
        return math.inf if score is None else abs(score) - z

    return edge(excess, (estimate, -z), -1.0), edge(excess, (estimate, -z), 1.0)


def two_shares_variance(first: tuple[float, float], second: tuple[float, float], difference: float) -> float:
    """The variance of the difference of two independent shares, each given as (share, n), where the hypothesis says
    what the difference is: at the constrained maximum-likelihood estimates, the root of a cubic (Miettinen and Nurminen
    1985, appendix; Farrington and Manning 1990, without the factor N/(N - 1)). Each n may be an effective number.
    """
    (p1, n1), (p0, n0) = first, second
    size, hits0 = n1 + n0, p0 * n0
    cube = size
    square = (n1 + 2.0 * n0) * difference - size - (p1 * n1 + hits0)
    line = (n0 * difference - size - 2.0 * hits0) * difference + p1 * n1 + hits0
    constant = hits0 * difference * (1.0 - difference)
    third = square / (3.0 * cube)
    q = third**3 - square * line / (6.0 * cube**2) + constant / (2.0 * cube)
    root = math.copysign(math.sqrt(max(third**2 - line / (3.0 * cube), 0.0)), q)
    turn = (math.pi + math.acos(min(max(q / root**3, -1.0), 1.0))) / 3.0 if root else 0.0
    low = min(max(2.0 * root * math.cos(turn) - third, 0.0), 1.0)
    high = min(max(low + difference, 0.0), 1.0)
    return high * (1.0 - high) / n1 + low * (1.0 - low) / n0


def edge(excess: Callable[[float], float], start: tuple[float, float], end: float) -> float:
    """Where `excess` becomes positive on the way from `start`, given with its value there, to `end`; `end` where it
    does not. By enclosing secants in the manner of Illinois (Dowell and Jarratt 1971), halving where it is infinite.
    """
    (inner, below), (outer, above) = start, (end, excess(end))
    if above <= 0.0:
        return end
    place, was_below = outer, None
    for _ in range(_STEPS):
        before = place
        share = 0.5 if math.isinf(above) else below / (below - above)
        place = inner + share * (outer - inner)
        found = excess(place)
        if found == 0.0 or abs(place - before) < _CLOSE:
            break
        if found < 0.0:
            inner, below, above = place, found, above / 2.0 if was_below is True else above
        else:
            outer, above, below = place, found, below / 2.0 if was_below is False else below
        was_below = found < 0.0
    return place


def join_difference(first: tuple[float, Interval], second: tuple[float, Interval]) -> Interval:
    """The interval of first - second, each an independent estimate with its own interval: the method of variance
    estimates recovery (Zou and Donner 2008), for two proportions Newcombe's (1998, method 10).
    """
    (a, (a_low, a_high)), (b, (b_low, b_high)) = first, second
    difference = a - b
    return difference - math.hypot(a - a_low, b_high - b), difference + math.hypot(a_high - a, b - b_low)


def join_strata(parts: Sequence[tuple[float, tuple[float, float, float]]]) -> tuple[float, float, float]:
    """Estimate and interval of a weighted mean over strata, from (weight, (estimate, low, high)).

    Units come back in later stages, and sums by stage cannot say which, so the errors are added as if they
    were wholly correlated: never too narrow (the triangle inequality for standard errors).
    """
    total = sum(weight for weight, _ in parts)
    value, low, high = (sum(weight * part[i] for weight, part in parts) / total for i in range(3))
    return value, low, high


def fieller(above: float, below: float, var_above: float, var_below: float, cov: float, *, z: float) -> Interval | None:
    """The interval of the ratio of two means (Fieller 1954); None when the lower one is not clearly different
    from 0.
    """
    k = z * z
    a = below * below - k * var_below
    b = above * below - k * cov
    c = above * above - k * var_above
    inside = b * b - a * c
    if a <= 0.0 or inside < 0.0:
        return None
    root = math.sqrt(inside)
    return (b - root) / a, (b + root) / a
