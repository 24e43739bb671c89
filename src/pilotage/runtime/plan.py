"""The immutable plan that a call reads: what a lease and the registered arms come to. Pure but for its buffer."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from pilotage.lease import Lease, Mode, Policy, ReleaseRef
from pilotage.runtime.arm import Arm
from pilotage.runtime.bucketing import Buckets, buckets_inside, is_paired, pair_bound
from pilotage.runtime.buffer import Buffer
from pilotage.runtime.records import Arm as ArmKind
from pilotage.runtime.records import Source

Stamp = tuple[Source, Mode, float, str, int]
"""What every call of a plan is recorded under: source, mode, percent, stage, serial."""

NEVER_NS = 2**63 - 1


class Situation(Struct, frozen=True, kw_only=True):
    """What a plan is made from: the lease (None: no valid one), the arms of this process, and how it is set up."""

    lease: Lease | None = None
    incumbent: Arm | None = None
    candidates: Mapping[str, Arm] = {}
    embedded: bool = False
    source: Source | None = None


class Route(Struct, frozen=True, kw_only=True):
    """Where one call goes. `serves` None: people are the incumbent. `assigned_candidate` is the bucket's word."""

    serves: Arm | None
    beside: Arm | None = None
    suggests: Arm | None = None
    assigned_candidate: bool = False
    fallback: str = ""


class Plan(Struct, frozen=True, kw_only=True, eq=False):
    """All that a call needs to know, in one object that is swapped whole.

    Until `simple_until_ns` the short path may serve: synchronous arms, nothing beside, no thread. `lacking` is why
    the candidate cannot run here. `run_incumbent` and `run_candidate` are the bare callables for the short path.
    """

    lease: Lease | None
    mode: Mode
    policy: Policy
    stamp: Stamp
    incumbent: Arm | None
    candidate: Arm | None
    challenger: Arm | None
    lacking: str
    not_after_ns: int
    simple_until_ns: int
    is_live: bool
    buckets: Buckets
    inside: int
    pair_below: int
    cohorts: frozenset[str] | None
    late_ns: int
    run_incumbent: Callable[..., Any] | None
    run_candidate: Callable[..., Any] | None
    as_candidate: tuple[ArmKind, str]
    as_incumbent: tuple[ArmKind, str]
    records_input: bool
    mint: Callable[[], int]
    buffer: Buffer

    @property
    def refuses_real(self) -> bool:
        """Whether this is a demonstration, whose record must never hold real traffic."""
        return self.lease is not None and self.lease.demonstration

    def stamp_for(self, source: Source | None) -> Stamp:
        """The stamp of a call whose caller names the source, or leaves it to the lease."""
        return self.stamp if source is None else (source, *self.stamp[1:])

    def timeout_s(self, arm: Arm) -> float:
        """The time a candidate has: its own limit or the lease's, whichever is shorter."""
        return _limit_ms(arm, self.policy) / 1000

    def route(self, unit: str | None, cohort: str | None, call_id: str) -> Route:
        """Which arm serves the call, which runs beside it, and why a candidate that was due does not."""
        if self.mode == "none":
            return Route(serves=self.incumbent, fallback=self.lacking)
        if self.mode == "shadow":
            return Route(serves=self.incumbent, beside=self.candidate, fallback=self.lacking)
        if not unit:
            return Route(serves=self.incumbent, fallback="no-unit")
        inside = (self.cohorts is None or cohort in self.cohorts) and self.buckets[unit] < self.inside
        if self.mode == "suggest":
            return self._route_suggestion(inside=inside)
        return self._route_live(inside=inside, paired=is_paired(call_id, self.policy.paired_share))

    def _route_suggestion(self, *, inside: bool) -> Route:
        if not inside:
            return Route(serves=self.incumbent)
        return Route(serves=self.incumbent, suggests=self.candidate, fallback=self.lacking)

    def _route_live(self, *, inside: bool, paired: bool) -> Route:
        if inside and self.candidate is not None:
            beside = (self.challenger or self.incumbent) if paired else None
            return Route(serves=self.candidate, beside=beside, assigned_candidate=True)
        if inside:
            return Route(serves=self.incumbent, assigned_candidate=True, fallback=self.lacking)
        return Route(serves=self.incumbent, beside=self.candidate if paired else None)


