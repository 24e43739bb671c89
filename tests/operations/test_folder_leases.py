"""Leases for embedded runtimes: written when they are due, obeyed, and never above shadow by a process that ends."""

from __future__ import annotations

import dataclasses
import os
import time

import msgspec
import pytest
from tests.server.cast import PROPOSAL, enrol, open_here

from pilotage.lease import Lease, lifetime_s, load_public_key, verify
from pilotage.operations.announcing import announced, read_announcement
from pilotage.operations.folder_leases import FolderLeases
from pilotage.operations.jobs import Jobs
from pilotage.record.commands import Kill, Propose
from pilotage.record.context import Actor
from pilotage.runtime.keeper import Offer
from pilotage.runtime.settings import read_settings
from pilotage.runtime.workload import Workload
from pilotage.storage.errors import StorageUnavailable

SLUG = "ticket-triage"
WAIT_S = 15.0


class StatedLeasing:
    """Leasing that says what the test states."""

    def __init__(self, mode):
        self.mode = mode
        self.serial = 1

    def off(self, _workload, _now):
        """Never: the gates have to be asked."""

    def lease(self, judgement, now):
        """A lease of the stated mode."""
        return Lease(
            workload=judgement.workload.slug,
            serial=self.serial,
            mode=self.mode,
            issued_at=now,
            not_after=now + lifetime_s(self.mode),
        )

    def pseudonym_key(self, _slug):
        """Any key."""
        return "ab" * 16


class StoppedClock:
    """Real time that the test moves."""

    simulated = False

    def __init__(self, at):
        self.at = at

    def real(self):
        """Seconds since 1970."""
        return self.at


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A workspace with one workload in it."""
    for name in [name for name in os.environ if name.startswith("PILOTAGE_")]:
        monkeypatch.delenv(name)
    opened = open_here(tmp_path / "home")
    ada = enrol(opened, "ada", roles={"owner", "engineer"})
    opened.desk.issue(Actor(person=ada.person, roles=frozenset({"engineer"})), SLUG, Propose(**PROPOSAL))
    yield opened
    opened.close()


def written(workspace, slug=SLUG, now=None):
    """The lease in the folder, checked as a runtime checks it; None when there is none."""
    path = workspace.home / "leases" / f"{slug}.json"
    if not path.exists():
        return None
    offer = msgspec.json.decode(path.read_bytes(), type=Offer)
    return verify(offer.token, load_public_key(offer.public_key), workload=slug, now=now or time.time())


def test_an_embedded_runtime_obeys_the_lease_in_the_folder(workspace):
    """What is written is what the runtime takes: signed, for its workload, with the workspace's pseudonym key."""
    lease = FolderLeases(workspace, stays=False).write(SLUG)
    assert lease is not None
    runtime = Workload(read_settings(SLUG, home=workspace.home))
    runtime.incumbent(lambda ticket: ticket)
    assert runtime.wait_for_lease(WAIT_S)
    assert (runtime.lease.serial, runtime.lease.mode) == (lease.serial, "none")
    assert runtime.exposure.refused == ""
    runtime.close()
    assert (workspace.home / "leases" / f"{SLUG}.json").stat().st_mode & 0o077 == 0


def test_a_workload_that_nobody_proposed_gets_a_lease_that_exposes_nothing(workspace):
    """A runtime that spools here without having been declared is told that nothing is exposed."""
    (workspace.home / "spool" / "parcel-desk").mkdir(parents=True)
    assert FolderLeases(workspace, stays=False).renew() == ("parcel-desk",)
    lease = written(workspace, "parcel-desk")
    assert (lease.mode, lease.reason) == ("none", "Nobody has proposed this workload yet.")


@pytest.mark.parametrize("mode", ["suggest", "live"])
def test_only_a_process_that_stays_leases_more_than_shadow(workspace, mode):
    """Suggest and live have to be renewed every few seconds: a command that ends leaves them unwritten."""
    stated = dataclasses.replace(workspace, leasing=StatedLeasing(mode))
    assert FolderLeases(stated, stays=False).write(SLUG) is None
    assert written(workspace) is None
    assert FolderLeases(stated, stays=True).write(SLUG).mode == mode
    assert written(workspace).mode == mode


