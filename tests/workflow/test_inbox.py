"""The inbox: each kind of line, for whom it is, what it leads to, and that carrying the action out takes it away."""

from __future__ import annotations

import datetime as dt

from msgspec import structs
from tests.record.stories import ROLES, Story, charter, measured_well, outside_result, training

from pilotage.gates.ceiling import effective
from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.areas import architecture as a
from pilotage.record.areas import deciding as d
from pilotage.record.areas import operating as o
from pilotage.record.areas import reviewing as r
from pilotage.record.areas.change import PlanStream
from pilotage.record.areas.outside import SignOutsideResult, content_digest
from pilotage.record.areas.training import RecordCompletion
from pilotage.workflow.desk import Judgement
from pilotage.workflow.inbox import inbox, waiting_on
from pilotage.workflow.waiting import Reader, Waiting


def judged(story: Story) -> Judgement:
    """The story's workload as it stands now."""
    limit = story.ceiling()
    mode, percent, cohorts = effective(story.standing.exposure, limit)
    return Judgement(
        workload=story.standing,
        playbook=story.playbook,
        measurements=story.measurements,
        verdicts=story.verdicts(),
        ceiling=limit,
        mode=mode,
        percent=percent,
        cohorts=cohorts,
    )


def lines(story: Story, person: str, kind: str) -> list[Waiting]:
    """The lines of one kind that wait for a person."""
    reader = Reader(person=person, roles=frozenset(ROLES[person]))
    return [line for line in waiting_on(reader, judged(story), story.now) if line.kind == kind]


def one(story: Story, person: str, kind: str) -> Waiting:
    """The only line of a kind that waits for a person."""
    (line,) = lines(story, person, kind)
    assert line.workload == story.standing.slug
    assert line.action
    assert line.href.startswith("/w/ticket-triage")
    return line


def test_a_signature_waits_until_it_is_given():
    """The charter waits for the sponsor too, and the line is gone with the signature."""
    story = Story().propose()
    story.does("eva", c.ReviseCharter(base_version=0, charter=charter(), team="Ann and Eva"))
    line = one(story, "sam", "signature")
    assert line.href == "/w/ticket-triage/do/sign?subject=charter"
    assert (line.since, line.due) == (story.now, dt.date(2026, 3, 9))
    assert not lines(story, "eva", "signature")
    story.sign("sam", "charter")
    assert not lines(story, "sam", "signature")
    assert one(story, "ann", "signature").what == "The charter waits for your signature."


def test_a_decision_and_a_waiver_wait_for_their_signatures():
    """A decision until its date, a waiver until it ends."""
    story = Story().begin_evaluation()
    story.does("ann", c.Decide(outcome="no_go", reasons="It does not help."))
    line = one(story, "sam", "signature")
    assert (line.href, line.due) == ("/w/ticket-triage/do/sign?subject=decision", dt.date(2026, 4, 20))
    story = Story().propose()
    until = story.now.date() + dt.timedelta(days=20)
    story.does("ann", c.Waive(criterion="select.data", reason="Its machinery comes next month.", expires_on=until))
    line = one(story, "sam", "signature")
    assert (line.action, line.due) == ("Sign the waiver of select.data", until)
    story.sign("sam", "waiver:select.data")
    assert not lines(story, "sam", "signature")


def test_ownership_is_accepted_in_person():
    """Only who is asked sees it, until they accept."""
    story = Story().propose()
    assert one(story, "ann", "ownership").command == "accept_ownership"
    assert not lines(story, "ben", "ownership")
    story.does("ann", c.AcceptOwnership(technical=True, operational=True, statement="I decide on both."))
    assert not lines(story, "ann", "ownership")


def test_a_problem_waits_for_its_scores():
    """Whoever may score and has not sees it, until enough people have."""
    story = Story().propose()
    assert one(story, "eva", "score").what == "0 of 2 people scored the problem."
    assert not lines(story, "vic", "score"), "a viewer may not score"
    story.does("eva", c.ScoreProblem(impact=4, feasibility=4, readiness=4))
    assert not lines(story, "eva", "score")
    assert lines(story, "oli", "score")
    story.does("ben", c.ScoreProblem(impact=4, feasibility=4, readiness=4))
    assert not lines(story, "oli", "score")


