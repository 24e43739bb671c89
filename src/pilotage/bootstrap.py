"""Reads settings and wires the adapters: the only module that knows every part."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import threading
import time
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from argon2 import PasswordHasher
from msgspec import Struct

from pilotage.evidence.estimators import Estimator, EstimatorInvalid, register_estimator
from pilotage.lease import Lease, generate_key, load_private_key, private_key_pem, public_key_bytes, sign
from pilotage.playbook.kinds import ExtensionBroken, KindInvalid, MetricKind, register_kind
from pilotage.playbook.loading import load
from pilotage.storage.accounts import Accounts
from pilotage.storage.calls import EmbeddedCallStore
from pilotage.storage.database import open_database
from pilotage.storage.ledger import IdempotencyKeys, LeaseSerials, Settings, SqlLedger
from pilotage.storage.ledger import Workspace as WorkspaceRow
from pilotage.workflow.blind_pairs import BlindPairs
from pilotage.workflow.casing import freeze_case
from pilotage.workflow.clock import Clock
from pilotage.workflow.desk import Desk
from pilotage.workflow.documents import charter_fit
from pilotage.workflow.leasing import Leasing
from pilotage.workflow.measuring import Measuring
from pilotage.workflow.sampling import sample_of
from pilotage.workflow.workspace import Workspace

SECRET_BYTES = 32
OWNER_ONLY = 0o600
KINDS_GROUP = "pilotage.metric_kinds"
ESTIMATORS_GROUP = "pilotage.estimators"


class Environment(Struct, frozen=True, kw_only=True):
    """The settings read from the environment. Each is documented in docs/settings.md.

    `home` is the workspace's folder, `database` where its ledger and accounts are (None: SQLite in `home`),
    `name` the environment that leases are issued for.
    """

    home: Path = Path(".pilotage")
    database: str | None = None
    name: str = "production"

    @classmethod
    def read(cls, variables: Mapping[str, str] = os.environ) -> Environment:
        """The settings as the variables give them."""
        return cls(
            home=Path(variables.get("PILOTAGE_HOME") or ".pilotage"),
            database=variables.get("PILOTAGE_DATABASE") or None,
            name=variables.get("PILOTAGE_ENVIRONMENT") or "production",
        )


class SystemClock:
    """Real time."""

    simulated = False

    def now(self) -> dt.datetime:
        """The time, UTC."""
        return dt.datetime.now(dt.UTC)

    def real(self) -> float:
        """Seconds since 1970 UTC."""
        return time.time()


class SimulatedClock:
    """A demonstration's time: stands still until it is moved on, never goes back, and outlives the process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._at = settings.simulated_at()

    @property
    def simulated(self) -> bool:
        """Whether the time was ever made up; before that it is real."""
        return self._at is not None

    def now(self) -> dt.datetime:
        """The simulated time, or real time before there is one."""
        return self._at or dt.datetime.now(dt.UTC)

    def real(self) -> float:
        """Seconds since 1970 UTC."""
        return time.time()

    def advance(self, to: dt.datetime) -> None:
        """Move on to `to`; going back is refused by the settings."""
        with self._lock:
            self._settings.set_simulated_at(to)
            self._at = to


def _private_file(path: Path, make: bytes) -> bytes:
    """The content of a file that only its owner can read, made with `make` when it is not there yet."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        file.write(make)
        file.flush()
        os.fsync(file.fileno())
    return make


def open_workspace(
    environment: Environment, *, demonstration: bool | None = None, hasher: PasswordHasher | None = None
) -> Workspace:
    """Open the workspace in a folder, or make it. What it is, a demonstration or not, is fixed when it is made.

    `demonstration` of None takes the workspace as it is. Raises `StorageError` when it is the other kind, or
    cannot be opened, `ExtensionBroken` when an installed metric kind or estimator cannot be used.
    """
    take_in_extensions()
    home = environment.home
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = open_database(environment.database or home / "pilotage.db")
    settings = Settings(database)
    row = settings.workspace() if demonstration is None else None
    if row is None:
        row = settings.create_workspace(
            WorkspaceRow(workspace_id=secrets.token_hex(16), demonstration=bool(demonstration))
        )
    key = load_private_key(_private_file(home / "keys" / "signing.pem", private_key_pem(generate_key())))
    secret = _private_file(home / "keys" / "workspace.secret", secrets.token_bytes(SECRET_BYTES))
    simulated = SimulatedClock(settings) if row.demonstration else None
    clock: Clock = simulated or SystemClock()
    ledger, calls, accounts = SqlLedger(database), EmbeddedCallStore(home), Accounts(database, hasher=hasher)
    measuring = Measuring(calls=calls, clock=clock)
    leasing = Leasing(secret=secret, serial_for=LeaseSerials(database).serial_for, environment=environment.name)
    pairs = BlindPairs(calls=calls, seed_of=leasing.sampling_seed)
    desk = Desk(
        ledger=ledger,
        clock=clock,
        playbooks=load,
        measure=measuring.measure,
        people=accounts.person_ids,
        absent=accounts.absent_since,
        freeze=measuring.freeze,
        case=lambda judgement: freeze_case(workspace, judgement),
        fit=charter_fit,
        pair=pairs.shown,
        sample=sample_of,
        demonstration=row.demonstration,
    )

    def close() -> None:
        calls.close()
        ledger.close()
        database.dispose()

    def signed(lease: Lease) -> str:
        return sign(lease, key)

    workspace = Workspace(
        home=home,
        workspace_id=row.workspace_id,
        demonstration=row.demonstration,
        clock=clock,
        ledger=ledger,
        calls=calls,
        accounts=accounts,
        idempotency=IdempotencyKeys(database),
        measuring=measuring,
        desk=desk,
        leasing=leasing,
        pairs=pairs,
        sign=signed,
        public_key=public_key_bytes(key).hex(),
        advance_clock=simulated.advance if simulated else None,
        close=close,
    )
    return workspace


def take_in_extensions() -> None:
    """Register every installed metric kind and estimator; those already there stay. Raises `ExtensionBroken`."""
    for point in entry_points(group=ESTIMATORS_GROUP):
        found = _loaded(point)
        if not isinstance(found, Estimator):
            raise _broken(point, f"is {type(found).__name__}, and an Estimator is needed")
        try:
            register_estimator(found)
        except EstimatorInvalid as error:
            raise _broken(point, str(error)) from error
    for point in entry_points(group=KINDS_GROUP):
        found = _loaded(point)
        if not isinstance(found, MetricKind):
            raise _broken(point, f"is {type(found).__name__}, and a MetricKind is needed")
        try:
            register_kind(found)
        except KindInvalid as error:
            raise _broken(point, str(error)) from error


def _loaded(point: EntryPoint) -> object:
    try:
        return point.load()
    except Exception as error:
        raise _broken(point, f"cannot be imported ({type(error).__name__}: {error})") from error


def _broken(point: EntryPoint, why: str) -> ExtensionBroken:
    package = point.dist.name if point.dist is not None else "an unnamed package"
    return ExtensionBroken(
        f"The extension {point.name} of {package} ({point.value}) cannot be used: {why.rstrip('.')}. "
        "Repair or uninstall that package."
    )
