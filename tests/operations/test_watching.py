"""The watch: writes down what changed, takes back what may no longer be exposed, and never says a thing twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec import structs
from tests.record.stories import OWN_MEASURE, Story, answered, clearance, measured_well, within
from tests.workflow.office import SLUG, FakeClock, Office, kinds, measured
from tests.workflow.pilots import DAY, START, CountingStore, Pilot

from pilotage.evidence.measurements import NotEstimable
from pilotage.gates.ceiling import effective
from pilotage.operations.watching import Watch, seen
from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.verdicts import ExposureLimit
from pilotage.record.workload import AnswerSeen, Exposure, Workload
from pilotage.storage.errors import StorageUnavailable
from pilotage.workflow.desk import Judgement
from pilotage.workflow.errors import Overtaken
from pilotage.workflow.measuring import Measuring

SERVED = Story().begin_service().standing
OPEN = ExposureLimit(mode="live", percent=100.0, reasons=("Every gate on the way is passed.",))


def judged(workload: Workload = SERVED, *, limit: ExposureLimit = OPEN, measurements=None, verdicts=()) -> Judgement:
    """A workload as the test says it stands."""
    mode, percent, cohorts = effective(workload.exposure, limit)
    return Judgement(
        workload=workload,
        playbook=Story().playbook,
        measurements=measurements,
        verdicts={verdict.id: verdict for verdict in verdicts},
        ceiling=limit,
        mode=mode,
        percent=percent,
        cohorts=cohorts,
    )


def broken(stage: str = "live-5/1", metric: str = "errors"):
    """A guardrail seen broken at a step."""
    return within(metric, status="breached", stage=stage, reason=f"{metric} is far worse.")


def well(**changes):
    """Good measurements but for what is stated."""
    return structs.replace(measured_well(START), **changes)


def exposed(mode: str, percent: float = 0.0, cohorts: tuple[str, ...] = ()) -> Workload:
    """The served workload under another exposure."""
    return structs.replace(SERVED, exposure=Exposure(mode=mode, percent=percent, cohorts=cohorts, timeout_ms=70.0))


def test_an_answer_is_written_down_when_it_changes():
    """Once for every change, with the figures that were seen; under another attempt it is another answer."""
    story = Story().begin_evaluation()
    (fact,) = seen(judged(story.standing, measurements=well()), START)
    assert fact == f.AnswerMeasured(
        metric="right_team",
        attempt=1,
        answer="reached",
        reason="The answer is reached.",
        estimate=OWN_MEASURE.value,
        low=OWN_MEASURE.low,
        high=OWN_MEASURE.high,
        calls=5000,
    )
    stamp = story.standing.proposed
    known = structs.replace(
        story.standing, answer=AnswerSeen(answer="reached", attempt=1, reason="Then too.", stamp=stamp)
    )
    assert seen(judged(known, measurements=well()), START) == []
    assert [x.answer for x in seen(judged(known, measurements=well(answer=answered("harmed"))), START)] == ["harmed"]
    assert [x.attempt for x in seen(judged(known, measurements=well(answer=answered(attempt=2))), START)] == [2]


def test_an_answer_without_a_figure_is_written_down_without_one():
    """Absent figures are absent on the record too."""
    absent = structs.replace(answered("not_estimable"), estimate=NotEstimable(reason="Too few.", calls=9))
    (fact,) = seen(judged(Story().begin_evaluation().standing, measurements=well(answer=absent)), START)
    assert (fact.answer, fact.estimate, fact.low, fact.high, fact.calls) == ("not_estimable", None, None, None, 9)


def test_an_answer_is_the_pilots_business():
    """Once the decision is made and the phase passed, no answer is written down any more; nor where there is none."""
    assert seen(judged(SERVED, measurements=well()), START) == []
    assert seen(judged(Story().begin_evaluation().standing), START) == []
    assert seen(judged(Story().begin_evaluation().standing, measurements=well(answer=None)), START) == []


def test_a_measured_verdict_is_written_down_when_it_begins_or_ceases_to_hold():
    """Met and unmet are news; what was never known and is pending is not; a verdict known already is not. Measured
    criteria of the gate in hand count, and enforced ones once they hold.
    """
    story = Story().begin_pilot()
    story.measurements = None
    pending = story.verdicts()
    enforced = {"pilot.on-time": "met"}
    first = seen(judged(story.standing, verdicts=pending.values()), START)
    assert {fact.criterion: fact.verdict for fact in first} == enforced
    story.measurements = measured_well(story.now)
    verdicts = story.verdicts()
    facts = [
        x for x in seen(judged(story.standing, verdicts=verdicts.values()), START) if isinstance(x, f.VerdictMeasured)
    ]
    expected = {v.id: v.verdict for v in verdicts.values() if v.phase == "pilot" and v.kind == "measured"}
    expected = {criterion: verdict for criterion, verdict in expected.items() if verdict in {"met", "unmet"}}
    assert {fact.criterion: fact.verdict for fact in facts} == {**expected, **enforced}
    assert {"pilot.baseline", "pilot.shadow"} <= expected.keys()
    known = structs.replace(story.standing, measured={**expected, **enforced})
    assert seen(judged(known, verdicts=verdicts.values()), START) == []
    ceased = [x for x in seen(judged(known, verdicts=pending.values()), START) if isinstance(x, f.VerdictMeasured)]
    assert {fact.criterion: fact.verdict for fact in ceased} == dict.fromkeys(expected, "pending")


def test_an_end_that_is_near_is_said_once():
    """Two weeks before evidence lapses the watch writes it down, once for each end; what is asked of nobody yet is
    not said.
    """
    story = Story().begin_pilot().clear()
    story.wait(days=165)
    assert "pilot.clearance" not in {fact.criterion for fact in _foreseen(story)}
    story.wait(days=1)
    (said,) = [fact for fact in _foreseen(story) if fact.criterion == "pilot.clearance"]
    assert said.valid_until == story.now + dt.timedelta(days=14)
    story.record(said)
    assert "pilot.clearance" not in {fact.criterion for fact in _foreseen(story)}
    story.does("pia", clearance("privacy"))
    story.does("sid", clearance("security"))
    assert story.verdict("pilot.clearance").renew is None
    story.wait(days=170)
    assert [fact.criterion for fact in _foreseen(story) if fact.criterion == "pilot.clearance"]


def _foreseen(story: Story) -> list[f.LapseForeseen]:
    facts = seen(judged(story.standing, verdicts=story.verdicts().values()), story.now)
    return [fact for fact in facts if isinstance(fact, f.LapseForeseen)]


def test_a_breach_is_written_down_and_takes_the_exposure_back():
    """The guardrail's figures are recorded, and the candidate goes back to where nobody sees it, its settings kept."""
    facts = seen(judged(exposed("live", 5.0, ("berlin",)), measurements=well(live_guardrails=(broken(),))), START)
    breach, exposure = facts
    assert breach == f.GuardrailBreached(
        metric="errors",
        stage="live-5/1",
        reason="errors is far worse.",
        difference=OWN_MEASURE.value,
        low=OWN_MEASURE.low,
        high=OWN_MEASURE.high,
        calls=5000,
    )
    assert (exposure.mode, exposure.percent, exposure.cohorts, exposure.timeout_ms) == ("shadow", 0.0, (), 70.0)
    assert exposure.reason == "Taken back by the watch: errors is far worse."


