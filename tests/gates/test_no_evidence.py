from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.any_value import SECRET
from tests.record.stories import SLUG, START, Story, measured_well, proposal

from pilotage.evidence.measurements import Measurements, Traffic
from pilotage.gates.evaluate import CHECKS, evaluate, known_checks
from pilotage.playbook.loading import load, shipped
from pilotage.record import facts as f
from pilotage.record.fold import fold
from pilotage.record.verdicts import PASSING, PortfolioView

LATER = START + dt.timedelta(days=400)


@pytest.mark.parametrize("cadence", shipped())
@pytest.mark.parametrize("lane", ["low", "standard", "high"])
@pytest.mark.parametrize("measurements", [None, Measurements(taken_at=START)], ids=["none", "empty"])
@pytest.mark.parametrize("phase", ["propose", "begin_service"])
def test_no_measurement_is_never_a_pass(cadence, lane, measurements, phase):
    """With nothing measured, no measured criterion of any cadence and lane is met, unless its gate passed before.

    What was brought from outside may be met, and is attested then.
    """
    story = Story(playbook=load(cadence))
    getattr(story, phase)(lane=lane)
    workload = structs.replace(story.standing, passed={}, standing_waivers={})
    for now in (story.now, LATER):
        verdicts = evaluate(story.playbook, workload, measurements, story.portfolio, now)
        for verdict in verdicts.values():
            criterion = story.playbook.criterion(verdict.id)
            if criterion.outside:
                assert verdict.kind == "attested" or verdict.verdict not in PASSING, verdict
            elif criterion.kinds[0] == "measured":
                assert verdict.verdict not in PASSING, verdict


@pytest.mark.parametrize("cadence", shipped())
def test_an_empty_record_passes_nothing(cadence):
    """A workload that was only proposed meets not a single criterion, whatever was measured."""
    story = Story(playbook=load(cadence))
    story.does("ann", proposal())
    for measurements in (None, Measurements(taken_at=START), measured_well(START)):
        verdicts = evaluate(story.playbook, story.standing, measurements, PortfolioView(), story.now)
        passing = {v.id for v in verdicts.values() if v.passes}
        # What the call store alone can show, it may show.
        assert passing <= {
            "select.reachable",
            "pilot.instrumented",
            "pilot.shadow",
        }
        if measurements is None:
            assert not passing


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_calls_without_content_meet_nothing(name):
    """Traffic alone, with every figure unknown, meets no check that is about traffic."""
    story = Story().begin_service()
    counted = Measurements(taken_at=START, traffic=Traffic(calls=9000))
    workload = structs.replace(story.standing, passed={}, standing_waivers={})
    verdicts = evaluate(story.playbook, workload, counted, story.portfolio, story.now)
    for verdict in verdicts.values():
        criterion = story.playbook.criterion(verdict.id)
        if criterion.check == name and criterion.kinds[0] == "measured":
            assert verdict.verdict not in PASSING, verdict


def test_every_check_of_the_shipped_cadences_is_registered():
    """A criterion that names a check has it, and no check is there for nothing."""
    named = {c.check for cadence in shipped() for phase in load(cadence).phases for c in phase.criteria if c.check}
    assert named == known_checks()


def test_every_open_verdict_says_what_to_do_and_who():
    """A verdict that does not pass carries its reason, the next action and the person who can take it."""
    for chapter in ("propose", "begin_pilot", "begin_service"):
        story = Story()
        getattr(story, chapter)()
        story.wait(days=400)
        story.measurements = None
        for verdict in story.verdicts().values():
            assert verdict.reason.endswith((".", ")")), verdict
            if not verdict.passes:
                assert verdict.next is not None, verdict
                assert verdict.next.action.endswith("."), verdict
                assert verdict.next.by, verdict


def test_what_is_written_down_of_a_verdict_holds_no_personal_text():
    """A verdict that the watch writes into the ledger carries what people said only where it can be erased."""
    story = Story(demonstration=True)
    story.begin_service()
    whispered = []
    for recorded in story.recorded:
        kind, payload, texts = f.encode(recorded.fact)
        secret = f.decode(kind, payload, dict.fromkeys(texts, SECRET))
        whispered.append(structs.replace(recorded, fact=secret))
    workload = fold(SLUG, whispered)
    assert workload is not None
    verdicts = evaluate(story.playbook, workload, story.measurements, story.portfolio, story.now)
    assert any(SECRET in verdict.reason for verdict in verdicts.values())
    for verdict in verdicts.values():
        fact = f.VerdictMeasured(
            criterion=verdict.id, verdict=verdict.verdict, reason=verdict.reason, evidence=verdict.evidence
        )
        assert SECRET not in str(f.encode(fact)[1]), verdict
