"""Entries of the record's areas: recorded, replaced, never overwritten unseen, and given back as commands."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.record.given import GIVEN
from tests.record.stories import Story

from pilotage.record.areas.listing import AREAS, area_of
from pilotage.record.commands import ASKS_CREDENTIAL, COMMANDS, PERMITTED

ENTRIES = [(area, entry) for area in AREAS for entry in area.entries]
PLACE = GIVEN["select"][1][1]


def test_every_command_of_an_area_has_its_rule_and_roles():
    """An area brings a rule and roles for each of its commands, and asks for the credential only for its own."""
    for area in AREAS:
        names = {str(kind.__struct_config__.tag) for kind in area.all_rules}
        assert names == set(area.permitted)
        assert names <= set(COMMANDS) & set(PERMITTED)
        assert area.asks_credential <= names & ASKS_CREDENTIAL


@pytest.mark.parametrize(("area", "entry"), ENTRIES, ids=[entry.command.__name__ for _, entry in ENTRIES])
def test_an_entry_s_fact_says_what_its_command_said(area, entry):
    """Command and fact of an entry have the same fields, the base apart, so that one can be made of the other."""
    said = [field.name for field in structs.fields(entry.command)]
    assert said == [*(field.name for field in structs.fields(entry.fact)), "base"]
    assert entry.key is None or entry.key in said
    assert hasattr(getattr(Story().propose().standing, area.name), entry.attribute)


def test_what_stands_gives_its_command_back():
    """The command made of an entry that stands is the one that was given."""
    story = Story().propose()
    story.does("eva", PLACE)
    area, entry = area_of(type(PLACE))
    standing = entry.standing(getattr(story.standing, area.name))
    assert entry.as_command(standing) == PLACE
    assert (standing.stamp.by, standing.stamp.at) == ("eva", story.now)


def test_the_newest_stands():
    """A later entry replaces the one before, and the ledger keeps both."""
    story = Story().propose()
    story.does("eva", PLACE)
    story.does("ann", structs.replace(PLACE, seen_by="everybody"))
    assert story.standing.planning.place.fact.seen_by == "everybody"
    assert sum(type(entry.fact).__name__ == "PlacedInWork" for entry in story.recorded) == 2


def test_nobody_is_overwritten_unseen():
    """Whoever edited an older entry is told who was faster, and nothing is written."""
    story = Story().propose()
    story.does("eva", structs.replace(PLACE, base=0))
    first = story.standing.planning.place.stamp.position
    story.does("ann", structs.replace(PLACE, seen_by="everybody", base=first))
    found = story.refusal("eva", structs.replace(PLACE, seen_by="nobody", base=first))
    assert set(found) == {"overtaken"}
    assert "ann recorded this anew" in found["overtaken"].message
    assert set(story.refusal("eva", structs.replace(PLACE, base=0, seen_by="nobody"))) == {"overtaken"}


def test_saying_the_same_again_writes_nothing():
    """An entry that stands word for word is refused rather than recorded twice."""
    story = Story().propose()
    story.does("eva", PLACE)
    assert set(story.refusal("eva", PLACE)) == {"no-change"}