def test_suggestions_that_people_turn_down_are_taken_back_too():
    """A limit on what people do is broken where answers are only suggested; there is no incumbent to compare with."""
    nobody = NotEstimable(reason="There are no calls of the incumbent yet.")
    turned_down = structs.replace(broken("suggest-10/1", "overridden"), difference=nobody, limit=0.3)
    facts = seen(
        judged(exposed("suggest", 10.0, ("berlin",)), measurements=well(live_guardrails=(turned_down,))), START
    )
    breach, exposure = facts
    assert (breach.metric, breach.stage, breach.difference, breach.low) == ("overridden", "suggest-10/1", None, None)
    assert (exposure.mode, exposure.percent) == ("shadow", 0.0)


@pytest.mark.parametrize(
    "result",
    [
        within(stage="live-5/1"),
        within(stage="live-5/1", status="undecided"),
        within(stage="live-5/1", status="not_estimable"),
        broken(stage="live-5/2"),
    ],
)
def test_what_is_not_a_breach_of_what_runs_takes_nothing_back(result):
    """A guardrail that holds or is not decided, and what another attempt's release did, leave the exposure alone."""
    assert seen(judged(exposed("live", 5.0), measurements=well(live_guardrails=(result,))), START) == []


def test_a_breach_that_shows_late_still_counts():
    """Labels came in when the roll-out stood at the next step already: the breach at the step before is written down,
    once, and takes the exposure back.
    """
    late = well(live_guardrails=(broken("live-5/1"), within(stage="live-25/1")))
    facts = seen(judged(exposed("live", 25.0), measurements=late), START)
    assert [type(fact) for fact in facts] == [f.GuardrailBreached, f.ExposureSet]
    story = Story().begin_service()
    story.record(facts[0])
    story.record(f.BreachResolved(metric="errors", reason="Repaired."))
    known = structs.replace(story.standing, exposure=Exposure(mode="live", percent=25.0))
    assert seen(judged(known, measurements=late), START) == []
    of_then = well(live_guardrails=(broken("live-5/1"), broken("live-25/1")))
    assert seen(judged(known, measurements=of_then), START) == []
    again = well(live_guardrails=(broken("live-25/1"), broken("live-5+1/1")))
    assert [fact.stage for fact in seen(judged(known, measurements=again), START)[:1]] == ["live-5+1/1"]


