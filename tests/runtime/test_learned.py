"""What is learned about a call later: outcomes, feedback and people's own answers."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from tests.runtime.rig import SLUG, spooled

from pilotage import InvalidUse
from pilotage.runtime.records import PackedOutcome

CALL = "0123456789abcdef" * 2
AT = dt.datetime(2013, 7, 2, tzinfo=dt.UTC)


@pytest.fixture
def learned(opened, home):
    """Runs something on a workload, and gives the outcomes that it made, in order."""

    def learn(action, **settings) -> list[PackedOutcome]:
        workload = opened(**settings)
        action(workload)
        assert workload.flush(5)
        return list(spooled(home)[1].values())

    return learn


def test_an_outcome_has_a_name_and_any_value(learned):
    """A label, a number or anything with a JSON form is kept under its name, for its call."""
    values = ["billing", 3.5, True, None, {"a": [1]}]
    outcomes = learned(lambda w: [w.outcome(CALL, "label", value, reporter="desk") for value in values])
    assert [json.loads(outcome.value) for outcome in outcomes] == values
    assert {(o.call_id, o.name, o.kind, o.reporter) for o in outcomes} == {(CALL, "label", "outcome", "desk")}
    assert len({outcome.outcome_id for outcome in outcomes}) == len(values)


def test_a_label_says_what_it_is_known_from(learned):
    """The basis goes with the outcome; left out, nobody said."""
    outcomes = learned(lambda w: (w.outcome(CALL, "label", 1, basis="independent"), w.outcome(CALL, "label", 1)))
    assert [outcome.basis for outcome in outcomes] == ["independent", ""]


def test_a_basis_that_is_none_is_refused(opened):
    """The refusal names the field and what can be said."""
    with pytest.raises(InvalidUse, match="after_suggestion") as refused:
        opened().outcome(CALL, "label", 1, basis="guess")
    assert (refused.value.code, refused.value.field) == ("bad-basis", "basis")


def test_an_outcome_is_known_from_now_on_unless_it_says_otherwise(learned, clock):
    """Without a time an outcome is known now; with one, from then on."""
    outcomes = learned(lambda w: (w.outcome(CALL, "a", 1), w.outcome(CALL, "b", 1, at=AT)), clock=clock)
    assert [outcome.at_us for outcome in outcomes] == [clock.now_ns // 1000, int(AT.timestamp() * 1e6)]


def test_a_replayed_outcome_is_the_same_one_each_time(learned):
    """Replaying the same outcomes again makes duplicates, not new facts; another name or time makes another."""
    first = learned(lambda w: [w.outcome(CALL, name, 1, at=AT) for name in ("a", "b", "a")])
    assert len(first) == 2
    again = learned(
        lambda w: (w.outcome(CALL, "a", 1, at=AT), w.outcome(CALL, "a", 2, at=AT + dt.timedelta(seconds=1)))
    )
    assert {outcome.outcome_id for outcome in first} < {outcome.outcome_id for outcome in again}
    assert len(again) == 3


def test_feedback_is_one_outcome_for_each_thing_said(learned):
    """Each given part of feedback is an outcome of its own, and what was not given is none."""
    outcomes = learned(
        lambda w: w.feedback(
            CALL, action="overridden", rating=-1, comment="wrong team", override="billing", reason="invoice"
        )
    )
    assert {outcome.name: json.loads(outcome.value) for outcome in outcomes} == {
        "action": "overridden",
        "rating": -1,
        "comment": "wrong team",
        "override": "billing",
        "reason": "invoice",
    }
    assert {outcome.kind for outcome in outcomes} == {"feedback"}


def test_a_persons_answer_completes_the_pair(learned):
    """What the person decided is the incumbent's answer; what else was measured are outcomes."""
    outcomes = learned(lambda w: w.incumbent_answer(CALL, "billing", handling_minutes=3.5, reporter="ana"))
    assert [(o.name, o.kind, o.value, o.reporter) for o in outcomes] == [
        ("incumbent_answer", "incumbent_answer", '"billing"', "ana"),
        ("handling_minutes", "outcome", "3.5", "ana"),
    ]


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (lambda w: w.outcome("xyz", "label", 1), "bad-call-id"),
        (lambda w: w.outcome(CALL.upper(), "label", 1), "bad-call-id"),
        (lambda w: w.outcome(CALL, "not a name", 1), "bad-name"),
        (lambda w: w.outcome(CALL, "label", 1, at=dt.datetime(2013, 7, 2)), "naive-time"),  # noqa: DTZ001 - that is it
        (lambda w: w.feedback(CALL), "nothing-given"),
        (lambda w: w.feedback(CALL, action="ignored"), "bad-action"),
        (lambda w: w.incumbent_answer(None, "billing"), "bad-call-id"),
    ],
)
def test_what_can_never_be_right_is_refused_whole(learned, action, code):
    """A mistake in the calling code is raised with its code, and nothing of it is recorded."""

    def attempt(workload):
        with pytest.raises(InvalidUse) as caught:
            action(workload)
        assert caught.value.code == code

    assert learned(attempt) == []


def test_a_value_without_a_json_form_is_no_error(learned):
    """An outcome's value that has no JSON form is recorded by its repr, or as unencodable."""

    class Stubborn:
        def __repr__(self):
            raise RuntimeError

    outcomes = learned(lambda w: (w.outcome(CALL, "a", complex(1, 2)), w.outcome(CALL, "b", Stubborn())))
    assert [json.loads(outcome.value) for outcome in outcomes] == ["(1+2j)", "unencodable"]


def test_outcomes_may_come_from_another_process(opened, home):
    """An outcome needs only the call's id: the call may have been made anywhere."""
    first, second = opened(), opened()
    first.incumbent(lambda ticket: "rules")
    answer = first.call("t")
    second.outcome(answer.call_id, "label", "billing")
    assert first.flush(5)
    assert second.flush(5)
    calls, outcomes = spooled(home, SLUG)
    assert {outcome.call_id for outcome in outcomes.values()} == set(calls)
