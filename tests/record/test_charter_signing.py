"""What a signature on the charter holds on to: no material edit leaves it standing, every immaterial edit does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import inspect, structs
from tests.record.any_value import _any, any_of
from tests.record.rules.test_scoping import revision
from tests.record.stories import Story, charter

from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.charter import IMMATERIAL, Charter, charter_digest, material_digest
from pilotage.record.facts import CharterRevised
from pilotage.reports.charter_changes import changes

FIELDS = {field.name: field.type for field in inspect.type_info(Charter).fields}
SIGNED = Story().propose().write_charter()
TEAM = "Ann and Eva"


def edited(story: Story, changed: Charter, team: str = TEAM) -> Story:
    """Another story that goes on with another version of the charter, whatever the rules would say of it."""
    copy = Story()
    for entry in story.recorded:
        copy.record(entry.fact, entry.actor)
    newest = copy.standing.charter_version
    assert newest is not None
    digest = charter_digest(changed, team)
    copy.record(
        CharterRevised(
            version=newest.version + 1,
            charter=changed,
            team=team,
            digest=digest,
            material=material_digest(changed),
        ),
        "eva",
    )
    return copy


def signers(story: Story) -> set[str]:
    """The roles whose signature on the charter counts."""
    newest = story.standing.charter_version
    assert newest is not None
    return set(story.standing.signed("charter", newest.digest))


def without_breaks(value: Any) -> Any:
    """A text without how it is broken into lines."""
    return value.split() if isinstance(value, str) else value


@pytest.mark.parametrize("name", sorted(FIELDS))
@settings(max_examples=25)
@given(data=st.data())
def test_a_signature_stands_exactly_until_a_material_edit(name, data):
    """Whatever another value of a field is: immaterial fields keep both signatures, every other field ends both."""
    before = charter()
    value = data.draw(_any(FIELDS[name]))
    if name in {"metrics", "guardrails"}:
        key = "id" if name == "metrics" else "metric"
        assume(len({getattr(one, key) for one in value}) == len(value))
    same = without_breaks(value) == without_breaks(getattr(before, name))
    assume(not same)
    story = edited(SIGNED, structs.replace(before, **{name: value}))
    assert signers(story) == ({"owner", "sponsor"} if name in IMMATERIAL else set())


@given(before=any_of(Charter), after=any_of(Charter), data=st.data())
def test_the_difference_says_whether_signatures_end(before, after, data):
    """A difference names a material change exactly where the material digests differ, and nothing only where all is
    alike; whoever reads it knows what happened to the signatures.
    """
    taken = data.draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=3))
    after = structs.replace(before, **{name: getattr(after, name) for name in taken})
    for one in (before, after):
        assume(len({metric.id for metric in one.metrics}) == len(one.metrics))
        assume(len({guardrail.metric for guardrail in one.guardrails}) == len(one.guardrails))
    found = changes((before, TEAM), (after, TEAM))
    assert any(change.material for change in found) == (material_digest(before) != material_digest(after))
    assert bool(found) == (charter_digest(before, TEAM) != charter_digest(after, TEAM))


def test_every_immaterial_edit_keeps_both_signatures():
    """Another team, another risk, other line breaks, another order of the metrics: what was promised stays signed."""
    written = charter(purpose="Tickets reach\n\nthe right team  at once.", metrics=charter().metrics[::-1])
    story = Story().propose().write_charter()
    for changes_ in ({"risks": ("Labels come late, or never.",)}, {}):
        story.does("eva", revision(story, **changes_))
        assert signers(story) == {"owner", "sponsor"}
    base = len(story.standing.charters)
    story.does("eva", c.ReviseCharter(base_version=base, charter=written, team="Ann, Eva and Oli"))
    assert signers(story) == {"owner", "sponsor"}
    assert "changed nothing material" in story.verdict("select.signed").reason
    given_on = {story.standing.signed_version(one).version for one in story.standing.signatures}
    assert given_on == {1}


def test_a_material_edit_in_between_ends_signatures_for_good():
    """What was signed once does not come back with its words, however many immaterial edits lie around."""
    story = Story().propose().write_charter()
    story.does("eva", revision(story, risks=("Another.",)))
    story.does("eva", revision(story, value="Calm."))
    assert signers(story) == set()
    story.does("eva", revision(story, risks=("Another.",)))
    story.does("eva", revision(story))
    assert signers(story) == set()
    story.sign("ann", "charter")
    story.does("eva", revision(story, risks=("A third.",)))
    assert signers(story) == {"owner"}
    story.sign("sam", "charter")
    assert signers(story) == {"owner", "sponsor"}
    assert "already-signed" in story.refusal(
        "ann", c.Sign(subject="charter", digest=story.digest("charter"), meaning="Again.")
    )


def test_nobody_signs_what_they_did_not_read():
    """The digest that is signed is of every word, also of those whose edit would not end the signature."""
    story = Story().propose().write_charter()
    story.does("eva", revision(story, value="Calm."))
    read = c.Sign(subject="charter", digest=story.digest("charter"), meaning="I stand by it.")
    story.does("eva", revision(story, value="Calm.", risks=("Another.",)))
    assert "content-changed" in story.refusal("ann", read)


def test_signatures_of_before_keep_their_meaning():
    """Facts that were written when every edit ended signatures still say so: a word on the team ends them."""
    story = Story()
    for entry in SIGNED.recorded:
        fact = entry.fact
        if isinstance(fact, f.CharterRevised):
            fact = structs.replace(fact, material=None)
        if isinstance(fact, f.Signed):
            fact = structs.replace(fact, covers=None)
        story.record(fact, entry.actor)
    assert signers(story) == {"owner", "sponsor"}
    assert signers(edited(story, charter(), "Ann, Eva and Oli")) == set()
    assert signers(edited(edited(story, charter(), "Ann"), charter(), TEAM)) == set()


def test_a_field_that_nobody_named_immaterial_is_material():
    """The list of what may be edited under a signature is short and closed."""
    assert {"risks", "team"} == IMMATERIAL