def test_a_metric_that_broke_at_two_steps_is_written_down_once():
    """One breach a metric; each metric has its own."""
    results = (broken("live-5/1"), broken("live-25/1"), broken("live-25/1", "right_team"))
    facts = seen(judged(exposed("live", 25.0), measurements=well(live_guardrails=results)), START)
    assert [fact.metric for fact in facts[:-1]] == ["errors", "right_team"]
    assert isinstance(facts[-1], f.ExposureSet)
    assert facts[-1].reason.endswith("errors is far worse.; right_team is far worse.")


def test_an_open_breach_is_not_written_down_again():
    """While it is open it is known, though its figures stay as bad as they were."""
    story = Story().begin_service()
    story.record(
        f.GuardrailBreached(
            metric="errors", stage="live-5/1", reason="Bad.", difference=None, low=None, high=None, calls=1
        )
    )
    exposure = Exposure(mode="live", percent=5.0)
    still = structs.replace(story.standing, exposure=exposure)
    assert seen(judged(still, measurements=well(live_guardrails=(broken(),))), START) == []


def test_nobody_exposed_is_no_breach():
    """In shadow a guardrail's old figures of the roll-out take nothing back."""
    assert seen(judged(exposed("shadow"), measurements=well(live_guardrails=(broken(),))), START) == []


@pytest.mark.parametrize(
    ("asked", "limit", "left"),
    [
        (("live", 25.0, ("berlin",)), ExposureLimit(mode="live", percent=5.0), ("live", 5.0, ("berlin",))),
        (("live", 5.0, ("berlin",)), ExposureLimit(mode="suggest", percent=50.0), ("suggest", 5.0, ("berlin",))),
        (("live", 5.0, ()), ExposureLimit(mode="suggest", percent=50.0, cohort_required=True), ("shadow", 0.0, ())),
        (("live", 5.0, ("berlin",)), ExposureLimit(mode="shadow"), ("shadow", 0.0, ())),
        (("suggest", 5.0, ()), ExposureLimit(mode="suggest", percent=50.0, cohort_required=True), ("shadow", 0.0, ())),
        (("shadow", 0.0, ()), ExposureLimit(mode="none"), ("none", 0.0, ())),
    ],
)
def test_what_the_ceiling_no_longer_allows_is_taken_back_on_the_record(asked, limit, left):
    """The exposure that is left is what is really leased, so that it does not come back when the ceiling rises."""
    (fact,) = seen(judged(exposed(*asked), limit=structs.replace(limit, reasons=("A waiver ended.",))), START)
    assert (fact.mode, fact.percent, fact.cohorts) == left
    assert fact.reason == "Taken back by the watch: A waiver ended."


@pytest.mark.parametrize(
    "asked", [("none", 0.0), ("shadow", 0.0), ("suggest", 90.0, ("berlin",)), ("live", 2.0), ("live", 5.0)]
)
def test_what_is_within_the_ceiling_is_left_alone(asked):
    """At or under it nothing is written, and a ceiling far above raises nothing by itself."""
    for limit in (ExposureLimit(mode="live", percent=5.0), OPEN):
        assert seen(judged(exposed(*asked), limit=limit), START) == []


