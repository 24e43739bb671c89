"""`pilotage evidence`: sections in the terminal."""

from __future__ import annotations

import shutil

import pytest

from pilotage.cli.evidence import DRAWN, drawing
from pilotage.workflow.sections import SECTIONS


def test_every_section_can_be_drawn():
    """What the interface gives, the terminal shows."""
    assert set(DRAWN) == set(SECTIONS)
    assert all(callable(drawing(section)) for section in DRAWN)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_without_data_teaches_the_next_step(section, terminal):
    """Before there is anything to show, each section says so and exits well, with and without explanations."""
    terminal.settle_triage()
    for extra in ((), ("--explain",)):
        ran = terminal.run("evidence", "ticket-triage", "--section", section, *extra)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.strip()


def test_the_answer_is_shown_without_being_asked_for(terminal):
    """The section that decides comes first."""
    terminal.settle_triage()
    ran = terminal.run("evidence", "ticket-triage")
    assert ran.out.startswith("not estimable. There is no charter yet.\n")
    assert terminal.run("evidence", "ticket-triage", "--json").json["answer"] == "not_estimable"


def test_what_does_not_exist_is_named(terminal):
    """An unknown section or metric is refused, with those that there are."""
    terminal.settle_triage()
    ran = terminal.run("evidence", "ticket-triage", "--section", "answr")
    assert ran.code == 2
    assert "There is no section answr; did you mean answer?" in ran.err
    ran = terminal.run("evidence", "ticket-triage", "--metric", "speed")
    assert ran.code == 2
    assert ran.err == "Error: There are no figures of speed here; those with figures: none yet.\n"
    assert "nope" in terminal.run("evidence", "nope").err


def exported(terminal):
    """The ledger of a workload that was proposed, as a file."""
    terminal.settle_triage()
    ran = terminal.run("ledger", "export", "-o", "ledger.jsonl")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("3 entries in ledger.jsonl. Tree head ")
    return terminal.folder / "ledger.jsonl"


def test_an_exported_ledger_is_proven_without_a_workspace(terminal):
    """What `ledger export` wrote is checked with nothing but the file; changing a single sign is found out. Where
    nothing was decided nothing was shown to come out the same, so that is no success.
    """
    file = exported(terminal)
    shutil.rmtree(terminal.home)
    ran = terminal.run("evidence", "recompute", file.name)
    assert (ran.code, ran.err) == (1, "")
    assert "3 entries: as they were written." in ran.out
    assert "Nothing was decided in it: there is nothing to compute again." in ran.out
    file.write_text(file.read_text().replace("Ticket triage", "Ticket Triage"))
    ran = terminal.run("evidence", "recompute", file.name)
    assert ran.code == 1
    assert "The tree head over the entries is not the one that the file names." in ran.out


def test_an_export_is_held_to_a_head_that_is_known(terminal):
    """With `--root`, a file that is sound but of another ledger is found out."""
    file = exported(terminal)
    assert terminal.run("evidence", "recompute", file.name, "--root", "0" * 64).code == 1
    answer = terminal.run("evidence", "recompute", file.name, "--root", "0" * 64, "--json").json
    assert answer["same"] is False
    root = answer["root"]
    assert "as they were written" in terminal.run("evidence", "recompute", file.name, "--root", root).out


def test_a_mistyped_workload_is_no_success(terminal):
    """A workload that the file does not have is wrong use, named with those that it has."""
    file = exported(terminal)
    ran = terminal.run("evidence", "recompute", file.name, "--workload", "ticket-triag")
    assert ran.code == 2
    assert ran.err == "Error: There is no workload ticket-triag in this ledger; it has ticket-triage.\n"


def test_what_is_no_export_is_refused(terminal):
    """A file of another kind is wrong use, and says how to make the right one."""
    for content in (b"workload: x\n", b"\xff\xfe\x00"):
        (terminal.folder / "other.txt").write_bytes(content)
        ran = terminal.run("evidence", "recompute", "other.txt")
        assert ran.code == 2
        assert ran.err.startswith("Error: ")
        assert "no exported ledger" in ran.err
