"""`pilotage portfolio`: the portfolio in figures, as lines and as the interface's JSON."""

from __future__ import annotations

from pilotage.cli.portfolios import HEADS


def test_an_empty_portfolio_teaches_the_next_step(terminal):
    """Without workloads it says how to get the first one."""
    terminal.settle()
    ran = terminal.run("portfolio")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("There are no workloads yet.")


def test_the_portfolio_is_readable_at_a_glance(terminal):
    """How many, how far, what it is worth, and each workload with its projected dates, which `~` marks."""
    terminal.settle_triage()
    found = terminal.run("portfolio", "--json").json
    (one,) = found["workloads"]
    ran = terminal.run("portfolio")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[:2] == [
        "1 proposed, 1 on the way, 1 stalled, 0 decided no-go, 0 killed; 0 in roll-out or operation (0 %)",
        "reached    select 1, pilot 0, evaluate 0, harden 0, deploy 0, operate 0",
    ]
    days = [f"~{one['roadmap'][step]['day']}" for step in ("decision", "rollout", "production")]
    assert lines[-1].split()[-3:] == days
    assert HEADS[4:7] == ("gate", "waivers", "stalls")
    cells = f"{one['met']} of {one['total']} {one['waivers']} {len(one['stalls'])} "
    assert cells in " ".join(lines[-1].split())
