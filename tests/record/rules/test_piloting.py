from __future__ import annotations

import pytest
from msgspec import structs
from tests.record.stories import DIGEST, Story, attestation, charter, clearance, on_its_word, release

from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.rules.piloting import attestable, word_suffices


def test_a_release_is_registered_once():
    """A release's name stands for one thing for ever."""
    story = Story().propose()
    (fact,) = story.does("eva", release())
    assert isinstance(fact, f.ReleaseRegistered)
    found = story.refusal("eva", release(digest="cd" * 32))["release-exists"]
    assert found.field == "name"
    assert story.standing.releases["r1"].digest == DIGEST


def test_the_running_release_is_the_declared_one_else_the_newest():
    """Before the first declaration the newest release runs; from then on the declared one, whatever is registered."""
    story = Story().begin_pilot()
    story.does("eva", release("r2", "cd" * 32))
    assert story.standing.release.name == "r2"
    story.does("ann", c.DeclareForEvaluation(release="r1"))
    story.does("eva", release("r3", "ef" * 32))
    assert story.standing.release.name == "r1"


def test_each_attempt_halves_the_error_it_is_tested_at():
    """The k-th declared release is tested at alpha / 2^k, so that trying until one passes does not pay."""
    story = Story().begin_pilot()
    story.does("eva", release("r2", "cd" * 32))
    for name in ("r1", "r2", "r1"):
        story.does("ann", c.DeclareForEvaluation(release=name))
    alpha = charter().target.alpha
    assert [(a.number, a.release, a.alpha) for a in story.standing.attempts] == [
        (1, "r1", alpha / 2),
        (2, "r2", alpha / 4),
        (3, "r1", alpha / 8),
    ]


def test_a_release_is_declared_when_there_is_something_to_test_it_against():
    """Declaring asks for a registered release, a charter and the pilot; and not for the release that runs already."""
    story = Story().propose()
    declare = c.DeclareForEvaluation(release="r1")
    assert story.refusal("ann", declare)["unknown-release"].field == "release"
    story.does("eva", release())
    assert "no-charter" in story.refusal("ann", declare)
    story.write_charter()
    assert "select" in story.refusal("ann", declare)["wrong-phase"].message
    running = Story().begin_evaluation()
    assert running.refusal("ann", declare)["already-declared"].field == "release"


def test_a_new_promise_is_tested_anew():
    """After the promise changed, the same release is declared again, as another attempt; until then nothing counts."""
    story = Story().begin_evaluation()
    assert story.verdict("evaluate.target").verdict == "met"
    story.does("ann", c.GoBack(to_phase="select", reason="We promised the wrong thing."))
    story.write_charter(target=structs.replace(charter().target, target=0.01))
    assert story.standing.attempt_overtaken
    assert story.verdict("evaluate.target").verdict == "pending"
    story.attest_all("select")
    story.does("ann", c.Advance(to_phase="pilot"))
    story.does("ann", c.DeclareForEvaluation(release="r1"))
    assert story.standing.attempt.number == 2
    assert not story.standing.attempt_overtaken


def test_only_the_named_reviewer_clears():
    """A clearance comes from the reviewer named for the area, whatever other reviewers there are."""
    story = Story().begin_pilot()
    found = story.refusal("sid", clearance("privacy"))["not-reviewer"]
    assert found.field == "area"
    (fact,) = story.does("pia", clearance("privacy"))
    assert isinstance(fact, f.PilotCleared)
    assert fact.retention_days == 90


def test_nobody_clears_their_own_submission():
    """Who owns the workload or registered a release of it cannot clear it."""
    story = Story().propose()
    story.record(f.Assigned(role="reviewer:privacy", person="eva"), "ann")
    story.does("eva", release())
    found = story.refusal("eva", clearance("privacy"), actor=_reviewer(story, "eva"))
    assert set(found) == {"own-submission"}
    story.record(f.Assigned(role="reviewer:security", person="ann"), "ann")
    assert "own-submission" in story.refusal("ann", clearance("security"), actor=_reviewer(story, "ann"))


def _reviewer(story: Story, person: str):
    return structs.replace(story.context(person).actor, roles=frozenset({"reviewer"}))


@pytest.mark.parametrize(("lane", "refused"), [("low", False), ("standard", True), ("high", True)])
def test_one_person_clears_both_areas_in_the_low_lane_only(lane, refused):
    """Privacy and security are two people's business, except where the workload is harmless."""
    story = Story().propose(lane=lane)
    story.does("ann", c.Assign(role="reviewer:privacy", person="sid"))
    story.does("sid", clearance("privacy"))
    story.does("sid", clearance("privacy", retention_days=30))
    if refused:
        assert "same-reviewer" in story.refusal("sid", clearance("security"))
    else:
        story.does("sid", clearance("security"))


