"""The workspace's settings."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.engine import Engine

from pilotage.storage.errors import StorageRefused
from pilotage.storage.ledger import Settings, Workspace

REACHED = dt.datetime(2013, 7, 4, 5, 6, 7, 8, tzinfo=dt.UTC)
PLAIN = Workspace(workspace_id="ws-1", demonstration=False, time_zone="Europe/Berlin")
DEMONSTRATION = Workspace(workspace_id="ws-2", demonstration=True)


@pytest.fixture
def settings(engine: Engine) -> Settings:
    """Settings of a workspace not made yet."""
    return Settings(engine)


def test_the_workspace_is_made_once(settings: Settings) -> None:
    """The first to make the workspace decides; later starts find it as it is."""
    assert settings.workspace() is None
    assert settings.create_workspace(PLAIN) == PLAIN
    other = Workspace(workspace_id="ws-9", demonstration=False)
    assert settings.create_workspace(other) == PLAIN == settings.workspace()


@pytest.mark.parametrize(("first", "second"), [(PLAIN, DEMONSTRATION), (DEMONSTRATION, PLAIN)])
def test_a_demonstration_stays_one(settings: Settings, first: Workspace, second: Workspace) -> None:
    """A workspace is a demonstration from birth, or never."""
    settings.create_workspace(first)
    with pytest.raises(StorageRefused, match="for good"):
        settings.create_workspace(second)
    assert settings.workspace() == first


def test_time_zone(settings: Settings) -> None:
    """The time zone can be changed to any that exists."""
    with pytest.raises(StorageRefused, match="no workspace"):
        settings.set_time_zone("Asia/Tokyo")
    settings.create_workspace(PLAIN)
    settings.set_time_zone("Asia/Tokyo")
    assert settings.workspace() == Workspace(workspace_id="ws-1", demonstration=False, time_zone="Asia/Tokyo")
    for name in ("Mars/Olympus", "../etc/passwd", ""):
        with pytest.raises(StorageRefused, match="IANA"):
            settings.set_time_zone(name)


def test_simulated_time_moves_on(settings: Settings) -> None:
    """A demonstration keeps the simulated time it has reached, to the microsecond, and it only moves forward."""
    settings.create_workspace(DEMONSTRATION)
    assert settings.simulated_at() is None
    settings.set_simulated_at(REACHED)
    settings.set_simulated_at(REACHED)
    assert settings.simulated_at() == REACHED
    with pytest.raises(StorageRefused, match="cannot go back"):
        settings.set_simulated_at(REACHED - dt.timedelta(microseconds=1))
    settings.set_simulated_at(REACHED + dt.timedelta(days=1))
    assert settings.simulated_at() == REACHED + dt.timedelta(days=1)


def test_real_work_has_real_time(settings: Settings) -> None:
    """Only a demonstration may simulate the time."""
    settings.create_workspace(PLAIN)
    with pytest.raises(StorageRefused, match="demonstration"):
        settings.set_simulated_at(REACHED)


def test_other_settings(settings: Settings) -> None:
    """Any JSON value can be kept under a name; the workspace's own cannot be overwritten past their rules."""
    assert settings.value("tour", list[int]) is None
    settings.set_value("tour", [1, 2])
    settings.set_value("tour", [3])
    assert settings.value("tour", list[int]) == [3]
    for name in ("workspace", "simulated_at"):
        with pytest.raises(StorageRefused, match="own method"):
            settings.set_value(name, {})
