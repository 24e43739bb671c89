"""What the candidate brings while it serves: between arms where some units stay, else against the frozen baseline."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec import structs
from tests.evidence.simulated import promise, right, totals

from pilotage.evidence.benefit import live_benefit
from pilotage.evidence.compare import arm
from pilotage.evidence.measurements import Estimate, LiveBenefit, NotEstimable
from pilotage.evidence.strata import StageTotals

PROMISE = structs.replace(promise(), form="difference", floor=0.0, target=0.03, expected=0.06)


def served(gain: float, *, calls: int = 20_000, holdback: float = 0.05, stage: str = "live-95/1") -> StageTotals:
    """A live stage of which a part stays with the incumbent."""
    rng = np.random.default_rng(3)
    kept = round(calls * holdback)
    return StageTotals(
        stage=stage,
        candidate=totals(rng.random(calls - kept) < 0.7 + gain),
        incumbent=totals(rng.random(kept) < 0.7) if kept else totals([]),
    )


def baseline(calls: int = 5_000) -> Estimate:
    """The incumbent before the pilot."""
    found = arm(right(), totals(np.random.default_rng(4).random(calls) < 0.7))
    assert isinstance(found, Estimate)
    return found


def test_a_holdback_is_compared_with_at_the_last_step():
    """With a few per cent at the incumbent the difference is concurrent, of the newest step alone."""
    found = live_benefit(PROMISE, right(), (served(-0.3, stage="live-5/1"), served(0.06)), baseline())
    assert isinstance(found, LiveBenefit)
    assert (found.stage, found.concurrent) == ("live-95/1", True)
    assert found.comparison.low < 0.06 < found.comparison.high


def test_without_a_holdback_the_frozen_baseline_is_marked():
    """At a hundred per cent the baseline stands in, and the figure says that it is not concurrent."""
    found = live_benefit(PROMISE, right(), (served(0.06, holdback=0.0, stage="live-100/1"),), baseline())
    assert found.concurrent is False
    assert found.comparison.method == "against the frozen baseline"
    assert found.comparison.low < 0.06 < found.comparison.high
    assert found.incumbent == baseline()


@pytest.mark.parametrize(
    ("form", "before", "said"),
    [("share", True, "keep a few per cent there"), ("difference", False, "no baseline")],
)
def test_what_cannot_be_told_without_a_holdback_says_why(form, before, said):
    """A share of the incumbent's figure, or no baseline at all: nobody can say."""
    stage = served(0.06, holdback=0.0, stage="live-100/1")
    found = live_benefit(structs.replace(PROMISE, form=form), right(), (stage,), baseline() if before else None)
    assert isinstance(found.comparison, NotEstimable)
    assert said in found.comparison.reason


def test_a_baseline_covers_its_own_error():
    """In simulation the interval against the baseline holds the truth about as often as it says."""
    hits = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        before = arm(right(), totals(rng.random(800) < 0.7))
        stage = StageTotals(stage="live-100/1", candidate=totals(rng.random(1_000) < 0.75))
        found = live_benefit(PROMISE, right(), (stage,), before).comparison
        hits += found.low <= 0.05 <= found.high
    assert 0.91 <= hits / 300 <= 0.99


def test_nothing_served_is_no_figure():
    """Before the candidate served a call there is none."""
    assert isinstance(live_benefit(PROMISE, right(), (), baseline()), NotEstimable)
