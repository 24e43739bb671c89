"""Which runtimes said hello: kept in memory, since it says who is there now and not what was decided."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Annotated

from msgspec import Meta, Struct

from pilotage.lease import ReleaseRef

KEPT_PER_WORKLOAD = 1000
FORGOTTEN_AFTER = dt.timedelta(days=1)

Name = Annotated[str, Meta(min_length=1, max_length=200)]


class Hello(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A runtime introduces itself: its own id, what it runs on, and the releases it holds with their digests."""

    runtime: Name
    releases: Annotated[tuple[ReleaseRef, ...], Meta(max_length=50)] = ()
    sdk: Annotated[str, Meta(max_length=200)] = ""
    host: Annotated[str, Meta(max_length=200)] = ""


class RuntimeSeen(Struct, frozen=True, kw_only=True):
    """A runtime as last heard of."""

    runtime: str
    releases: tuple[ReleaseRef, ...]
    sdk: str
    host: str
    first_seen: dt.datetime
    last_seen: dt.datetime


class Runtimes:
    """The runtimes of every workload, newest hello last. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, dict[str, RuntimeSeen]] = {}

    def greet(self, workload: str, hello: Hello, now: dt.datetime) -> RuntimeSeen:
        """Remember a runtime; the longest silent ones are forgotten."""
        with self._lock:
            known = self._seen.setdefault(workload, {})
            before = known.pop(hello.runtime, None)
            seen = RuntimeSeen(
                runtime=hello.runtime,
                releases=hello.releases,
                sdk=hello.sdk,
                host=hello.host,
                first_seen=before.first_seen if before else now,
                last_seen=now,
            )
            known[hello.runtime] = seen
            while len(known) > KEPT_PER_WORKLOAD or next(iter(known.values())).last_seen < now - FORGOTTEN_AFTER:
                del known[next(iter(known))]
            return seen

    def of(self, workload: str) -> tuple[RuntimeSeen, ...]:
        """The runtimes of a workload, longest silent first."""
        with self._lock:
            return tuple(self._seen.get(workload, {}).values())
