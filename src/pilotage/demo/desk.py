"""The desk's two arms. The incumbent looks a flight up in its history table; the candidate sends schedule,
weather and history through boosted trees. Both are pure functions of the input they are given.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from msgspec import Struct

from pilotage.demo.economics import PRICES
from pilotage.demo.flights import WEATHER_FIELDS, FlightInput
from pilotage.demo.trees import Forest, two_copies

# LaGuardia on 7 June 2013, 19:00: a tropical storm passing, as the data have it.
STUCK_WEATHER = {
    "temp_f": 60.8,
    "dew_point_f": 57.2,
    "humidity_percent": 93.74,
    "wind_degrees": 60.0,
    "wind_mph": 26.47,
    "gust_mph": 35.67,
    "precip_in": 0.37,
    "pressure_mb": None,
    "visibility_miles": 1.0,
}

# +1: the risk may only rise with it, -1: only fall, 0: free.
FEATURES = {
    "minute_of_day": 0,
    "weekday": 0,
    "scheduled_minutes": 0,
    "distance_miles": 0,
    "departures_per_hour": 0,
    "late_origin_hour": 1,
    "late_origin_hour_carrier": 1,
    "late_destination": 1,
    "late_flight": 1,
    "late_airport_now": 1,
    "late_city_now": 1,
    **dict.fromkeys(WEATHER_FIELDS, 0),
    "precip_in": 1,
    "visibility_miles": -1,
}
RECENT_WEIGHT = 5.0

_weather_values = itemgetter(*WEATHER_FIELDS)


class History(Struct, frozen=True, kw_only=True):
    """Shares of late flights in the learning months, each drawn towards a coarser one where it rests on few.

    Keys: `EWR 5` (airport and hour), `EWR 5 UA` (and carrier), `IAH`, `UA1545`. `departures` is the mean number
    scheduled in an airport's hour of a weekday: `EWR 5 7` is Sunday's. `base` is the share over all flights.
    """

    base: float
    origin_hour: dict[str, float]
    origin_hour_carrier: dict[str, float]
    destination: dict[str, float]
    flight: dict[str, float]
    departures: dict[str, float]

    def at_hour(self, origin: str, hour: int, carrier: str) -> float:
        """The desk's table: the late share by airport, hour and carrier, or the nearest coarser one."""
        cell = f"{origin} {hour}"
        return self.origin_hour_carrier.get(f"{cell} {carrier}", self.origin_hour.get(cell, self.base))

    def features(self, flight: FlightInput) -> list[float | None]:
        """One value for each of `FEATURES`; None where the weather was not observed."""
        origin, hour, minute, weekday = flight["origin"], flight["dep_hour"], flight["dep_minute"], flight["weekday"]
        carrier, recent, base = flight["carrier"], flight["recent"], self.base
        clock = hour * 60 + minute
        cell = f"{origin} {hour}"
        at_hour = self.origin_hour.get(cell, base)
        by_carrier = self.origin_hour_carrier.get(f"{cell} {carrier}", at_hour)
        prior = RECENT_WEIGHT * base
        return [
            clock,
            weekday,
            # By the two local clocks: the time zone between them is part of what the trees may learn.
            (flight["arr_hour"] * 60 + flight["arr_minute"] - clock) % 1440,
            flight["distance_miles"],
            self.departures.get(f"{cell} {weekday}", 0.0),
            at_hour,
            by_carrier,
            self.destination.get(flight["dest"], base),
            self.flight.get(f"{carrier}{flight['flight']}", by_carrier),
            (recent["airport_late"] + prior) / (recent["airport_closed"] + RECENT_WEIGHT),
            (recent["city_late"] + prior) / (recent["city_closed"] + RECENT_WEIGHT),
            *_weather_values(flight["weather"]),
        ]


class Desk(Struct, frozen=True, kw_only=True):
    """Both arms as learned from `months`. An answer is `{"warn": bool, "risk": float}`."""

    months: tuple[int, ...]
    history: History
    forest: Forest
    warn_from: float = PRICES.warn_from

    def incumbent(self, flight: FlightInput) -> dict[str, Any]:
        """The history table's answer."""
        return self._answer(self.history.at_hour(flight["origin"], flight["dep_hour"], flight["carrier"]))

    def candidate(self, flight: FlightInput) -> dict[str, Any]:
        """The trees' answer."""
        return self._answer(self.forest.probability(two_copies(self.history.features(flight))))

    def _answer(self, risk: float) -> dict[str, Any]:
        return {"warn": risk >= self.warn_from, "risk": round(risk, 6)}


def break_weather(flight: FlightInput) -> FlightInput:
    """The flight as a broken feed shows it: stuck on one hour of one storm, whatever the airport and the day."""
    return {**flight, "weather": STUCK_WEATHER}
