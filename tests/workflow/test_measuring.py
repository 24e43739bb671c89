"""Measuring: what the figures rest on, when a look is taken, and what an answer stays once people have decided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import structs
from tests.record.stories import Story, charter, release
from tests.workflow.office import SLUG, FakeClock
from tests.workflow.pilots import DAY, METRICS, START, TARGET, CountingStore, Pilot

from pilotage.evidence.cost import KEPT, KEPT_IDS
from pilotage.evidence.measurements import Estimate, NotEstimable
from pilotage.evidence.plan import MeasurementPlan
from pilotage.playbook.loading import load
from pilotage.playbook.metrics import Guardrail
from pilotage.record import commands as c
from pilotage.runtime.records import Call, Execution
from pilotage.workflow.measuring import Measuring, day_of, plan_of

NewPilot = Callable[..., Pilot]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CountingStore]:
    """An empty call store."""
    with CountingStore(tmp_path) as store:
        yield store


@pytest.fixture
def new_pilot(store: CountingStore) -> NewPilot:
    """Begins a pilot in the store, its charter changed as said."""
    return lambda **changes: Pilot(store, **changes)


def failed(arm: str) -> Execution:
    """An execution that raised."""
    return Execution(arm=arm, release="r1" if arm == "candidate" else "", error="ValueError", latency_us=500)


def test_what_is_measured_follows_the_charter():
    """Without a charter traffic is summed and what it cost; with one, its metrics too, the target's shifted by its
    baseline, and only real traffic counts, or replay in a demonstration.
    """
    story = Story().propose()
    assert plan_of(story.standing) == MeasurementPlan(metrics=KEPT, alone=KEPT_IDS, counted_sources=("real",))
    story.write_charter(metrics=METRICS, target=TARGET, time_zone="Pacific/Auckland", segments=("language",))
    plan = plan_of(story.standing)
    assert [(metric.id, metric.shift) for metric in plan.metrics[:2]] == [("right_team", 0.5), ("errors", 0.0)]
    assert plan.metrics[2:] == KEPT
    assert {bet.id for bet in plan.bets} == {"floor", "harm:errors"}
    assert (plan.time_zone, plan.segments, plan.counted_sources) == ("Pacific/Auckland", ("language",), ("real",))
    assert plan_of(Story(demonstration=True).propose().standing).counted_sources == ("replay",)


def test_a_day_is_a_day_where_the_work_is_done():
    """The charter's time zone says which day it is; without a charter it is UTC's."""
    evening = dt.datetime(2026, 3, 2, 22, tzinfo=dt.UTC)
    assert day_of(None, evening) == dt.date(2026, 3, 2)
    assert day_of(charter(time_zone="Europe/Berlin"), evening) == dt.date(2026, 3, 2)
    assert day_of(charter(time_zone="Pacific/Auckland"), evening) == dt.date(2026, 3, 3)


def test_before_there_is_a_charter_traffic_is_counted(store):
    """A workload that is only proposed shows its calls, and no estimate."""
    story = Story().propose()
    store.append_calls(SLUG, [Call(call_id="0" * 32, at_us=1, served=Execution(arm="incumbent", value="1"))])
    measured = Measuring(calls=store, clock=FakeClock()).measure(story.standing, story.playbook)
    assert measured.traffic.calls == 1
    assert (measured.baseline, measured.answer, measured.guardrails, measured.reachability) == ((), None, (), None)
    assert {field.field for field in measured.coverage} == {"input", "output", "latency", "unit"}


def test_nothing_recorded_is_nothing_measured(new_pilot):
    """A pilot without a call has an answer that says so, and no figure anywhere."""
    measured = new_pilot().measure()
    assert measured.traffic.calls == 0
    assert measured.answer.answer == "not_estimable"
    assert isinstance(measured.answer.estimate, NotEstimable)
    assert [(b.metric, b.calls, b.days) for b in measured.baseline] == [("right_team", 0, 0), ("errors", 0, 0)]
    assert all(field.share is None for field in measured.coverage)
    assert measured.shadow.dropped_share is None


def test_the_baseline_is_the_incumbent_before_the_candidate_ran(new_pilot):
    """Its share of right answers over the days without a candidate. A call counts once its label's window has closed,
    and what the incumbent does alone after the candidate ran is no baseline.
    """
    pilot = new_pilot()
    pilot.clock.at = START - 10 * DAY
    for _ in range(10):
        pilot.serve((0.6, 0.0), stage="none/0")
        pilot.clock.at += DAY
    right = pilot.measure().baseline[0]
    assert (right.metric, right.calls, right.days) == ("right_team", 480, 9)
    assert right.first_day == (START - 10 * DAY).date()
    assert isinstance(right.estimate, Estimate)
    assert right.estimate.low < 0.6 < right.estimate.high
    pilot.day()
    pilot.clock.at += 5 * DAY
    for _ in range(4):
        pilot.serve((0.9, 0.0), stage="none/0")
        pilot.clock.at += DAY
    pilot.clock.at += 5 * DAY
    right, errors = pilot.measure().baseline
    assert (right.calls, right.days, right.last_day) == (600, 11, START.date())
    assert (errors.calls, errors.days) == (600, 11)


def test_looks_are_taken_once_a_day_where_the_work_is_done(new_pilot):
    """The first on the day after the declaration, by the charter's time zone, one a day, however often one asks."""
    pilot = new_pilot(time_zone="Pacific/Auckland")
    declared = dt.date(2026, 3, 2)
    assert day_of(pilot.story.standing.charter, START) == declared
    pilot.serve()
    taken = []
    for hours in range(0, 60, 1):
        at = START + dt.timedelta(hours=hours)
        if pilot.measuring.take_look(pilot.story.standing, at):
            taken.append(hours)
    # Midnight in Auckland is 11:00 in UTC during its summer.
    assert taken == [2, 26, 50]
    days = [look.day for look in pilot.store.looks(SLUG, 1)]
    assert days == [declared + n * DAY for n in (1, 2, 3)]


