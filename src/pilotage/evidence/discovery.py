"""Many tests at once: which of them may be called a finding while few of the findings are false. Pure.

The false-discovery rate is the expected share of false ones among what is flagged (Benjamini and Hochberg, JRSS B 57,
1995).
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def adjusted(p_values: Sequence[float], *, dependent: bool) -> tuple[float, ...]:
    """For each p-value, the least rate of false discoveries at which it is flagged; in the order given.

    Benjamini and Hochberg's step-up for independent tests. `dependent` divides the rate by 1 + 1/2 + ... + 1/m, which
    holds whatever the dependence (Benjamini and Yekutieli, Annals of Statistics 29, 2001).
    """
    m = len(p_values)
    factor = math.fsum(1.0 / i for i in range(1, m + 1)) if dependent else 1.0
    order = sorted(range(m), key=lambda i: p_values[i])
    found = [1.0] * m
    least = 1.0
    for rank in range(m, 0, -1):
        index = order[rank - 1]
        least = min(least, factor * m * p_values[index] / rank)
        found[index] = least
    return tuple(found)
