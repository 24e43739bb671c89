"""The demonstration itself, on a slice of the flights: the real program, server, SDK, lease and store."""

from __future__ import annotations

import datetime as dt
import os
import re
import signal
import time
from zoneinfo import ZoneInfo

import pytest
from tests.demo.program import started, words_of

from pilotage.bootstrap import Environment, open_workspace
from pilotage.demo.flights import load_flights, minutes_of
from pilotage.operations.announcing import read_announcement
from pilotage.workflow.desk import recorded_of

SLUG = "flight-delay-desk"
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Every second flight number, from July until the exposure was taken back; the words and the workspace."""
    home = tmp_path_factory.mktemp("story") / "home"
    words = words_of(started(home, "--every", "2", "--until", "2013-09-16"))
    workspace = open_workspace(Environment(home=home))
    yield words, workspace
    workspace.close()


@pytest.fixture(scope="module")
def facts(told):
    """What is on record about the desk."""
    return [recorded_of(entry) for entry in told[1].ledger.read(SLUG)]


def _kinds(facts):
    return [type(recorded.fact).__name__ for recorded in facts]


@pytest.mark.slow
def test_the_whole_way_is_on_record_in_order(facts):
    """From proposal to roll-out every gate is passed in turn, by people, and then the exposure is taken back."""
    assert [r.fact.to_phase for r in facts if type(r.fact).__name__ == "Advanced"] == [
        "pilot",
        "evaluate",
        "harden",
        "deploy",
    ]
    exposures = [
        (r.fact.mode, r.fact.percent, r.actor == "system") for r in facts if "ExposureSet" in str(type(r.fact))
    ]
    assert exposures[:4] == [
        ("shadow", 0.0, False),
        ("live", 5.0, False),
        ("live", 25.0, False),
        ("shadow", 0.0, True),
    ]
    kinds = _kinds(facts)
    assert kinds.index("EvaluationDeclared") < kinds.index("AnswerMeasured") < kinds.index("Decided")
    assert kinds.index("GuardrailBreached") < kinds.index("BreachResolved")


@pytest.mark.slow
def test_nobody_signs_for_another(told, facts):
    """Charter and decision carry the signatures of two people, each by their own account, on one digest."""
    workload = told[1].desk.load(SLUG)
    for subject, digest in (
        ("charter", workload.charters[-1].digest),
        ("decision", workload.decisions[-1].digest),
    ):
        signatures = workload.signed(subject, digest)
        assert {role: s.stamp.by for role, s in signatures.items()} == {
            "owner": workload.owner,
            "sponsor": workload.sponsor,
        }
    assert workload.owner != workload.sponsor
    assert len({r.actor for r in facts}) >= 6


@pytest.mark.slow
def test_going_live_too_early_is_refused_with_the_reasons(told):
    """An attempt to go live from the pilot writes nothing, and the words say what is missing."""
    words, _ = told
    assert "is refused:" in words
    assert "live 5 % is above the ceiling" in words
    assert "pilot.shadow is pending" in words


@pytest.mark.slow
def test_waivers_have_two_signers_and_an_end(told):
    """Each waived criterion names two different people and expires within thirty days."""
    workload = told[1].desk.load(SLUG)
    assert len(workload.waivers) == 4
    for waiver in workload.waivers.values():
        assert len(workload.waiver_signers(waiver)) == 2
        assert waiver.expires_on <= waiver.stamp.at.date() + dt.timedelta(days=30)


@pytest.mark.slow
def test_the_organisation_assessed_itself(told):
    """Readiness before anything was proposed, maturity before the roll-out: by several people, concluded by another."""
    words, workspace = told
    state = workspace.desk.organisation().assessing
    (ready,), (mature,) = state.concluded("organisation-readiness"), state.concluded("llm-operations-maturity")
    for held in (ready, mature):
        assert len(held.concluded.fact.answered_by) >= 5
        assert len(held.answers) == 14
    assert ready.concluded.stamp.position < workspace.desk.load(SLUG).proposed.position
    assert ready.concluded.fact.overall < mature.concluded.fact.overall
    assert "concludes the organisation readiness" in words
    shown = {one for standing in mature.answers.values() for one in standing.fact.evidence}
    assert f"{SLUG}/harden.audit" in shown


@pytest.mark.slow
def test_everything_says_that_it_is_a_demonstration(told, facts):
    """Facts carry simulated time, calls are replay, and the workload is flagged for good."""
    workspace = told[1]
    assert workspace.demonstration
    assert workspace.desk.load(SLUG).demonstration
    assert all(recorded.simulated for recorded in facts)
    traffic = workspace.calls.traffic(SLUG)
    assert set(traffic.by_source) == {"replay"}


@pytest.mark.slow
def test_every_flight_was_decided_on_once(told):
    """The store holds exactly the flights of the days replayed, and the ledger verifies."""
    workspace = told[1]
    assert workspace.calls.traffic(SLUG).calls == _decided("2013-07-01", "2013-09-16", 2)
    assert workspace.ledger.verify().problems == ()


def _decided(first, last, every):
    """How many flights of the slice are decided on from the first day to the end of the last, in New York."""
    start, end = (dt.datetime.fromisoformat(day).replace(tzinfo=NEW_YORK) for day in (first, last))
    flights = load_flights(unit_every=every)
    at = flights.decision_at
    return int(((at >= minutes_of(start)) & (at < minutes_of(end + dt.timedelta(days=1)))).sum())


@pytest.mark.slow
def test_killed_at_any_point_it_goes_on_without_loss(tmp_path):
    """Story and server are killed in the middle, twice; the third start ends with every flight stored once."""
    home = tmp_path / "home"
    options = ("--every", "20", "--until", "2013-07-08")
    for share in ("10%", "50%"):
        process = started(home, *options)
        for line in process.stdout:
            if re.search(rf"\b{share}", line):
                break
        time.sleep(0.2)
        process.kill()
        process.communicate()
        server = read_announcement(home)
        if server is not None and share == "50%":
            os.kill(server.pid, signal.SIGKILL)
    words_of(started(home, *options))
    workspace = open_workspace(Environment(home=home))
    try:
        assert workspace.calls.traffic(SLUG).calls == _decided("2013-07-01", "2013-07-08", 20)
        assert workspace.ledger.verify().problems == ()
        assert [type(recorded_of(e).fact).__name__ for e in workspace.ledger.read(SLUG)].count("Proposed") == 1
        assert len(workspace.desk.all()) == 3
    finally:
        workspace.close()
