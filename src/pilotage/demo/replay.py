"""The desk's replay: the flights in event order, with a weather feed that may be broken."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from pilotage.demo.call_ids import call_id_for
from pilotage.demo.cast import SLUG
from pilotage.demo.desk import Desk, break_weather
from pilotage.demo.flights import CallEvent, FlightInput, Flights, LabelEvent, events
from pilotage.demo.replaying import Replay, Running, answer_of
from pilotage.runtime.answer import Answer

REVIEW_EVERY = 500
SHOWN_SAID_EVERY = 3
Broken = tuple[dt.datetime, dt.datetime | None]


class FlightReplay(Replay):
    """The desk at work: both arms registered with the SDK, and the flights to decide on.

    `feed_broken` says from when until when (None: until further notice) the candidate sees one stormy hour's
    weather, again and again.
    """

    def __init__(
        self, running: Running, flights: Flights, desk: Desk, feed_broken: Callable[[], Broken | None]
    ) -> None:
        super().__init__(running, slug=SLUG, review_every=REVIEW_EVERY)
        self._flights = flights
        self._desk = desk
        self._feed_broken = feed_broken
        self._feed_is_stuck = False
        self._inputs: dict[str, FlightInput] = {}
        self._shown: dict[str, bool] = {}

    def register(self, release: str, digest: str) -> None:
        """Register both arms. The candidate gets its weather from a feed, which may be broken."""
        self._workload.incumbent(self._desk.incumbent)

        @self._workload.candidate(release=release, digest=digest)
        def candidate(flight: FlightInput) -> Answer:
            seen = break_weather(flight) if self._feed_is_stuck else flight
            return answer_of(self._desk.candidate(seen), "warn")

    def happen(self, start: dt.datetime, end: dt.datetime) -> int:
        """Every flight decided on and every outcome of these hours."""
        calls = 0
        self._feed_is_stuck = self._stuck_at(start)
        for event in events(self._flights, start, end, since=self._since):
            if isinstance(event, CallEvent):
                self._decide(event)
                calls += 1
            else:
                self._learn(event)
        return calls

    def _decide(self, event: CallEvent) -> None:
        flight = event.input
        self._inputs[event.key] = flight
        answer = self._workload.call(
            flight,
            unit=event.unit,
            segment={"origin": flight["origin"]},
            at=event.at,
            call_id=call_id_for(event.key),
        )
        if answer.arm == "candidate":
            self._shown[event.key] = answer.value["warn"]

    def _learn(self, event: LabelEvent) -> None:
        call_id = call_id_for(event.key)
        self._workload.outcome(call_id, "label", event.late, at=event.at, basis="independent")
        flight, warned = self._inputs.pop(event.key, None), self._shown.pop(event.key, None)
        if warned is not None and int(call_id, 16) % SHOWN_SAID_EVERY == 0:
            self._say(call_id, event, warned=warned)
        elif flight is not None and self.is_reviewed(call_id):
            self.review(call_id, right=self._desk.candidate(flight)["warn"] == event.late, at=event.at)

    def _say(self, call_id: str, event: LabelEvent, *, warned: bool) -> None:
        """The desk says what it did with a mark, and of a wrong one what it thinks. That it knew is invented."""
        if warned == event.late:
            self._workload.feedback(call_id, action="accepted", rating=1, at=event.at)
        else:
            words = "It was late and nobody was warned." if event.late else "Warned for nothing; it came in time."
            self._workload.feedback(call_id, action="overridden", rating=-1, comment=words, at=event.at)

    def _stuck_at(self, at: dt.datetime) -> bool:
        broken = self._feed_broken()
        if broken is None or at < broken[0]:
            return False
        return broken[1] is None or at < broken[1]