def test_what_was_killed_is_left_alone():
    """It is off already; the watch has nothing to add."""
    story = Story().begin_service()
    story.does("oli", c.Kill(reason="Answers in Latin."))
    off = ExposureLimit(mode="none", reasons=("Killed.",))
    bad = well(live_guardrails=(broken(),))
    assert seen(judged(story.standing, limit=off, measurements=bad), START) == []
    stale = structs.replace(story.standing, exposure=Exposure(mode="live", percent=5.0))
    assert seen(judged(stale, limit=off, measurements=bad), START) == []


class Room:
    """What the watch needs of a workspace."""

    def __init__(self, office: Office, measuring: Measuring, calls: CountingStore) -> None:
        self.calls = calls
        self.ledger = office.ledger
        self.desk = office.desk
        self.clock = office.clock
        self.measuring = measuring


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CountingStore]:
    """A call store, empty unless a pilot fills it."""
    with CountingStore(tmp_path / "calls") as store:
        yield store


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A desk whose measurements the test states."""
    office = Office(tmp_path / "pilotage.db")
    yield office
    office.close()


@pytest.fixture
def watch(office: Office, store: CountingStore) -> Watch:
    """The watch over the office's workloads."""
    return Watch(Room(office, Measuring(calls=store, clock=office.clock), store))


def serving(office: Office, slug: str = SLUG) -> None:
    """A workload that serves its first share, well measured."""
    office.tell(Story().begin_service(), slug)
    measured(office, live_guardrails=(within(stage="live-5/1"),))


def test_a_round_that_finds_nothing_new_writes_nothing(office, watch):
    """The first round says what it sees, every other is silent, and so is a new process."""
    office.tell(Story().begin_pilot())
    measured(office)
    assert watch.run() == (SLUG,)
    position = office.ledger.position()
    for _ in range(3):
        assert watch.run() == ()
    assert office.ledger.position() == position


def test_a_broken_guardrail_is_off_after_one_round_and_stays_off(office, watch):
    """Seen broken, written down, taken back; when the figures are good again and the breach is resolved, nobody is
    exposed until somebody asks for it.
    """
    serving(office)
    assert office.judge().mode == "live"
    measured(office, live_guardrails=(broken(),))
    assert watch.run() == (SLUG,)
    judgement = office.judge()
    assert (judgement.mode, [b.metric for b in judgement.workload.open_breaches]) == ("shadow", ["errors"])
    assert judgement.ceiling.mode == "shadow"
    assert watch.run() == ()
    measured(office, live_guardrails=(within(stage="live-5/1"),))
    office.does("oli", c.ResolveBreach(metric="errors", reason="The feed was repaired."))
    watch.run()
    assert office.judge().mode == "shadow"
    assert office.judge().ceiling.mode == "live"


def test_a_waiver_that_ends_takes_back_what_it_allowed(office, watch):
    """On its last day the exposure is reduced on the record and stays so. What the gates say of less exposure is
    written down once, and then there is nothing more to say.
    """
    serving(office)
    watch.run()
    office.clock.wait(days=31)
    assert office.judge().mode != "live"
    assert watch.run() == (SLUG,)
    exposure = office.desk.load(SLUG).exposure
    assert exposure.mode != "live"
    assert exposure.reason.startswith("Taken back by the watch: ")
    before = kinds(office)
    watch.run()
    assert set(kinds(office)[len(before) :]) <= {"verdict_measured"}
    assert watch.run() == ()
    assert office.desk.load(SLUG).exposure == exposure


def test_a_zombie_stops_shadowing(office, watch):
    """With nobody deciding by the decision date and its grace, shadowing winds down by itself."""
    story = Story().begin_evaluation()
    office.tell(story)
    measured(office)
    watch.run()
    office.clock.at = dt.datetime(2026, 4, 29, 12, tzinfo=dt.UTC)
    assert watch.run() == (SLUG,)
    exposure = office.desk.load(SLUG).exposure
    assert (exposure.mode, exposure.stamp.by) == ("none", "system")
    assert "No decision was signed by 2026-04-27" in exposure.reason
    assert watch.run() == ()


def test_a_killed_workload_is_not_looked_after(office, watch):
    """No look, no measurement and no fact."""
    serving(office)
    office.does("oli", c.Kill(reason="Answers in Latin."))
    measured(office, live_guardrails=(broken(),))
    asked, position = office.stated.asked, office.ledger.position()
    assert watch.run() == ()
    assert (office.stated.asked, office.ledger.position()) == (asked, position)


