"""`pilotage up`, and commands that go through a server: the same answers, the same refusals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from tests.cli.terminal import WORKLOAD
from tests.server.cast import enrol, open_here

from pilotage.cli.over_http import answers, as_header
from pilotage.evidence.plan import MeasurementPlan
from pilotage.operations.announcing import read_announcement
from pilotage.runtime.settings import read_settings
from pilotage.runtime.workload import Workload

WAIT_S = 30.0
STATEMENT = "Ten files were read, and nobody objects."


class Served:
    """A `pilotage up` in a process of its own."""

    def __init__(self, home, *options):
        settings = {name: value for name, value in os.environ.items() if not name.startswith("PILOTAGE_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pilotage", "up", "--home", str(home), "--port", "0", "--json", *options],
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        lines = []
        while not lines or lines[-1] != "}\n":
            lines.append(self.process.stdout.readline())
            if not lines[-1]:
                raise AssertionError(self.process.stderr.read())
        self.said = json.loads("".join(lines))
        self.url = self.said["url"]

    def stop(self, how=signal.SIGTERM):
        """Stop it; its exit code and what it said last."""
        self.process.send_signal(how)
        code = self.process.wait(WAIT_S)
        said = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return code, said


@pytest.fixture
def served(terminal):
    """A server for the terminal's folder, with everybody in it and a workload that has its owner and sponsor."""
    terminal.people = terminal.settle_triage()
    server = Served(terminal.home)
    yield server
    if server.process.poll() is None:
        server.stop(signal.SIGKILL)


def test_the_first_start_makes_a_workspace_and_a_link(terminal):
    """In an empty folder `up` makes a workspace and a link for its first account; SIGTERM ends it in order."""
    server = Served(terminal.home)
    assert server.said["link"].startswith(f"{server.url}/sign-in?token=pilotage_link_")
    assert (server.said["home"], server.said["demonstration"]) == (str(terminal.home), False)
    assert answers(server.url)
    announcement = read_announcement(terminal.home)
    assert announcement is not None
    assert (announcement.url, announcement.pid) == (server.url, server.process.pid)
    assert server.stop() == (0, "Stopped.\n")
    assert read_announcement(terminal.home) is None
    assert not answers(server.url)
    workspace = open_here(terminal.home)
    assert all(token.revoked for token in workspace.accounts.tokens())
    workspace.close()


def test_one_folder_has_one_server(terminal, served):
    """A second server for the same folder is refused with the address of the first."""
    ran = terminal.run("up", "--port", "0")
    assert ran.code == 2
    assert ran.err == (
        f"Error: .pilotage is served at {served.url} already, by process {served.process.pid}; stop that first.\n"
    )


def test_a_port_that_is_taken_is_said(terminal, served):
    """A port on which something else listens is refused with what to do."""
    port = served.url.rpartition(":")[2]
    command = [sys.executable, "-m", "pilotage", "up", "--home", "other", "--port", port]
    ran = subprocess.run(command, cwd=terminal.folder, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"Error: 127.0.0.1 port {port} cannot be listened on (")


def test_reading_goes_through_the_folder_s_own_server(terminal, served):
    """While a server runs, looking needs no account, and the answers are those given in place."""
    through = {
        arguments: terminal.run(*arguments, "--json")
        for arguments in (
            ("status",),
            ("status", "ticket-triage"),
            ("gate", "check", "ticket-triage"),
            ("export", "ticket-triage"),
            ("ledger", "show"),
            ("ledger", "verify"),
        )
    }
    assert served.stop()[0] == 0
    for arguments, ran in through.items():
        in_place = terminal.run(*arguments, "--json")
        assert (ran.code, ran.err, without_times(ran.json)) == (
            in_place.code,
            in_place.err,
            without_times(in_place.json),
        )


def without_times(value):
    """JSON without the moments in it, which two moments cannot share."""
    if isinstance(value, dict):
        return {key: without_times(one) for key, one in value.items() if key not in {"since", "at", "updated_at"}}
    return [without_times(one) for one in value] if isinstance(value, list) else value


def test_acting_takes_the_account_s_password(terminal, served):
    """Through the folder's own server one acts with one's password, and the token made for it ends with the command."""
    refused = terminal.run(
        "kill", "ticket-triage", "--reason", "it is wrong", user="yuki", password="guessed it wrongly"
    )
    assert (refused.code, refused.err) == (2, "Error: The user name or the password is wrong.\n")
    done = terminal.run_as("yuki", "kill", "ticket-triage", "--reason", "it is wrong")
    assert (done.code, done.out) == (0, "ticket-triage: killed at 4.\n")
    entry = terminal.run("ledger", "show", "--after", "3", "--json").json["entries"][0]
    assert entry["actor"] == terminal.people["yuki"].person
    listed = terminal.run("token", "list", "--all", "--json").json["tokens"]
    assert all(token["revoked"] for token in listed if token["name"] == "command line")


