"""Examples in the description: one believable workload, the triage of support tickets."""

from __future__ import annotations

import datetime as dt

from pilotage.playbook.metrics import Guardrail, LabelMatch, Latency, Metric, Target
from pilotage.record import commands as c
from pilotage.record.areas import change, classifying, costing, data, drifting, outside, planning, training
from pilotage.record.areas import reviewing as r
from pilotage.record.assessing import AnswerAssessment, ConcludeAssessment
from pilotage.record.charter import Charter
from pilotage.record.commands import Command, name_of
from pilotage.record.organisation import OrganisationCommand
from pilotage.runtime.records import Call, CallBatch, Execution, Outcome, OutcomeBatch
from pilotage.server.description.deciding_examples import DECIDING_EXAMPLES
from pilotage.server.description.feedback_examples import FEEDBACK_EXAMPLES
from pilotage.server.description.operating_examples import OPERATING_EXAMPLES

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
CALL_ID = "7d1f0b2a9c4e4f61a0b35a1c00000001"

CHARTER = Charter(
    purpose="Send each support ticket to the right team at once.",
    value="Two hours less waiting for a fifth of all customers.",
    metrics=(
        Metric(
            id="right_team",
            title="Tickets sent to the right team",
            unit="share",
            direction="higher",
            kind="proportion",
            source=LabelMatch(),
        ),
        Metric(
            id="slow",
            title="Answers above 800 ms",
            unit="share",
            direction="lower",
            kind="proportion",
            source=Latency(limit_ms=800.0),
        ),
    ),
    target=Target(
        metric="right_team",
        form="difference",
        baseline=0.71,
        floor=0.0,
        target=0.05,
        expected=0.08,
        calls_per_week=4000.0,
        deviation=0.5,
    ),
    guardrails=(Guardrail(metric="slow", limit=0.05),),
    starts_on=dt.date(2026, 11, 30),
    decision_on=dt.date(2027, 1, 11),
    risks=("Rare teams are seldom in the history.",),
    value_usd_a_year=180_000.0,
    segments=("language",),
    time_zone="Europe/Berlin",
)

