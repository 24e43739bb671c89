"""A throw-away PostgreSQL for the tests: the real engine, in its own folder, gone afterwards."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

MISSING = (
    "PostgreSQL was not found: these tests run on the real engine. Install the server (Debian: postgresql) so that "
    "initdb and pg_ctl are on PATH or under /usr/lib/postgresql."
)


ROOM_BYTES = 1 << 30


class PostgresServer:
    """A server on a Unix socket of its own folder. It listens on no network address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._data = folder / "data"
        self._names = itertools.count(1)

    def start(self) -> None:
        """Make the cluster and start it."""
        # Not synced: the tests kill clients, never the machine, and a cold start takes seconds enough.
        _run("initdb", "--pgdata", self._data, "--username=pilotage", "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"-c listen_addresses='' -k {self.folder} -c fsync=off -c max_connections=200"
        _run("pg_ctl", "--pgdata", self._data, "--log", self.folder / "log", "--wait", "-o", options, "start")

    def stop(self) -> None:
        """Stop it at once; nothing in it is kept."""
        _run("pg_ctl", "--pgdata", self._data, "--wait", "--mode=immediate", "stop")

    def url(self, database: str) -> str:
        """The address of a database."""
        return f"postgresql://pilotage@/{database}?host={self.folder}"

    def new_database(self, template: str = "template0") -> str:
        """The URL of a new, empty database (or a copy of `template`)."""
        name = f"test{next(self._names)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE {name} TEMPLATE "{template}" STRATEGY FILE_COPY')
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{database_of(url)}" WITH (FORCE)')


def database_of(url: str) -> str:
    """The name in a database's address."""
    return url.split("@/")[1].split("?", maxsplit=1)[0]


def _home() -> Path:
    """Where the server's folder is made: in memory where there is room, since every test copies a database.

    Never deep down: a socket's path may have about a hundred characters, and "nobody" must be able to reach it.
    """
    memory = Path("/dev/shm")  # noqa: S108 - a folder with a random name and mode 0700 is made inside
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_BYTES:
        return memory
    return Path("/tmp")  # noqa: S108 - same


def _binary(name: str) -> str:
    found = shutil.which(name) or next(iter(sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)
    if found is None:
        pytest.fail(MISSING, pytrace=False)
    return str(found)


def _run(name: str, *arguments: str | Path) -> None:
    command: Sequence[str] = [_binary(name), *map(str, arguments)]
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
    # Not captured through a pipe: the server would inherit it and keep it open.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, cwd="/", check=False)
        output.seek(0)
        if done.returncode != 0:
            pytest.fail(f"{name} failed: {output.read().decode()}", pytrace=False)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One running server for all tests of the session."""
    folder = Path(tempfile.mkdtemp(prefix="pilotage-pg-", dir=_home()))
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    server = PostgresServer(folder)
    try:
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder)
