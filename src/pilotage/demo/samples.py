"""Samples of the desk's two sources, June of each as the package ships it, and what its people say of them."""

from __future__ import annotations

import csv
import functools
import io
import zipfile
from collections.abc import Iterable, Sequence

from pilotage.demo.cast import ENGINEER, OWNER
from pilotage.demo.flights import LATE_MINUTES
from pilotage.demo.given import Given
from pilotage.demo.timetable import data_folder
from pilotage.record.areas import data
from pilotage.record.workload import Workload

MONTH = "6"
PUBLIC = "the bureau that publishes them, as works of the United States government; the package's own licence is CC0"


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


@functools.cache
def flights() -> bytes:
    """The flights of June with every column of the file, and the label: late, or without an arrival."""
    with zipfile.ZipFile(data_folder() / "flights.csv.zip") as archive, archive.open("flights.csv") as file:
        table = csv.reader(io.TextIOWrapper(file, encoding="utf-8", newline=""))
        header = next(table)
        month, delay = header.index("month"), header.index("arr_delay")
        rows = [[*row, _label(row[delay])] for row in table if row[month] == MONTH]
    return _csv([*header, "late"], rows)


def _label(delay: str) -> str:
    return "yes" if delay == "NA" or float(delay) >= LATE_MINUTES else "no"


@functools.cache
def weather() -> bytes:
    """The hourly observations of June at the three airports."""
    with (data_folder() / "weather.csv").open(encoding="utf-8", newline="") as file:
        table = csv.reader(file)
        header = next(table)
        month = header.index("month")
        return _csv(header, [row for row in table if row[month] == MONTH])


def _source(name: str, title: str, holds: str) -> Given:
    listed = data.ListSource(
        id=name,
        title=title,
        holds=holds,
        basis="public",
        granted_by=PUBLIC,
        owner="yuki",
        retention="for as long as the desk runs; nothing in it is about a passenger",
    )
    return Given(person=ENGINEER, command=listed)


def _flights_sample() -> data.CheckSample:
    return data.CheckSample(source="flights", sample=flights(), label_column="late", time_column="time_hour")


def _weather_sample() -> data.CheckSample:
    return data.CheckSample(source="weather", sample=weather(), time_column="time_hour")


def _looked_at(source: str, workload: Workload) -> bool:
    return source in workload.data.samples


def _is_argued(source: str, workload: Workload) -> bool:
    return workload.data.argument(source) is not None


GIVEN = (
    _source(
        "flights",
        "Flights from New York City",
        "Every scheduled departure of 2013 from EWR, JFK and LGA: its schedule, and when it really left and arrived.",
    ),
    _source("weather", "Airport weather", "Hourly observations at the three airports in 2013."),
    Given(
        person=ENGINEER, command=_flights_sample, done=functools.partial(_looked_at, "flights"), words="check a sample"
    ),
    Given(
        person=ENGINEER, command=_weather_sample, done=functools.partial(_looked_at, "weather"), words="check a sample"
    ),
    Given(
        person=OWNER,
        command=data.ArgueSample(
            source="weather",
            argument="Gusts are reported only when there are any, and some hours lack the pressure; the model "
            "takes a missing value as one. The labels come with the flights, so the weather needs none.",
        ),
        done=functools.partial(_is_argued, "weather"),
    ),
)
