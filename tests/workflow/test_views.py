"""The JSON of a workload: exactly the promised names, and nothing where there is nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest
from msgspec import structs
from tests.record.stories import OWN_MEASURE, Story, answered, measured_well, within
from tests.workflow.office import SLUG, Office, measured

from pilotage.evidence.measurements import NotEstimable
from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.workflow.views import workload_json

# As the interface promises them; a change here breaks somebody's program.
GOLDEN = {
    "": {
        "workload",
        "demonstration",
        "phase",
        "lane",
        "exposure",
        "gate",
        "target",
        "stall",
        "compressed",
        "lapsing",
        "waived",
        "sponsor",
    },
    "exposure": {"mode", "percent", "cohorts", "ceiling", "reason"},
    "exposure.ceiling": {"mode", "percent"},
    "gate": {"phase", "met", "total", "criteria"},
    "gate.criteria": {"id", "verdict", "kind", "reason", "valid_until", "evidence", "next", "waiver", "renew"},
    "gate.criteria.evidence": {"figure", "value", "n", "ledger"},
    "gate.criteria.next": {"action", "by"},
    "target": {"metric", "estimate", "interval", "n", "answer", "reason", "projected"},
    "stall": {"id", "since", "reason", "clear"},
    "stall.clear": {"action", "by"},
    "compressed": {"phase", "title", "days", "days_planned", "warning", "skipped"},
    "compressed.skipped": {"criterion", "title", "waived"},
    "lapsing": {"id", "phase", "verdict", "valid_until", "renew"},
    "lapsing.renew": {"action", "by"},
    "sponsor": {"person", "kind", "at", "position"},
}
NOT_KNOWN = NotEstimable(reason="Too few units.", calls=12, units=3)


def keys_of(value: Any, path: str = "") -> dict[str, set[str]]:
    """The names of every object in a JSON value, by where it is; lists are looked through."""
    found: dict[str, set[str]] = {}
    if isinstance(value, dict):
        found[path] = set(value)
        for name, inner in value.items():
            found |= _together(found, keys_of(inner, f"{path}.{name}".lstrip(".")))
    elif isinstance(value, list):
        for inner in value:
            found |= _together(found, keys_of(inner, path))
    return found


def _together(one: dict[str, set[str]], other: dict[str, set[str]]) -> dict[str, set[str]]:
    for path in one.keys() & other.keys():
        assert one[path] == other[path], f"objects at {path} have different names"
    return {**one, **other}


def as_json(office: Office) -> Any:
    """The workload as the interface sends it."""
    return msgspec.json.decode(msgspec.json.encode(workload_json(office.judge(), office.clock.now())))


@pytest.fixture
def piloting(office) -> Office:
    """An office with a pilot that was declared for evaluation, well measured."""
    office.tell(Story().begin_evaluation())
    measured(office)
    return office


def _without_comparison(fact: f.Fact) -> f.Fact:
    if not isinstance(fact, f.Advanced) or fact.from_phase != "select":
        return fact
    return structs.replace(fact, verdicts={**fact.verdicts, "select.candidates": "waived"})


def test_the_names_are_those_promised(office):
    """Every object has exactly the names of the interface, whether its values are there or not, also what a hurried
    choice skipped.
    """
    story = Story().begin_evaluation()
    story.recorded = [structs.replace(one, fact=_without_comparison(one.fact)) for one in story.recorded]
    office.tell(story)
    measured(office)
    assert keys_of(as_json(office)) == GOLDEN


def test_the_figures_are_those_measured(piloting):
    """Estimate, interval, count and answer come from the measurements, as numbers."""
    shown = as_json(piloting)
    assert (shown["workload"], shown["demonstration"], shown["phase"]) == (SLUG, False, "evaluate")
    assert shown["target"] == {
        "metric": "right_team",
        "estimate": OWN_MEASURE.value,
        "interval": [OWN_MEASURE.low, OWN_MEASURE.high],
        "n": 5000,
        "answer": "reached",
        "reason": "The answer is reached.",
        "projected": None,
    }
    assert shown["exposure"]["mode"] == "shadow"
    assert (shown["exposure"]["percent"], shown["exposure"]["cohorts"]) == (0.0, [])
    assert shown["exposure"]["reason"]


def test_a_gate_counts_what_is_met(piloting):
    """Criteria that are waived or open are in the total and not among the met."""
    gate = as_json(piloting)["gate"]
    verdicts = [criterion["verdict"] for criterion in gate["criteria"]]
    assert gate["phase"] == "evaluate"
    assert gate["total"] == len(verdicts)
    assert gate["met"] == verdicts.count("met") < len(verdicts)
    piloting.does(
        "ann",
        c.Waive(
            criterion="evaluate.gaps",
            reason="Its machinery comes next month.",
            expires_on=piloting.clock.at.date() + dt.timedelta(days=9),
        ),
    )
    digest = piloting.desk.load(SLUG).waivers["evaluate.gaps"].digest
    piloting.does("sam", c.Sign(subject="waiver:evaluate.gaps", digest=digest, meaning="I stand by it."))
    waived = as_json(piloting)["gate"]
    assert (waived["met"], waived["total"]) == (gate["met"], gate["total"])
    (criterion,) = [one for one in waived["criteria"] if one["id"] == "evaluate.gaps"]
    assert criterion["verdict"] == "waived"
    assert "Its machinery comes next month." in criterion["reason"]
    assert criterion["valid_until"].startswith("2026-03-31")


def test_what_is_open_says_what_to_do_next(piloting):
    """Whatever does not pass names an action and a person; whatever passes names none."""
    for criterion in as_json(piloting)["gate"]["criteria"]:
        if criterion["verdict"] == "met":
            assert criterion["next"] is None, criterion["id"]
        else:
            assert criterion["next"]["action"], criterion["id"]
            assert criterion["next"]["by"], criterion["id"]
            assert criterion["reason"], criterion["id"]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("not_estimable", "The answer is not_estimable. Too few units."),
        ("keep_running", "The answer is keep_running. Too few units."),
        ("harmed", "The answer is harmed. Too few units."),
    ],
)
def test_a_figure_that_cannot_be_had_is_null_with_a_reason(piloting, kind, reason):
    """Nothing plausible stands in for it; and where harm is shown without an estimate, both are said."""
    measured(piloting, answer=structs.replace(answered(kind), estimate=NOT_KNOWN))
    target = as_json(piloting)["target"]
    assert (target["estimate"], target["interval"], target["n"]) == (None, None, 12)
    assert (target["answer"], target["reason"]) == (kind, reason)


def test_the_reason_says_why_there_is_no_answer(office):
    """No charter, no declaration, a promise that was changed, nothing measured: each is said as it is."""
    office.proposed()
    assert as_json(office)["target"]["reason"] == "There is no charter yet."
    assert as_json(office)["target"]["metric"] is None
    cases = {
        "No release has been declared for evaluation.": Story().begin_pilot(),
        "Nothing has been measured yet.": Story().begin_evaluation(),
    }
    overtaken = Story().begin_evaluation()
    overtaken.does("ann", c.GoBack(to_phase="select", reason="The target was too soft."))
    overtaken.does("eva", c.ReviseCharter(base_version=1, charter=_softer(overtaken)))
    cases["declare it again"] = overtaken
    for number, (reason, story) in enumerate(cases.items()):
        slug = f"case-{number}"
        office.tell(story, slug)
        target = workload_json(office.judge(slug), office.clock.now()).target
        assert reason in target.reason
        assert (target.metric, target.estimate, target.interval, target.n) == ("right_team", None, None, 0)
        assert target.answer == "not_estimable"


def _softer(story: Story) -> Any:
    promised = story.standing.charter
    return structs.replace(promised, target=structs.replace(promised.target, target=0.04))


def test_a_killed_workload_says_so_and_does_not_stall(piloting):
    """Its phase is `killed`, its exposure none, its gate the one it was at; what ended does not stall."""
    assert as_json(piloting)["stall"]
    piloting.does("oli", c.Kill(reason="Answers in Latin."))
    shown = as_json(piloting)
    assert (shown["phase"], shown["exposure"]["mode"], shown["stall"]) == ("killed", "none", [])
    assert shown["exposure"]["ceiling"] == {"mode": "none", "percent": 0.0}
    assert "Killed by oli" in shown["exposure"]["reason"]
    assert shown["gate"]["phase"] == "evaluate"


def test_the_ceiling_is_shown_beside_what_was_asked_for(office):
    """What is really exposed is shown, not the wish, with the reason that binds."""
    office.tell(Story().begin_service())
    measured(office, live_guardrails=(within(stage="live-5/1"),))
    shown = as_json(office)["exposure"]
    assert (shown["mode"], shown["percent"], shown["ceiling"]) == ("live", 5.0, {"mode": "live", "percent": 5.0})
    office.clock.wait(days=40)
    office.stated.measurements = measured_well(office.clock.at)
    later = as_json(office)["exposure"]
    assert later["mode"] != "live"
    assert later["reason"] == office.judge().ceiling.reasons[0]


def test_times_and_days_are_written_as_the_standard_says(piloting):
    """Times are UTC with a Z, days are plain."""
    measured(piloting, answer=structs.replace(answered("keep_running"), projected=dt.date(2026, 4, 3)))
    shown = as_json(piloting)
    assert shown["target"]["projected"] == "2026-04-03"
    assert all(stall["since"].endswith("Z") for stall in shown["stall"])
