"""Stories: workloads made by real commands under a clock that the test moves, with evidence that the test states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from msgspec import structs
from tests.record.costs import CARRIED, COSTS, case, funding
from tests.record.given import given

from pilotage.evidence.measurements import (
    Answer,
    Baseline,
    Estimate,
    FeedbackSeen,
    FieldCoverage,
    GuardrailResult,
    Measurements,
    Reachability,
    ShadowHealth,
    Traffic,
)
from pilotage.gates.ceiling import ceiling, effective
from pilotage.gates.evaluate import criteria_of, evaluate
from pilotage.playbook.loading import load
from pilotage.playbook.metrics import ErrorShare, Guardrail, LabelMatch, Metric, Target
from pilotage.playbook.types import COST_ROLE, Playbook
from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.areas import deciding as d
from pilotage.record.areas import reviewing as r
from pilotage.record.areas.blind_reviewing import PairJudged, Preferred
from pilotage.record.areas.change import NameAudience
from pilotage.record.areas.classifying import RISKS, ClassifyRisk
from pilotage.record.areas.costing import cost_owner
from pilotage.record.areas.data import ColumnSeen, LabelsSeen, SampleFigures, TimesSeen
from pilotage.record.areas.outside import RecordOutsideResult, SignOutsideResult, content_digest
from pilotage.record.areas.training import RecordCompletions, RequireTraining
from pilotage.record.charter import Charter, PageFit
from pilotage.record.commands import Command
from pilotage.record.context import SYSTEM, Actor, Context
from pilotage.record.decide import decide
from pilotage.record.errors import Problem, Refused
from pilotage.record.fold import apply
from pilotage.record.rules.piloting import attestable
from pilotage.record.verdicts import ExposureLimit, PortfolioView, RankedProblem, Verdict
from pilotage.record.workload import Workload

SLUG = "ticket-triage"
START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
DIGEST = "ab" * 32
ROLES = {
    "ann": {"owner"},
    "ben": {"owner"},
    "sam": {"sponsor"},
    "tom": {"sponsor"},
    "eva": {"engineer"},
    "oli": {"operator"},
    "pia": {"reviewer"},
    "sid": {"reviewer"},
    "vic": {"viewer"},
    "ada": {"admin"},
}
ONE_PAGE = PageFit(pages=1, used=0.7, over_mm=0.0, lines=0, past="")
AREAS = ("security", "privacy", "compliance", "risk", "operations", "architecture")
# What the product would see in a sample without a fault.
SAMPLE = SampleFigures(
    digest=DIGEST,
    size_bytes=48_000,
    kind="csv",
    rows=1000,
    repeated=0,
    columns=(ColumnSeen(name="subject", missing=0), ColumnSeen(name="team", missing=4)),
    by_label=LabelsSeen(column="team", labelled=996, kinds=2, counts=(700, 296), rarest=296),
    times=TimesSeen(
        column="closed_at", dated=1000, oldest="2025-01-02T08:00:00+00:00", newest="2026-02-27T17:00:00+00:00"
    ),
    names=("billing", "contracts"),
)
OWN_MEASURE = Estimate(value=0.2, low=0.15, high=0.25, calls=5000, units=900, method="stated by the test")


def charter(**changes: Any) -> Charter:
    """A charter without a gap, for a pilot of six weeks from the story's second week on."""
    whole = Charter(
        purpose="Tickets reach the right team at once.",
        value="Fewer hand-overs between teams.",
        metrics=(
            Metric(
                id="right_team",
                title="Right team",
                unit="share",
                direction="higher",
                kind="proportion",
                source=LabelMatch(),
            ),
            Metric(
                id="errors", title="Errors", unit="share", direction="lower", kind="proportion", source=ErrorShare()
            ),
        ),
        target=Target(
            metric="right_team",
            form="difference",
            baseline=0.7,
            floor=0.0,
            target=0.05,
            expected=0.1,
            calls_per_week=3000,
            deviation=0.5,
        ),
        guardrails=(Guardrail(metric="errors", margin=0.01),),
        starts_on=dt.date(2026, 3, 9),
        decision_on=dt.date(2026, 4, 20),
        risks=("Labels come late.",),
    )
    return structs.replace(whole, **changes)


