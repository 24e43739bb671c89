"""The ceiling: the most exposure that the passed gates allow, and every reason why it is not more. Pure.

Each rule may lower the ceiling and says why; the lowest one binds, and its reasons come first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from msgspec import Struct

from pilotage.gates.evaluate_checks import RATIO_ALARM
from pilotage.gates.ladder import allowed_percent
from pilotage.gates.pilot_checks import clearance_needed, wound_down, zombie_since
from pilotage.playbook.types import Criterion, Playbook
from pilotage.record.areas.readiness import CRITERION as TRAINING
from pilotage.record.areas.readiness import cohorts_of, rules_of, untrained
from pilotage.record.verdicts import MODE_RANK, ExposureLimit, Mode, Verdict
from pilotage.record.workload import Exposure, Workload, day_of

FULL = 100.0


class Bound(Struct, frozen=True, kw_only=True):
    """One rule's upper bound, with its reason."""

    mode: Mode
    percent: float = FULL
    cohort_required: bool = False
    cohorts: tuple[str, ...] | None = None
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
        """Whether a criterion's verdict passes; one without a verdict does not."""
        verdict = self.verdicts.get(criterion)
        return verdict is not None and verdict.passes

    def asked(self, phase_id: str) -> tuple[Criterion, ...]:
        """The criteria that the workload's lane asks for in a phase."""
        return tuple(c for c in self.playbook.phase(phase_id).criteria if self.workload.lane in c.lanes)


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
    yield from _skewed(s)
    for criterion in s.asked(s.workload.phase):
        verdict = s.verdicts.get(criterion.id)
        # Training is asked of each cohort that is exposed, not of all before the first one: `_training` does that.
        if criterion.before_exposure and criterion.id != TRAINING and not (verdict and verdict.passes):
            yield _held_back(s, criterion.id, verdict.reason if verdict else "it was not judged.")


def _held_back(s: Standing, criterion_id: str, reason: str) -> Bound:
    """Nobody is exposed before it holds. Once people are, its days of grace are for them: the roll-out stays where it
    is, and only then goes back.
    """
    exposed = s.workload.exposure
    if exposed.mode in {"suggest", "live"} and _in_grace(s, criterion_id):
        return Bound(
            mode=exposed.mode,
            percent=exposed.percent,
            reason=f"The roll-out goes no further while {criterion_id} does not hold: {reason}",
        )
    return Bound(
        mode="suggest",
        cohort_required=True,
        reason=f"{criterion_id} must hold before anybody is exposed: {reason}",
    )


def _skewed(s: Standing) -> Iterator[Bound]:
    """While the arms are not assigned as the lease says, the roll-out goes no further."""
    for verdict in s.verdicts.values():
        if verdict.phase == s.workload.phase and any(found.figure == RATIO_ALARM for found in verdict.evidence):
            now = s.workload.exposure.percent if s.workload.exposure.mode == "live" else 0.0
            foot = s.playbook.stages[0].percent
            yield Bound(mode="live", percent=max(now, foot), reason=f"The roll-out is held: {verdict.reason}")


def _training(s: Standing) -> Iterator[Bound]:
    """Only cohorts whose people are trained meet the candidate, and everybody only once every audience is.

    Who is exposed already is borne with for the days of grace; whoever asks to expose anew is not.
    """
    everybody = _untrained(s, ())
    if not everybody:
        return
    ready = tuple(cohort for cohort in cohorts_of(s.workload) if not _untrained(s, (cohort,)))
    if ready:
        yield Bound(
            mode="live",
            cohort_required=True,
            cohorts=ready,
            reason=f"Only trained cohorts may be exposed: {', '.join(ready)}. {everybody[0]}",
        )
    else:
        yield Bound(mode="shadow", reason=f"Nobody is exposed before being trained. {everybody[0]}")


def _untrained(s: Standing, cohorts: tuple[str, ...]) -> tuple[str, ...]:
    asked = s.workload.exposure
    covered = not asked.cohorts or (bool(cohorts) and set(cohorts) <= set(asked.cohorts))
    since = asked.stamp.at if asked.stamp and asked.mode in {"suggest", "live"} and covered else None
    return untrained(s.workload, cohorts, rules_of(s.playbook), s.now, exposed_since=since)


def _undecided(s: Standing) -> Iterator[Bound]:
    """Whatever a team's playbook says of its phases, nothing is served without a go."""
    decision = s.workload.decision
    if s.playbook.phase(s.workload.phase).ceiling.mode in {"stage", "full"} and not (
        decision and decision.outcome == "go"
    ):
        yield Bound(
            mode="suggest", cohort_required=True, reason="Live traffic needs a go decision signed by owner and sponsor."
        )


def _unjudged(s: Standing) -> Iterator[Bound]:
    """A verdict that is missing says nothing, and nothing is never a pass."""
    missing = [c.id for phase in s.playbook.phases for c in s.asked(phase.id) if c.id not in s.verdicts]
    if missing:
        yield Bound(mode="none", reason=f"Not judged: {', '.join(missing)}.")


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
    if s.workload.phase == "select" or s.passes("pilot.clearance") or _in_grace(s, "pilot.clearance"):
        return
    if clearance_needed(s.workload):
        yield Bound(
            mode="none",
            reason="Personal data or an outside processor: privacy and security have to clear the pilot before shadow.",
        )
    else:
        yield Bound(mode="shadow", reason="Privacy and security have to clear the pilot before anybody sees an answer.")


