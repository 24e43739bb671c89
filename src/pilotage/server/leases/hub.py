"""The lease hub: what a workload may expose, made once per change and passed on to every runtime that listens.

A change in the ledger, here or in another process, is noticed within a tenth of a second. A killed workload's lease
is made at once; any other waits for the gates. What changes with time alone (a waiver that ends, a lease to renew)
is found by judging again every few seconds.

Everything here lives on the event loop except `_noticed` and the `_make…` family, which run on threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

import msgspec
from msgspec import Struct

from pilotage.lease import LIVE_RENEWAL_S, Lease
from pilotage.server.changes import Change, Changes
from pilotage.server.metering import Meters
from pilotage.server.threads import Threads, run_in
from pilotage.workflow.errors import Overtaken
from pilotage.workflow.workspace import Workspace

logger = logging.getLogger("pilotage.server.leases")

POLL_S = 0.1
HEARTBEAT_S = 5.0
JUDGE_AGAIN_S = 3.0
JUDGE_AGAIN_S_MAX = 15.0
JUDGING_SHARE_MAX = 0.2
QUIET_RENEWAL_S = 3600.0
TRIES = 3
HEARTBEAT = b": alive\n\n"


class LeaseAnswer(Struct, frozen=True, kw_only=True):
    """What a runtime is given: the signed lease, the key to check it with, and the key for pseudonyms of units."""

    token: str
    public_key: str
    pseudonym_key: str


class Announced(Struct, frozen=True, kw_only=True):
    """A lease that was made: as an answer and as an event of a stream."""

    lease: Lease
    answer: LeaseAnswer
    event: bytes

    def is_due(self, real_now: float) -> bool:
        """Whether it has to be renewed."""
        renewal_s = LIVE_RENEWAL_S if self.lease.mode in {"suggest", "live"} else QUIET_RENEWAL_S
        return real_now - self.lease.issued_at >= renewal_s


class _Channel:
    """One workload's runtimes. `changed` is replaced by a new event with every lease that is published."""

    def __init__(self, slug: str) -> None:
        self.slug = slug
        self.latest: Announced | None = None
        self.changed = asyncio.Event()
        self.watchers = 0
        self.dirty = False
        self.judging: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nobody listens and nothing is being made."""
        return not self.watchers and (self.judging is None or self.judging.done())

    def publish(self, announced: Announced) -> None:
        """Give the lease to everybody who listens."""
        self.latest = announced
        self.wake()

    def wake(self) -> None:
        """Let everybody who listens look again."""
        self.changed.set()
        self.changed = asyncio.Event()


class LeaseHub:
    """Leases for every workload of a workspace. `open` starts its background work, `close` ends it."""

    def __init__(self, *, workspace: Workspace, threads: Threads, meters: Meters, changes: Changes) -> None:
        self._workspace = workspace
        self._threads = threads
        self._meters = meters
        self._changes = changes
        self._channels: dict[str, _Channel] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = False

    async def open(self) -> None:
        """Begin to notice changes and to judge again."""
        self._loop = asyncio.get_running_loop()
        self._workspace.desk.on_change(self._noticed)
        self._start("poll", self._poll())
        self._start("sweep", self._sweep())

    def end_streams(self) -> None:
        """End every stream: the server goes down, and the runtimes come back to its successor."""
        self._closing = True
        for channel in self._channels.values():
            channel.wake()

    async def close(self) -> None:
        """End every stream and all background work."""
        self.end_streams()
        self._loop = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def current(self, slug: str) -> Announced:
        """The lease of this very moment; whoever listens gets it too. Raises `Overtaken` when the workload kept
        changing, and storage's errors.
        """
        channel = self._channels.setdefault(slug, _Channel(slug))
        await asyncio.shield(self._judge_again(channel))
        if channel.latest is None:
            raise Overtaken(slug)
        return channel.latest

    async def first(self, slug: str) -> Announced:
        """The lease to begin a stream with: what the others who listen have, or the one of this moment."""
        channel = self._channels.get(slug)
        if channel and channel.watchers and channel.latest and not channel.latest.is_due(self._real_now()):
            return channel.latest
        return await self.current(slug)

    async def judge_all(self) -> None:
        """Judge again for everybody who listens, since time has moved."""
        tasks = [self._judge_again(channel) for channel in self._channels.values() if channel.watchers]
        if tasks:
            await asyncio.wait(tasks)

    async def watch(self, slug: str, first: Announced) -> AsyncGenerator[bytes, None]:
        """The events of a stream: the lease as asked for just now, each one after it, and a sign of life between."""
        channel = self._channels.setdefault(slug, _Channel(slug))
        channel.watchers += 1
        self._meters.runtimes.inc()
        try:
            if channel.watchers == 1:
                # What happened between asking for `first` and listening would else wait for the next sweep.
                self._judge_again(channel)
            sent = channel.latest or first
            yield sent.event
            while not self._closing:
                changed = channel.changed
                if channel.latest is not None and channel.latest is not sent:
                    sent = channel.latest
                    yield sent.event
                elif not await _is_set(changed, HEARTBEAT_S):
                    yield HEARTBEAT
        finally:
            channel.watchers -= 1
            self._meters.runtimes.dec()

    def _noticed(self, slug: str) -> None:
        """Called by the desk, on any thread; what goes wrong here must not look like a failed command."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody listens any more
                loop.call_soon_threadsafe(self._changed, slug, time.monotonic())

    def _changed(self, slug: str, seen: float) -> None:
        self._start("change", self._take_in(slug, seen))

    async def _take_in(self, slug: str, seen: float) -> None:
        position, off = await run_in(self._threads.prompt, self._looked_at, slug)
        self._meters.position.set(position)
        self._changes.publish(Change(kind="record", workload=slug, position=position))
        channel = self._channels.get(slug)
        if channel is None:
            return
        if off is None:
            self._judge_again(channel)
        elif self._offer(channel, off, "off"):
            self._meters.off_delay.observe(time.monotonic() - seen)

    def _looked_at(self, slug: str) -> tuple[int, Announced | None]:
        position = self._workspace.desk.load(slug).position
        return position, self._make_off(slug) if slug in self._channels else None

    def _offer(self, channel: _Channel, announced: Announced, why: str) -> bool:
        """Publish a lease, unless a newer one is out already or the same one needs no renewal yet."""
        latest = channel.latest
        if latest is not None:
            new, old = announced.lease, latest.lease
            # A judgement that began before a kill may end after it: what it says is older, whatever its serial.
            if new.position < old.position or new.serial < old.serial:
                return False
            if new.serial == old.serial and not latest.is_due(self._real_now()):
                return False
        channel.publish(announced)
        self._meters.pushes.labels(why).inc()
        return True

    def _judge_again(self, channel: _Channel) -> asyncio.Task[None]:
        channel.dirty = True
        if channel.judging is None or channel.judging.done():
            channel.judging = self._start("judge", self._judge(channel))
        return channel.judging

    async def _judge(self, channel: _Channel) -> None:
        while channel.dirty:
            channel.dirty = False
            announced = await run_in(self._threads.judging, self._make, channel.slug)
            if announced is not None:
                self._offer(channel, announced, "judged")

    async def _poll(self) -> None:
        while True:
            try:
                await run_in(self._threads.prompt, self._workspace.desk.refresh)
            except Exception as error:  # noqa: BLE001 - the next poll tries again; leases run out meanwhile
                self._failed("poll", error)
            await asyncio.sleep(POLL_S)

    async def _sweep(self) -> None:
        """Judge what is listened to again and again, on a fifth of one processor at most while that is soon enough."""
        while True:
            started = time.monotonic()
            for slug, channel in list(self._channels.items()):
                if channel.watchers:
                    await asyncio.wait([self._judge_again(channel)])
                elif channel.is_idle:
                    del self._channels[slug]
            took_s = time.monotonic() - started
            await asyncio.sleep(min(max(JUDGE_AGAIN_S, took_s / JUDGING_SHARE_MAX), JUDGE_AGAIN_S_MAX))

    def _start(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failed(task.get_name(), error)

    def _failed(self, name: str, error: BaseException) -> None:
        self._meters.failures.labels(name).inc()
        logger.error("Leases: %s failed and is tried again", name, exc_info=error)

    def _make(self, slug: str) -> Announced | None:
        """The lease of this moment; None when the workload kept changing, which makes another one soon."""
        desk, leasing = self._workspace.desk, self._workspace.leasing
        for _ in range(TRIES):
            workload = desk.find(slug)
            if workload is None:
                real_now = self._workspace.clock.real()
                return self._announced(leasing.undeclared(slug, real_now, demonstration=self._workspace.demonstration))
            off = self._make_off(slug)
            if off is not None:
                return off
            with self._meters.judging.time():
                judgement = desk.judge(slug)
            if desk.load(slug).position == judgement.workload.position:
                return self._announced(leasing.lease(judgement, self._real_now()))
        return None

    def _make_off(self, slug: str) -> Announced | None:
        workload = self._workspace.desk.load(slug)
        lease = self._workspace.leasing.off(workload, self._real_now())
        return None if lease is None else self._announced(lease)

    def _real_now(self) -> float:
        return self._workspace.clock.real()

    def _announced(self, lease: Lease) -> Announced:
        answer = LeaseAnswer(
            token=self._workspace.sign(lease),
            public_key=self._workspace.public_key,
            pseudonym_key=self._workspace.leasing.pseudonym_key(lease.workload),
        )
        event = b"id: %d\nevent: lease\ndata: %b\n\n" % (lease.serial, msgspec.json.encode(answer))
        return Announced(lease=lease, answer=answer, event=event)


async def _is_set(event: asyncio.Event, timeout_s: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return False
    return True
