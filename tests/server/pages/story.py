"""A workspace with a story in it, told through real commands: what the pages are tested on and pictured with."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct, structs
from tests.record.given import given
from tests.server.pages.assessed import FIRST, READINESS, SECOND, assess, begin
from tests.server.pages.traffic import Desk as ServiceDesk
from tests.server.pages.traffic import Setting

from pilotage.operations.watching import Watch
from pilotage.playbook.metrics import ErrorShare, Guardrail, LabelMatch, Latency, Metric, Target
from pilotage.record import commands as c
from pilotage.record.areas import change, deciding, training
from pilotage.record.areas import reviewing as r
from pilotage.record.areas.blind_reviewing import JudgePair
from pilotage.record.areas.feedback import AnswerFeedback
from pilotage.record.areas.outside import RecordOutsideResult, SignOutsideResult, digest_to_sign
from pilotage.record.charter import Charter
from pilotage.record.commands import Command
from pilotage.record.context import Actor
from pilotage.record.rules.piloting import attestable
from pilotage.workflow.feedback import feedback_json
from pilotage.workflow.review_proposals import proposal
from pilotage.workflow.workspace import Workspace

PASSWORD = "a long enough password"
CAST = {
    "nadia": ("Nadia Rahman", ("owner",)),
    "jonas": ("Jonas Weber", ("sponsor",)),
    "priya": ("Priya Nair", ("engineer",)),
    "emil": ("Emil Larsen", ("operator",)),
    "clara": ("Clara Fontaine", ("reviewer",)),
    "bilal": ("Bilal Aziz", ("reviewer",)),
    "tariq": ("Tariq Haddad", ("owner",)),
    "ines": ("Ines Duarte", ("owner",)),
    "ruth": ("Ruth Klein", ("viewer", "auditor")),
    "alma": ("Alma Nilsen", ("admin",)),
}
AREAS = {
    "security": "bilal",
    "privacy": "clara",
    "compliance": "clara",
    "risk": "bilal",
    "operations": "emil",
    "architecture": "bilal",
}
TRIAGE = "ticket-triage"
MATCHING = "invoice-matching"
SUMMARIES = "call-summaries"
SEARCH = "contract-search"
FIRST_DAY = dt.date(2026, 1, 5)
RELEASE = "2026.01.3"
TEAM = "Nadia Rahman (owner), Priya Nair (engineering), Emil Larsen (operations)"
KILLED_FOR = "Three weeks of search logs show that people look up two clauses; a link on the start page does it."


class Problem(Struct, frozen=True, kw_only=True):
    """A candidate problem, with its first scores: impact, feasibility, readiness."""

    slug: str
    owner: str
    title: str
    problem: str
    incumbent: str
    scores: tuple[int, int, int]


PROBLEMS = (
    Problem(
        slug=TRIAGE,
        owner="nadia",
        title="Ticket triage",
        problem="Tickets wander from team to team: one in four is sent to the wrong one first and waits a day longer.",
        incumbent="Routing rules on key words, kept by the first line",
        scores=(5, 5, 4),
    ),
    Problem(
        slug=MATCHING,
        owner="tariq",
        title="Invoice matching",
        problem="Every incoming invoice is compared with its order by hand, though nine in ten match at once.",
        incumbent="Two clerks and a spreadsheet",
        scores=(4, 4, 4),
    ),
    Problem(
        slug=SUMMARIES,
        owner="ines",
        title="Call summaries",
        problem="Agents type a summary after each call; half of the summaries are missing by the end of the day.",
        incumbent="The agents, from memory",
        scores=(3, 4, 2),
    ),
    Problem(
        slug=SEARCH,
        owner="ines",
        title="Contract search",
        problem="Finding the clause that applies takes a quarter of an hour in a folder of scanned contracts.",
        incumbent="Colleagues who know the folder",
        scores=(2, 3, 3),
    ),
)


def metrics() -> tuple[Metric, ...]:
    """What is measured: the right team, and what must not get worse with it."""
    return (
        Metric(
            id="right_team",
            title="Tickets sent to the right team",
            unit="share",
            direction="higher",
            kind="proportion",
            source=LabelMatch(answer_field="team"),
            window_hours=48,
        ),
        Metric(
            id="slow_answers",
            title="Answers slower than 250 ms",
            unit="share",
            direction="lower",
            kind="proportion",
            source=Latency(limit_ms=250),
        ),
        Metric(
            id="failed_answers",
            title="Failed answers",
            unit="share",
            direction="lower",
            kind="proportion",
            source=ErrorShare(),
        ),
    )


def charter(start: dt.date, decision: dt.date, **changes: Any) -> Charter:
    """The charter of a pilot that can be told apart in six weeks."""
    whole = Charter(
        purpose="Send each incoming ticket to the team that can answer it, without the detour over the first line. "
        "One ticket in four is sent to the wrong team today and waits a day longer for its answer.",
        value="Customers wait a day less on a quarter of their tickets; the first line sorts 90 hours a month less.",
        metrics=metrics(),
        target=Target(
            metric="right_team",
            form="difference",
            baseline=0.71,
            floor=0.0,
            target=0.04,
            expected=0.08,
            calls_per_week=770,
            deviation=0.62,
            design_effect=1.1,
        ),
        guardrails=(Guardrail(metric="slow_answers", margin=0.03), Guardrail(metric="failed_answers", margin=0.02)),
        starts_on=start,
        decision_on=decision,
        risks=(
            "French tickets are few, and the model has seen little of them.",
            "A tariff change fills the queue with questions that nobody has labelled yet.",
        ),
        value_usd_a_year=184_000.0,
        segments=("language",),
        time_zone="Europe/Berlin",
    )
    return structs.replace(whole, **changes)


class Story:
    """Lets people act under a clock that the story moves. `ids` are the persons by username."""

    def __init__(self, workspace: Workspace, ids: dict[str, str]) -> None:
        self.workspace = workspace
        self.ids = ids
        self._watch = Watch(workspace)
        self._roles = {ids[username]: frozenset(roles) for username, (_, roles) in CAST.items()}
        self._desks: dict[str, ServiceDesk] = {}

    def at(self, day: dt.date, hour: int = 8) -> None:
        """Move the clock on to an hour of a day."""
        assert self.workspace.advance_clock is not None
        self.workspace.advance_clock(dt.datetime.combine(day, dt.time(hour), tzinfo=dt.UTC))

    def actor(self, username: str) -> Actor:
        """A person with the roles of their account."""
        person = self.ids[username]
        return Actor(person=person, roles=self._roles[person])

    def does(self, username: str, slug: str, command: Command) -> None:
        """A person gives a command."""
        self.workspace.desk.issue(self.actor(username), slug, command)

    def days(self, first: dt.date, count: int, settings: dict[str, Setting], *, size: int = 110) -> dt.date:
        """Days of traffic of several workloads, each ended by the watch's round; the day after the last."""
        for offset in range(count):
            day = first + dt.timedelta(days=offset)
            self.at(day, 22)
            for slug, setting in settings.items():
                desk = self._desks.setdefault(slug, ServiceDesk(prefix=len(self._desks) + 1))
                made = desk.day(day, setting, size)
                self.workspace.calls.append_calls(slug, made.calls, counters={}, runtime="desk-1")
                self.workspace.calls.append_outcomes(slug, made.outcomes)
                if setting.mode != "none":
                    self._watch.look_after(self.workspace.desk.load(slug))
        return first + dt.timedelta(days=count)

    def sign(self, username: str, slug: str, subject: str, meaning: str) -> None:
        """A person signs what stands."""
        workload = self.workspace.desk.load(slug)
        if subject == "charter":
            assert workload.charter_version is not None
            digest = workload.charter_version.digest
        elif subject == "decision":
            digest = workload.decisions[-1].digest
        else:
            digest = workload.waivers[subject.removeprefix("waiver:")].digest
        self.does(username, slug, c.Sign(subject=subject, digest=digest, meaning=meaning))

    def propose(self, problem: Problem) -> None:
        """A problem is proposed and scored by two people."""
        proposal = c.Propose(
            title=problem.title,
            problem=problem.problem,
            incumbent=problem.incumbent,
            demonstration=True,
            personal_data=True,
            outside_processor=False,
        )
        self.does(problem.owner, problem.slug, proposal)
        impact, feasibility, readiness = problem.scores
        for username, shift in ((problem.owner, 0), ("priya", -1)):
            score = c.ScoreProblem(impact=impact, feasibility=max(1, feasibility + shift), readiness=readiness)
            self.does(username, problem.slug, score)

    def staff(self, slug: str, owner: str) -> None:
        """Owner, sponsor and reviewers, and the owner's acceptance."""
        self.does(owner, slug, c.Assign(role="owner", person=self.ids[owner]))
        self.does(owner, slug, c.Assign(role="sponsor", person=self.ids["jonas"]))
        for area, username in AREAS.items():
            self.does(owner, slug, c.Assign(role=f"reviewer:{area}", person=self.ids[username]))
        statement = "I decide on the routing service and on how the first line works with it."
        self.does(owner, slug, c.AcceptOwnership(technical=True, operational=True, statement=statement))

    def says(self, username: str, slug: str, words: str) -> None:
        """A person comments."""
        self.does(username, slug, c.Comment(comment=words))

    def open_reviews(self, slug: str) -> None:
        """The engineer opens every review."""
        due = self.workspace.clock.now().date() + dt.timedelta(days=60)
        for area in AREAS:
            self.does("priya", slug, r.OpenReview(review=area, due=due))

    def conclude_reviews(self, slug: str) -> None:
        """The engineer answers everything, one condition is set, and every reviewer approves."""
        judgement = self.workspace.desk.judge(slug)
        for question in judgement.playbook.questions:
            known = proposal(question.known, judgement)
            said = known.text if known else question.example
            self.does("priya", slug, r.AnswerQuestion(question=question.id, answer=said))
        due = self.workspace.clock.now().date() + dt.timedelta(days=20)
        found = "Signatures under tickets still name people; cut them off before recording."
        raised = r.RaiseFinding(review="privacy", severity="high", owner=self.ids["priya"], due=due, finding=found)
        self.does("clara", slug, raised)
        self.does("clara", slug, r.CloseFinding(number="privacy-1", reason="None of twenty tickets names anybody."))
        for area, username in AREAS.items():
            workload = self.workspace.desk.load(slug)
            digest = r.digest_now(workload, judgement.playbook, area)
            statement = "I read every answer beside what was measured."
            approved = r.ConcludeReview(review=area, outcome="approve", statement=statement, digest=digest, minutes=25)
            self.does(username, slug, approved)

    def reply(self, slug: str) -> None:
        """An operator replies to everything that waits for a reply."""
        said = feedback_json(self.workspace, self.workspace.desk.judge(slug)).said
        waiting = tuple(one.call for one in said if one.asks and one.replied is None)
        if waiting:
            self.does("emil", slug, AnswerFeedback(calls=waiting[:100], reply="Read in the weekly round; thank you."))

    def judge_pairs(self, slug: str, count: int = 20) -> None:
        """An operator judges pairs blind: whoever names the longer team wins, which says nothing of the arms."""
        desk, emil = self.workspace.desk, self.ids["emil"]
        for _ in range(count):
            pair = self.workspace.pairs.next_for(desk.load(slug), emil)
            assert pair.pair is not None, pair.reason
            better = "first" if len(pair.first) > len(pair.second) else "second"
            self.does("emil", slug, JudgePair(pair=pair.pair, better=better, reason="It says more."))

    def attest_all(self, slug: str, owner: str, phase: str) -> None:
        """What a gate asks people to write is on the record, and the rest that takes a word is attested."""
        workload = self.workspace.desk.judge(slug).workload
        usernames = {self.ids[username]: username for username in (owner, *PLAYED_BY.values())}
        played = {"ann": self.ids[owner]} | {who: self.ids[username] for who, username in PLAYED_BY.items()}
        for person, command in given(phase, workload, played):
            self.does(usernames[person], slug, command)
        if phase == "deploy":
            self.reply(slug)
        if phase == "select":
            self.open_reviews(slug)
        if phase == "evaluate":
            self.judge_pairs(slug)
        if phase == "harden":
            self.conclude_reviews(slug)
        words = {
            "owner": owner,
            "sponsor": "jonas",
            "engineer": "priya",
            "operator": "emil",
            "reviewer": "bilal",
            "security reviewer": "bilal",
            "privacy reviewer": "clara",
        }
        judgement = self.workspace.desk.judge(slug)
        for criterion in judgement.playbook.phase(phase).criteria:
            if attestable(criterion):
                statement = STATEMENTS.get(
                    criterion.id, "Looked at in the weekly round with the team; it holds as written."
                )
                self.does(words.get(criterion.by, owner), slug, c.Attest(criterion=criterion.id, statement=statement))

    def bring_results(self, slug: str) -> None:
        """A test alert was brought and signed; a drill was brought, and nobody has signed it yet."""
        today = self.workspace.clock.now().date()
        alert = RecordOutsideResult(
            criterion="harden.observability",
            tested="A test alert went to the phone of whoever was on call.",
            tested_on=today,
            tool="the paging service",
            figures=("minutes until it was acknowledged, 4, minutes, <= 15",),
            conclusion="passed",
            statement="It arrived and was acknowledged; traces, metrics and logs were there.",
            link="https://wiki.example/alerts/march",
        )
        drill = RecordOutsideResult(
            criterion="operate.drill",
            tested="The candidate was taken away for an hour, and the release was rolled back.",
            tested_on=today,
            tool="toxiproxy 2.9",
            release=next(reversed(self.workspace.desk.load(slug).releases)),
            figures=("calls without an answer, 0, calls, <= 0", "minutes to roll back, 6, minutes, <= 10"),
            conclusion="passed",
            statement="The rules answered throughout.",
            document_digest="5e" * 32,
        )
        for result in (alert, drill):
            self.does("emil", slug, result)
        said = "I read the pager's log and asked Emil about the second call."
        signature = SignOutsideResult(criterion=alert.criterion, digest=digest_to_sign(alert), statement=said)
        self.does("priya", slug, signature)

    def waive_open(self, slug: str, owner: str, phase: str, until: dt.date) -> None:
        """What a gate still lacks is waived by owner and sponsor."""
        for verdict in self.workspace.desk.judge(slug).verdicts.values():
            if verdict.phase == phase and not verdict.passes and verdict.id not in LEFT_OPEN:
                reason = WAIVERS.get(
                    verdict.id, "Its machinery comes with a later version; the pages are watched by hand."
                )
                self.does(owner, slug, c.Waive(criterion=verdict.id, reason=reason, expires_on=until))
                self.sign("jonas", slug, f"waiver:{verdict.id}", "I accept this risk until the date given.")


