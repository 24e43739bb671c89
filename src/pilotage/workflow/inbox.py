"""One person's inbox: what waits for them on every workload, the nearest deadline first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from msgspec import Struct

from pilotage.gates.evaluate import CHECKS
from pilotage.playbook.types import COST_ROLE
from pilotage.record.areas.costing import cost_owner
from pilotage.record.rules.piloting import attestable
from pilotage.record.verdicts import Verdict
from pilotage.record.workload import PHASES
from pilotage.workflow.desk import Judgement
from pilotage.workflow.inbox_lines import ENDED, LINES
from pilotage.workflow.waiting import Place, Reader, Waiting
from pilotage.workflow.workspace import Workspace

FORMS: dict[str, str] = {
    "select.candidates": "choose",
    "select.owner": "assign",
    "select.sponsor": "comment",
    "select.production-path": "plan_production",
    "select.integration": "place_in_work",
    "select.build-or-buy": "choose_source",
    "select.suitability": "judge_suitability",
    "select.review-partners": "open_review",
    "pilot.clearance": "clear_pilot",
    "pilot.release": "register_release",
    "pilot.shadow": "expose",
    "pilot.production-design": "design_area",
    "evaluate.target": "declare_for_evaluation",
    "evaluate.shortfall": "analyse_shortfall",
    "evaluate.production-cost": "estimate_cost_line",
    "evaluate.gaps": "list_gap",
    "evaluate.funding": "commit_funding",
    "evaluate.decision": "decide",
    "harden.rebuild": "design_area",
    "harden.ownership": "offer_role",
    "harden.handoff": "list_handoff_item",
    "harden.change-plan": "plan_stream",
    "deploy.communication": "tell_audience",
    "operate.ownership": "offer_role",
}
"""The form that most often moves a criterion; where none is named it is attested, or its line on the page is shown."""
PAGES: dict[str, str] = {
    "select.charter": "/charter/edit",
    "select.reachable": "/charter/edit",
    "select.signed": "/charter",
    "harden.reviews": "/reviews",
    "operate.reviews": "/reviews",
    "harden.runbook": "/operating",
    "deploy.training": "/change",
}


class Inbox(Struct, frozen=True, kw_only=True):
    """What waits for a person, and how much of it is overdue."""

    person: str
    waiting: tuple[Waiting, ...]
    overdue: int


def inbox(reader: Reader, judgements: Iterable[Judgement], now: dt.datetime) -> Inbox:
    """Everything that waits for a person across the workloads, ordered by deadline; without one at the end."""
    return ordered(reader, (line for one in judgements for line in waiting_on(reader, one, now)))


def ordered(reader: Reader, lines: Iterable[Waiting]) -> Inbox:
    """Lines as an inbox."""
    found = sorted(lines, key=_order)
    return Inbox(person=reader.person, waiting=tuple(found), overdue=sum(line.overdue for line in found))


def _order(line: Waiting) -> tuple[bool, dt.date, str, str, str]:
    return line.due is None, line.due or dt.date.max, line.workload, line.kind, line.what


def waiting_on(reader: Reader, judgement: Judgement, now: dt.datetime) -> tuple[Waiting, ...]:
    """What waits for a person on one workload. Once it was killed or refused, only that everybody hears of it does."""
    workload = judgement.workload
    place = Place(judgement=judgement, reader=reader, now=now)
    if workload.killed or workload.refused:
        return tuple(line for kind in ENDED for line in kind(place))
    lines = [line for kind in LINES for line in kind(place)]
    covered = {criterion for line in lines for criterion in line.about}
    return (*lines, *_criteria(place, covered), *_lapsing(place, covered))


def _criteria(place: Place, covered: set[str]) -> Iterator[Waiting]:
    """Criteria of this phase and the ones before that do not pass, and whose next action is the person's.

    What another line of the inbox moves already is left out: one thing to do is one line.
    """
    workload = place.workload
    here = PHASES.index(workload.phase)
    for verdict in place.judgement.verdicts.values():
        if verdict.passes or verdict.next is None or PHASES.index(verdict.phase) > here or verdict.id in covered:
            continue
        if not _is_mine(place, verdict.next.by):
            continue
        lapsed = verdict.valid_until if verdict.valid_until and verdict.valid_until <= place.now else None
        since = lapsed or workload.entered.get(verdict.phase, workload.proposed.at)
        due = place.day(lapsed) if lapsed else place.ends(verdict.phase)
        what = f"{verdict.title}: {verdict.reason}"
        yield _to_criterion(place, "criterion", verdict, what, verdict.next.action, since=since, due=due)


def _is_mine(place: Place, by: str) -> bool:
    """Whether whom an action names is the person: by id, by a role held here, or as a named reviewer.

    A role that holds everywhere counts on the workloads in which the person has a part.
    """
    workload, person = place.workload, place.person
    if by == person:
        return True
    if by in {"owner", "sponsor"}:
        return {"owner": workload.owner, "sponsor": workload.sponsor}[by] == person
    if by == "reviewer":
        return person in workload.reviewers.values()
    if by.endswith(" reviewer"):
        return workload.reviewers.get(by.removesuffix(" reviewer")) == person
    return place.involved and by in place.reader.roles_on(workload)


def _lapsing(place: Place, covered: set[str]) -> Iterator[Waiting]:
    """What holds and has to be renewed soon, for whoever can do that."""
    for verdict in place.judgement.lapsing:
        if verdict.renew is None or verdict.valid_until is None or verdict.id in covered:
            continue
        if not _is_mine(place, verdict.renew.by):
            continue
        due = place.day(verdict.valid_until)
        what = f"{verdict.title}: {'its waiver ends' if verdict.waiver else 'it lapses'} on {due}."
        yield _to_criterion(place, "lapsing", verdict, what, verdict.renew.action, since=None, due=due)


def _to_criterion(
    place: Place, kind: str, verdict: Verdict, what: str, action: str, *, since: dt.datetime | None, due: dt.date | None
) -> Waiting:
    """The line of a criterion, with the form that moves it, if the person may give it; else its place on the page."""
    name, slug = verdict.id, place.workload.slug
    criterion = place.judgement.playbook.criterion(name)
    if name == "evaluate.funding" and cost_owner(place.workload) is None:
        return place.form(kind, what, action, "offer_role", since=since, due=due, about=(name,), role=COST_ROLE)
    if name in PAGES:
        return place.page(kind, what, action, f"/w/{slug}{PAGES[name]}", since=since, due=due, about=(name,))
    if name in FORMS and place.may(FORMS[name]):
        return place.form(kind, what, action, FORMS[name], since=since, due=due, about=(name,))
    if criterion.outside and place.may("record_outside_result"):
        outside = "record_outside_result"
        return place.form(kind, what, action, outside, since=since, due=due, about=(name,), criterion=name)
    by_word = criterion.check not in CHECKS or action.startswith("Attest")
    if attestable(criterion) and by_word and place.may("attest"):
        return place.form(kind, what, action, "attest", since=since, due=due, about=(name,), criterion=name)
    return place.page(kind, what, action, f"/w/{slug}#{name}", since=since, due=due, about=(name,))


def inbox_of(workspace: Workspace, person: str, roles: frozenset[str]) -> Inbox:
    """A person's inbox as the workspace stands; `roles` are those that hold everywhere."""
    reader = Reader(person=person, roles=roles, granted=tuple(sorted(workspace.accounts.granted_to(person).items())))
    return inbox(reader, workspace.desk.judge_all(), workspace.clock.now())
