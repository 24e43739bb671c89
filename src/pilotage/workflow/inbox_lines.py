"""The kinds of lines that an inbox has: what is offered, asked for, owned or running out. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from pilotage.gates.pilot_checks import wound_down
from pilotage.playbook.types import COST_ROLE
from pilotage.record.areas.deciding import concerned, newest, to_confirm, to_send
from pilotage.record.areas.operating import offered_items, offered_roles
from pilotage.record.areas.outside import content_digest
from pilotage.record.areas.readiness import prepared, rules_of
from pilotage.record.review_standing import standings, waiting_for
from pilotage.workflow.signing import to_sign
from pilotage.workflow.waiting import Place, Waiting

OWNED = ("harden.ownership", "operate.ownership")
REVIEWED = ("harden.reviews", "operate.reviews", "select.review-partners")


def signatures(place: Place) -> Iterator[Waiting]:
    """A charter, a decision or a waiver that waits for the person's signature."""
    workload = place.workload
    for subject, _ in to_sign(workload, place.person, place.today):
        since, due = None, None
        about: tuple[str, ...] = ("select.signed", "select.sponsor")
        if subject == "charter" and workload.charter_version is not None:
            since = workload.charter_version.stamp.at
            due = workload.charter_version.charter.starts_on if workload.phase == "select" else None
        elif subject == "decision":
            since, due, about = workload.decisions[-1].stamp.at, workload.decision_on, ("evaluate.decision",)
        else:
            waiver = workload.waivers[subject.removeprefix("waiver:")]
            since, due, about = waiver.stamp.at, waiver.expires_on, (waiver.criterion,)
        words = subject.replace("waiver:", "waiver of ")
        what = f"The {words} waits for your signature."
        yield place.form(
            "signature", what, f"Sign the {words}", "sign", since=since, due=due, about=about, subject=subject
        )


def ownership(place: Place) -> Iterator[Waiting]:
    """Ownership that is offered and not accepted."""
    workload = place.workload
    if workload.owner != place.person or workload.acceptance is not None:
        return
    named = workload.assigned.get("owner")
    yield place.form(
        "ownership",
        "You are asked to own it.",
        "Accept ownership",
        "accept_ownership",
        since=named.at if named else workload.proposed.at,
        about=("select.owner",),
    )


def scoring(place: Place) -> Iterator[Waiting]:
    """A problem that too few people scored, and that the person has not scored yet."""
    workload, least = place.workload, place.judgement.playbook.pilot.scorers_min
    if workload.phase != "select" or len(workload.scores) >= least or place.person in workload.scores:
        return
    if place.may("score"):
        what = f"{len(workload.scores)} of {least} people scored the problem."
        yield place.form(
            "score", what, "Score the problem", "score", since=workload.proposed.at, about=("select.candidates",)
        )


def classification(place: Place) -> Iterator[Waiting]:
    """A problem whose risk nobody has classified: its owner does, or whoever proposed it while it has none."""
    workload = place.workload
    if workload.risk.classified is not None or workload.phase != "select" or workload.killed is not None:
        return
    if place.person == (workload.owner or workload.proposed.by) and place.may("classify_risk"):
        what = f"Nobody has said what a wrong answer can do; it is in the {workload.lane} lane until then."
        since = workload.proposed.at
        yield place.form("classification", what, "Answer six questions", "classify_risk", since=since)


def reviews(place: Place) -> Iterator[Waiting]:
    """Reviews to conclude as their named reviewer, and the team's questions to answer."""
    workload, playbook = place.workload, place.judgement.playbook
    for one in waiting_for(workload, playbook, place.person, place.now):
        again = " again, since it changed or grew old" if one.conclusion else ""
        yield place.form(
            "review",
            f"The {one.title} is answered and waits for your conclusion{again}.",
            f"Conclude the {one.title}",
            "conclude_review",
            since=_answered_at(place, one.area),
            due=one.due,
            about=REVIEWED,
            review=one.area,
        )
    if place.person == workload.owner or (place.involved and place.may("answer_question")):
        yield from _questions(place)


def _answered_at(place: Place, area: str) -> dt.datetime | None:
    """Since when a conclusion could be given: the newest answer that the review has, or its opening."""
    answers = place.workload.reviews.answers
    given = [answers[q.id].stamp.at for q in place.judgement.playbook.questions_of(area) if q.id in answers]
    opened = place.workload.reviews.since.get(area)
    return max([*given, *([opened.at] if opened else [])], default=None)


def _questions(place: Place) -> Iterator[Waiting]:
    seen: set[str] = set()
    for one in standings(place.workload, place.judgement.playbook, place.now):
        asked = [question for question in one.unanswered if question not in seen]
        if one.opened is None or not asked or one.reviewer == place.person:
            continue
        seen.update(asked)
        yield place.form(
            "questions",
            f"The {one.title} waits for {len(asked)} of {one.asked} answers.",
            "Answer the next question",
            "answer_question",
            since=one.opened.at,
            due=one.due,
            about=REVIEWED,
            question=asked[0],
        )


