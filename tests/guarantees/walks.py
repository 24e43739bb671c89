"""What the simulations share: the product's bounds over looks, and how many runs cross them."""

from __future__ import annotations

import math

import numpy as np
from tests.evidence.simulated import totals_of_units

from pilotage.evidence.sequential import efficacy_bounds
from pilotage.evidence.statistic import Statistic, statistic
from pilotage.evidence.strata import StageTotals

ALPHA = 0.05
LOOKS = 14
EQUAL = tuple((k + 1) / LOOKS for k in range(LOOKS))
CHUNK = 500


def limits_at(information, **fields):
    """Efficacy bounds as an array; infinite where a look is too early for one."""
    found = efficacy_bounds(tuple(information), ALPHA, **fields)
    return np.array([math.inf if bound is None else bound for bound in found])


def false_go(z):
    """The share of runs (rows) that cross at any of equal looks (columns)."""
    return float((z >= limits_at(EQUAL)).any(axis=1).mean())


def in_chunks(simulate, runs, seed):
    """The mean of a simulation over chunks of runs, so that memory stays small; each chunk has a seed of its own."""
    sizes = [CHUNK] * (runs // CHUNK) + [runs % CHUNK] * (runs % CHUNK > 0)
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))
    shares = [simulate(size, np.random.default_rng(one)) for size, one in zip(sizes, seeds, strict=True)]
    return float(np.average(shares, weights=sizes))


def false_go_by_information(target, metric, stages_by_look):
    """The share of runs that cross, with the statistic, the information and the bounds of the product itself.

    `stages_by_look[k][run]` are the stages as they stood at a look. Full information is what the last look brings
    in the middle run, as if the charter had planned it well.
    """
    found = [[statistic(target, metric, stages) for stages in look] for look in stages_by_look]
    last = sorted(s.information for s in found[-1] if isinstance(s, Statistic))
    planned = last[len(last) // 2]
    return sum(_crosses(run, planned) for run in zip(*found, strict=True)) / len(found[0])


def _crosses(run, planned):
    seen, newest = [], 0.0
    for s in run:
        if isinstance(s, Statistic) and newest < 1.0 and s.information / planned > newest * 1.001 + 1e-6:
            newest = round(s.information / planned, 6)
            seen.append((newest, s.z))
    # A path that stays below the last bound cannot have crossed an earlier, higher one.
    if max((z for _, z in seen), default=0.0) < 1.6:
        return False
    limits = limits_at([t for t, _ in seen], final=True)
    return any(z >= limit for (_, z), limit in zip(seen, limits, strict=True))


def shadow(*arrays):
    """Each run's paired totals as the one stage of a shadow, from arrays of runs by units."""
    return [(StageTotals(stage="shadow/1", paired=totals),) for totals in totals_of_units(*arrays)]
