from __future__ import annotations

import datetime as dt
from typing import get_args

import pytest
from msgspec import structs
from tests.record.stories import SLUG, Story

from pilotage.record import facts as f
from pilotage.record.fold import apply, fold
from pilotage.record.texts import ERASED

WHOLE = Story().begin_rollout()


def test_no_facts_make_no_workload():
    """What nobody proposed does not exist."""
    assert fold(SLUG, []) is None


def test_a_workload_is_the_fold_of_its_facts():
    """Folding the whole record at once gives the workload that grew fact by fact."""
    assert fold(SLUG, WHOLE.recorded) == WHOLE.workload


@pytest.mark.parametrize("cut", [1, 7, len(WHOLE.recorded) - 1, len(WHOLE.recorded)])
def test_a_fold_goes_on_where_it_was_left(cut):
    """Folding in two runs gives the same as folding in one, wherever the run is cut."""
    begun = fold(SLUG, WHOLE.recorded[:cut])
    assert fold(SLUG, WHOLE.recorded[cut:], begun) == WHOLE.workload


def test_a_workload_without_its_texts_is_the_same_workload():
    """After every personal text was erased the record still folds, to the same phase, people and signatures."""
    erased = []
    for recorded in WHOLE.recorded:
        kind, payload, texts = f.encode(recorded.fact)
        erased.append(structs.replace(recorded, fact=f.decode(kind, payload, dict.fromkeys(texts))))
    bare = fold(SLUG, erased)
    assert bare is not None
    whole = WHOLE.standing
    assert (bare.phase, bare.owner, bare.sponsor, bare.reviewers) == (
        whole.phase,
        whole.owner,
        whole.sponsor,
        whole.reviewers,
    )
    assert bare.signatures == whole.signatures
    assert bare.in_force == whole.in_force
    assert bare.decision is not None
    assert bare.decision.reasons == ERASED
    assert bare.acceptance is not None
    assert bare.acceptance.statement == ERASED


def test_a_record_begins_with_its_proposal_and_has_one():
    """A record that begins otherwise, or proposes twice, is broken, and says at which entries."""
    first, second = WHOLE.recorded[:2]
    with pytest.raises(ValueError, match="begins with Assigned"):
        apply(None, SLUG, structs.replace(second, sequence=1))
    again = structs.replace(first, sequence=2, position=first.position + 1)
    with pytest.raises(ValueError, match="proposed twice"):
        fold(SLUG, [first, again])


@pytest.mark.parametrize("order", [[0, 2], [0, 1, 1], [0, 2, 1], [1]])
def test_a_missing_or_repeated_fact_is_noticed(order):
    """A gap, a repetition or another order is a broken ledger, never quietly another workload."""
    with pytest.raises(ValueError, match="cannot follow"):
        fold(SLUG, [WHOLE.recorded[index] for index in order])


def test_positions_of_the_ledger_rise():
    """A later fact cannot stand earlier in the ledger."""
    first, second = WHOLE.recorded[:2]
    with pytest.raises(ValueError, match="cannot follow"):
        fold(SLUG, [first, structs.replace(second, position=first.position)])


def test_a_simulated_fact_marks_the_workload():
    """One fact under a simulated clock is enough: the workload says so from then on."""
    marked = fold(SLUG, [structs.replace(r, simulated=r.sequence == 3) for r in WHOLE.recorded])
    assert marked is not None
    assert marked.simulated
    assert not WHOLE.standing.simulated


def test_everybodys_last_act_is_known():
    """Whoever did something is remembered with the time of the last time."""
    story = Story().propose()
    story.wait(days=3)
    story.record(f.Commented(comment="Still here."), "sam")
    assert story.standing.last_acts["sam"] == story.now
    assert story.standing.last_acts["ann"] < story.now


def test_what_the_watch_writes_down_is_kept():
    """The sequential answer and the measured verdicts that were written down are the newest ones."""
    story = Story().begin_evaluation()
    for answer in ("keep_running", "reached"):
        story.record(
            f.AnswerMeasured(
                metric="right_team", attempt=1, answer=answer, reason="", estimate=0.1, low=0.0, high=0.2, calls=900
            )
        )
        story.record(f.VerdictMeasured(criterion="evaluate.target", verdict="met", reason="", evidence=()))
    assert story.standing.answer is not None
    assert story.standing.answer.answer == "reached"
    assert story.standing.measured == {"evaluate.target": "met"}
    story.record(f.EvaluationDeclared(release="r1", attempt=2, alpha=0.0125))
    assert story.standing.answer is None


def test_only_an_extension_in_force_moves_the_decision_date():
    """A date that stands in a go, or in an extension that nobody signed, moves nothing, whoever recorded it."""
    story = Story().begin_evaluation()
    due = story.standing.decision_on
    later = dt.date(2027, 1, 1)
    for outcome in ("go", "extend"):
        story.record(
            f.Decided(
                outcome=outcome, reasons="", dissent="", extend_until=later, verdicts={}, answer="", digest=outcome * 9
            ),
            "ann",
        )
        assert story.standing.decision_on == due
        for person, role in (("ann", "owner"), ("sam", "sponsor")):
            story.record(f.Signed(subject="decision", digest=outcome * 9, role=role, meaning="Yes."), person)
    assert story.standing.decision_on == later
    assert [story.standing.decision_in_force(d) for d in story.standing.decisions] == [True, True]


def test_a_waiver_comes_into_force_by_those_who_are_accountable_then():
    """A former owner's request and a present owner's signature are not two accountable people."""
    story = Story().begin_hardening()
    story.record(f.Waived(criterion="harden.scale", reason="Later.", expires_on=dt.date(2026, 4, 1), digest="w"), "ann")
    story.record(f.Assigned(role="owner", person="ben"), "sam")
    story.record(f.Signed(subject="waiver:harden.scale", digest="w", role="owner", meaning="Yes."), "ben")
    assert "harden.scale" not in story.standing.standing_waivers
    assert story.standing.waiver_signers(story.standing.waivers["harden.scale"]) == ("ben",)
    story.record(f.Signed(subject="waiver:harden.scale", digest="w", role="sponsor", meaning="Yes."), "sam")
    assert story.standing.standing_waivers["harden.scale"].digest == "w"


def test_every_kind_of_fact_is_folded():
    """There is no fact that the fold of its stream does not know, and none that belongs to two streams."""
    from pilotage.record.fold import _APPLY  # noqa: PLC0415 - white-box: the table is nobody else's business
    from pilotage.record.organisation import _FOLDS  # noqa: PLC0415 - white-box

    assert set(_APPLY) | {f.Proposed} == set(get_args(f.Fact))
    assert set(_FOLDS) == set(get_args(f.OrganisationFact))
    assert set(_APPLY) | {f.Proposed} | set(_FOLDS) == set(f.KINDS.values())
    assert not set(_APPLY) & set(_FOLDS)
