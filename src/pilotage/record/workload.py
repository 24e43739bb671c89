"""The workload: the fold of its facts. Pure.

`fold` is total over the facts this version knows, and a workload equals the fold of its entries in order;
nothing else makes or changes one.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from msgspec import Struct

from pilotage.playbook.types import Lane, PhaseId
from pilotage.record.areas.adopting import Adopting
from pilotage.record.areas.architecture import Architecture
from pilotage.record.areas.auditing import Auditing
from pilotage.record.areas.benefiting import Benefiting
from pilotage.record.areas.blind_reviewing import BlindReviewing
from pilotage.record.areas.change import Change
from pilotage.record.areas.classifying import Classifying
from pilotage.record.areas.costing import Costing
from pilotage.record.areas.data import DataSources
from pilotage.record.areas.deciding import Deciding
from pilotage.record.areas.drifting import Drifting
from pilotage.record.areas.feedback import Feedback
from pilotage.record.areas.operating import Operating
from pilotage.record.areas.outside import Outside
from pilotage.record.areas.planning import Planning
from pilotage.record.areas.reviewing import Reviewing
from pilotage.record.areas.runbook import Runbook
from pilotage.record.areas.training import Training
from pilotage.record.charter import Charter, PageFit, promised
from pilotage.record.facts import CurvePointRead
from pilotage.record.stages import stage_of
from pilotage.record.stamps import Act, Said, Stamp
from pilotage.record.verdicts import PASSING, Mode

PHASES: tuple[PhaseId, ...] = get_args(PhaseId)
PILOTING = frozenset({"pilot", "evaluate"})


class ScoreGiven(Struct, frozen=True, kw_only=True):
    """One person's score."""

    impact: int
    feasibility: int
    readiness: int
    note: str
    stamp: Stamp

    @property
    def mean(self) -> float:
        """The mean of the three scales."""
        return (self.impact + self.feasibility + self.readiness) / 3


class Acceptance(Struct, frozen=True, kw_only=True):
    """The owner's acceptance."""

    technical: bool
    operational: bool
    statement: str
    stamp: Stamp


class CharterVersion(Struct, frozen=True, kw_only=True):
    """One version of the charter, with the digests of all of it and of what is material, and how much of one page it
    takes.
    """

    version: int
    charter: Charter
    team: str
    digest: str
    material: str | None = None
    page: PageFit | None = None
    stamp: Stamp


class Signature(Struct, frozen=True, kw_only=True):
    """A signature is given on what a digest stands for; `covers` is what of a charter it holds on to, where that is
    less than all of it.
    """

    subject: str
    digest: str
    role: str
    meaning: str
    covers: str | None = None
    stamp: Stamp


class Release(Struct, frozen=True, kw_only=True):
    """A registered release."""

    name: str
    digest: str
    code_revision: str
    environment: str
    model: str
    parameters: str
    data_source: str
    training_examples: int | None = None
    stamp: Stamp


class Attempt(Struct, frozen=True, kw_only=True):
    """A release declared for evaluation, and the per-side error it is tested at."""

    number: int
    release: str
    alpha: float
    stamp: Stamp


class Clearance(Struct, frozen=True, kw_only=True):
    """What privacy or security signed."""

    area: str
    fields: tuple[str, ...]
    processors: tuple[str, ...]
    retention_days: int
    statement: str
    digest: str
    stamp: Stamp


class Shortfall(Struct, frozen=True, kw_only=True):
    """The newest analysis of a missed target: of which attempt, where it fails, why, and what would help."""

    attempt: int
    segments: tuple[str, ...]
    cause: str
    remedy: str
    effort: str
    curve: tuple[CurvePointRead, ...]
    stamp: Stamp


class Attestation(Struct, frozen=True, kw_only=True):
    """A named person's word on a criterion."""

    criterion: str
    statement: str
    document_digest: str
    digest: str
    stamp: Stamp


class WaiverAsked(Struct, frozen=True, kw_only=True):
    """A waiver, in force from its second signature until it expires."""

    criterion: str
    reason: str
    expires_on: dt.date
    digest: str
    stamp: Stamp