def make_plan(
    situation: Situation,
    *,
    mint: Callable[[], int] | None = None,
    buffer: Buffer | None = None,
    buckets: Buckets | None = None,
    may_be_short: bool = True,
) -> Plan:
    """The plan of a situation. Without a mint nothing runs in the background yet: no call may take the short path."""
    lease = situation.lease
    mode, lacking = _granted(situation)
    policy = lease.policy if lease is not None else Policy()
    candidate, challenger = None, None
    if mode != "none" and lease is not None:
        candidate, lacking = _resolved(lease.release, situation.candidates)
        challenger, _ = _resolved(lease.challenger, situation.candidates)
    stamp = _stamp(situation, mode)
    refused = lease is not None and lease.demonstration and stamp[0] == "real"
    incumbent = situation.incumbent
    simple = may_be_short and mint is not None and not refused and mode in ("none", "live") and _is_short(incumbent)
    if mode == "live":
        simple = simple and _is_short(candidate) and not policy.hard_timeout
    not_after_ns = NEVER_NS if lease is None else int(lease.not_after * 1e9)
    return Plan(
        lease=lease,
        mode=mode,
        policy=policy,
        stamp=stamp,
        incumbent=incumbent,
        candidate=candidate,
        challenger=challenger,
        lacking=lacking,
        not_after_ns=not_after_ns,
        simple_until_ns=not_after_ns if simple else 0,
        is_live=mode == "live",
        buckets=buckets if buckets is not None else Buckets(lease.salt if lease is not None else ""),
        inside=buckets_inside(lease.percent) if lease is not None else 0,
        pair_below=pair_bound(policy.paired_share),
        cohorts=frozenset(lease.cohorts) if lease is not None and lease.cohorts else None,
        late_ns=int(_limit_ms(candidate, policy) * 1e6),
        run_incumbent=incumbent.run if incumbent is not None else None,
        run_candidate=candidate.run if candidate is not None else None,
        as_candidate=("candidate", candidate.release if candidate is not None else ""),
        as_incumbent=("incumbent", ""),
        records_input=policy.record_input,
        mint=mint or itertools.count().__next__,
        buffer=buffer if buffer is not None else Buffer(),
    )


def _granted(situation: Situation) -> tuple[Mode, str]:
    """The mode that this process may honour, and why it is less than the lease's or there is none."""
    lease = situation.lease
    if lease is None:
        return "none", "no-lease" if situation.candidates else ""
    if situation.embedded and lease.mode in ("suggest", "live"):
        return "none", "embedded"
    return lease.mode, ""


def _resolved(ref: ReleaseRef | None, candidates: Mapping[str, Arm]) -> tuple[Arm | None, str]:
    """The registered release that the lease means, or why there is none that may run."""
    if ref is None:
        return None, "no-release"
    arm = candidates.get(ref.name)
    if arm is None:
        return None, "release-missing"
    if arm.digest != ref.digest:
        return None, "release-mismatch"
    return arm, ""


def _is_short(arm: Arm | None) -> bool:
    return arm is not None and not arm.is_async and not arm.takes_deadline


def _limit_ms(arm: Arm | None, policy: Policy) -> float:
    own = arm.timeout_ms if arm is not None else None
    return policy.timeout_ms if own is None else min(own, policy.timeout_ms)


def _stamp(situation: Situation, mode: Mode) -> Stamp:
    lease = situation.lease
    if lease is None:
        return (situation.source or "real", "none", 0.0, "none/0", 0)
    source = situation.source or lease.source
    if mode == lease.mode:
        return (source, mode, min(100.0, max(0.0, lease.percent)), lease.stage[:200], lease.serial)
    return (source, mode, 0.0, "none/0", lease.serial)