def test_reviews_wait_for_answers_then_for_a_conclusion():
    """The team sees the questions, each once, until they are answered; then the named reviewer sees the review."""
    story = Story().propose().write_charter().open_reviews(days=20)
    due = story.now.date() + dt.timedelta(days=20)
    asked = lines(story, "ann", "questions")
    assert all(line.due == due for line in asked)
    assert asked[0].href.startswith("/w/ticket-triage/do/answer_question?question=")
    assert not lines(story, "pia", "review")
    story.answer_reviews()
    assert not lines(story, "ann", "questions")
    line = one(story, "pia", "review")
    assert (line.href, line.due) == ("/w/ticket-triage/do/conclude_review?review=privacy", due)
    story.does("eva", release_of_the_story())
    story.conclude("privacy")
    assert not lines(story, "pia", "review")


def release_of_the_story() -> c.RegisterRelease:
    """What a review is about."""
    return c.RegisterRelease(
        name="r1", digest="ab" * 32, code_revision="4f2a", environment="lock:77", model="trees", data_source="desk"
    )


def test_a_role_waits_for_the_person_it_is_offered_to():
    """Accepted or refused, it is gone."""
    story = Story().begin_pilot()
    story.does("ann", o.OfferRole(role="operations", person="oli"))
    line = one(story, "oli", "role")
    assert (line.href, line.since) == ("/w/ticket-triage/do/accept_role?role=operations", story.now)
    assert not lines(story, "eva", "role")
    story.does("oli", o.RefuseRole(role="operations", reason="No time for it."))
    assert not lines(story, "oli", "role")


def test_the_money_waits_for_whoever_can_move_it():
    """The owner offers the cost role, the person asked accepts it, and only then the commitment is theirs to give."""
    story = Story().begin_evaluation()
    about = [line for line in lines(story, "ann", "criterion") if line.about == ("evaluate.funding",)]
    assert [line.href for line in about] == ["/w/ticket-triage/do/offer_role?role=cost"]
    story.does("ann", o.OfferRole(role="cost", person="oli"))
    asked = one(story, "oli", "role")
    assert (asked.href, "evaluate.funding" in asked.about) == ("/w/ticket-triage/do/accept_role?role=cost", True)
    story.does("oli", o.AcceptRole(role="cost"))
    about = [line for line in lines(story, "oli", "criterion") if line.about == ("evaluate.funding",)]
    assert [line.href for line in about] == ["/w/ticket-triage/do/commit_funding"]


def test_handoff_items_wait_for_the_production_team():
    """Whoever holds operations sees each item that is offered, until they answer."""
    story = Story().begin_pilot()
    story.does("ann", o.OfferRole(role="operations", person="oli"))
    story.does("eva", o.ListHandoffItem(item="switch-off", what="Who switches it off at night."))
    assert not lines(story, "oli", "handoff")
    story.does("oli", o.AcceptRole(role="operations"))
    assert one(story, "oli", "handoff").href == "/w/ticket-triage/do/accept_handoff_item?item=switch-off"
    story.does("oli", o.AcceptHandoffItem(item="switch-off"))
    assert not lines(story, "oli", "handoff")


def test_training_waits_for_a_learner_of_the_audience():
    """Whoever is on record in an audience sees what they have not completed for the running release, and what lapses
    soon; nobody else does.
    """
    story = Story().begin_pilot().train("munich", people=5, completed=0)
    assert not lines(story, "oli", "training"), "not a learner of the audience"
    story.does("ann", structs.replace(training(), id="second", title="Second lesson"))
    story.does("oli", RecordCompletion(learner="oli", audience="munich", module="intro", completed_on=story.now.date()))
    line = one(story, "oli", "training")
    assert line.what == "You have to complete Second lesson."
    assert "learner=oli&audience=munich&module=second" in line.href
    second = RecordCompletion(learner="oli", audience="munich", module="second", completed_on=story.now.date())
    story.does("oli", second)
    assert not lines(story, "oli", "training")
    story.wait(days=356)
    assert {line.due for line in lines(story, "oli", "training")} == {dt.date(2027, 3, 2)}


def test_findings_and_gaps_wait_for_their_owner():
    """With the finding's day, until the reviewer closes it; a gap until it is closed."""
    story = Story().propose().open_reviews()
    due = story.now.date() + dt.timedelta(days=9)
    found = r.RaiseFinding(review="security", severity="high", owner="eva", due=due, finding="The key is in the code.")
    story.does("sid", found)
    line = one(story, "eva", "finding")
    assert (line.due, line.href, line.overdue) == (due, "/w/ticket-triage/reviews/security", False)
    story.wait(days=10)
    assert one(story, "eva", "finding").overdue
    story.does("sid", r.CloseFinding(number="security-1", reason="It is in the store now."))
    assert not lines(story, "eva", "finding")
    story.does("ann", a.ListGap(gap="no-logs", what="None.", area="audit", effort="a day", owner="eva", blocking=True))
    assert one(story, "eva", "gap").href == "/w/ticket-triage/do/close_gap?gap=no-logs"
    story.does("eva", a.CloseGap(gap="no-logs", how="They are written."))
    assert not lines(story, "eva", "gap")


