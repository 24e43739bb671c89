"""`pilotage apply` and `pilotage export`: a workload as a file, checked whole, applied once, written back the same."""

from __future__ import annotations

import datetime as dt
import json

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.terminal import PASSWORD, WORKLOAD

from pilotage.cli.failures import CliError
from pilotage.cli.starting import project
from pilotage.cli.workload_file import WorkloadFile, digest_of_files, read_workload, written
from pilotage.runtime.release import release_digest

STARTS_ON = dt.date(2026, 1, 5)
WHOLE = project("ticket-triage", STARTS_ON)


PEOPLE = "people:\n  owner: imke\n  sponsor: tomas\n  reviewers: {security: marc}\n"


def write_project(terminal):
    """The generated project's file and model, with people in it."""
    terminal.write("model.py", WHOLE["model.py"])
    return terminal.write("workload.yaml", WHOLE["workload.yaml"] + PEOPLE)


def entries(terminal):
    """The ledger's kinds of facts, in order."""
    return [entry["kind"] for entry in terminal.run("ledger", "show", "--json").json["entries"]]


def test_a_file_is_brought_about_in_one_go(terminal):
    """Applying a file proposes the workload, offers the roles, writes the charter and registers the releases."""
    terminal.settle()
    done = terminal.run_as("imke", "apply", "-f", write_project(terminal))
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "done: propose ticket-triage\n"
        "done: offer owner to imke\n"
        "done: offer sponsor to tomas\n"
        "done: offer reviewer:security to marc\n"
        "done: write charter version 1\n"
        "done: register release 2026.1\n"
        "ticket-triage: 6 changes made.\n"
    )
    assert entries(terminal) == ["proposed", *["assigned"] * 3, "charter_revised", "release_registered"]


def test_whoever_may_not_is_refused_before_anything_is_written(terminal):
    """An engineer may not offer roles: each line of the file that asks for it is refused, and nothing is written."""
    terminal.settle()
    ran = terminal.run_as("yuki", "apply", "-f", write_project(terminal))
    first = len(WHOLE["workload.yaml"].splitlines()) + 2
    why = "assign needs one of these roles: admin, owner, sponsor. Ask an administrator."
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines() == [
        "Error: workload.yaml: 3 problems; nothing was done.",
        f"  line {first}, people.owner: {why}",
        f"  line {first + 1}, people.sponsor: {why}",
        f"  line {first + 2}, people.reviewers.security: {why}",
    ]
    assert entries(terminal) == []


def test_applying_again_changes_nothing(terminal):
    """A file that is applied already writes no further fact, and says so."""
    terminal.settle()
    write_project(terminal)
    assert terminal.run_as("imke", "apply", "-f", "workload.yaml").code == 0
    before = entries(terminal)
    again = terminal.run("apply", "-f", "workload.yaml")
    assert (again.code, again.err) == (0, "")
    assert again.out == "ticket-triage is as workload.yaml says; there is nothing to change.\n"
    assert entries(terminal) == before


def test_a_dry_run_says_what_would_be_done(terminal):
    """With `--dry-run` the changes are listed and nothing is written."""
    terminal.settle()
    ran = terminal.run_as("ada", "apply", "-f", terminal.write("w.yaml", WORKLOAD), "--dry-run")
    assert (ran.code, ran.out) == (0, "would propose ticket-triage\n1 change; nothing was written.\n")
    assert entries(terminal) == []


def test_only_what_differs_is_changed(terminal):
    """After an edit, applying writes the one thing that was edited."""
    terminal.settle()
    write_project(terminal)
    terminal.run_as("imke", "apply", "-f", "workload.yaml")
    text = (terminal.folder / "workload.yaml").read_text(encoding="utf-8")
    terminal.write("workload.yaml", text.replace("A new queue is opened", "A queue is closed"))
    ran = terminal.run_as("imke", "apply", "-f", "workload.yaml", "--json")
    assert [change["command"] for change in ran.json["changes"]] == ["revise_charter"]
    assert ran.json["changes"][0]["receipt"]["kinds"] == ["charter_revised"]


def test_a_target_is_clustered_by_what_its_file_says(terminal):
    """A file may say by what calls are clustered: another charter than by unit, and the same when applied again."""
    terminal.settle()
    write_project(terminal)
    terminal.run_as("imke", "apply", "-f", "workload.yaml")
    clustered = WHOLE["workload.yaml"].replace(
        "    design_effect: 1.2\n", "    design_effect: 1.2\n    cluster: both\n"
    )
    terminal.write("workload.yaml", clustered + PEOPLE)
    ran = terminal.run_as("imke", "apply", "-f", "workload.yaml", "--json")
    assert [change["command"] for change in ran.json["changes"]] == ["revise_charter"]
    again = terminal.run_as("imke", "apply", "-f", "workload.yaml")
    assert again.out.endswith("there is nothing to change.\n")
    weekly = terminal.write("bad.yaml", clustered.replace("cluster: both", "cluster: week"))
    wrong = terminal.run_as("imke", "apply", "-f", weekly)
    assert wrong.code != 0
    assert "week" in wrong.err


