"""`pilotage assess`: what past answers and labels say, before anything is wired."""

from __future__ import annotations

import datetime as dt
import random
import re

import pytest

HEAD = "input,incumbent,candidate,label,time,unit,language\n"


@pytest.fixture
def history(terminal):
    """A history of ten weeks in which the candidate is right in 80 % and the incumbent in 65 %."""
    chance = random.Random(3)
    start = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    rows = []
    for number in range(2000):
        label = chance.choice(["billing", "access"])
        incumbent = label if chance.random() < 0.65 else "delivery"
        candidate = label if chance.random() < 0.8 else "delivery"
        at = (start + dt.timedelta(minutes=50 * number)).isoformat()
        rows.append(f"text,{incumbent},{candidate},{label},{at},u{number % 400},{'de' if number % 2 else 'en'}\n")
    return terminal.write("history.csv", HEAD + "".join(rows))


def test_a_history_gives_baseline_comparison_and_reachability(terminal, history):
    """The answer holds the baseline, the paired comparison, whether a pilot could tell, and the mark of history."""
    ran = terminal.run("assess", history)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].startswith(
        "history.csv (history: it counts for no gate): 2,000 rows, 2,000 compared, 400 units, about 202 calls a week"
    )
    assert lines[1] == "metric      Right answers, share of calls, higher is better"
    assert lines[2].startswith("incumbent   0.6")
    assert lines[3].startswith("candidate   0.")
    assert lines[4].startswith("difference  0.1")
    assert lines[5].startswith("labels      ")
    assert lines[6].startswith("reachable   ")
    assert lines[7].startswith("chance      4 weeks ")
    assert lines[8] == "This is history: it says what a pilot could show, and it counts for no gate."


def test_the_same_within_each_value_of_a_column(terminal, history):
    """`--by` compares within each value of a column, to show where the candidate fails."""
    ran = terminal.run("assess", history, "--by", "language", "--json")
    (split,) = ran.json["assessment"]["segments"]
    segments = split["segments"]
    assert (split["column"], split["left_out"]) == ("language", 0)
    assert sorted((one["value"], one["rows"]) for one in segments) == [("de", 1000), ("en", 1000)]
    assert all(0.0 < one["difference"]["value"] < 0.3 for one in segments)
    assert ran.json["assessment"]["mark"] == "history"


def test_a_draft_is_written_that_people_have_to_complete(terminal, history):
    """The draft holds metric and target, and nobody can apply it before they have said what only they know."""
    ran = terminal.run("assess", history, "-o", "draft.yaml")
    assert ran.out.endswith("A draft of the workload's file is in draft.yaml.\n")
    text = (terminal.folder / "draft.yaml").read_text(encoding="utf-8")
    assert text.startswith("# A draft from history.csv, made on ")
    applied = terminal.run("apply", "-f", "draft.yaml", "--dry-run")
    assert applied.code == 2
    assert [line.partition(": ")[0].split(", ")[1] for line in applied.err.splitlines()[1:]] == [
        "workload",
        "title",
        "problem",
        "incumbent",
    ]
    for empty, said in (
        ("workload: ''", "workload: tickets"),
        ("title: ''", "title: Ticket triage"),
        ("problem: ''", "problem: Tickets wait for hours."),
        ("incumbent: ''", "incumbent: Rules"),
    ):
        text = text.replace(empty, said)
    terminal.write("draft.yaml", text)
    assert terminal.run("apply", "-f", "draft.yaml").code == 0


def test_no_target_is_drafted_where_none_is_shown(terminal):
    """Where the history shows no advantage the draft says so and promises nothing."""
    rows = "".join(f"t,a,{'a' if n % 3 else 'b'},a,2026-01-{1 + n % 28:02d}T10:00:00Z,u{n},de\n" for n in range(300))
    ran = terminal.run("assess", terminal.write("h.csv", HEAD + rows), "-o", "draft.yaml")
    assert ran.code == 0
    assert "The history does not show that the candidate is better." in ran.out
    text = (terminal.folder / "draft.yaml").read_text(encoding="utf-8")
    assert "No target is drafted" in text
    assert "target:" not in text


def test_another_metric_can_judge(terminal, history):
    """A metric from a file, such as the cost of each kind of error, judges instead of right answers."""
    cost = (
        "id: cost\ntitle: Cost of a ticket\nunit: US dollars\ndirection: lower\nkind: mean\nlo: 0\nhi: 20\n"
        "source:\n  type: label_cost\n  costs: {delivery: {billing: 20, access: 5}}\n"
    )
    ran = terminal.run("assess", history, "--metric", terminal.write("cost.yaml", cost), "--json")
    assert ran.code == 0, ran.err
    assert ran.json["assessment"]["metric"]["id"] == "cost"
    error = cost.replace("label_cost", "error").replace("  costs: {delivery: {billing: 20, access: 5}}\n", "")
    refused = terminal.run("assess", history, "--metric", terminal.write("error.yaml", error))
    assert refused.code == 2
    assert "source: cost is measured by something that a history does not hold" in refused.err