PLAYED_BY = {"eva": "priya", "sam": "jonas", "oli": "emil", "sid": "bilal", "pia": "clara"}
LEFT_OPEN = {"deploy.stages", "deploy.adoption", "deploy.monitoring"}
STATEMENTS = {
    "harden.handoff": "The operations group accepts serving, watching and switching off, item by item.",
}
WAIVERS = {
    "harden.resilience": "Fault drills come with a later version; the rules answer whenever the model fails.",
    "harden.scale": "Load tests come with a later version; the desk sees three tickets a minute at most.",
}


def tell_selection(story: Story) -> None:
    """The main workload's way to a signed charter, which is edited once, so that its first signature is void."""
    slug, owner = TRIAGE, "nadia"
    story.staff(slug, owner)
    start, decision = dt.date(2026, 1, 19), dt.date(2026, 3, 9)
    first = charter(start, decision, value_usd_a_year=160_000.0, risks=())
    story.does("priya", slug, c.ReviseCharter(base_version=0, charter=first, team="Nadia Rahman, Priya Nair"))
    story.sign("nadia", slug, "charter", "I promise this.")
    story.does("nadia", slug, c.ReviseCharter(base_version=1, charter=charter(start, decision), team=TEAM))
    story.sign("nadia", slug, "charter", "I promise what this charter says and decide by its date.")
    story.sign("jonas", slug, "charter", "I stand behind this charter and its budget.")
    story.attest_all(slug, owner, "select")


