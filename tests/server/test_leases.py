"""The lease hub: one lease per change for everybody who listens, kills first, and never an old one after a new one."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import threading
import time

import msgspec
import pytest
from tests.server.cast import enrol, make_live, open_here, write_facts

from pilotage.lease import LIVE_RENEWAL_S, load_public_key, verify
from pilotage.record import facts as f
from pilotage.record.commands import Comment, Kill
from pilotage.record.context import Actor
from pilotage.server.changes import Changes
from pilotage.server.leases import hub as module
from pilotage.server.leases.hub import HEARTBEAT, LeaseAnswer, LeaseHub
from pilotage.server.metering import Meters
from pilotage.server.threads import Threads
from pilotage.storage.errors import StorageUnavailable

SOON_S = 10.0


@pytest.fixture
def owner(workspace):
    """Who owns the workload, and may kill it."""
    return enrol(workspace, "ada", roles={"owner", "operator", "engineer"})


@pytest.fixture
def sponsor(workspace):
    """Who sponsors it."""
    return enrol(workspace, "bob", roles={"sponsor", "reviewer"})


@pytest.fixture
def live(workspace, owner, sponsor):
    """A workspace whose workload serves all traffic."""
    make_live(workspace, owner, sponsor)
    return workspace


class Hubs:
    """Opens hubs on workspaces and closes them at the end."""

    def __init__(self):
        self._opened = []

    async def open(self, workspace):
        """A running hub."""
        threads = Threads()
        changes = Changes()
        changes.open()
        hub = LeaseHub(workspace=workspace, threads=threads, meters=Meters(), changes=changes)
        await hub.open()
        self._opened.append((hub, threads))
        return hub

    async def close(self):
        """End them all."""
        for hub, threads in self._opened:
            await hub.close()
            threads.close()


@pytest.fixture
async def hubs():
    """Hubs for the test's own event loop."""
    hubs = Hubs()
    yield hubs
    await hubs.close()


class Listener:
    """A runtime that listens to a workload's stream."""

    def __init__(self, workspace, hub, slug="triage"):
        self._workspace, self._hub, self._slug = workspace, hub, slug
        self._events = None

    async def next(self, timeout_s=SOON_S):
        """The next lease of the stream, checked as a runtime does; signs of life are passed over."""
        if self._events is None:
            self._events = self._hub.watch(self._slug, await self._hub.first(self._slug))
        while True:
            event = await asyncio.wait_for(anext(self._events), timeout_s)
            if event != HEARTBEAT:
                return self._verified(event)

    def _verified(self, event):
        fields = dict(line.split(": ", 1) for line in event.decode().strip().split("\n"))
        answer = msgspec.json.decode(fields["data"], type=LeaseAnswer)
        key = load_public_key(answer.public_key)
        lease = verify(answer.token, key, workload=self._slug, now=time.time())
        assert (fields["event"], fields["id"]) == ("lease", str(lease.serial))
        return lease

    async def close(self):
        """Stop listening."""
        await self._events.aclose()


def issue(workspace, who, command, slug="triage"):
    """Give a command as somebody with every role."""
    actor = Actor(person=who.person, roles=frozenset({"owner", "operator", "engineer"}))
    workspace.desk.issue(actor, slug, command)