def test_no_look_is_taken_of_what_is_not_being_tested(new_pilot, store):
    """Without a charter, before a declaration, after the promise was changed: there is nothing to look at."""
    story = Story().propose()
    measuring = Measuring(calls=store, clock=FakeClock())
    assert not measuring.take_look(story.standing, START + DAY)
    story.write_charter()
    assert not measuring.take_look(story.standing, START + DAY)
    pilot = new_pilot()
    pilot.does("ann", c.GoBack(to_phase="select", reason="The target was too soft."))
    pilot.does("ann", c.ReviseCharter(base_version=1, charter=charter(metrics=METRICS)))
    assert pilot.story.standing.attempt_overtaken
    assert not pilot.measuring.take_look(pilot.story.standing, START + DAY)
    assert pilot.measure().answer is None


def test_a_look_holds_the_stage_that_is_judged(new_pilot):
    """Exploration before the declaration, live traffic and other attempts are in no look, and segments neither."""
    pilot = new_pilot(segments=("language",))
    pilot.serve(stage="shadow/0")
    pilot.serve(stage="live-5/1")
    pilot.serve(segment=lambda _call: {"language": "de"})
    pilot.clock.at += 3 * DAY
    assert pilot.measuring.take_look(pilot.story.standing, pilot.clock.at)
    (look,) = pilot.store.looks(SLUG, 1)
    assert {(row.stage, row.segment) for row in look.rows} == {("shadow/1", "")}
    assert {row.metric for row in look.rows} == {"right_team", "errors"}


