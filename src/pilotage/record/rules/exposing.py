"""Rules of exposure: expose, kill, revive, close a breach. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.areas.readiness import rules_of, untrained
from pilotage.record.context import Context
from pilotage.record.errors import Problem, Refused, refuse
from pilotage.record.rules.piloting import occupied
from pilotage.record.verdicts import MODE_RANK, ExposureLimit
from pilotage.record.workload import PILOTING, Workload

SHARED_MODES = {"suggest", "live"}


def within(mode: str, percent: float, ceiling: ExposureLimit) -> bool:
    """Whether an exposure stays under the ceiling. A mode below the ceiling's may have any percentage."""
    if MODE_RANK[mode] != MODE_RANK[ceiling.mode]:
        return MODE_RANK[mode] < MODE_RANK[ceiling.mode]
    return mode not in SHARED_MODES or percent <= ceiling.percent


def expose(workload: Workload, command: c.Expose, context: Context) -> list[f.Fact]:
    """Any exposure up to the ceiling; above it, a refusal with every reason why the ceiling is where it is."""
    problems = list(_exposure_problems(workload, command, context))
    if problems:
        raise Refused(problems)
    percent = command.percent if command.mode in SHARED_MODES else 0.0
    return [
        f.ExposureSet(
            mode=command.mode,
            percent=percent,
            cohorts=command.cohorts,
            reason=command.reason,
            timeout_ms=command.timeout_ms,
            hard_timeout=command.hard_timeout,
            paired_share=command.paired_share,
        )
    ]


def _exposure_problems(workload: Workload, command: c.Expose, context: Context) -> Iterator[Problem]:
    if command.mode in SHARED_MODES and command.percent <= 0:
        yield Problem(
            code="no-percent", field="percent", message=f"Say which percentage of units is to see {command.mode}."
        )
    if command.mode != "none" and workload.release is None:
        yield Problem(code="no-release", field="", message="No candidate release is registered; register one first.")
    ceiling = context.ceiling
    if not within(command.mode, command.percent, ceiling):
        asked = f"{command.mode} {command.percent:g} %" if command.mode in SHARED_MODES else command.mode
        allowed = f"{ceiling.mode} {ceiling.percent:g} %" if ceiling.mode in SHARED_MODES else ceiling.mode
        yield Problem(code="above-ceiling", field="mode", message=f"{asked} is above the ceiling, which is {allowed}.")
        for reason in ceiling.reasons:
            yield Problem(code="ceiling-reason", field="mode", message=reason)
    if command.mode in SHARED_MODES:
        for reason in untrained(workload, command.cohorts, rules_of(context.playbook), context.now):
            message = f"Nobody is exposed before being trained. {reason}"
            if message not in ceiling.reasons:
                yield Problem(code="untrained", field="cohorts", message=message)
    if ceiling.cohort_required and command.mode == "suggest" and not command.cohorts:
        yield Problem(
            code="no-cohort", field="cohorts", message="Before the roll-out suggestions go to a named cohort; name it."
        )


def kill(workload: Workload, command: c.Kill, _context: Context) -> list[f.Fact]:
    """Off, for everybody, at once."""
    if workload.killed:
        raise refuse("already-killed", "", "The candidate is switched off already.")
    return [f.Killed(reason=command.reason)]


def revive(workload: Workload, command: c.Revive, context: Context) -> list[f.Fact]:
    """The kill is lifted, a pilot's only where its owner has room for it; exposing again is a command of its own."""
    if not workload.killed:
        raise refuse("not-killed", "", "The workload is not killed; there is nothing to revive.")
    problems = list(occupied(workload, context)) if workload.phase in PILOTING else []
    if problems:
        raise Refused(problems)
    return [f.Revived(reason=command.reason)]


def resolve_breach(workload: Workload, command: c.ResolveBreach, _context: Context) -> list[f.Fact]:
    """Only an open breach can be closed."""
    if not any(breach.metric == command.metric for breach in workload.open_breaches):
        raise refuse("no-open-breach", "metric", f"No breach of {command.metric} is open.")
    return [f.BreachResolved(metric=command.metric, reason=command.reason)]
