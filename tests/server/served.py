"""A server in a process of its own, as users run it: real workspace, real sockets. `python -m tests.server.served`."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from tests.server.cast import Enrolled, enrol, open_here

from pilotage.server.app import create_app
from pilotage.server.serving import serve

ROOT = Path(__file__).parents[2]
ROLES = {"admin", "owner", "engineer", "operator"}
SCOPES = {"record", "read", "command", "admin"}


class Served(Struct, frozen=True, kw_only=True):
    """A running server: where it is, somebody who may do everything there, and its process."""

    url: str
    host: str
    port: int
    ada: Enrolled
    process: subprocess.Popen[str]

    def stop(self, by: int = signal.SIGTERM) -> int:
        """Stop it by a signal; the process's status."""
        self.process.send_signal(by)
        return self.process.wait(20)


@contextlib.contextmanager
def serving(home: Path, *, demonstration: bool = False) -> Iterator[Served]:
    """A server on a workspace for as long as the block runs. The same home may be served again."""
    command = [sys.executable, "-m", "tests.server.served", str(home)]
    if demonstration:
        command.append("--demonstration")
    # The sources beside these tests, wherever the package was installed from.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    try:
        line = process.stdout.readline()
        said = json.loads(line)
        host, port = said["url"].removeprefix("http://").split(":")
        yield Served(url=said["url"], host=host, port=int(port), ada=Enrolled(**said["ada"]), process=process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


def main() -> None:
    """Open the workspace, make Ada if she is not there yet, serve on a free port, and say where."""
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("--demonstration", action="store_true")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    workspace = open_here(asked.home, demonstration=asked.demonstration)
    known = asked.home / "ada.json"
    if not known.exists():
        ada = enrol(workspace, "ada", roles=ROLES, scopes=SCOPES)
        fields = {name: getattr(ada, name) for name in Enrolled.__struct_fields__}
        known.write_text(json.dumps(fields), encoding="utf-8")
    said = json.loads(known.read_text(encoding="utf-8"))
    try:
        serve(
            create_app(workspace),
            port=0,
            ready=lambda url: print(json.dumps({"url": url, "ada": said}), flush=True),  # noqa: T201 - how the parent learns the port
        )
    finally:
        workspace.close()


if __name__ == "__main__":
    main()
