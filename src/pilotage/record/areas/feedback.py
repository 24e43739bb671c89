"""What users say: talks with them, the channel and its replies, the backlog, and the iterations made of it. Pure.

Ratings, comments and overrides are outcomes of calls and stay in the call store; the record holds what people make of
them. A talk counts until the pilot is begun anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct, structs

from pilotage.record.areas.area import Area, Entry
from pilotage.record.areas.change import ShortName, not_yet
from pilotage.record.errors import Problem, Refused
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.texts import Base, PersonId, Remark, Said, Short, Text, Title

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Workload

CallName = Annotated[str, Meta(pattern="^[0-9a-f]{32}$", description="a call's id, 32 hexadecimal digits")]
Helped = Literal["yes", "partly", "no"]
Again = Literal["yes", "unsure", "no"]
Origin = Literal["interview", "feedback", "failure", "drift"]
Fate = Literal["undecided", "take", "leave"]
Ending = Literal["delivered", "dropped"]
ORIGINS: dict[str, str] = {
    "interview": "a talk with a user",
    "feedback": "the feedback channel",
    "failure": "a failure",
    "drift": "drift",
}


class RecordInterview(Struct, frozen=True, kw_only=True, tag="record_interview", forbid_unknown_fields=True):
    """Record a talk with a user: whether it helped, what new trouble it brought, whether they would use it again."""

    id: ShortName
    asked: Annotated[Short, Meta(description="who was asked: their role, shift or cohort; no name is needed")]
    held_on: dt.date
    helped: Annotated[Helped, Meta(description="did it help them")]
    new_problems: Annotated[Remark, Meta(description="what new trouble it brought; empty when none")] = ""
    use_again: Annotated[Again, Meta(description="would they use it again")]
    quote: Annotated[Remark, Meta(description="in their own words; can be erased")] = ""
    base: Base = None


class InterviewRecorded(Struct, frozen=True, kw_only=True, tag="interview_recorded"):
    """A talk with a user."""

    id: str
    asked: Text
    held_on: dt.date
    helped: Helped
    new_problems: Text
    use_again: Again
    quote: Text


class OpenChannel(Struct, frozen=True, kw_only=True, tag="open_channel", forbid_unknown_fields=True):
    """Say where users say what they think of an answer, who replies, and within how many days."""

    where: Annotated[Said, Meta(description="where in their work users rate, comment, override or flag an answer")]
    answered_by: Annotated[PersonId, Meta(description="who replies")]
    promise_days: Annotated[int, Meta(ge=1, le=30, description="within how many days a reply is promised")] = 5
    base: Base = None


class ChannelOpened(Struct, frozen=True, kw_only=True, tag="channel_opened"):
    """Where users say what they think, who replies, and within how many days."""

    where: Text
    answered_by: str
    promise_days: int


class AnswerFeedback(Struct, frozen=True, kw_only=True, tag="answer_feedback", forbid_unknown_fields=True):
    """Reply to what users said about calls; one reply may answer several who said the same."""

    calls: Annotated[tuple[CallName, ...], Meta(min_length=1, max_length=100, description="the calls they spoke of")]
    reply: Annotated[Said, Meta(description="what you told them")]


class FeedbackAnswered(Struct, frozen=True, kw_only=True, tag="feedback_answered"):
    """A reply to what users said about calls."""

    calls: tuple[str, ...]
    reply: Text


class TriageItem(Struct, frozen=True, kw_only=True, tag="triage_item", forbid_unknown_fields=True):
    """Put something into the backlog of iterations, and say whether it is taken or left, and why."""

    id: ShortName
    what: Annotated[Said, Meta(description="what should be different")]
    origin: Annotated[Origin, Meta(description="where it comes from")]
    refers_to: Annotated[
        str,
        Meta(min_length=1, max_length=400, description="the interview's short name, the call's id, or what was seen"),
    ]
    owner: Annotated[PersonId, Meta(description="who sees to it")]
    fate: Annotated[Fate, Meta(description="whether it is taken or left")] = "undecided"
    reason: Annotated[Remark, Meta(description="why it is taken or left")] = ""
    base: Base = None


class ItemTriaged(Struct, frozen=True, kw_only=True, tag="item_triaged"):
    """An item of the backlog as it stands."""

    id: str
    what: Text
    origin: Origin
    refers_to: str
    owner: str
    fate: Fate
    reason: Text


class ScopeIteration(Struct, frozen=True, kw_only=True, tag="scope_iteration", forbid_unknown_fields=True):
    """Scope an iteration: what is taken from the backlog, and what you drew from users, failures and drift."""

    id: ShortName
    title: Title
    items: Annotated[tuple[ShortName, ...], Meta(min_length=1, max_length=100, description="items that are taken")]
    from_users: Annotated[Said, Meta(description="what users said that it answers, or why nothing")]
    from_failures: Annotated[Said, Meta(description="which failures it answers, or why none")]
    from_drift: Annotated[Said, Meta(description="which drift it answers, or why none")]
    due_on: dt.date
    base: Base = None


class IterationScoped(Struct, frozen=True, kw_only=True, tag="iteration_scoped"):
    """The scope of an iteration as it stands."""

    id: str
    title: str
    items: tuple[str, ...]
    from_users: Text
    from_failures: Text
    from_drift: Text
    due_on: dt.date


class CloseIteration(Struct, frozen=True, kw_only=True, tag="close_iteration", forbid_unknown_fields=True):
    """Say that an iteration was delivered, or dropped, and why."""

    id: ShortName
    ending: Ending
    reason: Annotated[Said, Meta(description="what came of it, or why it was dropped")]


class IterationClosed(Struct, frozen=True, kw_only=True, tag="iteration_closed"):
    """An iteration ended."""

    id: str
    ending: Ending
    reason: Text


FeedbackFact = InterviewRecorded | ChannelOpened | FeedbackAnswered | ItemTriaged | IterationScoped | IterationClosed
FeedbackCommand = RecordInterview | OpenChannel | AnswerFeedback | TriageItem | ScopeIteration | CloseIteration


class Feedback(Struct, frozen=True, kw_only=True):
    """What stands: talks, the channel and when it first opened, the replies to each call in order, backlog, iterations,
    and how they ended.
    """

    interviews: dict[str, Standing[InterviewRecorded]] = {}
    channel: Standing[ChannelOpened] | None = None
    opened: Stamp | None = None
    replies: dict[str, tuple[Standing[FeedbackAnswered], ...]] = {}
    backlog: dict[str, Standing[ItemTriaged]] = {}
    iterations: dict[str, Standing[IterationScoped]] = {}
    endings: dict[str, Standing[IterationClosed]] = {}

    @property
    def open_iterations(self) -> tuple[Standing[IterationScoped], ...]:
        """The iterations that are scoped and have not ended."""
        return tuple(one for name, one in self.iterations.items() if name not in self.endings)

    @property
    def undecided(self) -> tuple[ItemTriaged, ...]:
        """What of the backlog is neither taken nor left."""
        return tuple(one.fact for one in self.backlog.values() if one.fact.fate == "undecided")

    def answered_at(self, call: str, said: dt.datetime) -> dt.datetime | None:
        """When somebody first replied to what was said about a call, or None: a reply answers what came before it."""
        return next((one.stamp.at for one in self.replies.get(call, ()) if one.stamp.at >= said), None)


def interviews_of(workload: Workload) -> tuple[Standing[InterviewRecorded], ...]:
    """The talks that count: none that was recorded before the pilot was last begun anew."""
    reopened = workload.reopened.get("pilot")
    return tuple(
        one
        for one in workload.feedback.interviews.values()
        if reopened is None or one.stamp.position > reopened.position
    )


def _known(person: str, field: str, context: Context) -> Iterator[Problem]:
    if person not in context.people:
        yield Problem(
            code="unknown-person", field=field, message=f"{person} is nobody's id here; add the person first."
        )


def _interview(_workload: Workload, command: RecordInterview, context: Context) -> Iterator[Problem]:
    yield from not_yet(command.held_on, "held_on", context)


def _channel(_workload: Workload, command: OpenChannel, context: Context) -> Iterator[Problem]:
    yield from _known(command.answered_by, "answered_by", context)


def _item(workload: Workload, command: TriageItem, context: Context) -> Iterator[Problem]:
    yield from _known(command.owner, "owner", context)
    if command.fate != "undecided" and not command.reason.strip():
        message = (
            f"Say why it is {'taken' if command.fate == 'take' else 'left'}; whoever asked for it will want to know."
        )
        yield Problem(code="no-reason", field="reason", message=message)
    if command.origin == "interview" and command.refers_to not in workload.feedback.interviews:
        message = f"No interview is recorded as {command.refers_to}; record it first, or take its short name."
        yield Problem(code="unknown-interview", field="refers_to", message=message)
    if command.origin == "feedback" and not _is_call(command.refers_to):
        message = "Feedback is about a call; give the call's id, 32 hexadecimal digits, from the Feedback page."
        yield Problem(code="no-call", field="refers_to", message=message)


def _is_call(name: str) -> bool:
    return len(name) == 32 and set(name) <= set("0123456789abcdef")  # noqa: PLR2004 - a call id's digits


def _iteration(workload: Workload, command: ScopeIteration, context: Context) -> Iterator[Problem]:
    del context
    backlog = workload.feedback.backlog
    if command.id in workload.feedback.endings:
        message = f"{command.id} has ended; scope the next one under another name."
        yield Problem(code="ended", field="id", message=message)
    yield from _taken(command.items, {name: one.fact for name, one in backlog.items()})


def _taken(items: Iterable[str], backlog: dict[str, ItemTriaged]) -> Iterator[Problem]:
    for name in items:
        if name not in backlog:
            message = f"{name} is not in the backlog; triage it first."
            yield Problem(code="unknown-item", field="items", message=message)
        elif backlog[name].fate != "take":
            message = (
                f"{name} is {backlog[name].fate.replace('leave', 'left')}; take it in the backlog first, with a reason."
            )
            yield Problem(code="not-taken", field="items", message=message)


def answer_feedback(workload: Workload, command: AnswerFeedback, context: Context) -> list[FeedbackAnswered]:
    """Replies are given in a channel that is open."""
    del context
    if workload.feedback.channel is None:
        message = "No feedback channel is open; say first where users speak and who replies."
        raise Refused([Problem(code="no-channel", field="", message=message)])
    return [FeedbackAnswered(calls=tuple(dict.fromkeys(command.calls)), reply=command.reply)]


def close_iteration(workload: Workload, command: CloseIteration, context: Context) -> list[IterationClosed]:
    """What was scoped ends once."""
    del context
    problems = []
    if command.id not in workload.feedback.iterations:
        message = f"No iteration is scoped as {command.id}; take a name from the Feedback page."
        problems.append(Problem(code="unknown-iteration", field="id", message=message))
    elif command.id in workload.feedback.endings:
        message = f"{command.id} has ended already; there is nothing to close."
        problems.append(Problem(code="ended", field="id", message=message))
    if problems:
        raise Refused(problems)
    return [IterationClosed(id=command.id, ending=command.ending, reason=command.reason)]


def _answered(state: Feedback, fact: FeedbackAnswered, stamp: Stamp) -> Feedback:
    one = Standing(fact=fact, stamp=stamp)
    replies = {call: (*state.replies.get(call, ()), one) for call in fact.calls}
    return structs.replace(state, replies={**state.replies, **replies})


def _opened(state: Feedback, fact: ChannelOpened, stamp: Stamp) -> Feedback:
    """Described anew it is still the channel that opened then: what waits does not begin to wait again."""
    return structs.replace(state, channel=Standing(fact=fact, stamp=stamp), opened=state.opened or stamp)


def _ended(state: Feedback, fact: IterationClosed, stamp: Stamp) -> Feedback:
    return structs.replace(state, endings={**state.endings, fact.id: Standing(fact=fact, stamp=stamp)})


_TEAM = frozenset({"owner", "engineer", "operator"})
AREA = Area(
    name="feedback",
    entries=(
        Entry(command=RecordInterview, fact=InterviewRecorded, attribute="interviews", key="id", check=_interview),
        Entry(command=OpenChannel, fact=ChannelOpened, attribute="channel", check=_channel),
        Entry(command=TriageItem, fact=ItemTriaged, attribute="backlog", key="id", check=_item),
        Entry(command=ScopeIteration, fact=IterationScoped, attribute="iterations", key="id", check=_iteration),
    ),
    rules={AnswerFeedback: answer_feedback, CloseIteration: close_iteration},
    folds={ChannelOpened: _opened, FeedbackAnswered: _answered, IterationClosed: _ended},
    permitted={
        "record_interview": _TEAM,
        "open_channel": _TEAM,
        "answer_feedback": _TEAM,
        "triage_item": _TEAM,
        "scope_iteration": frozenset({"owner", "engineer"}),
        "close_iteration": frozenset({"owner", "engineer"}),
    },
)
