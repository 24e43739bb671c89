"""Early phases that were run shorter than the cadence gives them, with the work that was skipped for it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

from msgspec import Struct

from pilotage.gates.case import days_between
from pilotage.gates.pacing import WEEK
from pilotage.playbook.types import Phase, Playbook
from pilotage.record.verdicts import Verdict
from pilotage.record.workload import Workload

DONE = frozenset({"met", "not_applicable"})
EARLY = ("select", "pilot", "evaluate")


class Skipped(Struct, frozen=True, kw_only=True):
    """One criterion that an early phase was left without: set aside at its gate (`waived`), not made up for since."""

    criterion: str
    title: str
    waived: bool


class Compression(Struct, frozen=True, kw_only=True):
    """An early phase that took `days` of the `days_planned` that the cadence gives it, and what it skipped; `warning`
    says all of it in one sentence.
    """

    phase: str
    title: str
    days: int
    days_planned: int
    skipped: tuple[Skipped, ...]
    warning: str


def compressions(playbook: Playbook, workload: Workload, verdicts: dict[str, Verdict]) -> tuple[Compression, ...]:
    """A warning for each early phase that was passed sooner than planned and left work behind.

    A phase that was fast and left nothing behind is no reason to warn. Work that was made up for since is not named.
    """
    found = (_compression(playbook.phase(phase), workload, verdicts) for phase in EARLY)
    return tuple(one for one in found if one is not None)


def _compression(phase: Phase, workload: Workload, verdicts: dict[str, Verdict]) -> Compression | None:
    passed, entered, last = workload.passed.get(phase.id), workload.entered.get(phase.id), phase.weeks[1]
    if passed is None or entered is None or last is None:
        return None
    planned = (last - phase.weeks[0] + 1) * WEEK.days
    days = max(1, math.ceil(days_between(entered, passed.stamp.at)))
    skipped = tuple(_skipped(phase, workload, verdicts))
    if days >= planned or not skipped:
        return None
    work = "; ".join(f"{one.title}{' (waived)' if one.waived else ''}" for one in skipped)
    return Compression(
        phase=phase.id,
        title=phase.title,
        days=days,
        days_planned=planned,
        skipped=skipped,
        warning=f"{phase.title} took {days} {'day' if days == 1 else 'days'} of {planned}, and skipped: {work}.",
    )


def _skipped(phase: Phase, workload: Workload, verdicts: dict[str, Verdict]) -> Iterator[Skipped]:
    """What the gate saw set aside and is not met since. What it saw met was not skipped, whatever became of it."""
    at_the_gate = workload.passed[phase.id].verdicts
    for criterion in phase.criteria:
        then, now = at_the_gate.get(criterion.id), verdicts.get(criterion.id)
        if then is None or then in DONE or now is None or now.verdict in DONE:
            continue
        yield Skipped(criterion=criterion.id, title=criterion.title, waived=then == "waived")
