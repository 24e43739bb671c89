"""`pilotage evidence`: sections in the terminal."""

from __future__ import annotations

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
