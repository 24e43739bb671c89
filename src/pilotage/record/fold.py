"""Folding facts into a workload: one small pure function per kind of fact."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from msgspec import structs

from pilotage.record import facts as f
from pilotage.record.areas.area import Fold
from pilotage.record.areas.classifying import Classifying, RiskClassified
from pilotage.record.areas.listing import AREAS
from pilotage.record.facts import Recorded
from pilotage.record.stamps import Act, Said, Stamp, Standing
from pilotage.record.verdicts import PASSING
from pilotage.record.workload import (
    PHASES,
    Acceptance,
    AnswerSeen,
    Attempt,
    Attestation,
    Breach,
    CharterVersion,
    Clearance,
    Decision,
    Exposure,
    GatePassed,
    Release,
    ScoreGiven,
    Shortfall,
    Signature,
    WaiverAsked,
    Workload,
    WoundDown,
)

Changes = dict[str, Any]
ACCOUNTABLE = ("owner", "sponsor")


def _scored(w: Workload, fact: f.Scored, stamp: Stamp) -> Changes:
    given = ScoreGiven(
        impact=fact.impact, feasibility=fact.feasibility, readiness=fact.readiness, note=fact.note, stamp=stamp
    )
    return {"scores": {**w.scores, stamp.by: given}}


def _chosen(_w: Workload, fact: f.Chosen, stamp: Stamp) -> Changes:
    return {"argument": Said(text=fact.argument, stamp=stamp)}


def _assigned(w: Workload, fact: f.Assigned, stamp: Stamp) -> Changes:
    given = {"assigned": {**w.assigned, fact.role: stamp}}
    if fact.role == "owner":
        return given | {"owner": fact.person, "acceptance": w.acceptance if fact.person == w.owner else None}
    if fact.role == "sponsor":
        return given | {"sponsor": fact.person}
    return given | {"reviewers": {**w.reviewers, fact.role.removeprefix("reviewer:"): fact.person}}


def _accepted(_w: Workload, fact: f.OwnershipAccepted, stamp: Stamp) -> Changes:
    return {
        "acceptance": Acceptance(
            technical=fact.technical, operational=fact.operational, statement=fact.statement, stamp=stamp
        )
    }


def _revised(w: Workload, fact: f.CharterRevised, stamp: Stamp) -> Changes:
    version = CharterVersion(
        version=fact.version,
        charter=fact.charter,
        team=fact.team,
        digest=fact.digest,
        material=fact.material,
        page=fact.page,
        stamp=stamp,
    )
    return {"charters": (*w.charters, version)}


def _signed(w: Workload, fact: f.Signed, stamp: Stamp) -> Changes:
    signature = Signature(**structs.asdict(fact), stamp=stamp)
    signed = structs.replace(w, signatures=(*w.signatures, signature))
    if fact.digest in w.in_force or not _agreed(signed, fact):
        return {"signatures": signed.signatures}
    waiver = w.waivers.get(fact.subject.removeprefix("waiver:"))
    return {
        "signatures": signed.signatures,
        "in_force": (*w.in_force, fact.digest),
        "standing_waivers": {**w.standing_waivers, waiver.criterion: waiver} if waiver else w.standing_waivers,
    }


def _agreed(w: Workload, fact: f.Signed) -> bool:
    """Whether a decision or a waiver now has everybody's signature. A charter is never settled: edits void it."""
    if fact.subject == "decision":
        return len(w.signed(fact.subject, fact.digest)) == len(ACCOUNTABLE)
    waiver = w.waivers.get(fact.subject.removeprefix("waiver:"))
    return waiver is not None and waiver.digest == fact.digest and len(w.waiver_signers(waiver)) == len(ACCOUNTABLE)


def _taken_back(w: Workload, why: str, stamp: Stamp) -> Changes:
    """Nobody sees the candidate any more until somebody exposes it again; it may run on unseen."""
    if w.exposure.mode not in {"suggest", "live"}:
        return {}
    back = structs.replace(w.exposure, mode="shadow", percent=0.0, cohorts=(), reason=why, stamp=stamp)
    return {"exposure": back, "exposures": (*w.exposures, back)}


def _registered(w: Workload, fact: f.ReleaseRegistered, stamp: Stamp) -> Changes:
    after = structs.replace(w, releases={**w.releases, fact.name: Release(**structs.asdict(fact), stamp=stamp)})
    return {"releases": after.releases, **_follower(w, after, stamp)}


def _declared(w: Workload, fact: f.EvaluationDeclared, stamp: Stamp) -> Changes:
    attempt = Attempt(number=fact.attempt, release=fact.release, alpha=fact.alpha, stamp=stamp)
    after = structs.replace(w, attempts=(*w.attempts, attempt))
    return {"attempts": after.attempts, "answer": None, **_follower(w, after, stamp)}


def _follower(before: Workload, after: Workload, stamp: Stamp) -> Changes:
    """What another running release changes: people agreed to see the one before, not this one."""
    if before.release is None or after.release is None or before.release.digest == after.release.digest:
        return {}
    return _taken_back(before, f"release {after.release.name} runs now; it has to be exposed anew", stamp)


