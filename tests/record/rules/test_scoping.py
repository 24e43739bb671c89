from __future__ import annotations

import datetime as dt

import pytest
from msgspec import structs
from tests.record.stories import SLUG, Story, charter, proposal

from pilotage.record import commands as c
from pilotage.record import facts as f


def revision(story: Story, *, base: int | None = None, team: str = "Ann and Eva", **changes) -> c.ReviseCharter:
    """A new version on top of the newest."""
    newest = len(story.standing.charters) if base is None else base
    return c.ReviseCharter(base_version=newest, charter=charter(**changes), team=team)


def signature(story: Story, subject: str = "charter", **changes) -> c.Sign:
    """A signature on what stands."""
    return structs.replace(c.Sign(subject=subject, digest=story.digest(subject), meaning="I stand by it."), **changes)


def test_a_proposal_opens_a_workload_with_nothing_exposed():
    """A proposed problem is in the phase select, and nothing of it is exposed."""
    story = Story()
    (fact,) = story.does("eva", proposal(lane="high"))
    assert isinstance(fact, f.Proposed)
    assert (story.standing.slug, story.standing.phase, story.standing.lane) == (SLUG, "select", "high")
    assert story.exposed() == ("none", 0.0, ())
    assert story.standing.entered == {"select": story.now}


def test_a_short_name_is_proposed_once():
    """Another proposal under the same short name is refused, and says so."""
    story = Story()
    story.does("eva", proposal())
    found = story.refusal("eva", proposal())["already-proposed"]
    assert found.field == "slug"
    assert "another short name" in found.message


def test_nothing_can_be_done_with_what_was_never_proposed():
    """A command on an unknown workload says to propose it first."""
    found = Story().refusal("ann", c.Kill(reason="Just in case."))["unknown-workload"]
    assert "propose it first" in found.message


@pytest.mark.parametrize("workspace", [True, False])
def test_a_demonstration_stays_in_its_workspace(workspace):
    """Whether a workload demonstrates is fixed when it is proposed, and is the workspace's own."""
    story = Story(demonstration=workspace)
    found = story.refusal("ann", proposal(demonstration=not workspace))["demonstration-mismatch"]
    assert found.field == "demonstration"
    story.does("ann", proposal(demonstration=workspace))
    assert story.standing.demonstration is workspace


def test_a_second_score_of_the_same_person_replaces_the_first():
    """A person counts once in the ranking, with the score they gave last."""
    story = Story()
    story.does("eva", proposal())
    story.does("eva", c.ScoreProblem(impact=1, feasibility=2, readiness=3))
    story.does("oli", c.ScoreProblem(impact=5, feasibility=5, readiness=5, note="We wait for it."))
    story.does("eva", c.ScoreProblem(impact=4, feasibility=4, readiness=4))
    assert {person: score.mean for person, score in story.standing.scores.items()} == {"eva": 4.0, "oli": 5.0}
    assert story.standing.scores["oli"].note == "We wait for it."


def test_a_choice_is_argued_on_the_record():
    """The argument for a problem is kept with who gave it."""
    story = Story()
    story.does("eva", proposal())
    story.does("ann", c.Choose(argument="It is smaller, and the data are here."))
    assert story.standing.argument is not None
    assert story.standing.argument.stamp.by == "ann"


def test_a_comment_is_kept_with_its_author():
    """What somebody says on the record stays, in order."""
    story = Story()
    story.does("eva", proposal())
    for person in ("oli", "eva"):
        story.does(person, c.Comment(comment=f"{person} was here"))
    assert [(said.stamp.by, said.text) for said in story.standing.comments] == [
        ("oli", "oli was here"),
        ("eva", "eva was here"),
    ]


def test_roles_are_offered_to_known_people_only():
    """A role cannot be offered to somebody who does not exist, and every problem is named at once."""
    story = Story()
    story.does("ann", proposal())
    story.does("ann", c.Assign(role="owner", person="ann"))
    assert "unknown-person" in story.refusal("ann", c.Assign(role="sponsor", person="nobody"))
    found = story.refusal("ann", c.Assign(role="sponsor", person="ann"), people=frozenset())
    assert set(found) == {"unknown-person", "same-person"}
    assert {problem.field for problem in found.values()} == {"person"}


def test_owner_and_sponsor_are_two_people():
    """Nobody is offered the other one of the two accountable roles."""
    story = Story().propose()
    assert "same-person" in story.refusal("ann", c.Assign(role="owner", person="sam"))
    assert "same-person" in story.refusal("ann", c.Assign(role="sponsor", person="ann"))


