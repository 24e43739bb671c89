"""The portfolio's roadmap, lead times and figures: page, picture, tables and interface say the same."""

from __future__ import annotations

import csv
import io


def test_the_roadmap_is_a_picture_and_a_table_of_the_same_days(reading):
    """Its data are the interface's days; the page shows the picture and the days as a table."""
    reader = reading("ruth")
    rows = list(csv.DictReader(io.StringIO(reader.get("/portfolio/roadmap.csv").text)))
    found = {one["workload"]: one["roadmap"] for one in reader.get("/api/v1/portfolio").json()["workloads"]}
    assert found["contract-search"] is None
    assert {row["workload"] for row in rows} == {slug for slug, plan in found.items() if plan}
    for row in rows:
        step = {"decision": "decision", "roll-out": "rollout", "production": "production"}[row["step"]]
        assert (row["day"], row["basis"]) == (
            found[row["workload"]][step]["day"],
            found[row["workload"]][step]["basis"],
        )
    page = reader.page("/")
    assert 'src="/portfolio/roadmap.svg?' in page
    assert reader.get("/portfolio/roadmap.svg?theme=dark&size=narrow").text.startswith("<svg")
    assert reader.get("/portfolio/roadmap.png").content.startswith(b"\x89PNG")
    assert reader.get("/portfolio/nothing.svg").status_code == 404


def test_lead_times_stand_on_the_page_and_in_a_table(reading):
    """For each review: how many, how long, and the reviewers' own time."""
    reader = reading("ruth")
    rows = list(csv.DictReader(io.StringIO(reader.get("/portfolio/reviews.csv").text)))
    reviews = reader.get("/api/v1/portfolio").json()["reviews"]
    assert [row["review"] for row in rows] == [one["review"] for one in reviews]
    assert len(rows) == 6
    assert all(int(row["concluded"]) >= 1 for row in rows)
    page = reader.page("/")
    for one in reviews:
        assert one["title"] in page


def test_figures_of_the_interface_are_the_table_s(reading):
    """Funnel, share and the days to first feedback are said once and shown everywhere."""
    reader = reading("ruth")
    found = reader.get("/api/v1/portfolio").json()
    rows = {row["workload"]: row for row in csv.DictReader(io.StringIO(reader.get("/portfolio.csv").text))}
    assert found["total"] == len(rows) == 4
    assert found["funnel"][0]["count"] == 4
    triage = next(one for one in found["workloads"] if one["workload"] == "ticket-triage")
    assert float(rows["ticket-triage"]["days to first use"]) == triage["first_use_days"]
    assert rows["ticket-triage"]["stall reasons"].split() == [stall["id"] for stall in triage["stalls"]]