def offers(place: Place) -> Iterator[Waiting]:
    """Ownership roles and handoff items that wait for the person's own answer."""
    workload = place.workload
    titles = {role.id: role.title for role in place.judgement.playbook.ownership}
    for role in offered_roles(workload, place.person):
        yield place.form(
            "role",
            f"You are asked to be {titles.get(role, role).lower()}.",
            "Accept the role, or refuse it with a reason",
            "accept_role",
            since=workload.operating.offers[role].stamp.at,
            about=(*OWNED, *(("evaluate.funding",) if role == COST_ROLE else ())),
            role=role,
        )
    for item in offered_items(workload, place.person):
        yield place.form(
            "handoff",
            f"{item} is offered to the production team.",
            "Take it over, or refuse it with a reason",
            "accept_handoff_item",
            since=workload.operating.items[item].stamp.at,
            about=("harden.handoff",),
            item=item,
        )


def outside_results(place: Place) -> Iterator[Waiting]:
    """Results from outside that nobody signed yet, for whoever has a part in the workload and did not bring them."""
    outside, verdicts = place.workload.outside, place.judgement.verdicts
    if not place.involved or not place.may("sign_outside_result"):
        return
    for name, brought in outside.results.items():
        unsigned = name in verdicts and outside.signature(name) is None
        if not unsigned or place.person in outside.brought_by(name):
            continue
        yield place.form(
            "outside",
            f"The result on {name} was brought from outside and waits for somebody else's signature.",
            "Read the report, then sign it",
            "sign_outside_result",
            since=brought.stamp.at,
            due=place.ends(verdicts[name].phase),
            about=(name,),
            criterion=name,
            digest=content_digest(brought.fact),
        )


def training(place: Place) -> Iterator[Waiting]:
    """Modules that the person has to complete: of an audience in which they are recorded as a learner."""
    workload = place.workload
    held = workload.training.completions
    for one in prepared(workload, rules_of(place.judgement.playbook), place.now):
        mine = held.get(one.audience.id, {})
        if not any(place.person in learners for learners in mine.values()):
            continue
        for module in one.modules:
            required = workload.training.modules[module].fact
            done = mine.get(module, {}).get(place.person)
            days = required.valid_days or rules_of(place.judgement.playbook).valid_days
            if done and done.fact.release == required.release:
                ends = done.fact.completed_on + dt.timedelta(days=days)
                if (ends - place.today).days > place.judgement.playbook.notice_days:
                    continue
                yield _to_learn(place, one.audience.id, module, f"Your training {required.title} lapses.", ends)
            else:
                yield _to_learn(place, one.audience.id, module, f"You have to complete {required.title}.", None)


def _to_learn(place: Place, audience: str, module: str, what: str, due: dt.date | None) -> Waiting:
    since = place.workload.training.required_since.get(module)
    if not place.may("record_completion"):
        href = f"/w/{place.workload.slug}/change#training"
        return place.page("training", what, "Complete it, and have it recorded", href, since=since, due=due)
    return place.form(
        "training",
        what,
        "Complete it, and record it",
        "record_completion",
        since=since,
        due=due,
        learner=place.person,
        audience=audience,
        module=module,
    )


def owned(place: Place) -> Iterator[Waiting]:
    """Findings, gaps, architecture areas and change streams that the person sees to."""
    workload, person, slug = place.workload, place.person, place.workload.slug
    for finding in workload.reviews.findings.values():
        raised = finding.raised
        if finding.closed is None and raised.owner == person:
            yield place.page(
                "finding",
                f"Finding {raised.number} ({raised.severity}) is yours to mend.",
                f"Mend it, and ask the {raised.review} reviewer to close it",
                f"/w/{slug}/reviews/{raised.review}",
                since=finding.stamp.at,
                due=raised.due,
            )
    for gap in workload.architecture.open_gaps:
        if gap.fact.owner == person:
            blocks = ", which blocks," if gap.fact.blocking else ""
            what = f"The gap {gap.fact.gap}{blocks} is yours to close."
            yield place.form("gap", what, "Close the gap", "close_gap", since=gap.stamp.at, gap=gap.fact.gap)
    yield from _areas(place)
    titles = {stream.id: stream.title for stream in place.judgement.playbook.streams}
    for stream in workload.change.waiting_for(person):
        yield place.form(
            "stream",
            f"{titles.get(stream.stream, stream.stream)} is yours to see to, and not done.",
            "Say how far it is",
            "plan_stream",
            since=workload.change.streams[stream.stream].stamp.at,
            due=stream.due_on,
            about=("harden.change-plan",),
            stream=stream.stream,
        )


def _areas(place: Place) -> Iterator[Waiting]:
    architecture = place.workload.architecture
    for area, design in architecture.designs.items():
        if design.fact.owner != place.person:
            continue
        about = ("pilot.production-design", "harden.rebuild")
        if design.fact.decision != "decided":
            what = f"What becomes of {area} is yours to decide."
            yield place.form("area", what, "Decide it", "design_area", since=design.stamp.at, about=about, area=area)
        elif architecture.to_do(area):
            what = f"You see to it that {area} is {'rebuilt' if design.fact.fate == 'rebuild' else 'replaced'}."
            yield place.form(
                "area", what, "Mark the work as done", "finish_area", since=design.stamp.at, about=about, area=area
            )


