"""Change in the work: whom it concerns, what is planned and changes for them, and what they were told. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct, structs

from pilotage.record.areas.area import Area, Entry
from pilotage.record.errors import Problem, Refused
from pilotage.record.stamps import Stamp, Standing
from pilotage.record.texts import Base, PersonId, Said, Text, Title

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Workload

ShortName = Annotated[
    str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,63}$", description="a short name: lower-case letters, digits and hyphens")
]
Cohort = Annotated[
    str, Meta(max_length=200, description="the cohort that its people are exposed as, when they are exposed together")
]
Contact = Annotated[
    Annotated[str, Meta(min_length=1, max_length=64)] | None,
    Meta(
        description="who speaks for them: somebody with an account, who gets every decision for them",
        extra={"person": True},
    ),
]
Progress = Literal["planned", "under_way", "done"]
Changed = Literal["workflow", "role", "metric"]
Channel = Literal["talk", "meeting", "letter", "notice"]
FURTHEST_EAST = dt.timedelta(hours=14)


class NameAudience(Struct, frozen=True, kw_only=True, tag="name_audience", forbid_unknown_fields=True):
    """Name people whom the change concerns in the same way, and how many they are."""

    id: ShortName
    title: Title
    people: Annotated[int, Meta(ge=0, le=10_000_000, description="how many people; 0 once there is nobody left in it")]
    sees_answers: Annotated[bool, Meta(description="they see the candidate's answers, and so have to be trained")] = (
        True
    )
    cohort: Cohort = ""
    contact: Contact = None
    base: Base = None


class AudienceNamed(Struct, frozen=True, kw_only=True, tag="audience_named"):
    """People whom the change concerns in the same way. `cohort` is how they are exposed together, or empty; `contact`
    is who speaks for them, where somebody does.
    """

    id: str
    title: str
    people: int
    sees_answers: bool
    cohort: str
    contact: str | None = None


class PlanStream(Struct, frozen=True, kw_only=True, tag="plan_stream", forbid_unknown_fields=True):
    """Plan one stream of the change: what is done, by whom, until when, for which audiences."""

    stream: Annotated[str, Meta(max_length=64, description="a change stream of the playbook, such as training")]
    plan: Said
    owner: Annotated[PersonId, Meta(description="who sees to it")]
    due_on: dt.date
    audiences: Annotated[tuple[ShortName, ...], Meta(min_length=1, max_length=100, description="for which audiences")]
    progress: Progress = "planned"
    base: Base = None


class StreamPlanned(Struct, frozen=True, kw_only=True, tag="stream_planned"):
    """The plan of one stream of the change as it stands."""

    stream: str
    plan: Text
    owner: str
    due_on: dt.date
    audiences: tuple[str, ...]
    progress: Progress


class ChangeWork(Struct, frozen=True, kw_only=True, tag="change_work", forbid_unknown_fields=True):
    """Write down one change of the work: a step, a role, or a figure that people are judged by."""

    id: ShortName
    what: Annotated[Changed, Meta(description="what changes")]
    audience: ShortName
    before: Annotated[Said, Meta(description="how it is today")]
    after: Annotated[Said, Meta(description="how it will be")]
    from_on: Annotated[dt.date, Meta(description="from which day on")]
    base: Base = None


class WorkChanged(Struct, frozen=True, kw_only=True, tag="work_changed"):
    """One change of the work of an audience."""

    id: str
    what: Changed
    audience: str
    before: Text
    after: Text
    from_on: dt.date


class TellAudience(Struct, frozen=True, kw_only=True, tag="tell_audience", forbid_unknown_fields=True):
    """Record that an audience was told what changes for it."""

    audience: ShortName
    changes: Annotated[Said, Meta(description="what changes for them, as they were told")]
    told_on: dt.date
    channel: Channel


class AudienceTold(Struct, frozen=True, kw_only=True, tag="audience_told"):
    """An audience was told what changes for it."""

    audience: str
    changes: Text
    told_on: dt.date
    channel: Channel


ChangeFact = AudienceNamed | StreamPlanned | WorkChanged | AudienceTold
ChangeCommand = NameAudience | PlanStream | ChangeWork | TellAudience


class Change(Struct, frozen=True, kw_only=True):
    """What stands: the audiences by id, every earlier wording of each, the streams, the changes of the work, and what
    was told, in the order recorded.
    """

    audiences: dict[str, Standing[AudienceNamed]] = {}
    earlier_audiences: dict[str, tuple[Standing[AudienceNamed], ...]] = {}
    streams: dict[str, Standing[StreamPlanned]] = {}
    work: dict[str, Standing[WorkChanged]] = {}
    told: tuple[Standing[AudienceTold], ...] = ()

    @property
    def present(self) -> dict[str, AudienceNamed]:
        """The audiences that have people in them, by id."""
        return {name: one.fact for name, one in self.audiences.items() if one.fact.people > 0}

    def behind(self, today: dt.date) -> tuple[Standing[StreamPlanned], ...]:
        """The streams whose day has passed and that are not done."""
        return tuple(one for one in self.streams.values() if one.fact.progress != "done" and one.fact.due_on < today)

    def waiting_for(self, person: str) -> tuple[StreamPlanned, ...]:
        """The streams that a person sees to and that are not done, the earliest due first."""
        mine = (one.fact for one in self.streams.values() if one.fact.owner == person and one.fact.progress != "done")
        return tuple(sorted(mine, key=lambda stream: stream.due_on))


def unknown_audiences(workload: Workload, names: Iterable[str], field: str) -> Iterator[Problem]:
    """A problem for each name that is no audience of the workload."""
    known = workload.change.audiences
    for name in names:
        if name not in known:
            have = f"there are {', '.join(known)}" if known else "there is none yet"
            message = f"{name} is no audience here ({have}); name the audience first."
            yield Problem(code="unknown-audience", field=field, message=message)


def not_yet(day: dt.date, field: str, context: Context) -> Iterator[Problem]:
    """A problem where a day has begun nowhere on earth yet."""
    if day > (context.now + FURTHEST_EAST).date():
        message = f"{day} has not come yet; record it once it has happened."
        yield Problem(code="not-yet", field=field, message=message)


def _audience(_workload: Workload, command: NameAudience, context: Context) -> Iterator[Problem]:
    if command.contact is not None and command.contact not in context.people:
        message = f"{command.contact} is nobody's id here; add the person first, or leave the contact out."
        yield Problem(code="unknown-person", field="contact", message=message)
    if command.cohort and not command.sees_answers:
        message = "Who is exposed as a cohort sees answers; tick that they do, or leave the cohort empty."
        yield Problem(code="cohort-without-answers", field="cohort", message=message)


def _stream(workload: Workload, command: PlanStream, context: Context) -> Iterator[Problem]:
    known = [stream.id for stream in context.playbook.streams]
    if command.stream not in known:
        message = f"{command.stream} is no change stream of this playbook; choose one of {', '.join(known)}."
        yield Problem(code="unknown-stream", field="stream", message=message)
    if command.owner not in context.people:
        message = f"{command.owner} is nobody's id here; add the person first."
        yield Problem(code="unknown-person", field="owner", message=message)
    yield from unknown_audiences(workload, command.audiences, "audiences")


def _work(workload: Workload, command: ChangeWork, _context: Context) -> Iterator[Problem]:
    yield from unknown_audiences(workload, [command.audience], "audience")


def tell_audience(workload: Workload, command: TellAudience, context: Context) -> list[AudienceTold]:
    """Telling is an act of a day that has come; each one stays on the record."""
    problems = [
        *unknown_audiences(workload, [command.audience], "audience"),
        *not_yet(command.told_on, "told_on", context),
    ]
    if problems:
        raise Refused(problems)
    told = {"audience": command.audience, "changes": command.changes}
    return [AudienceTold(**told, told_on=command.told_on, channel=command.channel)]


def _audience_kept(state: Change, fact: AudienceNamed, stamp: Stamp) -> Change:
    """Earlier wordings stay: whoever was exposed keeps the answers for a while when an audience grows."""
    before = state.audiences.get(fact.id)
    earlier = state.earlier_audiences
    if before is not None:
        earlier = {**earlier, fact.id: (*earlier.get(fact.id, ()), before)}
    standing = Standing(fact=fact, stamp=stamp)
    return structs.replace(state, audiences={**state.audiences, fact.id: standing}, earlier_audiences=earlier)


def _told(state: Change, fact: AudienceTold, stamp: Stamp) -> Change:
    return structs.replace(state, told=(*state.told, Standing(fact=fact, stamp=stamp)))


_WRITERS = frozenset({"owner", "engineer", "operator"})
AREA = Area(
    name="change",
    entries=(
        Entry(command=NameAudience, fact=AudienceNamed, attribute="audiences", key="id", check=_audience),
        Entry(command=PlanStream, fact=StreamPlanned, attribute="streams", key="stream", check=_stream),
        Entry(command=ChangeWork, fact=WorkChanged, attribute="work", key="id", check=_work),
    ),
    rules={TellAudience: tell_audience},
    folds={AudienceNamed: _audience_kept, AudienceTold: _told},
    permitted={
        "name_audience": _WRITERS,
        "plan_stream": _WRITERS,
        "change_work": _WRITERS,
        "tell_audience": _WRITERS,
    },
)
