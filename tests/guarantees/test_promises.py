"""The statistical promises in their quick form; `make guarantees` runs the full one."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.evidence.simulated import promise as target_of
from tests.guarantees.going import tango_z_of
from tests.guarantees.promise import Promise
from tests.guarantees.promises import PROMISES

from pilotage.evidence.intervals import tango_z
from pilotage.evidence.sequential import planned_drift
from pilotage.evidence.statistic import planned_information

SEED = 20260301
NAMES = [f"{promise.group}: {promise.says}" for promise in PROMISES]


@pytest.mark.parametrize("promise", PROMISES, ids=NAMES)
def test_every_promise_is_kept(promise):
    """The figure lies within what is promised; in this quick form a share may be three standard errors off."""
    seen = promise.simulate(promise.quick, SEED)
    assert promise.kept(seen, promise.quick), f"{promise.shown(seen)}, promised {promise.bound}"


@pytest.mark.parametrize("promise", [p for p in PROMISES if p.contrast], ids=lambda p: p.says)
def test_the_simulation_is_one_that_careless_methods_fail(promise):
    """The same traffic fools the method that the product avoids, so keeping the promise there means something."""
    name, careless = promise.contrast
    assert careless(promise.quick, SEED) >= promise.contrast_low > promise.high, name


def test_promises_have_names_of_their_own():
    """No two promises share a name, so that a report cannot show one for the other."""
    assert len(set(NAMES)) == len(NAMES)


def test_a_broken_promise_is_seen():
    """A figure outside the bounds breaks the promise in the full form, and well outside in the quick one."""
    promise = Promise("g", "s", lambda _runs, _seed: 0.07, quick=1000, full=20_000, high=0.055)
    assert promise.kept(0.055, 20_000)
    assert not promise.kept(0.0551, 20_000)
    assert promise.kept(0.07, 1000)
    assert not promise.kept(0.08, 1000)


def test_the_simulated_statistic_is_the_products():
    """Tango's statistic for arrays, as simulated, is the one that the product computes."""
    assert tango_z_of(13, 7, 100, 0.05) == pytest.approx(tango_z(13, 7, 100, 0.05))


def test_full_information_is_what_the_power_takes():
    """A plan's full information is at least what its power takes at the expected value."""
    target = target_of(calls_per_week=500.0, alpha=0.1)
    assert planned_information(target, 0.05, 1000.0) >= (planned_drift(0.05, 0.8) / 0.03) ** 2


def test_every_promise_stands_on_the_page():
    """docs/guarantees.md has a line for each promise, with the bound and the runs that it has now: a promise that was
    added or changed since the page was written is not there. `make guarantees` writes it again.
    """
    page = (Path(__file__).parents[2] / "docs" / "guarantees.md").read_text(encoding="utf-8")
    lines = {f"| {p.says} | {p.full:,} | {p.bound} |" for p in PROMISES}
    assert [line for line in sorted(lines) if line not in page] == []
