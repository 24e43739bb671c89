"""The charter as a form: nothing is lost on the way through it, and every mistake finds its field."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.server.pages.story import charter

from pilotage.playbook.metrics import (
    AnswerEquals,
    Beyond,
    Confidence,
    Cost,
    ErrorShare,
    Guardrail,
    LabelCost,
    LabelMatch,
    Latency,
    Metric,
    OutcomeValue,
    Score,
    Tokens,
    UserAction,
)
from pilotage.record.charter import Charter
from pilotage.reports.charter_changes import changes, compared
from pilotage.reports.promises import words_of
from pilotage.server.pages.charter import fields_for, understand
from pilotage.server.pages.charter_form import ROWS_MAX, source_of, typed_from

START, END = dt.date(2026, 3, 2), dt.date(2026, 4, 17)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=80).map(str.strip)
LINE = TEXT.filter(lambda text: text and "\n" not in text)
NUMBER = st.floats(-1e6, 1e6).map(lambda value: float(f"{value:.6g}"))
KEY = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
SOURCES = st.one_of(
    st.builds(LabelMatch, answer_field=st.none() | KEY),
    st.builds(
        LabelCost, costs=st.dictionaries(KEY, st.dictionaries(KEY, NUMBER, max_size=2), max_size=2), otherwise=NUMBER
    ),
    st.builds(OutcomeValue, outcome=KEY),
    st.builds(Latency, limit_ms=st.none() | NUMBER),
    st.builds(ErrorShare),
    st.builds(AnswerEquals, equals=st.sampled_from(["true", "billing", "3", "null"])),
    st.builds(Cost),
    st.builds(Score, scorer=KEY),
    st.builds(Tokens, which=st.sampled_from(["in", "out", "total"])),
    st.builds(Confidence),
    st.builds(UserAction, actions=st.sampled_from([("edited",), ("accepted", "overridden")])),
    st.builds(Beyond, of=st.builds(Latency) | st.builds(Tokens), above=NUMBER),
)


def way_through(written: Charter, team: str = "") -> Charter:
    """The charter after it was shown in the form and sent back unchanged."""
    typed = typed_from(written, team) | {"base_version": "1"}
    command = understand(fields_for(typed), typed, written)
    assert not isinstance(command, tuple), command
    assert command.team == team
    return command.charter


@given(
    purpose=TEXT,
    risks=st.lists(LINE, max_size=3),
    value=st.none() | NUMBER,
    source=SOURCES,
    below=st.none() | SOURCES,
    shift=NUMBER,
)
def test_a_charter_survives_its_form(*, purpose, risks, value, source, below, shift):
    """What is sent back unchanged is the charter that was shown, to the last field that the form does not show."""
    first, *rest = charter(START, END).metrics
    written = charter(
        START,
        END,
        purpose=purpose,
        risks=tuple(risks),
        value_usd_a_year=value,
        metrics=(structs.replace(first, source=source, denominator=below, shift=shift), *rest),
    )
    assert way_through(written, "Ann") == written


def test_how_calls_are_clustered_is_typed_read_and_compared():
    """The target's cluster comes back out of the form, stands in the charter as it reads, and is a change in a diff."""
    before = charter(START, END)
    after = structs.replace(before, target=structs.replace(before.target, cluster="both"))
    assert way_through(after, "Ann") == after
    assert [words_of(one).clustered for one in (before, after)] == ["unit", "unit and day"]
    (change,) = changes((before, "Ann"), (after, "Ann"))
    assert change.field == "target: cluster"
    assert [(piece.kind, piece.text) for piece in change.pieces] == [("gone", "unit"), ("new", "both")]


def test_rows_that_are_emptied_are_gone():
    """A metric or guardrail whose first field was emptied is left out."""
    written = charter(START, END)
    typed = typed_from(written, "") | {"charter.metrics[1].id": "", "charter.guardrails[0].metric": " "}
    command = understand(fields_for(typed), typed, written)
    assert [metric.id for metric in command.charter.metrics] == ["right_team", "failed_answers"]
    assert command.charter.guardrails == (Guardrail(metric="failed_answers", margin=0.02),)