def test_a_lease_is_written_again_when_it_is_due_or_changed(workspace):
    """An unchanged lease is left alone until its renewal: after 20 seconds live, after an hour in shadow."""
    clock, leasing = StoppedClock(time.time()), StatedLeasing("live")
    leases = FolderLeases(dataclasses.replace(workspace, leasing=leasing, clock=clock), stays=True)
    assert leases.write(SLUG) is not None
    clock.at += 19
    assert leases.write(SLUG) is None
    clock.at += 2
    assert leases.write(SLUG) is not None
    leasing.serial = 2
    assert leases.write(SLUG).serial == 2
    leasing.mode, leasing.serial = "shadow", 3
    assert leases.write(SLUG).mode == "shadow"
    clock.at += 3500
    assert leases.write(SLUG) is None
    clock.at += 101
    assert leases.write(SLUG) is not None


def test_the_jobs_take_calls_in_and_follow_a_kill(workspace):
    """While the jobs run, spooled calls come in and are told, and a kill is in the folder's lease within a moment."""
    told = []
    jobs = Jobs(workspace, on_traffic=told.append)
    FolderLeases(workspace, stays=True).write(SLUG)
    jobs.start()
    runtime = Workload(read_settings(SLUG, home=workspace.home))
    runtime.incumbent(lambda ticket: ticket)
    runtime.call("a ticket", unit="customer-1")
    assert runtime.close()
    before = written(workspace).serial
    owner = Actor(person=workspace.accounts.people()[0].person, roles=frozenset({"engineer"}))
    workspace.desk.issue(owner, SLUG, Kill(reason="it answers nonsense"))
    deadline = time.monotonic() + WAIT_S
    while (written(workspace).serial == before or not told) and time.monotonic() < deadline:
        time.sleep(0.05)
    jobs.stop()
    assert told == [SLUG]
    assert written(workspace).serial > before


def test_a_job_that_fails_leaves_the_others_running(workspace, monkeypatch):
    """When one job fails the others still run, it is named, and it is tried again in its next turn."""
    runtime = Workload(read_settings(SLUG, home=workspace.home))
    runtime.incumbent(lambda ticket: ticket)
    runtime.call("a ticket", unit="customer-1")
    assert runtime.close()
    jobs = Jobs(workspace)

    def away(*_arguments):
        raise StorageUnavailable("calls-unavailable", "The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(workspace.calls, "append_calls", away)
        assert jobs.round(0.0) == ("spool",)
    assert written(workspace) is not None
    waiting = workspace.home / "spool" / SLUG
    assert (jobs.round(0.5), len(list(waiting.glob("*.seg")))) == ((), 1)
    assert (jobs.round(1.5), len(list(waiting.glob("*.seg")))) == ((), 0)


def test_a_server_announces_itself_for_as_long_as_it_runs(tmp_path):
    """The folder says where its server is, to its owner alone, and says nothing once the server has ended."""
    assert read_announcement(tmp_path) is None
    with announced(tmp_path, "http://127.0.0.1:8400", "a-token") as announcement:
        assert read_announcement(tmp_path) == announcement
        assert (announcement.url, announcement.pid, announcement.token) == (
            "http://127.0.0.1:8400",
            os.getpid(),
            "a-token",
        )
        assert (tmp_path / "server.json").stat().st_mode & 0o077 == 0
    assert read_announcement(tmp_path) is None


def test_a_successor_s_announcement_stays(tmp_path):
    """A server that ends leaves alone what another one has written meanwhile; what nobody can read is no server."""
    with announced(tmp_path, "http://127.0.0.1:8400"):
        (tmp_path / "server.json").write_text('{"url": "http://127.0.0.1:8401", "pid": 1}', encoding="utf-8")
    assert read_announcement(tmp_path).url == "http://127.0.0.1:8401"
    (tmp_path / "server.json").write_text("{", encoding="utf-8")
    assert read_announcement(tmp_path) is None