_COMMANDS: tuple[Command, ...] = (
    c.Propose(
        title="Ticket triage",
        problem="Tickets wait for hours in the wrong queue.",
        incumbent="Keyword rules, and the first line on weekdays.",
    ),
    c.ScoreProblem(impact=4, feasibility=4, readiness=3, note="The team asks for it."),
    c.Choose(argument="It ranks second, but its labels arrive within a day."),
    c.Assign(role="owner", person="ada"),
    c.AcceptOwnership(technical=True, operational=True, statement="I own the triage and may switch it off."),
    c.ReviseCharter(base_version=0, charter=CHARTER, team="Ada (owner), Tomo (engineer)"),
    c.Sign(subject="charter", digest=DIGEST, meaning="I stand behind these numbers and dates."),
    c.RegisterRelease(
        name="2026.11.2",
        digest=DIGEST,
        code_revision="4be1f2c",
        environment=f"sha256:{DIGEST}",
        model="triage-forest 3",
        parameters="trees=200",
        data_source="tickets of 2025, without names",
        training_examples=48_000,
    ),
    c.DeclareForEvaluation(release="2026.11.2"),
    c.ClearPilot(
        area="privacy",
        fields=("subject", "language"),
        processors=(),
        retention_days=90,
        statement="No name reaches the candidate; calls are kept for 90 days.",
    ),
    c.AnalyseShortfall(
        segments=("language=pt",),
        cause="Only 400 of the examples are Portuguese.",
        remedy="more_data",
        effort="Two weeks of one labeller",
        curve=("12000=0.78", "24000=0.81", "48000=0.83"),
    ),
    c.Attest(criterion="harden.runbook", statement="The runbook was walked through with the people on call."),
    c.Advance(to_phase="pilot"),
    c.GoBack(to_phase="pilot", reason="The baseline has to be measured again."),
    c.Decide(outcome="go", reasons="The target is reached and no guardrail broke."),
    c.Expose(mode="live", percent=5.0, reason="First stage of the roll-out."),
    c.Kill(reason="Wrong teams since the upgrade."),
    c.Revive(reason="The upgrade was taken back."),
    c.Waive(
        criterion="harden.drill",
        reason="The drill is booked for the week after next.",
        expires_on=dt.date(2026, 12, 20),
    ),
    c.Comment(comment="The Berlin team joins on Monday."),
    c.ResolveBreach(metric="slow", reason="The slow shard was replaced."),
    classifying.ClassifyRisk(
        affected="standard",
        harm="low",
        undoing="low",
        rights="low",
        sensitivity="standard",
        reach="standard",
        reasons="Customers feel a late answer; the first line reads each suggestion before it acts.",
    ),
    planning.PlanProduction(
        deployment="In the ticket system's own cluster, behind the gateway; rolled out by the platform team.",
        production_owner="tomo",
        dates="from March on",
        running_cost="about 9,000 US dollars a year",
        change_effort="two sessions for each of the six teams",
    ),
    planning.PlaceInWork(
        arrives="In the ticket's queue field, before anybody opens it.",
        seen_by="the first line",
        when_absent="The keyword rules choose the queue, as they do today.",
    ),
    planning.ChooseSource(
        choice="build",
        compared=("the help desk's own add-on", "a forest on our labels"),
        reason="Teams are ours alone.",
    ),
    planning.JudgeSuitability(
        high_volume=True,
        repetitive=True,
        costly_or_error_prone=True,
        structured=True,
        measurable=True,
        data_at_hand=True,
        champion="the first line's lead",
    ),
    r.OpenReview(review="privacy", due=dt.date(2026, 12, 18)),
    r.AnswerQuestion(question="retention", answer="Calls for 90 days, then the server deletes them each night."),
    r.RaiseFinding(
        review="privacy",
        severity="high",
        owner="tomo",
        due=dt.date(2026, 12, 11),
        finding="Signatures under tickets still name people; cut them off before recording.",
    ),
    r.CloseFinding(number="privacy-1", reason="Signatures are cut off since release 2026.12.1; I read twenty."),
    r.LogReviewTime(review="privacy", minutes=45),
    r.ConcludeReview(
        review="privacy",
        outcome="approve",
        statement="I read every answer and what was measured; nothing is open.",
        digest=DIGEST,
        minutes=20,
    ),
    costing.EstimateCostLine(
        line="model-calls",
        category="model_usage",
        per="call",
        low=0.0018,
        likely=0.0021,
        high=0.003,
        basis="Measured on 9,412 calls of 2026.11.2.",
    ),
    costing.EstimateProduction(
        calls_a_year_low=180_000.0,
        calls_a_year_likely=208_000.0,
        calls_a_year_high=260_000.0,
        worth_of="call",
        worth_usd_low=0.5,
        worth_usd_likely=0.87,
        worth_usd_high=1.0,
        years=2,
        basis="Last year's tickets; a wrong hand-over takes a quarter of an hour.",
    ),
    costing.RecordMonthCosts(
        month="2026-12",
        lines=("hosting, 710.40", "upkeep, 1200"),
        basis="The platform's bill 2026-12-4711 and the team's time sheets.",
    ),
    costing.CommitFunding(
        rebuild_usd=30_000.0,
        change_usd=8_000.0,
        first_year_usd=45_000.0,
        from_on=dt.date(2027, 1, 18),
        until_on=dt.date(2028, 1, 31),
        statement="From the support budget, released with the go.",
    ),
    *OPERATING_EXAMPLES,
    *DECIDING_EXAMPLES,
    *FEEDBACK_EXAMPLES,
    change.NameAudience(id="desk", title="First line, Berlin", people=9, cohort="berlin", contact="ada"),
    change.PlanStream(
        stream="training",
        plan="Two short sessions for the first line, one of them on the tickets that went wrong.",
        owner="ada",
        due_on=dt.date(2026, 12, 11),
        audiences=("desk",),
    ),
    change.ChangeWork(
        id="sorting",
        what="workflow",
        audience="desk",
        before="The first line sorts each ticket by hand.",
        after="The first line checks the suggested team and changes it where it is wrong.",
        from_on=dt.date(2026, 12, 14),
    ),
    change.TellAudience(
        audience="desk",
        changes="From the 14th on you see a suggested team beside each ticket; you decide.",
        told_on=dt.date(2026, 11, 30),
        channel="meeting",
    ),
    training.RequireTraining(
        id="intro",
        title="Working with suggestions",
        release="2026.11.2",
        does="It suggests a team for each ticket, with how sure it is.",
        does_not="It never closes or answers a ticket.",
        when_to_override="When the ticket names another team, or the suggestion is unsure.",
        whom_to_ask="The desk's lead.",
        valid_days=365,
    ),
    training.SayWhatPeopleSee(release="2026.11.2", changes=True, explanation="It shows how sure it is."),
    training.RecordCompletion(learner="lms-20417", audience="desk", module="intro", completed_on=dt.date(2026, 12, 2)),
    training.RecordCompletions(
        completions=("lms-20417, desk, intro, 2026-12-02", "lms-20418, desk, intro, 2026-12-03")
    ),
    training.DropLearner(learner="lms-20417", audience="desk", why="left"),
    outside.RecordOutsideResult(
        criterion="harden.resilience",
        tested="In the staging desk the candidate was made slow, failing, limited and absent, an hour each.",
        tested_on=dt.date(2026, 11, 26),
        tool="toxiproxy 2.9",
        release="2026.11.2",
        figures=("calls without an answer, 0, calls, <= 0", "slowest answer, 480, ms, <= 800"),
        conclusion="passed",
        statement="Every call got an answer; the breaker opened after 12 failures and closed again in a minute.",
        link="https://wiki.example/drills/2026-11-26",
        document_digest=DIGEST,
    ),
    drifting.ChooseReference(
        of="traffic",
        since=dt.date(2026, 11, 9),
        reason="Since the new form of 9 November tickets are longer; their answers were reviewed and are as good.",
    ),
    drifting.ExplainDrift(
        field="input.words", explanation="The new form asks for more; longer tickets are answered no worse so far."
    ),
    outside.SignOutsideResult(
        criterion="harden.resilience", digest=DIGEST, statement="I read the report and was in the room."
    ),
    data.ListSource(
        id="tickets",
        title="Closed tickets",
        holds="Every ticket closed since 2024 with its subject, its text and the team that closed it.",
        basis="contract",
        granted_by="Article 4 of the support contracts; read by the legal department on 3 November 2026",
        personal_data=True,
        owner="tomo",
        retention="three years, then the help desk deletes them",
    ),
    data.CheckSample(
        source="tickets",
        sample=b"subject,team,closed_at\nInvoice 4711,billing,2026-11-02T09:12:00Z\n",
        label_column="team",
        time_column="closed_at",
    ),
    data.ArgueSample(source="tickets", argument="Rare teams have few tickets; a person routes those in any case."),
)
COMMAND_EXAMPLES = {name_of(command): command for command in _COMMANDS}
ORGANISATION_EXAMPLES: dict[str, OrganisationCommand] = {
    "answer_assessment": AnswerAssessment(
        assessment="organisation-readiness",
        question="one-owner",
        level=3,
        statement="Two of three workloads have an owner who may decide on both sides; the third has a committee.",
        evidence=("ticket-triage/select.owner",),
    ),
    "conclude_assessment": ConcludeAssessment(
        assessment="organisation-readiness",
        statement="Ready to carry one workload, not three. Before the next one, money after the pilot is settled.",
    ),
}

CALL_BATCH = CallBatch(
    workload="ticket-triage",
    calls=[
        Call(
            call_id=CALL_ID,
            at_us=1_795_447_800_000_000,
            served=Execution(arm="incumbent", value='"billing"', latency_us=180),
            beside=Execution(
                arm="candidate", release="2026.11.2", value='"contracts"', latency_us=41_000, confidence=0.93
            ),
            unit="0f8a6c1e5b7d4a32",
            segment={"language": "de"},
            mode="shadow",
            stage="shadow/1",
            serial=7,
            input='{"subject": "Invoice 4711"}',
        )
    ],
    runtime="9f2c6b1ad0e44c7f",
    counters={},
)
OUTCOME_BATCH = OutcomeBatch(
    workload="ticket-triage",
    outcomes=[
        Outcome(
            outcome_id="1c9d2b7fe05a4c3e9a1d000000000001",
            call_id=CALL_ID,
            name="label",
            value='"contracts"',
            at_us=1_795_451_400_000_000,
            basis="independent",
        )
    ],
)