def test_one_workload_that_fails_leaves_the_others_watched(office, watch):
    """What cannot be measured is told at the end of the round, by name; the others were looked after."""
    serving(office, "a-first")
    serving(office)
    serving(office, "z-last")
    bad = measured(office, live_guardrails=(broken(),))

    def measure(workload, _playbook):
        if workload.slug == SLUG:
            raise StorageUnavailable("calls-unavailable", "The disk is gone.")
        return bad

    office.desk._measure = measure
    with pytest.raises(ExceptionGroup, match="every workload") as failed:
        watch.run()
    (error,) = failed.value.exceptions
    assert isinstance(error, StorageUnavailable)
    assert error.__notes__ == [f"The watch could not look after {SLUG}."]
    assert [office.desk.load(slug).exposure.mode for slug in ("a-first", SLUG, "z-last")] == [
        "shadow",
        "live",
        "shadow",
    ]


def test_a_workload_that_others_change_waits_for_the_next_round(office, watch):
    """Being overtaken is no failure: the next round looks again."""
    serving(office)
    measured(office, live_guardrails=(broken(),))
    record = office.desk.record

    def overtaken(slug, _make):
        raise Overtaken(slug)

    office.desk.record = overtaken
    assert watch.run() == ()
    office.desk.record = record
    assert watch.run() == (SLUG,)


def test_the_watch_takes_the_days_look_and_says_what_it_shows(tmp_path, store):
    """Day by day on real calls: a look a day, the answer on the record when it changes, and no fact in between."""
    pilot = Pilot(store)
    office = Office(tmp_path / "pilot.db", clock=FakeClock(START), measure=pilot.measuring.measure)
    office.tell(pilot.story)
    pilot.clock = office.clock
    pilot.measuring._clock = office.clock
    watch = Watch(Room(office, pilot.measuring, store))
    for _ in range(14):
        pilot.serve()
        office.clock.at += DAY
        watch.run()
        watch.run()
    answers = [entry.payload["answer"] for entry in office.ledger.read(SLUG) if entry.kind == "answer_measured"]
    assert answers[0] == "not_estimable"
    assert answers[-1] == "reached"
    assert all(before != after for before, after in pairwise(answers))
    assert len(store.looks(SLUG, 1)) == 14
    assert office.desk.load(SLUG).answer.answer == office.judge().answer == "reached"
    office.close()


def test_an_undecided_pilot_winds_down_and_its_sponsor_is_told_once(office, watch):
    """Past the decision date and its grace shadowing stops, on the record, and the sponsor is told: once for each date
    that passes, an extension's included, and not again in every round.
    """
    story = Story().begin_evaluation()
    office.tell(story)
    measured(office)
    watch.run()
    due = story.standing.decision_on
    office.clock.at = dt.datetime.combine(due + dt.timedelta(days=7), dt.time(12), tzinfo=dt.UTC)
    watch.run()
    assert office.judge().mode == "shadow", "the days of grace"
    assert office.judge().workload.wound_down is None
    office.clock.at += dt.timedelta(days=1)
    assert office.judge().mode == "none", "the ceiling needs no watch to fall"
    assert watch.run() == (SLUG,)
    told = office.judge().workload.wound_down
    assert (told.decision_on, told.exposed, told.sponsor) == (due, "shadow", "sam")
    assert told.stamp.at == office.clock.at
    assert office.judge().workload.exposure.mode == "none"
    office.clock.at += dt.timedelta(days=5)
    watch.run()
    assert kinds(office).count("pilot_wound_down") == 1
    until = office.clock.at.date() + dt.timedelta(days=14)
    office.does("ann", c.Decide(outcome="extend", reasons="The labels came late.", extend_until=until))
    for person in ("ann", "sam"):
        digest = office.judge().workload.decisions[-1].digest
        office.does(person, c.Sign(subject="decision", digest=digest, meaning="I stand by it."))
    watch.run()
    assert office.judge().workload.wound_down.decision_on == due
    office.clock.at = dt.datetime.combine(until + dt.timedelta(days=8), dt.time(12), tzinfo=dt.UTC)
    watch.run()
    assert office.judge().workload.wound_down.decision_on == until


def test_a_decided_or_killed_pilot_does_not_wind_down(office, watch):
    """After a go it continues, and what was killed has stopped already."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("go")
    office.tell(story)
    measured(office)
    office.clock.at += dt.timedelta(days=90)
    watch.run()
    assert office.judge().workload.wound_down is None
    assert office.judge().mode == "shadow"
