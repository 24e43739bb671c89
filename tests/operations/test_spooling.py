"""What embedded runtimes spool reaches the call store: once, whole, and whoever died meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from tests.server.cast import open_here

from pilotage.operations.spooling import Ingested, ingest_spool, spooled
from pilotage.runtime.settings import read_settings
from pilotage.runtime.workload import Workload
from pilotage.storage.errors import StorageUnavailable
from pilotage.storage.protocols import CallFilter

SLUG = "ticket-triage"
KILLED = """
import os, signal, sys
import pilotage
desk = pilotage.workload("ticket-triage", home=sys.argv[1])
desk.incumbent(lambda ticket: "billing")
for number in range(500):
    desk.call({"number": number}, unit=f"customer-{number}")
assert pilotage.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A workspace in an empty folder, with no settings from outside."""
    for name in [name for name in os.environ if name.startswith("PILOTAGE_")]:
        monkeypatch.delenv(name)
    opened = open_here(tmp_path / "home")
    yield opened
    opened.close()


def embedded(home, slug=SLUG, **settings):
    """An embedded runtime with an incumbent."""
    runtime = Workload(read_settings(slug, home=home, **settings))
    runtime.incumbent(lambda ticket: ticket["queue"])
    return runtime


def record(home, calls=3, **settings):
    """Some calls with their outcomes, recorded by a runtime that then ends; the ids of the calls."""
    runtime = embedded(home, **settings)
    ids = [runtime.call({"queue": "billing"}, unit=f"customer-{n}").call_id for n in range(calls)]
    for call_id in ids:
        runtime.outcome(call_id, "label", "billing")
    assert runtime.close()
    return ids


def stored(workspace, slug=SLUG):
    """The calls in the store."""
    return workspace.calls.search(slug, CallFilter(), limit=1000).calls


def test_what_was_spooled_is_taken_in_once(workspace):
    """Calls and outcomes come into the store, the spool is empty afterwards, and a second round finds nothing."""
    ids = record(workspace.home)
    taken = ingest_spool(workspace)
    assert taken == Ingested(calls=3, outcomes=3, workloads=(SLUG,))
    assert {one.call.call_id for one in stored(workspace)} == set(ids)
    assert [one.outcomes[0].value for one in stored(workspace)] == ['"billing"'] * 3
    assert list((workspace.home / "spool" / SLUG).iterdir()) == []
    assert ingest_spool(workspace) == Ingested()


def test_a_crash_between_storing_and_removing_doubles_nothing(workspace, tmp_path):
    """A segment that is read again after a crash is known: its records are duplicates and change nothing."""
    record(workspace.home)
    spool = workspace.home / "spool" / SLUG
    shutil.copytree(spool, tmp_path / "kept")
    ingest_spool(workspace)
    for segment in (tmp_path / "kept").iterdir():
        shutil.copy(segment, spool)
    again = ingest_spool(workspace)
    assert (again.calls, again.outcomes, again.duplicates) == (0, 0, 6)
    assert len(stored(workspace)) == 3


def test_a_store_that_is_away_loses_nothing(workspace, monkeypatch):
    """When the store cannot take records the segment stays, and the next round takes it."""
    record(workspace.home)

    def away(*_arguments):
        raise StorageUnavailable("calls-unavailable", "The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(workspace.calls, "append_calls", away)
        with pytest.raises(StorageUnavailable):
            ingest_spool(workspace)
    assert ingest_spool(workspace).calls == 3


def test_what_a_killed_process_had_flushed_is_taken_in(workspace):
    """A process that is killed loses nothing that it had flushed."""
    ran = subprocess.run([sys.executable, "-c", KILLED, str(workspace.home)], check=False)
    assert ran.returncode == -9
    assert ingest_spool(workspace).calls == 500
    assert len(stored(workspace)) == 500


def test_a_living_runtime_keeps_its_open_segment(workspace):
    """The segment that a runtime is writing stays with it; the complete ones are taken."""
    runtime = embedded(workspace.home)
    runtime.call({"queue": "billing"}, unit="customer-1")
    assert runtime.flush()
    ingest_spool(workspace)
    runtime.call({"queue": "access"}, unit="customer-2")
    assert runtime.close()
    ingest_spool(workspace)
    assert len(stored(workspace)) == 2


def test_a_damaged_segment_is_set_aside_with_its_reason(workspace):
    """What is whole before the damage is stored; the file is kept in `refused/` with the reason beside it."""
    record(workspace.home)
    segment = next((workspace.home / "spool" / SLUG).glob("*.seg"))
    data = bytearray(segment.read_bytes())
    data[-3] ^= 0xFF
    segment.write_bytes(bytes(data))
    taken = ingest_spool(workspace)
    assert (taken.calls, taken.refused) == (3, 1)
    aside = workspace.home / "spool" / SLUG / "refused"
    assert (aside / segment.name).read_bytes() == bytes(data)
    assert "fails its checksum" in (aside / f"{segment.name}.reason").read_text(encoding="utf-8")
    assert ingest_spool(workspace) == Ingested()


def test_calls_of_another_workload_are_set_aside(workspace):
    """A segment that stands in the spool of a workload it does not belong to is not mixed with its calls."""
    record(workspace.home)
    shutil.move(workspace.home / "spool" / SLUG, workspace.home / "spool" / "parcel-desk")
    taken = ingest_spool(workspace)
    assert (taken.calls, taken.outcomes, taken.refused) == (0, 0, 1)
    assert stored(workspace, "parcel-desk") == ()


def test_a_demonstration_takes_no_real_traffic(tmp_path):
    """In a demonstration real calls are set aside, replayed and synthetic ones are stored."""
    workspace = open_here(tmp_path / "demo", demonstration=True)
    record(workspace.home, source="real")
    record(workspace.home, source="replay")
    taken = ingest_spool(workspace)
    assert (taken.calls, taken.refused) == (3, 1)
    assert {one.call.source for one in stored(workspace)} == {"replay"}
    workspace.close()


def test_only_folders_that_can_be_workloads_are_read(workspace):
    """A stray folder in the spool is left alone, and a workspace without a spool has nothing to take in."""
    assert spooled(workspace.home) == ()
    assert ingest_spool(workspace) == Ingested()
    for name in ("ticket-triage", "Not A Slug", "..hidden"):
        (workspace.home / "spool" / name).mkdir(parents=True)
    (workspace.home / "spool" / "a-file").write_text("x", encoding="utf-8")
    assert spooled(workspace.home) == ("ticket-triage",)
