"""Reasons to stall that lie with the people: no plan for the change, an organisation that has not moved. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from pilotage.gates.adoption_checks import in_words, low_adoption
from pilotage.gates.sighting import Sign, View, said


def change_plan_absent(view: View) -> Iterator[Sign]:
    """Past the evaluation, a change stream has no plan; a plan cannot be without its owner."""
    if not view.reached("harden") or not view.watches("harden.change-plan"):
        return
    streams = view.playbook.streams
    missing = [stream.title.lower() for stream in streams if stream.id not in view.workload.change.streams]
    if missing:
        yield Sign(
            since=view.began("harden"),
            why=f"{len(missing)} of {len(streams)} change streams have no plan and no owner: {said(missing)}.",
            action=f"Plan {missing[0]} with an owner, a day and its audiences, on the Change page.",
            by="owner",
        )


def organisation_not_ready(view: View) -> Iterator[Sign]:
    """Training, workflow or communication behind plan; low adoption; a sponsor silent for longer than is allowed."""
    yield from _behind(view)
    if view.reached("deploy"):
        for criterion in ("deploy.training", "deploy.communication", "deploy.adoption"):
            yield from _unmet(view, criterion)
        yield from _low_adoption(view)
    yield from silent_sponsor(view)


def _behind(view: View) -> Iterator[Sign]:
    titles = {stream.id: stream.title for stream in view.playbook.streams}
    late = [one for one in view.workload.change.behind(view.today) if one.fact.stream in titles]
    if not late:
        return
    late.sort(key=lambda one: one.fact.due_on)
    first = late[0].fact
    yield Sign(
        since=max(late[0].stamp.at, view.after(first.due_on)),
        why="Behind plan: "
        + ", ".join(_lateness(view, titles[one.fact.stream], one.fact.due_on) for one in late)
        + ".",
        action=f"Finish {titles[first.stream].lower()} and say so, or plan it for a new day.",
        by=first.owner,
    )


def _lateness(view: View, title: str, due_on: dt.date) -> str:
    days = (view.today - due_on).days
    return f"{title} was due on {due_on}, {days} {'day' if days == 1 else 'days'} ago"


def _unmet(view: View, criterion: str) -> Iterator[Sign]:
    """Only what is known to be missed: adoption that nobody could measure yet is not low."""
    verdict = view.failing(criterion)
    if verdict is None or verdict.verdict != "unmet":
        return
    action, by = view.clears(verdict)
    since = view.failed_since(criterion, view.began("deploy"))
    yield Sign(since=since, why=f"{verdict.title}: {verdict.reason}", action=action, by=by)


def _low_adoption(view: View) -> Iterator[Sign]:
    """Adoption that fell below its plan after the gate was passed, while the verdict of that day is still valid."""
    seen = view.measurements.adoption if view.measurements else None
    if seen is None or not view.watches("deploy.adoption") or view.failing("deploy.adoption") is not None:
        return
    missed = low_adoption(view.workload, seen)
    if missed:
        yield Sign(
            since=max(seen.since, view.began("deploy")),
            why=f"Low adoption: {' '.join(in_words(one) for one in missed)}",
            action="Ask those who stay away or override why, and what would help; then mend it, or train again.",
            by=view.playbook.criterion("deploy.adoption").by,
        )


def silent_sponsor(view: View) -> Iterator[Sign]:
    """A sponsor who once acted and has done nothing for longer than the playbook allows."""
    workload = view.workload
    last = workload.last_acts.get(workload.sponsor) if workload.sponsor else None
    if last is None or not workload.sponsor:
        return
    allowed = view.playbook.pilot.sponsor_silence_days
    since = last + dt.timedelta(days=allowed)
    if view.now > since:
        yield Sign(
            since=since,
            why=f"{workload.sponsor}, the sponsor, last acted on {view.day(last)}, {(view.now - last).days} days ago; "
            f"{allowed} are allowed.",
            action="Look at the workload and say something on the record.",
            by=workload.sponsor,
        )