async def until(condition):
    """Wait for something that comes about in the background."""
    for _ in range(int(SOON_S / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come about")


async def test_whoever_listens_has_the_lease_at_once(live, hubs):
    """The first event of a stream is the lease of the moment, signed and within what the gates allow."""
    lease = await Listener(live, await hubs.open(live)).next()
    assert (lease.mode, lease.percent, lease.release.name) == ("live", 100.0, "r1")
    assert lease.position == live.ledger.position()
    assert lease.not_after - lease.issued_at == 60


async def test_a_workload_that_nobody_proposed_has_a_lease_that_exposes_nothing(workspace, hubs):
    """Wiring comes first: an undeclared workload may record, and its runtime learns when it is proposed."""
    hub = await hubs.open(workspace)
    listener = Listener(workspace, hub, "routing")
    lease = await listener.next()
    assert (lease.mode, lease.position, lease.demonstration, lease.source) == ("none", 0, False, "real")
    owner = enrol(workspace, "ada", roles={"owner"})
    sponsor = enrol(workspace, "bob", roles={"sponsor"})
    make_live(workspace, owner, sponsor, "routing")
    while lease.mode != "live":
        newer = await listener.next()
        assert newer.serial > lease.serial
        assert newer.salt == lease.salt
        lease = newer


async def test_a_demonstration_says_so_in_every_lease(tmp_path, hubs):
    """Leases of a demonstration are marked, also for workloads that nobody proposed."""
    workspace = open_here(tmp_path / "demo", demonstration=True)
    lease = await Listener(workspace, await hubs.open(workspace), "anything").next()
    assert (lease.demonstration, lease.source) == (True, "replay")
    await hubs.close()
    workspace.close()


async def test_a_kill_reaches_everybody_who_listens(live, owner, hubs):
    """Fifty runtimes hear of one kill, each once, with a higher serial and the reason."""
    hub = await hubs.open(live)
    listeners = [Listener(live, hub) for _ in range(50)]
    before = {(await listener.next()).serial for listener in listeners}
    assert len(before) == 1
    await asyncio.to_thread(issue, live, owner, Kill(reason="Wrong teams."))
    leases = await asyncio.gather(*(listener.next() for listener in listeners))
    assert {(lease.mode, lease.percent, lease.release) for lease in leases} == {("none", 0.0, None)}
    assert {lease.serial for lease in leases} == {before.pop() + 1}
    assert all("Wrong teams." in lease.reason for lease in leases)


class SlowMeasuring:
    """Measuring that takes as long as the test wants."""

    def __init__(self, measure):
        self._measure = measure
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, workload, playbook):
        """Measure, once the test lets it."""
        self.begun.set()
        assert self.go_on.wait(SOON_S)
        return self._measure(workload, playbook)


async def test_a_kill_does_not_wait_for_a_judgement_and_is_not_undone_by_it(live, owner, hubs):
    """While a judgement takes its time the kill is out already; what it then says of before the kill is not told."""
    hub = await hubs.open(live)
    listener = Listener(live, hub)
    serial = (await listener.next()).serial
    slow = live.desk._measure = SlowMeasuring(live.desk._measure)
    await asyncio.to_thread(issue, live, owner, Comment(comment="Something to judge again."))
    assert await asyncio.to_thread(slow.begun.wait, SOON_S)
    await asyncio.to_thread(issue, live, owner, Kill(reason="Wrong teams."))
    killed = await listener.next()
    assert (killed.mode, killed.serial) == ("none", serial + 1)
    slow.go_on.set()
    await until(hub._channels["triage"].judging.done)
    assert (await hub.current("triage")).lease.mode == "none"
    with pytest.raises(TimeoutError):
        await listener.next(timeout_s=0.3)


async def test_an_older_lease_is_never_published_after_a_newer(live, owner, hubs):
    """Whatever order makers finish in, a lease of an earlier position is dropped, even with a higher serial."""
    hub = await hubs.open(live)
    listener = Listener(live, hub)
    old = await listener.next()
    await asyncio.to_thread(issue, live, owner, Kill(reason="Wrong teams."))
    newer = await listener.next()
    late = msgspec.structs.replace(old, serial=newer.serial + 5)
    assert not hub._offer(hub._channels["triage"], hub._announced(late), "judged")
    assert (await hub.current("triage")).lease.mode == "none"


async def test_what_another_process_writes_is_noticed(tmp_path, live, owner, hubs):
    """A kill by the command line, in a process of its own, reaches the runtimes of this server."""
    hub = await hubs.open(live)
    listener = Listener(live, hub)
    await listener.next()
    other = open_here(live.home)
    await asyncio.to_thread(issue, other, owner, Kill(reason="By hand, at the machine."))
    assert (await listener.next()).mode == "none"
    other.close()


class SteeredClock:
    """A clock whose real and workspace time the test sets."""

    simulated = False

    def __init__(self):
        self.ahead_s = 0.0

    def now(self):
        """Workspace time."""
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.ahead_s)

    def real(self):
        """Real time."""
        return time.time()


