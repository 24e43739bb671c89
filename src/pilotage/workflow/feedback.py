"""What users say of a workload, as the API, the command line and the page show it."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from pilotage.evidence.measurements import FeedbackSeen
from pilotage.evidence.preference import Preference, preference
from pilotage.evidence.telling import Told, moment, told
from pilotage.record.areas.feedback import (
    ChannelOpened,
    InterviewRecorded,
    ItemTriaged,
    IterationClosed,
    IterationScoped,
    interviews_of,
)
from pilotage.record.stamps import Standing
from pilotage.record.workload import Workload
from pilotage.workflow.desk import Judgement
from pilotage.workflow.workspace import Workspace

SHOWN_MOST = 200
READ_MOST = 5_000


class SaidJson(Struct, frozen=True, kw_only=True):
    """What a user said about one call. `asks` says whether it waits for words in return: a comment, a reason or a flag.

    `due` is until when a reply was promised, None without a channel; `overdue` that it passed without one.
    """

    call: str
    said: dt.datetime
    action: str | None
    rating: float | None
    comment: str
    override: str
    reason: str
    edge_case: bool
    reporter: str
    asks: bool
    due: dt.datetime | None
    overdue: bool
    replied: dt.datetime | None
    reply: str


class IterationJson(Struct, frozen=True, kw_only=True):
    """An iteration with its scope, and how it ended."""

    scope: Standing[IterationScoped]
    ended: Standing[IterationClosed] | None


class FeedbackJson(Struct, frozen=True, kw_only=True):
    """What users say of a workload: the channel and what came through it, talks, blind reviews, backlog, iterations.

    `said` holds what was said last, `shown_most` calls of it, those that wait for a reply first. `seen` are the figures
    of all of it, None where nothing is measured.
    """

    workload: str
    channel: Standing[ChannelOpened] | None
    seen: FeedbackSeen | None
    said: tuple[SaidJson, ...]
    shown_most: int
    interviews: tuple[Standing[InterviewRecorded], ...]
    blind: Preference
    backlog: tuple[Standing[ItemTriaged], ...]
    iterations: tuple[IterationJson, ...]


def feedback_json(workspace: Workspace, judgement: Judgement) -> FeedbackJson:
    """What users say, as of now."""
    workload, now = judgement.workload, workspace.clock.now()
    since = workload.entered.get("pilot", workload.proposed.at)
    calls = told(workspace.calls.feedback(workload.slug, since, READ_MOST))
    said = sorted((_said(workload, one, now) for one in calls), key=_waiting_first)
    attempt = workload.attempt.number if workload.attempt else 0
    record = workload.feedback
    return FeedbackJson(
        workload=workload.slug,
        channel=record.channel,
        seen=judgement.measurements.feedback if judgement.measurements else None,
        said=tuple(said[:SHOWN_MOST]),
        shown_most=SHOWN_MOST,
        interviews=interviews_of(workload),
        blind=preference(one.fact.preferred for one in workload.blind.of_attempt(attempt)),
        backlog=tuple(record.backlog.values()),
        iterations=tuple(
            IterationJson(scope=one, ended=record.endings.get(name)) for name, one in record.iterations.items()
        ),
    )


def _waiting_first(one: SaidJson) -> tuple[bool, float]:
    """What waits, the oldest first; then the rest, the newest first."""
    waits = one.asks and one.replied is None
    return not waits, one.said.timestamp() if waits else -one.said.timestamp()


def _said(workload: Workload, one: Told, now: dt.datetime) -> SaidJson:
    record = workload.feedback
    said = moment(one.last_us if one.asking_us is None else one.asking_us)
    asks = one.asking_us is not None
    replied = record.answered_at(one.call, said)
    due = None
    if asks and record.channel is not None and record.opened is not None:
        due = max(said, record.opened.at) + dt.timedelta(days=record.channel.fact.promise_days)
    reply = next((given.fact.reply for given in record.replies.get(one.call, ()) if given.stamp.at == replied), "")
    return SaidJson(
        call=one.call,
        said=said,
        action=one.action,
        rating=one.rating,
        comment=one.comment,
        override=one.override,
        reason=one.reason,
        edge_case=one.edge_case,
        reporter=one.reporter,
        asks=asks,
        due=due,
        overdue=due is not None and replied is None and now > due,
        replied=replied,
        reply=reply,
    )
