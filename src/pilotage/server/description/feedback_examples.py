"""Examples of the commands about what users say, on the triage of support tickets."""

from __future__ import annotations

import datetime as dt

from pilotage.record.areas import adopting
from pilotage.record.areas import blind_reviewing as b
from pilotage.record.areas import feedback as f
from pilotage.record.commands import Command

_CALL = "7d1f0b2a9c4e4f61a0b35a1c00000001"
FEEDBACK_EXAMPLES: tuple[Command, ...] = (
    f.RecordInterview(
        id="first-line-monday",
        asked="First line, early shift",
        held_on=dt.date(2027, 1, 4),
        helped="partly",
        new_problems="Two tickets about refunds went to sales.",
        use_again="yes",
        quote="I look at it before I read the ticket.",
    ),
    f.OpenChannel(where="A thumb beside each suggestion, with room for a word.", answered_by="tomo", promise_days=5),
    f.AnswerFeedback(calls=(_CALL,), reply="Refunds go to billing from Thursday on; thank you for telling us."),
    f.TriageItem(
        id="refunds",
        what="Refunds belong to billing, whatever product they are about.",
        origin="feedback",
        refers_to=_CALL,
        owner="tomo",
        fate="take",
        reason="Three people said so in one week.",
    ),
    f.ScopeIteration(
        id="february",
        title="Refunds and short tickets",
        items=("refunds",),
        from_users="Refunds that go to sales.",
        from_failures="Empty tickets, on which the model fails.",
        from_drift="Nothing drifted since the roll-out began.",
        due_on=dt.date(2027, 2, 26),
    ),
    f.CloseIteration(id="february", ending="delivered", reason="Refunds reach billing; empty tickets go to people."),
    adopting.RecordAdoptionPlan(
        use_at_least=0.7,
        accepted_at_least=0.6,
        overridden_at_most=0.25,
        from_percent=25.0,
        after_days=14,
        actions_at_least=400,
        basis="The first line's lead: with fewer, the second look at every ticket would cost what it saves.",
    ),
    b.JudgePair(pair=_CALL, better="second", reason="It names the team that answers refunds."),
)