def within(metric: str = "errors", **changes: Any) -> GuardrailResult:
    """A guardrail that is seen to hold."""
    held = GuardrailResult(
        metric=metric,
        title=metric.capitalize(),
        status="within",
        reason=f"{metric} is no worse.",
        margin=0.01,
        limit=None,
        incumbent=OWN_MEASURE,
        candidate=OWN_MEASURE,
        difference=OWN_MEASURE,
    )
    return structs.replace(held, **changes)


def answered(kind: str = "reached", *, attempt: int = 1, metric: str = "right_team") -> Answer:
    """The sequential answer, as the test states it."""
    return Answer(
        metric=metric,
        form="difference",
        answer=kind,
        reason=f"The answer is {kind}.",
        estimate=OWN_MEASURE,
        incumbent=OWN_MEASURE,
        candidate=OWN_MEASURE,
        attempt=attempt,
    )


def measured_well(now: dt.datetime, **changes: Any) -> Measurements:
    """Measurements under which every criterion that can be measured is met."""
    good = Measurements(
        taken_at=now,
        traffic=Traffic(
            calls=9000,
            by_source={"real": 9000},
            counted=9000,
            candidate_served=400,
            feedback=30,
            first_candidate_at=START,
            first_feedback_at=START,
        ),
        feedback=FeedbackSeen(
            since=START, calls=30, actions={"accepted": 25, "overridden": 5}, judged=30, newest_at=now
        ),
        coverage=(FieldCoverage(field="input", share=1.0, present=9000, calls=9000, required=0.95),),
        baseline=tuple(
            Baseline(metric=metric, estimate=OWN_MEASURE, days=14, calls=5000) for metric in ("right_team", "errors")
        ),
        shadow=ShadowHealth(
            pairs=4000, days=20, added_us_mean=10.0, added_us_p99=50.0, leaked_errors=0, dropped_share=0.0
        ),
        reachability=Reachability(
            calls_available=18000.0,
            calls_needed=6000.0,
            weeks_needed=2.0,
            probability_at_expected=0.95,
            probability_at_target=0.05,
            reason="The pilot can tell.",
        ),
        answer=answered(),
        guardrails=(within(),),
        live_guardrails=(within(stage="live-50/1"), within(stage="live-100/1", status="not_estimable")),
        production=case(),
    )
    return structs.replace(good, **changes)


def problem(slug: str, score: float | None, scorers: int = 2, spread: float = 0.2) -> RankedProblem:
    """One problem of the portfolio's ranking."""
    return RankedProblem(
        slug=slug,
        title=slug.replace("-", " "),
        incumbent="people",
        phase="select",
        score=score,
        spread=spread,
        scorers=scorers,
    )


RANKING = PortfolioView(ranking=(problem(SLUG, 4.5), problem("invoice-reading", 3.5), problem("call-notes", 3.0)))


def on_its_word(playbook: Playbook, criterion: str) -> Playbook:
    """The playbook without a check of one criterion, so that a person's word meets it."""
    phases = tuple(
        structs.replace(
            phase,
            criteria=tuple(structs.replace(c_, check=None) if c_.id == criterion else c_ for c_ in phase.criteria),
        )
        for phase in playbook.phases
    )
    return structs.replace(playbook, phases=phases)


def proposal(**changes: Any) -> c.Propose:
    """A proposal of the standard lane that touches personal data."""
    return structs.replace(
        c.Propose(
            title="Ticket triage",
            problem="Tickets wander from team to team before somebody answers.",
            incumbent="the service desk",
        ),
        **changes,
    )


def classified(lane: str, **answers: str) -> ClassifyRisk:
    """The answers of a workload in that lane: its worst outcome puts it there."""
    rest = dict.fromkeys(RISKS, "low") | {"harm": lane} | answers
    return ClassifyRisk(**rest)


