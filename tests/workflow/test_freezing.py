"""Evidence is frozen with a decision and comes to the same when computed again; whoever changes it is found out."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.workflow.office import SLUG, Office
from tests.workflow.pilots import DAY, CountingStore, Pilot

from pilotage.cli.evidence_recomputed import draw
from pilotage.cli.screen import Screen
from pilotage.evidence.snapshot import evaluate, plain, restored
from pilotage.evidence.strata import StageTotals
from pilotage.evidence.sums import Totals
from pilotage.playbook.kinds import MetricKind, forget_kind, register_kind
from pilotage.record import commands as c
from pilotage.record import facts as f
from pilotage.record.context import FrozenEvidence
from pilotage.record.digests import digest_of_text
from pilotage.storage.errors import StorageRefused
from pilotage.storage.ledger.export import FORMAT, Head, export_lines, read_export
from pilotage.workflow.answer_section import kept_since
from pilotage.workflow.errors import NotComputable, Outdated
from pilotage.workflow.freezing import frozen_evidence, recompute
from pilotage.workflow.recomputing import recompute_export

DAYS = 16


@pytest.fixture(scope="module")
def pilot(tmp_path_factory):
    """Two weeks of a candidate that is far better, still undecided."""
    with CountingStore(tmp_path_factory.mktemp("pilot")) as store:
        pilot = Pilot(store)
        for _ in range(DAYS):
            pilot.day()
        yield pilot


@pytest.fixture(scope="module")
def frozen(pilot) -> FrozenEvidence:
    """What would be kept if it were decided on now."""
    found = pilot.measuring.freeze(pilot.story.standing, pilot.measure())
    assert found is not None
    return found


def test_a_snapshot_comes_to_what_was_measured(pilot):
    """The answer and the guardrails of a snapshot are those that gates and pages were given."""
    measured = pilot.measure()
    found = evaluate(pilot.measuring.snapshot(SLUG, measured))
    assert found.answer.answer == "reached"
    assert (found.answer, found.guardrails) == (measured.answer, measured.guardrails)


def test_a_snapshot_survives_being_written(pilot):
    """Written as JSON and read back it is the same value, though zeros are left out."""
    snapshot = pilot.measuring.snapshot(SLUG, pilot.measure())
    written = msgspec.json.encode(plain(snapshot))
    assert restored(msgspec.json.decode(written)) == snapshot
    assert len(written) < len(msgspec.json.encode(snapshot)) / 2


@given(st.builds(Totals, **{name: st.floats(-1e9, 1e9) for name in Totals.__struct_fields__}))
def test_sums_survive_being_written(totals):
    """Whatever the sums, none is lost for being zero, small or negative."""
    stage = StageTotals(stage="shadow/1", paired=totals)
    assert msgspec.convert(json.loads(json.dumps(plain(stage))), StageTotals) == stage


def test_no_unit_is_frozen(frozen):
    """What is kept names no unit and no call, so erasing a unit has nothing to look for in the ledger."""
    assert "unit-" not in frozen.content
    assert f"{1:032x}" not in frozen.content


def test_frozen_evidence_is_small(frozen):
    """Two weeks of daily looks take some tens of kilobytes in the ledger."""
    assert len(frozen.content) < 40_000


def test_frozen_evidence_comes_to_the_same(frozen):
    """Computed again, every verdict and figure agrees."""
    found = recompute(frozen.content)
    assert found.same
    assert (found.answer, found.answer_now, found.digest) == ("reached", "reached", frozen.digest)
    assert found.figures > 100


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("outcome", "answer", "answer"), "futile"),
        (("outcome", "answer", "estimate", "low"), 0.25),
        (("outcome", "guardrails", 0, "status"), "breached"),
        (("snapshot", "latest", "right_team", "paired", "y"), 900.0),
        (("snapshot", "target", "target"), 0.05),
        (("snapshot", "label_coverage", "share"), 0.2),
    ],
)
def test_a_changed_figure_is_found(frozen, path, value):
    """Whichever part is changed, sums, promise or outcome: what is computed again differs, and says where."""
    content = json.loads(frozen.content)
    place: Any = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    found = recompute(json.dumps(content))
    assert not found.same
    assert all(" then, " in difference for difference in found.differences)


def test_what_is_not_the_newest_is_not_frozen(pilot):
    """A decision never gets evidence of another moment than its verdicts: then it is judged again."""
    before = pilot.measure()
    pilot.clock.at += DAY
    pilot.measure()
    with pytest.raises(Outdated):
        pilot.measuring.freeze(pilot.story.standing, before)
    pilot.clock.at -= DAY


@pytest.fixture
def decided(tmp_path, pilot) -> list[str]:
    """The lines of an exported ledger with a decision in it."""
    measuring = pilot.measuring
    office = Office(tmp_path / "pilotage.db", clock=pilot.clock, measure=measuring.measure, freeze=measuring.freeze)
    try:
        pilot.story.now = pilot.clock.at
        workload = office.tell(pilot.story)
        advanced = f.Advanced(from_phase="pilot", to_phase="evaluate", verdicts={}, digest="0" * 64)
        office.write(advanced, expected=workload.sequence, actor="ann", at=pilot.clock.at)
        office.does("ann", c.Decide(outcome="no_go", reasons="It costs more than it saves."))
        decision = office.desk.load(SLUG).decisions[-1]
        assert decision.evidence is not None
        assert office.desk.load(SLUG).frozen == {decision.evidence: decision.stamp.position - 1}
        proof = office.ledger.verify()
        head = Head(format=FORMAT, entries=proof.entries, root=proof.root)
        return list(export_lines(head, [msgspec.to_builtins(entry) for entry in office.ledger.read_all()]))
    finally:
        office.close()


def test_an_exported_ledger_computes_its_decisions_again(decided):
    """From the file alone: nothing was changed, and the decision's evidence comes to what it came to."""
    found = recompute_export(decided)
    assert found.problems == ()
    assert [(one.outcome, one.evidence.answer_now, one.evidence.differences) for one in found.decisions] == [
        ("no_go", "reached", ())
    ]
    assert found.same


