"""Whatever anybody does, in whatever order: random commands by random people, and what must hold all the time."""

from __future__ import annotations

import datetime as dt

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import structs
from tests.record.given import GIVEN
from tests.record.operating_given import GIVEN as OPERATING
from tests.record.operating_given import HOLDERS, ITEMS
from tests.record.stories import (
    AREAS,
    ROLES,
    SLUG,
    Story,
    answered,
    charter,
    clearance,
    measured_well,
    outside_result,
    release,
    training,
)
from tests.record.stories import within as held

from pilotage.gates.evaluate import criteria_of
from pilotage.operations.watching import seen
from pilotage.playbook.loading import load
from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.areas import costing, listing, operating, reviewing
from pilotage.record.areas import deciding as d
from pilotage.record.areas.change import NameAudience
from pilotage.record.areas.outside import OutsideResultRecorded, OutsideResultSigned, SignOutsideResult, content_digest
from pilotage.record.areas.persons import persons_renamed
from pilotage.record.areas.training import DropLearner, RecordCompletions
from pilotage.record.context import SYSTEM
from pilotage.record.errors import Refused
from pilotage.record.fold import fold
from pilotage.record.rules.exposing import within
from pilotage.record.verdicts import MODE_RANK, PASSING
from pilotage.server.description.examples import COMMAND_EXAMPLES
from pilotage.workflow.desk import Judgement

# Those who may do most come up most, or little would happen; everybody tries sometimes.
PEOPLE = st.sampled_from([*ROLES, *["ann"] * 8, *["sam"] * 4, *["eva", "oli", "pia", "sid"]])
PHASES = st.sampled_from(["select", "pilot", "evaluate", "harden", "deploy", "operate"])
CRITERIA = st.sampled_from([criterion.id for phase in load("standard").phases for criterion in phase.criteria])
OUTSIDE = st.sampled_from([c.id for phase in load("standard").phases for c in phase.criteria if c.outside])
WHY = "Because it is time to do it."
CHAPTERS = st.sampled_from(
    ["propose", "begin_pilot", "begin_evaluation", "begin_hardening", "begin_rollout", "begin_service", "begin_service"]
)
OF_AREAS = {name for area in listing.AREAS for name in area.permitted}
EXPOSURES = st.builds(
    c.Expose,
    mode=st.sampled_from(["none", "shadow", "suggest", "live"]),
    percent=st.sampled_from([0, 1, 5, 25, 50, 100]).map(float),
    cohorts=st.sampled_from([(), ("berlin",)]),
    reason=st.just(WHY),
)
ORDERS = st.one_of(
    st.builds(
        c.Assign,
        role=st.sampled_from(["owner", "sponsor", *(f"reviewer:{area}" for area in AREAS)]),
        person=PEOPLE,
    ),
    st.builds(
        c.AcceptOwnership, technical=st.booleans(), operational=st.just(value=True), statement=st.just("I take it.")
    ),
    st.builds(release, st.sampled_from(["r1", "r2", "r3"]), st.sampled_from(["ab" * 32, "cd" * 32])),
    st.builds(c.DeclareForEvaluation, release=st.sampled_from(["r1", "r2", "r3"])),
    st.sampled_from([clearance("privacy"), clearance("security")]),
    st.builds(c.Attest, criterion=CRITERIA, statement=st.just("I looked at it myself.")),
    st.builds(c.Advance, to_phase=PHASES),
    st.builds(c.GoBack, to_phase=PHASES, reason=st.just(WHY)),
    EXPOSURES,
    st.builds(c.Kill, reason=st.just(WHY)),
    st.builds(c.Revive, reason=st.just(WHY)),
    st.builds(c.ResolveBreach, metric=st.sampled_from(["errors", "cost"]), reason=st.just(WHY)),
)

