"""The candidates over the interface, their chart and their table."""

from __future__ import annotations

from tests.server.cast import enrol, propose, sign_in


def test_candidates_are_listed_with_their_scores(client, workspace):
    """Whoever reads sees every problem with who gave what; the chart and the table say the same."""
    olga = enrol(workspace, "olga", roles={"owner"}, scopes={"read", "command"})
    propose(client, olga)
    propose(client, olga, "search", title="Contract search")
    fields = {"impact": 5, "feasibility": 4, "readiness": 3}
    answer = client.post("/api/v1/workloads/search/commands/score", json=fields, headers=olga.bearer)
    assert answer.status_code == 201, answer.text
    found = client.get("/api/v1/candidates", headers=olga.bearer).json()
    assert [(one["workload"], one["score"], one["lacking"]) for one in found["candidates"]] == [
        ("search", 4.0, 1),
        ("triage", None, 2),
    ]
    assert found["candidates"][0]["scores"][0]["given"]["by"] == olga.person
    assert [len(scale["steps"]) for scale in found["scales"]] == [5, 5, 5]
    sign_in(client, olga)
    assert "Contract search,1,4,4,4" in client.get("/candidates/charts/ranking.csv").text
    assert client.get("/candidates/charts/ranking.svg").headers["content-type"].startswith("image/svg")
    assert client.get("/candidates/charts/roulette.svg").status_code == 404
    assert client.get("/candidates.csv").text.splitlines()[1].startswith("1,search,Contract search,select")
