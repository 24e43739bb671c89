"""`pilotage training import`: completions from a file, checked whole, taken once."""

from __future__ import annotations

HEAD = "learner,audience,module,completed_on\n"


def settled(terminal):
    """A workload with an audience of two and a module to complete."""
    terminal.settle_triage()
    terminal.run_as(
        "imke", "do", "ticket-triage", "name-audience", "--id", "desk", "--title", "The desk", "--people", "2"
    )
    return terminal


def test_bad_rows_are_all_listed(terminal):
    """One bad row keeps the whole file out, and every bad row is named with its line, field and what is wrong."""
    settled(terminal)
    rows = "anna@example.org,desk,intro,2026-03-01\np-1,The desk,intro,2026-03-01\np-1,desk,intro,1 March\nonly,two\n"
    ran = terminal.run("training", "import", "ticket-triage", terminal.write("done.csv", HEAD + rows))
    assert (ran.code, ran.out) == (2, "")
    assert [line.partition(":")[0].strip() for line in ran.err.splitlines()] == [
        "Error",
        "line 2, learner",
        "line 3, audience",
        "line 4, completed_on",
        "line 5",
    ]


def test_what_the_record_does_not_know_is_refused(terminal):
    """A module that nobody required is refused by name, and nothing is recorded."""
    settled(terminal)
    ran = terminal.run_as(
        "imke", "training", "import", "ticket-triage", terminal.write("done.csv", HEAD + "p-1,desk,intro,2026-03-01\n")
    )
    assert ran.code == 2
    assert "intro is no training module here" in ran.err


def test_a_file_without_the_columns_is_refused(terminal):
    """A file of other columns is refused with those that are needed."""
    settled(terminal)
    ran = terminal.run("training", "import", "ticket-triage", terminal.write("done.csv", "who,what\nme,all\n"))
    assert ran.code == 2
    assert "Needed: learner, audience, module, completed_on." in ran.err