def test_a_good_candidate_reaches_its_target(new_pilot):
    """Looks open with nothing, then keep running with a projected day, then reach: what is shown is under the target's
    form, on calls whose labels are due.
    """
    pilot = new_pilot()
    seen = []
    for _ in range(14):
        pilot.day()
        answer = pilot.measure().answer
        seen.append(answer.answer)
        if answer.answer == "keep_running":
            assert answer.projected is None or pilot.clock.at.date() <= answer.projected
    assert seen[0] == seen[1] == "not_estimable"
    assert seen[-1] == "reached"
    assert seen.index("reached") < seen.count("reached") + seen.index("reached") == 14
    estimate = answer.estimate
    assert (answer.metric, answer.form, answer.attempt, answer.alpha) == ("right_team", "difference", 1, 0.025)
    assert estimate.low < 0.4 < estimate.high
    assert estimate.calls == 60 * 12
    assert answer.projected is None
    assert answer.candidate.value == pytest.approx(0.9, abs=0.05)
    assert answer.incumbent.value == pytest.approx(0.5, abs=0.07)
    assert [look.day for look in answer.looks] == [(START + n * DAY).date() for n in range(1, 15)]


def test_a_slow_pilot_is_told_when_it_may_end(new_pilot):
    """With an estimate somewhat better than the target, the answer names the first day with an even chance."""
    pilot = new_pilot(target=structs.replace(TARGET, calls_per_week=84, expected=0.25))
    for _ in range(8):
        pilot.day((0.5, 0.8), calls=12)
    answer = pilot.measure().answer
    assert answer.answer == "keep_running"
    assert pilot.clock.at.date() < answer.projected <= charter().decision_on


def test_a_bad_candidate_is_called_off(new_pilot):
    """Below the floor, the bets end it as soon as units have closed, though no look could."""
    pilot = new_pilot()
    for _ in range(12):
        pilot.day((0.8, 0.3))
    answer = pilot.measure().answer
    assert answer.answer == "below_floor"
    assert answer.kill_evidence > 20


def test_labels_of_the_baseline_do_not_stand_in_for_the_pilots(new_pilot):
    """The bound is crossed, but half of the labels of what is judged are missing: it keeps running, whatever the
    coverage over the whole workload.
    """
    pilot = new_pilot()
    pilot.clock.at = START - 30 * DAY
    for _ in range(20):
        pilot.serve(stage="none/0", calls=400)
        pilot.clock.at += DAY
    pilot.clock.at = START
    for _ in range(14):
        pilot.day(labelled=0.5)
    measured = pilot.measure()
    overall = next(field for field in measured.coverage if field.field == "label")
    assert overall.share > 0.95
    assert measured.answer.answer == "keep_running"
    assert "of the labels that are due arrived" in measured.answer.reason


def test_what_was_dropped_while_exploring_does_not_count_against_the_test(new_pilot):
    """Calls that shadowing dropped make the answer not estimable in the stage that is judged, and only there."""
    pilot = new_pilot()
    pilot.serve(stage="shadow/0", dropped=30)
    for _ in range(14):
        pilot.day()
    measured = pilot.measure()
    assert measured.answer.answer == "reached"
    assert measured.shadow.dropped_share > 0.01
    for _ in range(3):
        pilot.day(dropped=6)
    assert pilot.measure().answer.answer == "not_estimable"


def test_labels_that_come_late_say_the_same(new_pilot, tmp_path):
    """Whether labels come within the hour or on the last day of their window, a look says the same: it holds the calls
    whose window has closed, and no others.
    """
    prompt = new_pilot()
    with CountingStore(tmp_path / "other") as store:
        late = Pilot(store)
        for _ in range(6):
            prompt.day((0.5, 0.6), label_hours=1.0)
            late.day((0.5, 0.6), label_hours=47.0)
        looks = prompt.measure().answer.looks
        assert looks == late.measure().answer.looks
    assert [look.estimate.calls for look in looks] == [0, 0, 60, 120, 180, 240]


def test_guardrails_are_judged_where_the_target_is(new_pilot):
    """A candidate that fails on a third of its calls in shadow breaks the error guardrail, and the answer is harm."""
    pilot = new_pilot()
    for _ in range(8):
        pilot.day(beside=lambda call: failed("candidate") if int(call.call_id, 16) % 3 == 0 else call.beside)
    measured = pilot.measure()
    (errors,) = measured.guardrails
    assert (errors.metric, errors.status, errors.stage) == ("errors", "breached", "shadow/1")
    assert measured.answer.answer == "harmed"


