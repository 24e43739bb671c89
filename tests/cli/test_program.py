"""The program: what its help shows and loads, and how any failure ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import click
import pytest

from pilotage.cli.program import ENTRIES, program
from pilotage.storage.errors import StorageUnavailable

HEAVY = (
    "numpy",
    "scipy",
    "duckdb",
    "pyarrow",
    "sqlalchemy",
    "alembic",
    "litestar",
    "uvicorn",
    "yaml",
    "rich",
    "argon2",
)
HELP = """\
Usage: pilotage [OPTIONS] [COMMAND] [ARGS]...

  Takes an AI workload from pilot to production, with proof.

Options:
  --version   Show the version.
  -h, --help  Show this message and exit.

Start:
  up            Serve the workspace: pages, API, leases, and the jobs behind
                them.
  demo          Take the flight-delay desk from charter to live traffic.
  init          Write a small project to begin from, which runs unchanged.

Look:
  status        Show where workloads stand: phase, exposure, gate, target,
                stalls.
  portfolio     Show the portfolio: funnel, stalls, lead times, dates.
  inbox         Show what waits for you, on every workload.
  intake        Show which problem comes next, and where scores differ.
  assessments   Show how ready the organisation is, over time.
  evidence      Show what the traffic shows: figures, and what they mean.
  document      Write a document as PDF or HTML.
  audit-pack    Write all of a workload as a zip that proves itself.
  charter       Show who signed which charter, and what changed since.
  gate          Check a gate, as a pipeline does before it deploys.
  reviews       Show where the reviews stand, and what one of them asks.
  outside       Show what was tested elsewhere, and who stands by it.
  feedback      Show what users say, and the pair that you are to judge blind.
  playbook      Read the method, or check a playbook of your own.

Decide:
  apply         Bring a workload to what a file says.
  export        Write a workload as such a file.
  expose        Set how much traffic the candidate sees, up to the ceiling.
  kill          Switch the candidate off everywhere, now.
  organisation  Answer and conclude assessments of the organisation.
  do            Give any other command: sign, attest, decide, waive and more.

Data:
  data          See what data it rests on, and look at a real sample.
  outcome       Bring in what was learned about calls later.
  training      Bring in who completed which training.
  drift         Compare two files of rows, column by column: what has moved?
  assess        Say from past answers and labels what a pilot could show.

Trust:
  ledger        Read the ledger, and check that nobody has changed it.

Admin:
  user          People's accounts: add, list, passwords, sign-in links.
  roles         Show which role may give which command.
  token         Tokens for programs: make, list, revoke.
  charts        Build the script that lets charts answer to the pointer.
  doctor        Check this installation and say what to do about what is
                wrong.

  Exit codes: 0 met or done, 1 unmet, 2 wrong use or refused, 3 unreachable.
  `pilotage COMMAND --help` says more.
