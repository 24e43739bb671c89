"""`pilotage assess`: what past answers and labels say, before anything is wired."""

from __future__ import annotations

import datetime as dt
import random

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
    assert lines[5].startswith("reachable   ")
    assert lines[-1] == "This is history: it says what a pilot could show, and it counts for no gate."


def test_the_same_within_each_value_of_a_column(terminal, history):
    """`--by` compares within each value of a column, to show where the candidate fails."""
    ran = terminal.run("assess", history, "--by", "language", "--json")
    segments = ran.json["segments"]["language"]
    assert [(one["value"], one["rows"]) for one in segments] == [("de", 1000), ("en", 1000)]
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
    latency = cost.replace("label_cost", "latency").replace("  costs: {delivery: {billing: 20, access: 5}}\n", "")
    refused = terminal.run("assess", history, "--metric", terminal.write("latency.yaml", latency))
    assert refused.code == 2
    assert "source: A history has answers and labels only" in refused.err


def test_what_cannot_be_read_is_listed(terminal):
    """Missing columns and bad rows are named, and an empty file is no history."""
    short = terminal.run("assess", terminal.write("h.csv", "incumbent,label\n"))
    assert (short.code, short.err) == (
        2,
        "Error: h.csv lacks the columns candidate; its first line has incumbent, label.\n",
    )
    bad = terminal.run("assess", terminal.write("h.csv", HEAD + "t,a,b,a,yesterday,u,de\nt,a\n"))
    assert bad.code == 2
    assert bad.err.splitlines()[1:] == [
        "  line 2, time: 'yesterday' is no time; write one like 2026-03-31T14:05:00+02:00.",
        "  line 3: This row has more or fewer fields than the first line; quote values that hold commas.",
    ]
    empty = terminal.run("assess", terminal.write("h.csv", HEAD))
    assert (empty.code, "There is no row below the first line." in empty.err) == (2, True)
