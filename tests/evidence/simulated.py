"""Metrics, totals and looks for the tests of the evidence, made from plain arrays."""

from __future__ import annotations

import datetime as dt

import numpy as np

from pilotage.evidence.strata import LookSums, StageTotals
from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import Cost, LabelMatch, Metric, Target

DAY = dt.date(2026, 3, 2)
NAMES = Totals.__struct_fields__[1:]


def right(**changes):
    """A share of right answers: higher is better."""
    fields = {
        "id": "right",
        "title": "Right answers",
        "unit": "share",
        "direction": "higher",
        "kind": "proportion",
        "source": LabelMatch(),
    }
    return Metric(**(fields | changes))


def money(**changes):
    """A cost in dollars from 0 to 100: lower is better."""
    fields = {
        "id": "money",
        "title": "Cost",
        "unit": "USD",
        "direction": "lower",
        "kind": "mean",
        "source": Cost(),
        "lo": 0.0,
        "hi": 100.0,
    }
    return Metric(**(fields | changes))


def promise(**changes):
    """A target: five points better, expected eight, no further below nothing."""
    fields = {
        "metric": "right",
        "form": "difference",
        "baseline": 0.7,
        "floor": 0.0,
        "target": 0.05,
        "expected": 0.08,
        "calls_per_week": 2000.0,
        "deviation": 0.5,
    }
    return Target(**(fields | changes))


def totals(y, z=None, units=None, shift=0.0):
    """Totals of single calls with those values; `units` says which unit each call belongs to."""
    y = np.asarray(y, dtype=float) - shift
    z = np.zeros_like(y) if z is None else np.asarray(z, dtype=float) - shift
    units = np.arange(y.size) if units is None else np.unique(units, return_inverse=True)[1]
    n = np.bincount(units).astype(float)
    return totals_of_units(n[None], np.bincount(units, y)[None], np.bincount(units, z)[None])[0]


def totals_of_units(n, y, z=None):
    """Totals of many runs at once, from arrays of runs by units: calls, and the sums of y and z over them."""
    sums = {"n": n, "y": y, "z": np.zeros_like(y) if z is None else z}
    moments = {name: np.prod([sums[letter] for letter in name], axis=0).sum(axis=-1) for name in NAMES}
    moments["units"] = (n > 0).sum(axis=-1).astype(float)
    return [Totals(**{name: float(moment[run]) for name, moment in moments.items()}) for run in range(n.shape[0])]


def look(day, **series):
    """A look on that day (counted from the first), in the one shadow stage."""
    return LookSums(day=DAY + dt.timedelta(days=day), stages=(StageTotals(stage="shadow/1", **series),))


def paired_calls(rng, calls, share_incumbent, gain, flip=0.2):
    """Right or wrong of both arms on the same calls: (candidate, incumbent). `flip` is how often they part."""
    incumbent = rng.random(calls) < share_incumbent
    lost = flip / 2.0 - gain / 2.0
    won = flip / 2.0 + gain / 2.0
    spin = rng.random(calls)
    candidate = np.where(incumbent, spin >= lost / share_incumbent, spin < won / (1.0 - share_incumbent))
    return candidate.astype(float), incumbent.astype(float)
