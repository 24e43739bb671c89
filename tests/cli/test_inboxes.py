"""`pilotage inbox`: what waits for whoever asks, as a table and as the interface's JSON."""

from __future__ import annotations


def test_an_empty_inbox_says_so(terminal):
    """Somebody for whom nothing waits reads that in one sentence."""
    terminal.settle()
    ran = terminal.run_as("ada", "inbox")
    assert (ran.code, ran.out, ran.err) == (0, "Nothing waits for you.\n", "")


def test_each_line_has_its_day_and_the_command_that_carries_it_out(terminal):
    """Day, workload, what waits, and what to do about it, with the command to give."""
    terminal.settle_triage()
    found = terminal.run_as("imke", "inbox", "--json").json
    assert sorted(found) == ["overdue", "person", "waiting"]
    ran = terminal.run_as("imke", "inbox")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert len(lines) == len(found["waiting"]) > 0
    for line, one in zip(lines, found["waiting"], strict=True):
        assert line.startswith(f"{one['due'] or '-'}")
        assert one["workload"] in line
        assert line.endswith(
            f"pilotage do {one['workload']} {one['command'].replace('_', '-')}" if one["command"] else one["href"]
        )