@pytest.mark.parametrize("guardrail", [Guardrail(metric="errors", margin=0.01), Guardrail(metric="errors", limit=0.1)])
def test_live_guardrails_are_judged_step_by_step(new_pilot, guardrail):
    """Each live stage has a result of its own, of the release that runs; what another stage showed does not mix in."""
    pilot = new_pilot(guardrails=(guardrail,))
    pilot.serve()
    pilot.serve(stage="live-5/1", calls=400)
    pilot.clock.at += DAY
    pilot.serve(
        stage="live-25/1",
        calls=400,
        served=lambda call: failed("candidate") if call.assigned == "candidate" else call.served,
    )
    pilot.clock.at += DAY
    results = {result.stage: result.status for result in pilot.measure().live_guardrails}
    assert results.keys() == {"live-5/1", "live-25/1"}
    assert results["live-25/1"] == "breached"
    assert results["live-5/1"] in {"within", "undecided"}


def test_when_nothing_came_nothing_is_measured_again(new_pilot):
    """The second question is answered from memory; a new call, a new fact, a new hour or a look ask again."""
    pilot = new_pilot()
    pilot.day()
    first = pilot.measure()
    read = pilot.store.read
    assert pilot.measure() is first
    assert pilot.store.read == read
    pilot.serve(calls=1)
    second = pilot.measure()
    assert second.traffic.calls == first.traffic.calls + 1
    pilot.does("ann", c.Comment(comment="Going well."))
    third = pilot.measure()
    assert third is not second
    pilot.clock.wait(hours=1)
    assert pilot.measure() is not third


def test_news_that_somebody_else_heard_of_is_not_lost(new_pilot):
    """The watch brings the sums up to date and takes its look: whoever measures after it sees both."""
    pilot = new_pilot()
    pilot.serve()
    pilot.clock.at += DAY
    before = pilot.measure()
    assert before.answer.looks == ()
    pilot.serve(calls=5)
    assert pilot.measuring.take_look(pilot.story.standing, pilot.clock.at)
    after = pilot.measure()
    assert after.traffic.calls == before.traffic.calls + 5
    assert len(after.answer.looks) == 1


def test_a_failure_half_way_is_measured_again(new_pilot):
    """If the store failed after it took something in, memory is not trusted afterwards."""
    pilot = new_pilot()
    pilot.serve()
    before = pilot.measure()
    pilot.serve(calls=3)
    pilot.store.fail_after_projecting = True
    with pytest.raises(OSError, match="disk"):
        pilot.measure()
    pilot.store.fail_after_projecting = False
    assert pilot.measure().traffic.calls == before.traffic.calls + 3


def test_an_extension_lets_the_test_go_on(new_pilot):
    """Before it is signed the deadline stands; once it is in force, looks are taken until the new one and may reach.

    What counts as full information stays as it was planned: more time does not make the early looks weigh less.
    """
    dates = {"starts_on": dt.date(2026, 2, 20), "decision_on": dt.date(2026, 3, 20)}
    pilot = new_pilot(target=structs.replace(TARGET, calls_per_week=105), **dates)
    for _ in range(19):
        pilot.day((0.5, 0.68), calls=8)
    assert pilot.clock.at.date() == dt.date(2026, 3, 21)
    overdue = pilot.measure().answer
    assert overdue.answer == "keep_running"
    assert "came without an answer" in overdue.reason
    pilot.begin_evaluation()
    pilot.decide("extend", until=dt.date(2026, 4, 20), signers=("ann",))
    unsigned = pilot.measure().answer
    assert (unsigned.answer, unsigned.looks) == (overdue.answer, overdue.looks)
    pilot.story.sign("sam", "decision")
    for _ in range(15):
        pilot.day((0.5, 0.95), calls=20)
    answer = pilot.measure().answer
    assert answer.looks[-1].day == dt.date(2026, 4, 5)
    assert answer.answer == "reached"
    assert [look.information for look in answer.looks[:19]] == [look.information for look in overdue.looks]


