from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from tests.evidence.simulated import money, right

from pilotage.evidence.agreement import (
    AnswerPair,
    PairedAnswers,
    agreement,
    all_pairs,
    compared_field,
    influences,
)
from pilotage.evidence.daybook import OTHER, DayProfile, PairDay
from pilotage.evidence.measurements import Estimate, NotEstimable
from pilotage.evidence.sums import Totals, UnitSum
from pilotage.playbook.metrics import AnswerEquals, Cost, LabelMatch


def found_of(calls):
    """What the store counts, from (unit, incumbent, candidate) of each call."""
    counted = {}
    for _, theirs, mine in calls:
        counted[theirs, mine] = counted.get((theirs, mine), 0) + 1
    pairs = tuple(AnswerPair(incumbent=i, candidate=c, calls=n) for (i, c), n in counted.items())
    moves = influences(pairs)
    units = {}
    for unit, theirs, mine in calls:
        n, y, moved = units.get(unit, (0, 0, 0.0))
        units[unit] = n + 1, y + (theirs is not None and theirs == mine), moved + moves.get((theirs, mine), 0.0)
    totals = Totals()
    for n, y, _ in units.values():
        totals += Totals.of(UnitSum(n=n, y=y))
    kinds = len({answer for pair in counted for answer in pair if answer is not None})
    return PairedAnswers(
        categories=kinds, pairs=pairs, agreeing=totals, influence=sum(moved**2 for *_, moved in units.values())
    )


def table(counts):
    """Calls of as many units, from the counts of a table with the incumbent's answers as rows."""
    calls = [
        (f"{i}{j}{k}", str(i), str(j)) for i, row in enumerate(counts) for j, n in enumerate(row) for k in range(n)
    ]
    return found_of(calls)


COUNTS = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]


def test_kappa_and_its_error_are_those_of_an_independent_implementation():
    """With one call to a unit, kappa and its standard error agree with statsmodels on a three by three table."""
    raters = pytest.importorskip("statsmodels.stats.inter_rater")
    theirs = raters.cohens_kappa(np.array(COUNTS))
    kappa = agreement(table(COUNTS), None).kappa
    assert isinstance(kappa, Estimate)
    assert kappa.value == pytest.approx(theirs.kappa)
    assert (kappa.high - kappa.low) / 2.0 == pytest.approx(1.959963985 * math.sqrt(theirs.var_kappa))


def test_calls_of_one_unit_widen_the_intervals():
    """Ten identical calls of each unit are worth little more than one."""
    once = [(f"u{i}", str(i % 2), str((i % 2) ^ (i % 7 == 0))) for i in range(140)]
    many = [call for call in once for _ in range(10)]
    narrow, wide = agreement(table(COUNTS), None), agreement(found_of(many), None)
    alone = agreement(found_of(once), None)
    assert isinstance(narrow.agreement, Estimate)
    for one, other in ((alone.kappa, wide.kappa), (alone.agreement, wide.agreement)):
        assert isinstance(one, Estimate)
        assert isinstance(other, Estimate)
        assert other.high - other.low == pytest.approx(one.high - one.low, rel=0.1)


def test_kappas_interval_covers_with_clusters():
    """Over 200 draws of 150 units with up to eight alike calls each, the 95 % interval covers the true kappa at least
    92 times in a hundred.
    """
    rng = np.random.default_rng(9)
    covered = 0
    for _ in range(200):
        calls = []
        for unit in range(150):
            theirs = rng.uniform() < 0.4
            mine = theirs if rng.uniform() < 0.8 else not theirs
            calls += [(unit, str(theirs), str(mine))] * rng.integers(1, 9)
        kappa = agreement(found_of(calls), None).kappa
        assert isinstance(kappa, Estimate)
        marginal = 0.4 * 0.8 + 0.6 * 0.2
        chance = 0.4 * marginal + 0.6 * (1 - marginal)
        covered += kappa.low <= (0.8 - chance) / (1 - chance) <= kappa.high
    assert covered >= 0.92 * 200


def test_many_different_answers_have_no_kappa():
    """Free text agrees by chance never or always: kappa says why there is none, agreement stays."""
    calls = [(f"u{i}", f"text {i}", f"text {i if i % 3 else -i}") for i in range(300)]
    found = agreement(found_of(calls), None)
    assert isinstance(found.kappa, NotEstimable)
    assert "different answers" in found.kappa.reason
    assert isinstance(found.agreement, Estimate)


def test_one_and_the_same_answer_has_no_kappa():
    """Where nobody ever says anything else there is nothing to agree on."""
    found = agreement(found_of([(f"u{i}", "yes", "yes") for i in range(50)]), None)
    assert isinstance(found.kappa, NotEstimable)


def test_answers_without_the_field_agree_with_none():
    """Two answers that lack the compared field are a disagreement, not an agreement."""
    calls = [(f"u{i}", None, None) for i in range(20)] + [(f"v{i}", "a", "a") for i in range(20)]
    found = agreement(found_of([*calls, *((f"w{i}", "b", "b") for i in range(20))]), "team")
    assert isinstance(found.agreement, Estimate)
    assert found.agreement.value == pytest.approx(2.0 / 3.0)


def test_no_pairs_have_no_agreement():
    """Before the candidate ran there is nothing to compare, and it is said so."""
    found = agreement(PairedAnswers(), None)
    assert isinstance(found.agreement, NotEstimable)
    assert isinstance(found.kappa, NotEstimable)


def test_answers_are_compared_on_the_field_that_the_target_reads():
    """Else on the first that any metric reads; whole only where none reads a field, or the target reads them whole."""
    cost = money(source=Cost())
    whole, team = right(), right(id="team", source=LabelMatch(answer_field="team"))
    warned = right(id="warned", source=AnswerEquals(equals="true", answer_field="warn"))
    assert compared_field([cost, warned, team], "team") == "team"
    assert compared_field([cost, warned, team], "money") == "warn"
    assert compared_field([whole, warned], "right") is None
    assert compared_field([cost], "money") is None


def kept(day, *pairs):
    """A day's counted pairs of the stage: incumbent, candidate, calls."""
    made = (PairDay(stage="shadow/1", release="r1", incumbent=a, candidate=b, calls=n) for a, b, n in pairs)
    stray = PairDay(stage="shadow/2", release="r1", incumbent="a", candidate="b", calls=900)
    return DayProfile(day=dt.date(2026, 3, day), pairs=(*made, stray))


def test_all_pairs_are_the_days_added_up():
    """Of one stage and release; kappa is that of the whole table, and days without pairs do not count."""
    days = [kept(2, ("a", "a", 40), ("a", "b", 5)), kept(3), kept(4, ("b", "b", 45), ("b", "a", 10))]
    found = all_pairs(days, "shadow/1", "r1")
    assert (found.pairs, found.alike, found.unknown) == (100, 85, 0)
    assert (found.since, found.until) == (dt.date(2026, 3, 2), dt.date(2026, 3, 4))
    assert found.least == found.most == 0.85
    chance = 0.45 * 0.5 + 0.55 * 0.5
    assert found.kappa == pytest.approx((0.85 - chance) / (1 - chance))
    assert all_pairs([kept(3)], "shadow/1", "r1") is None


def test_rare_answers_may_agree_or_not():
    """Both rare: the share lies between, and kappa is not told; one rare and the other common differ."""
    found = all_pairs([kept(2, ("a", "a", 60), (OTHER, OTHER, 30), ("a", OTHER, 10))], "shadow/1", "r1")
    assert (found.least, found.most, found.kappa) == (0.6, 0.9, None)
