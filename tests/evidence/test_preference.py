"""Blind reviews as an exact share, and what users told in figures."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.evidence.intervals import exact
from pilotage.evidence.preference import preference
from pilotage.evidence.telling import moment, seen, told
from pilotage.runtime.records import Outcome

START = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
A, B = "aa" * 16, "bb" * 16


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(0, 10, 0.0, 0.308497), (5, 10, 0.187086, 0.812914), (14, 20, 0.457211, 0.881068), (10, 10, 0.691503, 1.0)],
)
def test_the_interval_is_that_of_clopper_and_pearson(successes, n, low, high):
    """Published values to six digits; at the ends 1 - (alpha/2)^(1/n)."""
    assert exact(successes, n, 0.95) == pytest.approx((low, high), abs=2e-6)


@given(n=st.integers(1, 400), data=st.data())
def test_the_interval_holds_the_share_and_mirrors(n, data):
    """It holds the share, stays within 0 and 1, and is that of the failures turned round."""
    k = data.draw(st.integers(0, n))
    low, high = exact(k, n, 0.95)
    assert 0.0 <= low <= k / n <= high <= 1.0
    mirrored = exact(n - k, n, 0.95)
    assert (1.0 - high, 1.0 - low) == pytest.approx(mirrored, abs=1e-9)


def test_ties_say_nothing_of_who_is_better():
    """The share is of the decided pairs; all ties, or none at all, give no share and say so."""
    found = preference(["candidate"] * 9 + ["incumbent"] + ["same"] * 10)
    assert (found.pairs, found.same, found.share) == (20, 10, 0.9)
    assert found.low == pytest.approx(0.554984, abs=2e-6)
    assert "readers prefer the candidate" in found.reason
    assert "too close to say" in preference(["candidate"] * 6 + ["incumbent"] * 4).reason
    assert preference(["same"] * 3).share is None
    assert preference([]).reason == "No pair was judged blind yet."


def outcome(call: str, name: str, value: str, minute: int) -> Outcome:
    """Something told about a call."""
    at_us = int((START + dt.timedelta(minutes=minute)).timestamp() * 1e6)
    return Outcome(
        outcome_id=f"{minute:032x}", call_id=call, name=name, value=value, at_us=at_us, kind="feedback", reporter="desk"
    )


def test_what_was_told_is_gathered_by_call():
    """The last word on each point counts; words and flags ask for a reply from the first of them on, ratings do not."""
    outcomes = [
        outcome(A, "rating", "-1", 1),
        outcome(A, "rating", "1", 3),
        outcome(A, "comment", '"wrong team"', 2),
        outcome(A, "reason", '"invoice"', 5),
        outcome(B, "action", '"overridden"', 4),
        outcome(B, "override", '{"team":"billing"}', 4),
        outcome(B, "rating", '"good"', 6),
        outcome(B, "edge_case", "false", 7),
    ]
    newest, older = told(outcomes)
    assert (newest.call, newest.action, newest.rating, newest.asking_us) == (B, "overridden", None, None)
    assert newest.override == '{"team":"billing"}'
    assert (older.rating, older.comment, older.reason) == (1.0, "wrong team", "invoice")
    assert moment(older.asking_us) == START + dt.timedelta(minutes=2)
    figures = seen((newest, older), START)
    assert (figures.calls, figures.actions, figures.rating, figures.judged) == (2, {"overridden": 1}, 1.0, 2)
    assert [one.call for one in figures.asking] == [A]
    assert figures.newest_at == START + dt.timedelta(minutes=7)


def test_several_points_may_come_at_once():
    """An outcome named feedback whose value is an object tells each of its points; what it cannot mean is left out."""
    value = '{"action": "edited", "rating": -1, "comment": "wrong team", "edge_case": "yes", "mood": 3}'
    (one,) = told([outcome(A, "feedback", value, 1)])
    assert (one.action, one.rating, one.comment, one.edge_case) == ("edited", -1.0, "wrong team", False)


def test_nothing_told_is_nothing():
    """No outcome at all gives no mean and no newest."""
    figures = seen((), START)
    assert (figures.calls, figures.rating, figures.newest_at, figures.asking) == (0, None, None, ())


def test_a_flag_asks_for_a_reply():
    """An edge case that somebody flags is a question, also without words."""
    (one,) = told([outcome(A, "edge_case", "true", 1)])
    assert one.edge_case
    assert one.asking_us is not None
