"""The audit by itself: the real ledger verified, the newest calls followed, written down once a week."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.operations.test_watching import Room
from tests.record.stories import Story
from tests.workflow.office import SLUG, Office, measured
from tests.workflow.pilots import CountingStore

from pilotage.operations.auditing import Auditor
from pilotage.operations.watching import Watch
from pilotage.record.areas.auditing import RecordsAudited
from pilotage.runtime.records import Call, Execution
from pilotage.workflow.measuring import Measuring


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A desk with a workload that is being hardened."""
    office = Office(tmp_path / "pilotage.db")
    story = Story().begin_hardening()
    office.tell(story)
    office.clock.at = story.now
    measured(office)
    yield office
    office.close()


@pytest.fixture
def room(office: Office, tmp_path: Path) -> Iterator[Room]:
    """What the audit needs of a workspace, with one call in shadow."""
    with CountingStore(tmp_path / "calls") as store:
        yield Room(office, Measuring(calls=store, clock=office.clock), store)


def shadowed(office: Office, number: int = 1, **changes) -> Call:
    """A call in shadow, of now."""
    fields = {
        "call_id": f"{number:032x}",
        "at_us": round(office.clock.now().timestamp() * 1e6),
        "served": Execution(arm="incumbent", value='"billing"', latency_us=9),
        "beside": Execution(arm="candidate", release="r1", value='"billing"', latency_us=9),
        "unit": "u1",
        "mode": "shadow",
        "stage": "shadow/1",
        "input": "{}",
    }
    return Call(**fields | changes)


def test_an_audit_verifies_the_ledger_and_follows_calls(office, room):
    """Every entry counts, the head is named, and a call whose release is registered is followed."""
    room.calls.append_calls(SLUG, [shadowed(office)])
    found = Auditor(room).audit(office.desk.load(SLUG))
    assert found == RecordsAudited(
        entries=office.ledger.position(), root=office.ledger.verify().root, problems=0, sampled=1, traced=1
    )
    assert found.is_clean


def test_a_changed_entry_and_an_unregistered_release_are_found(office, room):
    """What somebody altered past the ledger is a problem, and a call of an unknown release is named."""
    room.calls.append_calls(SLUG, [shadowed(office, beside=Execution(arm="candidate", release="r9", value='"x"'))])
    with office.engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER entries_refuse_update"))
        connection.execute(sa.text("UPDATE entries SET actor = 'mallory' WHERE position = 2"))
    found = Auditor(room).audit(office.desk.load(SLUG))
    assert found.problems > 0
    assert (found.sampled, found.traced) == (1, 0)
    assert "release r9" in found.untraced[0]


def test_the_watch_writes_an_audit_down_once_a_week(office, room):
    """After the first round nothing is written for a week, and then again."""
    room.calls.append_calls(SLUG, [shadowed(office)])
    watch = Watch(room)
    assert watch.run() == (SLUG,)
    first = office.desk.load(SLUG).auditing.newest
    assert first is not None
    assert first.stamp.by == "system"
    office.clock.wait(days=2)
    watch.run()
    assert office.desk.load(SLUG).auditing.newest == first
    office.clock.wait(days=5)
    watch.run()
    assert office.desk.load(SLUG).auditing.newest.stamp.at == office.clock.now()


def test_what_is_wrong_is_looked_at_daily_and_written_when_it_changed(office, room):
    """Without a call to follow nothing is written anew for a day; a call that came is, on the day after."""
    watch = Watch(room)
    watch.run()
    first = office.desk.load(SLUG).auditing.newest
    assert first.fact.sampled == 0
    room.calls.append_calls(SLUG, [shadowed(office)])
    office.clock.wait(hours=2)
    watch.run()
    assert office.desk.load(SLUG).auditing.newest == first
    office.clock.wait(days=1)
    watch.run()
    assert office.desk.load(SLUG).auditing.newest.fact.is_clean


def test_a_pilot_is_not_audited_yet(office, room):
    """Before the evaluation nothing rests on it."""
    office.tell(Story().begin_pilot(), "other-desk")
    assert Auditor(room).audit(office.desk.load("other-desk")) is None