def test_what_was_decided_on_stays_what_it_was(new_pilot):
    """After a go in force no look is taken, and answer and figures are those of the decision's day, though later calls
    would tell another story; guardrails go on being measured.
    """
    pilot = new_pilot()
    for _ in range(10):
        pilot.day()
    pilot.begin_evaluation()
    before = pilot.measure().answer
    assert before.answer == "reached"
    pilot.decide("go", signers=("ann",))
    pilot.day()
    assert len(pilot.measure().answer.looks) == len(before.looks) + 1
    pilot.story.sign("sam", "decision")
    decided = pilot.measure().answer
    assert "This is the answer that was decided on, on 2026-03-12." in decided.reason
    for _ in range(12):
        pilot.day((0.9, 0.1), beside=lambda _call: failed("candidate"), labelled=0.1)
    measured = pilot.measure()
    assert measured.answer == decided
    assert (decided.answer, decided.looks, decided.estimate) == ("reached", before.looks, before.estimate)
    assert len(pilot.store.looks(SLUG, 1)) == len(before.looks) + 1
    assert [g.status for g in measured.guardrails] == ["breached"]


def test_a_no_go_keeps_the_answer_it_was_put_on(new_pilot):
    """Decided without an answer, before any look: that is what it stays, with the reason, whatever comes later."""
    pilot = new_pilot()
    pilot.begin_evaluation()
    pilot.story.measurements = structs.replace(
        pilot.story.measurements, answer=structs.replace(pilot.story.measurements.answer, answer="keep_running")
    )
    pilot.story.does("ann", c.Decide(outcome="no_go", reasons="No budget."))
    for person in ("ann", "sam"):
        pilot.story.sign(person, "decision")
    pilot.day()
    answer = pilot.measure().answer
    assert answer.answer == "keep_running"
    assert "This is the answer that was decided on" in answer.reason
    assert answer.looks == ()


def test_another_attempt_starts_from_nothing(new_pilot):
    """A second release is judged in a stage of its own, with half the error, and its looks begin anew; what the first
    one showed stays with the first.
    """
    pilot = new_pilot()
    for _ in range(10):
        pilot.day()
    first = pilot.measure()
    assert first.answer.answer == "reached"
    pilot.does("eva", release("r2", "cd" * 32))
    pilot.does("ann", c.DeclareForEvaluation(release="r2"))
    second = pilot.measure()
    assert (second.answer.answer, second.answer.attempt, second.answer.alpha) == ("not_estimable", 2, 0.0125)
    assert (second.answer.looks, second.guardrails[0].status) == ((), "not_estimable")
    assert second.reachability.probability_at_expected < first.reachability.probability_at_expected
    assert second.reachability.calls_needed > first.reachability.calls_needed


def test_reachability_is_that_of_the_attempt_to_come(new_pilot):
    """While a promise is being changed, what could be shown is said of the attempt that has to be declared next."""
    pilot = new_pilot()
    running = pilot.measure().reachability
    pilot.does("ann", c.GoBack(to_phase="select", reason="The target was too soft."))
    pilot.does("ann", c.ReviseCharter(base_version=1, charter=charter(metrics=METRICS, target=TARGET, risks=())))
    assert pilot.measure().reachability == running
    changed = structs.replace(TARGET, power=0.81)
    pilot.does("ann", c.ReviseCharter(base_version=2, charter=charter(metrics=METRICS, target=changed)))
    assert pilot.measure().reachability.calls_needed > running.calls_needed * 1.1


def test_the_playbook_says_how_much_has_to_be_recorded(new_pilot):
    """The share that a field needs comes from the criterion; the label is asked for where the target waits for one."""
    pilot = new_pilot()
    pilot.day()
    fields = {field.field: field.required for field in pilot.measure().coverage}
    share = float(load("standard").criterion("pilot.instrumented").params["share_min"])
    assert fields == dict.fromkeys(("input", "output", "latency", "unit", "label", "confidence"), share)
