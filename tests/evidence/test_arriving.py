from __future__ import annotations

import datetime as dt

from pilotage.evidence.arriving import AGES_HOURS, ArrivalDay, arrival
from pilotage.evidence.measurements import NotEstimable

DAY = dt.date(2026, 3, 1)
TODAY = dt.date(2026, 3, 20)


def day(number, calls, *labelled, group="all"):
    """A day's calls, with labels at those ages in hours."""
    delays = [0] * (len(AGES_HOURS) + 1)
    for hours in labelled:
        delays[next((i for i, age in enumerate(AGES_HOURS) if hours <= age), len(AGES_HOURS))] += 1
    return ArrivalDay(day=DAY + dt.timedelta(days=number), group=group, calls=calls, delays=tuple(delays))


def test_the_curve_says_what_share_has_come_by_an_age():
    """Of forty calls half are labelled within an hour and a quarter more within two days."""
    [found] = arrival([day(0, 40, *[1] * 20, *[40] * 10)], today=TODAY, window_hours=72)
    by_age = {point.hours: point.share for point in found.curve}
    assert (by_age[1], by_age[24], by_age[48]) == (0.5, 0.5, 0.75)
    assert found.median_hours == 1
    assert found.in_window == 0.75


def test_young_calls_do_not_pass_for_calls_without_a_label():
    """Yesterday's calls are in the curve only up to the age that they have reached."""
    days = [day(0, 40, *[30] * 40), day(18, 400, *[1] * 10)]
    [found] = arrival(days, today=TODAY, window_hours=72)
    by_age = {point.hours: point for point in found.curve}
    assert by_age[48].share == 1.0
    assert by_age[48].calls == 40
    assert found.calls == 440


def test_groups_are_apart():
    """Each arm has a curve of its own."""
    days = [day(0, 40, *[1] * 40, group="incumbent"), day(0, 40, *[1] * 10, group="candidate")]
    candidate, incumbent = arrival(days, today=TODAY, window_hours=24)
    assert (candidate.group, candidate.in_window) == ("candidate", 0.25)
    assert incumbent.in_window == 1.0


def test_what_is_not_known_yet_is_not_said():
    """No call's window has closed, and no label has come: both figures are absent with a reason."""
    [found] = arrival([day(18, 400)], today=TODAY, window_hours=72)
    assert isinstance(found.median_hours, NotEstimable)
    assert isinstance(found.in_window, NotEstimable)
