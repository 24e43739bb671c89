"""`pilotage do`, `expose` and `kill`: every command of the record, with options made from its type."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import click
import msgspec
import pytest
import yaml
from tests.cli.terminal import PASSWORD, Ran

from pilotage.cli import in_place
from pilotage.cli.commanding import made_of
from pilotage.cli.fields import checked, fields_of
from pilotage.cli.starting import project
from pilotage.record.areas.data import CheckSample
from pilotage.record.commands import COMMANDS, ReviseCharter, Waive
from pilotage.record.organisation import ORGANISATION_COMMANDS
from pilotage.workflow.desk import Receipt

STATEMENT = "I take it on, with the team that builds it."


@pytest.mark.parametrize("name", [*COMMANDS, *ORGANISATION_COMMANDS])
def test_every_field_can_be_given(name):
    """Each field of each command has an option, except those that only JSON can say: a charter, and a sample's bytes,
    which `pilotage data check` reads from the file.
    """
    kind = (COMMANDS | ORGANISATION_COMMANDS)[name]
    options = {option.name for option in made_of(name, kind, frozenset(), lambda *_: None).params}
    missing = {field.name for field in fields_of(kind)} - options
    assert missing == {ReviseCharter: {"charter"}, CheckSample: {"sample"}}.get(kind, set())


def test_a_command_writes_what_it_says(terminal):
    """A command names the facts that it wrote and where they stand in the ledger."""
    terminal.settle_triage()
    ran = terminal.run_as("tomas", "do", "ticket-triage", "comment", "--comment", "Looks promising to me.")
    assert (ran.code, ran.out, ran.err) == (0, "ticket-triage: commented at 4.\n", "")
    shown = terminal.run("ledger", "show", "--after", "3", "--json").json["entries"]
    assert shown[0]["texts"] == {"comment": "Looks promising to me."}


def test_a_signature_takes_the_signer_s_own_password(terminal):
    """Accepting ownership is a signature: it needs the owner's password, and nobody else's will do."""
    terminal.settle_triage()
    accept = ("do", "ticket-triage", "accept-ownership", "--technical", "--operational", "--statement", STATEMENT)
    silent = terminal.run(*accept, user="imke")
    assert silent.code == 2
    assert silent.err == (
        "Error: The password of imke is needed, and nobody is there to type it: "
        "set PILOTAGE_PASSWORD, or use a terminal.\n"
    )
    wrong = terminal.run(*accept, user="imke", password="guessed it wrongly")
    assert (wrong.code, wrong.err) == (2, "Error: The user name or the password is wrong.\n")
    other = terminal.run_as("tomas", *accept)
    assert other.code == 2
    assert "accept_ownership needs one of these roles: owner" in other.err
    signed = terminal.run_as("imke", *accept, "--json")
    assert signed.code == 0, signed.err
    assert signed.json["kinds"] == ["ownership_accepted"]


def test_whoever_acts_says_who_they_are(terminal):
    """With several accounts a command without `--as` is refused, with the accounts there are."""
    terminal.settle_triage()
    ran = terminal.run("kill", "ticket-triage", "--reason", "it is wrong")
    assert ran.code == 2
    assert ran.err == (
        "Error: Say who you are, with --as USER or in PILOTAGE_USER. There are: imke, tomas, yuki, marc, ada.\n"
    )


def test_a_refused_exposure_says_every_reason(terminal):
    """Above the ceiling exposure is refused with every reason why the ceiling is where it is."""
    terminal.settle_triage()
    ran = terminal.run_as("imke", "expose", "ticket-triage", "live", "--percent", "5", "--reason", "we are ready")
    assert (ran.code, ran.out) == (2, "")
    lines = ran.err.splitlines()
    assert lines[:4] == [
        f"Error: {len(lines) - 1} problems; nothing was written.",
        "  No candidate release is registered; register one first.",
        "  mode: live 5 % is above the ceiling, which is none.",
        "  mode: Phase select allows none: the gate has to pass first.",
    ]
    assert "  mode: select.charter is unmet: There is no charter yet." in lines
    refused = terminal.run_as("imke", "expose", "ticket-triage", "live", "--reason", "we are ready", "--json")
    codes = {problem["code"] for problem in json.loads(refused.err)["error"]["problems"]}
    assert {"no-percent", "no-release", "above-ceiling", "ceiling-reason"} <= codes


def test_a_kill_is_a_command_and_a_reason(terminal):
    """Killing takes a reason, is done at once, and cannot be done twice."""
    terminal.settle_triage()
    ran = terminal.run_as("yuki", "kill", "ticket-triage", "--reason", "it answers nonsense")
    assert (ran.code, ran.out) == (0, "ticket-triage: killed at 4.\n")
    assert terminal.run("status", "ticket-triage", "--json").json["phase"] == "killed"
    again = terminal.run_as("yuki", "kill", "ticket-triage", "--reason", "it answers nonsense")
    assert (again.code, again.err) == (2, "Error: The candidate is switched off already.\n")
    assert terminal.run("gate", "check", "ticket-triage").code == 1


def test_fields_come_as_json_or_from_a_file_too(terminal):
    """Fields may be JSON or a file; an option counts before JSON, JSON before the file."""
    terminal.settle_triage()
    terminal.write("score.yaml", "impact: 1\nfeasibility: 1\nreadiness: 1\n")
    ran = terminal.run_as(
        "imke", "do", "ticket-triage", "score", "-f", "score.yaml", "--input", '{"impact": 2, "readiness": 2}',
        "--impact", "3",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    payload = terminal.run("ledger", "show", "--after", "3", "--json").json["entries"][0]["payload"]
    assert {name: payload[name] for name in ("impact", "feasibility", "readiness")} == {
        "impact": 3,
        "feasibility": 1,
        "readiness": 2,
    }


def test_all_fields_that_do_not_fit_are_listed(terminal):
    """Fields of the wrong kind, missing or unknown are all named, and nothing is given."""
    terminal.settle_triage()
    ran = terminal.run_as("imke", "do", "ticket-triage", "score", "--impact", "9", "--input", '{"readyness": 2}')
    assert ran.code == 2
    assert ran.err.splitlines() == [
        "Error: The fields of score do not fit; nothing was done.",
        "  readyness: readyness is no key of this place; did you mean readiness?",
        "  impact: This is 9; write a number that is at most 5.",
        "  feasibility: feasibility is missing; add it as a whole number.",
        "  readiness: readiness is missing; add it as a whole number.",
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [("{", "--input is not JSON"), ("[1]", "--input has to hold an object: the command's fields by name.")],
)
def test_input_that_is_no_object_is_refused(terminal, given, said):
    """What is not a JSON object is no command's fields."""
    terminal.settle_triage()
    ran = terminal.run_as("imke", "do", "ticket-triage", "score", "--input", given)
    assert ran.code == 2
    assert said in ran.err


