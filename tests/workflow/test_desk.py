"""The desk: every command whole or not at all, whoever else is writing."""

from __future__ import annotations

import threading

import pytest
from tests.record.stories import START, Story, proposal
from tests.workflow.office import SLUG, FakeClock, Office, charter, kinds, measured

from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.context import SYSTEM
from pilotage.record.errors import Refused, UnknownFact
from pilotage.storage.protocols import Draft
from pilotage.workflow.desk import OVERVIEW_S, TRIES
from pilotage.workflow.errors import Overtaken, UnknownWorkload


def comment(text: str = "Looks fine.") -> c.Comment:
    """The smallest thing to say."""
    return c.Comment(comment=text)


class Interrupted:
    """A ledger on which somebody else writes just before each of the next appends."""

    def __init__(self, ledger, interruptions: int) -> None:
        self._ledger = ledger
        self.left = interruptions

    def __getattr__(self, name):
        return getattr(self._ledger, name)

    def append(self, workload, expected, drafts):
        """As the ledger does, after somebody else was quicker."""
        if self.left:
            self.left -= 1
            newest = len(self._ledger.read(workload))
            draft = Draft(kind="commented", payload={}, texts={"comment": "Me first."}, actor="ben", at=START)
            self._ledger.append(workload, newest, [draft])
        return self._ledger.append(workload, expected, drafts)


def test_a_command_becomes_facts_with_their_author_and_time(office):
    """What a command writes says who, when and where in the ledger; the receipt says the same."""
    receipt = office.does("ann", proposal())
    office.clock.wait(hours=1)
    second = office.does("eva", comment())
    assert (receipt.workload, receipt.sequence, receipt.kinds) == (SLUG, 1, ("proposed",))
    assert (second.sequence, second.positions, second.kinds) == (2, (2,), ("commented",))
    entry = office.ledger.read(SLUG)[1]
    assert (entry.actor, entry.at, entry.simulated) == ("eva", office.clock.at, False)
    assert office.desk.load(SLUG).comments[0].text == "Looks fine."


def test_time_that_is_made_up_is_marked_on_every_fact(new_office):
    """Under a simulated clock every fact says so, and so does the workload."""
    office = new_office(clock=FakeClock(simulated=True))
    office.does("ann", proposal())
    assert office.ledger.read(SLUG)[0].simulated
    assert office.desk.load(SLUG).simulated


def test_a_command_of_several_facts_is_written_at_once(office):
    """Going back writes two facts in one piece, one after the other."""
    office.tell(Story().begin_pilot())
    receipt = office.does("ann", c.GoBack(to_phase="select", reason="The target was too soft."))
    assert receipt.kinds == ("went_back", "exposure_set")
    assert receipt.positions == (receipt.positions[0], receipt.positions[0] + 1)
    assert office.desk.load(SLUG).phase == "select"


def test_a_refusal_writes_nothing(office):
    """Every problem is named at once, and the ledger is as it was, of a known workload and of a new one."""
    office.proposed()
    before = office.ledger.position()
    with pytest.raises(Refused) as refused:
        office.does("ann", c.Assign(role="sponsor", person="ann"))
    assert [problem.code for problem in refused.value.problems] == ["same-person"]
    with pytest.raises(Refused):
        office.does("vic", proposal(), "other")
    with pytest.raises(Refused):
        office.does("ann", comment(), "nowhere")
    assert office.ledger.position() == before
    assert office.desk.find("other") is None


def test_an_unknown_workload_is_an_error_of_its_own(office):
    """Asking for a workload that nobody proposed names it; looking for it gives nothing."""
    assert office.desk.find("nowhere") is None
    with pytest.raises(UnknownWorkload, match="nowhere"):
        office.desk.judge("nowhere")


def test_a_database_that_fails_leaves_the_desk_as_it_was(new_office):
    """When the ledger cannot append, the command fails, nothing is half known, and the next one works."""

    class Broken(Interrupted):
        def append(self, workload, expected, drafts):
            if self.left:
                self.left -= 1
                raise OSError("no space left on the device")
            return self._ledger.append(workload, expected, drafts)

    office = new_office(ledger=lambda ledger: Broken(ledger, 1))
    with pytest.raises(OSError, match="no space"):
        office.does("ann", proposal())
    assert office.desk.find(SLUG) is None
    assert office.does("ann", proposal()).sequence == 1


