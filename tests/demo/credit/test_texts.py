"""What the referral's people write, and the order in which its loans happen."""

from __future__ import annotations

import datetime as dt

from tests.record.stories import Story

from pilotage.demo.cast import CAST
from pilotage.demo.credit.charter import SLUG
from pilotage.demo.credit.loans import arrivals, sample_of
from pilotage.demo.credit.replay import events
from pilotage.demo.credit.texts import read_texts
from pilotage.record.areas.costing import CATEGORIES
from pilotage.record.areas.data import ListSource, SampleLimits, exceeded
from pilotage.record.commands import PERMITTED
from pilotage.workflow.sampling import sample_of as figures_of

LOANS = ListSource(
    id="loans",
    title="Published loans",
    holds="Loans without names.",
    basis="licence",
    granted_by="the package",
    owner="eva",
    retention="while it runs",
)


def rows() -> bytes:
    """Rows to hand in."""
    return b"grade,bad\nA,no\n"


def test_the_sample_is_within_every_limit_but_that_of_age(loans):
    """The loans learned from are looked at as they are: labels are there, and only the dates are missing."""
    given = next(one for one in read_texts(lambda: sample_of(loans)).records["select"] if callable(one.command))
    command = given.made()
    seen = figures_of(command)
    assert not isinstance(seen, tuple)
    story = Story().propose()
    story.does("eva", LOANS)
    story.does("eva", command, sample=seen)
    assert [one.limit for one in exceeded(story.standing.data.samples["loans"], SampleLimits())] == ["age"]


def test_each_record_is_a_command_of_somebody_who_may_give_it():
    """Every entry of the file is a whole command, given by a person with one of its roles."""
    records = read_texts(rows).records
    assert set(records) == {"select", "pilot", "no-go", "evaluate"}
    for given in (one for gate in records.values() for one in gate):
        name = type(given.made()).__struct_config__.tag
        assert given.person in CAST
        assert PERMITTED[name] & set(given.person.roles), name


def test_the_workload_says_that_its_times_are_invented():
    """The first problem is the referral, and whoever reads it learns what is real and what is not."""
    texts = read_texts(rows)
    assert texts.problems[0].slug == SLUG
    assert "The loans are real" in texts.problems[0].problem
    assert "invented" in texts.problems[0].problem
    assert "invented" in texts.statements["pilot"]["pilot.real-work"][1]


def test_each_category_of_cost_has_a_line():
    """So that the estimate is whole when the decision is put."""
    lines = [g.command for g in read_texts(rows).records["no-go"] if type(g.command).__name__ == "EstimateCostLine"]
    assert {line.category for line in lines} == set(CATEGORIES)


def test_stretches_give_together_what_one_long_stretch_gives(loans):
    """Each application and each label happens once, in order, whatever the stretches; a label after its call."""
    spread = arrivals(loans[:200], dt.date(2016, 3, 7), 10)
    start = dt.datetime(2016, 3, 7, tzinfo=dt.UTC)
    whole = list(events(spread, start, start + dt.timedelta(days=30)))
    cut = [e for day in range(30) for e in events(spread, *(start + dt.timedelta(days=day + k) for k in (0, 1)))]
    assert [(at, is_call, one.loan.key) for at, is_call, one in whole] == [(at, c, one.loan.key) for at, c, one in cut]
    assert [at for at, _, _ in whole] == sorted(at for at, _, _ in whole)
    assert len(whole) == 400
    seen = set()
    for _, is_call, one in whole:
        assert is_call is (one.loan.key not in seen)
        seen.add(one.loan.key)