def test_personal_texts_stay_behind(decided):
    """What people wrote is not in the file; the commitments to it are."""
    assert not [line for line in decided if "It costs more than it saves" in line]
    assert '"commitment"' in "".join(decided)


def test_a_changed_entry_is_found(decided):
    """Whoever changes an entry is found out by its leaf, and who changes the leaf with it by the tree head."""
    at = next(number for number, line in enumerate(decided) if '"evidence_frozen"' in line)
    entry = json.loads(decided[at])
    content = json.loads(entry["payload"]["content"])
    content["snapshot"]["latest"]["right_team"]["paired"]["y"] += 1.0
    entry["payload"]["content"] = json.dumps(content, sort_keys=True, separators=(",", ":"))
    changed = [*decided[:at], json.dumps(entry), *decided[at + 1 :]]
    found = recompute_export(changed)
    assert not found.same
    assert any("is not the one that was hashed" in problem for problem in found.problems)
    assert any("tree head" in problem for problem in found.problems)
    assert any("its digest differs" in problem for problem in found.decisions[0].problems)
    entry["payload"]["digest"] = digest_of_text(entry["payload"]["content"])
    renamed = recompute_export([*decided[:at], json.dumps(entry), *decided[at + 1 :]])
    assert "The evidence that the decision names is not in the ledger before it." in renamed.decisions[0].problems


def test_a_decision_that_says_otherwise_is_found(decided):
    """A decision whose answer is not the one of its evidence is a finding, even before anybody looks at hashes."""
    at = next(number for number, line in enumerate(decided) if '"decided"' in line)
    entry = json.loads(decided[at])
    entry["payload"]["answer"] = "futile"
    found = recompute_export([*decided[:at], json.dumps(entry), *decided[at + 1 :]])
    assert "The decision says futile, and the evidence frozen with it says reached." in found.decisions[0].problems


def test_a_missing_or_another_entry_is_found(decided):
    """Entries that are taken out, swapped, or of another ledger whose head is known, are found out."""
    assert any("position" in problem.lower() for problem in read_export([*decided[:3], *decided[4:]]).problems)
    assert read_export([decided[0], decided[2], decided[1], *decided[3:]]).problems
    assert read_export(decided[:-1]).problems
    assert recompute_export(decided, root="0" * 64).problems
    assert not recompute_export(decided, root=json.loads(decided[0])["root"]).problems


@pytest.mark.parametrize("lines", [[], ["{}"], ["not json"], ['{"format":"other/1","entries":0,"root":""}']])
def test_what_is_no_export_is_refused(lines):
    """A file of another kind is refused with a sentence, not computed."""
    with pytest.raises(StorageRefused):
        read_export(lines)


def test_an_entry_that_cannot_be_read_is_refused(decided):
    """A line that is no entry is named."""
    with pytest.raises(StorageRefused, match="Line 3 is no entry of a ledger"):
        read_export([*decided[:2], "{}", *decided[3:]])


def test_evidence_that_makes_no_sense_is_said_to(decided):
    """Frozen evidence that cannot even be read again is a finding, not a failure of the program."""
    at = next(number for number, line in enumerate(decided) if '"evidence_frozen"' in line)
    entry = json.loads(decided[at])
    entry["payload"]["content"] = '{"snapshot":{},"outcome":{}}'
    found = recompute_export([*decided[:at], json.dumps(entry), *decided[at + 1 :]])
    assert any("cannot be computed again" in problem for problem in found.decisions[0].problems)