class Decision(Struct, frozen=True, kw_only=True):
    """A decision with the verdicts frozen in it, and the digests of the evidence and the case frozen with it."""

    outcome: Literal["go", "no_go", "extend"]
    reasons: str
    dissent: str
    extend_until: dt.date | None
    verdicts: dict[str, str]
    answer: str
    digest: str
    stamp: Stamp
    evidence: str | None = None
    case: str | None = None


class Exposure(Struct, frozen=True, kw_only=True):
    """How much traffic the candidate was asked to see, from `stamp.at` on."""

    mode: Mode = "none"
    percent: float = 0.0
    cohorts: tuple[str, ...] = ()
    reason: str = "nothing has been exposed yet"
    timeout_ms: float = 1000.0
    hard_timeout: bool = False
    paired_share: float = 0.1
    stamp: Stamp | None = None


class GatePassed(Struct, frozen=True, kw_only=True):
    """A gate that was passed, with the verdicts of its time."""

    phase: PhaseId
    verdicts: dict[str, str]
    stamp: Stamp


class Breach(Struct, frozen=True, kw_only=True):
    """A guardrail's breach seen while people were exposed."""

    metric: str
    stage: str
    reason: str
    stamp: Stamp
    resolved: Stamp | None = None


class AnswerSeen(Struct, frozen=True, kw_only=True):
    """The last sequential answer that was written down."""

    answer: str
    attempt: int
    reason: str
    stamp: Stamp


class WoundDown(Struct, frozen=True, kw_only=True):
    """The sponsor is told that the decision date passed and shadowing stopped. `exposed` is what ran until then."""

    decision_on: dt.date
    exposed: Mode
    sponsor: str | None
    stamp: Stamp


