"""The benefit by quarter, from the calls over the months on record to figures that cannot be flattered."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
from msgspec import structs
from tests.workflow.office import SLUG
from tests.workflow.pilots import CountingStore, Pilot

from pilotage.evidence.figures import live_figures
from pilotage.evidence.measurements import Estimate, NotEstimable
from pilotage.evidence.quarters import next_month, quarter_end, quarter_start
from pilotage.evidence.strata import StageTotals
from pilotage.operations.benefiting import BenefitWatch
from pilotage.record.facts import ExposureSet
from pilotage.workflow import value_section
from pilotage.workflow.live_figures import by_stage


def held_back(share: float):
    """Of the units this share stays with the incumbent, the others get the candidate."""

    def assign(call):
        number = int(call.call_id, 16)
        arm = "incumbent" if number % 100 < share * 100 else "candidate"
        served = structs.replace(call.served, arm=arm, release="r1" if arm == "candidate" else "")
        right = number * 7919 % 1000 < (500 if arm == "incumbent" else 800)
        return structs.replace(served, value='"right"' if right else '"wrong"')

    return {
        "served": assign,
        "assigned": lambda call: assign(call).arm,
        "unit": lambda call: f"unit-{int(call.call_id, 16) % 400}",
    }


class Serving(Pilot):
    """A pilot that goes live on the 1st of April 2026 and serves for as long as it takes."""

    def begin(self) -> None:
        """The candidate goes live with five per cent held back."""
        self.clock.at = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
        self.story.now = self.clock.at
        self.story.record(ExposureSet(mode="live", percent=95.0, cohorts=(), reason="Live."), "oli")

    def run(self, until: dt.date, share: float = 0.05) -> None:
        """Every second day 100 calls, each labelled an hour later."""
        while self.clock.at.date() < until:
            self.serve(calls=100, stage="live-95/1", **held_back(share))
            self.clock.at += dt.timedelta(days=2)

    def found(self):
        """The quarters as measured now."""
        return self.measure().quarters

    def workspace(self):
        """What the watch is given."""
        return SimpleNamespace(clock=self.clock, measuring=self.measuring, calls=self.store)


@pytest.fixture
def serving(tmp_path):
    """A real store with five months of live traffic to come."""
    with CountingStore(tmp_path / "calls") as store:
        made = Serving(store)
        made.begin()
        yield made


def test_quarters_follow_the_calendar():
    """Months and quarters end where the next begin, over the year's end too."""
    assert quarter_start(dt.date(2026, 12, 31)) == dt.date(2026, 10, 1)
    assert quarter_end(dt.date(2026, 10, 1)) == dt.date(2027, 1, 1)
    assert next_month(dt.date(2026, 1, 31)) == dt.date(2026, 2, 1)


def test_a_quarter_compares_the_holdback_with_the_rest(serving):
    """Both arms of each month are compared, the share held back is known, and the last quarter is over once its labels
    can come no more; what follows is the quarter so far.
    """
    serving.run(dt.date(2026, 7, 20))
    whole, so_far = serving.found()
    assert (whole.quarter, whole.complete, so_far.quarter, so_far.complete) == ("2026-Q2", True, "2026-Q3", False)
    assert whole.months == ("2026-04", "2026-05", "2026-06")
    assert whole.concurrent
    assert whole.held_back == pytest.approx(0.05, abs=0.02)
    assert isinstance(whole.comparison, Estimate)
    assert whole.comparison.low < 0.3 < whole.comparison.high
    assert "3 months or steps" in whole.comparison.method
    assert so_far.months == ("2026-07",)


def test_a_quarter_is_open_until_its_labels_have_come(serving):
    """On the day after its end the labels of its last calls may still come."""
    serving.run(dt.date(2026, 7, 1))
    assert [one.complete for one in serving.found()] == [False, False]
    serving.clock.at = dt.datetime(2026, 7, 3, 1, tzinfo=dt.UTC)
    assert serving.found()[0].complete


