"""`pilotage outside`: what was tested elsewhere, the digest to sign, and a report whose digest is recorded."""

from __future__ import annotations

import datetime as dt
import hashlib
import json


def settled(terminal):
    """A workload with nothing brought from outside yet."""
    terminal.settle_triage()
    return terminal


def bring(terminal, report, *more):
    """A test alert, brought by the owner."""
    today = dt.datetime.now(dt.UTC).date().isoformat()
    return terminal.run_as(
        "imke", "do", "ticket-triage", "record-outside-result", "--criterion", "harden.observability",
        "--tested", "A test alert went to whoever was on call.", "--tested-on", today, "--tool", "the paging service",
        "--figures", "minutes until acknowledged, 4, minutes, <= 15", "--conclusion", "passed",
        "--statement", "It arrived and was acknowledged.", "--document", report, *more,
    )  # fmt: skip


def test_what_nobody_brought_is_listed(terminal):
    """Every criterion that takes a result stands in the table; an unknown one is refused with those that do."""
    settled(terminal)
    ran = terminal.run("outside", "ticket-triage")
    assert ran.code == 0
    assert "harden.resilience" in ran.out
    assert "evaluate.target" not in ran.out
    refused = terminal.run("outside", "ticket-triage", "--criterion", "evaluate.target")
    assert refused.code == 2
    assert "takes no result from outside here" in refused.err


def test_a_report_is_named_by_its_digest(terminal):
    """The file's digest is recorded, never the file; the result shows with the digest that a signature covers."""
    settled(terminal)
    report = terminal.write("alert.txt", "acknowledged after four minutes")
    assert bring(terminal, report).code == 0
    ran = terminal.run("outside", "ticket-triage", "--criterion", "harden.observability")
    assert hashlib.sha256(b"acknowledged after four minutes").hexdigest() in ran.out
    assert "signed    by nobody yet" in ran.out
    found = json.loads(terminal.run("outside", "ticket-triage", "--json").out)
    newest = next(one["newest"] for one in found["criteria"] if one["criterion"] == "harden.observability")
    assert newest["digest"] in ran.out


def test_a_report_that_cannot_be_read_is_refused(terminal):
    """A file that is not there is named, and nothing is written."""
    settled(terminal)
    ran = bring(terminal, "nowhere.pdf")
    assert ran.code == 2
    assert "nowhere.pdf cannot be read" in ran.err
