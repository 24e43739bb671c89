"""`pilotage outcome import`: outcomes from a file, checked whole, taken once."""

from __future__ import annotations

import pytest
from tests.server.cast import open_here

from pilotage.cli.outcomes import json_text, read_outcomes
from pilotage.runtime.records import Call, Execution

CALL = "00112233445566778899aabbccddee%02d"
HEAD = "call_id,name,value,at\n"


def row(number, name="label", value="billing", at="2026-03-31T14:05:00+02:00"):
    """One row of a file."""
    return f"{CALL % number},{name},{value},{at}\n"


def test_outcomes_are_taken_in_once(terminal):
    """Every good row is stored; importing the file again finds that all were known."""
    terminal.settle_triage()
    file = terminal.write("labels.csv", HEAD + "".join(row(number) for number in range(20)))
    ran = terminal.run("outcome", "import", "ticket-triage", file)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "ticket-triage: 20 outcomes taken in, 0 known before, 0 rows skipped.\n"
    again = terminal.run("outcome", "import", "ticket-triage", file, "--json")
    assert again.json == {
        "workload": "ticket-triage",
        "rows": 20,
        "accepted": 0,
        "duplicates": 20,
        "skipped": [],
    }


BAD = (
    HEAD
    + row(1)
    + "nonsense,label,billing,2026-03-31T14:05:00Z\n"
    + row(2, name="3rd label", at="31 March")
    + row(3, value="")
    + row(4, at="2026-03-31T14:05:00")
    + "only,two\n"
    + row(1, value="delivery")
)


def test_bad_rows_are_all_listed_and_nothing_is_taken(terminal):
    """One bad row keeps the whole file out, and every bad row is named with its line, field and what is wrong."""
    terminal.settle_triage()
    ran = terminal.run("outcome", "import", "ticket-triage", terminal.write("labels.csv", BAD))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines() == [
        "Error: labels.csv: 7 problems; nothing was done.",
        "  line 3, call_id: 'nonsense' is no call id: 32 hexadecimal digits, as answer.call_id gives them.",
        "  line 4, name: '3rd label' is no name: a letter or _, then letters, digits, _ . -, 64 at most.",
        "  line 4, at: '31 March' is no time with its zone; write one like 2026-03-31T14:05:00+02:00.",
        "  line 5, value: The value is empty; leave the row out, or write null.",
        "  line 6, at: '2026-03-31T14:05:00' is no time with its zone; write one like 2026-03-31T14:05:00+02:00.",
        "  line 7: This row has more or fewer fields than the first line; quote values that hold commas.",
        "  line 8, value: This call has another value of that name at the same moment; keep one row.",
    ]


def test_bad_rows_can_be_left_out(terminal):
    """With `--skip-bad` the good rows are taken and the bad ones named."""
    terminal.settle_triage()
    ran = terminal.run("outcome", "import", "ticket-triage", terminal.write("labels.csv", BAD), "--skip-bad")
    assert ran.code == 0
    assert ran.out == "ticket-triage: 1 outcome taken in, 0 known before, 7 rows skipped.\n"
    assert ran.err.startswith("skipped: line 3, call_id: ")


def test_many_bad_rows_do_not_fill_the_screen(terminal):
    """Of thousands of bad rows the first fifty are shown and the others counted."""
    terminal.settle_triage()
    ran = terminal.run("outcome", "import", "ticket-triage", terminal.write("l.csv", HEAD + "x,y,z,w\n" * 400))
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 52
    assert ran.err.splitlines()[-1] == "  and 750 more rows like these."


def test_missing_columns_are_named(terminal):
    """A file without the needed columns says which are missing and what there is."""
    terminal.settle_triage()
    ran = terminal.run("outcome", "import", "ticket-triage", terminal.write("l.csv", "id,name,value\n"))
    assert ran.code == 2
    assert ran.err == (
        "Error: l.csv lacks the columns call_id, at; its first line has id, name, value. "
        "Needed: call_id, name, value, at.\n"
    )


def test_a_misspelt_workload_takes_no_outcomes(terminal):
    """Outcomes for a workload that nobody proposed are refused: the name is probably misspelt."""
    terminal.settle_triage()
    ran = terminal.run("outcome", "import", "ticket-traige", terminal.write("l.csv", HEAD + row(1)))
    assert ran.code == 2
    assert ran.err == "Error: There is no workload ticket-traige; `pilotage status` lists those that exist.\n"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("billing", '"billing"'),
        ("3.5", "3.5"),
        ("true", "true"),
        ('"3"', '"3"'),
        ("NaN", '"NaN"'),
        ('{"a": 1}', '{"a": 1}'),
        ("a, b", '"a, b"'),
    ],
)
def test_a_value_is_json_where_it_is_json(cell, text):
    """Numbers, truth values and objects stay what they are; anything else is text."""
    assert json_text(cell) == text


def test_a_file_is_not_csv(terminal):
    """A quote that is never closed is no CSV, and said so with its line."""
    terminal.settle_triage()
    ran = terminal.run("outcome", "import", "ticket-triage", terminal.write("l.csv", HEAD + '"never closed\n'))
    assert ran.code == 2
    assert "This is not CSV" in ran.err


def test_outcomes_reach_the_store_as_they_were_told(terminal, tmp_path):
    """An imported outcome has the value, the moment and the reporter that were given."""
    terminal.settle_triage()
    found, bad = read_outcomes(tmp_path / terminal.write("l.csv", HEAD + row(7, value="3.5")), "crm")
    assert bad == []
    assert (found[0]["value"], found[0]["at_us"], found[0]["reporter"]) == ("3.5", 1_774_958_700_000_000, "crm")
    assert terminal.run("outcome", "import", "ticket-triage", "l.csv", "--reporter", "crm").code == 0
    workspace = open_here(terminal.home)
    served = Execution(arm="incumbent", value='"billing"')
    workspace.calls.append_calls("ticket-triage", [Call(call_id=CALL % 7, at_us=1_774_958_000_000_000, served=served)])
    stored = workspace.calls.call("ticket-triage", CALL % 7)
    workspace.close()
    assert stored is not None
    assert [(one.name, one.value, one.reporter) for one in stored.outcomes] == [("label", "3.5", "crm")]


def test_a_column_says_what_labels_are_known_from(terminal, tmp_path):
    """The column basis is optional; an empty cell says nothing, and a word that is no basis is a bad row."""
    head, rows = HEAD.rstrip() + ",basis\n", [row(7).rstrip(), row(8).rstrip(), row(9).rstrip()]
    text = (
        head + "\n".join(f"{line},{said}" for line, said in zip(rows, ("independent", "", "guess"), strict=True)) + "\n"
    )
    found, bad = read_outcomes(tmp_path / terminal.write("l.csv", text), "crm")
    assert [one["basis"] for one in found] == ["independent", ""]
    assert [(wrong.field, wrong.line) for wrong in bad] == [("basis", 4)]


@pytest.mark.parametrize("value", ["NaN", "nan", "-inf", "Infinity"])
def test_a_number_that_is_none_is_a_bad_row(terminal, value):
    """A cell that stands for no finite number keeps the file out, with its line and what to do."""
    terminal.settle_triage()
    file = terminal.write("minutes.csv", HEAD + row(1, "minutes", "3.5") + row(2, "minutes", value))
    ran = terminal.run("outcome", "import", "ticket-triage", file)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines() == [
        "Error: minutes.csv: 1 problem; nothing was done.",
        f"  line 3, value: {value!r} is no finite number; leave the row out, or write null.",
    ]
