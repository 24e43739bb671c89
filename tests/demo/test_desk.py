from __future__ import annotations

import json

import numpy as np
import pytest

from pilotage.demo.desk import STUCK_WEATHER, break_weather
from pilotage.demo.flights import WEATHER_FIELDS


@pytest.fixture
def flight(slice_of_year):
    """A flight of May."""
    return next(slice_of_year.select(slice_of_year.month == 5).inputs())


def test_both_arms_answer_with_a_warning_and_a_risk(desk, slice_of_year):
    """Each answer is a truth value and a risk between 0 and 1, and warns exactly from a risk of 0.2 on."""
    for each in slice_of_year.select(slice_of_year.month == 5).inputs():
        for answer in (desk.incumbent(each), desk.candidate(each)):
            assert set(answer) == {"warn", "risk"}
            assert 0.0 < answer["risk"] < 1.0
            assert answer["warn"] is (answer["risk"] >= 0.2) or answer["risk"] == pytest.approx(0.2, abs=1e-6)


def test_an_answer_depends_on_the_input_alone(desk, flight):
    """The same input gives the same answer at any time, in any order of its keys, and is left as it was."""
    before = json.dumps(flight)
    first = desk.candidate(flight)
    desk.candidate(break_weather(flight))
    shuffled = {key: flight[key] for key in sorted(flight, reverse=True)}
    shuffled["weather"] = {key: flight["weather"][key] for key in sorted(flight["weather"])}
    assert desk.candidate(shuffled) == first
    assert json.dumps(flight) == before


def test_the_incumbent_looks_at_airport_hour_and_carrier_only(desk, flight):
    """The history table gives flights of one airport, hour and carrier one risk, in any weather."""
    other = {**break_weather(flight), "flight": 9999, "dest": "XXX", "weekday": 7}
    assert desk.incumbent(other) == desk.incumbent(flight)


def test_a_flight_nobody_has_seen_still_gets_an_answer(desk, flight):
    """An unknown carrier, destination or hour falls back to the nearest coarser share."""
    new = {**flight, "carrier": "ZZ", "flight": 1, "dest": "ZZZ"}
    cell = f"{flight['origin']} {flight['dep_hour']}"
    assert desk.incumbent(new)["risk"] == pytest.approx(desk.history.origin_hour[cell], abs=1e-6)
    assert desk.incumbent({**new, "dep_hour": 3})["risk"] == pytest.approx(desk.history.base, abs=1e-6)
    assert 0.0 < desk.candidate({**new, "dep_hour": 3})["risk"] < 1.0


def test_worse_visibility_and_more_rain_never_lower_the_risk(desk, slice_of_year):
    """The candidate is held to what everybody knows of rain, fog and a late afternoon at the airport."""
    for each in list(slice_of_year.select(slice_of_year.month == 5).inputs())[::50]:
        risk = desk.candidate(each)["risk"]
        for field, value in (("visibility_miles", 0.0), ("precip_in", 5.0)):
            if each["weather"][field] is not None:
                assert desk.candidate({**each, "weather": {**each["weather"], field: value}})["risk"] >= risk
        worse = {**each["recent"], "airport_late": each["recent"]["airport_closed"]}
        assert desk.candidate({**each, "recent": worse})["risk"] >= risk


def test_a_broken_feed_makes_the_candidate_warn_of_nearly_everything(desk, slice_of_year):
    """Stuck on a storm, the feed at least doubles the candidate's warnings and leaves the incumbent's alone."""
    inputs = list(slice_of_year.select(slice_of_year.month == 5).inputs())
    warned = sum(desk.candidate(each)["warn"] for each in inputs) / len(inputs)
    stuck = [break_weather(each) for each in inputs]
    assert sum(desk.candidate(each)["warn"] for each in stuck) / len(inputs) > max(0.7, 2 * warned)
    assert [desk.incumbent(each) for each in stuck] == [desk.incumbent(each) for each in inputs]


def test_the_storm_that_the_broken_feed_repeats_is_in_the_data(weather):
    """The stuck hour is a real one: LaGuardia, 7 June 2013."""
    assert tuple(STUCK_WEATHER) == WEATHER_FIELDS
    rain, gust = WEATHER_FIELDS.index("precip_in"), WEATHER_FIELDS.index("gust_mph")
    lga = weather.values[weather.origin == "LGA"]
    matching = lga[(lga[:, rain] == STUCK_WEATHER["precip_in"]) & (lga[:, gust].round(2) == STUCK_WEATHER["gust_mph"])]
    assert len(matching) == 1
    expected = [np.nan if value is None else value for value in STUCK_WEATHER.values()]
    assert np.array_equal(matching[0].round(2), expected, equal_nan=True)