def release(name: str = "r1", digest: str = DIGEST) -> c.RegisterRelease:
    """A release with everything that makes it reproducible."""
    return c.RegisterRelease(
        name=name,
        digest=digest,
        code_revision="4f2a",
        environment="lock:77",
        model="boosted trees 3",
        data_source="desk",
    )


class Story:
    """A workload and how it came about. Every command goes through `decide` and every fact through the fold."""

    def __init__(self, *, playbook: Playbook | None = None, demonstration: bool = False) -> None:
        self.playbook = playbook or load("standard")
        self.demonstration = demonstration
        self.now = START
        self.workload: Workload | None = None
        self.recorded: list[f.Recorded] = []
        self.measurements: Measurements | None = None
        self.portfolio = RANKING
        self._judged: tuple[tuple[object, ...], dict[str, Verdict]] | None = None

    @property
    def standing(self) -> Workload:
        """The workload, which the story has proposed by now."""
        assert self.workload is not None
        return self.workload

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.now += dt.timedelta(**span)

    def verdicts(self) -> dict[str, Verdict]:
        """Every verdict of the moment; judged once for as long as nothing changes."""
        moment = (self.playbook, self.workload, self.measurements, self.portfolio, self.now)
        if self._judged is None or any(a is not b for a, b in zip(self._judged[0], moment, strict=True)):
            verdicts = evaluate(self.playbook, self.standing, self.measurements, self.portfolio, self.now)
            self._judged = (moment, verdicts)
        return self._judged[1]

    def verdict(self, criterion: str) -> Verdict:
        """One verdict of the moment."""
        return self.verdicts()[criterion]

    def ceiling(self) -> ExposureLimit:
        """The ceiling of the moment."""
        return ceiling(self.playbook, self.standing, self.verdicts(), self.now)

    def exposed(self) -> tuple[str, float, tuple[str, ...]]:
        """What is really exposed now."""
        return effective(self.standing.exposure, self.ceiling())

    def context(self, person: str, **changes: Any) -> Context:
        """What a decision may look at, with the roles of a person's account."""
        judged = {"verdicts": self.verdicts(), "ceiling": self.ceiling()} if self.workload else {}
        answer = self.measurements.answer if self.measurements else None
        context = Context(
            actor=Actor(person=person, roles=frozenset(ROLES[person])),
            now=self.now,
            playbook=self.playbook,
            portfolio=self.portfolio,
            people=frozenset(ROLES),
            answer=answer.answer if answer else "not_estimable",
            page=ONE_PAGE,
            sample=SAMPLE,
            demonstration_workspace=self.demonstration,
            **judged,
        )
        return structs.replace(context, **changes)

    def does(self, person: str, command: Command, **context: Any) -> tuple[f.Fact, ...]:
        """A person gives a command, and what it makes is recorded. Raises `Refused`."""
        facts = decide(self.workload, command, self.context(person, **context))
        for fact in facts:
            self.record(fact, person)
        return facts

    def record(self, fact: f.Fact, actor: str = SYSTEM) -> None:
        """A fact enters the record, as the ledger would give it back."""
        place = len(self.recorded) + 1
        kind, payload, texts = f.encode(fact)
        entry = f.Recorded(
            fact=f.decode(kind, payload, texts), position=3 * place, sequence=place, actor=actor, at=self.now
        )
        self.recorded.append(entry)
        self.workload = apply(self.workload, SLUG, entry)

    def problems(self, person: str, command: Command, **context: Any) -> tuple[Problem, ...]:
        """Everything for which a command is refused; nothing may have been recorded."""
        before = len(self.recorded)
        try:
            self.does(person, command, **context)
        except Refused as refused:
            assert len(self.recorded) == before
            for found in refused.problems:
                assert found.message.strip().endswith("."), f"not a sentence: {found.message}"
            return refused.problems
        raise AssertionError(f"{type(command).__name__} was not refused")

    def refusal(self, person: str, command: Command, **context: Any) -> dict[str, Problem]:
        """The problems for which a command is refused, by code."""
        return {problem.code: problem for problem in self.problems(person, command, **context)}

    # The chapters of a whole story, each on the one before.

    def propose(self, **changes: Any) -> Story:
        """Proposed, with owner, sponsor and reviewers; into the low lane by its risk classification."""
        low = changes.get("lane") == "low"
        asked = changes | ({"lane": "standard"} if low else {})
        self.does("ann", proposal(demonstration=self.demonstration, **asked))
        self.does("ann", c.Assign(role="owner", person="ann"))
        if low:
            self.does("ann", classified("low"))
        self.does("ann", c.Assign(role="sponsor", person="sam"))
        for area in AREAS:
            self.does("ann", c.Assign(role=f"reviewer:{area}", person="pia" if area == "privacy" else "sid"))
        return self

    def write_charter(self, **changes: Any) -> Story:
        """The charter written by the engineer and signed by owner and sponsor."""
        base = len(self.standing.charters)
        self.does("eva", c.ReviseCharter(base_version=base, charter=charter(**changes), team="Ann and Eva"))
        for person in ("ann", "sam"):
            self.sign(person, "charter")
        return self

    def sign(self, person: str, subject: str) -> None:
        """A person signs what stands now."""
        self.does(person, c.Sign(subject=subject, digest=self.digest(subject), meaning="I stand by it."))

    def digest(self, subject: str) -> str:
        """The digest of what there is to sign."""
        if subject == "charter":
            assert self.standing.charter_version is not None
            return self.standing.charter_version.digest
        if subject == "decision":
            return self.standing.decisions[-1].digest
        return self.standing.waivers[subject.removeprefix("waiver:")].digest

    def attest_all(self, phase: str) -> Story:
        """What a gate asks people to write is on the record, and the rest that takes a word is attested."""
        for person, command in given(phase, self.standing):
            self.does(person, command)
        if phase == "select":
            self.open_reviews()
        if phase == "evaluate":
            self.judge_pairs()
        if phase == "harden":
            self.conclude_reviews()
        for criterion in criteria_of(self.playbook, self.standing):
            if criterion.id.startswith(f"{phase}.") and attestable(criterion):
                self.does(self.witness(criterion.by), attestation(criterion.id))
        return self

    def judge_pairs(self, preferred: Sequence[Preferred] = ("candidate",) * 14 + ("incumbent",) * 6) -> Story:
        """The operator judges pairs blind, unless enough are judged already."""
        attempt = self.standing.attempt
        for number in range(len(self.standing.blind.judged), len(preferred) if attempt else 0):
            facts = {"call": f"{number:032x}", "attempt": attempt.number, "first": "candidate"}
            self.record(PairJudged(**facts, preferred=preferred[number], reason="It reads better."), "oli")
        return self

    def estimate(self) -> Story:
        """Every line of the production cost, with volume and worth, unless it stands already."""
        if self.standing.costing.production is None:
            for person, command in COSTS:
                self.does(person, command)
        return self

    def carry_cost(self) -> Story:
        """The sponsor is asked to carry the cost, unless somebody does, and accepts."""
        if cost_owner(self.standing) is None:
            for person, command in CARRIED[COST_ROLE in self.standing.operating.offers :]:
                self.does(person, command)
        return self

    def fund(self) -> Story:
        """Whoever carries the cost commits a budget."""
        self.carry_cost()
        self.does(cost_owner(self.standing), funding(self.now.date()))
        return self

    def witness(self, by: str) -> str:
        """Whom the playbook means."""
        named = {"sponsor": "sam", "engineer": "eva", "operator": "oli", "reviewer": "sid"}
        return "pia" if by == "privacy reviewer" else named.get(by.removeprefix("security "), "ann")

    def waive(self, criterion: str, *, days: int = 30) -> Story:
        """Owner asks for a waiver, and the sponsor signs it."""
        until = self.now.date() + dt.timedelta(days=days)
        self.does("ann", c.Waive(criterion=criterion, reason="Its machinery comes next month.", expires_on=until))
        self.sign("sam", f"waiver:{criterion}")
        return self

    def bring(self, criterion: str, **changes: Any) -> Story:
        """The operator brings a result from outside, and the engineer signs it."""
        self.does("oli", outside_result(criterion, tested_on=self.now.date(), **changes))
        return self.vouch(criterion)

    def vouch(self, criterion: str, person: str = "eva") -> Story:
        """Somebody signs the newest result from outside as it reads."""
        digest = content_digest(self.standing.outside.results[criterion].fact)
        self.does(person, SignOutsideResult(criterion=criterion, digest=digest, statement="I read the report."))
        return self

    def waive_open(self, phase: str, *, days: int = 30) -> Story:
        """Everything in a gate that is still open is waived."""
        for verdict in self.verdicts().values():
            if verdict.phase == phase and not verdict.passes:
                self.waive(verdict.id, days=days)
        return self

    def open_reviews(self, *, days: int = 60) -> Story:
        """The engineer opens every review."""
        due = self.now.date() + dt.timedelta(days=days)
        for area in AREAS:
            if area not in self.standing.reviews.opened:
                self.does("eva", r.OpenReview(review=area, due=due))
        return self

    def answer_reviews(self) -> Story:
        """The engineer answers everything that the reviews ask."""
        for question in self.playbook.questions:
            if question.id not in self.standing.reviews.answers:
                self.record(r.QuestionAnswered(question=question.id, answer=question.example), "eva")
        return self

    def reviewed(self, area: str) -> str:
        """The digest of what a review is about now."""
        return r.digest_now(self.standing, self.playbook, area)

    def conclude(self, area: str, outcome: str = "approve", **changes: Any) -> None:
        """The named reviewer concludes a review on what stands."""
        command = r.ConcludeReview(
            review=area, outcome=outcome, statement="I read every answer.", digest=self.reviewed(area)
        )
        self.does(self.standing.reviewers[area], structs.replace(command, **changes))

    def conclude_reviews(self) -> Story:
        """Every review is answered and approved."""
        self.answer_reviews()
        for area in AREAS:
            self.conclude(area)
        return self

    def clear(self) -> Story:
        """Privacy and security clear the pilot."""
        for area, person in (("privacy", "pia"), ("security", "sid")):
            self.does(person, clearance(area))
        return self

    def begin_pilot(self, **proposal_changes: Any) -> Story:
        """The gate `select` is passed and a release is registered."""
        self.propose(**proposal_changes).write_charter()
        self.does("ann", c.AcceptOwnership(technical=True, operational=True, statement="I decide on both."))
        self.measurements = measured_well(self.now)
        self.attest_all("select")
        self.does("ann", c.Advance(to_phase="pilot"))
        self.does("eva", release())
        return self.train()

    def train(self, cohort: str = "berlin", *, people: int = 10, completed: int = 10) -> Story:
        """A cohort's people are named, what they have to learn is said, and some of them have learned it."""
        self.does("ann", NameAudience(id=cohort, title=f"Desk {cohort}", people=people, cohort=cohort))
        if "intro" not in self.standing.training.modules:
            self.does("ann", training())
        day = self.now.date().isoformat()
        if completed:
            lines = tuple(f"p-{number}, {cohort}, intro, {day}" for number in range(completed))
            self.does("oli", RecordCompletions(completions=lines))
        return self

    def begin_evaluation(self, **proposal_changes: Any) -> Story:
        """The gate `pilot` is passed, with a release declared."""
        self.begin_pilot(**proposal_changes).clear()
        self.does("ann", c.Expose(mode="shadow", reason="Let it run unseen."))
        self.does("ann", c.DeclareForEvaluation(release="r1"))
        self.wait(days=20)
        self.measurements = measured_well(self.now)
        if self.demonstration:
            traffic = structs.replace(self.measurements.traffic, by_source={"replay": 9000})
            self.measurements = structs.replace(self.measurements, traffic=traffic)
        self.attest_all("pilot")
        self.does("ann", c.Advance(to_phase="evaluate"))
        return self

    def decide(
        self,
        outcome: str,
        *,
        signers: tuple[str, ...] = ("ann", "sam"),
        until: dt.date | None = None,
        sends: bool = True,
    ) -> Story:
        """A decision is put by the owner and signed, and sent once it is in force."""
        self.does("ann", c.Decide(outcome=outcome, reasons="As the figures say.", extend_until=until))
        for person in signers:
            self.sign(person, "decision")
        return self.send_decision() if sends else self

    def send_decision(self) -> Story:
        """A decision in force that ends the phase reaches everybody whom it concerns."""
        decided = self.standing.decision
        if decided is not None and decided.outcome != "extend":
            self.does(self.standing.owner, d.SendDecision(digest=decided.digest))
            for person in self.standing.deciding.addressed(decided.digest):
                if person not in d.received(self.standing, decided.digest):
                    self.does(person, d.ConfirmReceipt(digest=decided.digest))
        return self

    def begin_hardening(self, **proposal_changes: Any) -> Story:
        """A go is decided and signed, and the gate `evaluate` is passed."""
        self.begin_evaluation(**proposal_changes).attest_all("evaluate").decide("go")
        self.does("ann", c.Advance(to_phase="harden"))
        return self

    def begin_rollout(self, **proposal_changes: Any) -> Story:
        """The gate `harden` is passed: written or attested, brought from outside, and waived where nobody has it."""
        self.begin_hardening(**proposal_changes).attest_all("harden")
        for criterion in BROUGHT:
            if criterion in self.verdicts():
                self.bring(criterion)
        self.waive_open("harden")
        self.does("ann", c.Advance(to_phase="deploy"))
        return self

    def begin_service(self, **proposal_changes: Any) -> Story:
        """What has to hold before anybody is exposed does, and the candidate serves its first share."""
        self.begin_rollout(**proposal_changes).attest_all("deploy").waive_open("deploy")
        self.does("oli", c.Expose(mode="live", percent=5, reason="The first step."))
        return self


