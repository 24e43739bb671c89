"""`pilotage demo`: what is asked of the story, and how its end and its failures are told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from pilotage.cli import demonstrating
from pilotage.demo import running
from pilotage.demo.failing import NoData
from pilotage.demo.running import Options, Outcome


class ToldStory:
    """A story that ends as the test states, and keeps what it was asked."""

    def __init__(self, ending=None):
        self.ending = ending
        self.asked = None

    def __call__(self, options, progress):
        """Tell a line, move twice to the same tenth, and end."""
        self.asked = options
        progress.tell("Somebody proposes something")
        at = dt.datetime(2013, 7, 4, tzinfo=dt.UTC)
        progress.moved(at, 0.31, 1200)
        progress.moved(at, 0.35, 1300)
        if self.ending is not None:
            raise self.ending
        return Outcome(calls=1300, seconds=2.0, phase="evaluate", answer="reached", url="http://127.0.0.1:8400")


@pytest.fixture
def story(monkeypatch):
    """The demonstration's own story, replaced by one that ends at once."""
    told = ToldStory()
    monkeypatch.setattr(running, "run", told)
    return told


def test_what_is_asked_reaches_the_story(terminal, story):
    """Every option of the command is an option of the story."""
    ran = terminal.run("demo", "--home", "there", "--port", "8500", "--until", "2013-08-01", "--every", "7", "--fresh")
    assert ran.code == 0, ran.err
    assert story.asked == Options(
        home=Path("there"), port=8500, until=dt.date(2013, 8, 1), unit_every=7, fresh=True, serve=True
    )


def test_a_pipe_gets_what_happens_and_a_line_for_each_tenth(terminal, story):
    """Without a terminal each event is a line, and so is each tenth of the way, once."""
    assert story.asked is None
    ran = terminal.run("demo", "--no-serve")
    assert ran.err == "Somebody proposes something\n04 July 2013: 1,200 calls, 31%\n"
    assert "reached" in ran.out


def test_the_outcome_comes_as_json_too(terminal, story):
    """`--json` gives how the demonstration ended."""
    ran = terminal.run("demo", "--no-serve", "--json")
    assert ran.json["answer"] == "reached"
    assert story.asked.serve is False


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        (FileExistsError("here is not a demonstration's folder"), 2, "Error: here is not a demonstration's folder\n"),
        (ConnectionError("The server did not start."), 3, "Error: The server did not start.\n"),
        (NoData("The table could not be fetched."), 2, "Error: The table could not be fetched.\n"),
        (KeyboardInterrupt(), 0, "Stopped. Start it again and it goes on where it was.\n"),
    ],
)
def test_each_end_is_told(terminal, story, ending, code, said):
    """A folder of somebody else's, a server that does not start, missing data, and Ctrl-C end in one sentence each."""
    story.ending = ending
    ran = terminal.run("demo", "--no-serve")
    assert ran.code == code
    assert ran.err.endswith(said)


def test_without_its_libraries_it_says_what_to_install(terminal, monkeypatch):
    """Without the extra `demo` one sentence says so."""
    monkeypatch.setitem(demonstrating.NEEDED, "flight-delay-desk", ("no_such_library",))
    ran = terminal.run("demo")
    assert (ran.code, ran.err) == (
        2,
        "Error: The extra demo is not installed (no_such_library): pip install 'pilotage[demo]'.\n",
    )


def test_an_example_is_chosen_by_its_name(terminal, story, tmp_path):
    """Without a name it is the flights; each example has a folder of its own, and the loans' table may be a file."""
    terminal.run("demo", "--no-serve")
    assert (story.asked.example, story.asked.home, story.asked.table) == (
        "flight-delay-desk",
        Path(".pilotage-demo"),
        None,
    )
    table = tmp_path / "loans.csv"
    table.touch()
    terminal.run("demo", "credit-referral", "--no-serve", "--table", str(table))
    assert (story.asked.example, story.asked.home, story.asked.table) == (
        "credit-referral",
        Path(".pilotage-demo-credit"),
        table,
    )


def test_what_does_not_fit_the_example_is_refused(terminal, story, tmp_path):
    """An unknown example names those there are, and a table for the flights says whom it is for."""
    assert story.asked is None
    unknown = terminal.run("demo", "coffee")
    assert unknown.code == 2
    assert "'flight-delay-desk', 'credit-referral'" in unknown.err
    table = tmp_path / "loans.csv"
    table.touch()
    refused = terminal.run("demo", "--table", str(table))
    assert (refused.code, refused.err) == (
        2,
        "Error: flight-delay-desk reads no table; --table goes with credit-referral.\n",
    )
    assert story.asked is None