def test_areas_and_streams_wait_for_whoever_sees_to_them():
    """Undecided, then rebuilt but not done; a stream until it is done, with its day."""
    story = Story().begin_pilot()
    design = a.DesignArea(area="scale", pilot="One core.", production="Eight cores.", owner="eva")
    story.does("ann", design)
    assert one(story, "eva", "area").command == "design_area"
    story.does("ann", structs.replace(design, fate="rebuild", decision="decided"))
    assert one(story, "eva", "area").command == "finish_area"
    story.does("eva", a.FinishArea(area="scale", done="It carries eight."))
    assert not lines(story, "eva", "area")
    stream = PlanStream(
        stream="training", plan="Two sessions.", owner="oli", due_on=dt.date(2026, 3, 20), audiences=("berlin",)
    )
    story.does("ann", stream)
    assert one(story, "oli", "stream").due == dt.date(2026, 3, 20)
    story.does("ann", structs.replace(stream, progress="done"))
    assert not lines(story, "oli", "stream")


def test_a_decision_waits_for_the_owner_from_two_weeks_before_its_day():
    """Overdue after it, and gone once one is put."""
    story = Story().begin_evaluation()
    story.wait(days=10)
    assert not lines(story, "ann", "decision")
    story.wait(days=8)
    line = one(story, "ann", "decision")
    assert (line.command, line.due, line.overdue) == ("decide", dt.date(2026, 4, 20), False)
    story.wait(days=15)
    assert one(story, "ann", "decision").overdue
    story.does("ann", c.Decide(outcome="no_go", reasons="It does not help."))
    assert not lines(story, "ann", "decision")
    assert lines(story, "ann", "signature")


def test_a_decision_in_force_waits_to_be_sent_and_then_for_each_receipt():
    """Owner and sponsor have one line to send it; sent, each recipient has one to confirm, and nobody another's."""
    story = Story().begin_evaluation().attest_all("evaluate")
    story.does("ann", d.NameRecipient(person="oli", why="Her desk reads the answers."))
    story.decide("go", sends=False)
    for person in ("ann", "sam"):
        line = one(story, person, "send")
        assert (line.command, line.href) == ("send_decision", "/w/ticket-triage/do/send_decision")
        assert line.what == "The go is in force, and was not sent to 5 of those whom it concerns."
    everybody = ("ann", "sam", "pia", "sid", "oli")
    assert not any(lines(story, person, "send") for person in ("pia", "sid", "oli", "eva"))
    assert not any(lines(story, person, "receipt") for person in everybody)
    story.wait(days=1)
    story.does("sam", d.SendDecision(digest=story.digest("decision")))
    assert not any(lines(story, person, "send") for person in everybody)
    for person in ("pia", "sid", "oli"):
        line = one(story, person, "receipt")
        assert (line.command, line.href) == ("confirm_receipt", "/w/ticket-triage/do/confirm_receipt")
        assert (line.what, line.since) == ("The go was sent to you.", story.now)
    assert not any(lines(story, person, "receipt") for person in ("ann", "sam", "eva", "vic"))
    story.does("pia", d.ConfirmReceipt(digest=story.digest("decision")))
    assert [bool(lines(story, person, "receipt")) for person in ("pia", "sid", "oli")] == [False, True, True]