def test_nobody_reviews_what_they_own():
    """The owner is no reviewer, and a reviewer becomes no owner."""
    story = Story().propose()
    assert story.refusal("ann", c.Assign(role="reviewer:privacy", person="ann"))["own-submission"].field == "person"
    assert "own-submission" in story.refusal("ann", c.Assign(role="owner", person="pia"))


def test_only_the_person_it_was_offered_to_accepts_ownership():
    """Ownership is accepted by the one to whom it was offered, in person."""
    story = Story().propose()
    accept = c.AcceptOwnership(technical=True, operational=False, statement="As far as it goes.")
    assert "assigned to you" in story.refusal("ben", accept)["not-offered"].message
    story.does("ann", accept)
    assert story.standing.acceptance is not None
    assert story.standing.acceptance.stamp.by == "ann"


def test_acceptance_ends_when_ownership_passes_on():
    """A new owner has to accept, and so has an old one who comes back."""
    story = Story().propose()
    story.does("ann", c.AcceptOwnership(technical=True, operational=True, statement="I decide on both."))
    story.does("ann", c.Assign(role="owner", person="ann"))
    assert story.standing.acceptance is not None
    for person in ("ben", "ann"):
        story.does("ada", c.Assign(role="owner", person=person))
        assert story.standing.acceptance is None


def test_a_charter_is_edited_from_its_newest_version():
    """Two people who edit at once get a conflict, and neither overwrites the other."""
    story = Story().propose()
    story.does("eva", revision(story))
    story.does("ann", revision(story, purpose="Tickets arrive."))
    found = story.refusal("eva", revision(story, base=1, value="Calm."))["charter-changed"]
    assert found.field == "base_version"
    assert "version 2" in found.message
    assert [version.version for version in story.standing.charters] == [1, 2]


def test_saving_an_unchanged_charter_is_refused():
    """A version that changes nothing would void signatures for nothing."""
    story = Story().propose()
    story.does("eva", revision(story))
    assert "no-change" in story.refusal("eva", revision(story))
    story.does("eva", revision(story, team="Ann, Eva and Oli"))


def test_every_problem_of_a_charter_is_named_at_once():
    """A charter that cannot be used is refused with all of its problems, each with its field."""
    whole = charter()
    broken = structs.replace(
        whole,
        metrics=(
            structs.replace(whole.metrics[0], lo=1.0, hi=0.0),
            structs.replace(whole.metrics[1], id="right_team"),
        ),
        target=structs.replace(whole.target, floor=0.2),
        decision_on=whole.starts_on,
        time_zone="Europe/Atlantis",
    )
    story = Story().propose()
    found = story.refusal("eva", c.ReviseCharter(base_version=0, charter=broken))
    assert {code: problem.field for code, problem in found.items()} == {
        "duplicate-metric": "charter.metrics",
        "empty-range": "charter.metrics[0].hi",
        "unknown-metric": "charter.guardrails",
        "target-order": "charter.target",
        "date-order": "charter.decision_on",
        "unknown-time-zone": "charter.time_zone",
    }
    elsewhere = structs.replace(whole, target=structs.replace(whole.target, metric="calm"))
    found = story.refusal("eva", c.ReviseCharter(base_version=0, charter=elsewhere))
    assert found["unknown-metric"].field == "charter.target.metric"


def test_a_target_that_should_fall_is_ordered_downwards():
    """Where lower is better, floor, target and expected value fall; each is better than the one before."""
    whole = charter()
    metric = structs.replace(whole.metrics[0], direction="lower")
    story = Story().propose()
    rising = structs.replace(whole.target, form="own", floor=0.1, target=0.2, expected=0.3)
    falling = structs.replace(rising, floor=0.3, expected=0.1)
    metrics = (metric, whole.metrics[1])
    assert "target-order" in story.refusal("eva", revision(story, metrics=metrics, target=rising))
    story.does("eva", revision(story, metrics=metrics, target=falling))


def test_what_was_promised_is_fixed_once_select_has_passed():
    """Nobody moves the goal after the gate select: target, metrics, guardrails and dates stay as they were signed."""
    story = Story().begin_pilot()
    moved = charter(
        target=structs.replace(charter().target, target=0.01),
        guardrails=(),
        decision_on=dt.date(2027, 1, 1),
        time_zone="Asia/Tokyo",
    )
    found = story.problems("eva", c.ReviseCharter(base_version=1, charter=moved))
    assert {problem.field for problem in found} == {
        "charter.target",
        "charter.guardrails",
        "charter.decision_on",
        "charter.time_zone",
    }
    assert {problem.code for problem in found} == {"promise-fixed"}
    assert all("go back to select" in problem.message for problem in found)


