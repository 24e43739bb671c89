"""Running commands as a person or a pipeline would, in this process, and the workspaces they run in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from tests.server.cast import PASSWORD, Enrolled, enrol, open_here

from pilotage.cli.program import run

WORKLOAD = """\
workload: ticket-triage
title: Ticket triage
problem: Tickets wait for hours until somebody has read them.
incumbent: Rules on the subject line
"""
EVERYBODY = {
    "imke": {"owner"},
    "tomas": {"sponsor"},
    "yuki": {"engineer"},
    "marc": {"reviewer"},
    "ada": {"admin"},
}


class Ran(Struct, frozen=True):
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer, of a command that was asked for JSON."""
        return json.loads(self.out)


class Terminal:
    """A folder with commands run in it. `settings` are environment variables for one command."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.home = folder / ".pilotage"
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def run(self, *arguments: str, **settings: str) -> Ran:
        """Run one command."""
        with self._monkeypatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(f"PILOTAGE_{name.upper()}", value)
            self._capsys.readouterr()
            code = run(arguments)
            captured = self._capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    def run_as(self, username: str, *arguments: str) -> Ran:
        """Run one command as somebody, with their password."""
        return self.run(*arguments, user=username, password=PASSWORD)

    def write(self, name: str, text: str) -> str:
        """Write a file into the folder; its name."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def settle(self, home: Path | None = None) -> dict[str, Enrolled]:
        """A workspace with everybody in it, and nothing decided."""
        workspace = open_here(home or self.home)
        try:
            return {name: enrol(workspace, name, roles=roles) for name, roles in EVERYBODY.items()}
        finally:
            workspace.close()

    def settle_triage(self) -> dict[str, Enrolled]:
        """The same, with a workload that was proposed and has its owner and sponsor."""
        people = self.settle()
        named = "people:\n  owner: imke\n  sponsor: tomas\n"
        self.write("workload.yaml", WORKLOAD + named)
        applied = self.run_as("ada", "apply", "-f", "workload.yaml")
        assert applied.code == 0, applied.err
        return people
