"""`pilotage status` and `pilotage gate check`: where a workload stands, and the exit code that says so."""

from __future__ import annotations

import pytest

from pilotage.cli.failures import CliError
from pilotage.cli.gate import judged
from pilotage.cli.names import Names
from pilotage.cli.status import criterion_row
from pilotage.client import ApiRefused


def criterion(name, verdict):
    """A criterion as the interface gives it."""
    action = None if verdict in {"met", "waived"} else {"action": "Do it.", "by": "owner"}
    return {"id": name, "verdict": verdict, "kind": "recorded", "reason": "So it is.", "next": action}


def check(*verdicts, phase="pilot", asked=None, no_waivers=False):
    """A gate's check over these verdicts."""
    criteria = [criterion(f"pilot.c{number}", verdict) for number, verdict in enumerate(verdicts)]
    gate = {"phase": "pilot", "met": 0, "total": len(criteria), "criteria": criteria}
    workload = {"workload": "w", "demonstration": False, "phase": phase, "gate": {"phase": "pilot"}}
    return judged(workload, [gate], asked, no_waivers=no_waivers)


@pytest.mark.parametrize(
    ("verdicts", "passes"),
    [
        (("met", "not_applicable"), True),
        (("met", "waived"), True),
        (("met", "unmet"), False),
        (("met", "pending"), False),
        (("met", "of a kind that a later version gives"), False),
    ],
)
def test_a_gate_passes_only_on_verdicts_that_pass(verdicts, passes):
    """Unmet, pending and unknown verdicts keep a gate shut; met, waived and not applicable ones do not."""
    assert check(*verdicts).passes is passes


def test_waivers_can_be_left_out_of_account():
    """Under `--no-waivers` a waived criterion keeps the gate shut."""
    checked = check("met", "waived", no_waivers=True)
    assert (checked.passes, checked.blocking) == (False, ("pilot.c1",))


def test_nothing_of_a_killed_workload_passes():
    """A pipeline does not deploy what was switched off, whatever its gate says."""
    assert not check("met", phase="killed").passes


def test_an_unknown_gate_is_refused_with_those_that_exist():
    """Whoever names a gate that the playbook lacks is told the ones it has."""
    with pytest.raises(CliError, match="There is no gate shipping; this workload's playbook has pilot"):
        check("met", asked="shipping")


def test_an_empty_workspace_teaches_the_next_step(terminal):
    """With no workloads, status says how to get the first one."""
    terminal.settle()
    ran = terminal.run("status")
    said = "There are no workloads yet. Write a file with `pilotage init`, then `pilotage apply -f workload.yaml`.\n"
    assert (ran.code, ran.out, ran.err) == (0, said, "")


def test_looking_makes_no_workspace(terminal):
    """Asking for the status of a folder without a workspace is refused and leaves the folder as it was."""
    ran = terminal.run("status")
    assert ran.code == 2
    assert ran.err == (
        "Error: There is no workspace in .pilotage; begin one with `pilotage up`, or with `pilotage init` and "
        "`pilotage apply`, or name another folder with --home.\n"
    )
    assert not terminal.home.exists()


def test_each_workload_has_one_line(terminal):
    """Without a workload's name, status shows one line for each: phase, exposure, gate, target, stalls."""
    terminal.settle_triage()
    ran = terminal.run("status")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "ticket-triage  select  none  1 of 13 met  not estimable  no-production-path, wrong-problem, vague-success\n"
    )


def test_one_workload_is_readable_at_a_glance(terminal):
    """A workload's status says its exposure against the ceiling and why, its target, and each criterion's next step."""
    terminal.settle_triage()
    ran = terminal.run("status", "ticket-triage")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[3].startswith("sponsor   Tomas")
    assert lines[3].endswith("who has done nothing yet")
    assert [*lines[:3], *lines[4:6]] == [
        "ticket-triage",
        "phase     select, standard lane",
        "exposure  none; the ceiling is none: Phase select allows none: the gate has to pass first.",
        "target    not estimable. There is no charter yet.",
        "gate      select: 1 of 13 met",
    ]
    assert "unmet    select.charter          There is no charter yet. Next: Write the charter. (owner)" in lines
    stalls = [line.split()[:2] for line in lines if line.startswith("stalls")]
    assert stalls == [["stalls", "no-production-path"], ["stalls", "wrong-problem"], ["stalls", "vague-success"]]


def test_status_in_json_is_the_interface_s(terminal):
    """`--json` gives the same JSON as the HTTP interface."""
    terminal.settle_triage()
    answer = terminal.run("status", "ticket-triage", "--json").json
    assert sorted(answer) == [
        "compressed", "demonstration", "exposure", "gate", "lane", "lapsing", "phase", "sponsor", "stall", "target",
        "waived", "workload",
    ]  # fmt: skip
    assert answer["exposure"]["ceiling"] == {"mode": "none", "percent": 0.0}
    assert answer["target"]["answer"] == "not_estimable"
    assert [one["workload"] for one in terminal.run("status", "--json").json["workloads"]] == ["ticket-triage"]


def test_an_unknown_workload_is_named(terminal):
    """Whoever asks for a workload that does not exist is told so, and how to list those that do."""
    terminal.settle()
    for arguments in (("status", "nope"), ("gate", "check", "nope"), ("export", "nope")):
        ran = terminal.run(*arguments)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == "Error: There is no workload nope; `pilotage status` lists those that exist.\n"


def test_an_open_gate_exits_with_one(terminal):
    """A pipeline that checks an open gate gets exit code 1, every criterion, and the count of open ones."""
    terminal.settle_triage()
    ran = terminal.run("gate", "check", "ticket-triage")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.endswith("ticket-triage, gate select: not passed, 12 criteria open.\n")
    assert len(ran.out.splitlines()) == 14
    other = terminal.run("gate", "check", "ticket-triage", "--gate", "pilot", "--json")
    assert other.code == 1
    assert other.json["gate"]["phase"] == "pilot"
    assert other.json["passes"] is False
    assert "pilot.baseline" in other.json["blocking"]


class KnownPeople:
    """Somebody who may see these people."""

    def __init__(self, people):
        self._people = people

    def people(self):
        """Everybody, or a refusal."""
        if isinstance(self._people, Exception):
            raise self._people
        return self._people


def test_people_are_shown_by_name():
    """Ids of people become names where people read; an id that is not known, or may not be, stays."""
    told = "Attested by p-aaaaaaaaaa and p-bbbbbbbbbb."
    known = Names.of(KnownPeople([{"person": "p-aaaaaaaaaa", "name": "Imke Brandt"}]))
    assert known(told) == "Attested by Imke Brandt and p-bbbbbbbbbb."
    assert Names.of(KnownPeople(ApiRefused(403, "other-workload", "This token is bound.", ())))(told) == told


def test_what_is_set_aside_and_what_lapses_soon_is_said():
    """A criterion that lapses soon says until when and what keeps it; so do those of other gates, and their waivers."""
    soon = criterion("pilot.clearance", "met") | {
        "valid_until": "2026-08-29T09:00:00Z",
        "renew": {"action": "Sign again.", "by": "owner"},
    }
    said = criterion_row(soon, Names({}))[2]
    assert said == "So it is. Holds until 2026-08-29; renew it before: Sign again. (owner)"
    assert "Holds until" not in criterion_row(criterion("pilot.release", "met"), Names({}))[2]
