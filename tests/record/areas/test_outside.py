"""Results from outside: who brings one, what it has to say, who signs it, and what a correction does."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.record.stories import Story, attestation, outside_result, release

from pilotage.record.areas.outside import SignOutsideResult, content_digest, digest_to_sign, figure_of

NAME = "harden.resilience"


@pytest.fixture
def story() -> Story:
    """A workload that is being hardened."""
    return Story().begin_hardening()


def drill(story: Story, **changes):
    """A drill of today."""
    return outside_result(tested_on=story.now.date(), **changes)


def signature(story: Story, **changes) -> SignOutsideResult:
    """A signature on the newest result as it reads."""
    digest = content_digest(story.standing.outside.results[NAME].fact)
    return SignOutsideResult(**{"criterion": NAME, "digest": digest, "statement": "I read the report."} | changes)


def test_a_result_is_kept_with_its_figures(story):
    """What was tested, when, with what and what came out stands on the record, and the digest covers all of it."""
    story.does("oli", drill(story))
    fact = story.standing.outside.results[NAME].fact
    assert content_digest(fact) == digest_to_sign(drill(story))
    assert [(one.name, one.value, one.unit, one.bound, one.limit) for one in map(figure_of, fact.figures)] == [
        ("calls without an answer", 0.0, "calls", "<=", 0.0),
        ("slowest answer", 480.0, "ms", "<=", 800.0),
    ]


def test_everything_wrong_with_a_result_is_said_at_once(story):
    """A day to come, an unknown release, no report, a nameless figure and a figure beyond its limit: all named."""
    command = drill(
        story,
        release="r7",
        link="",
        figures=(" , 1, calls", "slowest answer, 900, ms, <= 800"),
    )
    found = story.refusal("oli", outside_result(**_fields(command) | {"tested_on": story.now.date() + dt.timedelta(3)}))
    assert set(found) == {"not-yet", "unknown-release", "no-report", "blank", "beyond-limit"}
    assert found["blank"].field == "figures[0]"
    assert "slowest answer is 900 ms" in found["beyond-limit"].message


def _fields(command):
    return {name: getattr(command, name) for name in command.__struct_fields__}


def test_only_what_is_not_measured_here_takes_a_result(story):
    """What the product measures, what somebody attests and what the lane does not ask for take none."""
    for criterion in ("evaluate.target", "select.owner", "harden.nothing"):
        found = story.refusal("oli", drill(story, criterion=criterion))
        assert "harden.resilience" in found["takes-no-result"].message
    low = Story().begin_hardening(lane="low")
    assert "not asked" in low.refusal("oli", drill(low, criterion="harden.scale"))["takes-no-result"].message


def test_a_result_about_a_release_names_one_that_was_there(story):
    """A drill is of a registered release, and no older than its registration."""
    assert "release" in story.refusal("oli", drill(story, release=""))["missing"].message
    early = story.now.date() - dt.timedelta(days=300)
    found = story.refusal("oli", outside_result(tested_on=early))
    assert set(found) == {"older-than-release"}
    story.does("oli", drill(story, criterion="harden.observability", release=""))


def test_nobody_signs_what_they_brought(story):
    """The submitter is refused, and so is everybody who had a hand in the result of that day."""
    story.does("oli", drill(story))
    assert "somebody else" in story.refusal("oli", signature(story))["own-submission"].message
    story.does("eva", drill(story, statement="Every call got an answer, the last ones too."))
    assert set(story.refusal("oli", signature(story))) == {"own-submission"}
    assert set(story.refusal("eva", signature(story))) == {"own-submission"}
    story.does("ann", signature(story))
    assert story.standing.outside.signature(NAME).stamp.by == "ann"


def test_a_signature_covers_what_was_read(story):
    """Another digest is refused, and so are a second signature and one on nothing."""
    assert set(story.refusal("eva", signature_on_nothing())) == {"no-result"}
    story.does("oli", drill(story))
    assert set(story.refusal("eva", signature(story, digest="cd" * 32))) == {"content-changed"}
    story.does("eva", signature(story))
    assert set(story.refusal("ann", signature(story))) == {"already-signed"}


def signature_on_nothing() -> SignOutsideResult:
    """A signature where nothing was brought."""
    return SignOutsideResult(criterion=NAME, digest="ab" * 32, statement="I read the report.")


def test_a_correction_ends_the_signature(story):
    """The same day and release again, in other words: nothing is signed any more."""
    story.bring(NAME)
    assert story.standing.outside.counting(NAME) is not None
    story.does("oli", drill(story, figures=("calls without an answer, 1, calls, <= 2",)))
    assert story.standing.outside.signature(NAME) is None
    assert story.standing.outside.counting(NAME) is None


def test_a_later_test_waits_while_the_signed_one_counts(story):
    """A drill of another day is no correction: the signed one counts until the new one is signed."""
    story.bring(NAME)
    before = story.standing.outside.counting(NAME)
    story.wait(days=30)
    story.does("eva", drill(story))
    assert story.standing.outside.counting(NAME) == before
    assert story.standing.outside.brought_by(NAME) == ("eva",)
    story.vouch(NAME, "oli")
    assert story.standing.outside.counting(NAME).result.fact.tested_on == story.now.date()


def test_a_measured_criterion_takes_no_word(story):
    """Attesting it is refused, and the refusal names the way there is."""
    found = story.refusal("ann", attestation(NAME))["not-attestable"].message
    assert "record_outside_result" in found
    assert "somebody else" in found


def test_another_release_can_be_named_once_registered(story):
    """A drill of a rebuilt release stands beside the running one's."""
    story.does("eva", release("r2", "cd" * 32))
    story.does("oli", drill(story, release="r2"))
    assert story.standing.outside.results[NAME].fact.release == "r2"
