"""Charts of every kind: one specification, from which page and document draw the same."""

from __future__ import annotations

import json
import re

import altair as alt
import msgspec
import pytest
from tests.reports.chart_samples import DRIFT, FOREST, OUTCOMES, SAMPLES, TARGET, day

from pilotage.evidence.measurements import Answer, Estimate, Look, NotEstimable
from pilotage.evidence.sums import Totals, UnitSum
from pilotage.playbook.metrics import LabelMatch, Latency, Metric, Target
from pilotage.reports.charts import bundle
from pilotage.reports.charts.arrival import ArrivalData
from pilotage.reports.charts.catalogue import KINDS, ChartData, box_of
from pilotage.reports.charts.daily import daily_data
from pilotage.reports.charts.distribution import distribution_data, edge_labels
from pilotage.reports.charts.drawing import Drawings, specification
from pilotage.reports.charts.forest import ForestData
from pilotage.reports.charts.outcomes import differences_data, outcomes_data
from pilotage.reports.charts.palette import PALETTES
from pilotage.reports.charts.plots import written
from pilotage.reports.charts.target import target_data
from pilotage.storage.protocols import DayRow

SIZES = ("wide", "narrow")
THEMES = ("light", "dark")
EVERY = [(name, theme, size) for name in SAMPLES for theme in THEMES for size in SIZES]


@pytest.fixture(scope="module")
def drawings():
    """A cache of drawings, as a server has one."""
    return Drawings()


def values(spec):
    """Every row of data in a specification."""
    return [row for rows in spec["datasets"].values() for row in rows]


def texts(svg):
    """The texts of a picture."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_every_kind_has_a_sample():
    """Each type of data that can be drawn is drawn by these tests."""
    assert {type(sample) for sample in SAMPLES.values()} == set(KINDS) == set(ChartData.__args__)


@pytest.mark.parametrize(("name", "theme", "size"), EVERY)
def test_a_specification_is_vega_lite_with_its_data_inside(name, theme, size):
    """It satisfies the schema, names no address to fetch from, and fills its box exactly."""
    spec = specification(SAMPLES[name], theme, size)
    # The library's own check against the Vega-Lite schema: raises on what does not satisfy it.
    alt.Chart.from_dict(spec)
    box, padding = box_of(SAMPLES[name], size), spec["padding"]
    assert spec["width"] + padding["left"] + padding["right"] == box.width
    assert spec["height"] + padding["top"] + padding["bottom"] == box.height
    text = json.dumps({key: part for key, part in spec.items() if key != "$schema"})
    assert '"url"' not in text
    assert "http" not in text
    assert values(spec)


@pytest.mark.parametrize(("name", "theme", "size"), EVERY)
def test_pictures_come_from_the_specification(name, theme, size, drawings):
    """SVG has the size of the box and uses the theme's colours only; PNG is the same twice as large."""
    sample, box = SAMPLES[name], box_of(SAMPLES[name], size)
    svg = drawings.draw(sample, theme=theme, size=size, form="svg").decode()
    assert f'viewBox="0 0 {box.width} {box.height}"' in svg
    known = {getattr(PALETTES[theme], part).lower() for part in PALETTES[theme].__struct_fields__}
    assert {colour.lower() for colour in re.findall(r"#[0-9a-fA-F]{6}", svg)} <= known
    assert "<script" not in svg
    png = drawings.draw(sample, theme=theme, size=size, form="png")
    assert tuple(int.from_bytes(png[at : at + 4], "big") for at in (16, 20)) == (2 * box.width, 2 * box.height)


def test_the_same_data_are_drawn_once(drawings):
    """The same data give the same bytes from the cache, and other data of the same shape do not."""
    first = drawings.draw(TARGET, theme="light", size="wide", form="json")
    assert drawings.draw(TARGET, theme="light", size="wide", form="json") is first
    other = msgspec.structs.replace(TARGET, target=5.0)
    assert drawings.draw(other, theme="light", size="wide", form="json") != first
    assert specification(TARGET, "light", "wide") == json.loads(first)


