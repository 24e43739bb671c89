"""The operating model: roles accepted in person, the handoff taken over item by item, a playbook that holds."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.operating_given import HANDOFF, ITEMS, ROLES, RUNBOOK
from tests.record.stories import Story

from pilotage.record import commands as c
from pilotage.record.areas import operating as o
from pilotage.record.areas import runbook as r

OFFER = o.OfferRole(role="operations", person="oli")
ACCEPT = o.AcceptRole(role="operations")
REFUSE = o.RefuseRole(role="operations", reason="Nobody of my group is on call at night.")
ITEM = o.ListHandoffItem(item="serving", what="Keep it running.")
TAKE = o.AcceptHandoffItem(item="serving")
LEAVE = o.RefuseHandoffItem(item="serving", reason="Nobody said how it is restarted.")
TRAINING = o.ListHandoffItem(item="training", what="Train it anew.")


def told(*chapters: tuple) -> Story:
    """A workload in select with a charter, on which people did what the chapters hold."""
    story = Story().propose().write_charter()
    for person, command in (one for chapter in chapters for one in chapter):
        if not (isinstance(command, r.WriteProcedure) and command.trigger not in r.triggers(story.standing)):
            story.does(person, command)
    return story


def test_each_role_is_offered_and_accepted():
    """The first role that nobody holds is named, with who acts next: the owner offers, the person answers."""
    story = told()
    assert story.verdict("harden.ownership").reason == "Nobody was asked to be product owner."
    for person, command in ROLES[:4]:
        story.does(person, command)
    story.does("ann", OFFER)
    waits = story.verdict("harden.ownership")
    assert (waits.verdict, waits.next.by) == ("unmet", "oli")
    story.does("oli", REFUSE)
    assert "does not want to be operations owner" in story.verdict("harden.ownership").reason
    story.does("oli", ACCEPT)
    for person, command in ROLES[6:]:
        story.does(person, command)
    for criterion in ("harden.ownership", "operate.ownership"):
        met = story.verdict(criterion)
        assert met.verdict == "met"
        assert {one.value for one in met.evidence} == {"ann", "eva", "oli", "sam"}
        assert met.valid_until == story.now + dt.timedelta(days=180)


def test_nobody_answers_for_another():
    """A role is accepted and refused by the person to whom it is offered, and by nobody else, whatever their role."""
    story = told()
    assert set(story.refusal("oli", ACCEPT)) == {"not-offered"}
    story.does("ann", OFFER)
    for person in ("ann", "eva", "sam", "ada"):
        assert set(story.refusal(person, ACCEPT)) == {"not-offered"}
        assert set(story.refusal(person, REFUSE)) == {"not-offered"}
    assert set(story.refusal("oli", o.AcceptRole(role="cleaning"))) == {"unknown-role"}
    wrong = story.refusal("ann", o.OfferRole(role="cleaning", person="nobody-here"))
    assert set(wrong) == {"unknown-role", "unknown-person"}


def test_a_role_is_refused_once_and_confirmed_later():
    """A second refusal says nothing new, a second acceptance on the same day neither; later it renews the role."""
    story = told()
    story.does("ann", OFFER)
    story.does("oli", REFUSE)
    assert set(story.refusal("oli", REFUSE)) == {"already-refused"}
    story.does("oli", ACCEPT)
    assert set(story.refusal("oli", ACCEPT)) == {"already-accepted"}
    story.wait(days=170)
    story.does("oli", ACCEPT)
    assert o.accepted_role(story.standing, "operations").stamp.at == story.now


def test_a_role_can_be_given_back():
    """Whoever accepted a role can give it back, with a reason; then nobody holds it."""
    story = told(ROLES)
    story.does("oli", REFUSE)
    assert o.holder(story.standing, "operations") is None
    assert story.verdict("operate.ownership").verdict == "unmet"


def test_a_new_offer_ends_the_old_acceptance():
    """A role that is offered to somebody else is held by nobody until that person accepts."""
    story = told(ROLES)
    story.does("ann", structs.replace(OFFER, person="eva"))
    assert o.holder(story.standing, "operations") is None
    assert set(story.refusal("oli", ACCEPT)) == {"not-offered"}
    story.does("eva", ACCEPT)
    assert o.holder(story.standing, "operations") == "eva"


def test_an_acceptance_lapses():
    """After half a year each role has to be confirmed."""
    story = told(ROLES)
    story.wait(days=180)
    assert story.verdict("harden.ownership").verdict == "pending"


def test_a_person_without_account_leaves_the_role_open():
    """Once all accounts of a holder are disabled, the role is open, and says who has to be replaced."""
    story = told(ROLES)
    story.portfolio = structs.replace(story.portfolio, absent=frozenset({"oli"}))
    verdict = story.verdict("operate.ownership")
    assert verdict.verdict == "unmet"
    assert "oli, who was asked to be operations owner, has no account any more" in verdict.reason


def test_the_production_team_takes_over_item_by_item():
    """Fewer items than the playbook asks for, or one that nobody took over, keep the handoff unmet."""
    story = told(ROLES)
    assert "0 of at least 3" in story.verdict("harden.handoff").reason
    for person, command in HANDOFF[:-1]:
        story.does(person, command)
    waits = story.verdict("harden.handoff")
    assert (waits.verdict, waits.reason, waits.next.by) == ("unmet", "Not taken over: switch-off.", "oli")
    story.does(*HANDOFF[-1])
    met = story.verdict("harden.handoff")
    assert (met.verdict, met.reason) == ("met", "The production team took over 3 of 3 items.")
    assert {one.figure for one in met.evidence} == {f"{item} taken over by" for item in ITEMS}


def test_nobody_takes_over_what_they_offered():
    """Whoever offered an item does not accept it, though they hold the role; and nobody without a role answers."""
    story = told(ROLES)
    story.does("eva", ITEM)
    assert set(story.refusal("eva", TAKE)) == {"own-submission"}
    assert set(story.refusal("ann", TAKE)) == {"not-receiving"}
    assert set(story.refusal("ann", LEAVE)) == {"not-receiving"}
    assert set(story.refusal("eva", structs.replace(TAKE, item="cleaning"))) == {"unknown-item"}
    story.does("oli", TAKE)
    assert set(story.refusal("oli", TAKE)) == {"already-accepted"}


def test_an_item_is_refused_with_a_reason_and_offered_again():
    """A refusal names what is missing and stands until the item is offered with other words; what was taken can be
    given back.
    """
    story = told(ROLES, HANDOFF)
    story.does("oli", LEAVE)
    assert set(story.refusal("oli", LEAVE)) == {"already-refused"}
    refused = story.verdict("harden.handoff")
    assert "Refused: serving." in refused.reason
    assert refused.next.by == "engineer"
    story.does("eva", structs.replace(ITEM, what="Keep it running; the restart is described."))
    assert o.waiting_for(story.standing, "oli") == ("Take over or refuse serving of the handoff.",)
    assert "Refused" not in story.verdict("harden.handoff").reason
    story.does("oli", TAKE)
    assert story.verdict("harden.handoff").verdict == "met"


def test_an_edit_voids_what_was_taken_over():
    """What was accepted is the item as it was offered; with other words it is open again."""
    story = told(ROLES, HANDOFF)
    story.does("eva", structs.replace(ITEM, what="Keep it running, also at weekends."))
    assert [one.fact.item for one in o.open_items(story.standing)] == ["serving"]
    assert story.verdict("harden.handoff").verdict == "unmet"


def test_nothing_is_exposed_beyond_the_pilot_without_a_handoff():
    """The gate does not open while an item waits, and nobody can waive it."""
    story = Story().begin_hardening().attest_all("harden")
    story.does("oli", LEAVE)
    assert story.verdict("harden.handoff").verdict == "unmet"
    asked = c.Waive(criterion="harden.handoff", reason="It will be fine, I promise it.", expires_on=story.now.date())
    assert "not-waivable" in story.refusal("ann", asked)
    refused = story.refusal("ann", c.Advance(to_phase="deploy"))
    assert "harden.handoff" in str([problem.message for problem in story.problems("ann", c.Advance(to_phase="deploy"))])
    assert set(refused) == {"criterion-open"}


def test_what_is_offered_to_a_team_that_runs_it_has_days_to_be_answered():
    """A new responsibility does not take exposure back at once; unanswered past its days, or refused, it does."""
    story = Story().begin_service()
    story.does("eva", TRAINING)
    waits = story.verdict("harden.handoff")
    assert waits.verdict == "met"
    assert "not answered yet: training" in waits.reason
    assert story.exposed()[0] == "live"
    story.wait(days=14)
    assert story.verdict("harden.handoff").verdict == "unmet"
    assert story.exposed()[0] == "shadow"
    story.does("oli", o.AcceptHandoffItem(item="training"))
    assert story.verdict("harden.handoff").verdict == "met"


def test_going_back_asks_for_every_word_again():
    """Roles, items and the walk-through count no more once the workload went back over harden; offers stand."""
    story = Story().begin_rollout()
    story.does("ann", c.GoBack(to_phase="evaluate", reason="It was the wrong model."))
    assert story.verdict("harden.ownership").verdict == "unmet"
    assert "counts no more" in story.verdict("harden.ownership").reason
    assert story.verdict("harden.handoff").verdict == "unmet"
    assert story.verdict("harden.runbook").verdict == "unmet"
    assert "Accept or refuse the operations role." in o.waiting_for(story.standing, "oli")
    story.does("oli", ACCEPT)
    assert o.holder(story.standing, "operations") == "oli"


def test_the_playbook_has_to_be_whole():
    """Every part that is missing is named at once, then the walk-through, by whoever holds operations."""
    story = told(ROLES)
    lacks = story.verdict("harden.runbook")
    assert lacks.verdict == "unmet"
    for part in ("2 people to call", "somebody on call on 2026-03-02", "alert:drift", "guardrail:errors"):
        assert part in lacks.reason
    story = told(ROLES, RUNBOOK[:-1])
    whole = story.verdict("harden.runbook")
    assert (whole.verdict, whole.next.by) == ("unmet", "oli")
    assert "not walked through" in whole.reason
    story.does(*RUNBOOK[-1])
    met = story.verdict("harden.runbook")
    assert met.verdict == "met"
    assert met.valid_until == story.now + dt.timedelta(days=180)


def test_people_to_call_are_counted_not_steps():
    """One person on two steps is one person to call, and one without an account is none."""
    story = told(ROLES, RUNBOOK)
    story.portfolio = structs.replace(story.portfolio, absent=frozenset({"eva"}))
    gone = story.verdict("harden.runbook")
    assert gone.reason.startswith("It lacks 2 people to call")
    assert "eva has no account any more" in gone.next.action
    story = told(ROLES, RUNBOOK[:-1])
    story.does("oli", structs.replace(RUNBOOK[1][1], person="oli"))
    assert story.verdict("harden.runbook").reason.startswith("It lacks 2 people to call")


def test_every_alert_asks_for_a_procedure_also_that_on_the_budget():
    """`deploy.monitoring` asks for alerts on the budget; whoever is woken by one reads what to do."""
    without = tuple(one for one in RUNBOOK if getattr(one[1], "trigger", "") != "alert:budget")
    assert len(without) == len(RUNBOOK) - 1
    assert "a procedure for alert:budget" in told(ROLES, without[:-1]).verdict("harden.runbook").reason


def test_only_the_operations_owner_walks_through_what_is_there():
    """Without the role, a procedure or somebody to call, nobody can sign that it holds."""
    walk = RUNBOOK[-1][1]
    assert set(told().refusal("oli", walk)) == {"not-operations", "procedures-missing", "no-escalation"}
    assert set(told(ROLES, RUNBOOK[:-1]).refusal("eva", walk)) == {"not-operations"}


@pytest.mark.parametrize("change", [0, 3])
def test_an_edit_voids_the_walk_through(change):
    """A change of the path or of a procedure asks for another walk-through; another shift does not."""
    story = told(ROLES, RUNBOOK)
    shift = RUNBOOK[2][1]
    story.does("oli", structs.replace(shift, shift="next-year", person="eva"))
    assert story.verdict("harden.runbook").verdict == "met"
    command = RUNBOOK[change][1]
    edit = {"reach": "pager 9"} if change == 0 else {"steps": "Kill it first, then look."}
    story.does("oli", structs.replace(command, **edit))
    assert story.verdict("harden.runbook").verdict == "unmet"


def test_a_rotation_that_runs_out_is_seen_a_week_before():
    """The runbook asks for somebody on call for the days to come, and names the first day without."""
    story = told(ROLES, RUNBOOK)
    story.now = dt.datetime(2026, 12, 26, 9, tzinfo=dt.UTC)
    assert "somebody on call on 2027-01-01" in story.verdict("harden.runbook").reason


def test_what_cannot_be_planned():
    """Unknown people, a shift that ends before it begins, and a procedure for what never rings are refused."""
    story = told()
    path, shift, procedure = RUNBOOK[0][1], RUNBOOK[2][1], RUNBOOK[3][1]
    assert set(story.refusal("oli", structs.replace(path, person="nobody-here"))) == {"unknown-person"}
    backwards = structs.replace(shift, ends_on=dt.date(2025, 1, 1), person="nobody-here")
    assert set(story.refusal("oli", backwards)) == {"unknown-person", "ends-before-start"}
    unheard = structs.replace(procedure, trigger="guardrail:colour")
    assert "guardrail:errors" in story.refusal("oli", unheard)["unknown-trigger"].message
