"""Forms made from the commands' types: what they ask, what they read, and how they say what is wrong."""

from __future__ import annotations

import datetime as dt

import pytest

from pilotage.record import commands as c
from pilotage.record.commands import COMMANDS
from pilotage.server.pages.forms import SLUG, Option, as_typed, converted, fields_of, read, with_choices
from pilotage.server.pages.giving import OWN_PAGES, understand


def named(fields):
    """The fields by name."""
    return {field.name: field for field in fields}


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - OWN_PAGES))
def test_every_command_has_a_form(name):
    """A form asks for exactly the fields of its command, each with a label."""
    fields = fields_of(COMMANDS[name])
    assert [field.name for field in fields] == list(COMMANDS[name].__struct_fields__)
    assert all(field.label for field in fields)


def test_a_form_reads_what_the_command_means():
    """Numbers, dates, lists and truth values come back as the command wants them."""
    fields = fields_of(c.Expose)
    typed = {
        "mode": "live",
        "percent": "12.5",
        "cohorts": "berlin\r\n\r\n lyon ",
        "reason": "First step",
        "hard_timeout": "on",
    }
    command = understand(fields, typed, c.Expose)
    assert command == c.Expose(
        mode="live", percent=12.5, cohorts=("berlin", "lyon"), reason="First step", hard_timeout=True
    )
    decision = understand(
        fields_of(c.Decide), {"outcome": "extend", "reasons": "More time", "extend_until": "2026-05-01"}, c.Decide
    )
    assert decision == c.Decide(outcome="extend", reasons="More time", extend_until=dt.date(2026, 5, 1))


def test_what_is_left_empty_takes_its_default():
    """An optional field that is left empty is as if it had not been asked."""
    command = understand(fields_of(c.Expose), {"mode": "shadow", "reason": "Unseen", "percent": ""}, c.Expose)
    assert command == c.Expose(mode="shadow", reason="Unseen")


def test_every_mistake_is_named_at_once():
    """Each field that does not fit has its own sentence, and none hides another."""
    typed = {"mode": "wide open", "percent": "140", "reason": "x", "timeout_ms": "soon", "paired_share": "-1"}
    problems = understand(fields_of(c.Expose), typed, c.Expose)
    assert {problem.field: problem.message for problem in problems} == {
        "mode": "Choose one of those offered.",
        "percent": "Give 100 or less.",
        "reason": "Write at least 3 characters.",
        "timeout_ms": "Give a number.",
        "paired_share": "Give 0 or more.",
    }


def test_what_is_missing_is_asked_for():
    """A field that must be filled in says so, in the words of its control."""
    problems = understand(fields_of(c.ClearPilot), {"fields": "  \n"}, c.ClearPilot)
    assert {problem.field: problem.message for problem in problems} == {
        "area": "Choose one.",
        "fields": "Give at least 1, one to a line.",
        "retention_days": "Fill this in.",
        "statement": "Fill this in.",
    }


def test_numbers_that_are_none_are_refused():
    """Neither infinity nor a word is a number."""
    for text in ("nan", "inf", "1e999", "twelve"):
        problems = understand(fields_of(c.Expose), {"mode": "live", "reason": "Because", "percent": text}, c.Expose)
        assert [problem.field for problem in problems] == ["percent"], text


def test_choices_limit_what_can_be_sent():
    """A value that was not offered is refused, whatever the browser sends."""
    fields = with_choices(fields_of(c.Advance), {"to_phase": [Option(value="pilot", label="Pilot")]})
    assert named(fields)["to_phase"].default == "pilot"
    (problem,) = understand(fields, {"to_phase": "operate"}, c.Advance)
    assert (problem.field, problem.message) == ("to_phase", "Choose one of those offered.")


def test_a_digest_says_what_it_is():
    """A pattern is explained in words, not shown."""
    typed = {"name": "r1", "digest": "abc", "code_revision": "1", "environment": "1", "model": "1", "data_source": "1"}
    (problem,) = understand(fields_of(c.RegisterRelease), typed, c.RegisterRelease)
    assert problem.message == "Give a SHA-256 digest: 64 of the signs 0 to 9 and a to f."


def test_a_short_name_says_what_it_may_hold():
    """A short name with capitals or blanks is refused in words."""
    (problem,) = read([SLUG], {"slug": "Ticket Triage"}).problems
    assert problem.message == "Use 1 to 64 lower-case letters, digits and inner hyphens."
    assert read([SLUG], {"slug": "ticket-triage"}).values == {"slug": "ticket-triage"}


def test_what_is_typed_can_be_typed_back():
    """A value shown in a form reads back as itself."""
    assert as_typed(None) == as_typed(False) == ""
    assert as_typed(True) == "on"
    assert as_typed(0.05) == "0.05"
    assert as_typed(("a", "b")) == "a\nb"
    assert converted({"reason": "Because"}, c.Kill) == c.Kill(reason="Because")