"""


def all_commands(found=program, parent=None):
    """Every command with its context, groups before what is in them."""
    ctx = click.Context(found, parent=parent, info_name=found.name)
    yield ctx, found
    if isinstance(found, click.Group):
        for name in found.list_commands(ctx):
            yield from all_commands(found.get_command(ctx, name), ctx)


@pytest.mark.parametrize("arguments", [("--help",), ()])
def test_the_help_groups_commands_by_purpose(terminal, arguments):
    """`pilotage` and `pilotage --help` list the commands by what one wants to do."""
    ran = terminal.run(*arguments)
    assert (ran.code, ran.out, ran.err) == (0, HELP, "")


def test_the_help_loads_no_library_that_takes_time():
    """Showing the help imports neither the server nor anything that computes or draws."""
    script = (
        "import sys\nfrom pilotage.cli.program import run\nassert run(['--help']) == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stderr == "[]\n"


def test_without_its_libraries_it_says_what_to_install():
    """On the light base install one line says which extra to add, and the exit code is 2."""
    script = "import sys\nsys.modules['click'] = None\nfrom pilotage.cli import main\nmain()"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    said = "pilotage: the command line is not installed; add it with: pip install 'pilotage[server]'\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", said)


def test_the_version_is_shown(terminal):
    """`--version` names the product and its version."""
    ran = terminal.run("--version")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("pilotage 0.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("statsu",), "Error: There is no command statsu; did you mean status? `pilotage --help` lists them.\n"),
        (("xyzzy",), "Error: There is no command xyzzy. `pilotage --help` lists them.\n"),
        (
            ("status", "--percnt", "5"),
            "Error: No such option '--percnt'. `pilotage status --help` shows how it is used.\n",
        ),
        (("kill", "w"), "Error: Missing option '--reason'. `pilotage kill --help` shows how it is used.\n"),
        (("expose",), "Error: Missing argument 'WORKLOAD'. `pilotage expose --help` shows how it is used.\n"),
    ],
)
def test_wrong_use_is_one_sentence_and_the_next_step(terminal, arguments, said):
    """Whoever mistypes is told what is wrong and where to look, on one line, with exit code 2."""
    ran = terminal.run(*arguments)
    assert (ran.code, ran.out, ran.err) == (2, "", said)


def test_errors_are_json_when_answers_are(terminal):
    """With `--json` an error is an object with a stable code, on standard error."""
    ran = terminal.run("status", "--json")
    assert (ran.code, ran.out) == (2, "")
    error = json.loads(ran.err)["error"]
    assert error["code"] == "no-workspace"
    assert error["message"].startswith("There is no workspace in .pilotage; begin one with `pilotage up`")


def test_a_store_that_is_away_is_unreachable(terminal, monkeypatch):
    """When a store cannot be reached the exit code is 3, so that a script knows to try again."""

    def fail(*_arguments, **_options):
        raise StorageUnavailable("calls-locked", "Another process is writing calls: stop it, or go through its server.")

    monkeypatch.setattr("pilotage.cli.reaching.reach", fail)
    ran = terminal.run("status")
    assert ran.code == 3
    assert ran.err == "Error: Another process is writing calls: stop it, or go through its server.\n"


def test_what_nobody_foresaw_is_said_and_traced_only_on_request(terminal, monkeypatch):
    """A fault of the program itself is one sentence; its traceback comes with `--debug` alone."""

    def fail(*_arguments, **_options):
        raise RuntimeError("a wheel came off\nand rolled away")

    monkeypatch.setattr("pilotage.cli.reaching.reach", fail)
    ran = terminal.run("status")
    assert ran.code == 2
    assert ran.err == (
        "Error: Pilotage failed in a way that nobody foresaw (RuntimeError: a wheel came off); "
        "run it again with --debug and report what it says.\n"
    )
    traced = terminal.run("status", "--debug")
    assert "Traceback" in traced.err
    assert traced.err.endswith(ran.err)


def test_an_interrupt_ends_it_quietly(terminal, monkeypatch):
    """Ctrl-C ends a command without a traceback, with the exit code that shells expect."""

    def interrupt(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("pilotage.cli.reaching.reach", interrupt)
    ran = terminal.run("status")
    assert (ran.code, ran.err) == (130, "\nStopped.\n")


def test_every_command_can_be_asked_how_it_is_used():
    """Each command has a help text, takes `--json` and `--debug`, and uses no option name twice."""
    commands = [(ctx, found) for ctx, found in all_commands() if not isinstance(found, click.Group)]
    assert len(commands) > len(ENTRIES)
    for ctx, found in commands:
        flags = [flag for param in found.params for flag in (*param.opts, *param.secondary_opts)]
        assert len(flags) == len(set(flags)), ctx.command_path
        names = [param.name for param in found.params]
        assert len(names) == len(set(names)), ctx.command_path
        assert {"--json", "--debug"} <= set(flags), ctx.command_path
        assert found.help, ctx.command_path


def test_the_shell_can_complete_commands():
    """The shell is given the commands that begin as what was typed."""
    asked = {"_PILOTAGE_COMPLETE": "bash_complete", "COMP_WORDS": "pilotage st", "COMP_CWORD": "1"}
    ran = subprocess.run(
        [sys.executable, "-m", "pilotage"], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert ran.stdout == "plain,status\n"
