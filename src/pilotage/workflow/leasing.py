"""From a judgement to the signed lease that bounds the runtime."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from msgspec import structs

from pilotage.lease import Lease, Policy, ReleaseRef, lifetime_s
from pilotage.record.digests import digest_of
from pilotage.record.workload import Workload
from pilotage.workflow.desk import Judgement

KEY_BYTES = 16


def content_of(judgement: Judgement, salt: str, environment: str) -> Lease:
    """What the lease says, without serial and times."""
    workload = judgement.workload
    asked, release = workload.exposure, workload.release
    mode = judgement.mode if release else "none"
    shared = mode in {"suggest", "live"}
    return Lease(
        workload=workload.slug,
        serial=0,
        mode=mode,
        percent=judgement.percent if shared else 0.0,
        cohorts=judgement.cohorts if shared else (),
        stage=workload.stage(mode, judgement.percent),
        release=ReleaseRef(name=release.name, digest=release.digest) if release else None,
        salt=salt,
        environment=environment,
        source="replay" if workload.demonstration else "real",
        demonstration=workload.demonstration,
        policy=Policy(timeout_ms=asked.timeout_ms, hard_timeout=asked.hard_timeout, paired_share=asked.paired_share),
        reason=judgement.ceiling.reasons[0] if judgement.ceiling.reasons else "",
    )


class Leasing:
    """Makes the leases of a workspace. `secret` never leaves it; salts and pseudonym keys are derived from it.

    `serial_for(slug, digest)` gives a serial that rises whenever the digest changes and never falls.
    """

    def __init__(self, *, secret: bytes, serial_for: Callable[[str, str], int], environment: str) -> None:
        self._secret = secret
        self._serial_for = serial_for
        self._environment = environment

    def _derived(self, purpose: str, slug: str) -> str:
        mac = hmac.new(self._secret, f"{purpose}\0{slug}".encode(), hashlib.sha256)
        return mac.digest()[:KEY_BYTES].hex()

    def sampling_seed(self, slug: str) -> bytes:
        """What decides which pairs are judged blind, by whom and in which order: constant, and told to nobody."""
        return self._derived("blind-review", slug).encode()

    def pseudonym_key(self, slug: str) -> str:
        """The key under which a workload's units are pseudonymised: constant, 32 hexadecimal digits."""
        return self._derived("pseudonym", slug)

    def lease(self, judgement: Judgement, real_now: float) -> Lease:
        """The lease of this moment, valid from `real_now` (seconds since 1970 UTC, real time)."""
        workload = judgement.workload
        content = content_of(judgement, self._derived("salt", workload.slug), self._environment)
        return self._issued(structs.replace(content, position=workload.position), digest_of(content), real_now)

    def off(self, workload: Workload, real_now: float) -> Lease | None:
        """The lease of a workload that is killed or not exposed; None when the gates have to be asked.

        Nothing that a gate says could raise it, so a kill does not wait for a judgement.
        """
        if not workload.killed and workload.exposure.mode != "none":
            return None
        content = Lease(
            workload=workload.slug,
            serial=0,
            mode="none",
            salt=self._derived("salt", workload.slug),
            environment=self._environment,
            source="replay" if workload.demonstration else "real",
            demonstration=workload.demonstration,
            reason=workload.exposure.reason,
        )
        return self._issued(structs.replace(content, position=workload.position), digest_of(content), real_now)

    def undeclared(self, slug: str, real_now: float, *, demonstration: bool) -> Lease:
        """The lease of a workload that nobody has proposed yet: nothing is exposed, and its calls are recorded."""
        content = Lease(
            workload=slug,
            serial=0,
            mode="none",
            salt=self._derived("salt", slug),
            environment=self._environment,
            source="replay" if demonstration else "real",
            demonstration=demonstration,
            reason="Nobody has proposed this workload yet.",
        )
        return self._issued(content, digest_of(content), real_now)

    def _issued(self, content: Lease, digest: str, real_now: float) -> Lease:
        return structs.replace(
            content,
            serial=self._serial_for(content.workload, digest),
            issued_at=real_now,
            not_after=real_now + lifetime_s(content.mode),
        )