def test_everything_wrong_is_listed_with_its_line(terminal):
    """A bad file is refused whole, each problem with its line, place and what to do."""
    text = (
        WHOLE["workload.yaml"]
        .replace("lane: standard", "lane: fast")
        .replace("expected: 0.1", "expected: a tenth")
        .replace("- metric: slow_answers", "- metrik: slow_answers")
        .replace("starts_on: 2026-01-05", "starts_on: soon")
    )
    ran = terminal.run("apply", "-f", terminal.write("bad.yaml", text))
    lines = {word: number for number, line in enumerate(text.splitlines(), 1) for word in line.split()}
    rail = lines["metrik:"]
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines() == [
        "Error: bad.yaml: 5 problems; nothing was done.",
        f'  line {lines["fast"]}, lane: This is the text "fast"; write one of high, low, standard.',
        f'  line {lines["tenth"]}, charter.target.expected: This is the text "a tenth"; write a number.',
        f"  line {rail}, charter.guardrails[0].metrik: metrik is no key of this place; did you mean metric?",
        f"  line {rail}, charter.guardrails[0].metric: metric is missing; add it as text.",
        f'  line {lines["soon"]}, charter.starts_on: This is the text "soon"; write a day such as 2026-03-31.',
    ]
    assert not terminal.home.exists()


def test_a_charter_that_makes_no_sense_is_refused_at_its_place(terminal):
    """What only the whole charter shows, such as a floor above the target, is refused at the line it is about."""
    text = WHOLE["workload.yaml"].replace("floor: 0.0", "floor: 0.5").replace("cadence: standard", "cadence: mine")
    ran = terminal.run("apply", "-f", terminal.write("bad.yaml", text))
    assert ran.code == 2
    assert "charter.target: State floor, target and expected value so that each is better" in ran.err
    assert "line 7, cadence: No playbook mine is shipped" in ran.err
    assert "releases[0]: model.py cannot be read: no such file or directory." in ran.err


def test_a_file_that_is_not_there_is_one_sentence(terminal):
    """A missing file is named."""
    ran = terminal.run("apply", "-f", "none.yaml")
    assert (ran.code, ran.err) == (2, "Error: none.yaml cannot be read: no such file or directory.\n")


def test_nobody_is_named_who_is_not_there(terminal):
    """A name that nobody bears is refused at its line, with those that are known."""
    terminal.settle()
    ran = terminal.run_as("ada", "apply", "-f", terminal.write("w.yaml", WORKLOAD + "people: {owner: bob}\n"))
    assert ran.code == 2
    assert "line 5, people.owner: Nobody here is called bob; known are: " in ran.err
    assert entries(terminal) == []


def test_owner_and_sponsor_cannot_be_one_person(terminal):
    """What the record would refuse is refused before anything is written, at the line that asks for it."""
    terminal.settle()
    named = "people:\n  owner: imke\n  sponsor: imke\n"
    ran = terminal.run_as("ada", "apply", "-f", terminal.write("w.yaml", WORKLOAD + named))
    assert ran.code == 2
    assert ran.err == (
        "Error: w.yaml: 1 problem; nothing was done.\n"
        "  line 7, people.sponsor: Owner and sponsor must be two people: one signs what the other runs.\n"
    )
    assert entries(terminal) == []


def test_what_was_proposed_stays(terminal):
    """Another title for a workload that exists is refused: what was proposed stays on record as it was."""
    terminal.settle_triage()
    text = WORKLOAD.replace("title: Ticket triage", "title: Tickets, sorted")
    ran = terminal.run_as("ada", "apply", "-f", terminal.write("w.yaml", text))
    assert ran.code == 2
    assert 'line 2, title: It was proposed as "Ticket triage" and stays so' in ran.err


def test_a_release_never_changes(terminal):
    """A registered release whose source was edited since is refused; the new one needs a name of its own."""
    terminal.settle()
    write_project(terminal)
    terminal.run_as("imke", "apply", "-f", "workload.yaml")
    terminal.write("model.py", WHOLE["model.py"] + "\n# better\n")
    ran = terminal.run_as("imke", "apply", "-f", "workload.yaml")
    assert ran.code == 2
    assert "releases[0]: Release 2026.1 is registered with another digest and never changes" in ran.err


