from __future__ import annotations

import json

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.record.any_value import SECRET, any_of
from tests.record.stories import charter

from pilotage.record import facts as f
from pilotage.record.charter import Charter, charter_digest
from pilotage.record.errors import UnknownFact
from pilotage.record.texts import ERASED

ANY_FACT = st.one_of([any_of(kind) for kind in f.KINDS.values()])


def through_the_ledger(fact: f.Fact, *, erased: bool = False) -> f.Fact:
    """A fact as it comes back from canonical JSON, with its personal texts beside, or erased."""
    kind, payload, texts = f.encode(fact)
    written = json.loads(rfc8785.dumps(payload))
    committed = {**written, **{name: {"commitment": "ab" * 32} for name in texts}}
    return f.decode(kind, committed, dict.fromkeys(texts) if erased else texts)


@settings(max_examples=400)
@given(fact=ANY_FACT)
def test_every_fact_comes_back_from_the_ledger_as_it_was(fact):
    """Whatever a fact holds, canonical JSON gives it back unchanged, its personal texts included."""
    back = through_the_ledger(fact)
    assert back == fact
    assert type(back) is type(fact)
    assert f.encode(back) == f.encode(fact)


@settings(max_examples=400)
@given(fact=ANY_FACT)
def test_personal_text_never_enters_the_hashed_payload(fact):
    """What the ledger hashes holds no personal text, so that erasing one leaves nothing behind."""
    kind, payload, texts = f.encode(fact)
    assert SECRET not in rfc8785.dumps(payload).decode()
    assert not f.PERSONAL[kind] & payload.keys()
    assert set(texts) == {name for name in f.PERSONAL[kind] if getattr(fact, name)}


@given(fact=ANY_FACT)
def test_an_erased_text_says_that_it_was_erased(fact):
    """After erasure a text reads as erased, one that was never given stays empty, and the rest is untouched."""
    kind, payload, _ = f.encode(fact)
    back = through_the_ledger(fact, erased=True)
    for name in f.PERSONAL[kind]:
        assert getattr(back, name) == (ERASED if getattr(fact, name) else "")
    assert f.encode(back)[1] == payload


def test_whole_numbers_come_back_as_the_fractions_they_were():
    """Canonical JSON writes 5.0 as 5; a percentage is a fraction again when it is read."""
    exposed = f.ExposureSet(mode="live", percent=5.0, cohorts=(), reason="It held.")
    assert b'"percent":5,' in rfc8785.dumps(f.encode(exposed)[1])
    back = through_the_ledger(exposed)
    assert isinstance(back, f.ExposureSet)
    assert isinstance(back.percent, float)


@pytest.mark.parametrize("length", [0, 3, 4000, 40_000])
def test_texts_of_any_length_can_be_read_again(length):
    """No entry of the ledger is unreadable because of the length of what somebody said."""
    fact = f.WentBack(from_phase="pilot", to_phase="select", reason="x" * length)
    assert through_the_ledger(fact) == fact


def test_a_fact_of_a_newer_version_is_named():
    """A kind that this version does not know is refused by name, never skipped."""
    with pytest.raises(UnknownFact, match="teleported"):
        f.decode("teleported", {}, {})


def test_the_personal_texts_are_these():
    """Every free text that somebody says is personal; what the method needs to prove itself is not."""
    assert {kind: set(names) for kind, names in f.PERSONAL.items() if names} == {
        "scored": {"note"},
        "assessment_answered": {"statement"},
        "assessment_concluded": {"statement"},
        "chosen": {"argument"},
        "ownership_accepted": {"statement"},
        "charter_revised": {"team"},
        "pilot_cleared": {"statement"},
        "shortfall_analysed": {"cause"},
        "attested": {"statement"},
        "went_back": {"reason"},
        "case_frozen": {"reasons"},
        "decided": {"reasons", "dissent"},
        "exposure_set": {"reason"},
        "killed": {"reason"},
        "revived": {"reason"},
        "waived": {"reason"},
        "commented": {"comment"},
        "breach_resolved": {"reason"},
        "verdict_measured": {"reason"},
        "production_planned": {"deployment"},
        "placed_in_work": {"arrives", "when_absent"},
        "source_chosen": {"reason"},
        "suitability_judged": {"warnings_met_by"},
        "question_answered": {"answer"},
        "finding_raised": {"finding"},
        "finding_closed": {"reason"},
        "review_concluded": {"statement"},
        "cost_line_estimated": {"basis"},
        "production_estimated": {"basis"},
        "funding_committed": {"statement"},
        "month_costs_recorded": {"basis"},
        "area_designed": {"pilot", "production"},
        "area_finished": {"done"},
        "gap_listed": {"what"},
        "gap_closed": {"how"},
        "role_accepted": {"statement"},
        "outside_result_recorded": {"tested", "statement"},
        "outside_result_signed": {"statement"},
        "drift_explained": {"explanation"},
        "role_refused": {"reason"},
        "handoff_item_listed": {"what"},
        "handoff_item_accepted": {"remark"},
        "handoff_item_refused": {"reason"},
        "escalation_set": {"reach"},
        "shift_planned": {"reach"},
        "procedure_written": {"steps"},
        "playbook_walked_through": {"statement"},
        "stream_planned": {"plan"},
        "risk_classified": {"reasons"},
        "work_changed": {"before", "after"},
        "adoption_planned": {"basis"},
        "audience_told": {"changes"},
        "decision_sent": {"message"},
        "dissented": {"reason"},
        "interview_recorded": {"asked", "new_problems", "quote"},
        "channel_opened": {"where"},
        "feedback_answered": {"reply"},
        "item_triaged": {"what", "reason"},
        "iteration_scoped": {"from_users", "from_failures", "from_drift"},
        "iteration_closed": {"reason"},
        "pair_judged": {"reason"},
        "reference_chosen": {"reason"},
        "training_required": {"does", "does_not", "when_to_override", "whom_to_ask"},
        "what_people_see_said": {"explanation"},
        "source_listed": {"holds"},
        "sample_checked": {"labels"},
        "sample_argued": {"argument"},
    }


@settings(max_examples=200)
@given(written=any_of(Charter), team=st.text(max_size=8))
def test_a_signed_digest_can_be_recomputed_from_the_ledger(written, team):
    """The digest that was signed is that of the charter as it is read back, whatever its numbers look like."""
    digest = charter_digest(written, team)
    back = through_the_ledger(f.CharterRevised(version=1, charter=written, team=team, digest=digest))
    assert isinstance(back, f.CharterRevised)
    assert charter_digest(back.charter, back.team) == digest


def test_every_field_of_a_charter_is_covered_by_its_digest():
    """Two charters that differ anywhere, the team included, have different digests."""
    whole = charter()
    digests = [charter_digest(whole, "Ann"), charter_digest(whole, "Eva")]
    digests += [
        charter_digest(charter(**{field: change}), "Ann")
        for field, change in {
            "purpose": "Another.",
            "value": "Another.",
            "metrics": whole.metrics[::-1],
            "guardrails": (),
            "risks": (),
            "value_usd_a_year": 0.0,
            "segments": ("language",),
            "time_zone": "Asia/Tokyo",
            "starts_on": whole.decision_on,
            "decision_on": whole.starts_on,
        }.items()
    ]
    assert len(set(digests)) == len(digests)
