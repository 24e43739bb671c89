"""What a history lacks and how far it can be trusted, as sentences."""

from __future__ import annotations

import datetime as dt
import random

import numpy as np
import pytest
from msgspec import structs
from scipy.stats import kstest

from pilotage.evidence.assess import RIGHT_ANSWERS, assess
from pilotage.evidence.cautions import days_alike
from pilotage.evidence.history import HistoryRow, sums_of
from pilotage.evidence.measurements import Estimate

START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def rows(count=2000, *, days=30, unit=None, label=lambda _n: "a", gain=lambda _day: 0.2):
    """A history in which the incumbent is right in 60 %, and the candidate in so much more on each day."""
    chance = random.Random(8)
    found = []
    for number in range(count):
        at = START + dt.timedelta(days=days * number / count)
        truth = label(number)
        found.append(
            HistoryRow(
                incumbent="a" if chance.random() < 0.6 else "b",
                candidate="a" if chance.random() < 0.6 + gain((at - START).days) else "b",
                label=truth,
                at=at,
                unit=unit(number) if unit else f"u{number}",
            )
        )
    return found


def codes(history, **how):
    """The cautions of a history by code."""
    return {caution.code: caution for caution in assess(history, **how).cautions}


def test_a_sound_history_is_only_marked():
    """A long, labelled history of many units says nothing but that it is history and what a pilot would show."""
    balanced = [
        HistoryRow(incumbent=a.incumbent, candidate=a.candidate, label="ab"[n % 3 == 0], at=a.at, unit=a.unit)
        for n, a in enumerate(rows())
    ]
    assert set(codes(balanced)) <= {"history", "no-lead", "detectable", "not-detectable"}


def test_one_answer_that_is_nearly_always_right_is_said():
    """Where nearly all labels are one, always giving that answer would do as well."""
    found = codes(rows(label=lambda n: "b" if n % 50 == 0 else "a"))
    assert "98.0% of the labels are 'a'" in found["class-balance"].sentence


def test_labels_that_depend_on_agreement_are_found():
    """Labels that are missing mostly where the arms differ bias the comparison, and that is said."""
    history = [
        row if row.incumbent == row.candidate or n % 2 else HistoryRow(incumbent=row.incumbent, candidate=row.candidate)
        for n, row in enumerate(rows())
    ]
    found = codes(history)
    assert found["labels-missing-unevenly"].weighty
    assert "51% where they differ" in found["labels-missing-unevenly"].sentence
    assert "labels-missing" in found


def test_a_unit_with_much_of_the_history_is_said():
    """One customer with a third of all rows makes the figures mostly about that customer."""
    found = codes(rows(unit=lambda n: "big" if n % 3 == 0 else f"u{n}"))
    assert "One unit has 33%" in found["large-unit"].sentence


def test_few_days_and_times_without_a_zone_are_said():
    """A short history lacks weekdays; a time without a zone was read in one, and that is said."""
    short = [
        HistoryRow(incumbent=r.incumbent, candidate=r.candidate, label="a", at=r.at.replace(tzinfo=None), unit=r.unit)
        for r in rows(days=6)
    ]
    found = codes(short, time_zone="Europe/Berlin")
    assert "6 days" in found["short"].sentence or "7 days" in found["short"].sentence
    assert "2,000 times name no zone and were read as Europe/Berlin" in found["zoneless"].sentence


def test_days_that_differ_are_found():
    """A lead that is there on some days only is found."""
    assert "days-differ" in codes(rows(gain=lambda day: 0.35 if day % 7 < 3 else 0.0))
    assert "days-differ" not in codes(rows())


def test_a_draft_from_days_that_differ_clusters_by_day():
    """Where days differ the draft clusters by unit and day, and its design effect has in it what days share."""
    calm, wild = (assess(rows(gain=gain)) for gain in (lambda _day: 0.15, lambda day: 0.35 if day % 7 < 3 else 0.0))
    assert calm.charter["target"]["cluster"] == "unit"
    assert wild.charter["target"]["cluster"] == "both"
    assert wild.charter["target"]["design_effect"] > 1.5 * calm.charter["target"]["design_effect"]
    assert wild.reachability is not None
    assert "clustered by unit and day" in wild.reachability.reason


def test_the_test_of_equal_days_keeps_its_error():
    """Where all days are alike, its p-values are uniform, also when a day's rows belong to many units."""
    generator = np.random.default_rng(5)
    found = []
    for _ in range(200):
        arms = generator.random((600, 2)) < 0.7
        history = [
            HistoryRow(
                incumbent="ab"[int(arm[0])], candidate="ab"[int(arm[1])], label="b", at=START + dt.timedelta(hours=n)
            )
            for n, arm in enumerate(arms)
        ]
        p = days_alike(RIGHT_ANSWERS, sums_of(history, RIGHT_ANSWERS))
        assert p is not None
        found.append(p)
    assert kstest(found, "uniform").pvalue > 0.01


def test_a_pilot_that_shows_too_little_says_so():
    """Where the available calls cannot show the lead, the least lead that they show is named."""
    few = codes(rows(count=150, gain=lambda _day: 0.1), weeks=4)
    many = codes(rows(count=4000), weeks=8)
    assert "plan longer" in few["not-detectable"].sentence
    assert "detectable" in many


def test_the_least_lead_shown_is_what_reachability_says():
    """With exactly the calls that are needed, the least lead shown is the lead that is promised."""
    found = assess(rows())
    assert found.reachability is not None
    assert found.reachability.calls_needed is not None
    weeks = found.reachability.calls_needed / found.calls_per_week + RIGHT_ANSWERS.window_hours / 168.0
    exact = assess(rows(), weeks=weeks)
    assert exact.detectable == pytest.approx(exact.difference.value / 2.0, rel=1e-6)


def test_the_chance_of_a_go_rises_with_the_weeks():
    """The curve of chances rises with the pilot's length, and stays at the error's size if only the target is met."""
    curve = assess(rows(count=600, gain=lambda _day: 0.1)).curve
    chances = [point.at_expected for point in curve if point.at_expected is not None]
    assert chances == sorted(chances)
    assert all(point.at_target is None or point.at_target <= 0.05 for point in curve)


def test_a_segment_that_fails_is_flagged_and_comes_first():
    """A segment in which the candidate is worse is flagged, by a test that allows for their number; others are not."""
    worse = [structs.replace(row, values={"language": "pl"}) for row in rows(count=1500, gain=lambda _day: -0.25)]
    others = [
        structs.replace(row, values={"language": ("de", "en", "fr=ch")[n % 3]}, unit=f"v{n}")
        for n, row in enumerate(rows(count=4500))
    ]
    (split,) = assess([*worse, *others]).segments
    first, *rest = split.segments
    assert (split.column, first.value, first.rows, first.flagged) == ("language", "pl", 1500, True)
    assert "worse than the incumbent" in first.why
    assert {one.value for one in rest} == {"de", "en", "fr=ch"}
    assert not any(one.flagged for one in rest)
    assert all(isinstance(one.pooled, Estimate) for one in split.segments)
