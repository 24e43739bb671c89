"""A folder, an issuer of leases, a server that can fail, and workloads that are closed after the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.runtime.fake_server import FakeServer
from tests.runtime.rig import RELEASE, SLUG, Clock, Issuer

from pilotage.runtime import log
from pilotage.runtime.settings import read_settings
from pilotage.runtime.workload import Workload

Opened = Callable[..., Workload]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runtime's folder, with nothing in it, and an environment that names no server."""
    for name in ("URL", "TOKEN", "HOME", "ENVIRONMENT"):
        monkeypatch.delenv(f"PILOTAGE_{name}", raising=False)
    log._said.clear()
    return tmp_path / "home"


@pytest.fixture
def issuer() -> Issuer:
    """Whoever signs leases."""
    return Issuer()


@pytest.fixture
def clock() -> Clock:
    """Real time, moved by hand."""
    return Clock()


@pytest.fixture
def opened(home: Path) -> Iterator[Opened]:
    """Opens workloads in the folder, each its own object, and closes them."""
    open_now: list[Workload] = []

    def open_one(slug: str = SLUG, *, clock=None, **settings) -> Workload:
        workload = Workload(read_settings(slug, **{"home": home, **settings}), **({"clock_ns": clock} if clock else {}))
        open_now.append(workload)
        return workload

    yield open_one
    for workload in open_now:
        workload.close(0.2)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A server of leases and batches."""
    fake = FakeServer()
    yield fake
    fake.close()


@pytest.fixture
def served(opened: Opened, server: FakeServer, issuer: Issuer) -> Callable[..., Workload]:
    """Opens a workload on the server under a lease, with an incumbent that says "rules" and a candidate "model"."""

    def serve(mode: str = "live", *, arms: bool = True, settings: dict | None = None, **lease) -> Workload:
        server.push(issuer.offer(issuer.lease(mode, **lease)))
        workload = opened(url=server.url, token="secret", **(settings or {}))
        if arms:
            workload.incumbent(lambda ticket: "rules")
            workload.candidate(release=RELEASE.name, digest=RELEASE.digest)(lambda ticket: "model")
        assert workload.wait_for_lease(5)
        return workload

    return serve
