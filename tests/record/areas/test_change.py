from __future__ import annotations

import datetime as dt

import pytest
from tests.record.stories import START, Story

from pilotage.record.areas.change import ChangeWork, NameAudience, PlanStream, TellAudience

WHY = "Because it is time to do it."
TODAY = START.date()


def audience(**changes):
    """An audience of nine people who see answers."""
    return NameAudience(**{"id": "desk", "title": "The desk", "people": 9, **changes})


def stream(**changes):
    """The plan of one stream for the desk."""
    given = {"stream": "training", "plan": WHY, "owner": "ann", "due_on": TODAY, "audiences": ("desk",)}
    return PlanStream(**{**given, **changes})


def named() -> Story:
    """A workload with one audience."""
    story = Story().propose()
    story.does("ann", audience())
    return story


def test_whoever_speaks_for_an_audience_has_an_account():
    """A contact is a person known here, or nobody; an audience recorded without one still stands."""
    story = named()
    assert story.standing.change.present["desk"].contact is None
    assert set(story.refusal("ann", audience(contact="zoe"))) == {"unknown-person"}
    story.does("ann", audience(contact="oli"))
    assert story.standing.change.present["desk"].contact == "oli"


def test_an_audience_keeps_its_earlier_wordings():
    """What an audience was before stays known, so that one who joins today does not undo what yesterday was enough."""
    story = named()
    story.does("oli", audience(people=12))
    change = story.standing.change
    assert change.present["desk"].people == 12
    assert [one.fact.people for one in change.earlier_audiences["desk"]] == [9]


def test_an_audience_without_people_is_no_audience_any_more():
    """An audience of nobody is asked for nothing."""
    story = named()
    story.does("ann", audience(people=0))
    assert story.standing.change.present == {}
    assert "No audience is named" in story.verdict("deploy.communication").reason


def test_a_cohort_sees_answers():
    """People who are exposed as a cohort see answers; saying otherwise is refused."""
    refusal = Story().propose().refusal("ann", audience(cohort="berlin", sees_answers=False))
    assert refusal["cohort-without-answers"].field == "cohort"


def test_a_stream_names_what_is_known():
    """An unknown stream, an unknown owner and unknown audiences are all refused at once."""
    found = named().problems("ann", stream(stream="dancing", owner="nobody", audiences=("desk", "roof", "cellar")))
    assert [(one.code, one.field) for one in found] == [
        ("unknown-stream", "stream"),
        ("unknown-person", "owner"),
        ("unknown-audience", "audiences"),
        ("unknown-audience", "audiences"),
    ]


def test_a_stream_is_behind_once_its_day_has_passed_undone():
    """A stream is behind from the day after it was due until somebody says that it is done."""
    story = named()
    story.does("ann", stream())
    change = story.standing.change
    assert change.behind(TODAY) == ()
    assert [one.fact.stream for one in change.behind(TODAY + dt.timedelta(days=1))] == ["training"]
    story.does("ann", stream(progress="done"))
    assert story.standing.change.behind(TODAY + dt.timedelta(days=1)) == ()


def test_what_waits_for_a_person_comes_in_the_order_in_which_it_is_due():
    """A person sees the streams that they see to and that are not done, the earliest first."""
    story = named()
    story.does("ann", stream(owner="oli", due_on=TODAY + dt.timedelta(days=9)))
    story.does("ann", stream(stream="roles", owner="oli", due_on=TODAY))
    story.does("ann", stream(stream="workflow", owner="eva"))
    assert [one.stream for one in story.standing.change.waiting_for("oli")] == ["roles", "training"]


def test_a_change_of_the_work_is_for_an_audience_that_is_known():
    """What changes, changes for somebody."""
    story = named()
    change = ChangeWork(id="sorting", what="workflow", audience="desk", before=WHY, after=WHY, from_on=TODAY)
    story.does("eva", change)
    assert story.standing.change.work["sorting"].fact.audience == "desk"
    other = ChangeWork(id="sorting", what="role", audience="roof", before=WHY, after=WHY, from_on=TODAY)
    assert story.refusal("eva", other)["unknown-audience"].field == "audience"


def test_everything_that_was_told_stays():
    """Telling an audience again adds to what it heard, and it counts as told."""
    story = named()
    told = TellAudience(audience="desk", changes=WHY, told_on=TODAY, channel="meeting")
    story.does("ann", told)
    story.does("ann", told)
    assert len(story.standing.change.told) == 2
    assert story.verdict("deploy.communication").verdict == "met"


@pytest.mark.parametrize(("days", "refused"), [(0, False), (2, True)])
def test_nobody_was_told_tomorrow(days, refused):
    """A day that has come nowhere on earth is refused."""
    told = TellAudience(audience="desk", changes=WHY, told_on=TODAY + dt.timedelta(days=days), channel="letter")
    story = named()
    if refused:
        assert story.refusal("ann", told)["not-yet"].field == "told_on"
    else:
        story.does("ann", told)