def test_a_signature_goes_through_with_its_password(terminal, served):
    """A signature through the server carries the password again."""
    attest = ("do", "ticket-triage", "attest", "--criterion", "pilot.real-work", "--statement", STATEMENT)
    assert terminal.run_as("imke", *attest).code == 0
    entry = terminal.run("ledger", "show", "--json").json["entries"][-1]
    assert (entry["kind"], entry["actor"]) == ("attested", terminal.people["imke"].person)


def test_a_refusal_lists_every_reason(terminal, served):
    """A refused exposure says the same through the server as in place."""
    arguments = ("expose", "ticket-triage", "live", "--percent", "5", "--reason", "we are ready")
    through = terminal.run_as("imke", *arguments)
    served.stop()
    in_place = terminal.run_as("imke", *arguments)
    assert through.code == in_place.code == 2
    assert through.err == in_place.err


def test_a_named_server_takes_a_token(terminal, served):
    """With PILOTAGE_URL and PILOTAGE_TOKEN commands act as the token's person, within its scopes."""
    yuki, reader = terminal.people["yuki"], terminal.people["imke"]
    workspace = open_here(terminal.home)
    issued = enrol(workspace, "otto", roles={"engineer"}, scopes={"read", "command", "record"})
    workspace.close()
    there = {"url": served.url, "token": issued.token, "home": "elsewhere"}
    assert terminal.run("status", **there).out.startswith("ticket-triage  select")
    applied = terminal.run("apply", "-f", terminal.write("p.yaml", WORKLOAD.replace("ticket-triage", "p")), **there)
    assert (applied.code, applied.err) == (0, "")
    names = "people: {owner: Imke}\n"
    named = terminal.write("n.yaml", WORKLOAD + names.replace("Imke", reader.person))
    assert terminal.run("apply", "-f", named, **there).code == 0
    rows = f"call_id,name,value,at\n{'ab' * 16},label,x,2026-01-01T00:00:00Z\n"
    imported = terminal.run("outcome", "import", "p", terminal.write("o.csv", rows), **there)
    assert imported.out == "p: 1 outcome taken in, 0 known before, 0 rows skipped.\n"
    weak = terminal.run("kill", "p", "--reason", "it is wrong", **(there | {"token": yuki.token}))
    assert (weak.code, weak.err.startswith("Error: ")) == (2, True)
    unknown = terminal.run("status", "nope", **there)
    assert (unknown.code, unknown.err) == (
        2,
        "Error: There is no workload nope; `pilotage status` lists those that exist.\n",
    )


def test_a_server_that_is_away_exits_with_three(terminal):
    """When nobody answers at the named address the exit code is 3, and it says what to start."""
    ran = terminal.run("status", url="http://127.0.0.1:9", token="any")
    assert ran.code == 3
    assert ran.err.startswith("Error: No server answers at http://127.0.0.1:9 (")
    assert ran.err.endswith("); start it with `pilotage up`.\n")


def test_a_named_server_without_a_token_is_refused(terminal):
    """With an address and no token it says how to get one, rather than work on another workspace."""
    ran = terminal.run("status", url="http://127.0.0.1:9")
    assert ran.code == 2
    assert ran.err.startswith(
        "Error: PILOTAGE_URL names http://127.0.0.1:9, and PILOTAGE_TOKEN is not set; make a token"
    )


def test_a_server_that_was_killed_is_no_obstacle(terminal, served):
    """After a server was killed commands work on the folder, and the next one starts and ends what it left open."""
    served.stop(signal.SIGKILL)
    assert read_announcement(terminal.home) is not None
    assert terminal.run("status").code == 0
    successor = Served(terminal.home)
    assert terminal.run("status").code == 0
    assert successor.stop()[0] == 0
    workspace = open_here(terminal.home)
    assert all(token.revoked for token in workspace.accounts.tokens() if token.name.startswith("read by"))
    workspace.close()


def test_embedded_calls_reach_the_server(terminal, served):
    """Calls of a runtime embedded in the folder are in the server's store within a few seconds."""
    runtime = Workload(read_settings("ticket-triage", home=terminal.home))
    runtime.incumbent(lambda ticket: ticket)
    runtime.call("a ticket", unit="customer-1")
    assert runtime.wait_for_lease(WAIT_S)
    assert runtime.close()
    spool = terminal.home / "spool" / "ticket-triage"
    deadline = time.monotonic() + WAIT_S
    while list(spool.glob("*.seg")) and time.monotonic() < deadline:
        time.sleep(0.1)
    served.stop()
    workspace = open_here(terminal.home)
    workspace.calls.project("ticket-triage", MeasurementPlan(), workspace.clock.now())
    assert workspace.calls.traffic("ticket-triage").calls == 1
    workspace.close()


def test_any_password_fits_into_a_header():
    """Letters beyond Latin arrive at the server as they were typed."""
    password = "Fünf Wörter, 五つ words 🙂"
    assert as_header(password).encode("latin-1").decode("utf-8") == password