# What areas are asked to write: what the stories write for each gate, and an example of every command, so that none is
# left out. Persons of the examples are those of the story, or nobody that it knows.
WRITTEN = [
    *(command for phase in (GIVEN, OPERATING) for given in phase.values() for _, command in given),
    *(
        persons_renamed(example, lambda name: {"tariq": "eva"}.get(name, name))
        for name, example in COMMAND_EXAMPLES.items()
        if name in OF_AREAS
    ),
    training(),
    NameAudience(id="berlin", title="Desk Berlin", people=10, cohort="berlin"),
    NameAudience(id="berlin", title="Desk Berlin", people=90, cohort="berlin"),
    RecordCompletions(completions=tuple(f"p-{number}, berlin, intro, 2026-03-02" for number in range(10))),
    DropLearner(audience="berlin", learner="p-1", why="left"),
    *(operating.RefuseRole(role=role, reason=WHY) for role in HOLDERS),
    *(operating.RefuseHandoffItem(item=item, reason=WHY) for item in ITEMS),
    *(reviewing.OpenReview(review=area, due=dt.date(2026, 6, 1)) for area in AREAS),
]
ANYBODY = st.sampled_from([*ROLES])


class AnyStory(RuleBasedStateMachine):
    """A workload under random hands. What each fact may be is checked against the state before it."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story()

    @initialize(chapter=CHAPTERS, demonstration=st.booleans(), lane=st.sampled_from(["standard", "high"]))
    def begin(self, chapter: str, lane: str, *, demonstration: bool) -> None:
        """The story begins somewhere on the way."""
        self.story = Story(demonstration=demonstration)
        getattr(self.story, chapter)(lane=lane)

    def does(self, person: str, command: c.Command) -> None:
        """A command is either refused with reasons and changes nothing, or makes facts that may be."""
        story = self.story
        before, verdicts, ceiling = story.standing, story.verdicts(), story.ceiling()
        count = len(story.recorded)
        try:
            facts = story.does(person, command)
        except Refused as refused:
            facts, problems = (), refused.problems
        else:
            problems = ()
        assert bool(facts) != bool(problems)
        assert len(story.recorded) == count + len(facts)
        assert facts or story.workload == before
        for fact in facts:
            self.check(fact, person, before, verdicts, ceiling)
            self.check_in_area(fact, person, before)

    def check(self, fact, person, before, verdicts, ceiling) -> None:
        """What must be true of one new fact."""
        match fact:
            case f.ExposureSet():
                assert within(fact.mode, fact.percent, ceiling)
                assert fact.mode != "suggest" or fact.cohorts or not ceiling.cohort_required
            case f.OwnershipAccepted():
                assert person == before.owner
            case f.Signed():
                assert person == {"owner": before.owner, "sponsor": before.sponsor}[fact.role]
            case f.PilotCleared():
                assert person == before.reviewers[fact.area]
                assert person != before.owner
            case f.Attested():
                criterion = self.story.playbook.criterion(fact.criterion)
                assert criterion.kinds[0] != "measured" or criterion.id == "pilot.real-work"
            case d.ReceiptConfirmed():
                assert person in before.deciding.addressed(fact.digest)
                assert fact.digest in before.in_force
            case f.Waived():
                assert self.story.playbook.criterion(fact.criterion).waivable
            case f.Advanced():
                gate = [k for k in criteria_of(self.story.playbook, before) if verdicts[k.id].phase == fact.from_phase]
                assert all(verdicts[k.id].verdict in PASSING for k in gate)
                assert fact.from_phase == before.phase
                assert before.killed is None
                assert fact.to_phase != "harden" or before.decision.outcome == "go"

    def check_in_area(self, fact, person, before) -> None:
        """What only one person may say of an area, that person said."""
        match fact:
            case reviewing.ReviewConcluded():
                assert person == before.reviewers[fact.review]
                assert person != before.owner
            case operating.RoleAccepted() | operating.RoleRefused():
                assert person == before.operating.offers[fact.role].fact.person
            case costing.FundingCommitted():
                assert person == costing.cost_owner(before)

    @rule(person=PEOPLE, command=ORDERS)
    def somebody_does_something(self, person: str, command: c.Command) -> None:
        """Anybody tries anything."""
        self.does(person, command)

    @rule(person=PEOPLE, command=st.sampled_from(WRITTEN))
    def somebody_writes_of_an_area(self, person: str, command: c.Command) -> None:
        """Anybody tries to write anything about plan, reviews, cost, architecture, operation, people or training."""
        self.does(person, command)

    @rule(command=st.sampled_from(WRITTEN))
    def everybody_tries_until_it_stands(self, command: c.Command) -> None:
        """Whoever may write it does; those before them are refused, and leave nothing."""
        for person in ROLES:
            count = len(self.story.recorded)
            self.does(person, command)
            if len(self.story.recorded) > count:
                return

    @rule(
        person=PEOPLE,
        area=st.sampled_from(AREAS),
        outcome=st.sampled_from(["approve", "approve_with_conditions", "reject"]),
        stale=st.booleans(),
    )
    def somebody_concludes_a_review(self, person: str, area: str, outcome: str, *, stale: bool) -> None:
        """Somebody, mostly not its reviewer, concludes a review, on what stands or on what does not."""
        story = self.story
        for question in story.playbook.questions[:: 1 if stale else 3]:
            self.does("eva", reviewing.AnswerQuestion(question=question.id, answer=question.example))
        digest = "ab" * 32 if stale else story.reviewed(area)
        reviewer = story.standing.reviewers.get(area, person) if outcome != "reject" else person
        self.does(
            reviewer, reviewing.ConcludeReview(review=area, outcome=outcome, statement=f"{WHY} Truly.", digest=digest)
        )

    @rule(person=ANYBODY)
    def somebody_leaves_or_comes_back(self, person: str) -> None:
        """An account is closed or opened again, which no fact says."""
        absent = self.story.portfolio.absent ^ {person}
        self.story.portfolio = structs.replace(self.story.portfolio, absent=absent)

    @rule()
    def the_watch_looks(self) -> None:
        """The watch writes down what began and ceased to hold, what lapses soon, and takes back what is too much."""
        story = self.story
        if story.standing.killed:
            return
        mode, percent, cohorts = story.exposed()
        judgement = Judgement(
            workload=story.standing,
            playbook=story.playbook,
            measurements=story.measurements,
            verdicts=story.verdicts(),
            ceiling=story.ceiling(),
            mode=mode,
            percent=percent,
            cohorts=cohorts,
        )
        limit = story.ceiling()
        for fact in seen(judgement, story.now):
            story.record(fact)
            if isinstance(fact, f.ExposureSet):
                assert within(fact.mode, fact.percent, limit)

    @rule(command=EXPOSURES, as_much_as_allowed=st.booleans())
    def the_operator_exposes(self, command: c.Expose, *, as_much_as_allowed: bool) -> None:
        """Somebody with the right to do so exposes, sometimes right at the ceiling."""
        if as_much_as_allowed:
            limit = self.story.ceiling()
            command = structs.replace(command, mode=limit.mode, percent=limit.percent, cohorts=("berlin",))
        self.does("oli", command)

    @rule(person=PEOPLE, subject=st.sampled_from(["charter", "decision", "waiver"]), stale=st.booleans())
    def somebody_signs(self, person: str, subject: str, *, stale: bool) -> None:
        """Somebody signs what stands, or what stood before."""
        workload = self.story.standing
        written = {
            "charter": [version.digest for version in workload.charters],
            "decision": [decision.digest for decision in workload.decisions],
            "waiver": [waiver.digest for waiver in workload.waivers.values()],
        }[subject]
        if written:
            named = f"waiver:{list(workload.waivers)[-1]}" if subject == "waiver" else subject
            self.does(person, c.Sign(subject=named, digest=written[0 if stale else -1], meaning="I stand by it."))

    @rule(
        person=PEOPLE,
        purpose=st.sampled_from(["One.", "Two."]),
        goal=st.sampled_from([0.05, 0.04]),
        risk=st.sampled_from(["Labels come late.", "Labels come late, or never."]),
        team=st.sampled_from(["Ann", "Ann and Eva"]),
    )
    def somebody_edits(self, person: str, purpose: str, goal: float, risk: str, team: str) -> None:
        """Somebody writes another version of the charter, or an old one again."""
        target = structs.replace(charter().target, target=goal)
        base = len(self.story.standing.charters)
        edited = charter(purpose=purpose, target=target, risks=(risk,))
        self.does(person, c.ReviseCharter(base_version=base, charter=edited, team=team))

    @precondition(lambda self: self.story.standing.phase == "evaluate")
    @rule(person=PEOPLE, outcome=st.sampled_from(["go", "no_go", "extend"]), days=st.integers(0, 40))
    def somebody_decides(self, person: str, outcome: str, days: int) -> None:
        """Somebody puts a decision, and those who agree sign it."""
        until = self.story.now.date() + dt.timedelta(days=days) if outcome == "extend" else None
        self.does(person, c.Decide(outcome=outcome, reasons=WHY, extend_until=until))
        for signer in ("ann", "sam")[: days % 3]:
            if self.story.standing.decisions:
                digest = self.story.digest("decision")
                self.does(signer, c.Sign(subject="decision", digest=digest, meaning="I stand by it."))

    @rule(person=PEOPLE, dissents=st.booleans())
    def a_decision_is_sent(self, person: str, *, dissents: bool) -> None:
        """Somebody sends what was decided, somebody disagrees, and everybody whom it reached says so."""
        if not self.story.standing.decisions:
            return
        digest = self.story.digest("decision")
        self.does(person, d.SendDecision(digest=digest))
        if dissents:
            self.does(person, d.Dissent(digest=digest, reason=WHY))
        for recipient in self.story.standing.deciding.addressed(digest):
            self.does(recipient, d.ConfirmReceipt(digest=digest))

    @rule(person=st.sampled_from(["ann", "sam", "eva", "ben"]), criterion=CRITERIA, days=st.integers(0, 31))
    def somebody_waives(self, person: str, criterion: str, days: int) -> None:
        """Somebody asks for a waiver."""
        until = self.story.now.date() + dt.timedelta(days=days)
        self.does(person, c.Waive(criterion=criterion, reason=WHY, expires_on=until))

    @rule()
    def the_team_does_its_work(self) -> None:
        """Everything in the present gate that can be attested is, by those whose word it takes."""
        workload = self.story.standing
        for criterion in criteria_of(self.story.playbook, workload):
            if criterion.id.startswith(f"{workload.phase}."):
                self.does(self.story.witness(criterion.by), c.Attest(criterion=criterion.id, statement=f"{WHY} Truly."))

    @rule()
    def the_rest_is_waived(self) -> None:
        """Owner and sponsor waive what is open in the present gate."""
        story = self.story
        for verdict in story.verdicts().values():
            if verdict.phase == story.standing.phase and not verdict.passes:
                until = story.now.date() + dt.timedelta(days=20)
                self.does("ann", c.Waive(criterion=verdict.id, reason=WHY, expires_on=until))
                if verdict.id in story.standing.waivers:
                    digest = story.standing.waivers[verdict.id].digest
                    self.does("sam", c.Sign(subject=f"waiver:{verdict.id}", digest=digest, meaning="I agree."))

    @rule()
    def the_gate_is_tried(self) -> None:
        """The owner tries to go on."""
        order = ["select", "pilot", "evaluate", "harden", "deploy", "operate", "operate"]
        self.does("ann", c.Advance(to_phase=order[order.index(self.story.standing.phase) + 1]))

    @rule(
        answer=st.sampled_from(["reached", "keep_running", "below_floor"]),
        status=st.sampled_from(["within", "breached"]),
    )
    def something_is_measured(self, answer: str, status: str) -> None:
        """The evidence changes, for better or worse."""
        story = self.story
        attempt = story.standing.attempt.number if story.standing.attempt else 0
        story.measurements = measured_well(
            story.now,
            answer=answered(answer, attempt=attempt),
            guardrails=(held(status=status),),
            live_guardrails=(held(status=status, stage=f"live-100/{attempt}"),),
        )

    @rule(
        person=PEOPLE,
        criterion=OUTSIDE,
        conclusion=st.sampled_from(["passed", "passed", "failed"]),
        days=st.integers(0, 1),
    )
    def somebody_brings_a_result(self, person: str, criterion: str, conclusion: str, days: int) -> None:
        """A result comes from outside, or is corrected."""
        tested_on = self.story.now.date() - dt.timedelta(days=days)
        self.does(person, outside_result(criterion, tested_on=tested_on, conclusion=conclusion, tool=f"by {person}"))

    @rule(person=PEOPLE, criterion=OUTSIDE)
    def somebody_signs_a_result(self, person: str, criterion: str) -> None:
        """Somebody signs the newest result, who may have brought it."""
        newest = self.story.standing.outside.results.get(criterion)
        if newest:
            digest = content_digest(newest.fact)
            self.does(person, SignOutsideResult(criterion=criterion, digest=digest, statement=WHY))

    @rule()
    def nothing_is_known(self) -> None:
        """The call store is empty, or away."""
        self.story.measurements = None

    @rule(hours=st.sampled_from([1, 24, 24 * 7, 24 * 30]))
    def time_passes(self, hours: int) -> None:
        """The clock moves on."""
        self.story.wait(hours=hours)

    @precondition(lambda self: self.story.exposed()[0] in {"suggest", "live"})
    @rule(metric=st.sampled_from(["errors", "cost"]))
    def a_guardrail_breaks(self, metric: str) -> None:
        """The watch sees a guardrail broken while people are exposed, and nobody sees the candidate any more."""
        self.story.record(
            f.GuardrailBreached(
                metric=metric, stage="live-5/1", reason="It broke.", difference=None, low=None, high=None, calls=9
            ),
            SYSTEM,
        )
        assert MODE_RANK[self.story.exposed()[0]] <= MODE_RANK["shadow"]

    @invariant()
    def the_workload_is_the_fold_of_its_facts(self) -> None:
        """Nothing but the facts makes the workload."""
        if self.story.recorded:
            assert fold(SLUG, self.story.recorded) == self.story.workload
            assert [r.sequence for r in self.story.recorded] == list(range(1, len(self.story.recorded) + 1))
            assert self.story.standing.sequence == len(self.story.recorded)

    @invariant()
    def a_result_from_outside_is_vouched_for_by_somebody_else(self) -> None:
        """What it meets is attested, exactly as somebody without a hand in it signed it; no correction survives."""
        if self.story.workload is None:
            return
        newest, writers, signed = {}, {}, {}
        for recorded in self.story.recorded:
            fact = recorded.fact
            if isinstance(fact, OutsideResultRecorded):
                newest[fact.criterion] = fact
                writers.setdefault((fact.criterion, fact.tested_on, fact.release), set()).add(recorded.actor)
            if isinstance(fact, OutsideResultSigned):
                now = newest[fact.criterion]
                hands = frozenset(writers[now.criterion, now.tested_on, now.release])
                signed[fact.criterion] = now, recorded.actor, hands
        for verdict in self.story.verdicts().values():
            if self.story.playbook.criterion(verdict.id).outside and verdict.verdict == "met":
                result, signer, hands = signed[verdict.id]
                now = newest[verdict.id]
                assert verdict.kind == "attested"
                assert result.conclusion == now.conclusion == "passed"
                assert signer not in hands
                assert now == result or (now.tested_on, now.release) != (result.tested_on, result.release)

    @invariant()
    def exposure_stays_under_the_ceiling(self) -> None:
        """What is really exposed is never above the ceiling, and a kill means nothing at all."""
        if self.story.workload is None:
            return
        mode, percent, cohorts = self.story.exposed()
        ceiling = self.story.ceiling()
        assert within(mode, percent, ceiling)
        assert mode != "suggest" or cohorts or not ceiling.cohort_required
        if self.story.standing.killed:
            assert ceiling.mode == mode == "none"

    @invariant()
    def exposure_rests_on_what_people_signed(self) -> None:
        """Whatever the rest, nobody is exposed without clearances, and nothing is served without a signed go."""
        if self.story.workload is None:
            return
        workload, mode = self.story.standing, self.story.exposed()[0]
        if MODE_RANK[mode] >= MODE_RANK["shadow"]:
            assert workload.phase != "select"
            assert set(workload.clearances) == {"privacy", "security"}
        if MODE_RANK[mode] >= MODE_RANK["suggest"]:
            assert not workload.open_breaches
        if mode == "live":
            verdicts = self.story.verdicts()
            assert workload.phase in {"deploy", "operate"}
            assert workload.decision.outcome == "go"
            assert verdicts["harden.handoff"].verdict == "met"
            assert verdicts["deploy.training"].verdict == "met"
            if any(verdict.verdict == "waived" for verdict in verdicts.values()):
                assert self.story.exposed()[1] <= (25 if workload.demonstration else 5)

    @invariant()
    def signatures_cover_exactly_what_stands(self) -> None:
        """The charter counts as signed only when both holders signed it after the last edit of what it promises."""
        if self.story.workload is None:
            return
        workload = self.story.standing
        written, signed = None, {}
        for recorded in self.story.recorded:
            if isinstance(recorded.fact, f.CharterRevised):
                before, written = written, structs.replace(recorded.fact.charter, risks=())
                signed = signed if written == before else {}
            if isinstance(recorded.fact, f.Signed) and recorded.fact.subject == "charter":
                signed[recorded.fact.role] = recorded.actor
        both = written is not None and signed == {"owner": workload.owner, "sponsor": workload.sponsor}
        assert (self.story.verdict("select.signed").verdict == "met") == both

    @invariant()
    def decisions_need_two_people(self) -> None:
        """A decision in force was signed as owner and as sponsor, by two people, each in person."""
        if self.story.workload is None:
            return
        for decision in self.story.standing.decisions:
            signers = {
                r.fact.role: r.actor
                for r in self.story.recorded
                if isinstance(r.fact, f.Signed) and r.fact.digest == decision.digest
            }
            if self.story.standing.decision_in_force(decision):
                assert set(signers) == {"owner", "sponsor"}
                assert len(set(signers.values())) == len(signers)

    @invariant()
    def waivers_need_two_people_and_end(self) -> None:
        """What is waived may be waived, by two people, and only until the waiver ends."""
        if self.story.workload is None:
            return
        for verdict in self.story.verdicts().values():
            if verdict.verdict != "waived":
                continue
            asked, signed = _asked_and_signed(self.story, verdict.waiver.position)
            assert self.story.playbook.criterion(verdict.id).waivable
            assert asked.actor not in {recorded.actor for recorded in signed}
            assert signed
            assert self.story.now.date() < asked.fact.expires_on
            assert asked.fact.reason in verdict.reason

    @invariant()
    def nothing_is_met_by_nothing(self) -> None:
        """A measured criterion is met only by measurement, or by a gate that was passed on one."""
        if self.story.workload is None or self.story.measurements is not None:
            return
        for verdict in self.story.verdicts().values():
            criterion = self.story.playbook.criterion(verdict.id)
            if criterion.kinds[0] == "measured" and verdict.verdict == "met":
                assert self.story.standing.passed[verdict.phase].verdicts[verdict.id] == "met"


def test_every_command_of_an_area_is_tried():
    """What random hands may write covers each command of each area: a new one cannot be forgotten here."""
    concluded = {"conclude_review"}
    assert {c.name_of(command) for command in WRITTEN} | concluded == OF_AREAS


def _asked_and_signed(story: Story, position: int):
    asked = next(r for r in story.recorded if r.position == position)
    assert isinstance(asked.fact, f.Waived)
    signed = [r for r in story.recorded if isinstance(r.fact, f.Signed) and r.fact.digest == asked.fact.digest]
    return asked, signed


AnyStory.TestCase.settings = settings(max_examples=100, stateful_step_count=40)


class TestAnyStory(AnyStory.TestCase):
    """Whatever people do, in whatever order, exposure rests on passed gates and signatures on what they cover."""
