"""How times are stored."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.storage.errors import StorageRefused
from pilotage.storage.schema import parse_rfc3339, rfc3339

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
times = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=zones)  # noqa: DTZ001 - zones follow


@given(times)
def test_a_time_comes_back(at: dt.datetime) -> None:
    """Any time comes back as the same moment, to the microsecond, from a text of 27 characters."""
    text = rfc3339(at)
    assert len(text) == 27
    assert parse_rfc3339(text) == at
    assert parse_rfc3339(text).tzinfo is dt.UTC


@given(times, times)
def test_texts_sort_as_times_do(one: dt.datetime, other: dt.datetime) -> None:
    """The database can compare the texts instead of the times."""
    assert (rfc3339(one) < rfc3339(other)) == (one < other)


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (dt.datetime(2026, 11, 23), "time-without-zone"),  # noqa: DTZ001 - that is what is refused
        (dt.datetime.max.replace(tzinfo=dt.timezone(dt.timedelta(hours=-1))), "time-out-of-range"),
        (dt.datetime.min.replace(tzinfo=dt.timezone(dt.timedelta(hours=1))), "time-out-of-range"),
    ],
)
def test_times_that_are_no_moment(at: dt.datetime, code: str) -> None:
    """A time without a zone, or one that has no UTC form, is refused."""
    with pytest.raises(StorageRefused) as caught:
        rfc3339(at)
    assert caught.value.code == code


@pytest.mark.parametrize("text", ["", "2026-11-23", "2026-11-23T17:25:00Z", "2026-11-23T17:25:00.000000+01:00"])
def test_other_forms_are_not_read(text: str) -> None:
    """Only the one form that is written is read back."""
    with pytest.raises(ValueError, match="does not match"):
        parse_rfc3339(text)