@pytest.mark.parametrize("name", SAMPLES)
def test_what_the_pointer_reads_is_written_out(name):
    """Tooltips hold written text: no field that is missing, no number with more digits than it deserves."""
    spec = specification(SAMPLES[name], "light", "wide")
    rows = values(spec)

    def tips(part):
        if isinstance(part, dict):
            yield from part.get("tooltip", ()) if isinstance(part.get("tooltip"), list) else ()
            for inner in part.values():
                yield from tips(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from tips(inner)

    fields = {tip["field"] for tip in tips(spec)}
    assert len(fields) >= 2
    held = [row[field] for row in rows if fields <= row.keys() for field in fields]
    assert held
    assert all(isinstance(one, str) for one in held)
    assert not any(re.search(r"\d\.\d{6}", one) for one in held)


def test_colour_is_never_alone():
    """Where two things share a picture they differ in mark, dash or fill as well as in colour."""
    daily = json.dumps(specification(SAMPLES["daily"], "light", "wide"))
    assert '"square"' in daily
    assert '"circle"' in daily
    arrival = json.dumps(specification(SAMPLES["arrival"], "light", "wide"))
    assert '"square"' in arrival
    assert '"circle"' in arrival
    assert "alert: large, significant, lasting" in json.dumps(specification(DRIFT, "light", "wide"))
    assert "as measured" in json.dumps(specification(FOREST, "light", "wide"))


def test_scores_are_on_the_whole_scale_and_the_last_round_of_a_day_is_drawn():
    """From 1 to 5 whatever the scores, a mark of its own for each dimension, a dash where one was not asked about."""
    spec = specification(SAMPLES["scores"], "light", "wide")
    text = json.dumps(spec)
    assert '"domain": [0.85, 5.15]' in text
    assert all(f'"{shape}"' in text for shape in ("square", "triangle-up", "diamond", "circle"))
    read = [row for row in values(spec) if "round" in row]
    assert [(row["round"], row["Data"], row["Overall"]) for row in read] == [
        ("1", "\u2013", "3.0"), ("2", "2.5", "2.3"), ("4", "2.5", "3.0"),
    ]  # fmt: skip
    drawn = texts(Drawings().draw(SAMPLES["scores"], theme="light", size="narrow", form="svg").decode())
    assert {"Leadership and money", "Observability and cost", "Data", "Overall"} <= set(drawn)


@pytest.mark.parametrize("name", ["outcomes", "distribution"])
def test_bars_begin_at_zero(name):
    """Lengths are honest: bars start from zero, whatever the data."""
    text = json.dumps(specification(SAMPLES[name], "light", "wide"))
    assert '"zero": true' in text or '"domain": [0, ' in text


def metric(**changes):
    """A share of right answers."""
    kept = {"id": "right", "title": "Right", "unit": "share", "direction": "higher", "kind": "proportion"}
    return Metric(**kept | {"source": LabelMatch()} | changes)


def pairs(both, candidate, incumbent, neither, shift=0.0):
    """The sums of so many calls of each kind, one a unit."""
    total = Totals()
    for count, y, z in ((both, 1, 1), (candidate, 1, 0), (incumbent, 0, 1), (neither, 0, 0)):
        one = Totals.of(UnitSum(n=1.0, y=y - shift, z=z - shift))
        for _ in range(count):
            total = total + one
    return total


@pytest.mark.parametrize("shift", [0.0, 0.71])
def test_paired_outcomes_are_counted_exactly(shift):
    """From shifted sums over single calls the four counts come back to the call."""
    found = outcomes_data(metric(shift=shift), pairs(31, 12, 5, 9, shift), title="Right")
    assert [(p.cell, p.calls) for p in found.points] == [
        ("both", 31), ("candidate", 12), ("incumbent", 5), ("neither", 9),
    ]  # fmt: skip
    assert sum(p.share for p in found.points) == pytest.approx(100.0)
    assert [p.word for p in found.points][1] == "only the candidate right"


def test_of_a_share_that_should_be_low_the_good_call_is_the_one_without():
    """Where fewer is better, calls on which only the incumbent had the event are good ones of the candidate."""
    slow = metric(direction="lower", source=Latency(limit_ms=250))
    found = outcomes_data(slow, pairs(1, 2, 3, 4), title="Slow")
    assert [(p.word, p.calls) for p in found.points] == [
        ("both good", 4), ("only the candidate good", 3), ("only the incumbent good", 2), ("both bad", 1),
    ]  # fmt: skip


def test_paired_outcomes_are_not_guessed():
    """Units with several calls, other kinds and empty sums give no counts rather than wrong ones."""
    twice = Totals.of(UnitSum(n=2.0, y=1.0, z=2.0))
    assert outcomes_data(metric(), twice + pairs(5, 1, 1, 5), title="Right") is None
    assert outcomes_data(metric(kind="mean"), pairs(5, 1, 1, 5), title="Right") is None
    assert outcomes_data(metric(), Totals(), title="Right") is None


def test_a_days_difference_is_the_mean_over_its_pairs():
    """Stages of a day are added before the mean is taken, and days without a pair are left out."""
    row = {"stage": "shadow/1", "release": "r", "metric": "right", "day": day(0)}
    rows = [
        DayRow(series="paired", n=10, y=3.0, z=1.0, **row),
        DayRow(series="paired", n=30, y=1.0, z=5.0, **row),
        DayRow(series="candidate", n=30, y=9.0, z=0.0, **row),
        DayRow(series="paired", n=0, y=0.0, z=0.0, **row | {"day": day(1)}),
    ]
    found = differences_data(rows, metric(), title="Right", unit="points", factor=100.0)
    assert [(p.day, p.value, p.calls) for p in found.points] == [(day(0), pytest.approx(-5.0), 40)]
    assert differences_data([], metric(), title="Right", unit="points", factor=100.0) is None
    means = daily_data(rows, metric(), title="Right", unit="%", factor=100.0)
    assert [(p.arm, p.value) for p in means.points] == [("candidate", pytest.approx(30.0))]


def test_a_look_brings_its_band_and_a_look_without_an_estimate_is_left_out():
    """The band is drawn on the estimate's scale, and what cannot be estimated is not drawn at all."""
    estimate = Estimate(value=0.05, low=0.01, high=0.09, calls=500, units=400, method="test")
    looks = (
        Look(day=day(0), information=0.1, estimate=NotEstimable(reason="too few calls")),
        Look(day=day(1), information=0.2, estimate=estimate, band_low=-0.01, band_high=0.11),
    )
    answer = Answer(
        metric="right", form="difference", answer="keep_running", reason="", estimate=estimate, incumbent=estimate,
        candidate=estimate, looks=looks,
    )  # fmt: skip
    target = Target(
        metric="right", form="difference", baseline=0.7, floor=0.0, target=0.04, expected=0.08, calls_per_week=700,
        deviation=0.6, design_effect=1.0,
    )  # fmt: skip
    (point,) = target_data(answer, target, title="Right", unit="points", factor=100.0).points
    assert (point.day, point.band_low, point.band_high) == (day(1), pytest.approx(-1.0), pytest.approx(11.0))


def bounded(form, floor, goal, value, z):
    """The one look at an estimate, with its bounds at 2 and -1 standard errors, as it is drawn."""
    half = 1.959964
    estimate = Estimate(value=value, low=value - half, high=value + half, calls=500, units=400, method="test")
    look = Look(day=day(1), information=0.2, estimate=estimate, z=z, efficacy=2.0, futility=-1.0)
    answer = Answer(
        metric="delay", form=form, answer="keep_running", reason="", estimate=estimate, incumbent=estimate,
        candidate=estimate, looks=(look,),
    )  # fmt: skip
    target = Target(
        metric="delay", form=form, baseline=50.0, floor=floor, target=goal, expected=2 * goal - floor,
        calls_per_week=700, deviation=0.6, design_effect=1.0,
    )  # fmt: skip
    (point,) = target_data(answer, target, title="Delay", unit="minutes", factor=1.0).points
    return point


@pytest.mark.parametrize("away", [0.0, 0.1, -0.1, 0.5, -0.5])
@pytest.mark.parametrize(
    ("form", "floor", "goal", "better"),
    [("own", 40.0, 30.0, -1.0), ("own", 30.0, 40.0, 1.0), ("difference", 0.0, 5.0, 1.0)],
)
def test_the_line_for_a_go_lies_where_the_candidate_is_better(form, floor, goal, better, away):
    """Wherever the estimate is, on the target too: go lies beyond the target towards what is better, futile short of
    it. What is better may be less, where the figure itself was promised.
    """
    point = bounded(form, floor, goal, goal + better * away, away)
    assert (point.go - goal) * better == pytest.approx(2.0)
    assert (point.futile - goal) * better == pytest.approx(-1.0)


def test_distributions_share_their_bins():
    """Edges are named with open ends, shares are of each group's own calls, and nothing is no distribution."""
    assert edge_labels((10.0, 20.0)) == ("below 10", "10 to 20", "20 or more")
    found = distribution_data(title="x", unit="", labels=["a", "b"], counts={"one": [1, 3], "two": [5, 5]})
    assert [(p.group, p.label, p.share) for p in found.points] == [
        ("one", "a", 25.0), ("one", "b", 75.0), ("two", "a", 50.0), ("two", "b", 50.0),
    ]  # fmt: skip
    assert distribution_data(title="x", unit="", labels=["a"], counts={"one": [1], "two": [0]}) is None


def test_a_picture_grows_with_its_rows():
    """Forest and drift give each row its height, so that no row covers another."""
    one = ForestData(title="x", unit="", points=FOREST.points[:1])
    assert box_of(FOREST, "wide").inner_height == 3 * box_of(one, "wide").inner_height
    assert box_of(DRIFT, "wide").inner_height == 2 * 26


def test_long_delays_are_read_in_days():
    """A label window of weeks is drawn in days, one of hours in hours."""
    week = ArrivalData(title="x", due_hours=336.0, points=SAMPLES["arrival"].points)
    assert "days after the call" in json.dumps(specification(week, "light", "wide"))
    assert "hours after the call" in json.dumps(specification(SAMPLES["arrival"], "light", "wide"))


def test_a_single_day_can_be_drawn(drawings):
    """The first day of a chart is a point with room around it, not an error."""
    first = msgspec.structs.replace(TARGET, points=TARGET.points[:1])
    assert drawings.draw(first, theme="light", size="wide", form="svg").startswith(b"<svg")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"),
        (1234567.0, "1,234,567"),
        (-0.04567, "\u22120.0457"),
        (12.0, "12"),
        (None, "\u2013"),
        (float("nan"), "\u2013"),
    ],
)
def test_numbers_are_written_for_people(value, said):
    """Three digits, thousands apart, a true minus sign, and a dash for what is not there."""
    assert written(value) == said


def test_the_pages_script_is_built_once(tmp_path):
    """It is built with its compressed twin, found by the versions that it is made of, and not built again."""
    assert bundle.found(tmp_path) is None
    path = bundle.build(tmp_path)
    assert bundle.found(tmp_path) == path
    assert b"vegaEmbed" in path.read_bytes()
    made = path.stat().st_mtime_ns
    assert bundle.build(tmp_path).stat().st_mtime_ns == made
    assert sorted(one.suffix for one in tmp_path.iterdir()) == [".gz", ".js"]


def test_outcomes_name_the_arms():
    """Each bar says what it counts, and how many."""
    svg = Drawings().draw(OUTCOMES, theme="light", size="narrow", form="svg").decode()
    assert {"both right", "only the candidate right", "610 (15.2 %)"} <= set(texts(svg))
