"""`pilotage document`: documents as files."""

from __future__ import annotations


def test_a_document_that_cannot_be_made_says_what_to_do(terminal):
    """Without a charter there is none to write, and the list says so; the ending of the file says the form."""
    terminal.settle_triage()
    listed = terminal.run("document", "ticket-triage")
    assert (listed.code, listed.err) == (0, "")
    assert "There is no charter yet" in listed.out
    refused = terminal.run("document", "ticket-triage", "charter", "-o", "charter.pdf")
    assert refused.code == 2
    assert refused.err == "Error: There is no charter yet; write it on the Charter page.\n"
    other = terminal.run("document", "ticket-triage", "charter", "-o", "charter.docx")
    assert "ends in neither .pdf nor .html" in other.err
