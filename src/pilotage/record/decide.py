"""The record decides: a command and what is known become facts, or a refusal with every reason. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pilotage.record import commands as c
from pilotage.record.areas.listing import AREAS
from pilotage.record.commands import PERMITTED, Command, name_of
from pilotage.record.context import Context
from pilotage.record.errors import Refused, refuse
from pilotage.record.facts import Fact
from pilotage.record.rules import exposing, piloting, scoping, steering
from pilotage.record.soundness import unsound
from pilotage.record.workload import Workload

_RULES: dict[type, Callable[[Workload, Any, Context], list[Fact]]] = {
    c.ScoreProblem: scoping.score,
    c.Choose: scoping.choose,
    c.Assign: scoping.assign,
    c.AcceptOwnership: scoping.accept_ownership,
    c.ReviseCharter: scoping.revise_charter,
    c.Sign: scoping.sign,
    c.Comment: scoping.comment,
    c.RegisterRelease: piloting.register_release,
    c.DeclareForEvaluation: piloting.declare_for_evaluation,
    c.ClearPilot: piloting.clear_pilot,
    c.AnalyseShortfall: piloting.analyse_shortfall,
    c.Attest: piloting.attest,
    c.Advance: steering.advance,
    c.GoBack: steering.go_back,
    c.Decide: steering.decide,
    c.Waive: steering.waive,
    c.Expose: exposing.expose,
    c.Kill: exposing.kill,
    c.Revive: exposing.revive,
    c.ResolveBreach: exposing.resolve_breach,
    **{kind: rule for area in AREAS for kind, rule in area.all_rules.items()},
}


def decide(workload: Workload | None, command: Command, context: Context) -> tuple[Fact, ...]:
    """The facts that a command makes. Raises `Refused` with every problem; then nothing is written."""
    name = name_of(command)
    if not PERMITTED[name] & context.actor.roles:
        allowed = ", ".join(sorted(PERMITTED[name]))
        raise refuse("not-permitted", "", f"{name} needs one of these roles: {allowed}. Ask an administrator.")
    if problems := unsound(command):
        raise Refused(problems)
    if isinstance(command, c.Propose):
        if workload is not None:
            raise refuse("already-proposed", "slug", f"{workload.slug} exists already; choose another short name.")
        return tuple(scoping.propose(command, context))
    if workload is None:
        raise refuse("unknown-workload", "slug", "There is no such workload; propose it first.")
    return tuple(_RULES[type(command)](workload, command, context))
