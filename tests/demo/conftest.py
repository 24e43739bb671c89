"""The year's flights, read once for all tests of the demonstration."""

from __future__ import annotations

import pytest

from pilotage.demo.desk import Desk
from pilotage.demo.flights import Flights, assemble, load_flights
from pilotage.demo.timetable import Observations, Timetable, read_timetable, read_weather
from pilotage.demo.training import train


@pytest.fixture(scope="session")
def timetable() -> Timetable:
    """Every flight of the year as the data have it."""
    return read_timetable()


@pytest.fixture(scope="session")
def weather() -> Observations:
    """Every observation of the year."""
    return read_weather()


@pytest.fixture(scope="session")
def year(timetable: Timetable, weather: Observations) -> Flights:
    """Every flight with what was known at its decision."""
    return assemble(timetable, weather)


@pytest.fixture(scope="session")
def slice_of_year() -> Flights:
    """One unit in eight, all year."""
    return load_flights(unit_every=8)


@pytest.fixture(scope="session")
def desk(slice_of_year: Flights, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Both arms, learned from January to April of the slice."""
    return train(slice_of_year, tmp_path_factory.mktemp("desk"), months=(1, 2, 3, 4))
