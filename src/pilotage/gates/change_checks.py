"""Checks of the change in people's work: is it planned, are they trained, were they told? Pure."""

from __future__ import annotations

import datetime as dt

from pilotage.gates.case import Case, Check, Finding, item, met, pending, unmet
from pilotage.record.areas.change import AudienceTold
from pilotage.record.areas.readiness import Prepared, prepared, rules_of, untrained
from pilotage.record.stamps import Standing
from pilotage.record.verdicts import EvidenceItem
from pilotage.record.workload import Workload, day_of

NAME_AUDIENCES = "Name the audiences on the Change page: who sees the answers, and who only has to know."


def change_plan(case: Case) -> Finding:
    """Each stream of the playbook has a plan with an owner, a day and an audience, and none is overdue."""
    change = case.workload.change
    streams = case.playbook.streams
    missing = [stream.title for stream in streams if stream.id not in change.streams]
    evidence = [
        item(f"{stream.title}, due", planned.fact.due_on.isoformat(), ledger=planned.stamp.position)
        for stream in streams
        if (planned := change.streams.get(stream.id)) is not None
    ]
    if missing:
        return unmet(
            f"No plan for: {', '.join(missing)}.",
            *evidence,
            next="Give each of these change streams a plan with an owner, a day and its audiences on the Change page.",
        )
    titles = {stream.id: stream.title for stream in streams}
    behind = [one for one in change.behind(case.today) if one.fact.stream in titles]
    if behind:
        late = behind[0].fact
        return unmet(
            "Past its day and not done: "
            + ", ".join(f"{titles[one.fact.stream]} ({one.fact.due_on})" for one in behind)
            + ".",
            *evidence,
            next="Finish it and say so, or plan it for a new day on the Change page.",
            by=late.owner,
        )
    return met(f"All {len(streams)} streams are planned, each with an owner, a day and an audience.", *evidence)


def training(case: Case) -> Finding:
    """Of every audience that sees answers, enough people are trained for the release that runs."""
    rules = rules_of(case.playbook)
    audiences = prepared(case.workload, rules, case.now)
    if not audiences:
        return pending(untrained(case.workload, (), rules, case.now)[0], next=NAME_AUDIENCES)
    evidence = [_share(case, one) for one in audiences]
    lacking = dict.fromkeys(one.lacking for one in audiences if one.lacking)
    if lacking:
        return unmet(" ".join(lacking), *evidence, next=_next(audiences))
    ends = [one.holds_until for one in audiences if one.holds_until is not None]
    share = f"{rules.share_min:.0%}".replace("%", " %")
    return met(
        f"Of every audience that sees answers at least {share} are trained for the release that runs.",
        *evidence,
        since=min(ends) - dt.timedelta(days=rules.valid_days) if ends else None,
    )


def _share(case: Case, one: Prepared) -> EvidenceItem:
    named = case.workload.change.audiences[one.audience.id]
    return item(f"share trained: {one.audience.title}", one.share, n=one.audience.people, ledger=named.stamp.position)


def _next(audiences: tuple[Prepared, ...]) -> str:
    if any(not one.modules for one in audiences):
        return "Say on the Change page what people have to learn about the release that runs."
    return "Train those who are missing and record their completions on the Change page, or import them as a file."


def communication(case: Case) -> Finding:
    """Every audience was told what changes for it with what runs now."""
    present = case.workload.change.present
    if not present:
        return pending("No audience is named, so nobody is known to have been told.", next=NAME_AUDIENCES)
    heard = _heard(case.workload)
    evidence = [
        item(f"told: {audience.title}", heard[name].fact.told_on.isoformat(), ledger=heard[name].stamp.position)
        for name, audience in present.items()
        if name in heard
    ]
    untold = [audience.title for name, audience in present.items() if name not in heard]
    if untold:
        before = {one.fact.audience for one in case.workload.change.told} & {*present} - {*heard}
        older = " What they heard before this release was declared, or before the last step back, counts no more."
        return unmet(
            f"Not told yet: {', '.join(untold)}.{older if before else ''}",
            *evidence,
            next="Tell each of them what changes for it and from when, and record it on the Change page.",
        )
    return met("Every audience was told what changes for it.", *evidence)


def _heard(workload: Workload) -> dict[str, Standing[AudienceTold]]:
    """The newest telling of each audience that counts.

    Before the release that runs was declared, or the workload last went back over its roll-out, people heard of
    something else.
    """
    stamps = (workload.attempt.stamp if workload.attempt else None, workload.reopened.get("deploy"))
    since = [stamp for stamp in stamps if stamp is not None]
    return {
        one.fact.audience: one
        for one in workload.change.told
        if all(one.stamp.position > at.position and one.fact.told_on >= day_of(workload, at.at) for at in since)
    }


CHECKS: dict[str, Check] = {
    "harden.change-plan": change_plan,
    "deploy.training": training,
    "deploy.communication": communication,
}
