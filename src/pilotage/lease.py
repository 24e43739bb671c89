"""The signed, expiring statement of a workload's exposure that the runtime obeys.

Pure but for the cryptography: no clock, no files, no network. Times are real time in seconds since
1970 UTC; simulated time never decides a lease.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Mode = Literal["none", "shadow", "suggest", "live"]


class ReleaseRef(Struct, frozen=True, kw_only=True):
    """A release by name and digest; a runtime whose own digest differs does not serve it."""

    name: str
    digest: str


class Policy(Struct, frozen=True, kw_only=True):
    """How the runtime treats a call under this lease. Milliseconds; shares from 0 to 1."""

    timeout_ms: Annotated[float, Meta(gt=0)] = 1000.0
    hard_timeout: bool = False
    paired_share: Annotated[float, Meta(ge=0, le=1)] = 0.1
    shadow_workers: Annotated[int, Meta(ge=1, le=64)] = 2
    shadow_queue: Annotated[int, Meta(ge=1)] = 1024
    record_input: bool = True


class Lease(Struct, frozen=True, kw_only=True):
    """What one workload may expose, until `not_after`.

    `percent` and `cohorts` (empty: everybody) bound suggest and live. `stage` names the stratum that
    calls are recorded under. `serial` rises whenever the content changes; a runtime refuses a lower one
    than it has seen. `source` is what traffic is stamped with unless the caller says otherwise; a
    demonstration refuses `real`.
    """

    workload: str
    serial: int
    mode: Mode
    percent: float = 0.0
    cohorts: tuple[str, ...] = ()
    stage: str = "none/0"
    release: ReleaseRef | None = None
    challenger: ReleaseRef | None = None
    salt: str = ""
    environment: str = "production"
    source: Literal["real", "replay", "synthetic"] = "real"
    demonstration: bool = False
    policy: Policy = Policy()
    position: int = 0
    reason: str = ""
    issued_at: float = 0.0
    not_after: float = 0.0