def _cleared(w: Workload, fact: f.PilotCleared, stamp: Stamp) -> Changes:
    return {"clearances": {**w.clearances, fact.area: Clearance(**structs.asdict(fact), stamp=stamp)}}


def _analysed(_w: Workload, fact: f.ShortfallAnalysed, stamp: Stamp) -> Changes:
    return {"shortfall": Shortfall(**structs.asdict(fact), stamp=stamp)}


def _attested(w: Workload, fact: f.Attested, stamp: Stamp) -> Changes:
    return {"attestations": {**w.attestations, fact.criterion: Attestation(**structs.asdict(fact), stamp=stamp)}}


def _advanced(w: Workload, fact: f.Advanced, stamp: Stamp) -> Changes:
    passed = GatePassed(phase=fact.from_phase, verdicts=fact.verdicts, stamp=stamp)
    rolling_out = {"ladder_from": stamp.at} if fact.to_phase == "deploy" else {}
    return {
        **rolling_out,
        "phase": fact.to_phase,
        "entered": {**w.entered, fact.to_phase: stamp.at},
        "passed": {**w.passed, fact.from_phase: passed},
    }


def _went_back(w: Workload, fact: f.WentBack, stamp: Stamp) -> Changes:
    again = PHASES[PHASES.index(fact.to_phase) :]
    asked_again = {one for one in w.measured if one.partition(".")[0] in again}
    return {
        "measured": _without(w.measured, asked_again),
        "measured_since": _without(w.measured_since, asked_again),
        "ceased": _without(w.ceased, asked_again),
        "phase": fact.to_phase,
        "entered": {**w.entered, fact.to_phase: stamp.at},
        "passed": {phase: gate for phase, gate in w.passed.items() if phase not in again},
        "reopened": {**w.reopened, **dict.fromkeys(again, stamp)},
    }


def _kept(w: Workload, fact: f.EvidenceFrozen | f.CaseFrozen, stamp: Stamp) -> Changes:
    """Only where it stands: it is large, and read by those who compute it again."""
    return {"frozen": {**w.frozen, fact.digest: stamp.position}}


def _decided(w: Workload, fact: f.Decided, stamp: Stamp) -> Changes:
    return {"decisions": (*w.decisions, Decision(**structs.asdict(fact), stamp=stamp))}


def _exposure_set(w: Workload, fact: f.ExposureSet, stamp: Stamp) -> Changes:
    exposure = Exposure(**structs.asdict(fact), stamp=stamp)
    return {"exposure": exposure, "exposures": (*w.exposures, exposure)}


def _killed(w: Workload, fact: f.Killed, stamp: Stamp) -> Changes:
    off = Exposure(reason=f"killed: {fact.reason}", stamp=stamp)
    return {"killed": Said(text=fact.reason, stamp=stamp), "exposure": off, "exposures": (*w.exposures, off)}


def _revived(_w: Workload, _fact: f.Revived, stamp: Stamp) -> Changes:
    return {"killed": None, "ladder_from": stamp.at}


def _waived(w: Workload, fact: f.Waived, stamp: Stamp) -> Changes:
    return {"waivers": {**w.waivers, fact.criterion: WaiverAsked(**structs.asdict(fact), stamp=stamp)}}


def _commented(w: Workload, fact: f.Commented, stamp: Stamp) -> Changes:
    return {"comments": (*w.comments, Said(text=fact.comment, stamp=stamp))}


def _breached(w: Workload, fact: f.GuardrailBreached, stamp: Stamp) -> Changes:
    breach = Breach(metric=fact.metric, stage=fact.stage, reason=fact.reason, stamp=stamp)
    why = f"guardrail {fact.metric} broke: {fact.reason}"
    return {"breaches": (*w.breaches, breach), **_taken_back(w, why, stamp)}


def _resolved(w: Workload, fact: f.BreachResolved, stamp: Stamp) -> Changes:
    return {
        "breaches": tuple(
            structs.replace(b, resolved=stamp) if b.metric == fact.metric and b.resolved is None else b
            for b in w.breaches
        ),
        "ladder_from": stamp.at,
    }


def _answered(w: Workload, fact: f.AnswerMeasured, stamp: Stamp) -> Changes:
    seen = AnswerSeen(answer=fact.answer, attempt=fact.attempt, reason=fact.reason, stamp=stamp)
    return {"answer": seen, "answers": {**w.answers, str(fact.attempt): seen}}


def _measured(w: Workload, fact: f.VerdictMeasured, stamp: Stamp) -> Changes:
    """When a criterion that was seen to hold ceases to, the days of grace begin."""
    changed = w.measured.get(fact.criterion) != fact.verdict
    seen = {
        "measured": {**w.measured, fact.criterion: fact.verdict},
        "measured_since": {**w.measured_since, fact.criterion: stamp.at} if changed else w.measured_since,
    }
    if fact.verdict in PASSING:
        return {**seen, "ceased": _without(w.ceased, {fact.criterion})}
    ceased = {fact.criterion: stamp.at} if w.was_met(fact.criterion) and fact.criterion not in w.ceased else {}
    return {**seen, "ceased": {**w.ceased, **ceased}}