def test_a_named_person_attests_with_statement_and_digest():
    """An attestation keeps who said what, under a digest that another statement does not have."""
    story = Story().propose()
    story.playbook = on_its_word(story.playbook, "select.data")
    (first,) = story.does("eva", attestation("select.data"))
    (other,) = story.does("eva", structs.replace(attestation("select.data"), document_digest="cd" * 32))
    assert isinstance(first, f.Attested)
    assert isinstance(other, f.Attested)
    assert first.digest != other.digest
    assert story.standing.attestations["select.data"].document_digest == "cd" * 32


def test_only_what_takes_a_word_can_be_attested():
    """Measured criteria and those with a form of their own take nobody's word, and say what to do instead."""
    story = Story().propose()
    assert "measured" in story.refusal("ann", attestation("pilot.shadow"))["not-attestable"].message
    assert "measured" in story.refusal("ann", attestation("harden.scale"))["not-attestable"].message
    assert "measured" in story.refusal("ann", attestation("harden.security"))["not-attestable"].message
    assert "form of its own" in story.refusal("ann", attestation("select.signed"))["not-attestable"].message
    assert story.refusal("ann", attestation("select.luck"))["unknown-criterion"].field == "criterion"


def test_a_criterion_to_be_measured_is_never_met_by_a_word():
    """No criterion whose primary evidence is measurement is met by attestation alone, in any lane of the playbook."""
    story = Story()
    for phase in story.playbook.phases:
        for criterion in phase.criteria:
            if criterion.kinds[0] == "measured":
                assert not word_suffices(criterion)
                assert attestable(criterion) == (criterion.id == "pilot.real-work")
                asked = structs.replace(criterion, check=None, params={"owner_attests": True})
                assert not attestable(asked)


@pytest.mark.parametrize(
    ("criterion", "named", "others"),
    [
        ("pilot.real-work", "ann", ["sam", "eva", "oli", "pia"]),
    ],
)
def test_what_somebody_has_to_accept_nobody_says_in_their_place(criterion, named, others):
    """Where the evidence is a person's own word, only the person whom the playbook names gives it."""
    story = Story().propose()
    for person in others:
        assert story.refusal(person, attestation(criterion))["not-named"].field == "criterion"
    story.does(named, attestation(criterion))


def test_a_reviewers_word_is_that_of_the_area():
    """Where the playbook names a reviewer of one area, no other reviewer's word counts."""
    story = Story().propose()
    phase = story.playbook.phase("select")
    criteria = tuple(
        structs.replace(c_, kinds=("attested",), by="privacy reviewer", check=None) if c_.id == "select.data" else c_
        for c_ in phase.criteria
    )
    phases = tuple(structs.replace(p, criteria=criteria) if p.id == "select" else p for p in story.playbook.phases)
    story.playbook = structs.replace(story.playbook, phases=phases)
    assert "not-named" in story.refusal("sid", attestation("select.data"))
    story.does("pia", attestation("select.data"))


SHORT = c.AnalyseShortfall(
    segments=("origin=EWR", "all"),
    cause="Few examples of winter.",
    remedy="both",
    effort="Two weeks of one labeller.",
    curve=("1000=0.7", "20000=-0.75"),
)


def test_a_shortfalls_analysis_is_recorded_with_its_attempt_and_points():
    """What was said of a missed target stands in the workload, the points of the learning curve as numbers."""
    story = Story().begin_evaluation()
    story.does("eva", SHORT, answer="futile")
    found = story.standing.shortfall
    assert (found.attempt, found.segments, found.remedy) == (1, SHORT.segments, "both")
    assert [(point.examples, point.value) for point in found.curve] == [(1000, 0.7), (20000, -0.75)]
    assert found.stamp.by == "eva"


def test_nothing_is_analysed_that_was_reached_or_never_tested():
    """Without an attempt there is no shortfall, and a target that was reached has none either."""
    assert set(Story().propose().refusal("eva", SHORT)) == {"no-attempt"}
    assert set(Story().begin_evaluation().refusal("eva", SHORT, answer="reached")) == {"nothing-missed"}


def test_a_point_of_the_curve_is_examples_and_value():
    """Anything else is refused before it is recorded."""
    story = Story().begin_evaluation()
    for wrong in ("1000", "1000:0.7", "0=0.7", "1000=nan", "1e3=0.7"):
        assert story.refusal("eva", structs.replace(SHORT, curve=(wrong,)), answer="futile")


def test_a_release_may_say_how_many_examples_it_learned_from():
    """So that the measured values of several releases are points of a learning curve."""
    story = Story().propose()
    story.does("eva", structs.replace(release(), training_examples=5000))
    assert story.standing.releases["r1"].training_examples == 5000