def test_a_refusal_on_the_way_says_what_stands(terminal, monkeypatch):
    """When somebody was faster, it says exactly what was done and what was not, and applying again goes on."""
    terminal.settle()
    write_project(terminal)
    monkeypatch.setattr("pilotage.cli.changes.refusals", lambda *_arguments: [])
    ran = terminal.run_as("yuki", "apply", "-f", "workload.yaml")
    assert ran.code == 2
    assert ran.err == (
        "Error: It stopped at: offer owner to imke. Done: propose ticket-triage. Not done: offer owner to imke, "
        "offer sponsor to tomas, offer reviewer:security to marc, write charter version 1, register release 2026.1. "
        "Mend what is named here and apply the file again; what is done stays done.\n"
        "  assign needs one of these roles: admin, owner, sponsor. Ask an administrator.\n"
    )
    assert entries(terminal) == ["proposed"]
    assert terminal.run_as("imke", "apply", "-f", "workload.yaml").code == 0


def test_a_wrong_password_applies_nothing(terminal):
    """Whoever gives a wrong password gets nothing done, and is told no more than that."""
    terminal.settle()
    ran = terminal.run("apply", "-f", terminal.write("w.yaml", WORKLOAD), user="ada", password="guessed it wrongly")
    assert (ran.code, ran.err) == (2, "Error: The user name or the password is wrong.\n")
    assert entries(terminal) == []


def test_what_is_exported_applies_unchanged(terminal):
    """An exported file, applied, changes nothing, and applied elsewhere brings about the same."""
    terminal.settle()
    write_project(terminal)
    terminal.run_as("imke", "apply", "-f", "workload.yaml")
    exported = terminal.run("export", "ticket-triage", "-o", "exported.yaml")
    assert (exported.code, exported.out) == (0, "ticket-triage is written to exported.yaml.\n")
    again = terminal.run("apply", "-f", "exported.yaml")
    assert again.out == "ticket-triage is as exported.yaml says; there is nothing to change.\n"
    first = terminal.run("export", "ticket-triage").out
    assert first == (terminal.folder / "exported.yaml").read_text(encoding="utf-8")
    assert "starts_on: 2026-01-05\n" in first
    assert "owner: imke\n" in first
    terminal.settle(terminal.folder / "other")
    there = terminal.run_as("imke", "apply", "-f", "exported.yaml", "--home", "other")
    assert there.code == 0, there.err
    second = terminal.run("export", "ticket-triage", "--home", "other").out
    assert second.splitlines()[1:] == first.splitlines()[1:]


RECORDS = """
records:
  plan_production:
    deployment: In the desk's own service, behind the gateway.
    production_owner: marc
    dates: in spring
    running_cost: 9,000 a year
    change_effort: two sessions
  choose_source: {choice: build, compared: [the desk tool's add-on], reason: The teams are ours alone.}
"""


def test_entries_of_the_record_round_trip(terminal):
    """What people wrote of the plan is applied, exported with names for persons, and applied again changes nothing."""
    terminal.settle()
    write_project(terminal)
    terminal.write("workload.yaml", WHOLE["workload.yaml"] + PEOPLE + RECORDS)
    done = terminal.run_as("imke", "apply", "-f", "workload.yaml")
    assert "done: plan production\ndone: choose source\n" in done.out
    exported = terminal.run("export", "ticket-triage").out
    assert "production_owner: marc\n" in exported
    assert "type: plan_production" not in exported
    terminal.write("exported.yaml", exported)
    again = terminal.run_as("imke", "apply", "-f", "exported.yaml")
    assert again.out == "ticket-triage is as exported.yaml says; there is nothing to change.\n"
    terminal.write("changed.yaml", exported.replace("in spring", "in autumn"))
    changed = terminal.run_as("imke", "apply", "-f", "changed.yaml")
    assert changed.out == "done: plan production\nticket-triage: 1 change made.\n"


RISK = """
records:
  classify_risk: {affected: low, harm: low, undoing: low, rights: low, sensitivity: low, reach: low}
"""


