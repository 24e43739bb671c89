"""Forms of what users say: what can be chosen, what fits whom, how entries read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pilotage.record.areas import adopting
from pilotage.record.areas import blind_reviewing as b
from pilotage.record.areas import feedback as f
from pilotage.record.facts import AnyFact
from pilotage.server.pages.forms import Option
from pilotage.server.pages.people import People
from pilotage.server.pages.written import plural
from pilotage.workflow.desk import Judgement

Choices = Mapping[str, Sequence[Option]]
NAMES = frozenset({*f.AREA.permitted, *b.AREA.permitted, *adopting.AREA.permitted})
ORIGINS = {
    "interview": "A talk with a user",
    "feedback": "What a user said of a call",
    "failure": "A failure",
    "drift": "Drift",
}
FATES = {"undecided": "Not decided yet", "take": "Take it", "leave": "Leave it"}
HELPED = {"yes": "Yes", "partly": "In part", "no": "No"}
AGAIN = {"yes": "Yes", "unsure": "Not sure", "no": "No"}
ENDINGS = {"delivered": "Delivered", "dropped": "Dropped"}
BETTER = {"first": "The first is better", "second": "The second is better", "same": "They are as good"}


def _words(words: Mapping[str, str]) -> list[Option]:
    return [Option(value=value, label=label) for value, label in words.items()]


def _interview(_judgement: Judgement, _people: People, _person: str) -> Choices:
    return {"helped": _words(HELPED), "use_again": _words(AGAIN)}


def _item(_judgement: Judgement, people: People, _person: str) -> Choices:
    return {"origin": _words(ORIGINS), "fate": _words(FATES), "owner": people.options}


def _close(judgement: Judgement, _people: People, _person: str) -> Choices:
    running = judgement.workload.feedback.open_iterations
    return {
        "id": [Option(value=one.fact.id, label=one.fact.title) for one in running],
        "ending": _words(ENDINGS),
    }


CHOICES: dict[str, Callable[[Judgement, People, str], Choices]] = {
    "record_interview": _interview,
    "open_channel": lambda _judgement, people, _person: {"answered_by": people.options},
    "triage_item": _item,
    "close_iteration": _close,
    "judge_pair": lambda _judgement, _people, _person: {"better": _words(BETTER)},
}
FITS: dict[str, Callable[[Judgement, str], bool]] = {
    "answer_feedback": lambda judgement, _person: judgement.workload.feedback.channel is not None,
    "scope_iteration": lambda judgement, _person: any(
        one.fact.fate == "take" for one in judgement.workload.feedback.backlog.values()
    ),
    "close_iteration": lambda judgement, _person: bool(judgement.workload.feedback.open_iterations),
    "judge_pair": lambda judgement, _person: judgement.workload.attempt is not None,
}
SAID = ("new_problems", "quote", "where", "reply", "what", "from_users")
SENTENCES: dict[type[AnyFact], Callable[[Any, People], str]] = {
    f.InterviewRecorded: lambda fact, _: f"recorded a talk with a user: it helped {fact.helped}",
    f.ChannelOpened: lambda fact, people: (
        f"opened the feedback channel: {people.name(fact.answered_by)} replies within "
        f"{plural(fact.promise_days, 'day')}"
    ),
    f.FeedbackAnswered: lambda fact, _: f"replied to what was said about {plural(len(fact.calls), 'call')}",
    f.ItemTriaged: lambda fact, _: f"triaged {fact.id}: {FATES[fact.fate].lower()}",
    f.IterationScoped: lambda fact, _: f"scoped the iteration {fact.title}, due on {fact.due_on}",
    f.IterationClosed: lambda fact, _: f"closed the iteration {fact.id}: {fact.ending}",
    adopting.AdoptionPlanned: lambda fact, _: (
        f"planned adoption: {fact.use_at_least:.0%} use it, {fact.accepted_at_least:.0%} of its answers are taken as "
        f"they are, {fact.overridden_at_most:.0%} are overridden at most"
    ),
    b.PairJudged: lambda _fact, _: "judged a pair blind",
}
