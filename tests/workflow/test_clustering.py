"""A charter that clusters its target by unit and day, from the calls in the store to the answer."""

from __future__ import annotations

import json

import pytest
from msgspec import structs
from tests.workflow.office import SLUG
from tests.workflow.pilots import TARGET, CountingStore, Pilot

from pilotage.evidence.measurements import Estimate
from pilotage.storage.protocols import DayRow
from pilotage.workflow.clustering import day_rows
from pilotage.workflow.freezing import frozen_evidence, recompute
from pilotage.workflow.trust_section import checks_of

DAYS = 24


@pytest.fixture(scope="module")
def pilot(tmp_path_factory):
    """Three weeks and a half of a far better candidate, some of whose labels never come."""
    with CountingStore(tmp_path_factory.mktemp("pilot")) as store:
        pilot = Pilot(store, target=structs.replace(TARGET, cluster="both"))
        for _ in range(DAYS):
            pilot.day((0.5, 0.95), calls=30, labelled=0.98)
        yield pilot


def test_days_become_clusters_from_the_store_to_the_answer(pilot):
    """The looks hold totals over days of the same calls as those over units; the test waits for twenty of them."""
    measured = pilot.measure()
    snapshot = pilot.measuring.snapshot(SLUG, measured)
    stage = snapshot.latest["right_team"]
    assert stage.paired_days.n == stage.paired.n
    assert stage.paired_days.y == pytest.approx(stage.paired.y)
    assert stage.completed_days.n == stage.paired.n + stage.missing.n > stage.paired.n
    assert stage.paired_days.units == DAYS - 1  # the newest calls wait for their labels
    answer = measured.answer
    assert answer.answer == "reached"
    assert isinstance(answer.estimate, Estimate)
    assert answer.estimate.method.endswith("by unit and day")
    tested = [look for look in answer.looks if look.efficacy is not None]
    assert len(tested) == DAYS - 1 - 20 + 1
    assert answer.imputed.survives


def test_guardrails_have_their_days_too(pilot):
    """Of the same calls as by unit, so that a guardrail is clustered as the target is."""
    stage = pilot.measuring.snapshot(SLUG, pilot.measure()).latest["errors"]
    assert stage.paired_days.n == stage.paired.n > 0
    assert stage.paired_days.units >= DAYS


def test_the_days_are_allowed_for_where_trust_is_shown(pilot):
    """The check of days holds and says what allows for them, instead of warning of bounds that do not."""
    (check,) = [check for check in checks_of(pilot.measure()) if check.id == "days:right_team"]
    assert check.verdict == "held"
    assert check.title == "Right team: days are allowed for"
    assert "clustered by unit and day" in check.meaning


def test_what_was_clustered_by_day_is_computed_again_from_what_was_frozen(pilot):
    """Frozen evidence holds the totals over days, and comes to the same nine digits."""
    frozen = pilot.measuring.freeze(pilot.story.standing, pilot.measure())
    found = recompute(frozen.content)
    assert found.same
    assert found.figures > 100


def test_what_was_frozen_before_charters_said_so_is_clustered_by_unit(pilot):
    """A snapshot without the field is read, and comes to the figures by unit."""
    snapshot = pilot.measuring.snapshot(SLUG, pilot.measure())
    by_unit = structs.replace(snapshot, target=structs.replace(snapshot.target, cluster="unit"))
    content = json.loads(frozen_evidence(by_unit).content)
    del content["snapshot"]["target"]["cluster"]
    for sums in (
        *content["snapshot"]["latest"].values(),
        *(s for look in content["snapshot"]["looks"] for s in look["stages"]),
    ):
        for name in [name for name in sums if name.endswith("_days")]:
            del sums[name]
    assert recompute(json.dumps(content)).same


def test_a_day_of_another_release_stage_or_metric_is_left_out(pilot):
    """Only the judged stage's days count, of the declared release, and of the target's metric."""
    days = pilot.store.days(SLUG)
    (paired,) = [row for row in day_rows(TARGET, (), days, ("shadow/1", "r1")) if row.series == "paired_days"]
    strays = [
        structs.replace(day, **change)
        for day in days
        for change in ({"stage": "shadow/2"}, {"release": "r2"}, {"metric": "errors"})
    ]
    assert all(isinstance(day, DayRow) for day in strays)
    (again,) = [
        row for row in day_rows(TARGET, (), [*days, *strays], ("shadow/1", "r1")) if row.series == "paired_days"
    ]
    assert again == paired
