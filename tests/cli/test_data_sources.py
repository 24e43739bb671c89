"""`pilotage data`: a sample from a file, looked at here, and what came of it at a glance."""

from __future__ import annotations

from tests.record.given import SAMPLE


def listed(terminal):
    """A workload with one source on the record."""
    people = terminal.settle_triage()
    ran = terminal.run_as(
        "imke", "do", "ticket-triage", "list-source", "--id", "tickets", "--title", "Closed tickets",
        "--holds", "Two years of tickets.", "--basis", "own", "--granted-by", "the head of support",
        "--owner", people["yuki"].person, "--retention", "three years",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    return terminal


def check(terminal, *options):
    """A sample is handed in."""
    return terminal.run_as("imke", "data", "check", "ticket-triage", "tickets", *options)


def test_a_sample_is_looked_at(terminal):
    """The figures are shown as they went on the record, and what lies beyond a limit with them."""
    file = listed(terminal).write("sample.csv", SAMPLE)
    ran = check(terminal, file, "--label", "team")
    assert ran.code == 0, ran.err
    assert "400 rows, 3 columns, 0 repeated" in ran.out
    assert "billing 25.0%" in ran.out
    assert "No column of times was named" in ran.out
    shown = terminal.run_as("imke", "data", "show", "ticket-triage")
    assert "unmet: Closed tickets: No column of times was named" in shown.out


def test_an_argument_settles_what_lies_beyond(terminal):
    """Argued in writing, the criterion is met, and the argument is shown."""
    file = listed(terminal).write("sample.csv", SAMPLE)
    assert check(terminal, file, "--label", "team").code == 0
    said = ("--source", "tickets", "--argument", "The export leaves times out; tickets are of last year.")
    assert terminal.run_as("imke", "do", "ticket-triage", "argue-sample", *said).code == 0
    shown = terminal.run_as("imke", "data", "show", "ticket-triage", "--json").json
    assert shown["verdict"]["verdict"] == "met"
    assert shown["sources"][0]["argument"]["argument"].startswith("The export")


def test_what_is_no_sample_is_refused(terminal):
    """An empty file, one that is not there, and one that is no table: each a sentence, and nothing written."""
    listed(terminal)
    assert "is empty" in check(terminal, terminal.write("empty.csv", "")).err
    assert "cannot be read" in check(terminal, "nowhere.csv").err
    ran = check(terminal, terminal.write("bad.csv", "team,x\n1\n2,3,4\n"), "--label", "label")
    assert ran.code == 2
    assert "There is no column label; the file has team, x." in ran.err
    assert terminal.run_as("imke", "data", "show", "ticket-triage", "--json").json["sources"][0]["sample"] is None
