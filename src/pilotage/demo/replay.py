"""Replays the flights through the SDK in event order, and keeps how far it got on disk.

Call ids and times come from the data, so a stretch that is played twice is stored once.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from pathlib import Path

import msgspec

from pilotage.client import Client
from pilotage.demo.cast import SLUG
from pilotage.demo.desk import Desk, break_weather
from pilotage.demo.flights import CallEvent, FlightInput, Flights, LabelEvent, call_id_for, events
from pilotage.lease import load_public_key, verify
from pilotage.runtime.answer import Answer
from pilotage.runtime.process import flush
from pilotage.runtime.workload import Workload

REVIEW_EVERY = 500
SETTLE_SECONDS = 20.0
FLUSH_SECONDS = 60.0


class Interrupted(Exception):
    """Nothing is lost: what was recorded is on disk, and a second start goes on from there."""


class Replay:
    """The desk at work: both arms registered with the SDK, and the flights to decide on.

    `since` is the first flight decided on; `progress` the file that says how far it got.
    """

    def __init__(
        self, workload: Workload, client: Client, flights: Flights, desk: Desk, *, since: dt.datetime, progress: Path
    ) -> None:
        self._workload = workload
        self._client = client
        self._flights = flights
        self._desk = desk
        self._since = since
        self._progress = progress
        self._broken: tuple[dt.datetime, dt.datetime | None] | None = None
        self._feed_is_stuck = False
        self._inputs: dict[str, FlightInput] = {}
        self.calls = 0

    def register(self, release: str, digest: str) -> None:
        """Register both arms. The candidate gets its weather from a feed, which may be broken."""
        self._workload.incumbent(self._desk.incumbent)

        @self._workload.candidate(release=release, digest=digest)
        def candidate(flight: FlightInput) -> Answer:
            answer = self._desk.candidate(break_weather(flight) if self._feed_is_stuck else flight)
            risk = answer["risk"]
            return Answer(answer, confidence=risk if answer["warn"] else 1.0 - risk)

    def reached(self) -> dt.datetime:
        """Until when everything is replayed and acknowledged."""
        if not self._progress.exists():
            return self._since
        return dt.datetime.fromisoformat(msgspec.json.decode(self._progress.read_bytes(), type=str))

    def close(self) -> None:
        """Stop the runtime; what the server has not taken stays on disk for the next start."""
        self._workload.close()
        self._client.close()

    def break_feed(self, between: tuple[dt.datetime, dt.datetime | None] | None) -> None:
        """Between these times (until further notice) the candidate sees one stormy hour's weather, again and again."""
        self._broken = between

    def settle(self) -> None:
        """Wait until the runtime obeys the lease that the server gives now."""
        given = self._client.get(f"/workloads/{SLUG}/lease")
        key = load_public_key(given["public_key"])
        serial = verify(given["token"], key, workload=SLUG, now=time.time(), newest_serial=0).serial
        deadline = time.monotonic() + SETTLE_SECONDS
        while (lease := self._workload.lease) is None or lease.serial < serial:
            if time.monotonic() > deadline:
                raise Interrupted(f"The runtime has not received lease {serial} in {SETTLE_SECONDS:g} s.")
            time.sleep(0.002)

    def play(self, start: dt.datetime, end: dt.datetime) -> int:
        """Every call and label from `start` until before `end`, acknowledged when this returns; how many calls."""
        calls = 0
        self._feed_is_stuck = self._stuck_at(start)
        for event in events(self._flights, start, end, since=self._since):
            if isinstance(event, CallEvent):
                self._decide(event)
                calls += 1
            else:
                self._learn(event)
        if not flush(FLUSH_SECONDS):
            raise Interrupted("The server has not taken the recorded calls; they are kept on disk.")
        self._keep(end)
        self.calls += calls
        return calls

    def _decide(self, event: CallEvent) -> None:
        flight = event.input
        self._inputs[event.key] = flight
        self._workload.call(
            flight,
            unit=event.unit,
            segment={"origin": flight["origin"]},
            at=event.at,
            call_id=call_id_for(event.key),
        )

    def _learn(self, event: LabelEvent) -> None:
        call_id = call_id_for(event.key)
        self._workload.outcome(call_id, "label", event.late, at=event.at)
        flight = self._inputs.pop(event.key, None)
        lease = self._workload.lease
        reviewing = lease is not None and lease.mode == "shadow"
        if flight is not None and reviewing and int(call_id, 16) % REVIEW_EVERY == 0:
            self._review(call_id, flight, event)

    def _review(self, call_id: str, flight: FlightInput, event: LabelEvent) -> None:
        """The desk's lead looks at a pair after the fact, without being told which answer is whose."""
        right = self._desk.candidate(flight)["warn"] == event.late
        self._workload.feedback(
            call_id,
            rating=1 if right else -1,
            comment="Blind review: I would have followed it." if right else "Blind review: it would have misled us.",
            at=event.at,
        )

    def _stuck_at(self, at: dt.datetime) -> bool:
        if self._broken is None or at < self._broken[0]:
            return False
        return self._broken[1] is None or at < self._broken[1]

    def _keep(self, through: dt.datetime) -> None:
        partial = self._progress.with_suffix(".partial")
        with partial.open("wb") as file:
            file.write(msgspec.json.encode(through.isoformat()))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._progress)