def test_days_are_read_from_options_and_json():
    """A day is a day whether an option or JSON gives it, and text that is none is named."""
    fields = {"criterion": "pilot.x", "reason": "because of this and that", "expires_on": "2026-03-31"}
    assert checked("waive", Waive, fields)["expires_on"] == "2026-03-31"
    with pytest.raises(Exception, match="do not fit") as refused:
        checked("waive", Waive, fields | {"expires_on": "soon"})
    assert [problem.field for problem in refused.value.problems] == ["expires_on"]


def test_help_says_who_may_and_what_is_signed(terminal):
    """A command's help says what it does, whose it is, and whether it is a signature."""
    ran = terminal.run("do", "ticket-triage", "sign", "--help")
    assert ran.code == 0
    assert "Sign the exact content that a digest stands for." in ran.out
    assert "For: owner, sponsor. It is a signature: the password is asked for." in " ".join(ran.out.split())
    listed = terminal.run("do", "ticket-triage", "--help")
    assert listed.code == 0
    assert "accept-ownership" in listed.out
    missing = terminal.run("do", "ticket-triage", "explode")
    assert (missing.code, missing.out) == (2, "")
    assert "No such command 'explode'" in missing.err


def test_an_unknown_workload_takes_no_commands(terminal):
    """A command to a workload that does not exist is refused with what to do."""
    terminal.settle()
    ran = terminal.run_as("imke", "kill", "nope", "--reason", "it is wrong")
    assert (ran.code, ran.err) == (2, "Error: slug: There is no such workload; propose it first.\n")


def test_a_whole_charter_comes_from_a_file(terminal):
    """What has no option, such as a charter, comes from a file or as JSON."""
    terminal.settle_triage()
    ran = terminal.run_as("imke", "do", "ticket-triage", "revise-charter", "--base-version", "0")
    assert ran.code == 2
    assert "charter: charter is missing; add it as a mapping." in ran.err