def decisions(place: Place) -> Iterator[Waiting]:
    """A decision whose day is near or past, for the owner; and for the sponsor that the pilot wound down."""
    workload, due = place.workload, place.workload.decision_on
    about = ("evaluate.decision", "pilot.on-time")
    undecided = workload.decision is None or workload.decision.outcome == "extend"
    if due is None or not undecided or workload.phase not in {"pilot", "evaluate"}:
        return
    put = any(subject == "decision" for subject, _ in to_sign(workload, place.person, place.today))
    if place.person == workload.owner and not put and (due - place.today).days <= place.judgement.playbook.notice_days:
        what = f"Nobody decided by {due}." if due < place.today else f"The decision is due on {due}."
        if workload.phase == "evaluate":
            yield place.form("decision", what, "Put the decision", "decide", due=due, about=about)
        else:
            action, href = "Bring it to the evaluation, where it is decided", f"/w/{workload.slug}#gate"
            yield place.page("decision", what, action, href, due=due, about=about)
    yield from _told(place)


def _told(place: Place) -> Iterator[Waiting]:
    """Until the sponsor says something about it on the record, or a decision is made."""
    workload, told = place.workload, place.workload.wound_down
    if told is None or place.person != workload.sponsor:
        return
    if not wound_down(workload, place.judgement.playbook, place.now):
        return
    if any(said.stamp.by == place.person and said.stamp.position > told.stamp.position for said in workload.comments):
        return
    what = f"Nobody decided by {told.decision_on}, so the pilot wound down: the candidate stopped running."
    yield place.form(
        "wound-down", what, "Say on the record what is to become of it", "comment",
        since=told.stamp.at, due=told.decision_on,
    )  # fmt: skip


def receipts(place: Place) -> Iterator[Waiting]:
    """A decision in force on its way: to send, for owner and sponsor; to confirm, for each whom it was sent to.

    These wait after a no-go and on a killed workload too: who worked on it hears of its end.
    """
    workload, last = place.workload, newest(place.workload)
    if last is None:
        return
    outcome, about = last.outcome.replace("_", "-"), ("evaluate.decision",)
    due = place.ends("evaluate")
    # Once the verdict holds, whoever took a role after the gate, or left, does not have to get it; who was named does.
    verdict = place.judgement.verdicts.get(about[0])
    held = () if verdict is not None and verdict.passes else concerned(workload, last.digest)
    unsent = [person for person in to_send(workload) if person in {*held, *workload.deciding.recipients}]
    if unsent and last.outcome != "extend" and place.person in {workload.owner, workload.sponsor}:
        what = f"The {outcome} is in force, and was not sent to {len(unsent)} of those whom it concerns."
        since = max(given.stamp.at for given in workload.signed("decision", last.digest).values())
        action = "Send it to everybody whom it concerns"
        yield place.form("send", what, action, "send_decision", since=since, due=due, about=about)
    if to_confirm(workload, place.person) and place.may("confirm_receipt"):
        sent = workload.deciding.sent_of(last.digest)
        mine = next(one for one in reversed(sent) if place.person in (*one.fact.stakeholders, *one.fact.others))
        what = f"The {outcome if last.outcome != 'extend' else 'extension'} was sent to you."
        action = "Confirm that it reached you"
        yield place.form("receipt", what, action, "confirm_receipt", since=mine.stamp.at, due=due, about=about)


def silence(place: Place) -> Iterator[Waiting]:
    """A sponsor who has been silent: for the sponsor a week before it counts, for the owner once it does."""
    workload, allowed = place.workload, place.judgement.playbook.pilot.sponsor_silence_days
    last = workload.last_acts.get(workload.sponsor) if workload.sponsor else None
    if last is None or workload.sponsor is None:
        return
    ends = last + dt.timedelta(days=allowed)
    silent, about = (place.now - last).days, ("select.sponsor", "operate.sponsor")
    if place.person == workload.sponsor and place.now > ends - dt.timedelta(days=7):
        what = f"You last acted on it {silent} days ago; {allowed} are allowed."
        yield place.form(
            "silence", what, "Read it, and say something on the record", "comment",
            since=last, due=place.day(ends), about=about,
        )  # fmt: skip
    elif place.person == workload.owner and place.now > ends:
        what = f"{workload.sponsor}, the sponsor, has been silent for {silent} days."
        yield place.form(
            "silence", what, "Talk to the sponsor, or name another", "assign",
            since=ends, due=place.day(ends), about=about, role="sponsor",
        )  # fmt: skip


LINES: tuple[Callable[[Place], Iterator[Waiting]], ...] = (
    signatures,
    ownership,
    scoring,
    classification,
    reviews,
    offers,
    outside_results,
    training,
    owned,
    decisions,
    receipts,
    silence,
)
ENDED: tuple[Callable[[Place], Iterator[Waiting]], ...] = (receipts,)
