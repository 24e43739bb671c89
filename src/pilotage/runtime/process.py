"""The workloads of this process: one object for each, flushed at exit, renewed after a fork."""

from __future__ import annotations

import atexit
import os
import threading
import time
from pathlib import Path

from pilotage.runtime.records import Source
from pilotage.runtime.settings import Settings, read_settings
from pilotage.runtime.workload import Workload

EXIT_S = 3.0
"""How long leaving the process may wait for the server. What it has not taken stays on disk."""

_workloads: dict[Settings, Workload] = {}
_lock = threading.Lock()


def workload(
    slug: str,
    *,
    url: str | None = None,
    token: str | None = None,
    home: str | Path | None = None,
    source: Source | None = None,
    environment: str | None = None,
) -> Workload:
    """The workload with this slug: the same object whenever the same settings are given.

    With a server (`url`, or `PILOTAGE_URL` and `PILOTAGE_TOKEN`) its leases are streamed and calls are sent to it.
    Without one it is embedded in `home` (or `PILOTAGE_HOME`, or `./.pilotage`). `source` and `environment` stand
    for every call of this process. Nothing is started, read or written until the first call. Raises `InvalidUse`.
    """
    settings = read_settings(slug, url=url, token=token, home=home, source=source, environment=environment)
    with _lock:
        found = _workloads.get(settings)
        if found is None:
            found = _workloads[settings] = Workload(settings)
        return found


def flush(timeout: float = 10.0) -> bool:
    """Wait until everything recorded so far is acknowledged: on disk, and with a server also taken by it.

    Whether that came about within `timeout` seconds. What the server has not taken is on disk all the same, unless
    `counters()` of the workload says otherwise, and is sent later, by this process or the next.
    """
    deadline = time.monotonic() + timeout
    done = True
    for one in list(_workloads.values()):
        done = one.flush(max(0.0, deadline - time.monotonic())) and done
    return done


def _leave() -> None:
    deadline = time.monotonic() + EXIT_S
    for one in list(_workloads.values()):
        one.close(max(0.1, deadline - time.monotonic()))


def _renew_after_fork() -> None:
    global _lock  # noqa: PLW0603 - another thread may have held it when the process was copied
    _lock = threading.Lock()
    for one in _workloads.values():
        one.renew_after_fork()


atexit.register(_leave)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_after_fork)
