from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import Story, charter

from pilotage.record import commands as c
from pilotage.record.digests import digest_of
from pilotage.record.soundness import unsound


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_not_recorded(figure):
    """A figure that canonical JSON cannot hold is refused with its field, before any rule looks at it."""
    story = Story().propose()
    found = story.refusal("eva", c.ReviseCharter(base_version=0, charter=charter(value_usd_a_year=figure)))
    assert found["not-a-number"].field == "charter.value_usd_a_year"
    metric = structs.replace(charter().metrics[0], hi=figure)
    command = c.ReviseCharter(base_version=0, charter=charter(metrics=(metric, charter().metrics[1])))
    assert story.refusal("eva", command)["not-a-number"].field == "charter.metrics.hi"


def test_numbers_too_large_to_be_exact_are_not_recorded():
    """Beyond 2^53 canonical JSON would change a whole number."""
    command = c.ReviseCharter(base_version=2**53, charter=charter())
    assert [(p.code, p.field) for p in unsound(command)] == [("not-a-number", "base_version")]


def test_half_characters_are_not_recorded():
    """Text that is not Unicode is refused with its field, and every such place is named."""
    story = Story().propose()
    assert story.refusal("eva", c.Comment(comment="broken \ud83d"))["not-text"].field == "comment"
    odd = c.RegisterRelease(
        name="r\ud800", digest="ab" * 32, code_revision="1", environment="\udfff", model="m", data_source="d"
    )
    assert {p.field for p in unsound(odd)} == {"name", "environment"}


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (c.Kill(reason="x"), "reason"),
        (c.Expose(mode="shadow", percent=101, reason="More."), "percent"),
        (c.Expose(mode="shadow", percent=float("nan"), reason="More."), "percent"),
        (c.ScoreProblem(impact=6, feasibility=1, readiness=1), "impact"),
        (c.Sign(subject="pay-rise", digest="ab" * 32, meaning="I agree."), "subject"),
        (c.Sign(subject="charter", digest="ab", meaning="I agree."), "digest"),
        (c.Attest(criterion="select.data", statement="Fine."), "statement"),
        (c.Waive(criterion="harden.scale", reason="Later.", expires_on=dt.date(2026, 3, 9)), "reason"),
    ],
)
def test_bounds_hold_for_commands_made_in_the_same_process(command, field):
    """A command that a form would have refused is refused here too, with the field that is out of bounds."""
    story = Story().propose()
    found = story.refusal("ann", command)
    assert found["out-of-bounds"].field == field


def test_a_sound_command_has_nothing_against_it():
    """An ordinary command passes, figures written without a fraction included."""
    assert unsound(c.Expose(mode="live", percent=5, reason="It held.")) == []
    assert unsound(c.ReviseCharter(base_version=0, charter=charter())) == []


def test_digests_do_not_depend_on_how_a_number_is_written():
    """5 and 5.0 are the same number and have the same digest; 5.1 has another."""
    assert digest_of({"percent": 5}) == digest_of({"percent": 5.0}) != digest_of({"percent": 5.1})


def test_digests_refuse_what_has_no_canonical_form():
    """What cannot be written has no digest: nothing is signed that could not be read."""
    with pytest.raises(ValueError, match="nan"):
        digest_of({"percent": float("nan")})


def test_spaces_are_no_reason():
    """A text that has to be given is counted without the spaces around it."""
    problems = unsound(c.Kill(reason="     "))
    assert [(problem.code, problem.field) for problem in problems] == [("blank", "reason")]
    assert unsound(c.Kill(reason=" it answers in Latin ")) == []
