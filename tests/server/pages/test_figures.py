"""How figures, times and intervals are written and drawn."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.evidence.measurements import Estimate, NotEstimable
from pilotage.server.pages.csv_files import cell, csv_of
from pilotage.server.pages.estimates import comparison_scale, drawn, figure, own_scale
from pilotage.server.pages.people import People
from pilotage.server.pages.written import instant, micros, number, percent, plural, span, until, valued

MINUS = "\u2212"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1234567, "1,234,567"),
        (0.071534, "0.07153"),
        (-3.0, f"{MINUS}3"),
        (12.3456, "12.35"),
        (float("nan"), "\u2013"),
        (None, "\u2013"),
    ],
)
def test_a_number_is_written_short_and_exact(value, text):
    """Four significant digits, thousands apart, a true minus, and a dash where there is none."""
    assert number(value) == text


def test_units_stay_with_their_numbers():
    """A number and its unit are never torn apart at the end of a line."""
    assert percent(0.125) == "12.5\u00a0%"
    assert valued(12.5, "USD") == "12.5\u00a0USD"
    assert valued(0.125, "share") == "12.5\u00a0%"
    assert micros(1_500_000) == "1.5\u00a0s"
    assert micros(840) == "840\u00a0µs"


def test_lengths_of_time_read_as_people_say_them():
    """The largest sensible unit, and one is one."""
    assert span(dt.timedelta(days=5, hours=3)) == "5 days"
    assert span(dt.timedelta(seconds=1)) == "1 second"
    assert until(dt.timedelta(hours=5)) == "same day"
    assert until(dt.timedelta(days=1, hours=5)) == "1 day"
    assert until(None) == "not yet"
    assert plural(1, "entry", "entries") == "1 entry"


def test_a_moment_carries_its_exact_time_in_utc():
    """The page shows UTC, and the element carries what a script needs to show the reader's own zone."""
    at = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    assert str(instant(at)) == (
        '<time datetime="2026-03-02T08:30:00.000Z" data-zone="minute">2 Mar 2026, 08:30 UTC</time>'
    )


def estimate(value: float, low: float, high: float) -> Estimate:
    """An estimate as a test states it."""
    return Estimate(value=value, low=low, high=high, calls=100, units=50, method="stated")


def test_an_estimate_reads_with_its_interval_and_calls():
    """Shares differ by points, improvements are per cent better, and what is missing says why."""
    shown = figure(estimate(0.0675, 0.0506, 0.0851), comparison_scale("share", "difference"))
    assert (shown.text, shown.interval, shown.calls) == ("+6.75\u00a0points", "+5.06 to +8.51\u00a0points", 100)
    assert figure(estimate(0.15, 0.1, 0.2), comparison_scale("USD", "share")).text == "+15\u00a0% better"
    assert figure(estimate(12.0, 11.0, 13.0), own_scale("USD")).interval == "11 to 13\u00a0USD"
    assert figure(NotEstimable(reason="Too few units."), own_scale("USD")).reason == "Too few units."


@given(
    ends=st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(0, 1e6)),
    marks=st.lists(st.floats(-1e6, 1e6), max_size=3),
)
def test_a_drawn_interval_stays_inside_and_in_order(ends, marks):
    """Whatever the values, low, estimate and high are drawn in order within the picture, and so is every line."""
    low, width, rest = ends
    shown = drawn(estimate(low + width, low, low + width + rest), [("goal", mark) for mark in marks])
    assert 0 <= shown.low <= shown.value <= shown.high <= 100
    assert all(0 <= mark.at <= 100 for mark in shown.marks)


def test_nothing_is_drawn_without_an_estimate():
    """Where there is no figure there is no picture of one."""
    assert drawn(NotEstimable(reason="None."), [("goal", 1.0)]) is None


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx"])
def test_a_table_runs_nothing_in_a_spreadsheet(text):
    """Text that a spreadsheet would take for a formula is marked as text; numbers stay numbers."""
    assert cell(text) == f"'{text}"
    assert cell("-2.5") == "-2.5"
    assert cell(-2.5) == "-2.5"


def test_a_table_is_plain_csv():
    """Nothing is empty, times are ISO 8601 in UTC, and quotes are doubled."""
    at = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
    assert csv_of(["a", "b"], [[None, at], ['say "no", please', True]]).decode() == (
        'a,b\r\n,2026-03-02T09:00:00.000Z\r\n"say ""no"", please",yes\r\n'
    )


def test_ids_read_as_names():
    """Sentences of the record name persons by id; a page names them by name, and leaves other words alone."""
    people = People(names={"p-abc": "Ann Lee", "p-abcd": "Ben Ode"})
    assert people.named("Waived by p-abc and p-abcd: x-p-abc stays.") == "Waived by Ann Lee and Ben Ode: x-p-abc stays."
    assert people.name("system") == "the watch"
    assert people.name("p-gone") == "p-gone"
