"""Every figure on the page carries its evidence, and a decision the evidence that was frozen with it."""

from __future__ import annotations

import json
from urllib.parse import quote

import msgspec
from tests.server.cast import open_here

from pilotage.cli.evidence import Asked
from pilotage.cli.evidence_answer import draw
from pilotage.cli.screen import Screen
from pilotage.evidence.compare import paired_difference
from pilotage.evidence.sums import Totals
from pilotage.record.digests import digest_of
from pilotage.storage.ledger.export import FORMAT, Head, export_lines
from pilotage.workflow.measuring import plan_of
from pilotage.workflow.recomputing import recompute_export

PAGE = "/w/ticket-triage/evidence"
SECTION = "/api/v1/workloads/ticket-triage/evidence/answer"


def section(reading):
    """The answer of the story's pilot, as the interface gives it."""
    return json.loads(reading("ruth").page(SECTION))


def test_each_figure_says_what_it_means_and_rests_on(reading):
    """Beside every figure of the answer the page has its two sentences, its digest and the calls behind it."""
    page = reading("ruth").page(PAGE)
    found = section(reading)["figures"]
    assert {figure["role"] for figure in found} >= {"target", "guardrail", "live guardrail"}
    for figure in found:
        assert figure["digest"] in page
        assert f"/w/ticket-triage/calls?stage={quote(figure['stage'])}" in page
        assert figure["explanation"]["does_not"].replace("'", "&#39;") in page
    assert "What it means, and what it rests on" in page


def test_a_figure_can_be_computed_from_what_it_rests_on(reading, told):
    """The sums in the interface give the very figure, and the digest is over what is shown."""
    target = section(reading)["figures"][0]
    workspace = open_here(told, demonstration=True)
    try:
        metric = plan_of(workspace.desk.load("ticket-triage")).metrics[0]
    finally:
        workspace.close()
    again = paired_difference(metric, Totals(**target["provenance"]["sums"]["paired"]))
    assert (again.value, again.low, again.high) == tuple(target["compared"][end] for end in ("value", "low", "high"))
    content = {name: target[name] for name in ("provenance", "compared", "status")}
    assert digest_of(content) == target["digest"]


def test_a_decision_shows_what_was_frozen_with_it(reading):
    """The page says that the evidence comes to the same, and shows its digest and every verdict of the time."""
    decision = section(reading)["decisions"][0]
    assert (decision["outcome"], decision["answer"], decision["same"]) == ("go", "reached", True)
    page = reading("ruth").page(PAGE)
    assert "What was decided on" in page
    assert "comes to the same" in page
    assert decision["evidence"] in page
    assert all(criterion in page for criterion in decision["verdicts"])
    assert decision["evidence"] in reading("ruth").page(f"/ledger/{decision['frozen_at']}")


def test_the_story_s_ledger_is_computed_again_from_a_file(told):
    """The whole ledger of the story, exported: nothing was changed, and its decision comes to the same."""
    workspace = open_here(told, demonstration=True)
    try:
        proof = workspace.ledger.verify()
        head = Head(format=FORMAT, entries=proof.entries, root=proof.root)
        entries = [msgspec.to_builtins(entry) for entry in workspace.ledger.read_all()]
    finally:
        workspace.close()
    found = recompute_export(export_lines(head, entries), root=proof.root)
    assert found.same
    assert [(one.workload, one.outcome, one.evidence.same) for one in found.decisions] == [
        ("ticket-triage", "go", True)
    ]


def test_the_terminal_shows_the_same(reading, capsys):
    """One metric, explained: both sentences, the sums, the checks and the digest, in plain lines."""
    found = section(reading)
    target = found["figures"][0]
    only = {**found, "figures": [target]}
    draw(Screen(), only, Asked(metric="right_team", explain=True))
    said = capsys.readouterr().out
    for text in (*target["explanation"].values(), target["digest"], "Enough units", "paired"):
        assert text in said
    draw(Screen(), found, Asked())
    assert "comes to the same when computed again" in capsys.readouterr().out
