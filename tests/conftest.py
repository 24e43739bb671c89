"""What every test runs under: seeded properties, and no silent skips in continuous integration."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "pilotage",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("pilotage")

OPERATING_SYSTEM = "operating system"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """In continuous integration a skipped test fails, unless its reason is an operating system that cannot run it."""
    report = yield
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if OPERATING_SYSTEM not in reason:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped in continuous integration: {reason}"
    return report


def pytest_collection_modifyitems(items):
    """Browser tests run last: their driver keeps an event loop in the main thread, where others need theirs."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
