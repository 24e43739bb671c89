"""`pilotage do W analyse-shortfall`: a missed target's analysis from the terminal."""

from __future__ import annotations

from tests.server.cast import open_here
from tests.server.pages.story import PASSWORD, TRIAGE, people, tell_missed

GIVE = ("do", TRIAGE, "analyse-shortfall", "--remedy", "both", "--effort", "Three weeks of two people.")


def test_a_missed_target_is_analysed_in_the_terminal(terminal):
    """The section says what to do; without the cause nothing is written; whole, it is on record and the gate is met."""
    workspace = open_here(terminal.home, demonstration=True)
    tell_missed(workspace, people(workspace))
    workspace.close()
    section = ("evidence", TRIAGE, "--section", "shortfall")
    assert f"pilotage do {TRIAGE} analyse-shortfall --help" in terminal.run(*section).out
    segments = terminal.run(*section, "--json").json["segments"]
    named = [part for segment in segments for part in ("--segments", segment)]
    refused = terminal.run(*GIVE, *named, user="priya", password=PASSWORD)
    assert refused.code == 2
    assert "cause" in refused.err
    whole = (*GIVE, *named, "--cause", "Few French tickets.", "--curve", "1000=0.41", "--curve", "4000=0.5")
    ran = terminal.run(*whole, user="priya", password=PASSWORD)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"{TRIAGE}: ")
    shown = terminal.run(*section).out
    assert f"On record, of attempt 1: it fails in {', '.join(segments)}. Few French tickets." in shown
    assert terminal.run(*section, "--json").json["recorded"]["remedy"] == "both"
