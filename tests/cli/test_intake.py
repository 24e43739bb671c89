"""`pilotage intake`: which problem next, where scores differ, and what each step means."""

from __future__ import annotations


def test_candidates_are_ranked_with_who_disagrees(terminal):
    """Scores, their spans, who is far apart by name, and what comes next."""
    terminal.settle_triage()
    for person, impact in (("imke", "5"), ("yuki", "2")):
        ran = terminal.run_as(
            person, "do", "ticket-triage", "score", "--impact", impact, "--feasibility", "4", "--readiness", "4"
        )
        assert ran.code == 0, ran.err
    ran = terminal.run("intake")
    assert ran.code == 0, ran.err
    assert "3.83 (3.33 to 4.33)" in ran.out
    assert "ticket-triage, impact: Imke gives 5, Yuki gives 2." in ran.out
    assert terminal.run("intake", "--json").json["candidates"][0]["scales"][0]["high"] == 5


def test_the_scales_say_what_each_step_means(terminal):
    """Five steps for each of the three scales, in words."""
    terminal.settle_triage()
    ran = terminal.run("intake", "--scales")
    assert ran.code == 0, ran.err
    assert ran.out.count("\n") == 3 * 6
    assert "5  A main figure of the business moves" in ran.out


def test_without_candidates_it_says_what_to_do(terminal):
    """An empty portfolio teaches the next step."""
    terminal.settle()
    assert "propose some" in terminal.run("intake").out