def test_the_criterion_of_a_decision_on_its_way_is_no_second_line():
    """Neither for whom it is sent by, nor for the first who has not confirmed: never the form that puts another."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("go", sends=False)
    assert story.verdict("evaluate.decision").next.by == "owner"
    about = {kind: [line.about for line in lines(story, "ann", kind)] for kind in ("send", "criterion")}
    assert about["send"] == [("evaluate.decision",)]
    assert ("evaluate.decision",) not in about["criterion"]
    story.does("ann", d.SendDecision(digest=story.digest("decision")))
    first = story.verdict("evaluate.decision").next.by
    reader = Reader(person=first, roles=frozenset(ROLES[first]))
    found = [line for line in waiting_on(reader, judged(story), story.now) if "evaluate.decision" in line.about]
    assert [line.kind for line in found] == ["receipt"]


def test_a_no_go_is_sent_and_confirmed_from_the_inbox():
    """It ends everything else that waited, and goes on waiting itself until everybody has it."""
    story = Story().begin_evaluation().decide("no_go", sends=False)
    for person in ("ann", "sam"):
        reader = Reader(person=person, roles=frozenset(ROLES[person]))
        (line,) = waiting_on(reader, judged(story), story.now)
        assert (line.kind, line.what[:21]) == ("send", "The no-go is in force")
    story.does("ann", d.SendDecision(digest=story.digest("decision")))
    for person in ("pia", "sid"):
        reader = Reader(person=person, roles=frozenset(ROLES[person]))
        assert [line.kind for line in waiting_on(reader, judged(story), story.now)] == ["receipt"]
        story.does(person, d.ConfirmReceipt(digest=story.digest("decision")))
    assert not [
        line
        for person, roles in ROLES.items()
        for line in waiting_on(Reader(person=person, roles=frozenset(roles)), judged(story), story.now)
    ]


def test_a_decision_is_confirmed_on_a_killed_workload_too():
    """Whoever worked on it learns what had been decided before it was switched off."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("go", sends=False)
    story.does("ann", d.SendDecision(digest=story.digest("decision")))
    story.does("eva", c.Kill(reason="It leaks names."))
    assert one(story, "pia", "receipt").command == "confirm_receipt"
    story.does("pia", d.ConfirmReceipt(digest=story.digest("decision")))
    assert not lines(story, "pia", "receipt")


def test_whoever_takes_a_role_after_the_gate_is_not_sent_the_old_decision():
    """Before the gate it waits to be sent to them; afterwards those of then count, and whoever is named besides."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("go")
    story.does("ann", c.Assign(role="reviewer:risk", person="tom"))
    assert one(story, "ann", "send").what.endswith("was not sent to 1 of those whom it concerns.")
    story.send_decision()
    story.does("ann", c.Advance(to_phase="harden"))
    story.does("ann", c.Assign(role="reviewer:risk", person="ben"))
    assert not lines(story, "ann", "send")
    story.does("ann", d.NameRecipient(person="oli", why="Her desk reads the answers."))
    assert one(story, "ann", "send").command == "send_decision"


def test_nobody_is_asked_to_send_to_somebody_who_left():
    """Once everybody who is still here has it, a stakeholder without an account leaves no line."""
    story = Story().begin_evaluation().attest_all("evaluate").decide("go")
    story.does("ann", c.Assign(role="reviewer:risk", person="tom"))
    assert lines(story, "ann", "send")
    story.portfolio = structs.replace(story.portfolio, absent=frozenset({"tom"}))
    assert not lines(story, "ann", "send")


def test_an_extension_waits_for_nobody_until_it_is_sent():
    """The gate does not ask for it to be sent; whoever was sent it confirms."""
    story = Story().begin_evaluation().decide("extend", until=dt.date(2026, 5, 18))
    assert not lines(story, "ann", "send")
    story.does("ann", d.SendDecision(digest=story.digest("decision")))
    assert one(story, "sid", "receipt").what == "The extension was sent to you."


def test_the_sponsor_hears_that_a_pilot_wound_down():
    """Until they say something on the record, or a decision is made."""
    story = Story().begin_evaluation()
    story.wait(days=50)
    assert not lines(story, "sam", "wound-down"), "the watch has not told them yet"
    story.record(f.PilotWoundDown(decision_on=dt.date(2026, 4, 20), exposed="shadow", sponsor="sam"))
    line = one(story, "sam", "wound-down")
    assert line.what.startswith("Nobody decided by 2026-04-20, so the pilot wound down")
    assert (line.href, line.since) == ("/w/ticket-triage/do/comment", story.now)
    assert not lines(story, "ann", "wound-down")
    story.does("sam", c.Comment(comment="Ann decides on Monday."))
    assert not lines(story, "sam", "wound-down")


def test_a_silent_sponsor_is_named_to_both():
    """The sponsor sees it a week before, the owner once it counts; one word of the sponsor clears both."""
    story = Story().begin_pilot()
    story.wait(days=22)
    assert not lines(story, "sam", "silence")
    story.wait(days=4)
    assert one(story, "sam", "silence").due == dt.date(2026, 4, 1)
    assert not lines(story, "ann", "silence")
    story.wait(days=6)
    assert one(story, "ann", "silence").href == "/w/ticket-triage/do/assign?role=sponsor"
    story.does("sam", c.Comment(comment="I read it."))
    assert not lines(story, "sam", "silence")
    assert not lines(story, "ann", "silence")


def test_a_criterion_waits_for_whom_its_next_action_names():
    """The owner's for the owner, a reviewer's for the named one, an engineer's for engineers who have a part in it."""
    story = Story().begin_pilot()
    due = dt.date(2026, 4, 26)
    mine = {line.about[0]: line for line in lines(story, "pia", "criterion")}
    assert mine["pilot.clearance"].href == "/w/ticket-triage/do/clear_pilot"
    assert mine["pilot.clearance"].due == due
    story.does("pia", c.ClearPilot(**clearance("privacy")))
    assert "pilot.clearance" not in {line.about[0] for line in lines(story, "pia", "criterion")}
    assert "pilot.clearance" in {line.about[0] for line in lines(story, "sid", "criterion")}
    story.measurements = measured_well(story.now, shadow=None)
    assert "pilot.shadow" in {line.about[0] for line in lines(story, "ann", "criterion")}
    assert "pilot.real-work" in {line.about[0] for line in lines(story, "ann", "criterion")}


