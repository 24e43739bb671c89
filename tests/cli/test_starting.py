"""`pilotage init`: a small project that runs unchanged, from its first call to its status."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.server.cast import open_here

from pilotage.cli.starting import FILES, next_monday, project
from pilotage.lease import Lease, ReleaseRef
from pilotage.operations.folder_leases import FolderLeases
from pilotage.operations.spooling import ingest_spool
from pilotage.storage.protocols import CallFilter

EXAMPLE = Path(__file__).parents[2] / "examples" / "ticket-triage"
EXAMPLE_STARTS_ON = dt.date(2026, 11, 30)


def shell(folder, *command):
    """Run a program as a person would, in a folder, with no settings from outside."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("PILOTAGE_")}
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=False)


def test_the_project_runs_as_it_is_written(tmp_path):
    """The generated application runs, its file applies, and the status shows the workload with its calls taken in."""
    pilotage = (sys.executable, "-m", "pilotage")
    made = shell(tmp_path, *pilotage, "init", "parcel-desk")
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout == (
        "parcel-desk is ready. Next:\n"
        "  cd parcel-desk\n"
        "  python app.py\n"
        "  pilotage apply -f workload.yaml\n"
        "  pilotage status parcel-desk\n"
    )
    folder = tmp_path / "parcel-desk"
    ran = shell(folder, sys.executable, "app.py")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("300 tickets, ")
    assert "exposure none" in ran.stdout
    applied = shell(folder, *pilotage, "apply", "-f", "workload.yaml")
    assert applied.returncode == 0, applied.stderr
    assert applied.stdout == (
        "done: propose parcel-desk\n"
        "done: write charter version 1\n"
        f"done: register release {next_monday(dt.datetime.now(dt.UTC).date()).year}.1\n"
        "parcel-desk: 3 changes made.\n"
    )
    assert "A workspace was made in .pilotage, with the account admin." in applied.stderr
    status = shell(folder, *pilotage, "status")
    assert status.returncode == 0, status.stderr
    assert status.stdout == (
        "parcel-desk  select  none  2 of 13 met  not estimable  no-production-path, wrong-problem\n"
    )
    again = shell(folder, sys.executable, "app.py")
    assert again.returncode == 0, again.stderr
    assert "nothing has been exposed yet" in again.stdout
    workspace = open_here(folder / ".pilotage")
    page = workspace.calls.search("parcel-desk", CallFilter(), limit=1000)
    workspace.close()
    assert len(page.calls) == 300
    assert {stored.call.source for stored in page.calls} == {"synthetic"}
    assert all(stored.outcomes[0].name == "queue" for stored in page.calls)


class ShadowLeasing:
    """Leasing as it will be once the gate select is passed: the registered release runs in shadow."""

    def off(self, _workload, _now):
        """Never: the gates have to be asked."""

    def lease(self, judgement, now):
        """A shadow lease for the registered release."""
        release = judgement.workload.release
        return Lease(
            workload=judgement.workload.slug,
            serial=99,
            mode="shadow",
            stage="shadow/0",
            release=ReleaseRef(name=release.name, digest=release.digest),
            issued_at=now,
            not_after=now + 3600,
        )

    def pseudonym_key(self, _slug):
        """Any key."""
        return "ab" * 16


def test_the_release_of_the_file_is_the_one_that_runs(tmp_path):
    """The model that `workload.yaml` registers by its source is the one that the runtime runs in shadow."""
    folder = tmp_path / "ticket-triage"
    pilotage = (sys.executable, "-m", "pilotage")
    assert shell(tmp_path, *pilotage, "init").returncode == 0
    assert shell(folder, *pilotage, "apply", "-f", "workload.yaml").returncode == 0
    workspace = open_here(folder / ".pilotage")
    stated = dataclasses.replace(workspace, leasing=ShadowLeasing())
    assert FolderLeases(stated, stays=False).write("ticket-triage") is not None
    ran = shell(folder, sys.executable, "app.py")
    assert "exposure shadow" in ran.stdout, ran.stdout + ran.stderr
    assert ingest_spool(workspace).calls == 300
    calls = [one.call for one in workspace.calls.search("ticket-triage", CallFilter(), limit=1000).calls]
    workspace.close()
    assert {call.served.arm for call in calls} == {"incumbent"}
    beside = [call.beside for call in calls if call.beside is not None]
    assert len(beside) > 200
    assert {one.arm for one in beside} == {"candidate"}
    assert {one.error for one in beside} == {""}


def test_files_that_are_there_are_left_alone(terminal):
    """Where a file of the project exists already nothing is written, and the files are named."""
    (terminal.folder / "ticket-triage").mkdir()
    terminal.write("ticket-triage/app.py", "mine")
    ran = terminal.run("init")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "Error: ticket-triage holds app.py already; nothing was written. Choose another folder.\n"
    assert sorted(path.name for path in (terminal.folder / "ticket-triage").iterdir()) == ["app.py"]


@pytest.mark.parametrize("name", ["Ticket Triage", "-x", "a" * 65])
def test_a_name_that_cannot_be_a_workload_s_is_refused(terminal, name):
    """A name that no workload may have is refused before anything is written."""
    ran = terminal.run("init", "--into", "here", "--", name)
    assert ran.code == 2
    assert "is not 1 to 64 lower-case letters, digits and inner hyphens" in ran.err
    assert not (terminal.folder / "here").exists()


def test_the_example_is_what_init_writes():
    """`examples/ticket-triage` is the generated project itself, so that it cannot grow stale."""
    made = project("ticket-triage", EXAMPLE_STARTS_ON)
    assert sorted(made) == sorted(FILES)
    assert {path.name: path.read_text(encoding="utf-8") for path in EXAMPLE.iterdir() if path.is_file()} == made


def test_the_pilot_starts_on_a_monday():
    """The dates of a new project begin with the next Monday, whichever day it is."""
    for number in range(7):
        day = dt.date(2026, 3, 2) + dt.timedelta(days=number)
        assert next_monday(day) == dt.date(2026, 3, 9)