BROUGHT = ("harden.resilience", "harden.observability", "harden.maintenance")


def outside_result(criterion: str = "harden.resilience", **changes: Any) -> RecordOutsideResult:
    """A result that somebody brings from outside, about the first release."""
    result = RecordOutsideResult(
        criterion=criterion,
        tested="The candidate was made slow, failing, limited and absent, an hour each.",
        tested_on=START.date(),
        tool="toxiproxy 2.9",
        release="r1",
        figures=("calls without an answer, 0, calls, <= 0", "slowest answer, 480, ms, <= 800"),
        conclusion="passed",
        statement="Every call got an answer, and the breaker opened and closed again.",
        link="https://wiki.example/drill",
    )
    return structs.replace(result, **changes)


def training(**changes: Any) -> RequireTraining:
    """What everybody who sees answers has to learn about the first release."""
    module = RequireTraining(
        id="intro",
        title="Introduction",
        release="r1",
        does="It suggests a team for each ticket.",
        does_not="It never closes a ticket.",
        when_to_override="Whenever the ticket names another team.",
        whom_to_ask="The desk's lead.",
    )
    return structs.replace(module, **changes)


def attestation(criterion: str) -> c.Attest:
    """Somebody's word on a criterion."""
    return c.Attest(criterion=criterion, statement="I looked at it myself and it holds.")


def clearance(area: str, **changes: Any) -> c.ClearPilot:
    """What privacy or security signs."""
    signed = c.ClearPilot(
        area=area,
        fields=("subject", "body"),
        processors=("the desk",),
        retention_days=90,
        statement="Only what it needs.",
    )
    return structs.replace(signed, **changes)