class Workload(Struct, frozen=True, kw_only=True):
    """Everything that the record knows of one workload.

    `frozen` holds where in the ledger stands what was frozen with a decision, evidence and case, by its digest.
    `reopened` holds, for each phase that the workload went back over, when: what was decided or attested for it
    before counts no more. `waivers` are the ones last asked for, `standing_waivers` the ones last agreed on, so
    that asking for a longer one does not end the one that stands. `in_force` lists the digests of decisions and
    waivers that came into force, which they do at the moment when everybody who has to sign has signed while
    holding the role. `ladder_from` is when the roll-out ladder last began at its foot: at the roll-out's start, the
    end of a breach, or the lifting of a kill. `answers` holds the last answer seen of every attempt, by its number.
    `measured` holds the last verdict written down of each measured or enforced criterion, `measured_since` since when
    it is that, `ceased` since when one that was seen to hold does so no more, `foreseen` until when one holds whose end
    was announced. `assigned` holds when each role was last given to somebody, `wound_down` when the watch last told the
    sponsor that nobody decided in time, `acts` the last thing that each person put on the record; reading leaves none.
    """

    slug: str
    title: str
    problem: str
    incumbent: str
    cadence: str
    lane: Lane
    demonstration: bool
    personal_data: bool
    outside_processor: bool
    proposed: Stamp
    sequence: int
    position: int
    updated_at: dt.datetime
    simulated: bool
    phase: PhaseId = "select"
    entered: dict[str, dt.datetime] = {}
    passed: dict[str, GatePassed] = {}
    reopened: dict[str, Stamp] = {}
    scores: dict[str, ScoreGiven] = {}
    argument: Said | None = None
    owner: str | None = None
    sponsor: str | None = None
    reviewers: dict[str, str] = {}
    acceptance: Acceptance | None = None
    charters: tuple[CharterVersion, ...] = ()
    signatures: tuple[Signature, ...] = ()
    in_force: tuple[str, ...] = ()
    releases: dict[str, Release] = {}
    attempts: tuple[Attempt, ...] = ()
    clearances: dict[str, Clearance] = {}
    shortfall: Shortfall | None = None
    attestations: dict[str, Attestation] = {}
    waivers: dict[str, WaiverAsked] = {}
    standing_waivers: dict[str, WaiverAsked] = {}
    decisions: tuple[Decision, ...] = ()
    frozen: dict[str, int] = {}
    exposure: Exposure = Exposure()
    exposures: tuple[Exposure, ...] = ()
    ladder_from: dt.datetime | None = None
    killed: Said | None = None
    breaches: tuple[Breach, ...] = ()
    answer: AnswerSeen | None = None
    answers: dict[str, AnswerSeen] = {}
    measured: dict[str, str] = {}
    measured_since: dict[str, dt.datetime] = {}
    assigned: dict[str, Stamp] = {}
    wound_down: WoundDown | None = None
    comments: tuple[Said, ...] = ()
    risk: Classifying = Classifying()
    planning: Planning = Planning()
    reviews: Reviewing = Reviewing()
    costing: Costing = Costing()
    architecture: Architecture = Architecture()
    operating: Operating = Operating()
    runbook: Runbook = Runbook()
    change: Change = Change()
    training: Training = Training()
    outside: Outside = Outside()
    auditing: Auditing = Auditing()
    drifting: Drifting = Drifting()
    deciding: Deciding = Deciding()
    feedback: Feedback = Feedback()
    adopting: Adopting = Adopting()
    benefiting: Benefiting = Benefiting()
    blind: BlindReviewing = BlindReviewing()
    data: DataSources = DataSources()
    acts: dict[str, Act] = {}
    ceased: dict[str, dt.datetime] = {}
    foreseen: dict[str, dt.datetime] = {}

    @property
    def last_acts(self) -> dict[str, dt.datetime]:
        """When each person last put something on the record."""
        return {person: act.stamp.at for person, act in self.acts.items()}

    @property
    def charter_version(self) -> CharterVersion | None:
        """The charter in force, or None."""
        return self.charters[-1] if self.charters else None

    @property
    def charter(self) -> Charter | None:
        """The charter's content, or None."""
        return self.charters[-1].charter if self.charters else None

    @property
    def measured_charter(self) -> Charter | None:
        """The charter as it is measured: its quantiles as shares of calls beyond their limits."""
        return None if self.charter is None else self.charter.measured

    @property
    def attempt(self) -> Attempt | None:
        """The evaluation attempt now running, or None before the first declaration."""
        return self.attempts[-1] if self.attempts else None

    @property
    def release(self) -> Release | None:
        """The release that runs: the one declared for evaluation, else the newest registered."""
        if self.attempts:
            return self.releases[self.attempts[-1].release]
        return next(reversed(self.releases.values()), None)

    @property
    def promise_since(self) -> Stamp | None:
        """Since when the charter promises what it promises now; edits of its other words do not count."""
        since = None
        for version in reversed(self.charters):
            if promised(version.charter) != promised(self.charters[-1].charter):
                break
            since = version.stamp
        return since

    @property
    def attempt_overtaken(self) -> bool:
        """Whether the promise changed after the running attempt began: its test was about another promise."""
        since = self.promise_since
        return self.attempt is not None and since is not None and self.attempt.stamp.position < since.position

    @property
    def decision(self) -> Decision | None:
        """The newest decision that both owner and sponsor signed and that still counts, or None.

        A go is about one release and one stay in the phase `evaluate`; a no-go stands until both sign another.
        """
        newest = next((d for d in reversed(self.decisions) if self.decision_in_force(d)), None)
        return None if newest and newest.outcome == "go" and self.overtaken(newest) else newest

    @property
    def refused(self) -> bool:
        """Whether a no-go is in force: it ended, and may be decided on again."""
        return self.decision is not None and self.decision.outcome == "no_go"

    def overtaken(self, decision: Decision) -> bool:
        """Whether the workload went back over `evaluate`, or declared another attempt, since a decision was put."""
        later = [self.reopened.get("evaluate"), self.attempt.stamp if self.attempt else None]
        return any(stamp is not None and stamp.position > decision.stamp.position for stamp in later)

    def was_met(self, criterion: str) -> bool:
        """Whether a criterion was last seen to hold, by the watch or else when a gate was passed."""
        passed = [gate.verdicts[criterion] for gate in self.passed.values() if criterion in gate.verdicts]
        return self.measured.get(criterion, passed[-1] if passed else None) in PASSING

    def stage(self, mode: str, percent: float) -> str:
        """The stratum that calls are recorded under while this is exposed."""
        tries = sum(breach.resolved is not None for breach in self.breaches)
        return stage_of(mode, percent, self.attempt, tries)

    @property
    def open_breaches(self) -> tuple[Breach, ...]:
        """Breaches that nobody has resolved."""
        return tuple(breach for breach in self.breaches if breach.resolved is None)

    @property
    def decision_on(self) -> dt.date | None:
        """The day to decide by: the charter's, or the one extension's."""
        if self.charter is None:
            return None
        extended = [d.extend_until for d in self.decisions if d.outcome == "extend" and self.decision_in_force(d)]
        return max([self.charter.decision_on, *(until for until in extended if until)])

    def signed(self, subject: str, digest: str) -> dict[str, Signature]:
        """The signatures that count on this content, by the role they were given in.

        A signature ends with the signer's role, unless what it signs came into force before; one on a charter ends
        with every material edit, also where a later edit brings back what was signed.
        """
        holders = {"owner": self.owner, "sponsor": self.sponsor}
        alike = self._alike(digest) if subject == "charter" else ()
        return {
            s.role: s
            for s in self.signatures
            if s.subject == subject
            and (_holds(s, alike) if subject == "charter" else s.digest == digest)
            and (digest in self.in_force or holders.get(s.role) == s.stamp.by)
        }

    def _alike(self, digest: str) -> tuple[CharterVersion, ...]:
        """The charter's newest version of a digest, after those before it that differ in nothing material."""
        ends = next((n for n in reversed(range(len(self.charters))) if self.charters[n].digest == digest), None)
        if ends is None:
            return ()
        begins, material = ends, self.charters[ends].material
        while begins and material is not None and self.charters[begins - 1].material == material:
            begins -= 1
        return self.charters[begins : ends + 1]

    def signed_version(self, signature: Signature) -> CharterVersion | None:
        """The version of the charter that a signature on it was given on."""
        before = (v for v in reversed(self.charters) if v.stamp.position < signature.stamp.position)
        return next((v for v in before if v.digest == signature.digest), None)

    def decision_in_force(self, decision: Decision) -> bool:
        """Whether owner and sponsor both signed it, each while holding the role."""
        return decision.digest in self.in_force

    def waiver_signers(self, waiver: WaiverAsked) -> tuple[str, ...]:
        """The accountable persons behind a waiver: who asked for it and who signed it."""
        signers = [s.stamp.by for s in self.signed(f"waiver:{waiver.criterion}", waiver.digest).values()]
        asker = waiver.stamp.by
        asked = [asker] if waiver.digest in self.in_force or asker in {self.owner, self.sponsor} else []
        return tuple(dict.fromkeys([*asked, *signers]))

    def roles_of(self, person: str) -> frozenset[str]:
        """The accountable roles that a person holds on this workload."""
        held = {"owner": self.owner, "sponsor": self.sponsor}
        return frozenset(role for role, holder in held.items() if holder == person) | {
            f"reviewer:{area}" for area, holder in self.reviewers.items() if holder == person
        }


def _holds(signature: Signature, alike: tuple[CharterVersion, ...]) -> bool:
    """Whether a signature on the charter counts for the last of versions that are alike in what is material."""
    if not alike:
        return False
    newest = alike[-1]
    if signature.digest == newest.digest and signature.stamp.position > newest.stamp.position:
        return True
    kept = signature.covers is not None and signature.covers == newest.material
    return kept and signature.stamp.position > alike[0].stamp.position


def day_of(workload: Workload, moment: dt.datetime) -> dt.date:
    """The day that a moment falls on in the charter's time zone; UTC before there is a charter."""
    return moment.astimezone(_zone(workload)).date()


def start_of(workload: Workload, day: dt.date) -> dt.datetime:
    """The moment, in UTC, at which a day begins in the charter's time zone."""
    return dt.datetime.combine(day, dt.time(), tzinfo=_zone(workload)).astimezone(dt.UTC)


def _zone(workload: Workload) -> dt.tzinfo:
    return ZoneInfo(workload.charter.time_zone) if workload.charter else dt.UTC