def test_whoever_is_overtaken_decides_again(new_office):
    """A write that came first is taken in, and the command is decided on what stands then."""
    office = new_office(ledger=lambda ledger: Interrupted(ledger, TRIES - 1))
    office.desk._ledger.left = 0
    office.does("ann", proposal())
    office.desk._ledger.left = TRIES - 1
    receipt = office.does("eva", comment())
    assert receipt.sequence == TRIES + 1
    assert kinds(office) == ["proposed", *["commented"] * TRIES]


def test_only_who_is_overtaken_again_and_again_gives_up(new_office):
    """When others write before every try, the command ends as overtaken, and nothing of it is written."""
    office = new_office(ledger=lambda ledger: Interrupted(ledger, 0))
    office.does("ann", proposal())
    office.desk._ledger.left = TRIES
    with pytest.raises(Overtaken):
        office.does("eva", comment("Mine."))
    texts = [entry.texts.get("comment") for entry in office.ledger.read(SLUG)]
    assert texts == [None, *["Me first."] * TRIES]


def test_two_desks_racing_lose_no_command(new_office):
    """Two processes on one database comment at the same time: every command that was answered is in the ledger once,
    and one that was not answered is not.
    """
    first = new_office()
    first.does("ann", proposal())
    answered: list[str] = []
    overtaken: list[str] = []
    together = threading.Barrier(4)

    def talk(office: Office, who: str, name: str) -> None:
        together.wait()
        for number in range(15):
            text = f"{name} {number}"
            try:
                office.does(who, comment(text))
                answered.append(text)
            except Overtaken:
                overtaken.append(text)

    second = new_office()
    speakers = [(first, "eva", "a"), (first, "ann", "b"), (second, "oli", "c"), (second, "sid", "d")]
    threads = [threading.Thread(target=talk, args=speaker) for speaker in speakers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorded = [entry.texts["comment"] for entry in first.ledger.read(SLUG) if entry.kind == "commented"]
    assert sorted(recorded) == sorted(answered)
    assert len(answered) + len(overtaken) == 60
    for office in (first, second):
        assert [said.text for said in office.desk.load(SLUG).comments] == recorded
    assert not first.ledger.verify().problems


def test_a_decision_is_about_what_stands_when_it_is_written(new_office):
    """Two people write the same charter version at once: one is recorded, the other is told what changed."""
    ann, eva = new_office(), new_office()
    ann.proposed()
    eva.desk.refresh()
    ann.does("ann", c.ReviseCharter(base_version=0, charter=charter()))
    with pytest.raises(Refused) as refused:
        eva.does("eva", c.ReviseCharter(base_version=0, charter=charter(value="Another value.")))
    assert [problem.code for problem in refused.value.problems] == ["charter-changed"]


def test_what_another_process_wrote_is_noticed(new_office):
    """`refresh` names the workloads that others changed, once; nothing has to be restarted."""
    here, there = new_office(), new_office()
    there.proposed("invoices")
    there.does("ann", proposal())
    assert sorted(here.desk.refresh()) == ["invoices", SLUG]
    assert here.desk.refresh() == ()
    there.does("eva", comment())
    assert here.desk.refresh() == (SLUG,)
    assert [workload.slug for workload in here.desk.all()] == ["invoices", SLUG]


def test_listeners_hear_of_every_change(new_office):
    """Changes made here and elsewhere are told by name; a refusal is no change."""
    here, there = new_office(), new_office()
    heard: list[str] = []
    here.desk.on_change(heard.append)
    here.does("ann", proposal())
    there.does("eva", comment())
    here.desk.refresh()
    with pytest.raises(Refused):
        here.does("vic", comment())
    assert heard == [SLUG, SLUG]


def test_a_fact_that_cannot_be_read_stops_the_desk_rather_than_being_skipped(new_office):
    """A newer version wrote a fact that this one does not know: no workload is shown without it, now or later."""
    office = new_office()
    office.does("ann", proposal())
    office.does("ann", proposal(), "other")
    newer = new_office()
    newer.ledger.append(
        "other", 1, [Draft(kind="commented", payload={}, texts={"comment": "A"}, actor="ann", at=START)]
    )
    newer.ledger.append(SLUG, 1, [Draft(kind="levitated", payload={}, actor="ann", at=START)])
    for _ in range(2):
        with pytest.raises(UnknownFact):
            office.desk.find("other")


def test_a_broken_order_of_facts_stops_the_desk_again_and_again(new_office):
    """A ledger whose facts cannot be is an error at every look, not only at the first."""
    office = new_office()
    office.does("ann", proposal())
    office.does("ann", proposal(), "other")
    kind, payload, texts = f.encode(f.Commented(comment="Nobody proposed me."))
    office.ledger.append("ghost", 0, [Draft(kind=kind, payload=payload, texts=texts, actor="ann", at=START)])
    for _ in range(3):
        with pytest.raises(ValueError, match="ghost begins with"):
            office.desk.find(SLUG)


def test_an_owner_elsewhere_is_nobody_here(office):
    """Once a workload has an owner and a sponsor, those roles are theirs alone: an account that owns another workload
    can do nothing here that takes an owner.
    """
    office.proposed()
    office.does("ben", proposal(), "other")
    for command in (
        c.Advance(to_phase="pilot"),
        c.Expose(mode="shadow", reason="Mine is fine, so is this."),
        c.Revive(reason="It is needed."),
        c.Decide(outcome="no_go", reasons="I think so."),
    ):
        with pytest.raises(Refused) as refused:
            office.does("ben", command)
        assert refused.value.problems[0].code == "not-permitted", command
    office.does("ben", c.Assign(role="owner", person="ben"), "other")


def test_a_role_counts_where_it_was_given(office):
    """Somebody whose account is an engineer's owns the workload that was given to them, and reviews where named."""
    office.does("ann", proposal())
    office.does("ann", c.Assign(role="reviewer:privacy", person="vic"))
    office.does("ann", c.Assign(role="owner", person="eva"))
    office.does("eva", c.AcceptOwnership(technical=True, operational=True, statement="Mine now."))
    office.does("vic", comment())
    with pytest.raises(Refused) as refused:
        office.does("ann", c.AcceptOwnership(technical=True, operational=True, statement="Still mine."))
    assert refused.value.problems[0].code == "not-permitted"


def test_everybody_who_works_here_may_stop_it(office):
    """A kill needs no gate and no owner, and it is not measured first."""
    office.tell(Story().begin_pilot())
    before = office.stated.asked
    office.does("oli", c.Kill(reason="Answers in Latin."))
    assert office.stated.asked == before
    judgement = office.judge()
    assert (judgement.mode, judgement.percent, judgement.ceiling.mode) == ("none", 0.0, "none")


def test_a_gate_is_judged_on_the_measurements_of_the_moment(office):
    """Advancing and exposing look at the gates as they stand then, and say what is missing."""
    story = Story().begin_pilot()
    office.tell(story)
    measured(office)
    with pytest.raises(Refused) as refused:
        office.does("ann", c.Advance(to_phase="evaluate"))
    missing = {problem.field for problem in refused.value.problems}
    assert "pilot.clearance" in missing
    assert "pilot.baseline" not in missing
    office.stated.measurements = None
    with pytest.raises(Refused) as refused:
        office.does("ann", c.Advance(to_phase="evaluate"))
    assert "pilot.baseline" in {problem.field for problem in refused.value.problems}


def test_what_is_not_measured_is_not_allowed(office):
    """Without measurements the answer is not estimable, and exposure stays under the ceiling that this leaves."""
    office.tell(Story().begin_pilot())
    judgement = office.judge()
    assert judgement.answer == "not_estimable"
    with pytest.raises(Refused):
        office.does("ann", c.Expose(mode="live", percent=5, reason="Just a little."))


def test_the_system_writes_what_it_saw_under_its_own_name(office):
    """`record` writes the facts of a judgement as the system's, and nothing where there is nothing to say."""
    office.proposed()
    assert office.desk.record(SLUG, lambda _judgement: []) is None
    seen = f.VerdictMeasured(criterion="pilot.shadow", verdict="unmet", reason="Not yet.", evidence=())
    receipt = office.desk.record(SLUG, lambda _judgement: [seen])
    assert receipt.kinds == ("verdict_measured",)
    assert office.ledger.read(SLUG)[-1].actor == SYSTEM
    assert office.desk.load(SLUG).measured == {"pilot.shadow": "unmet"}


def test_what_the_system_saw_is_seen_again_after_somebody_wrote(new_office):
    """When somebody writes first, the system judges anew before it writes; in the end it gives up."""
    office = new_office(ledger=lambda ledger: Interrupted(ledger, 0))
    office.does("ann", proposal())
    judged: list[int] = []

    def make(judgement):
        judged.append(judgement.workload.sequence)
        return [f.VerdictMeasured(criterion="pilot.shadow", verdict="unmet", reason="Not yet.", evidence=())]

    office.desk._ledger.left = 2
    assert office.desk.record(SLUG, make).sequence == 4
    assert judged == [1, 2, 3]
    office.desk._ledger.left = TRIES
    with pytest.raises(Overtaken):
        office.desk.record(SLUG, make)


def test_a_new_workload_needs_a_desk_of_its_own_kind(new_office):
    """In a demonstration's workspace only demonstrations are proposed, and elsewhere none."""
    office = new_office(demonstration=True)
    with pytest.raises(Refused) as refused:
        office.does("ann", proposal())
    assert refused.value.problems[0].code == "demonstration-mismatch"
    assert office.does("ann", proposal(demonstration=True)).sequence == 1


def test_the_portfolio_is_judged_in_one_go(new_office):
    """Every workload in the order proposed, each as if it were judged alone; the ranking follows what others write."""
    here, there = new_office(), new_office()
    here.proposed("invoices")
    here.proposed()
    judged = here.desk.judge_all()
    assert [judgement.workload.slug for judgement in judged] == ["invoices", SLUG]
    assert judged[1].verdicts == here.judge().verdicts
    assert here.desk.portfolio() is here.desk.portfolio()
    there.does("eva", c.ScoreProblem(impact=5, feasibility=5, readiness=5))
    assert [problem.slug for problem in here.desk.portfolio().ranking] == [SLUG, "invoices"]
    before = here.judge().verdicts["select.candidates"]
    there.does("ann", proposal(), "third")
    assert here.judge().verdicts["select.candidates"] != before


def test_an_overview_shows_what_stands_in_the_record_at_once(new_office):
    """Whatever anybody writes, in this process or another, is in the next overview, whether it changes one workload or
    the ranking that others are judged on.
    """
    here, there = new_office(), new_office()
    here.proposed("invoices")
    here.proposed()
    first = here.desk.judge_all()
    there.does("eva", comment())
    second = here.desk.judge_all()
    assert [second[0] is first[0], second[1].workload.comments[0].text] == [True, "Looks fine."]
    there.does("eva", c.ScoreProblem(impact=5, feasibility=5, readiness=5))
    third = here.desk.judge_all()
    assert third[0] is not second[0]
    assert [judged.verdicts for judged in third] == [here.desk.judge(judged.workload.slug).verdicts for judged in third]


@pytest.mark.parametrize("passes", ["time", "simulated time", "time that went back"])
def test_an_overview_is_seconds_behind_what_is_measured_and_no_more(office, passes):
    """What is measured, or lapses with time, is judged again when the judgement at hand has grown old by either clock;
    asked for alone a workload is always judged on what is measured at that moment.
    """
    office.tell(Story().begin_pilot())
    (before,) = office.desk.judge_all()
    assert before.verdicts["pilot.baseline"].verdict == "pending"
    measured(office)
    assert office.desk.judge_all() == (before,)
    if passes == "time":
        office.clock.real_s += OVERVIEW_S
    else:
        office.clock.wait(seconds=OVERVIEW_S if passes == "simulated time" else -1)
    (after,) = office.desk.judge_all()
    assert after.verdicts["pilot.baseline"].verdict == "met"
    office.stated.measurements = None
    assert office.judge().verdicts["pilot.baseline"].verdict == "pending"
