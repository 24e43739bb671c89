"""Changes passed on to whoever watches."""

from __future__ import annotations

import asyncio
import threading

import pytest

from pilotage.server import changes as module
from pilotage.server.changes import BACKLOG, Change, Changes

HEARTBEAT_S = 0.05


@pytest.fixture
async def changes():
    """Changes on the test's own event loop."""
    changes = Changes()
    changes.open()
    yield changes
    changes.end()


def record(position, workload="triage"):
    """A change of the record."""
    return Change(kind="record", workload=workload, position=position)


async def test_every_watcher_is_told_in_order(changes):
    """Two watchers both hear every change, in the order it happened."""
    watchers = [changes.watch(HEARTBEAT_S) for _ in range(2)]
    for position in (1, 2, 3):
        changes.publish(record(position))
    for watcher in watchers:
        assert [(await anext(watcher)).position for _ in range(3)] == [1, 2, 3]


async def test_silence_is_broken_by_a_sign_of_life(changes):
    """When nothing happens the watcher hears nothing but that the stream lives."""
    watcher = changes.watch(HEARTBEAT_S)
    assert await anext(watcher) is None
    changes.publish(record(1))
    assert await anext(watcher) == record(1)


async def test_who_falls_behind_misses_the_oldest(changes):
    """A watcher that does not listen keeps a bounded backlog, and never holds the others up."""
    watcher = changes.watch(HEARTBEAT_S)
    for position in range(BACKLOG + 10):
        changes.publish(record(position))
    assert (await anext(watcher)).position == 10


async def test_traffic_is_told_from_any_thread_and_not_too_often(changes, monkeypatch):
    """Whoever takes calls in, on whatever thread, tells it; a watcher hears once a second at most, per workload."""
    monkeypatch.setattr(module, "TRAFFIC_S", 60.0)
    watcher = changes.watch(HEARTBEAT_S)
    changes.publish(record(7))
    threads = [threading.Thread(target=changes.traffic, args=(slug,)) for slug in ("triage", "triage", "routing")]
    for thread in threads:
        thread.start()
        await asyncio.to_thread(thread.join)
    heard = [await anext(watcher) for _ in range(3)]
    assert [(change.kind, change.workload, change.position) for change in heard] == [
        ("record", "triage", 7),
        ("traffic", "triage", 7),
        ("traffic", "routing", 0),
    ]
    assert await anext(watcher) is None


async def test_the_end_ends_every_watcher(changes):
    """When the server goes down, streams end by themselves."""
    watcher = changes.watch(HEARTBEAT_S)
    ended = asyncio.create_task(_rest(watcher))
    await asyncio.sleep(0)
    changes.end()
    assert [change for change in await asyncio.wait_for(ended, 5) if change is not None] == []
    assert changes.watchers == 0


async def _rest(watcher):
    return [change async for change in watcher]


async def test_a_stream_that_nobody_reads_is_forgotten(changes):
    """Whoever asks for changes and goes away at once leaves nothing behind."""
    watcher = changes.watch(HEARTBEAT_S)
    assert changes.watchers == 1
    del watcher
    assert changes.watchers == 0


def test_nobody_is_told_before_the_beginning_or_after_the_end():
    """Traffic outside the server's life is no error."""
    changes = Changes()
    changes.traffic("triage")
    changes.end()
    changes.traffic("triage")
    assert changes.watchers == 0
