"""What is fixed or remembered for the whole workspace: its identity, time zone and simulated time."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.engine import Connection, Engine

from pilotage.storage.errors import StorageRefused
from pilotage.storage.ledger.tables import SETTINGS
from pilotage.storage.schema import parse_rfc3339, rfc3339
from pilotage.storage.transactions import LOCK_WORKSPACE, reading, writing

Value = TypeVar("Value")

_WORKSPACE = "workspace"
_SIMULATED_AT = "simulated_at"


class Workspace(Struct, frozen=True, kw_only=True):
    """What a workspace is. Id and demonstration are fixed for good when it is made."""

    workspace_id: str
    demonstration: bool
    time_zone: str = "UTC"


class Settings:
    """The workspace's settings, each a JSON value under its name. Safe to use from many threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def workspace(self) -> Workspace | None:
        """The workspace; None before it is made."""
        with reading(self._engine) as connection:
            return _read(connection, _WORKSPACE, Workspace)

    def create_workspace(self, workspace: Workspace) -> Workspace:
        """Make the workspace, or return the one that is there: the first stands.

        Raises `StorageRefused` when the one that is there is a demonstration and this is not, or the reverse.
        """
        _check_time_zone(workspace.time_zone)
        with writing(self._engine, LOCK_WORKSPACE) as connection:
            there = _read(connection, _WORKSPACE, Workspace)
            if there is None:
                _write(connection, _WORKSPACE, workspace)
                return workspace
        if there.demonstration != workspace.demonstration:
            what = "a demonstration" if there.demonstration else "not a demonstration"
            raise StorageRefused(
                "workspace-demonstration", f"This workspace is {what}, for good: use another folder or database."
            )
        return there

    def set_time_zone(self, time_zone: str) -> None:
        """Change the zone in which days begin (an IANA name). Raises `StorageRefused` for an unknown one."""
        _check_time_zone(time_zone)
        with writing(self._engine, LOCK_WORKSPACE) as connection:
            workspace = _required(connection)
            _write(connection, _WORKSPACE, msgspec.structs.replace(workspace, time_zone=time_zone))

    def simulated_at(self) -> dt.datetime | None:
        """The simulated time that the demonstration has reached; None while its time is real."""
        with reading(self._engine) as connection:
            text = _read(connection, _SIMULATED_AT, str)
        return None if text is None else parse_rfc3339(text)

    def set_simulated_at(self, at: dt.datetime) -> None:
        """Move the simulated time on. Raises `StorageRefused` outside a demonstration, and for going back."""
        with writing(self._engine, LOCK_WORKSPACE) as connection:
            if not _required(connection).demonstration:
                raise StorageRefused("simulated-time", "Only a demonstration may simulate the time.")
            reached = _read(connection, _SIMULATED_AT, str)
            if reached is not None and rfc3339(at) < reached:
                raise StorageRefused("simulated-time", f"The simulated time has reached {reached} and cannot go back.")
            _write(connection, _SIMULATED_AT, rfc3339(at))

    def value(self, name: str, kind: type[Value]) -> Value | None:
        """Another setting, checked against its type; None when it was never set."""
        with reading(self._engine) as connection:
            return _read(connection, name, kind)

    def set_value(self, name: str, value: object) -> None:
        """Set another setting. The workspace's own have methods of their own, with their rules. Never a secret."""
        if name in {_WORKSPACE, _SIMULATED_AT}:
            raise StorageRefused("setting-reserved", f"The setting {name!r} has its own method.")
        with writing(self._engine, LOCK_WORKSPACE) as connection:
            _write(connection, name, value)


def _required(connection: Connection) -> Workspace:
    workspace = _read(connection, _WORKSPACE, Workspace)
    if workspace is None:
        raise StorageRefused("workspace-missing", "There is no workspace here yet.")
    return workspace


def _read(connection: Connection, name: str, kind: type[Value]) -> Value | None:
    text = connection.execute(sa.select(SETTINGS.c.value).where(SETTINGS.c.name == name)).scalar()
    return None if text is None else msgspec.json.decode(text, type=kind)


def _write(connection: Connection, name: str, value: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    text = msgspec.json.encode(value).decode()
    changed = connection.execute(sa.update(SETTINGS).where(SETTINGS.c.name == name).values(value=text)).rowcount
    if not changed:
        connection.execute(sa.insert(SETTINGS).values(name=name, value=text))


def _check_time_zone(time_zone: str) -> None:
    try:
        zoneinfo.ZoneInfo(time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise StorageRefused("time-zone", f"{time_zone!r} is not an IANA time zone such as Europe/Berlin.") from error
