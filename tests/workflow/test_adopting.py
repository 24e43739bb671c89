"""Adoption from the calls to the verdict: what people do with answers is read, held against the plan, and shown."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
from msgspec import structs
from tests.workflow.office import SLUG
from tests.workflow.pilots import DAY, CountingStore, Pilot, us

from pilotage.evidence.measurements import Estimate
from pilotage.gates.evaluate import evaluate
from pilotage.record.areas.adopting import AdoptionPlanned
from pilotage.record.digests import digest_of
from pilotage.record.facts import ExposureSet
from pilotage.runtime.records import Outcome
from pilotage.workflow import adoption_section

PLAN = AdoptionPlanned(
    use_at_least=0.6,
    accepted_at_least=0.5,
    overridden_at_most=0.4,
    from_percent=5.0,
    after_days=2,
    actions_at_least=200,
    basis="The desk's lead.",
)
UNITS = 60


class Rollout(Pilot):
    """A pilot that goes live, whose users say what they do with every second answer of the candidate."""

    def begin(self, plan: AdoptionPlanned | None = PLAN) -> None:
        """The plan is recorded, and the first share goes live."""
        self.story.now = self.clock.at
        if plan is not None:
            self.story.record(plan, "ann")
        self.story.record(ExposureSet(mode="live", percent=5.0, cohorts=(), reason="The first step."), "oli")

    def live_day(self, accepted: float, overridden: float, *, mode: str = "live") -> None:
        """A day of 120 calls of people who come back, and what they did."""
        before = self.calls
        self.serve(calls=120, stage=f"{mode}-5/1", unit=lambda call: f"user-{int(call.call_id, 16) // 2 % UNITS}")
        told = []
        for number in range(before + 1, self.calls + 1):
            if number % 2 == 0 and mode == "live":
                continue  # the incumbent's
            luck = self.rng.random()
            action = "accepted" if luck < accepted else "overridden" if luck < accepted + overridden else "edited"
            told.append(
                Outcome(
                    outcome_id=f"{number:031x}a",
                    call_id=f"{number:032x}",
                    name="action",
                    value=f'"{action}"',
                    kind="feedback",
                    at_us=us(self.clock.at) + 3_600_000_000,
                )
            )
        self.store.append_outcomes(SLUG, told)
        self.clock.at += DAY

    def verdict(self):
        """The criterion as judged on what is measured now."""
        story = self.story
        found = evaluate(story.playbook, story.standing, self.measure(), story.portfolio, self.clock.at)
        return found["deploy.adoption"]

    def section(self) -> adoption_section.AdoptionSection:
        """The section as the interface gives it."""
        judgement = SimpleNamespace(workload=self.story.standing, measurements=self.measure())
        return adoption_section.build(SimpleNamespace(calls=self.store), judgement)


@pytest.fixture
def rollout(tmp_path):
    """An empty roll-out on a real store."""
    with CountingStore(tmp_path / "calls") as store:
        yield Rollout(store)


def test_adoption_is_measured_and_met(rollout):
    """From the share and two days to learn on, until what was done can come in no more: met, with every figure."""
    rollout.begin()
    for _ in range(20):
        rollout.live_day(0.7, 0.1)
    found, seen = rollout.verdict(), rollout.measure().adoption
    assert (found.verdict, found.kind) == ("met", "measured")
    assert seen.since == rollout.story.now + 2 * DAY
    assert seen.until == rollout.clock.at - 3 * DAY
    assert (seen.calls, seen.units) == (15 * 60, UNITS)
    assert seen.actions == 15 * 60
    assert seen.use.value == 1.0
    assert seen.accepted.value == pytest.approx(0.7, abs=0.05)
    assert seen.overridden.value == pytest.approx(0.1, abs=0.04)


def test_low_adoption_is_unmet(rollout):
    """People who override most answers: unmet, with the rates that are not as planned."""
    rollout.begin()
    for _ in range(20):
        rollout.live_day(0.1, 0.85)
    found = rollout.verdict()
    assert found.verdict == "unmet"
    assert "answers overridden" in found.reason


def test_without_answers_or_plan_it_waits(rollout):
    """No exposure, no plan, no answer that is old enough: pending each time, and the section says why."""
    assert rollout.measure().adoption is None
    assert rollout.section().reason == adoption_section.NOBODY
    rollout.begin(plan=None)
    rollout.live_day(0.9, 0.0)
    assert rollout.verdict().verdict == "pending"
    assert rollout.section().reason == "There is no adoption plan."
    rollout.story.record(PLAN, "ann")
    found = rollout.verdict()
    assert found.verdict == "pending"
    assert "0 of 200 answers" in found.reason


def test_suggestions_count_as_people_see_them(rollout):
    """In suggest mode the candidate's answer stands beside the incumbent's: what was done is done with it."""
    rollout.story.now = rollout.clock.at
    rollout.story.record(PLAN, "ann")
    rollout.story.record(ExposureSet(mode="suggest", percent=100.0, cohorts=("berlin",), reason="Beside."), "oli")
    for _ in range(12):
        rollout.live_day(0.8, 0.1, mode="suggest")
    assert rollout.measure().adoption.actions == 7 * 120
    assert rollout.verdict().verdict == "met"


def test_another_release_begins_anew(rollout):
    """What people did with another release's answers says nothing of the one that runs."""
    rollout.begin()
    for _ in range(20):
        rollout.live_day(0.7, 0.1)
    running = structs.replace(rollout.story.standing.release, name="r2")
    standing = rollout.story.standing
    changed = structs.replace(
        standing,
        releases={**standing.releases, "r2": running},
        attempts=(*standing.attempts[:-1], structs.replace(standing.attempts[-1], release="r2")),
    )
    assert rollout.measuring.measure(changed, rollout.story.playbook).adoption.actions == 0


def test_the_section_has_what_its_figures_rest_on(rollout):
    """Rates, states, plain words, provenance with the sums and their checks, and a digest over them."""
    rollout.begin()
    for _ in range(20):
        rollout.live_day(0.7, 0.1)
    found = rollout.section()
    assert found.reason == "All three are shown to be as planned."
    use, accepted, overridden = found.rates
    assert (use.status, accepted.status, overridden.status) == ("shown", "shown", "shown")
    assert isinstance(accepted.seen, Estimate)
    assert accepted.provenance.sums["candidate"]["n"] == 900.0
    assert {check.id for check in accepted.provenance.checks} >= {"units", "clustering"}
    assert "held against 50.0 % at least" in accepted.explanation.means
    content = {"provenance": accepted.provenance, "compared": accepted.seen, "status": accepted.status}
    assert accepted.digest == digest_of(content)


def test_the_calls_are_read_once_an_hour(rollout):
    """A second look within the hour reads no calls; the next hour, and an erasure, read them again."""
    rollout.begin()
    for _ in range(10):
        rollout.live_day(0.7, 0.1)
    asked = []
    span = rollout.store.span
    rollout.store.span = lambda *given: (asked.append(given) if given[2].pooled else None) or span(*given)
    rollout.measure()
    rollout.measure()
    assert len(asked) == 1
    rollout.clock.at += dt.timedelta(hours=1)
    first = rollout.measure().adoption
    assert len(asked) == 2
    rollout.store.erase_unit(SLUG, "user-1")
    rollout.measuring.forget(SLUG)
    assert rollout.measure().adoption.units == first.units - 1