def clearance(area: str) -> dict[str, object]:
    """What a reviewer signs."""
    return {
        "area": area,
        "fields": ("subject",),
        "processors": (),
        "retention_days": 90,
        "statement": "Only what it needs.",
    }


def test_evidence_about_to_lapse_is_named_two_weeks_before():
    """To whoever can show or sign it again, with the day; signed again it is gone."""
    story = Story().begin_pilot().clear()
    ends = story.verdict("pilot.clearance").valid_until
    story.now = ends - dt.timedelta(days=15)
    assert not lines(story, "pia", "lapsing")
    story.wait(days=2)
    (line,) = [line for line in lines(story, "pia", "lapsing") if line.about == ("pilot.clearance",)]
    assert line.due == ends.date()
    assert line.href == "/w/ticket-triage/do/clear_pilot"
    story.clear()
    assert not [line for line in lines(story, "pia", "lapsing") if line.about == ("pilot.clearance",)]


def test_one_thing_to_do_is_one_line():
    """What another line moves already does not stand there a second time as a criterion."""
    story = Story().propose()
    story.does("eva", c.ReviseCharter(base_version=0, charter=charter(), team="Ann and Eva"))
    reader = Reader(person="ann", roles=frozenset(ROLES["ann"]))
    about = [name for line in waiting_on(reader, judged(story), story.now) for name in line.about]
    assert about.count("select.signed") == 1
    assert about.count("select.owner") == 1


def test_nothing_waits_on_what_has_ended():
    """A killed workload asks nobody for anything."""
    story = Story().begin_pilot()
    story.does("eva", c.Kill(reason="It leaks names."))
    assert waiting_on(Reader(person="ann", roles=frozenset({"owner"})), judged(story), story.now) == ()


def test_the_nearest_deadline_stands_first_across_workloads():
    """Several workloads make one list; what has no day stands at the end."""
    story, other = Story().begin_pilot(), Story().propose()
    other.workload = structs.replace(other.standing, slug="invoice-reading")
    due = story.now.date() + dt.timedelta(days=2)
    finding = r.RaiseFinding(review="privacy", severity="low", owner="ann", due=due, finding="A field too many.")
    story.does("pia", finding)
    found = inbox(Reader(person="ann", roles=frozenset({"owner"})), [judged(story), judged(other)], story.now)
    days = [line.due for line in found.waiting]
    assert days == sorted(days, key=lambda day: (day is None, day or dt.date.max))
    assert {line.workload for line in found.waiting} == {"ticket-triage", "invoice-reading"}
    assert found.waiting[0].kind == "finding"
    assert found.overdue == 0


def test_roles_granted_on_one_workload_count_there_alone():
    """An operator of one workload has no operator's work on another."""
    story = Story().begin_rollout()
    granted = Reader(person="zoe", granted=(("ticket-triage", frozenset({"operator"})),))
    elsewhere = Reader(person="zoe", granted=(("invoice-reading", frozenset({"operator"})),))
    assert [line for line in waiting_on(granted, judged(story), story.now) if line.kind == "criterion"]
    assert waiting_on(elsewhere, judged(story), story.now) == ()


def test_a_result_from_outside_waits_for_somebody_who_did_not_bring_it():
    """Whoever has a part in the workload sees it, but for whoever brought it; signed, it is gone."""
    story = Story().begin_hardening()
    story.does("oli", outside_result())
    assert not lines(story, "oli", "outside")
    line = one(story, "eva", "outside")
    assert "criterion=harden.resilience&digest=" in line.href
    digest = content_digest(story.standing.outside.results["harden.resilience"].fact)
    story.does("eva", SignOutsideResult(criterion="harden.resilience", digest=digest, statement="I read it."))
    assert not lines(story, "eva", "outside")
    assert not lines(story, "ann", "outside")