def begin_pilot(story: Story, slug: str, owner: str) -> None:
    """The gate `select` is passed; a release is registered, cleared and put in shadow."""
    story.does(owner, slug, c.Advance(to_phase="pilot"))
    release = c.RegisterRelease(
        name=RELEASE,
        digest="5c" * 32,
        code_revision="9f2c6b1",
        environment="sha256:" + "77" * 32,
        model="gradient-boosted n-grams, 2026-01-12",
        parameters="threshold 0.55",
        data_source="tickets closed in 2024 and 2025",
    )
    story.does("priya", slug, release)
    for area, username in (("privacy", "clara"), ("security", "bilal")):
        clearance = c.ClearPilot(
            area=area,
            fields=("subject", "body", "language"),
            processors=("the desk's own service",),
            retention_days=90,
            statement="Customer numbers are removed before anything is recorded; nothing leaves the service.",
        )
        story.does(username, slug, clearance)
    story.does(owner, slug, c.Expose(mode="shadow", reason="the pilot begins: the model runs beside the rules, unseen"))
    story.does(owner, slug, c.DeclareForEvaluation(release=RELEASE))
    train(story, slug, owner)


def train(story: Story, slug: str, owner: str) -> None:
    """The first line is named, told and trained; its leads are named, and only have to know."""
    day = story.workspace.clock.now().date()
    story.does(owner, slug, change.NameAudience(id="berlin", title="First line", people=14, cohort="first-line"))
    story.does(owner, slug, change.NameAudience(id="leads", title="Shift leads", people=3, sees_answers=False))
    module = training.RequireTraining(
        id="intro",
        title="Working with suggestions",
        release=RELEASE,
        does="It suggests a team for each ticket, with how sure it is.",
        does_not="It never answers or closes a ticket.",
        when_to_override="When the ticket names another team.",
        whom_to_ask="Emil, or whoever leads the shift.",
    )
    story.does("priya", slug, module)
    lines = tuple(f"lms-{number}, berlin, intro, {day}" for number in range(14))
    story.does("emil", slug, training.RecordCompletions(completions=lines))
    for audience in ("berlin", "leads"):
        words = "From Monday on a suggested team stands beside each ticket; the first line decides."
        told = change.TellAudience(audience=audience, changes=words, told_on=day, channel="meeting")
        story.does(owner, slug, told)


