"""The charts of monitoring show what its sections say, on a pilot with known data and on the page."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from types import SimpleNamespace

import pytest
from tests.server.pages.test_reading_pages import rows
from tests.workflow.pilots import CountingStore, Pilot

from pilotage.evidence.profiles import FieldBins
from pilotage.server.pages import charting_drift
from pilotage.server.pages.charting_drift import MISSING, OTHERS, Monitored, monitored_data, of_field

PAGE, CHARTS = "/w/ticket-triage/evidence/drift", "/w/ticket-triage/charts"
NAMES = ("drift-by-field", "label-arrival", "both-arms")


def monitored(pilot):
    """What the charts of a pilot are made of."""
    workspace = SimpleNamespace(calls=pilot.store, clock=pilot.clock)
    return Monitored(workspace, SimpleNamespace(workload=pilot.story.standing))


@pytest.fixture(scope="module")
def drifted(tmp_path_factory):
    """Nine days of shadow with 160 calls each, then a fortnight in which the candidate is right more rarely."""
    with CountingStore(tmp_path_factory.mktemp("drifted") / "calls") as store:
        made = Pilot(store)
        for day in range(23):
            made.serve((0.5, 0.9) if day < 9 else (0.5, 0.3), calls=160)
            made.clock.at += dt.timedelta(days=1)
        yield monitored(made)


def test_the_strips_are_the_windows_of_the_table(drifted):
    """Every field has a cell for each of its windows with the section's own figure, and the alert is marked."""
    strips = monitored_data(drifted, "drift-by-field")
    said = [
        (story.newest.field, point.since, point.psi_debiased, point.status == "alert")
        for story in drifted.drift.fields
        for point in story.points
    ]
    assert [(cell.field, cell.since, cell.psi, cell.alerts) for cell in strips.points] == said
    assert ("candidate.answer", True) in {(cell.field, cell.alerts) for cell in strips.points}


def test_a_field_is_shown_then_and_now(drifted):
    """Both groups hold all calls of the reference and of the newest window; the answer that moved is the one shown."""
    story = next(one for one in drifted.drift.fields if one.newest.field == "candidate.answer")
    shown = monitored_data(drifted, of_field("candidate.answer"))
    calls, shares = Counter(), {}
    for point in shown.points:
        calls[point.group] += point.count
        shares[point.group, point.label] = point.share / 100
    assert calls == {"reference": story.newest.reference_calls, "newest window": story.newest.current_calls}
    largest = story.newest.largest
    assert shares["reference", largest.name] == pytest.approx(largest.reference)
    assert shares["newest window", largest.name] == pytest.approx(largest.current)


def test_both_arms_are_shown_on_the_same_calls(drifted):
    """As many answers of the incumbent as of the candidate, and as many as the pairs that are kept."""
    calls = Counter()
    for point in monitored_data(drifted, "both-arms").points:
        calls[point.group] += point.count
    pairs = sum(pair.calls for day in drifted.days for pair in day.pairs)
    assert calls == {"incumbent": pairs, "candidate": pairs}
    assert pairs > 0


def test_label_arrival_is_in_per_cent_and_says_when_labels_are_due(drifted):
    """In shadow all calls are the incumbent's, so that one curve says it all: labels within the hour, due in 48."""
    shown = monitored_data(drifted, "label-arrival")
    assert {point.group for point in shown.points} == {"all calls"}
    assert shown.due_hours == 48
    assert {point.share for point in shown.points if point.hours >= 1} == {100.0}


def test_nothing_is_drawn_before_there_is_anything(tmp_path):
    """Without calls there is no chart, and no chart of a field that nobody watches."""
    with CountingStore(tmp_path / "calls") as store:
        empty = monitored(Pilot(store))
        assert empty.names == NAMES
        assert [monitored_data(empty, name) for name in (*NAMES, of_field("input.nobody"), "target")] == [None] * 5


def test_an_address_tells_fields_apart():
    """A slash ends no address, and no two fields share one."""
    names = [of_field(name) for name in ("input.a/b", "input.a~1b", "input.a~b", "input.a:b")]
    assert len(set(names)) == 4
    assert not any("/" in name for name in names)


def test_bins_are_named_by_what_lies_in_them():
    """A cut belongs to the bin below it; cuts that three digits cannot tell apart get as many as it takes."""
    intervals = charting_drift._intervals
    assert intervals((10.0, 20.0)) == ("to 10", "over 10 to 20", "over 20")
    assert intervals((0.12345, 0.12346)) == ("to 0.12345", "over 0.12345 to 0.12346", "over 0.12346")
    assert intervals(()) == ("any number",)
    assert charting_drift._own(FieldBins(name="x", kind="category", categories=("b", "a"), own=1)) == ("b", OTHERS)


def test_rare_names_are_one():
    """Beyond fourteen names the rest are counted together, and nothing is lost."""
    names = [f"n{number}" for number in range(20)]
    labels, shown = charting_drift._largest(names, {"one": [float(n + 1) for n in range(20)], "two": [1.0] * 20})
    assert labels == (*names[6:], OTHERS)
    assert {group: sum(values) for group, values in shown.items()} == {"one": 210.0, "two": 20.0}
    assert MISSING not in labels


def test_the_page_shows_them_with_their_links(reading):
    """Each chart is on the page, with its picture, its specification and its figures."""
    reader = reading("ruth")
    page = reader.page(PAGE)
    fields = {row["field"] for row in rows(reader.get(f"{CHARTS}/drift-by-field.csv"))}
    assert fields
    for name in (*NAMES, of_field(min(fields))):
        assert f'data-chart="{CHARTS}/{name}.json' in page
        assert "vega-lite" in reader.get(f"{CHARTS}/{name}.json").json()["$schema"]
        assert reader.get(f"{CHARTS}/{name}.svg").text.startswith("<svg")
        assert rows(reader.get(f"{CHARTS}/{name}.csv"))
    assert reader.get(f"{CHARTS}/field-nobody.csv").status_code == 404
    assert "/charts/" not in reader.page("/w/call-summaries/evidence/drift")


def test_segments_are_drawn_as_measured_and_pooled(reading):
    """The forest has every segment of the target's table with both of its figures, and the flags."""
    reader = reading("ruth")
    target = [
        row for row in rows(reader.get("/w/ticket-triage/segments.csv")) if row["role"] == "target" and row["raw"]
    ]
    drawn = rows(reader.get(f"{CHARTS}/segment-forest.csv"))
    assert [row["label"] for row in drawn] == [row["segment"] for row in target]
    for one, said in zip(drawn, target, strict=True):
        assert float(one["value"]) == pytest.approx(100 * float(said["raw"]))
        assert [one["pooled"]] == ([""] if not said["pooled"] else [pytest.approx(100 * float(said["pooled"]))])
        assert one["note"] == ("flagged" if said["flags"] else "")
