"""A history's file as a question with its metric, and the draft that comes of it."""

from __future__ import annotations

import datetime as dt

import pytest
import yaml

from pilotage.playbook.metrics import LabelCost, OutcomeValue
from pilotage.storage.history import HistoryInvalid
from pilotage.workflow.assessing import Question, assess_file, costs_of, draft, metric_of

TODAY = dt.date(2026, 3, 4)


@pytest.fixture
def numbers(tmp_path):
    """A history of minutes over four weeks, in which the candidate takes a third less."""
    rows = [f"{12 + n % 7},{8 + n % 5},2026-01-{1 + n % 28:02d}T08:00:00+01:00,u{n % 90}\n" for n in range(600)]
    file = tmp_path / "history.csv"
    file.write_text("incumbent_minutes,candidate_minutes,time,unit\n" + "".join(rows), encoding="utf-8")
    return file


def test_numbers_are_capped_by_the_file_when_nobody_says_how_far_they_count(numbers):
    """Without caps the file's own extremes are taken, and it is said; with them it is not read for that."""
    metric, caution = metric_of(numbers, Question(outcome="minutes", direction="lower"))
    assert isinstance(metric.source, OutcomeValue)
    assert (metric.direction, metric.lo, metric.hi) == ("lower", 0.0, 18.0)
    assert caution is not None
    assert caution.code == "caps"
    capped, nothing = metric_of(numbers, Question(outcome="Minutes spent!", lo=0.0, hi=15.0))
    assert (capped.id, capped.hi, nothing) == ("minutes_spent", 15.0, None)


def test_the_draft_promises_half_of_what_the_history_shows(numbers):
    """The draft has rounded figures, the days of the pilot, the time zone, and empty what only people can say."""
    found = assess_file(numbers, Question(outcome="minutes", direction="lower", weeks=6, time_zone="Europe/Berlin"))
    text = draft("history.csv", found, today=TODAY)
    says = yaml.safe_load(text)
    assert (says["workload"], says["charter"]["time_zone"]) == ("", "Europe/Berlin")
    assert (says["charter"]["starts_on"], says["charter"]["decision_on"]) == (dt.date(2026, 3, 9), dt.date(2026, 4, 20))
    target = says["charter"]["target"]
    assert target["target"] == pytest.approx(target["expected"] / 2, rel=1e-3)
    assert target["baseline"] == float(f"{target['baseline']:.4g}")


def test_costs_are_read_and_what_is_written_another_way_is_returned(tmp_path):
    """Each cost is answer, label and amount; a label may hold an equals sign, and nothing infinite is a cost."""
    costs, bad = costs_of(["a/b=1", " a/c=2.5 ", "a=b/c=3", "", "a/b", "a/b=much", "/b=1", "a/b=inf"])
    assert costs == {"a": {"b": 1.0, "c": 2.5}, "a=b": {"c": 3.0}}
    assert bad == ("a/b", "a/b=much", "/b=1", "a/b=inf")
    metric, _ = metric_of(tmp_path, Question(costs=costs))
    assert isinstance(metric.source, LabelCost)
    assert (metric.lo, metric.hi, metric.direction) == (0.0, 3.0, "lower")


def test_fewer_right_answers_are_never_asked_for(tmp_path):
    """A direction without numbers to judge by is refused with what to do."""
    with pytest.raises(HistoryInvalid, match="never better"):
        metric_of(tmp_path, Question(direction="lower"))