def decide(story: Story, slug: str, owner: str) -> None:
    """The gates `pilot` and `evaluate` are passed with a go that owner and sponsor sign."""
    story.attest_all(slug, owner, "pilot")
    story.does(owner, slug, c.Advance(to_phase="evaluate"))
    story.attest_all(slug, owner, "evaluate")
    reasons = "The target is proven exceeded, both guardrails hold, and the budget for the first year stands."
    story.does(owner, slug, c.Decide(outcome="go", reasons=reasons, dissent="Priya: French tickets need more data."))
    story.sign(owner, slug, "decision", "I decide go on the verdicts frozen here.")
    story.sign("jonas", slug, "decision", "I agree to go.")
    digest = story.workspace.desk.load(slug).decisions[-1].digest
    story.does(owner, slug, deciding.SendDecision(digest=digest, message="The rebuild begins on Monday."))
    names = {person: username for username, person in story.ids.items()}
    for person, holds in deciding.stakeholders(story.workspace.desk.load(slug)).items():
        if not {"owner", "sponsor"} & {*holds}:
            story.does(names[person], slug, deciding.ConfirmReceipt(digest=digest))
    story.does(owner, slug, c.Advance(to_phase="harden"))


def roll_out(story: Story, slug: str, owner: str, until: dt.date) -> None:
    """What has no machinery yet is brought from outside or waived by two, and the first step is taken."""
    story.attest_all(slug, owner, "harden")
    story.bring_results(slug)
    story.waive_open(slug, owner, "harden", until)
    story.does(owner, slug, c.Advance(to_phase="deploy"))
    story.attest_all(slug, owner, "deploy")
    story.waive_open(slug, owner, "deploy", until)
    reasons = {
        "deploy.monitoring": "Armed alerts come with a later version; the watch takes exposure back.",
        "deploy.adoption": "People meet it this week for the first time; the plan leaves them a week to learn.",
    }
    for criterion, reason in reasons.items():
        story.does(owner, slug, c.Waive(criterion=criterion, reason=reason, expires_on=until))
    story.sign("jonas", slug, "waiver:deploy.monitoring", "I accept this risk until the date given.")
    go_live = c.Expose(
        mode="live", percent=5, reason="the first step of the roll-out", timeout_ms=1000, paired_share=0.2
    )
    story.does("emil", slug, go_live)
    story.does(
        "emil", slug, c.Comment(comment="First live tickets routed at nine; the first line reports nothing odd.")
    )


