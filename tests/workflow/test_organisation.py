"""The organisation's own stream: in the hash chain like any other, and nowhere a workload."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.record.assessed import READINESS, answer, conclude, questions
from tests.record.stories import ROLES
from tests.workflow.office import SLUG, Office
from tests.workflow.test_permissions import SAYS

from pilotage.playbook.loading import load
from pilotage.record import commands as c
from pilotage.record.context import Actor
from pilotage.record.errors import Refused
from pilotage.record.organisation import ORGANISATION, ORGANISATION_COMMANDS, OrganisationCommand, fold_organisation
from pilotage.record.permissions import ROLE_MEANINGS
from pilotage.server.description.examples import ORGANISATION_EXAMPLES
from pilotage.storage.ledger.export import Head, export_lines, read_export
from pilotage.storage.protocols import Conflict
from pilotage.workflow.assessments import readiness_json
from pilotage.workflow.desk import recorded_of
from pilotage.workflow.errors import Overtaken


def gives(office: Office, person: str, command: OrganisationCommand):
    """A person gives a command about the organisation, with the roles of their account."""
    return office.desk.issue_for_organisation(Actor(person=person, roles=frozenset(ROLES[person])), command)


def assess(office: Office, usual: int = 2) -> None:
    """A whole round."""
    for question in questions():
        gives(office, "eva", answer(question, usual))
    gives(office, "sam", conclude())


def test_a_round_stands_on_the_ledger_and_nowhere_among_the_workloads(office):
    """Its facts are entries of a stream of their own: no workload, portfolio or listener hears of them."""
    heard: list[str] = []
    office.proposed()
    office.desk.on_change(heard.append)
    before = office.desk.portfolio()
    assess(office)
    (held,) = office.desk.organisation().assessing.concluded(READINESS)
    assert held.concluded.fact.overall == 2.0
    assert [one.slug for one in office.desk.all()] == [SLUG]
    assert [one.workload.slug for one in office.desk.judge_all()] == [SLUG]
    assert office.desk.portfolio() == before
    assert office.desk.find(ORGANISATION) is None
    assert heard == []
    entries = office.ledger.read(ORGANISATION)
    assert [entry.sequence for entry in entries] == list(range(1, len(questions()) + 2))
    assert fold_organisation(map(recorded_of, entries)) == office.desk.organisation()


def test_the_stream_is_hashed_verified_exported_and_its_texts_can_be_erased(office):
    """Whoever checks the ledger checks the organisation's entries; what somebody said can be taken out of them."""
    office.proposed()
    assess(office)
    found = office.ledger.verify()
    assert found.problems == ()
    assert found.entries == office.ledger.position()
    head, entries = office.ledger.head(), office.ledger.read_all()
    plain = [structs.asdict(entry) | {"at": entry.at.isoformat().replace("+00:00", "Z")} for entry in entries]
    export = read_export(export_lines(Head(format="pilotage-ledger/1", entries=head.size, root=head.root), plain))
    exported = [one.kind for one in export.entries if one.workload == ORGANISATION]
    assert exported == ["assessment_answered"] * len(questions()) + ["assessment_concluded"]
    assert "talked over" not in str([one.payload for one in export.entries])
    last = office.ledger.read(ORGANISATION)[-1]
    assert office.ledger.erase_texts(last.position) == 1
    assert office.ledger.verify().problems == ()
    again = fold_organisation(map(recorded_of, office.ledger.read(ORGANISATION)))
    assert again.assessing.concluded(READINESS)[0].concluded.fact.statement == "[erased]"


def test_another_office_sees_what_was_answered_and_is_told_when_it_was_overtaken(new_office):
    """Two servers on one ledger: what one wrote stands for the other at once, and a `base` holds between them."""
    first, second = new_office(), new_office()
    receipt = gives(first, "eva", answer("skills", base=0))
    assert (receipt.workload, receipt.sequence, receipt.kinds) == (ORGANISATION, 1, ("assessment_answered",))
    with pytest.raises(Refused) as refused:
        gives(second, "oli", answer("skills", 3, base=0))
    assert [problem.code for problem in refused.value.problems] == ["overtaken"]
    assert gives(second, "oli", answer("skills", 3, base=receipt.positions[0])).sequence == 2
    assert first.desk.organisation() == second.desk.organisation()


def test_who_is_always_too_late_is_told_so(new_office):
    """When others keep writing first, nothing is written, and that is said."""

    class Busy:
        """A ledger on which somebody else always writes first."""

        def __init__(self, ledger):
            self._ledger = ledger

        def append(self, workload, expected, drafts):
            raise Conflict("somebody was first")

        def __getattr__(self, name):
            return getattr(self._ledger, name)

    office = new_office(ledger=Busy)
    with pytest.raises(Overtaken):
        gives(office, "eva", answer("skills"))
    assert office.ledger.position() == 0


def test_no_workload_can_take_the_stream_s_name(office):
    """Whatever way a command comes, it cannot write a workload's facts into the organisation's stream."""
    propose = c.Propose(title="Another", problem="Something takes too long.", incumbent="people")
    with pytest.raises(Refused) as refused:
        office.does("ann", propose, ORGANISATION)
    assert [problem.code for problem in refused.value.problems] == ["reserved-name"]
    assert office.ledger.position() == 0


@pytest.mark.parametrize("role", [*ROLE_MEANINGS, "no role at all"])
@pytest.mark.parametrize("name", ORGANISATION_COMMANDS)
def test_each_role_may_give_exactly_what_the_matrix_says(role, name, office):
    """For each command about the organisation the desk refuses the role, or lets it through to the rule."""
    office.proposed()
    roles = frozenset({role}) & frozenset(ROLE_MEANINGS)
    before = office.ledger.position()
    try:
        office.desk.issue_for_organisation(Actor(person="vic", roles=roles), ORGANISATION_EXAMPLES[name])
    except Refused as refusal:
        assert office.ledger.position() == before
        codes = {problem.code for problem in refusal.problems}
        assert ("not-permitted" in codes) == (role not in SAYS[name]), codes
    else:
        assert role in SAYS[name]


def test_a_role_on_one_workload_says_nothing_of_the_organisation(office):
    """Who owns a workload without a role of their account may not conclude for everybody."""
    office.proposed()
    nobody = Actor(person="ann", roles=frozenset())
    with pytest.raises(Refused):
        office.desk.issue_for_organisation(nobody, ORGANISATION_EXAMPLES["answer_assessment"])


def test_readiness_says_when_it_is_missing_or_old(office):
    """Choosing is told the last score and the weakest side, or that it was never assessed or too long ago."""
    asked = load("standard").assessment(READINESS)

    def now():
        return readiness_json(asked, office.desk.organisation().assessing, office.clock.now())

    assert (now().score, now().weakest) == (None, "")
    assert now().caution.startswith("It was never assessed.")
    for question in questions():
        gives(office, "eva", answer(question, 1 if question in {"right-answers", "data-rights"} else 3))
    assert now().score is None
    gives(office, "sam", conclude())
    assert (now().weakest, now().weakest_score, now().caution) == ("Data", 1.0, "")
    office.clock.wait(days=180)
    assert now().caution == ""
    office.clock.wait(days=1)
    assert now().caution == "It was last assessed 181 days ago, and counts for 180: assess it again."
