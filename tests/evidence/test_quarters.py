"""What a quarter says is of one set of months and stages, and what is not among them is named."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.evidence.simulated import promise, right, totals
from tests.guarantees.going import single_calls

from pilotage.evidence.measurements import Estimate, NotEstimable
from pilotage.evidence.quarters import Month, quarters
from pilotage.evidence.strata import StageTotals

APRIL, MAY, JUNE = (dt.date(2026, month, 1) for month in (4, 5, 6))


def whole(hits: int, stage: str = "live-90/1") -> StageTotals:
    """A month's stage in which both arms have many units."""
    return StageTotals(stage=stage, candidate=single_calls(900, hits), incumbent=single_calls(100, 70))


def one_unit() -> StageTotals:
    """A month's stage in which all of the holdback's calls are of one unit."""
    return StageTotals(stage="live-5/1", candidate=single_calls(400, 100), incumbent=totals([1.0] * 50, units=[1] * 50))


def quarter_of(*months: tuple[dt.date, tuple[StageTotals, ...]], form: str = "difference"):
    """The one quarter of these months."""
    made = [Month(first=first, stages=stages, closed=True) for first, stages in months]
    (found,) = quarters(promise(form=form), right(observable="exposed"), made, None, APRIL)
    return found


def test_a_month_without_a_comparison_is_in_no_figure_of_the_quarter():
    """Months, arms, share held back and sums are those of the comparison; the month that gave none is named with the
    reason, and nothing else of the quarter depends on it.
    """
    found = quarter_of((APRIL, (one_unit(),)), (MAY, (whole(720),)), (JUNE, (whole(740),)))
    without = quarter_of((MAY, (whole(720),)), (JUNE, (whole(740),)))
    assert found.months == ("2026-05", "2026-06")
    assert isinstance(found.comparison, Estimate)
    assert found.candidate == without.candidate
    assert found.incumbent == without.incumbent
    assert found.held_back == pytest.approx(0.1)
    assert {name.split()[0] for name in found.sums} == {"2026-05", "2026-06"}
    (left,) = found.comparison.left_out
    assert left.stage == "2026-04 live-5/1"
    assert "belong to one unit" in left.reason
    assert without.comparison.left_out == ()


def test_a_stage_of_a_month_is_left_out_by_its_name():
    """The month stays, with its other stage alone."""
    found = quarter_of((APRIL, (one_unit(), whole(720))))
    assert found.months == ("2026-04",)
    assert set(found.sums) == {"2026-04 live-90/1 candidate", "2026-04 live-90/1 incumbent"}
    assert [one.stage for one in found.comparison.left_out] == ["2026-04 live-5/1"]


def test_where_no_month_has_a_comparison_the_reason_is_given():
    """Nothing is left out of a figure that is not there; the sums say what was seen."""
    found = quarter_of((APRIL, (one_unit(),)))
    assert isinstance(found.comparison, NotEstimable)
    assert "belong to one unit" in found.comparison.reason
    assert found.months == ("2026-04",)


def test_without_a_holdback_a_month_of_one_unit_is_left_out_too():
    """Held against the baseline, the candidate's figure is of the months that it names."""
    alone = StageTotals(stage="live-100/1", candidate=totals([1.0] * 50, units=[1] * 50))
    many = StageTotals(stage="live-100/1", candidate=single_calls(900, 720))
    found = quarter_of((APRIL, (alone,)), (MAY, (many,)), form="own")
    assert not found.concurrent
    assert found.months == ("2026-05",)
    assert [one.stage for one in found.comparison.left_out] == ["2026-04 live-100/1"]
    assert found.candidate.calls == 900