def test_the_lane_of_a_file_comes_by_its_risk_classification(terminal):
    """Nobody writes the low lane into a file: six answers bring it, and leave no room for a lane beside them."""
    terminal.settle()
    text = WHOLE["workload.yaml"] + PEOPLE
    write_project(terminal)
    asked = terminal.run_as(
        "imke", "apply", "-f", terminal.write("low.yaml", text.replace("lane: standard", "lane: low"))
    )
    assert asked.code == 2
    assert "Nobody enters the low lane by asking for it." in asked.err
    both = text.replace("lane: standard", "lane: high") + RISK
    refused = terminal.run_as("imke", "apply", "-f", terminal.write("both.yaml", both))
    assert refused.code == 2
    assert "decides the lane; leave the lane out." in refused.err
    done = terminal.run_as("imke", "apply", "-f", terminal.write("answers.yaml", text + RISK))
    assert (done.code, done.err) == (0, "")
    assert "done: classify risk" in done.out
    assert terminal.run("status", "ticket-triage", "--json").json["lane"] == "low"
    again = terminal.run_as("imke", "apply", "-f", "answers.yaml")
    assert "there is nothing to change" in again.out


def test_an_entry_that_cannot_stand_is_named_with_its_line(terminal):
    """An unknown person and an unknown key of the plan are refused with their lines, and nothing is written."""
    terminal.settle()
    write_project(terminal)
    bad = RECORDS.replace("production_owner: marc", "production_owner: nobody-here")
    terminal.write("workload.yaml", WHOLE["workload.yaml"] + PEOPLE + bad)
    ran = terminal.run_as("imke", "apply", "-f", "workload.yaml")
    line = (WHOLE["workload.yaml"] + PEOPLE + bad).splitlines().index("    production_owner: nobody-here") + 1
    assert ran.code == 2
    assert f"line {line}" in ran.err
    assert "Nobody here is called nobody-here" in ran.err
    terminal.write("workload.yaml", WHOLE["workload.yaml"] + PEOPLE + RECORDS.replace("dates:", "days:"))
    assert "days is no key of this place" in terminal.run_as("imke", "apply", "-f", "workload.yaml").err
    assert entries(terminal) == []


def test_export_gives_json_too(terminal):
    """`--json` gives the file's content as JSON."""
    terminal.settle_triage()
    ran = terminal.run("export", "ticket-triage", "--json")
    assert ran.json["people"] == {"owner": "imke", "sponsor": "tomas", "reviewers": {}}


def test_a_digest_or_a_source_but_not_both(terminal):
    """A release is told by its digest or by its source; with both, or neither, nobody knows which is meant."""
    text = WHOLE["workload.yaml"]
    neither = text.replace("    source: model.py\n", "")
    both = text.replace("source: model.py", f"source: model.py\n    digest: {'ab' * 32}")
    for wrong in (neither, both):
        ran = terminal.run("apply", "-f", terminal.write("bad.yaml", wrong))
        assert ran.code == 2
        assert "releases[0]: Give either digest, or source: the file that defines the candidate." in ran.err


def test_the_file_s_digest_is_the_runtime_s(tmp_path, monkeypatch):
    """The digest made of a source file and artefacts is the one that the runtime makes of the function and them."""
    (tmp_path / "a_model_of_a_test.py").write_text("def answer(x):\n    return x\n", encoding="utf-8")
    (tmp_path / "weights.bin").write_bytes(b"\x00\x01weights")
    monkeypatch.syspath_prepend(tmp_path)
    import a_model_of_a_test  # noqa: PLC0415 - it has just been written

    weights = tmp_path / "weights.bin"
    own = digest_of_files(tmp_path / "a_model_of_a_test.py", [weights])
    assert release_digest(a_model_of_a_test.answer, [weights]) == own
    with pytest.raises(CliError, match="cannot be read"):
        digest_of_files(tmp_path / "absent.py", [])


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n"), min_size=10, max_size=60)


@given(title=TEXT, team=TEXT, personal=st.booleans())
def test_any_text_survives_the_file(tmp_path_factory, title, team, personal):
    """Whatever people write, a file that is written reads back as the same content."""
    says = WorkloadFile(workload="w", title=title, problem=title, incumbent=team, team=team, personal_data=personal)
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(written(says), encoding="utf-8", newline="")
    without_team = msgspec.structs.replace(read_workload_says(path), team=team)
    assert without_team == says


def read_workload_says(path):
    """What a file says, team apart, which needs a charter."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    data.pop("team")
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return read_workload(path).says


def test_json_input_serves_as_well(terminal):
    """A file may come from standard input and be JSON, which YAML includes."""
    terminal.settle()
    data = yaml.safe_load(WORKLOAD)
    ran = terminal.run(
        "apply", "-f", terminal.write("w.json", json.dumps(data)), "--dry-run", user="ada", password=PASSWORD
    )
    assert (ran.code, ran.out) == (0, "would propose ticket-triage\n1 change; nothing was written.\n")
