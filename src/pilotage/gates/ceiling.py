"""The ceiling: the most exposure that the passed gates allow, and every reason why it is not more. Pure.

Each rule may lower the ceiling and says why; the lowest one binds, and its reasons come first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from msgspec import Struct

from pilotage.gates.ladder import allowed_percent
from pilotage.gates.pilot_checks import clearance_needed, zombie_since
from pilotage.playbook.types import Playbook
from pilotage.record.verdicts import MODE_RANK, ExposureLimit, Mode, Verdict
from pilotage.record.workload import Exposure, Workload

FULL = 100.0


class Bound(Struct, frozen=True, kw_only=True):
    """One rule's upper bound, with its reason."""

    mode: Mode
    percent: float = FULL
    cohort_required: bool = False
    reason: str

    @property
    def rank(self) -> tuple[int, float]:
        """Lower binds first."""
        return MODE_RANK[self.mode], self.percent if self.mode in {"suggest", "live"} else FULL


class Standing(Struct, frozen=True, kw_only=True):
    """What every rule looks at."""

    playbook: Playbook
    workload: Workload
    verdicts: dict[str, Verdict]
    now: dt.datetime

    def passes(self, criterion: str) -> bool:
        """Whether a criterion's verdict passes; one that the lane does not ask for does not stand in the way."""
        verdict = self.verdicts.get(criterion)
        return verdict is None or verdict.passes


def _killed(s: Standing) -> Iterator[Bound]:
    if s.workload.killed:
        yield Bound(mode="none", reason=f"Killed by {s.workload.killed.stamp.by}: {s.workload.killed.text}")


def _phase(s: Standing) -> Iterator[Bound]:
    phase = s.playbook.phase(s.workload.phase)
    mode = phase.ceiling.mode
    if mode in {"none", "shadow"}:
        why = "the gate has to pass first" if mode == "none" else "nobody sees the candidate's answers yet"
        yield Bound(mode=mode, reason=f"Phase {phase.id} allows {mode}: {why}.")
    elif mode == "suggest":
        yield Bound(
            mode="suggest",
            cohort_required=True,
            reason=f"Phase {phase.id} allows at most suggestions to a named cohort; live traffic needs the gates "
            "up to harden passed.",
        )
    elif mode == "stage":
        yield from _stage(s)


def _stage(s: Standing) -> Iterator[Bound]:
    percent = allowed_percent(s.playbook, s.workload, s.now)
    if percent < FULL:
        yield Bound(mode="live", percent=percent, reason=f"The roll-out stands at its {percent:g} % stage.")
    phase = s.playbook.phase(s.workload.phase)
    for criterion in phase.criteria:
        if criterion.before_exposure and not s.passes(criterion.id):
            verdict = s.verdicts[criterion.id]
            yield Bound(
                mode="suggest",
                cohort_required=True,
                reason=f"{criterion.id} must hold before anybody is exposed: {verdict.reason}",
            )


def _open_gate(s: Standing) -> Iterator[Bound]:
    """Below live, the open criteria of the gates on the way are the reasons a person can act on."""
    if s.playbook.phase(s.workload.phase).ceiling.mode in {"stage", "full"}:
        return
    for verdict in s.verdicts.values():
        if verdict.phase == s.workload.phase and not verdict.passes:
            yield Bound(
                mode="suggest", cohort_required=True, reason=f"{verdict.id} is {verdict.verdict}: {verdict.reason}"
            )


def _release(s: Standing) -> Iterator[Bound]:
    if s.workload.release is None:
        yield Bound(mode="none", reason="No candidate release is registered.")


def _clearance(s: Standing) -> Iterator[Bound]:
    if s.workload.phase == "select" or s.passes("pilot.clearance"):
        return
    if clearance_needed(s.workload):
        yield Bound(
            mode="none",
            reason="Personal data or an outside processor: privacy and security have to clear the pilot before shadow.",
        )
    else:
        yield Bound(mode="shadow", reason="Privacy and security have to clear the pilot before anybody sees an answer.")


