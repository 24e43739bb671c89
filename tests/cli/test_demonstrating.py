"""`pilotage demo`: what is asked of the story, and how its end and its failures are told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from pilotage.demo import running
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
        (KeyboardInterrupt(), 0, "Stopped. Start it again and it goes on where it was.\n"),
    ],
)
def test_each_end_is_told(terminal, story, ending, code, said):
    """A folder of somebody else's, a server that does not start, and Ctrl-C each end in one sentence."""
    story.ending = ending
    ran = terminal.run("demo", "--no-serve")
    assert ran.code == code
    assert ran.err.endswith(said)


def test_without_its_libraries_it_says_what_to_install(terminal, monkeypatch):
    """Without the extra `demo` one sentence says so."""
    monkeypatch.setattr("pilotage.cli.demonstrating.NEEDED", ("no_such_library",))
    ran = terminal.run("demo")
    assert (ran.code, ran.err) == (
        2,
        "Error: The extra demo is not installed (no_such_library): pip install 'pilotage[demo]'.\n",
    )