def _wound_down(_w: Workload, fact: f.PilotWoundDown, stamp: Stamp) -> Changes:
    return {"wound_down": WoundDown(**structs.asdict(fact), stamp=stamp)}


def _foreseen(w: Workload, fact: f.LapseForeseen, _stamp: Stamp) -> Changes:
    return {"foreseen": {**w.foreseen, fact.criterion: fact.valid_until}}


def _without(held: Mapping[str, Any], gone: Collection[str]) -> dict[str, Any]:
    return {key: value for key, value in held.items() if key not in gone}


def _in_area(name: str, step: Fold) -> Callable[[Workload, Any, Stamp], Changes]:
    """The fold of an area's fact changes the area's state, and nothing else."""
    return lambda w, fact, stamp: {name: step(getattr(w, name), fact, stamp)}


def _classified(_w: Workload, fact: RiskClassified, stamp: Stamp) -> Changes:
    """The lane is what the classification says from then on."""
    return {"risk": Classifying(classified=Standing(fact=fact, stamp=stamp)), "lane": fact.lane}


_APPLY: dict[type, Callable[[Workload, Any, Stamp], Changes]] = {
    f.Scored: _scored,
    f.Chosen: _chosen,
    f.Assigned: _assigned,
    f.OwnershipAccepted: _accepted,
    f.CharterRevised: _revised,
    f.Signed: _signed,
    f.ReleaseRegistered: _registered,
    f.EvaluationDeclared: _declared,
    f.PilotCleared: _cleared,
    f.ShortfallAnalysed: _analysed,
    f.Attested: _attested,
    f.Advanced: _advanced,
    f.WentBack: _went_back,
    f.EvidenceFrozen: _kept,
    f.CaseFrozen: _kept,
    f.Decided: _decided,
    f.ExposureSet: _exposure_set,
    f.Killed: _killed,
    f.Revived: _revived,
    f.Waived: _waived,
    f.Commented: _commented,
    f.GuardrailBreached: _breached,
    f.BreachResolved: _resolved,
    f.AnswerMeasured: _answered,
    f.VerdictMeasured: _measured,
    f.PilotWoundDown: _wound_down,
    f.LapseForeseen: _foreseen,
    **{kind: _in_area(area.name, step) for area in AREAS for kind, step in area.all_folds.items()},
    RiskClassified: _classified,
}


def _begin(slug: str, recorded: Recorded, fact: f.Proposed, stamp: Stamp) -> Workload:
    return Workload(
        slug=slug,
        **structs.asdict(fact),
        proposed=stamp,
        sequence=recorded.sequence,
        position=recorded.position,
        updated_at=recorded.at,
        simulated=recorded.simulated,
        entered={"select": recorded.at},
        acts={recorded.actor: Act(kind="proposed", stamp=stamp)},
    )


def apply(workload: Workload | None, slug: str, recorded: Recorded) -> Workload:
    """The workload after one more fact. The first fact of a workload is its proposal, and only the first.

    Raises ValueError when the order of the facts cannot be: that is a broken ledger, not a user's mistake.
    """
    _check_order(workload, slug, recorded)
    stamp = Stamp(by=recorded.actor, at=recorded.at, position=recorded.position)
    fact = recorded.fact
    if isinstance(fact, f.Proposed):
        if workload is not None:
            raise ValueError(f"{slug} is proposed twice: at entries {workload.proposed.position} and {stamp.position}")
        return _begin(slug, recorded, fact, stamp)
    if workload is None:
        raise ValueError(f"{slug} begins with {type(fact).__name__} at entry {stamp.position}, not with its proposal")
    step = _APPLY.get(type(fact))
    if step is None:
        raise ValueError(
            f"{type(fact).__name__} at entry {stamp.position} is no fact about a workload, and not {slug}'s"
        )
    changes = step(workload, fact, stamp)
    return structs.replace(
        workload,
        **changes,
        sequence=recorded.sequence,
        position=recorded.position,
        updated_at=recorded.at,
        simulated=workload.simulated or recorded.simulated,
        acts={**workload.acts, recorded.actor: Act(kind=str(fact.__struct_config__.tag), stamp=stamp)},
    )


def _check_order(workload: Workload | None, slug: str, recorded: Recorded) -> None:
    """A missing or repeated fact would make a workload that never was."""
    sequence, position = (workload.sequence, workload.position) if workload else (0, 0)
    if recorded.sequence != sequence + 1 or recorded.position <= position:
        raise ValueError(
            f"{slug}: fact {recorded.sequence} at entry {recorded.position} cannot follow fact {sequence} "
            f"at entry {position}"
        )


def fold(slug: str, entries: Iterable[Recorded], workload: Workload | None = None) -> Workload | None:
    """The workload that a run of facts makes; None when there are none. Continues from `workload` if given."""
    for recorded in entries:
        workload = apply(workload, slug, recorded)
    return workload
