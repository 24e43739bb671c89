"""What the runtime's tests stand on: a clock that is moved by hand, somebody who signs leases, and a folder."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from pilotage.lease import Lease, Policy, ReleaseRef, generate_key, public_key_bytes, sign
from pilotage.runtime.keeper import Offer
from pilotage.runtime.settings import write_private
from pilotage.runtime.spool import read_segments

SLUG = "ticket-triage"
RELEASE = ReleaseRef(name="2026.11.2", digest="d" * 64)
PSEUDONYM_KEY = "ab" * 16


class Clock:
    """Real time, as far as the runtime knows."""

    def __init__(self, now_s: float = 1_763_900_000.0) -> None:
        self.now_ns = int(now_s * 1e9)

    def __call__(self) -> int:
        """Now, in nanoseconds since 1970 UTC."""
        return self.now_ns

    @property
    def now_s(self) -> float:
        """Seconds since 1970 UTC."""
        return self.now_ns / 1e9

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now_ns += int(seconds * 1e9)


class Issuer:
    """Signs leases as a server would, with a serial that rises."""

    def __init__(self) -> None:
        self.key = generate_key()
        self.public_key = public_key_bytes(self.key).hex()
        self.serial = 0

    def lease(self, mode: str = "shadow", *, now_s: float | None = None, **changes) -> Lease:
        """A lease of a minute, for everybody and without pairing unless said otherwise."""
        self.serial += 1
        now_s = time.time() if now_s is None else now_s
        percent = changes.get("percent", 100.0 if mode in ("suggest", "live") else 0.0)
        fields = {
            "workload": SLUG,
            "serial": self.serial,
            "mode": mode,
            "percent": percent,
            "stage": f"{mode}/{percent:g}/1",
            "release": RELEASE,
            "salt": "0123456789abcdef",
            "policy": Policy(paired_share=0.0),
            "issued_at": now_s,
            "not_after": now_s + 60,
        }
        return Lease(**{**fields, **changes})

    def offer(self, lease: Lease, pseudonym_key: str = PSEUDONYM_KEY) -> Offer:
        """The lease as it is delivered."""
        return Offer(token=sign(lease, self.key), public_key=self.public_key, pseudonym_key=pseudonym_key)

    def leave(self, home: Path, lease: Lease, pseudonym_key: str = PSEUDONYM_KEY) -> None:
        """Put a lease where an embedded runtime finds it."""
        text = msgspec.json.encode(self.offer(lease, pseudonym_key)).decode()
        write_private(home / "leases" / f"{lease.workload}.json", text)


def spooled(home: Path, name: str = SLUG):
    """Every call and outcome in the folder's spool, by id, whoever wrote it and whether or not it was sent."""
    calls, outcomes = {}, {}
    for _, records in read_segments(home / "spool" / name):
        assert not records.damage
        calls |= {call.call_id: call for call in records.calls}
        outcomes |= {outcome.outcome_id: outcome for outcome in records.outcomes}
    return calls, outcomes


def until(condition, timeout_s: float = 10.0):
    """Wait for something that happens in the background; what it came to."""
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)
    return found
