from __future__ import annotations

import datetime as dt
import itertools
import json
import re

import msgspec
import numpy as np
import pytest

from pilotage.demo.call_ids import call_id_for
from pilotage.demo.flights import (
    RECENT_FIELDS,
    WEATHER_FIELDS,
    CallEvent,
    assemble,
    events,
    label,
    load_flights,
    minutes_of,
)

JULY = dt.datetime(2013, 7, 1, 4, tzinfo=dt.UTC)


def test_late_means_thirty_minutes_at_arrival_or_no_arrival(timetable):
    """A flight is late when it lands 30 or more minutes after its time, is cancelled or is diverted."""
    late, _ = label(timetable)
    cancelled, no_arrival = np.isnan(timetable.departure_delay), np.isnan(timetable.arrival_delay)
    assert cancelled.sum() == 8_255
    assert (no_arrival & ~cancelled).sum() == 1_175
    assert late[no_arrival].all()
    assert not late[timetable.arrival_delay == 29].any()
    assert late[timetable.arrival_delay == 30].all()


def test_the_share_of_late_flights_swings_with_the_season(year):
    """From under 11 per cent in September to 27 per cent in July and 25 in December: real drift to cope with."""
    shares = [round(float(year.late[year.month == month].mean()), 4) for month in range(1, 13)]
    assert shares == [0.1648, 0.1924, 0.1844, 0.2147, 0.1723, 0.2651, 0.267, 0.1782, 0.1067, 0.1065, 0.1116, 0.2484]


def test_a_label_is_known_on_landing_or_as_soon_as_there_will_be_none(timetable):
    """On landing; cancelled: at the scheduled departure; diverted: 30 minutes after the scheduled arrival."""
    _, label_at = label(timetable)
    cancelled = np.isnan(timetable.departure_delay)
    diverted = np.isnan(timetable.arrival_delay) & ~cancelled
    landed = ~np.isnan(timetable.arrival_delay)
    assert np.array_equal(label_at[landed], timetable.lands_at[landed] + timetable.arrival_delay[landed])
    assert np.array_equal(label_at[cancelled], timetable.departs_at[cancelled])
    assert np.array_equal(label_at[diverted], timetable.lands_at[diverted] + 30)


def test_every_label_comes_after_its_decision(year):
    """The earliest label comes two hours after the decision, the latest within the three days a label may take."""
    wait = year.label_at - year.decision_at
    assert wait.min() == 120
    assert wait.max() < 72 * 60


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_after_the_decision_reaches_an_input(timetable, weather, year, seed):
    """Change every outcome and every hour of weather from a moment on: all inputs decided until then stay the same."""
    random = np.random.default_rng(seed)
    cut = int(random.integers(minutes_of(JULY) - 150 * 1440, minutes_of(JULY) + 150 * 1440))
    _, label_at = label(timetable)
    open_, waiting = label_at > cut, timetable.departs_at > cut
    later = np.where(open_, timetable.arrival_delay + random.integers(1, 300, len(open_)), timetable.arrival_delay)
    grounded = waiting & (random.random(len(open_)) < 0.5)
    changed = assemble(
        msgspec.structs.replace(
            timetable,
            arrival_delay=np.where(grounded, np.nan, later),
            departure_delay=np.where(grounded, np.nan, timetable.departure_delay),
        ),
        msgspec.structs.replace(
            weather,
            values=np.where(
                (weather.known_at > cut)[:, None], random.random(weather.values.shape) * 99, weather.values
            ),
        ),
    )
    decided = year.decision_at <= cut
    for name in year.__struct_fields__:
        if name not in {"late", "label_at"}:
            then, now = getattr(year, name)[decided], getattr(changed, name)[decided]
            assert np.array_equal(then, now, equal_nan=then.dtype.kind == "f")
    some = np.flatnonzero(decided)[::500]
    assert list(changed.select(some).inputs()) == list(year.select(some).inputs())
    assert not np.array_equal(changed.late, year.late)
    assert not np.array_equal(changed.recent[~decided], year.recent[~decided])


