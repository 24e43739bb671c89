"""Reasons to stall that lie in what is built and who runs it: owners, architecture, the handoff, laptop code. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from pilotage.gates.sighting import Sign, View, said
from pilotage.record.areas.operating import (
    GATE,
    RoleAccepted,
    RoleRefused,
    accepted_role,
    open_items,
)
from pilotage.record.workload import Release

SECRETS_QUESTION = "secrets"
SECURITY_AREA = "security"
REPRODUCIBLE = {
    "digest": "no digest",
    "code_revision": "no code revision",
    "environment": "no lock file or image",
    "model": "no model",
    "data_source": "no data source",
}


def no_production_owner(view: View) -> Iterator[Sign]:
    """From the pilot on, an ownership role is offered to nobody, or not accepted by the person it is offered to."""
    if not view.reached("pilot") or not view.watches("harden.ownership"):
        return
    open_roles = [found for role in view.playbook.ownership if (found := _open_role(view, role.id)) is not None]
    if open_roles:
        yield from sorted(open_roles, key=lambda sign: sign.since)
        return
    here = "operate.ownership" if view.reached("operate") else "harden.ownership"
    verdict = view.failing(here)
    if verdict is not None:
        held = [
            accepted.stamp.at for role in view.playbook.ownership if (accepted := accepted_role(view.workload, role.id))
        ]
        action, by = view.clears(verdict)
        since = view.failed_since(here, min(held, default=view.began("pilot")))
        yield Sign(since=since, why=verdict.reason, action=action, by=by)


def _open_role(view: View, role: str) -> Sign | None:
    """Why nobody holds a role, since the moment at which nobody did."""
    operating, pilot = view.workload.operating, view.began("pilot")
    offer, last = operating.offers.get(role), operating.role_answers.get(role)
    if accepted_role(view.workload, role) is not None:
        return None
    if offer is None:
        return Sign(
            since=pilot,
            why=f"Nobody was asked to own {role}.",
            action=f"Offer the {role} role to one person.",
            by="owner",
        )
    person, answer = offer.fact.person, operating.role_answer(role)
    if answer is not None and isinstance(answer.fact, RoleRefused):
        return Sign(
            since=max(pilot, answer.stamp.at),
            why=f"{person} refused the {role} role on {view.day(answer.stamp.at)}.",
            action=f"Offer the {role} role to somebody else, or settle what keeps {person} from it.",
            by="owner",
        )
    accepts = {"action": f"Accept or refuse the {role} role in person.", "by": person}
    reopened = view.workload.reopened.get(GATE)
    if answer is not None and reopened is not None:
        why = f"{person} accepted the {role} role before the workload went back, which counts no more."
        return Sign(since=max(pilot, reopened.at), why=why, **accepts)
    why = f"The {role} role was offered to {person} on {view.day(offer.stamp.at)} and is not answered."
    if last is None:
        return Sign(since=pilot, why=why, **accepts)
    # Whoever held it before lost it with this offer; whoever refused it left it open ever since.
    lost = offer.stamp.at if isinstance(last.fact, RoleAccepted) else last.stamp.at
    return Sign(since=max(pilot, lost), why=why, **accepts)


def architecture_not_ready(view: View) -> Iterator[Sign]:
    """Past the evaluation, an architecture area is not decided or a blocking gap is open."""
    if not view.reached("harden") or not view.watches("harden.rebuild"):
        return
    architecture, began = view.workload.architecture, view.began("harden")
    areas = view.playbook.areas
    undecided = [a.id for a in areas if (d := architecture.designs.get(a.id)) is None or d.fact.decision != "decided"]
    if undecided:
        touched = [architecture.designs[area].stamp.at for area in undecided if area in architecture.designs]
        since = began if len(touched) < len(undecided) else max(began, min(touched))
        design = architecture.designs.get(undecided[0])
        yield Sign(
            since=since,
            why=f"{len(undecided)} of {len(areas)} architecture areas are not decided: {said(undecided)}.",
            action=f"Decide what becomes of {undecided[0]}, on the Architecture page.",
            by=design.fact.owner if design else "engineer",
        )
    blocking = [gap for gap in architecture.open_gaps if gap.fact.blocking]
    if blocking:
        yield Sign(
            since=max(began, min(gap.stamp.at for gap in blocking)),
            why=f"Blocking and open: {said([gap.fact.gap for gap in blocking])}.",
            action=f"Close the gap {blocking[0].fact.gap}.",
            by=blocking[0].fact.owner,
        )


def transition_unowned(view: View) -> Iterator[Sign]:
    """A go is decided, and the handoff is not offered, or not accepted item by item."""
    went = gone_since(view)
    if went is None or not view.watches("harden.handoff"):
        return
    verdict = view.failing("harden.handoff")
    if verdict is None:
        return
    action, by = view.clears(verdict)
    yield Sign(since=_handed_over_never_since(view, went), why=verdict.reason, action=action, by=by)


def _handed_over_never_since(view: View, went: dt.datetime) -> dt.datetime:
    """Since the go, unless the gate was passed with all of it accepted: then since the first item that is open now."""
    waits = open_items(view.workload)
    if GATE not in view.workload.passed or not waits:
        return went
    answers = view.workload.operating.item_answers
    moments = [
        given.stamp.at if (given := answers.get(one.fact.item)) and given.stamp.at > one.stamp.at else one.stamp.at
        for one in waits
    ]
    return max(went, min(moments))


def gone_since(view: View) -> dt.datetime | None:
    """When the go that counts came into force: with the second signature. None where there is none."""
    decision = view.workload.decision
    if decision is None or decision.outcome != "go":
        return None
    signed = view.workload.signed("decision", decision.digest).values()
    return max((given.stamp.at for given in signed), default=decision.stamp.at)


def production_ignored(view: View) -> Iterator[Sign]:
    """In the pilot or later: no reproducible release, too little recorded of each call, or secrets left to chance."""
    if not view.reached("pilot"):
        return
    if view.watches("pilot.release"):
        yield from _irreproducible(view, view.workload.release)
    yield from _unrecorded(view)
    if view.watches("select.review-partners"):
        yield from _secrets(view)


def _irreproducible(view: View, running: Release | None) -> Iterator[Sign]:
    if running is None:
        yield Sign(
            since=view.began("pilot"),
            why="No release is registered, so nobody could build what runs a second time.",
            action="Register the release that runs, with revision, environment, model and data.",
            by="engineer",
        )
        return
    lacking = [words for field, words in REPRODUCIBLE.items() if not getattr(running, field).strip()]
    if lacking:
        yield Sign(
            since=max(view.began("pilot"), running.stamp.at),
            why=f"Release {running.name} cannot be built again: it has {said(lacking)}.",
            action="Register the release again with everything that it is made of.",
            by="engineer",
        )


def _unrecorded(view: View) -> Iterator[Sign]:
    verdict = view.failing("pilot.instrumented")
    if verdict is None:
        return
    action, by = view.clears(verdict)
    since = view.failed_since(verdict.id, view.began("pilot"))
    yield Sign(since=since, why=f"Calls leave too little behind: {verdict.reason}", action=action, by=by)


def _secrets(view: View) -> Iterator[Sign]:
    """Secret handling is answered in the security review, or somebody works on the architecture's security area."""
    if not any(question.id == SECRETS_QUESTION for question in view.playbook.questions):
        return
    design = view.workload.architecture.designs.get(SECURITY_AREA)
    if SECRETS_QUESTION in view.workload.reviews.answers or (design is not None and design.fact.decision != "open"):
        return
    yield Sign(
        since=view.began("pilot"),
        why="Nobody said how secrets are kept: the security review's question is not answered, and no decision on the "
        "security area is in progress.",
        action="Answer the security review's question on secrets.",
        by="engineer",
    )