def test_other_words_of_the_charter_may_change_in_the_pilot():
    """Risks, team and purpose can be written on; a word on the purpose ends the signatures, a risk does not."""
    story = Story().begin_pilot()
    story.does("eva", revision(story, risks=("Labels come late.", "August is quiet.")))
    assert story.verdict("select.signed").verdict == "met"
    story.does("eva", revision(story, purpose="Tickets reach somebody."))
    assert story.verdict("select.signed").verdict == "unmet"


def test_the_promise_can_be_renewed_from_select():
    """Whoever goes back to select may promise something else, and it is signed again."""
    story = Story().begin_pilot()
    story.does("ann", c.GoBack(to_phase="select", reason="We promised the wrong thing."))
    story.write_charter(target=structs.replace(charter().target, target=0.04))
    assert story.verdict("select.signed").verdict == "met"


def test_owner_and_sponsor_sign_and_nobody_else():
    """Only those who hold the two accountable roles on this workload sign."""
    story = Story().propose()
    story.does("eva", revision(story))
    for person in ("ben", "tom"):
        assert "not-accountable" in story.refusal(person, signature(story))
    (fact,) = story.does("sam", signature(story))
    assert isinstance(fact, f.Signed)
    assert (fact.role, fact.subject) == ("sponsor", "charter")


@pytest.mark.parametrize("subject", ["charter", "decision", "waiver:harden.scale"])
def test_there_must_be_something_to_sign(subject):
    """What does not exist yet cannot be signed."""
    story = Story().propose()
    blind = c.Sign(subject=subject, digest="ab" * 32, meaning="Whatever it says.")
    assert story.refusal("ann", blind)["nothing-to-sign"].field == "subject"


def test_what_changed_since_it_was_read_is_not_signed():
    """A signature on a version that is no longer the newest is refused, with the digest of the one to read."""
    story = Story().propose()
    story.does("eva", revision(story))
    read = signature(story)
    story.does("eva", revision(story, value="Calm."))
    found = story.refusal("ann", read)["content-changed"]
    assert found.field == "digest"
    assert story.digest("charter")[:12] in found.message


def test_nobody_signs_the_same_content_twice():
    """A second signature of the same person in the same role adds nothing."""
    story = Story().propose().write_charter()
    assert "already-signed" in story.refusal("ann", signature(story))


def test_an_edit_voids_both_signatures():
    """After a material edit nobody has signed, even when the old wording comes back."""
    story = Story().propose().write_charter()
    assert story.verdict("select.signed").verdict == "met"
    story.does("eva", revision(story, value="Calm."))
    assert story.verdict("select.signed").verdict == "unmet"
    assert "voided" in story.verdict("select.signed").reason
    story.does("eva", revision(story))
    assert story.digest("charter") == story.standing.charters[0].digest
    assert story.verdict("select.signed").verdict == "unmet"
    story.sign("ann", "charter")
    story.sign("sam", "charter")
    assert story.verdict("select.signed").verdict == "met"


def test_a_signature_on_the_charter_ends_with_the_role():
    """When owner or sponsor change, the new one signs; the old signature speaks for nobody."""
    story = Story().propose().write_charter()
    story.does("ann", c.Assign(role="sponsor", person="tom"))
    assert story.verdict("select.signed").verdict == "unmet"
    story.sign("tom", "charter")
    assert story.verdict("select.signed").verdict == "met"


def test_one_person_never_signs_for_both_roles():
    """An owner who becomes the sponsor has not signed twice: the new owner has to sign, and the sponsor again."""
    story = Story().propose()
    story.does("eva", revision(story))
    story.sign("ann", "charter")
    story.does("ann", c.Assign(role="owner", person="ben"))
    story.does("ben", c.Assign(role="sponsor", person="ann"))
    story.does("ann", signature(story))
    assert story.verdict("select.signed").verdict == "unmet"
    story.sign("ben", "charter")
    assert story.verdict("select.signed").verdict == "met"


def test_an_account_role_alone_does_not_permit():
    """A viewer may not so much as comment, and is told whom to ask."""
    story = Story().propose()
    found = story.refusal("vic", c.Comment(comment="May I?"))["not-permitted"]
    assert "Ask an administrator" in found.message
