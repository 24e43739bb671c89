"""A whole record as a file: exported, applied to an empty workspace, exported again, it is the same."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.record.stories import ROLES, Story
from tests.record.test_any_story import WRITTEN

from pilotage.cli.changes import Known, changes_of
from pilotage.cli.workload_file import file_of, read_workload, written
from pilotage.record import commands as c
from pilotage.record.areas.listing import AREAS
from pilotage.record.commands import COMMANDS
from pilotage.record.errors import Refused

KNOWN = Known(by_name={person: person for person in ROLES})
ENTRIES = {str(entry.command.__struct_config__.tag) for area in AREAS for entry in area.entries}
IN_FILE = {"propose", "assign", "choose", "revise_charter", "register_release", *ENTRIES}
GUIDE = Path(__file__).parents[2] / "docs" / "workload-file.md"


def applied(text: str, folder: Path, now: dt.datetime) -> Story:
    """A story that begins with nothing and is brought to what a file says, by whoever may."""
    path = folder / "workload.yaml"
    path.write_text(text, encoding="utf-8")
    reading, story = read_workload(path), Story()
    story.now = now
    for _ in range(2):
        changes, wrong = changes_of(reading, story.workload, KNOWN, demonstration=False)
        assert not wrong, wrong
        for change in changes:
            somebody_does(story, change.command)
    assert not changes, [change.says for change in changes]
    return story


def somebody_does(story: Story, command: c.Command) -> None:
    """The first person who may gives the command."""
    why = ()
    for person in ROLES:
        try:
            story.does(person, command)
        except Refused as refused:
            why = (*why, refused.problems)
        else:
            return
    raise AssertionError((command, why))


def exported(story: Story) -> str:
    """The file of a story's workload."""
    return written(file_of(story.standing, {}))


@pytest.mark.parametrize("chapter", ["propose", "begin_pilot", "begin_evaluation", "begin_rollout", "begin_service"])
def test_a_whole_record_comes_back_from_its_file(tmp_path, chapter):
    """However far a workload is: what people wrote of it is in its file, and the file brings all of it about."""
    story = Story()
    getattr(story, chapter)()
    story.does("ann", c.Choose(argument="The desk asks for it, and its data are at hand."))
    if chapter != "propose":
        story.does(
            "eva",
            c.ReviseCharter(
                base_version=len(story.standing.charters), charter=story.standing.charter, team="Ann, Eva and Oli"
            ),
        )
    first = exported(story)
    assert exported(applied(first, tmp_path, story.now)) == first


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands=st.lists(st.sampled_from(WRITTEN), min_size=5, max_size=30))
def test_whatever_was_written_comes_back(tmp_path, commands):
    """Entries of every area, in any order and replaced by one another: the last of each is in the file."""
    story = Story().begin_pilot()
    for command in commands:
        for person in ROLES:
            try:
                story.does(person, command)
            except Refused:
                continue
            break
    first = exported(story)
    assert exported(applied(first, tmp_path, story.now)) == first


def test_every_command_is_in_the_file_or_has_a_reason_not_to_be():
    """The guide's table of what no file says names every command that is in no file, and no other."""
    told = GUIDE.read_text(encoding="utf-8").partition("## What no file says")[2].partition("## In a pipeline")[0]
    named = set(re.findall(r"`([a-z_]+)`", told))
    assert named == set(COMMANDS) - IN_FILE


def test_an_argument_is_said_once(tmp_path):
    """What stands is not said again, and half a word is refused with its line."""
    story = Story().propose()
    story.does("ann", c.Choose(argument="Because it is time."))
    path = tmp_path / "workload.yaml"
    path.write_text(exported(story), encoding="utf-8")
    assert changes_of(read_workload(path), story.workload, KNOWN, demonstration=False) == ([], [])
    short = structs.replace(file_of(story.standing, {}), argument="No")
    path.write_text(written(short), encoding="utf-8")
    _, (wrong,) = changes_of(read_workload(path), story.workload, KNOWN, demonstration=False)
    assert (wrong.field, wrong.code) == ("argument", "too-short")
