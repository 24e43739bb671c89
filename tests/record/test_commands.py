from __future__ import annotations

import pytest
from tests.record.costs import PRODUCTION, cost_line, funding
from tests.record.stories import ROLES, Story, classified, outside_result, training

from pilotage.record import commands as c
from pilotage.record import decide as deciding
from pilotage.record.areas import data, planning
from pilotage.record.areas import reviewing as r
from pilotage.record.areas.change import ChangeWork, NameAudience, PlanStream, TellAudience
from pilotage.record.areas.costing import RecordMonthCosts
from pilotage.record.areas.drifting import ChooseReference, ExplainDrift
from pilotage.record.areas.outside import SignOutsideResult
from pilotage.record.areas.training import DropLearner, RecordCompletion, RecordCompletions, SayWhatPeopleSee
from pilotage.record.commands import ASKS_CREDENTIAL, COMMANDS, PERMITTED, name_of
from pilotage.server.description.deciding_examples import DECIDING_EXAMPLES
from pilotage.server.description.feedback_examples import FEEDBACK_EXAMPLES
from pilotage.server.description.operating_examples import OPERATING_EXAMPLES

READERS = {"viewer", "auditor"}


def test_every_command_says_who_may_give_it():
    """There is no command without a list of roles, and readers are on none of them."""
    assert set(PERMITTED) == set(COMMANDS)
    for name, roles in PERMITTED.items():
        assert roles, name
        assert not roles & READERS, name


def test_every_command_has_its_rule():
    """There is no command that the record cannot decide."""
    assert set(deciding._RULES) | {c.Propose} == set(COMMANDS.values())


def test_what_counts_as_a_signature_asks_for_the_credential():
    """Accepting, signing, clearing, attesting, deciding, waiving, concluding, vouching, committing money ask again."""
    assert set(ASKS_CREDENTIAL) == {
        "accept_ownership",
        "sign",
        "clear_pilot",
        "attest",
        "decide",
        "waive",
        "conclude_review",
        "commit_funding",
        "accept_role",
        "accept_handoff_item",
        "walk_through_playbook",
        "sign_outside_result",
    }
    assert set(COMMANDS) >= ASKS_CREDENTIAL


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_refused_to_every_other_role(name):
    """Each command is refused, with the roles that may give it, to everybody whose account has none of them."""
    story = Story().begin_pilot()
    command = _any_command(name)
    for person, roles in ROLES.items():
        if not roles & PERMITTED[name]:
            found = story.refusal(person, command)
            assert set(found) == {"not-permitted"}
            assert all(role in found["not-permitted"].message for role in PERMITTED[name])


def _any_command(name: str) -> c.Command:
    """A command of a kind; permission is asked before anything else, so its content does not matter."""
    commands = {name_of(command): command for command in _EXAMPLES}
    return commands[name]


_WHY = "Because it is time to do it."
_EXAMPLES: tuple[c.Command, ...] = (
    c.Propose(title="Another", problem="Something takes too long.", incumbent="people"),
    c.ScoreProblem(impact=1, feasibility=1, readiness=1),
    c.Choose(argument=_WHY),
    c.Assign(role="owner", person="ann"),
    c.AcceptOwnership(technical=True, operational=True, statement=_WHY),
    c.ReviseCharter(base_version=1, charter=Story().propose().write_charter().standing.charters[0].charter),
    c.Sign(subject="charter", digest="ab" * 32, meaning=_WHY),
    c.RegisterRelease(name="r9", digest="ab" * 32, code_revision="1", environment="e", model="m", data_source="d"),
    c.DeclareForEvaluation(release="r1"),
    c.ClearPilot(area="privacy", fields=("subject",), retention_days=1, statement=_WHY),
    c.AnalyseShortfall(segments=("all",), cause=_WHY, remedy="neither", effort="none"),
    c.Attest(criterion="select.data", statement=_WHY),
    c.Advance(to_phase="evaluate"),
    c.GoBack(to_phase="select", reason=_WHY),
    c.Decide(outcome="go", reasons=_WHY),
    c.Expose(mode="none", reason=_WHY),
    c.Kill(reason=_WHY),
    c.Revive(reason=_WHY),
    c.Waive(criterion="harden.scale", reason=_WHY, expires_on=Story().now.date()),
    c.Comment(comment=_WHY),
    c.ResolveBreach(metric="errors", reason=_WHY),
    classified("high"),
    planning.PlanProduction(
        deployment=_WHY, production_owner="ann", dates="May", running_cost="little", change_effort="little"
    ),
    planning.PlaceInWork(arrives=_WHY, seen_by="the desk", when_absent=_WHY),
    planning.ChooseSource(choice="buy", compared=("one product",), reason=_WHY),
    planning.JudgeSuitability(),
    r.OpenReview(review="privacy", due=Story().now.date()),
    r.AnswerQuestion(question="data-used", answer=_WHY),
    r.RaiseFinding(review="privacy", severity="low", owner="eva", due=Story().now.date(), finding=_WHY),
    r.CloseFinding(number="privacy-1", reason=_WHY),
    r.LogReviewTime(review="privacy", minutes=5),
    r.ConcludeReview(review="privacy", outcome="reject", statement=_WHY, digest="ab" * 32),
    cost_line("rebuild"),
    PRODUCTION,
    funding(Story().now.date()),
    *OPERATING_EXAMPLES,
    *DECIDING_EXAMPLES,
    *FEEDBACK_EXAMPLES,
    RecordMonthCosts(month="2026-03", lines=("support, 1",), basis=_WHY),
    NameAudience(id="desk", title="The desk", people=9),
    PlanStream(stream="training", plan=_WHY, owner="ann", due_on=Story().now.date(), audiences=("desk",)),
    ChangeWork(id="triage", what="workflow", audience="desk", before=_WHY, after=_WHY, from_on=Story().now.date()),
    TellAudience(audience="desk", changes=_WHY, told_on=Story().now.date(), channel="meeting"),
    training(),
    SayWhatPeopleSee(release="r1", explanation=_WHY),
    RecordCompletion(learner="p-1", audience="desk", module="intro", completed_on=Story().now.date()),
    RecordCompletions(completions=("p-1, desk, intro, 2026-03-02",)),
    DropLearner(learner="p-1", audience="desk", why="left"),
    outside_result(),
    ChooseReference(of="traffic", since=Story().now.date(), reason=_WHY),
    ExplainDrift(field="input.words", explanation=_WHY),
    SignOutsideResult(criterion="harden.resilience", digest="ab" * 32, statement=_WHY),
    data.ListSource(
        id="tickets",
        title="Tickets",
        holds=_WHY,
        basis="own",
        granted_by="the desk",
        owner="eva",
        retention="a year",
    ),
    data.CheckSample(source="tickets", sample=b"team\nbilling\n"),
    data.ArgueSample(source="tickets", argument=_WHY),
)
