"""Which commands a page offers to whom. The record refuses what does not fit anyway; this only spares the try."""

from __future__ import annotations

from collections.abc import Callable

from pilotage.gates.evaluate_checks import NO_GO
from pilotage.record.areas.costing import cost_owner
from pilotage.record.commands import PERMITTED
from pilotage.server.auth.identity import Identity
from pilotage.server.pages import deciding_forms, feedback_forms, operating_forms, outside_forms, review_forms
from pilotage.workflow.desk import Judgement
from pilotage.workflow.signing import to_sign
from pilotage.workflow.waiting import roles_here
from pilotage.workflow.workspace import Workspace

Fits = Callable[[Judgement, str], bool]


def may_propose(identity: Identity) -> bool:
    """Whether somebody may put a problem into the portfolio."""
    return "command" in identity.scopes and bool(PERMITTED["propose"] & identity.roles)


def offered(workspace: Workspace, identity: Identity, judgement: Judgement) -> tuple[str, ...]:
    """The commands that make sense now and that the signed-in person may give, in the order of the way."""
    workload = judgement.workload
    if "command" not in identity.scopes:
        return ()
    granted = workspace.accounts.roles_of(identity.person, workload.slug)
    roles = roles_here(identity.roles | granted, workload, identity.person)
    return tuple(
        name
        for name, allowed in PERMITTED.items()
        if name != "propose" and allowed & roles and FITS.get(name, _always)(judgement, identity.person)
    )


def _always(_judgement: Judgement, _person: str) -> bool:
    return True


def _score(judgement: Judgement, _person: str) -> bool:
    return judgement.workload.phase == "select"


def _accepts(judgement: Judgement, person: str) -> bool:
    return judgement.workload.owner == person and judgement.workload.acceptance is None


def _declares(judgement: Judgement, _person: str) -> bool:
    workload = judgement.workload
    newest = next(reversed(workload.releases), None)
    running = workload.attempt.release if workload.attempt else None
    return workload.phase in {"pilot", "evaluate"} and newest is not None and newest != running


def _clears(judgement: Judgement, person: str) -> bool:
    reviewers = judgement.workload.reviewers
    return person in {reviewers.get("privacy"), reviewers.get("security")}


def _advances(judgement: Judgement, _person: str) -> bool:
    return judgement.workload.phase != judgement.playbook.phases[-1].id and not judgement.workload.killed


def _goes_back(judgement: Judgement, _person: str) -> bool:
    return judgement.workload.phase != judgement.playbook.phases[0].id


def _fell_short(judgement: Judgement, _person: str) -> bool:
    answer = judgement.measurements.answer if judgement.measurements else None
    return answer is not None and answer.answer in NO_GO


def _has_audiences(judgement: Judgement, _person: str) -> bool:
    return bool(judgement.workload.change.present)


def _has_releases(judgement: Judgement, _person: str) -> bool:
    return bool(judgement.workload.releases)


def _has_training(judgement: Judgement, person: str) -> bool:
    return bool(judgement.workload.training.modules) and _has_audiences(judgement, person)


FITS: dict[str, Fits] = {
    "score": _score,
    "choose": _score,
    "accept_ownership": _accepts,
    "sign": lambda judgement, person: bool(to_sign(judgement.workload, person)),
    "declare_for_evaluation": _declares,
    "clear_pilot": _clears,
    "analyse_shortfall": _fell_short,
    "advance": _advances,
    "go_back": _goes_back,
    "decide": lambda judgement, _person: judgement.workload.phase == "evaluate",
    "expose": lambda judgement, _person: judgement.workload.killed is None,
    "kill": lambda judgement, _person: judgement.workload.killed is None,
    "revive": lambda judgement, _person: judgement.workload.killed is not None,
    "record_month_costs": lambda judgement, person: (
        bool(judgement.workload.costing.lines) and cost_owner(judgement.workload) == person
    ),
    **operating_forms.FITS,
    **outside_forms.FITS,
    **deciding_forms.FITS,
    **feedback_forms.FITS,
    "plan_stream": _has_audiences,
    "change_work": _has_audiences,
    "tell_audience": _has_audiences,
    "require_training": _has_releases,
    "say_what_people_see": _has_releases,
    "record_completion": _has_training,
    "record_completions": _has_training,
    "drop_learner": lambda judgement, _person: bool(judgement.workload.training.completions),
    "choose_reference": lambda judgement, _person: bool(
        judgement.measurements and judgement.measurements.traffic.calls
    ),
    "explain_drift": lambda judgement, _person: bool(
        judgement.workload.drifting.newest and judgement.workload.drifting.newest.fact.alarms
    ),
    "check_sample": lambda judgement, _person: bool(judgement.workload.data.used),
    "argue_sample": lambda judgement, _person: bool(judgement.workload.data.samples),
    "resolve_breach": lambda judgement, _person: bool(judgement.workload.open_breaches),
    **review_forms.FITS,
    "commit_funding": lambda judgement, person: cost_owner(judgement.workload) == person,
}