def _overdue(s: Standing) -> Iterator[Bound]:
    if s.workload.phase not in {"pilot", "evaluate"}:
        return
    limit = zombie_since(s.workload, s.playbook.pilot.decision_grace_days)
    if limit and s.now.date() > limit:
        yield Bound(mode="none", reason=f"No decision was signed by {limit}: shadowing has stopped.")


def _refused(s: Standing) -> Iterator[Bound]:
    decision = s.workload.decision
    if decision and decision.outcome == "no_go":
        yield Bound(mode="none", reason=f"Decided no-go on {decision.stamp.at.date()}.")


def _waivers(s: Standing) -> Iterator[Bound]:
    waived = [v.id for v in s.verdicts.values() if v.verdict == "waived"]
    if not waived:
        return
    rules = s.playbook.waivers
    demonstration = s.workload.demonstration
    percent = rules.demonstration_ceiling_percent if demonstration else rules.ceiling_percent
    note = " in a demonstration" if demonstration else ""
    yield Bound(mode="live", percent=percent, reason=f"Waivers limit live to {percent:g} %{note}: {', '.join(waived)}.")


def _breaches(s: Standing) -> Iterator[Bound]:
    for breach in s.workload.open_breaches:
        yield Bound(
            mode="shadow",
            reason=f"Guardrail {breach.metric} broke on {breach.stamp.at.date()} and is not resolved: {breach.reason}",
        )


def _lapsed(s: Standing) -> Iterator[Bound]:
    """An enforced criterion of a passed gate that no longer holds takes the ceiling back to its phase's."""
    for phase_id, passed in s.workload.passed.items():
        phase = s.playbook.phase(phase_id)
        for criterion in phase.criteria:
            verdict = s.verdicts.get(criterion.id)
            if not criterion.enforced or verdict is None or verdict.passes:
                continue
            grace = dt.timedelta(days=criterion.grace_days)
            since = max(passed.stamp.at, verdict.valid_until or passed.stamp.at)
            if s.now < since + grace:
                continue
            mode: Mode = "none" if phase.ceiling.mode == "none" else "shadow"
            yield Bound(mode=mode, reason=f"{criterion.id} of a passed gate no longer holds: {verdict.reason}")


_RULES: tuple[Callable[[Standing], Iterator[Bound]], ...] = (
    _killed,
    _phase,
    _release,
    _clearance,
    _overdue,
    _refused,
    _breaches,
    _lapsed,
    _waivers,
    _open_gate,
)


def ceiling(playbook: Playbook, workload: Workload, verdicts: dict[str, Verdict], now: dt.datetime) -> ExposureLimit:
    """The most exposure allowed now. Nothing that is unknown raises it."""
    standing = Standing(playbook=playbook, workload=workload, verdicts=verdicts, now=now)
    bounds = sorted((bound for rule in _RULES for bound in rule(standing)), key=lambda bound: bound.rank)
    if not bounds:
        return ExposureLimit(mode="live", percent=FULL, reasons=("Every gate on the way is passed.",))
    lowest = bounds[0]
    return ExposureLimit(
        mode=lowest.mode,
        percent=lowest.percent if lowest.mode in {"suggest", "live"} else 0.0,
        cohort_required=any(bound.cohort_required for bound in bounds),
        reasons=tuple(dict.fromkeys(bound.reason for bound in bounds)),
    )


def effective(asked: Exposure, limit: ExposureLimit) -> tuple[Mode, float, tuple[str, ...]]:
    """What is really exposed: what was asked for, cut down to the ceiling."""
    if MODE_RANK[asked.mode] < MODE_RANK[limit.mode]:
        return asked.mode, asked.percent, asked.cohorts
    if MODE_RANK[asked.mode] > MODE_RANK[limit.mode]:
        if limit.mode == "suggest" and limit.cohort_required and not asked.cohorts:
            return "shadow", 0.0, ()
        return limit.mode, min(asked.percent, limit.percent), asked.cohorts
    return asked.mode, min(asked.percent, limit.percent), asked.cohorts
