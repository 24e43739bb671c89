"""The desk's flights: what is known two hours before each departure, what became of it, and when that was known.

Whatever reaches an arm's input was knowable at the decision: the schedule, the airport's latest complete hour
of weather, and counts of flights whose outcome had come in by then.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from msgspec import Struct

from pilotage.demo.call_ids import call_id_for
from pilotage.demo.timetable import (
    WEATHER_COLUMNS,
    Bools,
    Floats,
    Ints,
    Observations,
    Texts,
    Timetable,
    read_timetable,
    read_weather,
)

FlightInput = dict[str, Any]

LATE_MINUTES = 30
NOTICE_MINUTES = 120
RECENT_MINUTES = 180
WEATHER_AGE_MINUTES_MAX = 360
WEATHER_FIELDS = (
    "temp_f",
    "dew_point_f",
    "humidity_percent",
    "wind_degrees",
    "wind_mph",
    "gust_mph",
    "precip_in",
    "pressure_mb",
    "visibility_miles",
)
RECENT_FIELDS = ("airport_closed", "airport_late", "city_closed", "city_late")


class Flights(Struct, frozen=True, kw_only=True, eq=False):
    """Flights in order of decision; one array element a flight. Times are minutes since 1970 in UTC.

    `weather` is (n, 9) in `WEATHER_FIELDS`, NaN where unknown. `recent` is (n, 4) in `RECENT_FIELDS`: of the
    flights whose outcome came in during the three hours up to the decision, how many, and how many of them late,
    at this airport and at all three. `late` is the label, known at `label_at`.
    """

    carrier: Texts
    flight: Ints
    origin: Texts
    dest: Texts
    distance_miles: Ints
    month: Ints
    day: Ints
    weekday: Ints
    dep_clock: Ints
    arr_clock: Ints
    decision_at: Ints
    departs_at: Ints
    lands_at: Ints
    label_at: Ints
    late: Bools
    weather: Floats
    recent: Ints

    def __len__(self) -> int:
        return len(self.late)

    def select(self, keep: Bools | Ints) -> Flights:
        """Those flights alone. What was known about each stays as it was with all flights in sight."""
        return Flights(**{name: getattr(self, name)[keep] for name in self.__struct_fields__})

    def units(self) -> list[str]:
        """The unit of each flight: carrier and flight number, as in UA1545."""
        return [f"{carrier}{flight}" for carrier, flight in zip(self.carrier, self.flight, strict=True)]

    def keys(self) -> list[str]:
        """What names each flight once: unit, airports and local date of departure."""
        columns = (self.units(), self.origin.tolist(), self.dest.tolist(), self.month.tolist(), self.day.tolist())
        return [
            f"{unit}-{origin}-{dest}-2013-{month:02}-{day:02}"
            for unit, origin, dest, month, day in zip(*columns, strict=True)
        ]

    def inputs(self) -> Iterator[FlightInput]:
        """What both arms are given of each flight: JSON-able, small, and nothing from after the decision."""
        columns = (
            self.carrier.tolist(),
            self.flight.tolist(),
            self.origin.tolist(),
            self.dest.tolist(),
            self.distance_miles.tolist(),
            self.month.tolist(),
            self.weekday.tolist(),
            self.dep_clock.tolist(),
            self.arr_clock.tolist(),
            self.weather.tolist(),
            self.recent.tolist(),
        )
        for row in zip(*columns, strict=True):
            yield _flight_input(*row)


class CallEvent(Struct, frozen=True, kw_only=True):
    """A flight to decide on, two hours before its scheduled departure."""

    at: dt.datetime
    key: str
    unit: str
    input: FlightInput


class LabelEvent(Struct, frozen=True, kw_only=True):
    """A flight's outcome coming in: `late` is the label."""

    at: dt.datetime
    key: str
    late: bool


def load_flights(*, months: Iterable[int] | None = None, unit_every: int = 1) -> Flights:
    """The year's flights from and to New York's three airports, or those of some months.

    `unit_every` keeps about every k-th unit, by a hash of its name, with all of the unit's flights: a slice for tests.

    Raises:
        FileNotFoundError: the package with the data is not installed.
    """
    flights = assemble(read_timetable(), read_weather())
    keep = np.ones(len(flights), dtype=np.bool_)
    if months is not None:
        keep &= np.isin(flights.month, list(months))
    if unit_every > 1:
        names, unit_of = np.unique(np.array(flights.units()), return_inverse=True)
        keep &= np.array([int(call_id_for(str(name)), 16) % unit_every == 0 for name in names])[unit_of]
    return flights.select(keep)


def assemble(timetable: Timetable, weather: Observations) -> Flights:
    """What was known when: each flight with its label, the weather and the recent outcomes at its decision."""
    decision_at = timetable.departs_at - NOTICE_MINUTES
    late, label_at = label(timetable)
    flights = Flights(
        carrier=timetable.carrier,
        flight=timetable.flight,
        origin=timetable.origin,
        dest=timetable.dest,
        distance_miles=timetable.distance_miles,
        month=timetable.month,
        day=timetable.day,
        weekday=timetable.weekday,
        dep_clock=timetable.dep_clock,
        arr_clock=timetable.arr_clock,
        decision_at=decision_at,
        departs_at=timetable.departs_at,
        lands_at=timetable.lands_at,
        label_at=label_at,
        late=late,
        weather=_weather_at(timetable.origin, decision_at, weather),
        recent=_recent_at(timetable.origin, decision_at, late, label_at),
    )
    order = np.lexsort((flights.dest, flights.origin, flights.flight, flights.carrier, decision_at))
    return flights.select(order)


