"""What pages keep of each workload: a changed record at once, the rest bit by bit, nothing for too long."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import Story
from tests.workflow.office import FakeClock
from tests.workflow.test_inbox import judged

from pilotage.server import kept
from pilotage.server.kept import Kept


@pytest.fixture
def judgements():
    """Forty workloads."""
    one = judged(Story().propose())
    return [structs.replace(one, workload=structs.replace(one.workload, slug=f"w-{number}")) for number in range(40)]


class Maker:
    """Counts what is made."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, judgement, now: dt.datetime) -> tuple[str, dt.datetime]:
        """The workload's name, and when it was made."""
        self.made.append(judgement.workload.slug)
        return judgement.workload.slug, now


def test_what_changed_is_made_anew_at_once_and_nothing_else(judgements):
    """The second page makes nothing, the third only the workload whose record changed."""
    held, clock, make = Kept(), FakeClock(), Maker()
    assert [slug for slug, _ in held.of(judgements, clock, make)] == [f"w-{number}" for number in range(40)]
    make.made.clear()
    held.of(judgements, clock, make)
    assert make.made == []
    changed = structs.replace(judgements[3].workload, title="Another title")
    judgements[3] = structs.replace(judgements[3], workload=changed)
    held.of(judgements, clock, make)
    assert make.made == ["w-3"]


def test_what_grows_old_is_made_anew_bit_by_bit(judgements):
    """After half a minute so many a page, the oldest first; after ten minutes all of it."""
    held, clock, make = Kept(), FakeClock(), Maker()
    held.of(judgements, clock, make)
    clock.at += dt.timedelta(seconds=kept.FRESH_S)
    make.made.clear()
    held.of(judgements, clock, make)
    assert len(make.made) == kept.ANEW_MAX
    held.of(judgements, clock, make)
    assert sorted(make.made) == sorted(f"w-{number}" for number in range(40))
    clock.at += dt.timedelta(seconds=kept.STALE_S)
    make.made.clear()
    held.of(judgements, clock, make)
    assert len(make.made) == 40


def test_a_clock_that_was_set_back_makes_all_anew(judgements):
    """What was made in the future is not known."""
    held, clock, make = Kept(), FakeClock(), Maker()
    held.of(judgements, clock, make)
    make.made.clear()
    clock.at -= dt.timedelta(days=1)
    held.of(judgements, clock, make)
    assert len(make.made) == 40
