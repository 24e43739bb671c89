from __future__ import annotations

import numpy as np
import pytest
from tests.evidence.simulated import money, promise, right, totals

from pilotage.evidence.measurements import NotEstimable
from pilotage.evidence.shortfall import REST, Gap, failures, gap_of
from pilotage.evidence.sums import Totals
from pilotage.playbook.metrics import LabelMatch
from pilotage.runtime.records import Execution


@pytest.mark.parametrize("form", ["own", "difference", "share"])
def test_the_parts_of_every_key_add_up_to_the_gap(form):
    """Each segment's share of the calls times its own gap is its part; what no segment holds is a part as well."""
    rng = np.random.default_rng(31)
    y, z = rng.uniform(0, 60, 300), rng.uniform(0, 50, 300)
    place = rng.integers(0, 4, 300)
    floor, goal, expected = (50.0, 20.0, 10.0) if form == "own" else (0.0, 0.1, 0.2)
    target = promise(metric="money", form=form, baseline=25.0, floor=floor, target=goal, expected=expected)
    metric = money(shift=25.0)
    parts = {f"team=t{i}": totals(y[place == i], z[place == i], shift=25.0) for i in range(3)}
    gap = gap_of(target, metric, totals(y, z, shift=25.0), parts)
    assert isinstance(gap, Gap)
    assert sum(part.part for part in gap.parts) == pytest.approx(gap.gap)
    assert sum(part.share for part in gap.parts) == pytest.approx(1.0)
    assert gap.parts[0].part == max(part.part for part in gap.parts)
    assert REST in {part.segment for part in gap.parts}
    if form == "own":
        assert gap.gap == pytest.approx(y.mean() - 20.0)
    elif form == "difference":
        assert gap.gap == pytest.approx(0.1 + (y - z).mean())
    else:
        assert gap.gap == pytest.approx((y - 0.9 * z).mean())


def test_without_values_there_is_no_gap():
    """Nothing measured has no gap to explain."""
    assert isinstance(gap_of(promise(), right(), Totals(), {}), NotEstimable)


def candidate(value=None, error=""):
    """An execution of the candidate."""
    return Execution(arm="candidate", release="r1", value=value, error=error, latency_us=5)


def test_failures_are_told_apart():
    """Errors, timeouts, answers without the field and wrong answers by what they ought to have been, costliest first;
    a call without a label is not judged.
    """
    metric = right(source=LabelMatch(label="team", answer_field="queue"))
    given = [
        *[(candidate('{"queue":"sales","risk":0.3}'), {"team": '"billing"'})] * 3,
        *[(candidate('{"queue":"billing"}'), {"team": '"billing"'})] * 5,
        *[(candidate(error="timeout"), {"team": '"billing"'})] * 2,
        (candidate(error="ValueError"), {"team": '"billing"'}),
        (candidate('{"risk":0.3}'), {"team": '"billing"'}),
        (candidate('{"queue":"sales"}'), {}),
    ]
    found = failures(metric, given)
    assert found.judged == 12
    assert [(one.kind, one.answer, one.label, one.calls) for one in found.kinds] == [
        ("wrong", "sales", "billing", 3),
        ("timeout", "timeout", "", 2),
        ("error", "ValueError", "", 1),
        ("unreadable", "", "billing", 1),
    ]
    assert found.kinds[0].share == pytest.approx(0.25)
    assert found.kinds[0].loss == 3.0
