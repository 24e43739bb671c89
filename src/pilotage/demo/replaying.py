"""Replays what an example decides on through the SDK in event order, and keeps how far it got on disk.

Call ids and times come from the data, so a stretch that is played twice is stored once.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from pilotage.client import Client
from pilotage.lease import load_public_key, verify
from pilotage.runtime.answer import Answer
from pilotage.runtime.process import flush
from pilotage.runtime.workload import Workload

SETTLE_SECONDS = 20.0
FLUSH_SECONDS = 60.0


class Interrupted(Exception):
    """Nothing is lost: what was recorded is on disk, and a second start goes on from there."""


def answer_of(says: dict[str, Any], yes: str) -> Answer:
    """An arm's answer for the SDK, with how sure it is: its risk where it says yes, the rest where it says no."""
    return Answer(says, confidence=says["risk"] if says[yes] else 1.0 - says["risk"])


class Running(Struct, frozen=True, kw_only=True, eq=False):
    """What the replay is made with: the runtime and the client it records through, the first moment replayed, and
    where it keeps how far it got.
    """

    runtime: Workload
    client: Client
    since: dt.datetime
    progress: Path


class Replay(ABC):
    """An example at work, with its two arms registered.

    People rate the candidate's answer of every `review_every`-th pair after the fact.
    """

    def __init__(self, running: Running, *, slug: str, review_every: int) -> None:
        self._workload = running.runtime
        self._client = running.client
        self._since = running.since
        self._progress = running.progress
        self._slug = slug
        self._review_every = review_every
        self.calls = 0

    @abstractmethod
    def happen(self, start: dt.datetime, end: dt.datetime) -> int:
        """Every call and label from `start` until before `end`; how many calls."""

    def reached(self) -> dt.datetime:
        """Until when everything is replayed and acknowledged."""
        if not self._progress.exists():
            return self._since
        return dt.datetime.fromisoformat(msgspec.json.decode(self._progress.read_bytes(), type=str))

    def close(self) -> None:
        """Stop the runtime; what the server has not taken stays on disk for the next start."""
        self._workload.close()
        self._client.close()

    def settle(self) -> None:
        """Wait until the runtime obeys the lease that the server gives now."""
        given = self._client.get(f"/workloads/{self._slug}/lease")
        key = load_public_key(given["public_key"])
        serial = verify(given["token"], key, workload=self._slug, now=time.time(), newest_serial=0).serial
        deadline = time.monotonic() + SETTLE_SECONDS
        while (lease := self._workload.lease) is None or lease.serial < serial:
            if time.monotonic() > deadline:
                raise Interrupted(f"The runtime has not received lease {serial} in {SETTLE_SECONDS:g} s.")
            time.sleep(0.002)

    def play(self, start: dt.datetime, end: dt.datetime) -> int:
        """Every call and label from `start` until before `end`, acknowledged when this returns; how many calls."""
        calls = self.happen(start, end)
        if not flush(FLUSH_SECONDS):
            raise Interrupted("The server has not taken the recorded calls; they are kept on disk.")
        self._keep(end)
        self.calls += calls
        return calls

    def is_reviewed(self, call_id: str) -> bool:
        """Whether people rate this pair; only while nobody sees the candidate's answers."""
        lease = self._workload.lease
        return lease is not None and lease.mode == "shadow" and int(call_id, 16) % self._review_every == 0

    def review(self, call_id: str, *, right: bool, at: dt.datetime) -> None:
        """How somebody rates a candidate's answer once they know how it ended."""
        self._workload.feedback(call_id, rating=1 if right else -1, at=at)

    def _keep(self, through: dt.datetime) -> None:
        partial = self._progress.with_suffix(".partial")
        with partial.open("wb") as file:
            file.write(msgspec.json.encode(through.isoformat()))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._progress)
