"""What the story's users say, how pairs are judged blind, and what is made of it. Invented, but for the pairs."""

from __future__ import annotations

import datetime as dt

import msgspec

from pilotage.demo.cast import OPERATOR, SLUG
from pilotage.demo.stage import Stage
from pilotage.record.areas.adopting import RecordAdoptionPlan
from pilotage.record.areas.feedback import Again, Helped, OpenChannel, RecordInterview, ScopeIteration, TriageItem

BLIND_REVIEWS = 24
REPLIES_MOST = 100
WARNS_FROM = 0.25


def _talk(  # noqa: PLR0917 - the questions of a talk, in their order
    name: str, asked: str, helped: Helped, trouble: str, again: Again, quote: str = ""
) -> RecordInterview:
    return RecordInterview(
        id=name,
        asked=asked,
        held_on=dt.date(2013, 8, 28),
        helped=helped,
        new_problems=trouble,
        use_again=again,
        quote=quote,
    )


TALKS = (
    _talk(
        "early-desk", "The desk, early shift", "yes", "", "yes", "On storm days it saw the evening coming before us."
    ),
    _talk("late-desk", "The desk, late shift", "yes", "", "yes", "I would have called the crews an hour earlier."),
    _talk("night-desk", "The desk, night shift", "partly", "It says little of the few flights at night.", "yes"),
    _talk("shift-lead", "Shift lead", "yes", "Nobody can tell why it marks a flight.", "yes"),
    _talk("duty-manager", "Duty manager", "no", "", "unsure", "I only see the warnings, not who made them."),
)
ADOPTION = RecordAdoptionPlan(
    use_at_least=0.5,
    accepted_at_least=0.6,
    overridden_at_most=0.3,
    from_percent=5.0,
    after_days=0,
    actions_at_least=100,
    basis="The shift lead's: of what the desk says of marked flights, two in three were right before anybody relied on "
    "them. A unit is a flight number, not a person.",
)
CHANNEL = OpenChannel(
    where="The desk's list has a thumb beside each marked flight, and a line for a word.",
    answered_by=OPERATOR.username,
    promise_days=5,
)
BACKLOG = (
    TriageItem(
        id="feed-age",
        what="Check the age of the weather before it is used, and let the table decide when it is old.",
        origin="failure",
        refers_to="a weather feed may hang on one hour",
        owner="yuki",
        fate="take",
        reason="The charter names it as a risk, and nothing notices it yet.",
    ),
    TriageItem(
        id="say-why",
        what="Say beside a mark what it rests on: weather, late flights so far, or the hour.",
        origin="interview",
        refers_to="shift-lead",
        owner="yuki",
        fate="take",
        reason="The shift lead cannot explain a mark to the crews.",
    ),
    TriageItem(
        id="night-flights",
        what="Learn night flights by themselves.",
        origin="interview",
        refers_to="night-desk",
        owner="yuki",
        fate="leave",
        reason="There are too few of them to learn from in one season.",
    ),
)
ITERATION = ScopeIteration(
    id="winter",
    title="Before the winter",
    items=("feed-age", "say-why"),
    from_users="The shift lead wants to know why a flight is marked.",
    from_failures="A weather feed that hangs would make the model warn of everything.",
    from_drift="Winter's cancellations are not in the months it learned from; the model is trained again before them.",
    due_on=dt.date(2013, 11, 30),
)


def judge_blind(stage: Stage) -> None:
    """Pairs are judged as the desk would: by how many of the flights before it came late. The reader is invented and
    knows no more than the page: two answers, in an order that the server drew.
    """
    judged = len((stage.record(OPERATOR) or {})["blind"]["judged"])
    for _ in range(judged, BLIND_REVIEWS):
        pair = stage.reads(OPERATOR, f"/workloads/{SLUG}/blind-pair")
        if pair["pair"] is None:
            return
        recent = msgspec.json.decode(pair["input"])["recent"]
        share = recent["airport_late"] / recent["airport_closed"] if recent["airport_closed"] else 0.0
        warns = share >= WARNS_FROM
        better = "first" if pair["first"] == ("true" if warns else "false") else "second"
        reason = f"Of the flights just before, {share:.0%} were late: I would {'warn' if warns else 'not warn'}."
        fields = {"pair": pair["pair"], "better": better, "reason": reason}
        stage.does(OPERATOR, "judge_pair", fields, note=f"{OPERATOR.name} judges a pair blind: {better}")


def reply(stage: Stage) -> None:
    """Whoever replies reads what the desk said and answers it, the oldest first."""
    found = stage.reads(OPERATOR, f"/workloads/{SLUG}/feedback")
    waiting = [one["call"] for one in found["said"] if one["asks"] and one["replied"] is None]
    if waiting:
        words = "Read with the shift's lead; marks like this one go into the month's round."
        fields = {"calls": waiting[:REPLIES_MOST], "reply": words}
        stage.does(OPERATOR, "answer_feedback", fields, note=f"{OPERATOR.name} replies to the desk")