def _in_grace(s: Standing, criterion_id: str) -> bool:
    """Whether a criterion held and ceased to so lately that the playbook still bears with it.

    Grace counts from the first moment that is known: the day on which its evidence grew too old, the entry by which it
    ceased, or when the watch saw that it had. Only where none of them is known, from now. It is for what is missing:
    what speaks against the criterion, a rejection say, counts at once.
    """
    verdict = s.verdicts.get(criterion_id)
    if verdict is None or verdict.at_once:
        return False
    aged, written = _aged(s, verdict), s.workload.ceased.get(criterion_id)
    if aged is None and written is None and not s.workload.was_met(criterion_id):
        return False
    known = [moment for moment in (aged, written, verdict.ceased) if moment is not None]
    return s.now < min(known, default=s.now) + dt.timedelta(days=s.playbook.criterion(criterion_id).grace_days)


def _aged(s: Standing, verdict: Verdict) -> dt.datetime | None:
    """When the evidence of a criterion that does not hold grew too old; None where that is not why."""
    until = verdict.valid_until
    return until if not verdict.passes and until is not None and until <= s.now else None


def _overdue(s: Standing) -> Iterator[Bound]:
    if wound_down(s.workload, s.playbook, s.now):
        limit = zombie_since(s.workload, s.playbook.pilot.decision_grace_days)
        yield Bound(mode="none", reason=f"No decision was signed by {limit}: shadowing has stopped.")


def _refused(s: Standing) -> Iterator[Bound]:
    decision = s.workload.decision
    if decision and decision.outcome == "no_go":
        yield Bound(mode="none", reason=f"Decided no-go on {day_of(s.workload, decision.stamp.at)}.")


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
            reason=f"Guardrail {breach.metric} broke on {day_of(s.workload, breach.stamp.at)} and is not resolved: "
            f"{breach.reason}",
        )


def _lapsed(s: Standing) -> Iterator[Bound]:
    """What a passed gate rested on and rests on no more takes the ceiling back before that gate.

    That is an enforced criterion after its grace, and any criterion that was only waived and whose waiver ended:
    the gate never saw it met. Training takes back only the cohorts that lack it (`_training`).
    """
    for phase_id, passed in s.workload.passed.items():
        phase = s.playbook.phase(phase_id)
        mode: Mode = "none" if phase.ceiling.mode == "none" else "shadow"
        for criterion in s.asked(phase_id):
            verdict = s.verdicts.get(criterion.id)
            if verdict is None or verdict.passes or criterion.id == TRAINING:
                continue
            if passed.verdicts.get(criterion.id) == "waived":
                yield Bound(mode=mode, reason=f"{criterion.id} was waived and the waiver ended: {verdict.reason}")
            elif criterion.enforced and not _in_grace(s, criterion.id):
                yield Bound(mode=mode, reason=f"{criterion.id} of a passed gate no longer holds: {verdict.reason}")


def _lapsed_here(s: Standing) -> Iterator[Bound]:
    """Where the candidate serves, what is enforced in the present phase and held takes it back once it ceased to.

    On the way up the ladder only age does: a step that begins anew is open again, which must not end the climb.
    """
    phase = s.playbook.phase(s.workload.phase)
    if phase.ceiling.mode not in {"stage", "full"}:
        return
    for criterion in s.asked(phase.id):
        verdict = s.verdicts.get(criterion.id)
        if verdict is None or verdict.passes or not criterion.enforced or criterion.id == TRAINING:
            continue
        held = s.workload.was_met(criterion.id) or criterion.id in s.workload.ceased
        held = _aged(s, verdict) is not None or (held and phase.ceiling.mode == "full")
        if held and not _in_grace(s, criterion.id):
            yield Bound(mode="shadow", reason=f"{criterion.id} held and no longer does: {verdict.reason}")


_RULES: tuple[Callable[[Standing], Iterator[Bound]], ...] = (
    _killed,
    _phase,
    _release,
    _training,
    _unjudged,
    _clearance,
    _overdue,
    _refused,
    _undecided,
    _breaches,
    _lapsed,
    _lapsed_here,
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
        cohorts=next((bound.cohorts for bound in bounds if bound.cohorts is not None), None),
        reasons=tuple(dict.fromkeys(bound.reason for bound in bounds)),
    )


def effective(asked: Exposure, limit: ExposureLimit) -> tuple[Mode, float, tuple[str, ...]]:
    """What is really exposed: what was asked for, cut down to the ceiling. Percentage and cohorts of none and
    shadow are empty. One cohort that is not trained cuts the whole exposure: its share of calls is what was asked for.
    """
    mode = min(asked.mode, limit.mode, key=MODE_RANK.__getitem__)
    if mode == "suggest" and limit.cohort_required and not asked.cohorts:
        mode = "shadow"
    if limit.cohorts is not None and not (asked.cohorts and set(asked.cohorts) <= set(limit.cohorts)):
        mode = min(mode, "shadow", key=MODE_RANK.__getitem__)
    if mode not in {"suggest", "live"}:
        return mode, 0.0, ()
    return mode, min(asked.percent, limit.percent) if mode == limit.mode else asked.percent, asked.cohorts