def prepare_matching(story: Story) -> None:
    """The second workload chosen, promised and signed."""
    slug, owner = MATCHING, "tariq"
    story.staff(slug, owner)
    argument = "The finance team asks for it, it touches nobody outside, and its labels come the same day."
    story.does(owner, slug, c.Choose(argument=argument))
    promised = charter(
        dt.date(2026, 3, 2),
        dt.date(2026, 4, 17),
        purpose="Match each incoming invoice to its order line, so that only the doubtful ones are looked at.",
        value="Two clerks look at doubtful invoices instead of at all of them.",
        value_usd_a_year=96_000.0,
    )
    story.does("priya", slug, c.ReviseCharter(base_version=0, charter=promised, team="Tariq Haddad, Priya Nair"))
    story.sign(owner, slug, "charter", "I promise this.")
    story.sign("jonas", slug, "charter", "I stand behind it.")
    story.attest_all(slug, owner, "select")


def propose(story: Story, *slugs: str) -> None:
    """Problems, each scored by two people."""
    for problem in PROBLEMS:
        if problem.slug in slugs:
            story.propose(problem)


def tell(workspace: Workspace, ids: dict[str, str]) -> Story:
    """The whole story. The clock ends on the evening of the fifth day of live traffic."""
    story = Story(workspace, ids)
    story.at(FIRST_DAY)
    assess(story, READINESS, FIRST)
    propose(story, TRIAGE, SUMMARIES, SEARCH)
    tell_selection(story)
    day = story.days(dt.date(2026, 1, 6), 13, {TRIAGE: Setting()})
    story.at(day)
    begin_pilot(story, TRIAGE, "nadia")
    shadow = Setting(mode="shadow", stage="shadow/1", release=RELEASE)
    day = story.days(day, 28, {TRIAGE: shadow})
    story.at(day)
    story.does("ines", SEARCH, c.Assign(role="owner", person=story.ids["ines"]))
    propose(story, MATCHING)
    prepare_matching(story)
    day = story.days(day, 14, {TRIAGE: shadow, MATCHING: Setting()})
    story.at(day)
    begin_pilot(story, MATCHING, "tariq")
    story.does("ines", SEARCH, c.Kill(reason=KILLED_FOR))
    day = story.days(day, 7, {TRIAGE: shadow, MATCHING: shadow})
    story.at(day)
    decide(story, TRIAGE, "nadia")
    story.does("jonas", MATCHING, c.Comment(comment="Read the first week's figures with the clerks; carry on."))
    day = story.days(day, 14, {TRIAGE: shadow, MATCHING: shadow}, size=60)
    story.at(day)
    roll_out(story, TRIAGE, "nadia", day + dt.timedelta(days=28))
    live = Setting(mode="live", percent=5, stage="live-5/1", release=RELEASE)
    story.days(day, 5, {TRIAGE: live, MATCHING: shadow}, size=240)
    assess(story, READINESS, SECOND)
    begin(story, READINESS)
    return story


def tell_missed(workspace: Workspace, ids: dict[str, str]) -> Story:
    """A short story: in three weeks of shadow the model is right less often than the rules, and the test says so."""
    story = Story(workspace, ids)
    story.at(FIRST_DAY)
    propose(story, TRIAGE, SUMMARIES, SEARCH)
    tell_selection(story)
    day = story.days(dt.date(2026, 1, 6), 13, {TRIAGE: Setting()})
    story.at(day)
    begin_pilot(story, TRIAGE, "nadia")
    worse = Setting(mode="shadow", stage="shadow/1", release=RELEASE, right=0.5)
    story.at(story.days(day, 21, {TRIAGE: worse}))
    return story


def people(workspace: Workspace) -> dict[str, str]:
    """The story's people with their accounts; ids by username."""
    now, ids = dt.datetime.now(dt.UTC), {}
    for username, (name, roles) in CAST.items():
        ids[username] = workspace.accounts.create_person(name, created_by="tests", now=now).person
        workspace.accounts.create_account(
            ids[username], username, roles=roles, created_by="tests", now=now, password=PASSWORD
        )
    return ids