def test_options_name_the_metric(terminal, history):
    """The cost of answers and the mean of numbers can be named by options, with caps from the file."""
    ran = terminal.run("assess", history, "--cost", "delivery/billing=20", "--cost", "delivery/access=5", "--json")
    assert ran.code == 0, ran.err
    metric = ran.json["assessment"]["metric"]
    assert (metric["id"], metric["direction"], metric["lo"], metric["hi"]) == ("cost_of_answers", "lower", 0.0, 20.0)
    rows = "".join(f"{10 + n % 7},{8 + n % 5}\n" for n in range(200))
    numbers = terminal.write("numbers.csv", "incumbent_minutes,candidate_minutes\n" + rows)
    timed = terminal.run("assess", numbers, "--outcome", "minutes", "--lower")
    assert timed.code == 0, timed.err
    assert "metric      Minutes, minutes, lower is better" in timed.out
    assert "Values are capped to 0 to 16, as far as this history goes" in timed.out


def test_options_that_contradict_each_other_are_refused_together(terminal, history):
    """Everything wrong with the options is said before the file is read."""
    ran = terminal.run(
        "assess", history, "--cost", "a/b=1", "--outcome", "x", "--lo", "3", "--hi", "2", "--time-zone", "CET+1"
    )
    assert ran.code == 2
    assert ran.err.splitlines() == [
        "Error: 3 problems; nothing was read.",
        "  --outcome and --cost name different metrics; give one.",
        "  --lo has to be smaller than --hi.",
        "  CET+1 is no time zone; write one like Europe/Berlin.",
    ]
    stray = terminal.run("assess", history, "--lower")
    assert stray.err == "Error: --lower/--higher goes with --outcome; a metric's file says it itself.\n"
    cost = terminal.run("assess", history, "--cost", "a=1")
    assert cost.err == "Error: --cost a=1 is not of the form ANSWER/LABEL=AMOUNT; write one like delivery/billing=20.\n"


def test_columns_can_be_named(terminal):
    """A history with other names is read once they are said, and a refusal guesses which they are."""
    file = terminal.write("h.csv", "human,model,truth\n" + "a,b,b\na,a,a\n" * 30)
    refused = terminal.run("assess", file)
    assert "Perhaps --incumbent human?" in refused.err
    ran = terminal.run("assess", file, "--incumbent", "human", "--candidate", "model", "--label", "truth")
    assert ran.code == 0, ran.err
    assert "60 rows, 60 compared" in ran.out


def test_what_cannot_be_read_is_listed(terminal):
    """Missing columns and bad rows are named, and an empty file is no history."""
    short = terminal.run("assess", terminal.write("h.csv", "incumbent,label\n"))
    assert (short.code, short.err) == (
        2,
        (
            "Error: h.csv: 1 problem; nothing was done.\n"
            "  candidate: There is no column candidate; the file has incumbent, label. Name it with --candidate.\n"
        ),
    )
    bad = terminal.run("assess", terminal.write("h.csv", HEAD + "t,a,b,a,yesterday,u,de\nt,a\n"))
    assert bad.code == 2
    assert bad.err.splitlines()[1:] == [
        "  line 2, time: 'yesterday' is no time; write one like 2026-03-31T14:05:00+02:00.",
        "  line 3: This row has 2 fields where the first line has 7; quote values that hold commas.",
    ]
    empty = terminal.run("assess", terminal.write("h.csv", HEAD))
    assert (empty.code, "There is no row below the first line." in empty.err) == (2, True)
    absent = terminal.run("assess", "none.csv")
    assert absent.err == "Error: none.csv cannot be read: no such file or directory.\n"


def test_a_report_is_one_file_with_its_pictures(terminal, history):
    """`--report` writes HTML that asks for nothing else, with every picture inside, segments and chances included."""
    ran = terminal.run("assess", history, "--by", "language", "--report", "assessment.html")
    assert ran.code == 0, ran.err
    assert ran.out.endswith("The report is in assessment.html.\n")
    text = (terminal.folder / "assessment.html").read_text(encoding="utf-8")
    assert text.count('<img src="data:image/svg+xml;base64,') == 2
    assert not re.search('(?:src|href|srcset)="(?!data:)', text)


def test_the_report_is_a_pdf_where_its_name_says_so(terminal, history):
    """With `--report` or `-o`, and vectors for pictures; the HTML is the same document, by its digest."""
    ran = terminal.run("assess", history, "--by", "language", "-o", "assessment.pdf", "--report", "assessment.html")
    assert (ran.code, "are both reports; give one" in ran.err) == (2, True)
    ran = terminal.run("assess", history, "--by", "language", "-o", "assessment.pdf")
    assert ran.code == 0, ran.err
    assert ran.out.endswith("The report is in assessment.pdf.\n")
    pdf = (terminal.folder / "assessment.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert b"/Subtype /Image" not in pdf
    again = terminal.run("assess", history, "--by", "language", "-o", "draft.yaml", "--report", "again.pdf")
    assert again.code == 0, again.err
    assert (terminal.folder / "again.pdf").read_bytes().startswith(b"%PDF-")
    assert "charter:" in (terminal.folder / "draft.yaml").read_text(encoding="utf-8")


def test_a_report_of_no_form_is_refused(terminal, history):
    """Before the file is read."""
    ran = terminal.run("assess", history, "--report", "assessment.docx")
    assert (ran.code, "ends in neither .pdf nor .html" in ran.err) == (2, True)