def test_an_input_is_small_json_with_gaps_as_null(year):
    """An input survives JSON unchanged, holds the schedule, the weather and recent outcomes, and fits in 600 bytes."""
    sample = year.select(np.arange(0, len(year), 997))
    for each in sample.inputs():
        text = json.dumps(each, separators=(",", ":"), allow_nan=False)
        assert json.loads(text) == each
        assert len(text) < 600
        assert tuple(each["weather"]) == WEATHER_FIELDS
        assert tuple(each["recent"]) == RECENT_FIELDS
    gusts = [each["weather"]["gust_mph"] for each in sample.inputs()]
    assert 0.7 < sum(gust is None for gust in gusts) / len(gusts) < 0.85


def test_weather_that_is_missing_stays_missing(year):
    """There are no observations after 30 December: New Year's Eve has gaps, not the last values seen."""
    eve = year.select((year.month == 12) & (year.day == 31))
    assert np.isnan(eve.weather[-1]).all()


def test_recent_outcomes_are_those_of_the_last_three_hours(year):
    """The counts beside a flight are what one gets by counting the labels that came in before its decision."""
    for at in np.random.default_rng(0).integers(0, len(year), 20):
        moment = year.decision_at[at]
        closed = (year.label_at <= moment) & (year.label_at > moment - 180)
        here = closed & (year.origin == year.origin[at])
        assert year.recent[at].tolist() == [here.sum(), year.late[here].sum(), closed.sum(), year.late[closed].sum()]


def test_each_flight_has_a_name_and_a_call_id_of_its_own(year):
    """No two flights share a key, and a key always gives the same 128-bit call id."""
    keys = year.keys()
    assert len(set(keys)) == len(keys)
    assert call_id_for("UA1545-EWR-IAH-2013-01-01") == "f7d58bf0f9243f8a0a2c4eae68499565"
    assert all(re.fullmatch("[0-9a-f]{32}", call_id_for(key)) for key in keys[:100])


def test_units_are_carrier_and_flight_number(year):
    """From July on 3,935 units fly."""
    units = year.select(year.month >= 7).units()
    assert len(set(units)) == 3_935
    assert "UA1545" in units


def test_a_slice_keeps_whole_units_and_what_was_known_with_all_of_them(year, slice_of_year):
    """One unit in eight, with every one of its flights, and the same inputs as in the whole year."""
    kept = set(slice_of_year.units())
    assert 0.1 < len(slice_of_year) / len(year) < 0.15
    whole = {
        key: each for key, unit, each in zip(year.keys(), year.units(), year.inputs(), strict=True) if unit in kept
    }
    assert whole == dict(zip(slice_of_year.keys(), slice_of_year.inputs(), strict=True))


def test_months_can_be_loaded_alone():
    """Only the months that are asked for are loaded, with what was known at their start from the month before."""
    flights = load_flights(months=(2,), unit_every=50)
    assert set(flights.month.tolist()) == {2}
    assert flights.recent[0, 2] > 0


def test_events_come_in_the_order_in_which_they_happen(slice_of_year):
    """Calls and labels are in order of time, a label never comes before its call, and none is lost."""
    sequence = list(events(slice_of_year, JULY, JULY + dt.timedelta(days=14)))
    times = [event.at for event in sequence]
    assert times == sorted(times)
    called: set[str] = set()
    for event in sequence:
        if isinstance(event, CallEvent):
            called.add(event.key)
        else:
            assert event.key in called
    decided = (slice_of_year.decision_at >= minutes_of(JULY)) & (
        slice_of_year.decision_at < minutes_of(JULY) + 14 * 1440
    )
    assert len(called) == decided.sum()


def test_consecutive_windows_give_what_one_window_gives(slice_of_year):
    """A replay stopped after any day and started again sees each call and each label once."""
    days = [JULY + dt.timedelta(days=day) for day in range(8)]
    parts = [
        event for start, end in itertools.pairwise(days) for event in events(slice_of_year, start, end, since=JULY)
    ]
    assert parts == list(events(slice_of_year, days[0], days[-1]))


def test_a_time_without_a_zone_is_refused(slice_of_year):
    """A naive time could mean New York or UTC, so it means nothing."""
    with pytest.raises(ValueError, match="needs a zone"):
        events(slice_of_year, JULY.replace(tzinfo=None), JULY)