def label(timetable: Timetable) -> tuple[Bools, Ints]:
    """Whether each flight was late, and when that was known.

    Late: it arrived 30 or more minutes after its scheduled arrival, or not at all (cancelled or diverted).
    Known: on landing; for a cancelled flight at its scheduled departure; for a diverted one 30 minutes after its
    scheduled arrival, when it can no longer be on time.
    """
    cancelled = np.isnan(timetable.departure_delay)
    no_arrival = np.isnan(timetable.arrival_delay)
    late = no_arrival | (timetable.arrival_delay >= LATE_MINUTES)
    delay = np.where(no_arrival, LATE_MINUTES, timetable.arrival_delay).astype(np.int64)
    return late, np.where(cancelled, timetable.departs_at, timetable.lands_at + delay)


def events(
    flights: Flights, start: dt.datetime, end: dt.datetime, *, since: dt.datetime | None = None
) -> Iterator[CallEvent | LabelEvent]:
    """Calls and labels in the order in which they happen, from `start` until before `end`.

    Labels come for flights decided at or after `since` (default: `start`), so that consecutive windows with one
    `since` give together what one long window gives. At the same minute labels come before calls, as an arm may
    know them. Times must be aware.
    """
    first, last, oldest = minutes_of(start), minutes_of(end), minutes_of(since or start)
    of_calls = np.flatnonzero((flights.decision_at >= first) & (flights.decision_at < last))
    of_labels = np.flatnonzero(
        (flights.decision_at >= oldest) & (flights.label_at >= first) & (flights.label_at < last)
    )
    of_labels = of_labels[np.argsort(flights.label_at[of_labels], kind="stable")]
    labels, calls = _label_events(flights.select(of_labels)), _call_events(flights.select(of_calls))
    return heapq.merge(labels, calls, key=_event_order)


def _event_order(event: CallEvent | LabelEvent) -> tuple[dt.datetime, bool]:
    return event.at, isinstance(event, CallEvent)


def _call_events(flights: Flights) -> Iterator[CallEvent | LabelEvent]:
    rows = zip(flights.decision_at.tolist(), flights.keys(), flights.units(), flights.inputs(), strict=True)
    for at, key, unit, flight_input in rows:
        yield CallEvent(at=moment_of(at), key=key, unit=unit, input=flight_input)


def _label_events(flights: Flights) -> Iterator[CallEvent | LabelEvent]:
    for at, key, late in zip(flights.label_at.tolist(), flights.keys(), flights.late.tolist(), strict=True):
        yield LabelEvent(at=moment_of(at), key=key, late=late)


def _flight_input(  # noqa: PLR0917 - one column of the table each, in its order
    carrier: str,
    flight: int,
    origin: str,
    dest: str,
    distance_miles: int,
    month: int,
    weekday: int,
    dep_clock: int,
    arr_clock: int,
    weather: list[float],
    recent: list[int],
) -> FlightInput:
    return {
        "carrier": carrier,
        "flight": flight,
        "origin": origin,
        "dest": dest,
        "distance_miles": distance_miles,
        "month": month,
        "weekday": weekday,
        "dep_hour": dep_clock // 60,
        "dep_minute": dep_clock % 60,
        "arr_hour": arr_clock // 60,
        "arr_minute": arr_clock % 60,
        # A value that is not itself is missing, and JSON has no other word for that than null.
        "weather": {
            name: value if value == value else None  # noqa: PLR0124 - tells NaN, ten times faster than isnan
            for name, value in zip(WEATHER_FIELDS, weather, strict=True)
        },
        "recent": dict(zip(RECENT_FIELDS, recent, strict=True)),
    }


def _weather_at(origin: Texts, decision_at: Ints, weather: Observations) -> Floats:
    values = np.full((len(origin), len(WEATHER_COLUMNS)), np.nan)
    for airport in np.unique(origin):
        here = np.flatnonzero(origin == airport)
        seen = weather.origin == airport
        known_at = weather.known_at[seen]
        newest = np.searchsorted(known_at, decision_at[here], side="right") - 1
        fresh = (newest >= 0) & (decision_at[here] - known_at[newest] <= WEATHER_AGE_MINUTES_MAX)
        values[here[fresh]] = np.round(weather.values[seen][newest[fresh]], 2)
    return values


def _recent_at(origin: Texts, decision_at: Ints, late: Bools, label_at: Ints) -> Ints:
    recent = np.zeros((len(origin), len(RECENT_FIELDS)), dtype=np.int64)
    for airport in np.unique(origin):
        here = origin == airport
        recent[here, :2] = _closed(label_at[here], late[here], decision_at[here])
    recent[:, 2:] = _closed(label_at, late, decision_at)
    return recent


def _closed(label_at: Ints, late: Bools, decision_at: Ints) -> Ints:
    # How many outcomes came in over the three hours up to each decision, and how many of them late: shape (n, 2).
    order = np.argsort(label_at, kind="stable")
    times = label_at[order]
    late_so_far = np.concatenate(([0], np.cumsum(late[order])))
    until = np.searchsorted(times, decision_at, side="right")
    after = np.searchsorted(times, decision_at - RECENT_MINUTES, side="right")
    return np.column_stack((until - after, late_so_far[until] - late_so_far[after]))


def minutes_of(moment: dt.datetime) -> int:
    """An aware time as the minutes since 1970 that `Flights` holds.

    Raises:
        ValueError: the time has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("The time needs a zone: the desk's flights are kept in UTC")
    return int(moment.timestamp()) // 60


def moment_of(minutes: int) -> dt.datetime:
    """Minutes since 1970 as a time in UTC."""
    return dt.datetime.fromtimestamp(minutes * 60, tz=dt.UTC)
