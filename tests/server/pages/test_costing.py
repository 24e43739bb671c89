"""What an answer costs, on its page: figures, assumptions in the address, and the table."""

from __future__ import annotations

import csv
import io
import re

import pytest

PATH = "/w/ticket-triage/evidence/cost"


def page_of(reading, path: str) -> str:
    """A page that was answered well; the first one of a server waits for all sums."""
    answer = reading("nadia").get(path, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.text


def words(page: str) -> str:
    """A page's text."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace("\xa0", " ")


def test_the_page_says_what_an_answer_costs_and_what_is_missing(reading):
    """The candidate's cost stands with what was reported; the incumbent said nothing, and that is no zero."""
    said = words(page_of(reading, PATH))
    assert "What an answer costs" in said
    assert "0.0004 USD" in said
    assert "None of the incumbent" in said
    assert "The incumbent&#39;s cost is not known, so what it would save is not counted." in said
    assert "95 in 100 draws lie between the limits" in said


def test_the_cost_by_release_is_a_chart_too(reading):
    """Who reported a cost has a row in the chart, with the page's own figure; the incumbent, who did not, has none."""
    assert "/charts/unit-costs.svg" in page_of(reading, PATH)
    table = reading("nadia").get("/w/ticket-triage/charts/unit-costs.csv", timeout=60)
    (row,) = csv.DictReader(io.StringIO(table.text))
    assert row["label"].startswith("candidate ")
    assert float(row["value"]) == pytest.approx(0.0004)


def test_assumptions_stand_in_the_address(reading):
    """Volume, running costs and value of the address are computed with, and stay in the form."""
    page = page_of(reading, f"{PATH}?low=900&likely=1,000&high=1100&running_usd_a_year=5000&value_usd_a_year=260000")
    assert 'value="1,000"' in page
    assert re.search(r"It pays from [\d,]+ calls a week\.", words(page))
    dear = words(page_of(reading, f"{PATH}?likely=1000&low=900&high=1100&value_usd_a_year=0"))
    assert "It pays at no volume" in dear


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("likely=much", "much is no amount; write a number above 0."),
        ("running_usd_a_year=-3", "-3 is no amount; write a number of at least 0."),
        ("low=9&high=3", "At most has to be no less than at least."),
        ("low=9&likely=3&high=12", "The most likely figure has to lie between at least and at most."),
        ("low=99999999", "The most likely figure has to lie between at least and at most; give all three."),
    ],
)
def test_what_cannot_be_assumed_is_named(reading, query, said):
    """An assumption that makes no sense is named at its field, with what was typed, and the page stays whole."""
    page = page_of(reading, f"{PATH}?{query}")
    assert said in page
    assert 'aria-invalid="true"' in page
    assert "What an answer costs" in page


def test_the_table_has_every_figure(reading):
    """The CSV holds costs, tokens, what was reported and missing, and the year."""
    rows = list(csv.DictReader(io.StringIO(page_of(reading, f"{PATH}.csv"))))
    cost = next(row for row in rows if (row["what"], row["arm"]) == ("cost an answer", "candidate"))
    assert float(cost["value"]) == pytest.approx(0.0004)
    assert int(cost["executions"]) == int(cost["reported"]) + int(cost["missing"]) + int(cost["failed"])
    incumbent = next(row for row in rows if (row["what"], row["arm"]) == ("cost an answer", "incumbent"))
    assert (incumbent["value"], incumbent["reported"]) == ("", "0")
    assert "a year in production" in {row["what"] for row in rows}


def test_a_workload_without_calls_says_what_to_report(reading):
    """Before anything ran the page says why there is no forecast, and how a cost is reported."""
    said = words(page_of(reading, "/w/contract-search/evidence/cost"))
    assert "cost_usd=0.0021" in said