def changed(content, path, value):
    """Frozen evidence with another value at a place."""
    whole = json.loads(content)
    place = whole
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (("snapshot", "metrics", 0, "kind"), "logarithm", "is of kind logarithm, which is not installed"),
        (("snapshot", "format"), 2, "it has the format 2, and 1 is read here"),
        (("snapshot", "target", "metric"), "speed", "it holds no 'speed'"),
    ],
)
def test_what_cannot_be_computed_here_is_one_clear_error(decided, frozen, path, value, why):
    """A kind that is not installed, a format of a later version, a metric that is not there: said in one sentence, as
    a finding on the decision.
    """
    content = changed(frozen.content, path, value)
    with pytest.raises(NotComputable, match=why):
        recompute(content)
    at = next(number for number, line in enumerate(decided) if '"evidence_frozen"' in line)
    entry = json.loads(decided[at])
    entry["payload"]["content"] = content
    found = recompute_export([*decided[:at], json.dumps(entry), *decided[at + 1 :]])
    assert any(why in problem for problem in found.decisions[0].problems)
    assert not found.same


def test_a_kind_without_its_estimator_is_one_clear_error(frozen):
    """A package that brings a kind and not what estimates it is named."""
    register_kind(MetricKind(id="half", title="half installed", estimator="missing"))
    try:
        with pytest.raises(NotComputable, match="The metric kind half needs the estimator missing"):
            recompute(changed(frozen.content, ("snapshot", "metrics", 0, "kind"), "half"))
    finally:
        forget_kind("half")


def test_the_version_that_froze_it_is_kept(frozen, decided, capsys):
    """Evidence says which version froze it, and what computes it again says both, so that figures that differ after an
    upgrade have their reason. Evidence from before that reads as it did.
    """
    assert recompute(frozen.content).version == version("pilotage")
    found = recompute_export(decided)
    draw(Screen(), found)
    assert f"Frozen by version {version('pilotage')}." in capsys.readouterr().out
    other = structs.replace(found.decisions[0].evidence, version="0.0.9", differences=("answer.z: 1 then, 2 now",))
    draw(Screen(), structs.replace(found, decisions=(structs.replace(found.decisions[0], evidence=other),)))
    said = f"Frozen by version 0.0.9, computed again by version {version('pilotage')}, which may estimate otherwise."
    assert said in capsys.readouterr().out
    older = json.loads(frozen.content)
    del older["snapshot"]["version"]
    assert recompute(json.dumps(older)).version == ""
    assert recompute(json.dumps(older)).same


def test_where_nothing_was_frozen_nothing_is_the_same(decided, capsys):
    """A decision without frozen evidence was not shown to come to what it came to."""
    at = next(number for number, line in enumerate(decided) if '"decided"' in line)
    entry = json.loads(decided[at])
    entry["payload"]["evidence"] = None
    export = recompute_export([*decided[:at], json.dumps(entry), *decided[at + 1 :]])
    found = structs.replace(export, problems=())
    assert not found.decisions[0].problems
    assert not found.same
    draw(Screen(), found)
    assert "No decision has frozen evidence: there is nothing to compute again." in capsys.readouterr().out
    with pytest.raises(StorageRefused, match="There is no workload other in this ledger"):
        recompute_export(decided, workload="other")


def test_the_same_evidence_is_kept_once(pilot):
    """The digest of a snapshot is that of its content, however often it is taken."""
    snapshot = pilot.measuring.snapshot(SLUG, pilot.measure())
    assert frozen_evidence(snapshot) == frozen_evidence(snapshot)


def test_after_erasing_units_the_difference_is_said(tmp_path):
    """What was frozen stays as it is when units are erased; the sums that are kept then differ, and it says by how
    many units. What came since is no erasure.
    """
    with CountingStore(tmp_path) as store:
        pilot = Pilot(store)
        for _ in range(6):
            pilot.day()
        measured = pilot.measure()
        snapshot = pilot.measuring.snapshot(SLUG, measured)
        assert kept_since(snapshot, store.totals(SLUG)) == "The sums that are kept now are of as many units."
        for number in range(1, 4):
            assert store.erase_unit(SLUG, f"unit-{number}") == 1
        said = kept_since(snapshot, store.totals(SLUG))
        assert said == "Computed from the sums that are kept now it differs by 3 erased units."
        assert recompute(frozen_evidence(snapshot).content).same
        pilot.day()
        pilot.clock.at += 2 * DAY
        pilot.measure()
        assert "came since" in kept_since(snapshot, store.totals(SLUG))