def test_rows_grow_by_a_button_up_to_a_limit():
    """The button adds one empty row; nobody grows the form without end."""
    typed = typed_from(charter(START, END), "")
    assert len(fields_for(typed).metrics) == 3
    assert len(fields_for(typed | {"add": "metrics"}).metrics) == 4
    assert len(fields_for(typed | {"add": "guardrails"}).guardrails) == 3
    assert len(fields_for({"charter.metrics[99999].id": "x"}).metrics) == ROWS_MAX


def test_every_mistake_in_the_charter_is_named_at_once():
    """Each wrong field is named by its path, rows included."""
    typed = typed_from(charter(START, END), "") | {
        "charter.starts_on": "soon",
        "charter.target.alpha": "2",
        "charter.metrics[0].id": "Right Team",
        "charter.metrics[1].source": "limit_ms: fast",
        "charter.metrics[2].source.type": "outcome",
        "charter.guardrails[0].margin": "-1",
    }
    problems = understand(fields_for(typed), typed, None)
    assert {problem.field: problem.message for problem in problems} == {
        "charter.starts_on": "Give a date as year-month-day.",
        "charter.target.alpha": "Give less than 0.5.",
        "charter.metrics[0].id": "Use lower-case letters, digits and underscores, a letter first.",
        "charter.metrics[1].source": "Give a number.",
        "charter.metrics[2].source": "This measure needs the setting outcome.",
        "charter.guardrails[0].margin": "Give 0 or more.",
    }


def test_labels_stay_text_whatever_they_look_like():
    """`true` and `3` in a measure's settings are labels, not truth values and numbers."""
    source = source_of("label_cost", "costs:\n  true: {false: 100}\n  3: {yes: 1.5}\notherwise: 2")
    assert source == LabelCost(costs={"true": {"false": 100.0}, "3": {"yes": 1.5}}, otherwise=2.0)


@pytest.mark.parametrize("settings", ["just words", "- a list", "a: [", "label: {a: b}\nnonsense: 1: 2"])
def test_settings_that_cannot_be_read_are_refused_in_words(settings):
    """A measure's settings that are no settings get a sentence, not a traceback."""
    typed = typed_from(charter(START, END), "") | {"charter.metrics[0].source": settings}
    (problem,) = understand(fields_for(typed), typed, None)
    assert problem.field == "charter.metrics[0].source"
    assert problem.message.endswith(".")


def test_promises_read_in_their_units():
    """Points between shares, per cent better, and the metric's own unit."""
    words = words_of(charter(START, END))
    assert (words.baseline, words.floor, words.target) == ("71\u00a0%", "0\u00a0points", "+4\u00a0points")
    assert words.guardrails[0] == "Answers slower than 250 ms: at most 3\u00a0points worse than today"
    cost = Metric(id="cost", title="Cost", unit="USD", direction="lower", kind="mean", source=Cost(), lo=0.0, hi=10.0)
    target = structs.replace(
        charter(START, END).target, metric="cost", form="share", floor=0.05, target=0.1, expected=0.15
    )
    priced = charter(START, END, metrics=(cost,), target=target, guardrails=(Guardrail(metric="cost", limit=4.0),))
    assert words_of(priced).target == "+10\u00a0% better"
    assert words_of(priced).guardrails == ("Cost: never beyond 4\u00a0USD",)


def test_a_diff_names_what_changed_and_nothing_else():
    """Field by field, word by word; what is the same is not listed."""
    before = charter(START, END)
    after = charter(START, END, value=f"{before.value} Really.", decision_on=END + dt.timedelta(days=3))
    found = {change.field: change for change in changes((before, "Ann"), (after, "Ann"))}
    assert set(found) == {"value", "decided by"}
    assert [(piece.kind, piece.text) for piece in found["value"].pieces] == [
        ("same", before.value),
        ("new", " Really."),
    ]
    assert changes((before, "Ann"), (before, "Ann")) == ()


@given(before=TEXT, after=TEXT)
def test_a_diff_holds_both_texts(before, after):
    """Without what is new it reads as before, without what is gone as after."""
    pieces = compared(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != "new") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "gone") == after
