"""Whoever was given the candidate at a low share keeps it at every higher one, and shares are what they say."""

from __future__ import annotations

import numpy as np
from tests.guarantees.promise import Promise

from pilotage.runtime.bucketing import bucket, buckets_inside

GROUP = "Assignment by bucket"
PERCENTAGES = (1.0, 5.0, 25.0, 50.0, 100.0)


def _buckets(runs, seed):
    return np.array([bucket(f"salt-{seed}", f"customer-{number}") for number in range(runs)])


def moved_back(runs, seed):
    """The share of units that a rise from any percentage to the next takes away from the candidate."""
    buckets = _buckets(runs, seed)
    inside = np.array([buckets < buckets_inside(percent) for percent in PERCENTAGES])
    return float((inside[:-1] & ~inside[1:]).any(axis=0).mean())


def largest_miss(runs, seed):
    """The largest distance of a share of units from the percentage asked for."""
    buckets = _buckets(runs, seed)
    return max(abs(float((buckets < buckets_inside(p)).mean()) - p / 100.0) for p in PERCENTAGES)


PROMISES = [
    Promise(GROUP, "units that a raised percentage moves back", moved_back, 20_000, 500_000, rate=False, high=0.0),
    Promise(GROUP, "largest distance from the share asked for", largest_miss, 20_000, 500_000, rate=False, high=0.015),
]
