"""`pilotage playbook`: the method as data, shown, listed and checked."""

from __future__ import annotations

from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs" / "playbook"
OWN = """\
extends: standard
id: claims-desk
title: Claims desk
version: 1
summary: The standard cadence for claims.
without: [select.build-or-buy]
"""


def test_playbooks_are_listed(terminal):
    """Each shipped playbook has one line."""
    ran = terminal.run("playbook", "list")
    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines()] == ["standard", "ninety-day"]
    assert [one["id"] for one in terminal.run("playbook", "list", "--json").json["playbooks"]] == [
        "standard",
        "ninety-day",
    ]


def test_the_reference_page_is_what_is_shown(terminal):
    """`--markdown` gives the page that the documentation holds."""
    ran = terminal.run("playbook", "show", "standard", "--markdown")
    assert ran.out == (DOCS / "standard.md").read_text(encoding="utf-8")


def test_a_playbook_is_shown_phase_by_phase(terminal):
    """Shown, a playbook has a heading for each phase, and a line for each criterion with its evidence and lanes."""
    ran = terminal.run("playbook", "show", "ninety-day")
    assert ran.code == 0
    assert "pilot: " in ran.out
    assert "pilot.baseline" in ran.out
    assert terminal.run("playbook", "show", "standard", "--json").json["id"] == "standard"


def test_an_unknown_playbook_is_refused(terminal):
    """A name that no shipped playbook bears is refused with those that do."""
    ran = terminal.run("playbook", "show", "mine")
    assert (ran.code, ran.err) == (
        2,
        "Error: No playbook mine is shipped; choose one of standard, ninety-day.\n",
    )


def test_a_team_s_own_playbook_is_checked_with_what_it_skips(terminal):
    """A valid file passes, with a warning for each piece of work that it leaves out."""
    ran = terminal.run("playbook", "check", terminal.write("own.yaml", OWN))
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].startswith("own.yaml: playbook claims-desk, version 1, ")
    assert lines[1] == "1 warning: work that it skips against standard."
    assert lines[2].startswith("  select.build-or-buy is left out: ")


def test_everything_wrong_in_a_playbook_is_listed(terminal):
    """An invalid file is refused with every problem and its line."""
    text = OWN.replace("version: 1", "version: one").replace("without", "withuot")
    ran = terminal.run("playbook", "check", terminal.write("own.yaml", text))
    assert (ran.code, ran.out) == (2, "")
    lines = ran.err.splitlines()
    assert lines[0] == "Error: own.yaml: 2 problems."
    assert lines[1].startswith("  line 4, version: ")
    assert lines[2].startswith("  line 6, withuot: ")