def test_a_password_may_be_typed(terminal, monkeypatch):
    """On a terminal the password is asked for, without being shown, once for the whole command."""
    terminal.settle_triage()
    asked = []

    def typed(question, **options):
        asked.append((question, options["hide_input"], options["err"]))
        return PASSWORD

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "prompt", typed)
    ran = terminal.run(
        "do", "ticket-triage", "accept-ownership", "--technical", "--operational", "--statement", STATEMENT,
        "--as", "imke",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert asked == [("The password of imke", True, True)]


def test_each_command_is_checked_as_the_interface_checks_it():
    """What the options let through converts to the command's type."""
    whole = checked("expose", COMMANDS["expose"], {"mode": "shadow", "reason": "we begin", "cohorts": ["a", "b"]})
    assert msgspec.convert(whole, COMMANDS["expose"]).cohorts == ("a", "b")


def test_the_owner_signs_the_charter_that_export_shows(terminal):
    """The digest that a signature needs stands at the head of the exported file; another digest is refused."""
    terminal.settle()
    whole = project("ticket-triage", dt.date(2026, 1, 5))
    terminal.write("model.py", whole["model.py"])
    terminal.write("workload.yaml", whole["workload.yaml"] + "people: {owner: imke, sponsor: tomas}\n")
    assert terminal.run_as("imke", "apply", "-f", "workload.yaml").code == 0
    shown = terminal.run("export", "ticket-triage").out.splitlines()[1]
    assert shown.startswith("# charter, version 1: digest ")
    digest = shown.rpartition(" ")[2]
    sign = ("do", "ticket-triage", "sign", "--subject", "charter", "--meaning", "I promise this.", "--digest")
    other = terminal.run_as("imke", *sign, "ab" * 32)
    assert (other.code, "The charter changed since you read it" in other.err) == (2, True)
    assert terminal.run_as("imke", *sign, digest).out == "ticket-triage: signed at 6.\n"
    assert terminal.run_as("tomas", *sign, digest).out == "ticket-triage: signed at 7.\n"
    verdicts = terminal.run("status", "ticket-triage", "--json").json["gate"]["criteria"]
    assert {one["id"]: one["verdict"] for one in verdicts}["select.signed"] == "met"


class WillingDesk:
    """A desk that lets everything through."""

    def __init__(self, desk):
        self._desk = desk

    def issue(self, _actor, slug, _command):
        """Write nothing, and say that something was written."""
        return Receipt(workload=slug, sequence=5, positions=(5,), kinds=("exposure_set",))

    def __getattr__(self, name):
        return getattr(self._desk, name)


def test_live_traffic_waits_for_a_server(terminal, monkeypatch):
    """Exposed live with no server running, the command says that it begins with one."""
    terminal.settle_triage()
    opened = in_place.opened
    monkeypatch.setattr(
        in_place, "opened", lambda home: dataclasses.replace(found := opened(home), desk=WillingDesk(found.desk))
    )
    ran = terminal.run_as("imke", "expose", "ticket-triage", "live", "--percent", "5", "--reason", "we are ready")
    assert (ran.code, ran.out) == (0, "ticket-triage: exposure_set at 5.\n")
    assert ran.err == "live begins with `pilotage up`: only a server renews its lease.\n"


def test_whoever_signs_again_is_told_what_changed(terminal):
    """Who signed which version can be read, and before a signature is given again what changed since is said."""
    terminal.settle()
    terminal.write("model.py", project("ticket-triage", dt.date(2026, 1, 5))["model.py"])
    text = project("ticket-triage", dt.date(2026, 1, 5))["workload.yaml"]
    people = "people:\n  owner: imke\n  sponsor: tomas\n"

    def apply(said: str) -> None:
        terminal.write("workload.yaml", said + people)
        assert terminal.run_as("imke", "apply", "-f", "workload.yaml").code == 0

    def sign() -> Ran:
        digest = terminal.run("charter", "ticket-triage", "--json").json["digest"]
        command = ("do", "ticket-triage", "sign", "--subject", "charter", "--digest", digest, "--meaning", "I do.")
        return terminal.run_as("imke", *command)

    apply(text)
    assert (first := sign()).code == 0
    assert "You signed" not in first.err
    plain = yaml.safe_load(text)
    apply(yaml.safe_dump(plain | {"team": "Imke and Yuki"}))
    shown = terminal.run("charter", "ticket-triage", "--json").json
    assert [(one["version"], one["counts"]) for one in shown["signatures"]] == [(1, True)]
    assert [(one["field"], one["material"]) for one in shown["signatures"][0]["changed_since"]] == [("team", False)]
    assert "already" in sign().err
    plain["charter"]["value"] = "Something else is better."
    apply(yaml.safe_dump(plain | {"team": "Imke and Yuki"}))
    again = sign()
    assert again.code == 0, again.err
    assert "You signed version 1" in again.err
    assert "value: " in again.err
    assert "-> Something else is better." in again.err
    told = terminal.run("charter", "ticket-triage")
    assert told.code == 0
    assert "counts" in told.out
    assert "void" in told.out
    assert "team (immaterial)" in told.out