async def test_a_lease_is_renewed_before_it_ends(live, hubs, monkeypatch):
    """A live lease is sent again when a third of its life is over, with the same serial."""
    monkeypatch.setattr(module, "JUDGE_AGAIN_S", 0.02)
    listener = Listener(live, await hubs.open(live))
    first = await listener.next()
    monkeypatch.setattr(module, "LIVE_RENEWAL_S", 0.1)
    again = await listener.next()
    assert (again.serial, again.mode) == (first.serial, "live")
    assert again.issued_at > first.issued_at
    assert again.not_after > first.not_after


def test_a_third_of_its_life_makes_a_lease_due(live):
    """A live lease is due after twenty seconds, one that exposes nobody after an hour."""
    hub = LeaseHub(workspace=live, threads=Threads(), meters=Meters(), changes=Changes())
    judged = hub._announced(live.leasing.lease(live.desk.judge("triage"), 1000.0))
    assert not judged.is_due(1000.0 + LIVE_RENEWAL_S - 0.1)
    assert judged.is_due(1000.0 + LIVE_RENEWAL_S)
    quiet = hub._announced(live.leasing.undeclared("routing", 1000.0, demonstration=False))
    assert not quiet.is_due(1000.0 + 3599)
    assert quiet.is_due(1000.0 + 3600)


async def test_what_time_alone_changes_is_found_out(live, hubs, monkeypatch):
    """When a clearance grows too old, exposure falls without anybody writing anything."""
    monkeypatch.setattr(module, "JUDGE_AGAIN_S", 0.02)
    clock = SteeredClock()
    live.desk._clock = clock
    steered = dataclasses.replace(live, clock=clock)
    listener = Listener(steered, await hubs.open(steered))
    assert (await listener.next()).mode == "live"
    clock.ahead_s = 5 * 365 * 86_400
    later = await listener.next()
    assert later.mode in {"none", "shadow"}


async def test_a_failing_judgement_is_tried_again(live, owner, hubs, monkeypatch):
    """While measuring fails the old lease stands, the failure is counted, and the next success is told."""
    monkeypatch.setattr(module, "JUDGE_AGAIN_S", 0.02)
    hub = await hubs.open(live)
    listener = Listener(live, hub)
    await listener.next()
    measure = live.desk._measure

    def failing(workload, playbook):
        raise StorageUnavailable("calls-locked", "Another process writes here: try again.")

    live.desk._measure = failing
    lowered = f.ExposureSet(mode="live", percent=5.0, cohorts=(), reason="Less of it.")
    await asyncio.to_thread(write_facts, live, "triage", (owner, lowered))
    counted = hub._meters.failures.labels("judge")
    await until(lambda: counted._value.get() > 0)
    with pytest.raises(StorageUnavailable):
        await hub.current("triage")
    live.desk._measure = measure
    assert (await listener.next()).percent == 5.0


async def test_silence_is_broken_by_a_sign_of_life(live, hubs, monkeypatch):
    """A stream without news carries a comment every few seconds, so that a dead one is told from a quiet one."""
    monkeypatch.setattr(module, "HEARTBEAT_S", 0.02)
    hub = await hubs.open(live)
    events = hub.watch("triage", await hub.first("triage"))
    seen = [await anext(events) for _ in range(4)]
    assert seen[0].startswith(b"id: ")
    assert HEARTBEAT in seen
    await events.aclose()


async def test_when_the_server_goes_down_streams_end(live, hubs):
    """Ending the streams lets every runtime look for the server's successor at once."""
    hub = await hubs.open(live)
    events = hub.watch("triage", await hub.first("triage"))
    await anext(events)
    waiting = asyncio.create_task(_rest(events))
    await asyncio.sleep(0.05)
    hub.end_streams()
    assert [event for event in await asyncio.wait_for(waiting, SOON_S) if event != HEARTBEAT] == []


async def _rest(events):
    return [event async for event in events]


async def test_workloads_that_nobody_listens_to_are_forgotten(live, hubs, monkeypatch):
    """The hub keeps nothing for streams that have ended, and counts those that are open."""
    monkeypatch.setattr(module, "JUDGE_AGAIN_S", 0.02)
    hub = await hubs.open(live)
    listener = Listener(live, hub)
    await listener.next()
    assert hub._meters.runtimes._value.get() == 1
    await hub.current("routing")
    await until(lambda: set(hub._channels) == {"triage"})
    await listener.close()
    await until(lambda: not hub._channels)
    assert hub._meters.runtimes._value.get() == 0