def test_months_joined_are_never_surer_than_the_kept_sums(serving):
    """The interval of the joined months is no narrower than that of all calls with every unit counted once."""
    serving.run(dt.date(2026, 7, 6))
    whole = serving.found()[0].comparison
    charter = serving.story.standing.charter
    metric = next(m for m in charter.metrics if m.id == charter.target.metric)
    stages = [s for s in by_stage(serving.store.totals(SLUG), metric.id, "r1") if s.stage == "live-95/1"]
    all_at_once = live_figures(structs.replace(metric, shift=0.5), "difference", stages).comparison
    assert whole.value == pytest.approx(all_at_once.value, abs=0.03)
    assert whole.high - whole.low >= all_at_once.high - all_at_once.low


def test_the_watch_writes_a_month_down_and_it_outlives_its_calls(serving):
    """What was written down is what is judged, though the calls are past their retention: the same figures to the last
    digit. A day later the watch has nothing to add.
    """
    serving.run(dt.date(2026, 7, 6))
    before = serving.found()[0]
    watch = BenefitWatch(serving.workspace())
    facts = list(watch.look(serving.story.standing))
    assert [fact.month for fact in facts] == ["2026-04", "2026-05", "2026-06"]
    for fact in facts:
        serving.story.record(fact)
    serving.store.retain(SLUG, serving.clock.at)
    serving.measuring.forget(SLUG)
    after = serving.found()[0]
    assert (after.comparison, after.candidate, after.incumbent) == (
        before.comparison,
        before.candidate,
        before.incumbent,
    )
    serving.clock.at += dt.timedelta(days=1, hours=1)
    assert list(watch.look(serving.story.standing)) == []


def test_a_month_that_was_not_written_down_in_time_is_not_made_up(serving):
    """Where the calls are gone and nothing is on record, the quarter has no figure: absence, not nought."""
    serving.run(dt.date(2026, 7, 6))
    serving.store.retain(SLUG, serving.clock.at)
    serving.measuring.forget(SLUG)
    assert isinstance(serving.found()[0].comparison, NotEstimable)


def test_sums_of_another_promise_are_not_mixed_in(serving):
    """A month measured of another definition of the metric is read again, not taken as it stands."""
    serving.run(dt.date(2026, 5, 10))
    watch = BenefitWatch(serving.workspace())
    (fact,) = watch.look(serving.story.standing)
    serving.story.record(structs.replace(fact, definition="ab" * 32, stages=()))
    assert serving.found()[0].months == ("2026-04", "2026-05")


def test_without_a_holdback_the_quarter_is_not_concurrent(serving):
    """Everything went to the candidate: it is held against the baseline from before the pilot, and says so."""
    serving.run(dt.date(2026, 7, 6), share=0.0)
    whole = serving.found()[0]
    assert not whole.concurrent
    assert whole.held_back is None
    assert isinstance(whole.comparison, NotEstimable)
    assert "baseline" in whole.comparison.reason


def test_the_section_shows_the_quarters(serving):
    """Figures, state, the sums with a digest, and a chart with target and floor."""
    serving.run(dt.date(2026, 7, 20))
    judgement = SimpleNamespace(workload=serving.story.standing, measurements=serving.measure())
    found = value_section.build(serving.workspace(), judgement)
    assert [one.quarter for one in found.quarters] == ["2026-Q2", "2026-Q3"]
    assert found.quarters[0].status in {"met", "pending"}
    assert len(found.quarters[0].digest) == 64
    chart = value_section.quarters_data(found)
    assert [point.label for point in chart.points] == ["2026-Q2", "2026-Q3 so far"]
    assert [line.word for line in chart.lines] == ["target", "floor"]


def test_strata_of_a_quarter_are_not_taken_to_be_apart():
    """Units come back in later months, so no month may claim that its units are its own."""
    assert not StageTotals(stage="live-95/1").apart
