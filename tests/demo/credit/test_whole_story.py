"""The credit referral itself, on invented loans: the real program, server, SDK, lease and store, up to its no-go."""

from __future__ import annotations

import pytest
from tests.demo.credit.invented import invented_rows, write_table
from tests.demo.program import started, words_of

from pilotage.bootstrap import Environment, open_workspace
from pilotage.workflow.desk import recorded_of

SLUG = "credit-referral"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The whole story on 9,900 invented loans; its words, its folder and its workspace."""
    folder = tmp_path_factory.mktemp("story")
    home, table = folder / "home", write_table(folder / "invented.csv", invented_rows(9_900))
    words = words_of(started(home, SLUG, "--table", str(table)))
    workspace = open_workspace(Environment(home=home))
    yield words, home, workspace
    workspace.close()


@pytest.fixture(scope="module")
def workload(told):
    """The referral as it is on record at the end."""
    return told[2].desk.load(SLUG)


@pytest.mark.slow
def test_it_ends_with_a_signed_no_go_and_is_switched_off(workload):
    """The grade knows what the fields do not: owner and sponsor sign a no-go, and the workload is killed."""
    decision = workload.decision
    assert decision is not None
    assert decision.outcome == "no_go"
    assert set(workload.signed("decision", decision.digest)) == {"owner", "sponsor"}
    assert workload.killed
    assert workload.phase == "evaluate"


@pytest.mark.slow
def test_the_gates_before_are_passed_through_real_records(told, workload):
    """`select` and `pilot` are passed by a person each, and nothing of them was waived."""
    facts = [recorded_of(entry) for entry in told[2].ledger.read(SLUG)]
    assert [r.fact.to_phase for r in facts if type(r.fact).__name__ == "Advanced"] == ["pilot", "evaluate"]
    assert workload.waivers == {}
    assert len({r.actor for r in facts}) >= 6


@pytest.mark.slow
def test_the_shortfall_is_on_record_with_what_was_learned(workload):
    """Segments, a cause with its figures, a learning curve of four points; the decision says what is kept."""
    short = workload.shortfall
    assert short is not None
    assert short.attempt == workload.attempt.number
    assert len(short.curve) == 4
    assert "area under the curve" in str(short.cause)
    assert "What was learned" in str(workload.decision.reasons)


@pytest.mark.slow
def test_each_verdict_of_evaluate_was_frozen_with_the_decision(workload):
    """The target is unmet, its shortfall understood, the gaps listed; nothing was left without a verdict."""
    frozen = workload.decision.verdicts
    assert frozen["evaluate.target"] == "unmet"
    assert frozen["evaluate.shortfall"] == frozen["evaluate.gaps"] == "met"
    assert frozen["evaluate.funding"] in {"pending", "unmet"}


@pytest.mark.slow
def test_everything_says_that_it_is_a_demonstration_with_invented_times(told, workload):
    """The flag, the text of the workload, and the source of every call."""
    assert workload.demonstration
    assert "invented" in str(workload.problem)
    assert set(told[2].calls.traffic(SLUG).by_source) == {"replay"}
    assert told[2].calls.traffic(SLUG).calls == 4_950
    assert told[2].ledger.verify().problems == ()


@pytest.mark.slow
def test_another_example_leaves_the_folder_alone(told):
    """The flights of 2013 are refused where the loans of 2016 were played."""
    assert "holds the example credit-referral" in words_of(started(told[1], "flight-delay-desk"), code=2)
